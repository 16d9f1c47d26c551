/* The header is read twice: first raw, by the field offsets of nifti1.h and nifti2.h, for the
 * checks that the library does not make; then by the library, for the affine map. */
#include "fgf/image.h"
#include "fgf/memory.h"
#include "voxels.h"

#include <errno.h>
#include <math.h>
#include <nifti2_io.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    HEADER_1 = 348,
    HEADER_2 = 540,
    EXTENT_MOST = 65535,
    SLICE_MOST = 1 << 28 /* voxels of a slice */
};

typedef struct nifti {
    char *path;
    gzFile file;
    fgf_grid grid;
    voxel_type type;
    size_t bytes; /* of a voxel */
    bool swapped;
    double slope, intercept, unit; /* unit: mm of the header's length */
    int64_t offset;                /* of the first voxel */
    int next;
    unsigned char *raw; /* a slice as in the file */
} nifti;

/* The fields of either version that matter here. */
typedef struct header {
    double dim[8], pixdim[8], offset, slope, intercept;
    int datatype, units;
} header;

/* One number of a header. */
static double number_at(const unsigned char *place, voxel_type type, bool swapped)
{
    unsigned char bytes[8];
    double value = 0;
    memcpy(bytes, place, voxel_bytes(type));
    voxels_read(bytes, 1, type, swapped, &value);
    return value;
}

static voxel_type type_of(int datatype)
{
    switch (datatype) {
    case DT_UINT8:
        return VOXEL_UINT8;
    case DT_INT8:
        return VOXEL_INT8;
    case DT_UINT16:
        return VOXEL_UINT16;
    case DT_INT16:
        return VOXEL_INT16;
    case DT_UINT32:
        return VOXEL_UINT32;
    case DT_INT32:
        return VOXEL_INT32;
    case DT_UINT64:
        return VOXEL_UINT64;
    case DT_INT64:
        return VOXEL_INT64;
    case DT_FLOAT32:
        return VOXEL_FLOAT32;
    case DT_FLOAT64:
        return VOXEL_FLOAT64;
    default:
        return VOXEL_UNKNOWN;
    }
}

static void parse_version_1(const unsigned char *raw, bool swapped, header *h)
{
    for (int k = 0; k < 8; k++) {
        h->dim[k] = number_at(raw + 40 + 2 * k, VOXEL_INT16, swapped);
        h->pixdim[k] = number_at(raw + 76 + 4 * k, VOXEL_FLOAT32, swapped);
    }
    h->datatype = (int)number_at(raw + 70, VOXEL_INT16, swapped);
    h->offset = number_at(raw + 108, VOXEL_FLOAT32, swapped);
    h->slope = number_at(raw + 112, VOXEL_FLOAT32, swapped);
    h->intercept = number_at(raw + 116, VOXEL_FLOAT32, swapped);
    h->units = raw[123];
}

static void parse_version_2(const unsigned char *raw, bool swapped, header *h)
{
    for (int k = 0; k < 8; k++) {
        h->dim[k] = number_at(raw + 16 + 8 * k, VOXEL_INT64, swapped);
        h->pixdim[k] = number_at(raw + 104 + 8 * k, VOXEL_FLOAT64, swapped);
    }
    h->datatype = (int)number_at(raw + 12, VOXEL_INT16, swapped);
    h->offset = number_at(raw + 168, VOXEL_INT64, swapped);
    h->slope = number_at(raw + 176, VOXEL_FLOAT64, swapped);
    h->intercept = number_at(raw + 184, VOXEL_FLOAT64, swapped);
    h->units = (int)number_at(raw + 500, VOXEL_INT32, swapped);
}

static fgf_status read_raw_header(nifti *volume, header *h)
{
    fgf_status status = FGF_OK;
    unsigned char raw[HEADER_2];
    memset(h, 0, sizeof *h);
    int count = gzread(volume->file, raw, HEADER_2);
    if (count < HEADER_1)
        FGF_FAIL(FGF_DATA, "%s: no whole NIfTI header: %d bytes where at least %d are expected",
                 volume->path, count < 0 ? 0 : count, HEADER_1);
    int version = 0;
    for (int swapped = 0; swapped <= 1 && !version; swapped++) {
        double size = number_at(raw, VOXEL_INT32, swapped != 0);
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
    volume->unit = unit;
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
    volume->type = type_of(h->datatype);
    volume->bytes = voxel_bytes(volume->type);
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

/* Spacing is said twice, as such and by the columns of the affine map. */
static fgf_status check_affine(const nifti *volume)
{
    fgf_status status = FGF_OK;
    for (int k = 0; k < 3 && volume->grid.placed; k++) {
        double square = 0;
        for (int i = 0; i < 3; i++)
            square += volume->grid.affine[i][k] * volume->grid.affine[i][k];
        /* An axis of one voxel needs no length, and some programs give it none. */
        if (volume->grid.extent[k] > 1 &&
            !(fabs(sqrt(square) - volume->grid.spacing[k]) <= 0.01 * volume->grid.spacing[k]))
            FGF_FAIL(FGF_DATA,
                     "%s: pixdim[%d] says %g mm, the header's map to the patient (sform or qform) "
                     "%g mm; which is right is not for us to guess: mend the header",
                     volume->path, k + 1, volume->grid.spacing[k], sqrt(square));
    }
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
                (i < 2 ? -1 : 1) * volume->unit *
                (image->sform_code > 0 ? image->sto_xyz.m[i][j] : image->qto_xyz.m[i][j]);
    FGF_TRY(check_affine(volume));
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

static fgf_status next_slice(void *state, double *slice)
{
    fgf_status status = FGF_OK;
    nifti *volume = state;
    const int *extent = volume->grid.extent;
    const size_t voxels = (size_t)extent[0] * (size_t)extent[1];
    if (!gzip_read(volume->file, volume->raw, voxels * volume->bytes))
        FGF_FAIL(FGF_DATA, "%s: cut short or damaged in slice %d of %d", volume->path, volume->next,
                 extent[2]);
    voxels_read(volume->raw, voxels, volume->type, volume->swapped, slice);
    for (size_t i = 0; i < voxels; i++)
        slice[i] = volume->slope * slice[i] + volume->intercept;
    if (++volume->next == extent[2] && !gzip_is_whole(volume->file))
        FGF_FAIL(FGF_DATA, "%s: the end of the compressed stream is missing or damaged",
                 volume->path);
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
