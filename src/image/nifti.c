/* The header is read twice: first raw, by the field offsets of nifti1.h and nifti2.h, for the
 * checks that the library does not make; then by the library, for the affine map. */
#include "fgf/image.h"
#include "fgf/memory.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <nifti2_io.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum {
    HEADER_1 = 348,
    HEADER_2 = 540,
    EXTENT_MOST = 65535,
    SLICE_MOST = 1 << 28, /* voxels of a slice */
    DEFLATE_RATIO = 1100  /* deflate makes at most 1032 bytes of one */
};

typedef struct nifti {
    char *path;
    gzFile file;
    fgf_grid grid;
    int datatype;
    size_t bytes; /* of a voxel */
    bool swapped;
    double slope, intercept;
    int64_t offset; /* of the first voxel */
    int next;
    unsigned char *raw; /* a slice as in the file */
} nifti;

/* The fields of either version that matter here. */
typedef struct header {
    double dim[8], pixdim[8], offset, slope, intercept;
    int datatype, units;
} header;

static void reverse(unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        unsigned char swap = bytes[i];
        bytes[i] = bytes[count - 1 - i];
        bytes[count - 1 - i] = swap;
    }
}

/* One number of a NIfTI datatype as double. */
static double number_at(const unsigned char *place, int datatype, size_t bytes, bool swapped)
{
    unsigned char b[8];
    memcpy(b, place, bytes);
    if (swapped)
        reverse(b, bytes);
#define AS(type)                                                                                   \
    {                                                                                              \
        type value;                                                                                \
        memcpy(&value, b, sizeof value);                                                           \
        return (double)value;                                                                      \
    }
    switch (datatype) {
    case DT_UINT8:
        AS(uint8_t)
    case DT_INT8:
        AS(int8_t)
    case DT_INT16:
        AS(int16_t)
    case DT_UINT16:
        AS(uint16_t)
    case DT_INT32:
        AS(int32_t)
    case DT_UINT32:
        AS(uint32_t)
    case DT_INT64:
        AS(int64_t)
    case DT_UINT64:
        AS(uint64_t)
    case DT_FLOAT32:
        AS(float)
    default:
        AS(double)
    }
#undef AS
}

static size_t datatype_bytes(int datatype)
{
    switch (datatype) {
    case DT_UINT8:
    case DT_INT8:
        return 1;
    case DT_INT16:
    case DT_UINT16:
        return 2;
    case DT_INT32:
    case DT_UINT32:
    case DT_FLOAT32:
        return 4;
    case DT_INT64:
    case DT_UINT64:
    case DT_FLOAT64:
        return 8;
    default:
        return 0;
    }
}

static void parse_version_1(const unsigned char *raw, bool swapped, header *h)
{
    for (int k = 0; k < 8; k++) {
        h->dim[k] = number_at(raw + 40 + 2 * k, DT_INT16, 2, swapped);
        h->pixdim[k] = number_at(raw + 76 + 4 * k, DT_FLOAT32, 4, swapped);
    }
    h->datatype = (int)number_at(raw + 70, DT_INT16, 2, swapped);
    h->offset = number_at(raw + 108, DT_FLOAT32, 4, swapped);
    h->slope = number_at(raw + 112, DT_FLOAT32, 4, swapped);
    h->intercept = number_at(raw + 116, DT_FLOAT32, 4, swapped);
    h->units = raw[123];
}

static void parse_version_2(const unsigned char *raw, bool swapped, header *h)
{
    for (int k = 0; k < 8; k++) {
        h->dim[k] = number_at(raw + 16 + 8 * k, DT_INT64, 8, swapped);
        h->pixdim[k] = number_at(raw + 104 + 8 * k, DT_FLOAT64, 8, swapped);
    }
    h->datatype = (int)number_at(raw + 12, DT_INT16, 2, swapped);
    h->offset = number_at(raw + 168, DT_INT64, 8, swapped);
    h->slope = number_at(raw + 176, DT_FLOAT64, 8, swapped);
    h->intercept = number_at(raw + 184, DT_FLOAT64, 8, swapped);
    h->units = (int)number_at(raw + 500, DT_INT32, 4, swapped);
}

