#include "preprocess.h"
#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char axis_names[3][8] = {"slices", "rows", "columns"};

void fgf_part_clear(fgf_part *part)
{
    for (int c = 0; c < FGF_CHANNELS_MAX; c++)
        fgf_free(part->value[c]);
    fgf_free(part->mask);
    memset(part, 0, sizeof *part);
}

static void box_extent(const fgf_box *box, int extent[3])
{
    for (int a = 0; a < 3; a++)
        extent[a] = fgf_box_extent(box, a);
}

/* ---- masks ---- */

enum { BACKGROUND = 0, OUTSIDE = 2 };

/* Places in the background from which a flood goes on. */
typedef struct places {
    size_t *at, used, room;
} places;

static fgf_status add_place(places *list, size_t voxel)
{
    fgf_status status = FGF_OK;
    size_t *larger = NULL;
    if (list->used == list->room) {
        const size_t room = list->room ? 2 * list->room : 1024;
        FGF_TRY(FGF_ALLOCATE(room, &larger));
        if (list->used)
            memcpy(larger, list->at, list->used * sizeof *larger);
        fgf_free(list->at);
        list->at = larger;
        list->room = room;
    }
    list->at[list->used++] = voxel;
done:
    return status;
}

/* The run of background around a voxel in its row becomes OUTSIDE; runs beside it are noted. */
static fgf_status flood_run(uint8_t *mask, const size_t size[3], size_t voxel, places *list)
{
    fgf_status status = FGF_OK;
    const size_t row = voxel - voxel % size[2], end = row + size[2];
    size_t first = voxel, last = voxel;
    while (first > row && mask[first - 1] == BACKGROUND)
        first--;
    while (last < end && mask[last] == BACKGROUND)
        mask[last++] = OUTSIDE;
    memset(mask + first, OUTSIDE, voxel - first);
    const size_t y = row / size[2] % size[1], z = row / size[2] / size[1];
    const size_t plane = size[1] * size[2];
    const struct {
        bool there;
        size_t by; /* wraps round for a step back */
    } beside[4] = {{y > 0, (size_t)0 - size[2]},
                   {y + 1 < size[1], size[2]},
                   {z > 0, (size_t)0 - plane},
                   {z + 1 < size[0], plane}};
    for (int k = 0; k < 4; k++)
        for (size_t at = first; beside[k].there && at < last; at++) {
            const size_t other = at + beside[k].by;
            if (mask[other] == BACKGROUND && (at == first || mask[other - 1] != BACKGROUND))
                FGF_TRY(add_place(list, other));
        }
done:
    return status;
}

static fgf_status flood(uint8_t *mask, const size_t size[3], size_t voxel, places *list)
{
    fgf_status status = FGF_OK;
    FGF_TRY(add_place(list, voxel));
    while (list->used > 0) {
        const size_t next = list->at[--list->used];
        if (mask[next] == BACKGROUND)
            FGF_TRY(flood_run(mask, size, next, list));
    }
done:
    return status;
}

fgf_status fgf_fill_holes(uint8_t *mask, const int extent[3])
{
    fgf_status status = FGF_OK;
    const size_t size[3] = {(size_t)extent[0], (size_t)extent[1], (size_t)extent[2]};
    places list = {0};
    size_t voxel = 0;
    for (size_t z = 0; z < size[0]; z++)
        for (size_t y = 0; y < size[1]; y++)
            for (size_t x = 0; x < size[2]; x++, voxel++) {
                const bool border = y == 0 || y + 1 == size[1] || x == 0 || x + 1 == size[2] ||
                                    (size[0] > 1 && (z == 0 || z + 1 == size[0]));
                if (border && mask[voxel] == BACKGROUND)
                    FGF_TRY(flood(mask, size, voxel, &list));
            }
    for (size_t p = 0; p < voxel; p++)
        mask[p] = mask[p] != OUTSIDE;
done:
    fgf_free(list.at);
    return status;
}

