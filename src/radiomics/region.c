/* The region of interest: its bounding box, its intensities, and its grey levels.
 *
 * Discretisation, IBSI reference manual 2.7: fixed bin number (K15C)
 *   level = floor(N_g (x - min) / (max - min)) + 1, and N_g for x = max
 * fixed bin size (Q3RU)
 *   level = floor((x - lowest) / width) + 1.
 * A range of equal bins is a fixed bin size that knows its last bin. */
#include "radiomics_private.h"

#include <stdlib.h>
#include <string.h>

const int radiomics_direction[RADIOMICS_DIRECTIONS][3] = {
    {0, 0, 1}, {0, 1, 0},  {0, 1, 1}, {0, 1, -1}, {1, 0, 0},  {1, 0, 1},  {1, 0, -1},
    {1, 1, 0}, {1, -1, 0}, {1, 1, 1}, {1, 1, -1}, {1, -1, 1}, {1, -1, -1}};

void radiomics_region_clear(radiomics_region *region)
{
    fgf_free(region->shape);
    fgf_free(region->inside);
    fgf_free(region->intensity);
    fgf_free(region->level);
    fgf_free(region->sorted);
    memset(region, 0, sizeof *region);
}

/* The bounding box of the masks: first voxel and extent along z, y, x; extent 0 where they are
 * empty. */
static void find_box(const fgf_radiomics_volume *v, int first[3], int extent[3])
{
    int last[3] = {-1, -1, -1};
    first[0] = v->depth;
    first[1] = v->height;
    first[2] = v->width;
    size_t k = 0;
    for (int z = 0; z < v->depth; z++)
        for (int y = 0; y < v->height; y++)
            for (int x = 0; x < v->width; x++, k++) {
                if (!v->shape_mask[k] && !(v->intensity_mask && v->intensity_mask[k]))
                    continue;
                const int at[3] = {z, y, x};
                for (int a = 0; a < 3; a++) {
                    first[a] = at[a] < first[a] ? at[a] : first[a];
                    last[a] = at[a] > last[a] ? at[a] : last[a];
                }
            }
    for (int a = 0; a < 3; a++)
        extent[a] = last[a] < 0 ? 0 : last[a] - first[a] + 1;
}

