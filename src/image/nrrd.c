#include "fgf/image.h"
#include "fgf/memory.h"
#include "nrrd_header.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct nrrd {
    nrrd_header header;
    char *path, *data_path; /* data_path: of the file with the voxels */
    FILE *file;             /* at the voxels, but for gzip */
    gzFile stream;
    int next;
    unsigned char *raw; /* a slice as in the file */
} nrrd;

static void close_nrrd(void *state)
{
    nrrd *volume = state;
    if (volume->file)
        fclose(volume->file);
    if (volume->stream)
        (void)gzclose(volume->stream);
    fgf_free(volume->path);
    fgf_free(volume->data_path);
    fgf_free(volume->raw);
    fgf_free(volume);
}

static fgf_status open_file(const char *path, FILE **out, double *bytes)
{
    fgf_status status = FGF_OK;
    struct stat about;
    *out = fopen(path, "rb");
    if (!*out)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(fileno(*out), &about) != 0 || !S_ISREG(about.st_mode))
        FGF_FAIL(FGF_DATA, "%s: is not a file", path);
    *bytes = (double)about.st_size;
done:
    return status;
}

/* ---- detached headers ---- */

/* Links may lead out of the folder where names do not: the places that they end at are compared. */
static fgf_status check_inside(const char *header, const char *data)
{
    fgf_status status = FGF_OK;
    char *home = realpath(header, NULL), *place = realpath(data, NULL);
    if (!home || !place)
        FGF_FAIL(FGF_DATA, "%s: data file %s: %s", header, data, strerror(errno));
    const size_t length = (size_t)(strrchr(home, '/') - home) + 1;
    if (strncmp(home, place, length) != 0)
        FGF_FAIL(FGF_DATA, "%s: the data file lies outside the header's folder", header);
done:
    free(home);
    free(place);
    return status;
}

static fgf_status locate_data(const char *path, const nrrd_header *header, char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    const char *slash = strrchr(path, '/');
    *out = NULL;
    if (!*header->data_file)
        goto done;
    if (slash)
        fgf_buffer_add(&name, "%.*s/", (int)(slash - path), path);
    fgf_buffer_add(&name, "%s", header->data_file);
    FGF_TRY(name.status);
    FGF_TRY(check_inside(path, name.text));
    FGF_TRY(fgf_copy_text(name.text, out));
done:
    fgf_buffer_clear(&name);
    return status;
}

fgf_status fgf_nrrd_data_file(const char *path, char **out)
{
    fgf_status status = FGF_OK;
    nrrd_header header;
    FILE *file = NULL;
    double bytes = 0;
    *out = NULL;
    FGF_TRY(open_file(path, &file, &bytes));
    FGF_TRY(nrrd_header_read(path, file, &header));
    FGF_TRY(locate_data(path, &header, out));
done:
    if (file)
        fclose(file);
    return status;
}

/* ---- voxels ---- */

static double voxel_count(const nrrd *volume)
{
    const int *extent = volume->header.grid.extent;
    return (double)extent[0] * extent[1] * extent[2];
}

static fgf_status skip_lines(nrrd *volume)
{
    fgf_status status = FGF_OK;
    for (long k = 0; k < volume->header.line_skip; k++) {
        int c = fgetc(volume->file);
        while (c != EOF && c != '\n')
            c = fgetc(volume->file);
        if (c == EOF)
            FGF_FAIL(FGF_DATA, "%s: cut short: fewer lines than line skip says", volume->data_path);
    }
done:
    return status;
}

/* Bytes that the voxels take at least, before any memory is taken for them. */
static fgf_status check_length(const nrrd *volume, double bytes)
{
    fgf_status status = FGF_OK;
    const nrrd_header *h = &volume->header;
    const double count = voxel_count(volume), left = bytes - (double)ftell(volume->file);
    const double skip = h->byte_skip > 0 ? (double)h->byte_skip : 0;
    const double needed =
        skip + (h->encoding == NRRD_ASCII ? 2 * count - 1 : count * (double)voxel_bytes(h->type));
    if (needed > (h->encoding == NRRD_GZIP ? DEFLATE_RATIO * left : left))
        FGF_FAIL(FGF_DATA, "%s: cut short: %d x %d x %d voxels need %.0f bytes, %.0f%s are there",
                 volume->data_path, h->grid.extent[0], h->grid.extent[1], h->grid.extent[2], needed,
                 left, h->encoding == NRRD_GZIP ? " compressed" : "");
done:
    return status;
}

