/* Mean intensity near the border of the region and away from it, with d the distance to the border
 * (border_distance.h) and t the thickness of the rim, both in mm:
 *
 *     rim_mean             sum w q / sum w,              w = exp(-d / t)
 *     core_mean            sum (1 - w) q / sum (1 - w)
 *     rim_core_difference  rim_mean - core_mean
 *
 * The region does not change with the image, so the gradient is the weights, normalised. The
 * difference is undefined where all voxels are as far from the border (a line, a single voxel). */
#include "border_distance.h"

#include <math.h>

typedef struct rim_settings {
    feature_settings common;
    double thickness;
} rim_settings;

static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"thickness", FGF_KEY_REAL, offsetof(rim_settings, thickness), "3", 1e-3, 1e6, NULL, "mm",
     "distance from the border at which a voxel counts 1/e as much to the rim as on it"},
    {.name = NULL}};

static size_t work_size(const fgf_feature *feature, const fgf_region *region)
{
    (void)feature;
    return region->pixel_count + border_distance_work(region);
}

/* The distances [N]. */
static void share(const fgf_feature *feature, const fgf_region *region, const double *value,
                  double *work, bool with_gradient)
{
    (void)feature;
    (void)value;
    (void)with_gradient;
    border_distance(region, work + region->pixel_count, work);
}

/* The nearest and the farthest. */
static void range_of(const double *distance, size_t count, double range[2])
{
    range[0] = range[1] = distance[0];
    for (size_t i = 1; i < count; i++) {
        range[0] = fmin(range[0], distance[i]);
        range[1] = fmax(range[1], distance[i]);
    }
}

/* h = of_rim rim_mean + of_core core_mean. */
static fgf_undefined combine(const fgf_feature *feature, const fgf_region *region,
                             const double *value, double *work, double *h, double *gradient,
                             double of_rim, double of_core)
{
    const double thickness = ((const rim_settings *)feature->settings)->thickness;
    const double *distance = work;
    double range[2], rim = 0, rim_sum = 0, core = 0, core_sum = 0;
    range_of(distance, region->pixel_count, range);
    if (of_rim != 0 && of_core != 0 && range[1] - range[0] <= 1e-9 * range[0])
        return FGF_UNDEFINED_NO_CORE;
    for (size_t i = 0; i < region->pixel_count; i++) {
        /* Only the ratios of the rim's weights matter: the greatest is made 1. */
        const double w = exp((range[0] - distance[i]) / thickness);
        const double rest = -expm1(-distance[i] / thickness);
        /* From the first value on, so that a difference has no rounding of what both share. */
        rim += w;
        rim_sum += w * (value[i] - value[0]);
        core += rest;
        core_sum += rest * (value[i] - value[0]);
    }
    *h = of_rim * rim_sum / rim + of_core * core_sum / core + (of_rim + of_core) * value[0];
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = of_rim * exp((range[0] - distance[i]) / thickness) / rim -
                      of_core * expm1(-distance[i] / thickness) / core;
    return FGF_UNDEFINED_DEFINED;
}

#define RIM_FEATURE(name, of_rim, of_core, help)                                                   \
    static fgf_undefined evaluate_##name(const fgf_feature *feature, const fgf_region *region,     \
                                         const double *value, double *work, double *h,             \
                                         double *gradient)                                         \
    {                                                                                              \
        return combine(feature, region, value, work, h, gradient, of_rim, of_core);                \
    }                                                                                              \
    const feature_ops fgf_feature_##name = {.kind = {#name, help, keys, sizeof(rim_settings)},     \
                                            .unit = "q",                                           \
                                            .stored_units = true,                                  \
                                            .work = work_size,                                     \
                                            .share = share,                                        \
                                            .evaluate = evaluate_##name}

RIM_FEATURE(rim_mean, 1, 0, "mean intensity near the border");
RIM_FEATURE(core_mean, 0, 1, "mean intensity away from the border");
RIM_FEATURE(rim_core_difference, 1, -1, "mean intensity near the border less that away from it");