static fgf_status read_raw_header(nifti *volume, header *h)
{
    fgf_status status = FGF_OK;
    unsigned char raw[HEADER_2];
    memset(h, 0, sizeof *h);
    int count = gzread(volume->file, raw, HEADER_2);
    if (count < HEADER_1)
        FGF_FAIL(FGF_DATA, "%s: no NIfTI header: %d bytes where at least %d are expected",
                 volume->path, count < 0 ? 0 : count, HEADER_1);
    int version = 0;
    for (int swapped = 0; swapped <= 1 && !version; swapped++) {
        double size = number_at(raw, DT_INT32, 4, swapped != 0);
        version = size == HEADER_1 ? 1 : size == HEADER_2 ? 2 : 0;
        volume->swapped = swapped != 0;
    }
    const bool whole = version == 2 && count == HEADER_2;
    if (version == 1 && memcmp(raw + 344, "n+1", 4) == 0)
        parse_version_1(raw, volume->swapped, h);
    else if (whole && memcmp(raw + 4, "n+2\0\r\n\032\n", 8) == 0)
        parse_version_2(raw, volume->swapped, h);
    else
        FGF_FAIL(FGF_DATA,
                 "%s: not a NIfTI file (header size or magic; a pair of .hdr and .img is "
                 "not read)",
                 volume->path);
    if (h->offset == 0)
        h->offset = version == 1 ? 352 : 544;
    if (!(h->offset >= HEADER_1 && h->offset <= INT32_MAX && h->offset == floor(h->offset)))
        FGF_FAIL(FGF_DATA, "%s: data offset %g, expected 352 or more", volume->path, h->offset);
done:
    return status;
}

static fgf_status check_extents(nifti *volume, const header *h)
{
    fgf_status status = FGF_OK;
    const int axes = h->dim[0] >= 1 && h->dim[0] <= 7 ? (int)h->dim[0] : 0;
    if (axes < 2)
        FGF_FAIL(FGF_DATA, "%s: %g dimensions, expected 3", volume->path, h->dim[0]);
    for (int k = 1; k <= axes; k++) {
        if (!(h->dim[k] >= 1 && h->dim[k] <= EXTENT_MOST))
            FGF_FAIL(FGF_DATA, "%s: dim[%d] is %g, expected 1 to %d", volume->path, k, h->dim[k],
                     EXTENT_MOST);
        if (k > 3 && h->dim[k] > 1)
            FGF_FAIL(FGF_DATA, "%s: dim[%d] is %g, expected one 3-D volume", volume->path, k,
                     h->dim[k]);
    }
    const double per_mm[4] = {1, 1e3, 1, 1e-3}; /* units: not said, metre, mm, micrometre */
    const double unit = (h->units & 7) < 4 ? per_mm[h->units & 7] : 1;
    for (int k = 0; k < 3; k++) {
        const bool used = k < axes;
        double spacing = used ? fabs(h->pixdim[k + 1]) * unit : 1;
        if (!(spacing > 0 && spacing < 1e6))
            FGF_FAIL(FGF_DATA, "%s: pixdim[%d] is %g, expected a spacing above 0", volume->path,
                     k + 1, h->pixdim[k + 1]);
        volume->grid.extent[k] = used ? (int)h->dim[k + 1] : 1;
        volume->grid.spacing[k] = spacing;
    }
    if ((double)volume->grid.extent[0] * volume->grid.extent[1] > SLICE_MOST)
        FGF_FAIL(FGF_DATA, "%s: a slice of %d x %d voxels is too large", volume->path,
                 volume->grid.extent[0], volume->grid.extent[1]);
done:
    return status;
}

static fgf_status check_values(nifti *volume, const header *h, bool compressed, double file_bytes)
{
    fgf_status status = FGF_OK;
    volume->datatype = h->datatype;
    volume->bytes = datatype_bytes(h->datatype);
    if (volume->bytes == 0)
        FGF_FAIL(FGF_DATA, "%s: datatype %d, expected integers of 8 to 64 bits or float32, float64",
                 volume->path, h->datatype);
    /* A slope of 0 or NaN means no scaling (nifti1.h); an infinite one means nothing. */
    const bool scaled = h->slope == h->slope && h->slope != 0;
    volume->slope = scaled ? h->slope : 1;
    volume->intercept = scaled && h->intercept == h->intercept ? h->intercept : 0;
    if (isinf(volume->slope) || isinf(volume->intercept))
        FGF_FAIL(FGF_DATA, "%s: scl_slope %g, scl_inter %g", volume->path, h->slope, h->intercept);
    volume->offset = (int64_t)h->offset;
    const int *extent = volume->grid.extent;
    const double needed =
        h->offset + (double)extent[0] * extent[1] * extent[2] * (double)volume->bytes;
    if (needed > (compressed ? DEFLATE_RATIO * file_bytes : file_bytes))
        FGF_FAIL(FGF_DATA,
                 "%s: cut short: %d x %d x %d voxels need %.0f bytes, the file has %.0f%s",
                 volume->path, extent[0], extent[1], extent[2], needed, file_bytes,
                 compressed ? " compressed" : "");
done:
    return status;
}

