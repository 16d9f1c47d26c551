#include "case_take.h"
#include "fgf/memory.h"

#include <math.h>
#include <string.h>

/* Rows and columns of the result's slices as they lie in a slice of the file: exchanged, where the
 * manifest asks for that. */
typedef struct slice_view {
    int rows, columns;
    size_t row_stride, column_stride;
    size_t count; /* pixels */
} slice_view;

static slice_view view_slices(const case_source *source, const fgf_grid *grid)
{
    const size_t width = (size_t)grid->extent[0], height = (size_t)grid->extent[1];
    return source->manifest->preprocess.transpose
               ? (slice_view){grid->extent[0], grid->extent[1], 1, width, width * height}
               : (slice_view){grid->extent[1], grid->extent[0], width, 1, width * height};
}

/* The pixels of a slice that lie in the box's rows and columns. */
static void copy_pixels(const slice_view *view, const double *slice, const fgf_box *box,
                        double *out)
{
    for (int y = box->from[1]; y < box->to[1]; y++)
        for (int x = box->from[2]; x < box->to[2]; x++)
            *out++ = slice[(size_t)y * view->row_stride + (size_t)x * view->column_stride];
}

static void set_grid(fgf_part *part, const slice_view *view, const fgf_grid *grid, bool transposed,
                     int depth)
{
    const int whole[3] = {depth, view->rows, view->columns};
    const double spacing[3] = {grid->spacing[2], grid->spacing[transposed ? 0 : 1],
                               grid->spacing[transposed ? 1 : 0]};
    memcpy(part->whole, whole, sizeof whole);
    memcpy(part->spacing, spacing, sizeof spacing);
    part->box = (fgf_box){{0, 0, 0}, {depth, view->rows, view->columns}};
}

/* The next slice of a mask as 0 and 1, and how many voxels of it are 1. In passes of few
 * operations, which run on several voxels at once: a mask has as many voxels as its image. */
static fgf_status next_mask(const case_source *source, fgf_volume *volume, size_t count,
                            double *slice, size_t *inside)
{
    fgf_status status = FGF_OK;
    size_t odd = 0, ones = 0;
    FGF_TRY(fgf_volume_next(volume, slice));
    for (size_t p = 0; p < count; p++)
        odd += !(slice[p] - slice[p] == 0);
    for (size_t p = 0; odd > 0; p++)
        if (!isfinite(slice[p]))
            FGF_FAIL(FGF_DATA, "%s: a voxel of the mask is %g", case_mask_name(source), slice[p]);
    for (size_t p = 0; p < count; p++) {
        const bool one = slice[p] != 0;
        ones += one;
        slice[p] = one;
    }
    *inside = ones;
done:
    return status;
}

static fgf_status plan_part(const case_source *source, fgf_part *part)
{
    fgf_status status = fgf_part_plan(&source->manifest->preprocess, part);
    return status == FGF_OK ? FGF_OK : fgf_prefix_error("%s", case_mask_name(source));
}

/* ---- slices ---- */

/* How many voxels of a slice are in the window and, where there is a mask, in it. */
static size_t count_in_window(const double *window, const double *value, const double *mask,
                              size_t count)
{
    const double low = window[0], high = window[1];
    size_t found = 0;
    if (mask)
        for (size_t p = 0; p < count; p++)
            found += (value[p] != 0) & (value[p] >= low) & (value[p] <= high) & (mask[p] != 0);
    else
        for (size_t p = 0; p < count; p++)
            found += (value[p] != 0) & (value[p] >= low) & (value[p] <= high);
    return found;
}

/* How many voxels a slice has of those that the rule looks for; `ones` of its mask. */
static size_t slice_weight(const fgf_preprocess *settings, const double *window,
                           const double *value, const double *mask, size_t ones, size_t count)
{
    if (mask && (ones == 0 || settings->slice == FGF_SLICE_LARGEST))
        return ones;
    return count_in_window(window, value, mask, count);
}

