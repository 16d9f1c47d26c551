#include "case_reader.h"
#include "fgf/file_bytes.h"
#include "fgf/image.h"
#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PNG_BYTES_MOST = 1 << 30 };

/* The file of a pattern: folder/pattern with {id} filled in. */
static fgf_status file_path(const fgf_manifest *m, const char *pattern, const char *id, char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    *out = NULL;
    fgf_buffer_add(&path, "%s/", *m->source.folder ? m->source.folder : ".");
    for (const char *mark; (mark = strstr(pattern, "{id}")); pattern = mark + 4) {
        fgf_buffer_add_bytes(&path, pattern, (size_t)(mark - pattern));
        fgf_buffer_add(&path, "%s", id);
    }
    fgf_buffer_add(&path, "%s", pattern);
    FGF_TRY(path.status);
    FGF_TRY(fgf_copy_text(path.text, out));
done:
    fgf_buffer_clear(&path);
    return status;
}

/* All paths of a case: a channel each, then the mask where there is one. */
typedef struct case_files {
    char *path[FGF_CHANNELS_MAX + 1];
    int channels;
    bool has_mask;
} case_files;

static void clear_files(case_files *files)
{
    for (int k = 0; k <= FGF_CHANNELS_MAX; k++)
        fgf_free(files->path[k]);
    memset(files, 0, sizeof *files);
}

static fgf_status name_files(const fgf_manifest *m, const char *id, case_files *files,
                             fgf_case_outcome *outcome)
{
    fgf_status status = FGF_OK;
    fgf_buffer names = {0};
    files->channels = m->channel_count;
    files->has_mask = *m->source.mask != '\0';
    for (int k = 0; k < files->channels + files->has_mask; k++) {
        const char *pattern = k < files->channels ? m->pattern[k] : m->source.mask;
        FGF_TRY(file_path(m, pattern, id, &files->path[k]));
        const char *slash = strrchr(files->path[k], '/');
        fgf_buffer_add(&names, "%s%s", k ? ";" : "", slash ? slash + 1 : files->path[k]);
    }
    FGF_TRY(names.status);
    snprintf(outcome->source, sizeof outcome->source, "%s", names.text);
done:
    fgf_buffer_clear(&names);
    return status;
}

static fgf_status hash_files(const case_files *files, fgf_case_outcome *outcome)
{
    fgf_status status = FGF_OK;
    fgf_buffer hashes = {0};
    for (int k = 0; k < files->channels + files->has_mask; k++) {
        fgf_hash hash;
        FGF_TRY(fgf_hash_file(files->path[k], &hash));
        fgf_buffer_add(&hashes, "%s", hash.text);
    }
    FGF_TRY(hashes.status);
    memcpy(outcome->source_hash, fgf_hash_bytes(hashes.text, hashes.length).text, FGF_HASH_TEXT);
done:
    fgf_buffer_clear(&hashes);
    return status;
}

/* A plane [rows][columns] turned into [columns][rows]. */
static fgf_status transpose(double **plane, int rows, int columns)
{
    fgf_status status = FGF_OK;
    double *turned = NULL;
    const size_t height = (size_t)rows, width = (size_t)columns;
    if (!*plane)
        goto done;
    FGF_TRY(FGF_ALLOCATE(height * width, &turned));
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            turned[x * height + y] = (*plane)[y * width + x];
    fgf_free(*plane);
    *plane = turned;
done:
    return status;
}

static fgf_status transpose_slice(fgf_slice *slice)
{
    fgf_status status = FGF_OK;
    for (int c = 0; c < slice->channels; c++)
        FGF_TRY(transpose(&slice->value[c], slice->height, slice->width));
    FGF_TRY(transpose(&slice->mask, slice->height, slice->width));
    const int height = slice->height;
    const double spacing = slice->spacing[0];
    slice->height = slice->width;
    slice->width = height;
    slice->spacing[0] = slice->spacing[1];
    slice->spacing[1] = spacing;
done:
    return status;
}

/* ---- PNG slices ---- */

static fgf_status read_png(const char *path, fgf_grey_image *out)
{
    fgf_status status = FGF_OK;
    char *bytes = NULL;
    size_t count = 0;
    FGF_TRY(fgf_read_file(path, PNG_BYTES_MOST, &bytes, &count));
    FGF_TRY(fgf_png_decode(path, bytes, count, out));
done:
    fgf_free(bytes);
    return status;
}

