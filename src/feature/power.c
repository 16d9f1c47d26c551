/* Energy and root mean square of the intensities q over the region, IBSI's N8CA and 5ZWQ
 * (Zwanenburg et al., Radiology 295:328 (2020) and its reference manual, "Intensity-based
 * statistical features"):
 *
 *     energy              sum q_i^2                 d/dq_i = 2 q_i
 *     root_mean_square    sqrt(mean q_i^2)          d/dq_i = q_i / (N h)
 *
 * Both depend on where stored units have their zero. The root mean square of an all-zero region
 * has no gradient: undefined. */
#include "feature_private.h"

#include <math.h>

static double sum_of_squares(const double *value, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += value[i] * value[i];
    return sum;
}

static fgf_undefined energy(const fgf_feature *feature, const fgf_region *region,
                            const double *value, double *work, double *h, double *gradient)
{
    (void)feature;
    (void)work;
    *h = sum_of_squares(value, region->pixel_count);
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = 2 * value[i];
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined root_mean_square(const fgf_feature *feature, const fgf_region *region,
                                      const double *value, double *work, double *h,
                                      double *gradient)
{
    const double count = (double)region->pixel_count;
    (void)feature;
    (void)work;
    *h = sqrt(sum_of_squares(value, region->pixel_count) / count);
    if (!(*h > 0))
        return FGF_UNDEFINED_ZERO_MEAN;
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = value[i] / (count * *h);
    return FGF_UNDEFINED_DEFINED;
}

static const fgf_key keys[] = {FEATURE_CHANNEL_KEY, {.name = NULL}};

const feature_ops fgf_feature_energy = {
    .kind = {"energy", "sum of the squared intensity", keys, sizeof(feature_settings)},
    .unit = "q2",
    .stored_units = true,
    .evaluate = energy};

const feature_ops fgf_feature_root_mean_square = {.kind = {"root_mean_square",
                                                           "root of the mean squared intensity",
                                                           keys, sizeof(feature_settings)},
                                                  .unit = "q",
                                                  .stored_units = true,
                                                  .evaluate = root_mean_square};