/* The slices that ran by last, and those around the best one so far. */
typedef struct slice_window {
    int size, half;
    slice_view view;
    fgf_box whole;                    /* of a slice */
    double *recent[FGF_CHANNELS_MAX]; /* slice z at z modulo size */
    double **kept;                    /* [size], the best one in the middle */
    int best, last;                   /* last: the volume's last slice */
} slice_window;

static void keep(slice_window *w, int z, int place)
{
    copy_pixels(&w->view, w->recent[z % w->size], &w->whole, w->kept[place]);
}

/* Slice z, just read, is the best one. */
static void keep_best(slice_window *w, int z)
{
    w->best = z;
    for (int back = 0; back <= w->half; back++)
        keep(w, z - back > 0 ? z - back : 0, w->half - back);
}

/* Slice z follows the best one; beyond the volume's end its last slice stands. */
static void keep_following(slice_window *w, int z)
{
    const int place = w->half + z - w->best;
    if (w->best < 0 || place >= w->size)
        return;
    for (int k = place; k < w->size && (k == place || z == w->last); k++)
        keep(w, z, k);
}

static fgf_status open_window(slice_window *w, const case_source *source, const fgf_grid *grid,
                              double **kept)
{
    fgf_status status = FGF_OK;
    const int size = fgf_preprocess_slices(&source->manifest->preprocess);
    *w = (slice_window){.size = size,
                        .half = size / 2,
                        .view = view_slices(source, grid),
                        .kept = kept,
                        .best = -1,
                        .last = grid->extent[2] - 1};
    w->whole = (fgf_box){{0, 0, 0}, {1, w->view.rows, w->view.columns}};
    for (int k = 0; k < size; k++) {
        FGF_TRY(FGF_ALLOCATE(w->view.count, &w->recent[k]));
        FGF_TRY(FGF_ALLOCATE(w->view.count, &w->kept[k]));
    }
done:
    return status;
}

static void close_window(slice_window *w)
{
    for (int k = 0; k < FGF_CHANNELS_MAX; k++)
        fgf_free(w->recent[k]);
}

/* Runs through the first channel and the mask together; keeps the slices that the rule wants. */
static fgf_status choose_slices(case_source *source, const value_window *window, fgf_volume *image,
                                fgf_volume *mask, fgf_part *part, int32_t *chosen)
{
    fgf_status status = FGF_OK;
    const fgf_preprocess *settings = &source->manifest->preprocess;
    const fgf_grid *grid = fgf_volume_grid(image);
    const bool by_weight = settings->slice != FGF_SLICE_MIDDLE && !source->format->flat;
    slice_window w;
    double *inside = NULL, *kept_mask = NULL;
    size_t most = 0, ones = 0;
    FGF_TRY(open_window(&w, source, grid, part->value));
    FGF_TRY(FGF_ALLOCATE(w.view.count, &inside));
    FGF_TRY(FGF_ALLOCATE(w.view.count, &kept_mask));
    for (int z = 0; z <= w.last; z++) {
        double *value = w.recent[z % w.size];
        FGF_TRY(fgf_volume_next(image, value));
        if (mask)
            FGF_TRY(next_mask(source, mask, w.view.count, inside, &ones));
        const size_t weight = by_weight ? slice_weight(settings, window[0], value,
                                                       mask ? inside : NULL, ones, w.view.count)
                                        : z == grid->extent[2] / 2;
        if (weight > most) {
            most = weight;
            keep_best(&w, z);
            copy_pixels(&w.view, inside, &w.whole, kept_mask);
        }
        keep_following(&w, z);
    }
    if (w.best < 0)
        FGF_FAIL(FGF_DATA, "%s: %s", mask ? case_mask_name(source) : source->path[0],
                 mask ? "the mask is empty (or nothing in it is inside the window)"
                      : "no voxel is inside the window and not 0");
    *chosen = w.best;
    FGF_TRY(FGF_ALLOCATE(w.view.count, &part->mask));
    for (size_t p = 0; p < w.view.count && mask; p++)
        part->mask[p] = kept_mask[p] != 0;
done:
    close_window(&w);
    fgf_free(inside);
    fgf_free(kept_mask);
    return status;
}