/* Pixel values become x: their range stands for the window, whatever the window is. */
static fgf_status load_png(const fgf_manifest *m, const case_files *files, fgf_slice *slice)
{
    fgf_status status = FGF_OK;
    fgf_grey_image image = {0};
    const fgf_reals range = m->preprocess.stored_range;
    slice->channels = files->channels;
    for (int k = 0; k < files->channels + files->has_mask; k++) {
        FGF_TRY(read_png(files->path[k], &image));
        if (k == 0) {
            slice->height = image.height;
            slice->width = image.width;
        }
        if (image.height != slice->height || image.width != slice->width)
            FGF_FAIL(FGF_DATA, "%s: %d x %d pixels, expected %d x %d as in the first channel",
                     files->path[k], image.height, image.width, slice->height, slice->width);
        const double low = range.count ? range.values[0] : 0;
        const double high = range.count ? range.values[1] : image.greatest;
        const bool is_mask = k == files->channels;
        for (size_t p = 0; p < (size_t)image.height * (size_t)image.width; p++)
            image.value[p] = is_mask ? image.value[p] != 0 : (image.value[p] - low) / (high - low);
        *(is_mask ? &slice->mask : &slice->value[k]) = image.value;
        image.value = NULL;
    }
    slice->spacing[0] = m->preprocess.pixel_spacing.values[0];
    slice->spacing[1] = m->preprocess.pixel_spacing.values[1];
done:
    fgf_grey_image_clear(&image);
    return status;
}

/* ---- NIfTI volumes ---- */

/* How much a slice has of what the rule looks for. */
static double slice_weight(const fgf_manifest *m, const double *value, const double *mask,
                           size_t count)
{
    const double *window = m->window[0];
    double weight = 0;
    for (size_t p = 0; p < count; p++) {
        const bool in_window = value[p] != 0 && value[p] >= window[0] && value[p] <= window[1];
        if (m->preprocess.slice == FGF_SLICE_LARGEST && mask)
            weight += mask[p] != 0;
        else
            weight += in_window && (!mask || mask[p] != 0);
    }
    return weight;
}

static fgf_status next_mask(fgf_volume *volume, const char *path, double *mask, size_t count)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_volume_next(volume, mask));
    for (size_t p = 0; p < count; p++) {
        if (!isfinite(mask[p]))
            FGF_FAIL(FGF_DATA, "%s: a voxel of the mask is %g", path, mask[p]);
        mask[p] = mask[p] != 0;
    }
done:
    return status;
}

/* Runs through the first channel and the mask together; keeps the slice that the rule wants. */
static fgf_status choose_slice(const fgf_manifest *m, const case_files *files, fgf_volume *volume,
                               fgf_volume *mask_volume, fgf_slice *slice, int32_t *chosen)
{
    fgf_status status = FGF_OK;
    const fgf_grid *grid = fgf_volume_grid(volume);
    const size_t count = (size_t)grid->extent[0] * (size_t)grid->extent[1];
    const int middle = grid->extent[2] / 2;
    double *value = NULL, *mask = NULL, most = 0;
    FGF_TRY(FGF_ALLOCATE(count, &value));
    FGF_TRY(FGF_ALLOCATE(count, &slice->value[0]));
    if (mask_volume) {
        FGF_TRY(FGF_ALLOCATE(count, &mask));
        FGF_TRY(FGF_ALLOCATE(count, &slice->mask));
    }
    *chosen = -1;
    for (int z = 0; z < grid->extent[2]; z++) {
        FGF_TRY(fgf_volume_next(volume, value));
        if (mask)
            FGF_TRY(next_mask(mask_volume, files->path[files->channels], mask, count));
        const bool by_weight = m->preprocess.slice != FGF_SLICE_MIDDLE;
        const double weight = by_weight ? slice_weight(m, value, mask, count) : z == middle;
        if (weight <= most)
            continue;
        most = weight;
        *chosen = z;
        memcpy(slice->value[0], value, count * sizeof *value);
        if (mask)
            memcpy(slice->mask, mask, count * sizeof *mask);
    }
    if (*chosen < 0)
        FGF_FAIL(FGF_DATA, "%s: %s", files->path[mask ? files->channels : 0],
                 mask ? "the mask is empty (or nothing in it is inside the window)"
                      : "no voxel is inside the window and not 0");
done:
    fgf_free(value);
    fgf_free(mask);
    return status;
}