fgf_box fgf_mask_bounds(const uint8_t *mask, const int extent[3])
{
    fgf_box box = {{extent[0], extent[1], extent[2]}, {0, 0, 0}};
    const size_t width = (size_t)extent[2];
    for (int z = 0; z < extent[0]; z++)
        for (int y = 0; y < extent[1]; y++) {
            const uint8_t *row = mask + ((size_t)z * (size_t)extent[1] + (size_t)y) * width;
            const uint8_t *first = memchr(row, 1, width);
            if (!first)
                continue;
            size_t last = width;
            while (!row[last - 1])
                last--;
            const int low[3] = {z, y, (int)(first - row)}, high[3] = {z + 1, y + 1, (int)last};
            for (int a = 0; a < 3; a++) {
                box.from[a] = low[a] < box.from[a] ? low[a] : box.from[a];
                box.to[a] = high[a] > box.to[a] ? high[a] : box.to[a];
            }
        }
    return box;
}

static void apply_mask(const fgf_preprocess *settings, fgf_part *part)
{
    const size_t count = (size_t)fgf_box_pixels(&part->box);
    for (int c = 0; c < part->channels && settings->masked; c++)
        for (size_t p = 0; p < count; p++)
            if (part->mask[p] == 0)
                part->value[c][p] = 0;
}

/* ---- the plan ---- */

/* The new grid and the crop in it. */
typedef struct plan {
    fgf_axis axis[3];
    double spacing[3];
    int start[3], size[3]; /* of the crop; a start before 0 is padding */
    bool resampled;
} plan;

/* The entry of a list of 0, 2 (rows, columns) or 3 numbers; 0 = keep. */
static double wanted_spacing(fgf_reals list, int axis)
{
    const int index = axis - 3 + (int)list.count;
    return index >= 0 && list.count > 0 ? list.values[index] : 0;
}

static int wanted_size(fgf_integers list, int axis)
{
    const int index = axis - 3 + (int)list.count;
    return index >= 0 && list.count > 0 ? (int)list.values[index] : 0;
}

/* Where the crop begins: inside the image where it fits, before it (padding) where it does not. */
static int crop_start(int extent, int size, int centre)
{
    if (size >= extent)
        return -((size - extent) / 2);
    int start = centre - size / 2;
    return start < 0 ? 0 : start > extent - size ? extent - size : start;
}

static fgf_status plan_axis(const fgf_preprocess *settings, const fgf_part *part, int a, plan *out)
{
    fgf_status status = FGF_OK;
    const int old = part->whole[a];
    const double wanted = wanted_spacing(settings->spacing, a);
    const double step = wanted > 0 ? wanted / part->spacing[a] : 1;
    const double extent = rint(old / step);
    if (!(extent >= 1 && extent <= 32768))
        FGF_FAIL(FGF_DATA, "%d %s of %g mm resampled to %g mm would be %g", old, axis_names[a],
                 part->spacing[a], wanted, extent);
    fgf_axis *axis = &out->axis[a];
    *axis = fgf_axis_whole(old, (int)extent, step);
    out->spacing[a] = wanted > 0 ? wanted : part->spacing[a];
    out->resampled |= step != 1;
    /* The middle of the mask's bounding box (rounded down) or of the image, moved to the new grid.
     */
    const int middle = settings->crop == FGF_CROP_MASK
                           ? (part->inside.from[a] + part->inside.to[a] - 1) / 2
                           : old / 2;
    const int centre = (int)(middle * (extent / old));
    const int size = wanted_size(settings->size, a);
    out->size[a] = size ? size : axis->new_extent;
    out->start[a] = crop_start(axis->new_extent, out->size[a], centre);
    const int end = out->start[a] + out->size[a];
    axis->new_first = out->start[a] > 0 ? out->start[a] : 0;
    axis->wanted = (end < axis->new_extent ? end : axis->new_extent) - axis->new_first;
done:
    return status;
}