/* The slices around `chosen` of a further channel; the rest is read too, so that damage is seen. */
static fgf_status read_channel(case_source *source, int channel, const fgf_grid *grid,
                               int32_t chosen, double **kept)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    slice_window w = {0};
    FGF_TRY(case_open_image(source, channel, grid, &volume));
    FGF_TRY(open_window(&w, source, grid, kept));
    for (int z = 0; z <= w.last; z++) {
        FGF_TRY(fgf_volume_next(volume, w.recent[z % w.size]));
        if (z == chosen)
            keep_best(&w, z);
        keep_following(&w, z);
    }
done:
    fgf_volume_close(&volume);
    close_window(&w);
    return status;
}

/* The pixels of the chosen slice that come to x > 0 in any channel, holes filled. */
static fgf_status derive_mask(const case_source *source, const value_window *window, fgf_part *part)
{
    fgf_status status = FGF_OK;
    const fgf_preprocess *settings = &source->manifest->preprocess;
    const int size = fgf_preprocess_slices(settings);
    const size_t count = (size_t)fgf_box_pixels(&part->box);
    for (int c = size / 2; c < part->channels; c += size)
        for (size_t p = 0; p < count; p++)
            part->mask[p] |= fgf_preprocess_value(settings, window[c], part->value[c][p]) > 0;
    FGF_TRY(fgf_fill_holes(part->mask, part->whole));
done:
    return status;
}

fgf_status case_take_slices(case_source *source, const value_window *window, fgf_part *part,
                            int32_t *chosen, fgf_grid *grid)
{
    fgf_status status = FGF_OK;
    fgf_volume *image = NULL, *mask = NULL;
    const fgf_preprocess *settings = &source->manifest->preprocess;
    const int size = fgf_preprocess_slices(settings);
    FGF_TRY(case_open_image(source, 0, NULL, &image));
    *grid = *fgf_volume_grid(image);
    const slice_view view = view_slices(source, grid);
    FGF_TRY(case_open_mask(source, grid, &mask));
    set_grid(part, &view, grid, settings->transpose, 1);
    part->spacing[0] = 1; /* a slice has no third spacing */
    part->channels = source->manifest->channel_count * size;
    FGF_TRY(choose_slices(source, window, image, mask, part, chosen));
    for (int c = 1; c < source->manifest->channel_count; c++)
        FGF_TRY(read_channel(source, c, grid, *chosen, part->value + c * size));
    if (!mask)
        FGF_TRY(derive_mask(source, window, part));
    part->inside = fgf_mask_bounds(part->mask, part->whole);
    FGF_TRY(plan_part(source, part));
done:
    fgf_volume_close(&image);
    fgf_volume_close(&mask);
    return status;
}

/* ---- volumes ---- */

/* Into `mask`, which holds zeros. */
static fgf_status read_mask(case_source *source, fgf_volume *volume, const slice_view *view,
                            uint8_t *mask)
{
    fgf_status status = FGF_OK;
    const fgf_box whole = {{0, 0, 0}, {1, view->rows, view->columns}};
    double *slice = NULL, *turned = NULL;
    size_t ones = 0;
    FGF_TRY(FGF_ALLOCATE(view->count, &slice));
    FGF_TRY(FGF_ALLOCATE(view->count, &turned));
    for (int z = 0; z < fgf_volume_grid(volume)->extent[2]; z++) {
        FGF_TRY(next_mask(source, volume, view->count, slice, &ones));
        if (ones > 0) { /* few slices have a mask */
            copy_pixels(view, slice, &whole, turned);
            for (size_t p = 0; p < view->count; p++)
                mask[p] = turned[p] != 0;
        }
        mask += view->count;
    }
done:
    fgf_free(slice);
    fgf_free(turned);
    return status;
}

