/* Soft size:  h = a sum_i m_i,  a = the area of a pixel in mm2, or where depth > 1 the volume of a
 * voxel in mm3, with the soft mask m of soft_mask.h. As its width goes to 0: the volume by counting
 * voxels, IBSI's YEKZ (not RNU0, that of a mesh).
 *
 *     dh/dq_i = a dm_i/dq_i
 *
 * Integrated intensity:  h = a sum_i m_i q_i, the mean over the mask times its size; IBSI's 99N0
 * but for the mesh in its volume.
 *
 *     dh/dq_i = a (m_i + q_i dm_i/dq_i)
 *
 * Tags: Zwanenburg et al., Radiology 295:328 (2020) and its reference manual, "Morphological
 * features". */
#include "soft_mask.h"

static const fgf_key keys[] = {SOFT_MASK_KEYS, {.name = NULL}};

static fgf_undefined size(const fgf_feature *feature, const fgf_region *region, const double *value,
                          double *work, double *h, double *gradient)
{
    const soft_mask_settings *settings = feature->settings;
    double content = pixel_content(region), sum = 0;
    (void)work;
    for (size_t i = 0; i < region->pixel_count; i++) {
        double m = soft_mask(settings, value[i]);
        sum += m;
        if (gradient)
            gradient[i] = content * soft_mask_slope(settings, value[i]);
    }
    *h = content * sum;
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined integrated_intensity(const fgf_feature *feature, const fgf_region *region,
                                          const double *value, double *work, double *h,
                                          double *gradient)
{
    const soft_mask_settings *settings = feature->settings;
    double content = pixel_content(region), sum = 0;
    (void)work;
    for (size_t i = 0; i < region->pixel_count; i++) {
        double m = soft_mask(settings, value[i]);
        sum += m * value[i];
        if (gradient)
            gradient[i] = content * (m + value[i] * soft_mask_slope(settings, value[i]));
    }
    *h = content * sum;
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_size = {
    .kind = {"size", "soft area (volume in 3-D) of the pixels above a threshold", keys,
             sizeof(soft_mask_settings)},
    .unit = "mm2",
    .unit_volume = "mm3",
    .stored_units = true,
    .defined_when_empty = true,
    .evaluate = size};

const feature_ops fgf_feature_integrated_intensity = {
    .kind = {"integrated_intensity",
             "sum of the intensity over the soft mask, times a pixel's "
             "area (volume in 3-D)",
             keys, sizeof(soft_mask_settings)},
    .unit = "q mm2",
    .unit_volume = "q mm3",
    .stored_units = true,
    .defined_when_empty = true,
    .evaluate = integrated_intensity};