static fgf_status make_plan(const fgf_preprocess *settings, const fgf_part *part, plan *out)
{
    fgf_status status = FGF_OK;
    memset(out, 0, sizeof *out);
    if (fgf_box_pixels(&part->inside) == 0)
        FGF_FAIL(FGF_DATA, "the mask is empty");
    for (int a = 0; a < 3; a++)
        FGF_TRY(plan_axis(settings, part, a, out));
    /* Rows and columns go together, slices by themselves. */
    out->axis[0].kept = out->axis[0].step == 1;
    out->axis[1].kept = out->axis[2].kept = out->axis[1].step == 1 && out->axis[2].step == 1;
done:
    return status;
}

fgf_status fgf_part_plan(const fgf_preprocess *settings, fgf_part *part)
{
    fgf_status status = FGF_OK;
    plan p;
    FGF_TRY(make_plan(settings, part, &p));
    part->box = (fgf_box){{0, 0, 0}, {part->whole[0], part->whole[1], part->whole[2]}};
    if (settings->take != FGF_TAKE_VOLUME)
        goto done; /* a slice is small: all of it */
    const long around = settings->smooth_sigma > 0
                            ? fgf_smooth_radius(settings->smooth_sigma, settings->smooth_truncate)
                            : 0;
    for (int a = 0; a < 3; a++) {
        fgf_axis_reach(&p.axis[a], (fgf_grid_rule)settings->grid,
                       (fgf_interpolation)settings->interpolation);
        const long from = p.axis[a].first - around;
        const long to = p.axis[a].first + p.axis[a].count + around;
        part->box.from[a] = from < 0 ? 0 : (int)from;
        part->box.to[a] = to > part->whole[a] ? part->whole[a] : (int)to;
    }
done:
    return status;
}

/* ---- the steps ---- */

double fgf_preprocess_value(const fgf_preprocess *settings, const double window[2], double value)
{
    double x = (value - window[0]) / (window[1] - window[0]);
    if (x > 1)
        x = settings->above == FGF_ABOVE_ZERO ? 0 : 1;
    if (x <= 0)
        x = 0;
    return settings->quantise == FGF_QUANTISE_8BIT ? rint(x * 255.0) / 255.0 : x;
}

static fgf_status check_finite(const fgf_part *part)
{
    fgf_status status = FGF_OK;
    const size_t width = (size_t)fgf_box_extent(&part->box, 2);
    const size_t plane = width * (size_t)fgf_box_extent(&part->box, 1);
    for (int c = 0; c < part->channels; c++)
        for (size_t p = 0; p < (size_t)fgf_box_pixels(&part->box); p++)
            if (!isfinite(part->value[c][p])) {
                char slice[32] = "";
                if (part->whole[0] > 1)
                    snprintf(slice, sizeof slice, "slice %d, ",
                             part->box.from[0] + (int)(p / plane));
                FGF_FAIL(FGF_DATA, "the value at %srow %d, column %d of channel %d is %g", slice,
                         part->box.from[1] + (int)(p % plane / width),
                         part->box.from[2] + (int)(p % width), c, part->value[c][p]);
            }
done:
    return status;
}

static fgf_status resample_mask(const fgf_preprocess *settings, const plan *p, fgf_part *part)
{
    fgf_status status = FGF_OK;
    const size_t count = (size_t)fgf_box_pixels(&part->box);
    double *values = NULL, *resampled = NULL;
    size_t new_count = 1;
    FGF_TRY(FGF_ALLOCATE(count, &values));
    for (size_t i = 0; i < count; i++)
        values[i] = part->mask[i];
    FGF_TRY(fgf_resample(values, p->axis, (fgf_grid_rule)settings->grid,
                         (fgf_interpolation)settings->interpolation, &resampled));
    for (int a = 0; a < 3; a++)
        new_count *= (size_t)p->axis[a].wanted;
    fgf_free(part->mask);
    part->mask = NULL;
    FGF_TRY(FGF_ALLOCATE(new_count, &part->mask));
    for (size_t i = 0; i < new_count; i++)
        part->mask[i] = resampled[i] > settings->mask_threshold;
done:
    fgf_free(values);
    fgf_free(resampled);
    return status;
}