/* Slice `chosen` of a further channel; the rest is read too, so that damage is seen. */
static fgf_status read_channel(const char *path, const fgf_grid *grid, int32_t chosen, double **out)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    double *value = NULL;
    const size_t count = (size_t)grid->extent[0] * (size_t)grid->extent[1];
    FGF_TRY(fgf_nifti_open(path, &volume));
    if (!fgf_grid_equal(grid, fgf_volume_grid(volume)))
        FGF_FAIL(FGF_DATA, "%s: not on the grid of the first channel; resample it first", path);
    FGF_TRY(FGF_ALLOCATE(count, &value));
    FGF_TRY(FGF_ALLOCATE(count, out));
    for (int z = 0; z < grid->extent[2]; z++)
        FGF_TRY(fgf_volume_next(volume, z == chosen ? *out : value));
done:
    fgf_volume_close(&volume);
    fgf_free(value);
    return status;
}

static fgf_status load_nifti(const fgf_manifest *m, const case_files *files, fgf_slice *slice,
                             int32_t *chosen)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL, *mask = NULL;
    slice->channels = files->channels;
    FGF_TRY(fgf_nifti_open(files->path[0], &volume));
    const fgf_grid *grid = fgf_volume_grid(volume);
    slice->width = grid->extent[0];
    slice->height = grid->extent[1];
    slice->spacing[0] = grid->spacing[1];
    slice->spacing[1] = grid->spacing[0];
    if (files->has_mask) {
        FGF_TRY(fgf_nifti_open(files->path[files->channels], &mask));
        const fgf_grid *other = fgf_volume_grid(mask);
        if (!fgf_grid_equal(grid, other))
            FGF_FAIL(FGF_DATA,
                     "%s: not on the grid of the image (%d x %d x %d voxels, the image has %d x %d "
                     "x %d, or another spacing or place)",
                     files->path[files->channels], other->extent[0], other->extent[1],
                     other->extent[2], grid->extent[0], grid->extent[1], grid->extent[2]);
    }
    FGF_TRY(choose_slice(m, files, volume, mask, slice, chosen));
    for (int c = 1; c < files->channels; c++)
        FGF_TRY(read_channel(files->path[c], grid, *chosen, &slice->value[c]));
done:
    fgf_volume_close(&volume);
    fgf_volume_close(&mask);
    return status;
}

/* ---- a case ---- */

static fgf_status load_case(const fgf_manifest *m, const case_files *files,
                            fgf_case_outcome *outcome, float **image, uint8_t **mask)
{
    fgf_status status = FGF_OK;
    static const double whole[FGF_CHANNELS_MAX][2] = {
        {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1},
        {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}};
    const bool is_png = m->source.kind == FGF_SOURCE_PNG;
    fgf_slice slice = {0};
    fgf_shape shape;
    outcome->slice = -1;
    FGF_TRY(hash_files(files, outcome));
    if (is_png)
        FGF_TRY(load_png(m, files, &slice));
    else
        FGF_TRY(load_nifti(m, files, &slice, &outcome->slice));
    if (m->preprocess.transpose)
        FGF_TRY(transpose_slice(&slice));
    snprintf(outcome->mask_source, sizeof outcome->mask_source, "%s",
             files->has_mask ? "file" : "derived");
    status = fgf_preprocess_slice(&m->preprocess, is_png ? whole : m->window, &slice, &shape,
                                  outcome->spacing, image, mask);
    if (status != FGF_OK)
        status = fgf_prefix_error("%s", files->path[files->has_mask ? files->channels : 0]);
    outcome->height = shape.height;
    outcome->width = shape.width;
done:
    fgf_slice_clear(&slice);
    return status;
}

fgf_status fgf_case_read(const fgf_manifest *manifest, const char *id, fgf_case_outcome *outcome,
                         float **image, uint8_t **mask)
{
    fgf_status status = FGF_OK;
    case_files files = {0};
    memset(outcome, 0, sizeof *outcome);
    *image = NULL;
    *mask = NULL;
    FGF_TRY(name_files(manifest, id, &files, outcome));
    if (manifest->source.missing == FGF_MISSING_EXCLUDE && access(files.path[0], F_OK) != 0) {
        outcome->state = FGF_CASE_MISSING;
        snprintf(outcome->reason, sizeof outcome->reason, "no image file");
        goto done;
    }
    status = load_case(manifest, &files, outcome, image, mask);
    if (status == FGF_DATA || status == FGF_ENVIRONMENT) {
        memset(outcome, 0, sizeof *outcome);
        outcome->state = FGF_CASE_BAD;
        snprintf(outcome->reason, sizeof outcome->reason, "%.*s", (int)sizeof outcome->reason - 1,
                 fgf_last_error()->message);
        status = FGF_OK;
    } else {
        FGF_TRY(status);
        outcome->state = FGF_CASE_GOOD;
    }
done:
    clear_files(&files);
    return status;
}