static fgf_status copy_box(const fgf_radiomics_volume *v, const int first[3], radiomics_region *r)
{
    fgf_status status = FGF_OK;
    const uint8_t *mask = v->intensity_mask ? v->intensity_mask : v->shape_mask;
    for (int z = 0; z < r->extent[0]; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                size_t row = (size_t)(first[0] + z) * (size_t)v->height + (size_t)(first[1] + y);
                size_t from = row * (size_t)v->width + (size_t)(first[2] + x);
                size_t to = radiomics_at(r, z, y, x);
                r->shape[to] = v->shape_mask[from] != 0;
                r->shape_count += r->shape[to];
                if (!mask[from])
                    continue;
                if (!isfinite(v->value[from]))
                    FGF_FAIL(FGF_DATA,
                             "the intensity at (%d, %d, %d) (z, y, x), inside the mask, is not a "
                             "finite number",
                             first[0] + z, first[1] + y, first[2] + x);
                r->inside[to] = 1;
                r->intensity[to] = v->value[from];
                r->sorted[r->count++] = v->value[from];
            }
done:
    return status;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static fgf_status check_settings(const fgf_radiomics_settings *s)
{
    fgf_status status = FGF_OK;
    if ((s->discretisation == FGF_DISCRETISATION_COUNT ||
         s->discretisation == FGF_DISCRETISATION_RANGE) &&
        (s->bins < 1 || s->bins > FGF_RADIOMICS_LEVELS))
        FGF_FAIL(FGF_USAGE, "found %d bins, expected 1 to %d", s->bins, FGF_RADIOMICS_LEVELS);
    if (s->discretisation == FGF_DISCRETISATION_WIDTH &&
        !(s->bin_width > 0 && isfinite(s->bin_width) && !isinf(s->lowest)))
        FGF_FAIL(FGF_USAGE, "found bins of width %g from %g on, expected a width above 0",
                 s->bin_width, s->lowest);
    if (s->discretisation == FGF_DISCRETISATION_RANGE &&
        !(s->lowest < s->highest && isfinite(s->highest - s->lowest)))
        FGF_FAIL(FGF_USAGE, "found bins of [%g, %g], expected a range", s->lowest, s->highest);
    if (!(s->volume_width >= 0) || isinf(s->volume_width) || isinf(s->volume_range[0]) ||
        isinf(s->volume_range[1]) || s->volume_range[0] > s->volume_range[1])
        FGF_FAIL(FGF_USAGE, "intensity-volume histogram: found bins of width %g in [%g, %g]",
                 s->volume_width, s->volume_range[0], s->volume_range[1]);
done:
    return status;
}

/* The level of an intensity; 0, or a number above FGF_RADIOMICS_LEVELS, where it has none. */
static double level_of(const radiomics_region *r, const fgf_radiomics_settings *s, double value)
{
    double least = r->sorted[0], greatest = r->sorted[r->count - 1];
    switch (s->discretisation) {
    case FGF_DISCRETISATION_NONE:
        return value == floor(value) ? value : 0;
    case FGF_DISCRETISATION_COUNT: {
        if (greatest == least)
            return 1;
        double level = floor(s->bins * (value - least) / (greatest - least)) + 1;
        return level > s->bins ? s->bins : level;
    }
    case FGF_DISCRETISATION_WIDTH:
        return floor((value - (isnan(s->lowest) ? least : s->lowest)) / s->bin_width) + 1;
    case FGF_DISCRETISATION_RANGE:
        return fmin(fmax(floor(s->bins * (value - s->lowest) / (s->highest - s->lowest)), 0),
                    s->bins - 1) +
               1;
    }
    return 0;
}

static fgf_status discretise(const fgf_radiomics_settings *s, radiomics_region *r)
{
    fgf_status status = FGF_OK;
    if (s->discretisation == FGF_DISCRETISATION_RANGE)
        r->levels = s->bins;
    for (size_t k = 0; k < r->voxels; k++) {
        if (!r->inside[k])
            continue;
        double level = level_of(r, s, r->intensity[k]);
        if (level > FGF_RADIOMICS_LEVELS)
            FGF_FAIL(FGF_USAGE,
                     "intensity %g has grey level %g, the greatest is %d; take wider bins",
                     r->intensity[k], level, FGF_RADIOMICS_LEVELS);
        if (level < 1)
            FGF_FAIL(FGF_USAGE, "intensity %g has no grey level from 1 on: %s", r->intensity[k],
                     s->discretisation == FGF_DISCRETISATION_NONE
                         ? "ask for bins, or give whole numbers"
                         : "it lies below the lowest bin; leave it out of the intensity mask");
        r->level[k] = (int32_t)level;
        r->levels = r->level[k] > r->levels ? r->level[k] : r->levels;
    }
done:
    return status;
}

fgf_status radiomics_region_create(const fgf_radiomics_volume *volume,
                                   const fgf_radiomics_settings *settings, radiomics_region *out)
{
    fgf_status status = FGF_OK;
    int first[3];
    memset(out, 0, sizeof *out);
    FGF_TRY(check_settings(settings));
    for (int a = 0; a < 3; a++)
        if (!(volume->spacing[a] >= 1e-3 && volume->spacing[a] <= 1e6))
            FGF_FAIL(FGF_USAGE, "found voxels of %g mm, expected 0.001 to 1000000 mm",
                     volume->spacing[a]);
    find_box(volume, first, out->extent);
    memcpy(out->spacing, volume->spacing, sizeof out->spacing);
    out->voxels = (size_t)out->extent[0] * (size_t)out->extent[1] * (size_t)out->extent[2];
    FGF_TRY(FGF_ALLOCATE(out->voxels, &out->shape));
    FGF_TRY(FGF_ALLOCATE(out->voxels, &out->inside));
    FGF_TRY(FGF_ALLOCATE(out->voxels, &out->intensity));
    FGF_TRY(FGF_ALLOCATE(out->voxels, &out->level));
    FGF_TRY(FGF_ALLOCATE(out->voxels, &out->sorted));
    FGF_TRY(copy_box(volume, first, out));
    if (out->count == 0)
        goto done;
    qsort(out->sorted, out->count, sizeof *out->sorted, compare);
    FGF_TRY(discretise(settings, out));
done:
    if (status != FGF_OK)
        radiomics_region_clear(out);
    return status;
}