/* Puts the part on the new grid, where its box becomes the crop's. */
static fgf_status change_grid(const fgf_preprocess *settings, plan *p, fgf_part *part)
{
    fgf_status status = FGF_OK;
    for (int a = 0; a < 3; a++) {
        p->axis[a].first = part->box.from[a];
        p->axis[a].count = fgf_box_extent(&part->box, a);
    }
    for (int c = 0; c < part->channels; c++) {
        double *resampled = NULL;
        FGF_TRY(fgf_resample(part->value[c], p->axis, (fgf_grid_rule)settings->grid,
                             (fgf_interpolation)settings->interpolation, &resampled));
        fgf_free(part->value[c]);
        part->value[c] = resampled;
    }
    FGF_TRY(resample_mask(settings, p, part));
    for (int a = 0; a < 3; a++) {
        part->box.from[a] = p->axis[a].new_first;
        part->box.to[a] = p->axis[a].new_first + p->axis[a].wanted;
    }
done:
    return status;
}

static fgf_status cut_out(const fgf_preprocess *settings, const double (*window)[2],
                          const fgf_part *part, const plan *p, fgf_shape *shape, float **image,
                          uint8_t **mask)
{
    fgf_status status = FGF_OK;
    const fgf_box crop = {
        {p->start[0], p->start[1], p->start[2]},
        {p->start[0] + p->size[0], p->start[1] + p->size[1], p->start[2] + p->size[2]}};
    const size_t voxels = (size_t)fgf_box_pixels(&crop);
    size_t inside = 0, from = 0;
    *shape = (fgf_shape){part->channels, p->size[0], p->size[1], p->size[2]};
    FGF_TRY(FGF_ALLOCATE(voxels * (size_t)part->channels, image));
    FGF_TRY(FGF_ALLOCATE(voxels, mask));
    for (int z = part->box.from[0]; z < part->box.to[0]; z++)
        for (int y = part->box.from[1]; y < part->box.to[1]; y++)
            for (int x = part->box.from[2]; x < part->box.to[2]; x++, from++) {
                const fgf_box voxel = {{z, y, x}, {z + 1, y + 1, x + 1}};
                if (!fgf_box_holds(&crop, &voxel))
                    continue;
                const size_t to =
                    ((size_t)(z - crop.from[0]) * (size_t)p->size[1] + (size_t)(y - crop.from[1])) *
                        (size_t)p->size[2] +
                    (size_t)(x - crop.from[2]);
                const bool in_mask = part->mask[from] != 0;
                (*mask)[to] = in_mask;
                inside += in_mask;
                for (int c = 0; c < part->channels && (in_mask || !settings->masked); c++)
                    (*image)[(size_t)c * voxels + to] =
                        (float)fgf_preprocess_value(settings, window[c], part->value[c][from]);
            }
    if (inside == 0)
        FGF_FAIL(FGF_DATA, "the mask is empty after resampling and crop");
done:
    return status;
}

fgf_status fgf_preprocess_part(const fgf_preprocess *settings, const double (*window)[2],
                               fgf_part *part, fgf_shape *shape, double spacing[3], float **image,
                               uint8_t **mask)
{
    fgf_status status = FGF_OK;
    int extent[3];
    plan p;
    *image = NULL;
    *mask = NULL;
    FGF_TRY(make_plan(settings, part, &p));
    box_extent(&part->box, extent);
    apply_mask(settings, part);
    FGF_TRY(check_finite(part));
    for (int c = 0; c < part->channels && settings->smooth_sigma > 0; c++)
        FGF_TRY(
            fgf_smooth(part->value[c], extent, settings->smooth_sigma, settings->smooth_truncate));
    apply_mask(settings, part);
    if (p.resampled)
        FGF_TRY(change_grid(settings, &p, part));
    apply_mask(settings, part);
    FGF_TRY(cut_out(settings, window, part, &p, shape, image, mask));
    memcpy(spacing, p.spacing, sizeof p.spacing);
done:
    if (status != FGF_OK) {
        fgf_free(*image);
        fgf_free(*mask);
        *image = NULL;
        *mask = NULL;
    }
    return status;
}