static fgf_status read_affine(nifti *volume)
{
    fgf_status status = FGF_OK;
    nifti_set_debug_level(0);
    nifti_image *image = nifti_image_read(volume->path, 0);
    if (!image)
        FGF_FAIL(FGF_DATA, "%s: the NIfTI library cannot read its header", volume->path);
    volume->grid.placed = image->sform_code > 0 || image->qform_code > 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++)
            /* NIfTI's x runs to the right and its y to the front. */
            volume->grid.affine[i][j] =
                (i < 2 ? -1 : 1) *
                (image->sform_code > 0 ? image->sto_xyz.m[i][j] : image->qto_xyz.m[i][j]);
done:
    nifti_image_free(image);
    return status;
}

static fgf_status open_volume(nifti *volume)
{
    fgf_status status = FGF_OK;
    struct stat about;
    header h;
    unsigned char first[2] = {0, 0};
    FILE *file = fopen(volume->path, "rb");
    if (!file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened: %s", volume->path, strerror(errno));
    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
        FGF_FAIL(FGF_DATA, "%s: is not a file", volume->path);
    const bool compressed = fread(first, 1, 2, file) == 2 && first[0] == 0x1f && first[1] == 0x8b;
    volume->file = gzopen(volume->path, "rb");
    if (!volume->file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened", volume->path);
    FGF_TRY(read_raw_header(volume, &h));
    FGF_TRY(check_extents(volume, &h));
    FGF_TRY(check_values(volume, &h, compressed, (double)about.st_size));
    FGF_TRY(read_affine(volume));
    if (gzseek(volume->file, volume->offset, SEEK_SET) != volume->offset)
        FGF_FAIL(FGF_DATA, "%s: cut short before its data", volume->path);
    FGF_TRY(FGF_ALLOCATE((size_t)volume->grid.extent[0] * (size_t)volume->grid.extent[1] *
                             volume->bytes,
                         &volume->raw));
done:
    if (file)
        fclose(file);
    return status;
}

static void close_nifti(void *state)
{
    nifti *volume = state;
    if (volume->file)
        (void)gzclose(volume->file);
    fgf_free(volume->path);
    fgf_free(volume->raw);
    fgf_free(volume);
}

/* gzread takes an unsigned and may stop early: a slice may be larger than that. */
static bool read_fully(gzFile file, unsigned char *bytes, size_t count)
{
    while (count > 0) {
        unsigned part = count > (1u << 30) ? 1u << 30 : (unsigned)count;
        int taken = gzread(file, bytes, part);
        if (taken <= 0)
            return false;
        bytes += taken;
        count -= (size_t)taken;
    }
    return true;
}

static fgf_status next_slice(void *state, double *slice)
{
    fgf_status status = FGF_OK;
    nifti *volume = state;
    const int *extent = volume->grid.extent;
    const size_t voxels = (size_t)extent[0] * (size_t)extent[1];
    if (!read_fully(volume->file, volume->raw, voxels * volume->bytes))
        FGF_FAIL(FGF_DATA, "%s: cut short or damaged in slice %d of %d", volume->path, volume->next,
                 extent[2]);
    for (size_t i = 0; i < voxels; i++)
        slice[i] = volume->slope * number_at(volume->raw + i * volume->bytes, volume->datatype,
                                             volume->bytes, volume->swapped) +
                   volume->intercept;
    if (++volume->next == extent[2]) {
        /* zlib compares its checksum only when it is asked for what follows the last byte. */
        unsigned char beyond;
        int error = Z_OK;
        if (gzread(volume->file, &beyond, 1) < 0 ||
            ((void)gzerror(volume->file, &error), error != Z_OK && error != Z_STREAM_END))
            FGF_FAIL(FGF_DATA, "%s: the end of the compressed stream is missing or damaged",
                     volume->path);
    }
done:
    return status;
}

static const fgf_volume_format format = {.name = "NIfTI", .next = next_slice, .close = close_nifti};

fgf_status fgf_nifti_open(const char *path, fgf_volume **out)
{
    fgf_status status = FGF_OK;
    nifti *volume = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &volume));
    FGF_TRY(fgf_copy_text(path, &volume->path));
    FGF_TRY(open_volume(volume));
    const fgf_grid grid = volume->grid;
    void *state = volume;
    volume = NULL;
    FGF_TRY(fgf_volume_create(&format, state, &grid, out));
done:
    if (volume)
        close_nifti(volume);
    return status;
}