/* zlib passes on what is no gzip stream as it is, so the stream's first bytes are looked at. */
static fgf_status start_gzip(nrrd *volume)
{
    fgf_status status = FGF_OK;
    const long start = ftell(volume->file);
    const int first = fgetc(volume->file), second = fgetc(volume->file);
    int descriptor = -1;
    if (first != 0x1f || second != 0x8b)
        FGF_FAIL(FGF_DATA, "%s: encoding gzip, but no gzip stream follows the header",
                 volume->data_path);
    descriptor = dup(fileno(volume->file));
    if (descriptor < 0 || lseek(descriptor, start, SEEK_SET) != start)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read: %s", volume->data_path, strerror(errno));
    volume->stream = gzdopen(descriptor, "rb");
    if (!volume->stream)
        FGF_FAIL(FGF_MEMORY, "%s: no memory for zlib", volume->data_path);
    descriptor = -1; /* the stream closes it */
    if (gzseek(volume->stream, volume->header.byte_skip, SEEK_SET) != volume->header.byte_skip)
        FGF_FAIL(FGF_DATA, "%s: cut short before its voxels", volume->data_path);
done:
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

static fgf_status start_voxels(nrrd *volume, double bytes)
{
    fgf_status status = FGF_OK;
    const nrrd_header *h = &volume->header;
    FGF_TRY(skip_lines(volume));
    FGF_TRY(check_length(volume, bytes));
    const double from_end = voxel_count(volume) * (double)voxel_bytes(h->type);
    if (h->encoding == NRRD_GZIP)
        FGF_TRY(start_gzip(volume));
    else if ((h->byte_skip < 0 ? fseek(volume->file, -(long)from_end, SEEK_END)
                               : fseek(volume->file, h->byte_skip, SEEK_CUR)) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read: %s", volume->data_path, strerror(errno));
    FGF_TRY(
        FGF_ALLOCATE((size_t)h->grid.extent[0] * (size_t)h->grid.extent[1] * voxel_bytes(h->type),
                     &volume->raw));
done:
    return status;
}

static fgf_status open_volume(nrrd *volume)
{
    fgf_status status = FGF_OK;
    double bytes = 0;
    FGF_TRY(open_file(volume->path, &volume->file, &bytes));
    FGF_TRY(nrrd_header_read(volume->path, volume->file, &volume->header));
    FGF_TRY(locate_data(volume->path, &volume->header, &volume->data_path));
    if (volume->data_path) {
        fclose(volume->file);
        volume->file = NULL;
        FGF_TRY(open_file(volume->data_path, &volume->file, &bytes));
    } else {
        FGF_TRY(fgf_copy_text(volume->path, &volume->data_path));
    }
    FGF_TRY(start_voxels(volume, bytes));
done:
    return status;
}

/* A number and the blank or comma behind it. */
static fgf_status next_number(nrrd *volume, double *out)
{
    fgf_status status = FGF_OK;
    char text[64];
    size_t length = 0;
    int c = fgetc(volume->file);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',')
        c = fgetc(volume->file);
    for (; c != EOF && !strchr(" \t\r\n,", c) && length < sizeof text - 1; c = fgetc(volume->file))
        text[length++] = (char)c;
    text[length] = '\0';
    char *end = text;
    *out = strtod(text, &end);
    if (length == 0 || *end || strlen(text) != length)
        FGF_FAIL(FGF_DATA, "%s: %s \"%s\" in slice %d of %d", volume->data_path,
                 length ? "expected a number, found" : "cut short: nothing follows", text,
                 volume->next, volume->header.grid.extent[2]);
done:
    return status;
}

static fgf_status next_slice(void *state, double *slice)
{
    fgf_status status = FGF_OK;
    nrrd *volume = state;
    const nrrd_header *h = &volume->header;
    const int *extent = h->grid.extent;
    const size_t voxels = (size_t)extent[0] * (size_t)extent[1];
    const size_t bytes = voxels * voxel_bytes(h->type);
    if (h->encoding == NRRD_ASCII) {
        for (size_t i = 0; i < voxels; i++)
            FGF_TRY(next_number(volume, &slice[i]));
    } else {
        const bool whole = volume->stream ? gzip_read(volume->stream, volume->raw, bytes)
                                          : fread(volume->raw, 1, bytes, volume->file) == bytes;
        if (!whole)
            FGF_FAIL(FGF_DATA, "%s: cut short or damaged in slice %d of %d", volume->data_path,
                     volume->next, extent[2]);
        voxels_read(volume->raw, voxels, h->type, h->swapped, slice);
    }
    if (++volume->next == extent[2] && volume->stream && !gzip_is_whole(volume->stream))
        FGF_FAIL(FGF_DATA, "%s: the end of the compressed stream is missing or damaged",
                 volume->data_path);
done:
    return status;
}

static const fgf_volume_format format = {.name = "NRRD", .next = next_slice, .close = close_nrrd};

fgf_status fgf_nrrd_open(const char *path, fgf_volume **out)
{
    fgf_status status = FGF_OK;
    nrrd *volume = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &volume));
    FGF_TRY(fgf_copy_text(path, &volume->path));
    FGF_TRY(open_volume(volume));
    const fgf_grid grid = volume->header.grid;
    void *state = volume;
    volume = NULL;
    FGF_TRY(fgf_volume_create(&format, state, &grid, out));
done:
    if (volume)
        close_nrrd(volume);
    return status;
}
