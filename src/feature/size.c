/* Soft size:  h = a sum_i sigmoid((q_i - threshold) / width),  a = the area of a pixel in mm2, or
 * where depth > 1 the volume of a voxel in mm3.
 *
 *     dh/dq_i = a s_i (1 - s_i) / width */
#include "feature_private.h"

#include <math.h>

typedef struct size_settings {
    feature_settings common;
    double threshold, width;
} size_settings;

static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"threshold", FGF_KEY_REAL, offsetof(size_settings, threshold), "0", 0, 0, NULL, "q",
     "intensity, in stored units (HU), above which a pixel counts"},
    {"width", FGF_KEY_REAL, offsetof(size_settings, width), "10", 1e-9, 1e9, NULL, "q",
     "width of the sigmoid that makes the threshold soft, in stored units (HU)"},
    {.name = NULL}};

static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *h, double *gradient)
{
    const size_settings *settings = feature->settings;
    double depth = region->shape.depth > 1 ? region->spacing[0] : 1;
    double area = depth * region->spacing[1] * region->spacing[2];
    double sum = 0;
    for (size_t i = 0; i < region->pixel_count; i++) {
        double s = 1 / (1 + exp(-(value[i] - settings->threshold) / settings->width));
        sum += s;
        if (gradient)
            gradient[i] = area * s * (1 - s) / settings->width;
    }
    *h = area * sum;
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_size = {
    .kind = {"size", "soft area (volume in 3-D) of the pixels above a threshold", keys,
             sizeof(size_settings)},
    .unit = "mm2",
    .unit_volume = "mm3",
    .stored_units = true,
    .defined_when_empty = true,
    .evaluate = evaluate};
