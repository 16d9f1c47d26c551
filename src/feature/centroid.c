/* Centroid:  h = sum_i x_i r_i / S,  S = sum_i x_i, with r the slice (volumes only), row or column
 * of a pixel in mm from the centre of the crop's first pixel.
 *
 *     dh/dx_i = (r_i - h) / S
 *
 * Weights are x (the window as [0, 1]), not q: negative HU are no mass. Undefined where S <= 0. */
#include "feature_private.h"

typedef double (*coordinate)(const fgf_region *region, size_t i);

static fgf_undefined centroid(const fgf_region *region, coordinate position, const double *value,
                              double *h, double *gradient)
{
    double mass = 0, first = 0;
    for (size_t i = 0; i < region->pixel_count; i++) {
        mass += value[i];
        first += value[i] * position(region, i);
    }
    if (!(mass > 0))
        return FGF_UNDEFINED_NO_MASS;
    *h = first / mass;
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = (position(region, i) - *h) / mass;
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined centroid_slice(const fgf_feature *feature, const fgf_region *region,
                                    const double *value, double *work, double *h, double *gradient)
{
    (void)feature;
    (void)work;
    return centroid(region, region_slice, value, h, gradient);
}

static fgf_undefined centroid_row(const fgf_feature *feature, const fgf_region *region,
                                  const double *value, double *work, double *h, double *gradient)
{
    (void)feature;
    (void)work;
    return centroid(region, region_row, value, h, gradient);
}

static fgf_undefined centroid_column(const fgf_feature *feature, const fgf_region *region,
                                     const double *value, double *work, double *h, double *gradient)
{
    (void)feature;
    (void)work;
    return centroid(region, region_column, value, h, gradient);
}

static const fgf_key keys[] = {FEATURE_CHANNEL_KEY, {.name = NULL}};

const feature_ops fgf_feature_centroid_slice = {
    .kind = {"centroid_slice", "slice of the intensity-weighted centroid, volumes only", keys,
             sizeof(feature_settings)},
    .unit = "mm",
    .volumes_only = true,
    .evaluate = centroid_slice};

const feature_ops fgf_feature_centroid_row = {.kind = {"centroid_row",
                                                       "row of the intensity-weighted centroid",
                                                       keys, sizeof(feature_settings)},
                                              .unit = "mm",
                                              .evaluate = centroid_row};

const feature_ops fgf_feature_centroid_column = {
    .kind = {"centroid_column", "column of the intensity-weighted centroid", keys,
             sizeof(feature_settings)},
    .unit = "mm",
    .evaluate = centroid_column};