/* The voxels that come to x > 0 in any channel, holes filled. */
static fgf_status derive_volume_mask(case_source *source, const value_window *window,
                                     const fgf_grid *grid, const fgf_part *part, uint8_t *mask)
{
    fgf_status status = FGF_OK;
    const fgf_preprocess *settings = &source->manifest->preprocess;
    const slice_view view = view_slices(source, grid);
    const fgf_box whole = {{0, 0, 0}, {1, view.rows, view.columns}};
    fgf_volume *volume = NULL;
    double *slice = NULL, *turned = NULL;
    FGF_TRY(FGF_ALLOCATE(view.count, &slice));
    FGF_TRY(FGF_ALLOCATE(view.count, &turned));
    for (int c = 0; c < part->channels; c++) {
        uint8_t *at = mask;
        FGF_TRY(case_open_image(source, c, c ? grid : NULL, &volume));
        for (int z = 0; z < grid->extent[2]; z++) {
            FGF_TRY(fgf_volume_next(volume, slice));
            copy_pixels(&view, slice, &whole, turned);
            for (size_t p = 0; p < view.count; p++)
                *at++ |= fgf_preprocess_value(settings, window[c], turned[p]) > 0;
        }
        fgf_volume_close(&volume);
    }
    FGF_TRY(fgf_fill_holes(mask, part->whole));
done:
    fgf_volume_close(&volume);
    fgf_free(slice);
    fgf_free(turned);
    return status;
}

/* The part's voxels of an image; the rest is read too, so that damage is seen. */
static fgf_status read_part(fgf_volume *volume, const slice_view *view, const fgf_box *box,
                            double **out)
{
    fgf_status status = FGF_OK;
    double *slice = NULL;
    size_t plane = (size_t)fgf_box_extent(box, 1) * (size_t)fgf_box_extent(box, 2);
    FGF_TRY(FGF_ALLOCATE(view->count, &slice));
    FGF_TRY(FGF_ALLOCATE(fgf_box_pixels(box), out));
    for (int z = 0; z < fgf_volume_grid(volume)->extent[2]; z++) {
        FGF_TRY(fgf_volume_next(volume, slice));
        if (z >= box->from[0] && z < box->to[0])
            copy_pixels(view, slice, box, *out + (size_t)(z - box->from[0]) * plane);
    }
done:
    fgf_free(slice);
    return status;
}

/* The mask of the whole volume: read, or derived. */
static fgf_status take_mask(case_source *source, const value_window *window, const fgf_grid *grid,
                            fgf_part *part)
{
    fgf_status status = FGF_OK;
    const slice_view view = view_slices(source, grid);
    fgf_volume *volume = NULL;
    uint8_t *mask = NULL;
    FGF_TRY(case_open_mask(source, grid, &volume));
    FGF_TRY(FGF_ALLOCATE(view.count * (size_t)grid->extent[2], &mask));
    if (volume)
        FGF_TRY(read_mask(source, volume, &view, mask));
    else
        FGF_TRY(derive_volume_mask(source, window, grid, part, mask));
    part->inside = fgf_mask_bounds(mask, part->whole);
    const fgf_box whole = part->box;
    FGF_TRY(plan_part(source, part));
    FGF_TRY(FGF_ALLOCATE(fgf_box_pixels(&part->box), &part->mask));
    fgf_box_copy_bytes(1, &whole, mask, &part->box, part->mask);
done:
    fgf_volume_close(&volume);
    fgf_free(mask);
    return status;
}

fgf_status case_take_volume(case_source *source, const value_window *window, fgf_part *part,
                            fgf_grid *grid)
{
    fgf_status status = FGF_OK;
    fgf_volume *image = NULL;
    const bool transposed = source->manifest->preprocess.transpose;
    FGF_TRY(case_open_image(source, 0, NULL, &image));
    *grid = *fgf_volume_grid(image);
    const slice_view view = view_slices(source, grid);
    set_grid(part, &view, grid, transposed, grid->extent[2]);
    part->channels = source->manifest->channel_count;
    FGF_TRY(take_mask(source, window, grid, part));
    for (int c = 0; c < part->channels; c++) {
        if (c > 0)
            FGF_TRY(case_open_image(source, c, grid, &image));
        FGF_TRY(read_part(image, &view, &part->box, &part->value[c]));
        fgf_volume_close(&image);
    }
done:
    fgf_volume_close(&image);
    return status;
}
