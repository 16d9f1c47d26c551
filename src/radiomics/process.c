/* Image processing before features, IBSI reference manual 2.4 and 2.5: resampling with trilinear
 * interpolation, and re-segmentation by a range. */
#include "radiomics_private.h"

void fgf_radiomics_resegment(const fgf_radiomics_volume *volume, double lowest, double highest,
                             uint8_t *out)
{
    size_t voxels = (size_t)volume->depth * (size_t)volume->height * (size_t)volume->width;
    for (size_t k = 0; k < voxels; k++)
        out[k] = volume->shape_mask[k] && volume->value[k] >= lowest && volume->value[k] <= highest;
}

/* Along one axis: between which source voxels a target lies, and how far. */
typedef struct between {
    int below, above;
    double share;
} between;

static between locate(int target, int new_extent, int extent, double step)
{
    double position = (extent - 1) / 2.0 + (target - (new_extent - 1) / 2.0) * step;
    position = fmin(fmax(position, 0), extent - 1);
    int below = (int)floor(position);
    return (between){
        .below = below, .above = below + 1 < extent ? below + 1 : below, .share = position - below};
}

/* The interpolated image and mask between eight voxels. */
static void interpolate(const fgf_radiomics_volume *v, const between at[3], double *value,
                        double *mask)
{
    *value = *mask = 0;
    for (int c = 0; c < 8; c++) {
        double weight = 1;
        int index[3];
        for (int a = 0; a < 3; a++) {
            bool upper = c >> (2 - a) & 1;
            index[a] = upper ? at[a].above : at[a].below;
            weight *= upper ? at[a].share : 1 - at[a].share;
        }
        size_t k = ((size_t)index[0] * (size_t)v->height + (size_t)index[1]) * (size_t)v->width +
                   (size_t)index[2];
        if (weight == 0)
            continue;
        *value += weight * v->value[k];
        *mask += weight * (v->shape_mask[k] != 0);
    }
}

fgf_status fgf_radiomics_resample(const fgf_radiomics_volume *volume, const double spacing[3],
                                  bool round_intensities, fgf_radiomics_volume *out, double **value,
                                  uint8_t **mask)
{
    fgf_status status = FGF_OK;
    const int extent[3] = {volume->depth, volume->height, volume->width};
    int n[3];
    double step[3];
    *value = NULL;
    *mask = NULL;
    for (int a = 0; a < 3; a++) {
        step[a] = spacing[a] / volume->spacing[a];
        /* A ratio such as 3 x 60 / 2 is meant to be whole. */
        double exact = extent[a] / step[a];
        if (!(step[a] > 0) || !(exact < 1e5))
            FGF_FAIL(FGF_USAGE, "cannot resample from %g to %g mm a voxel", volume->spacing[a],
                     spacing[a]);
        n[a] = (int)ceil(exact - 1e-9);
    }
    FGF_TRY(FGF_ALLOCATE((size_t)n[0] * (size_t)n[1] * (size_t)n[2], value));
    FGF_TRY(FGF_ALLOCATE((size_t)n[0] * (size_t)n[1] * (size_t)n[2], mask));
    size_t k = 0;
    for (int z = 0; z < n[0]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[2]; x++, k++) {
                const between at[3] = {locate(z, n[0], extent[0], step[0]),
                                       locate(y, n[1], extent[1], step[1]),
                                       locate(x, n[2], extent[2], step[2])};
                double share;
                interpolate(volume, at, &(*value)[k], &share);
                if (round_intensities)
                    (*value)[k] = round((*value)[k]);
                (*mask)[k] = share >= 0.5 - 1e-9; /* weights that make 1/2 but for roundings */
            }
    *out = (fgf_radiomics_volume){.depth = n[0],
                                  .height = n[1],
                                  .width = n[2],
                                  .spacing = {spacing[0], spacing[1], spacing[2]},
                                  .value = *value,
                                  .shape_mask = *mask};
done:
    if (status != FGF_OK) {
        fgf_free(*value);
        fgf_free(*mask);
        *value = NULL;
        *mask = NULL;
    }
    return status;
}
