/* Soft minimum, maximum and range of the intensities q over the region, by log-sum-exp:
 *
 *     maximum    w log sum_i exp(q_i / w)        d/dq_i = exp((q_i - h) / w)
 *     minimum    -w log sum_i exp(-q_i / w)      d/dq_i = exp((h - q_i) / w)
 *     range      maximum - minimum
 *
 * The maximum is at most w log N above the hard one (where all q are the same), the minimum as far
 * below; what lies k w away from the extreme counts exp(-k). As w goes to 0: IBSI's 84IY, 1GSF and
 * 2OJQ (Zwanenburg et al., Radiology 295:328 (2020) and its reference manual, "Intensity-based
 * statistical features"). */
#include "feature_private.h"

#include <math.h>

typedef struct extremes_settings {
    feature_settings common;
    double width;
} extremes_settings;

static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"width", FGF_KEY_REAL, offsetof(extremes_settings, width), "1", 1e-9, 1e9, NULL, "q",
     "in stored units (HU): pixels this near to the extreme take part in it"},
    {.name = NULL}};

/* The soft maximum of sign * q, times sign; adds `factor` times its gradient. */
static double extreme(const double *value, size_t count, double sign, double width, double factor,
                      double *gradient)
{
    double most = sign * value[0], sum = 0;
    for (size_t i = 1; i < count; i++)
        most = fmax(most, sign * value[i]);
    for (size_t i = 0; i < count; i++)
        sum += exp((sign * value[i] - most) / width);
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] += factor * exp((sign * value[i] - most) / width) / sum;
    return sign * (most + width * log(sum));
}

/* highest * maximum + lowest * minimum. */
static fgf_undefined combine(const fgf_feature *feature, const fgf_region *region,
                             const double *value, double highest, double lowest, double *h,
                             double *gradient)
{
    const size_t count = region->pixel_count;
    const double width = ((const extremes_settings *)feature->settings)->width;
    *h = 0;
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] = 0;
    if (highest != 0)
        *h += highest * extreme(value, count, 1, width, highest, gradient);
    if (lowest != 0)
        *h += lowest * extreme(value, count, -1, width, lowest, gradient);
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined maximum(const fgf_feature *feature, const fgf_region *region,
                             const double *value, double *work, double *h, double *gradient)
{
    (void)work;
    return combine(feature, region, value, 1, 0, h, gradient);
}

static fgf_undefined minimum(const fgf_feature *feature, const fgf_region *region,
                             const double *value, double *work, double *h, double *gradient)
{
    (void)work;
    return combine(feature, region, value, 0, 1, h, gradient);
}

static fgf_undefined range(const fgf_feature *feature, const fgf_region *region,
                           const double *value, double *work, double *h, double *gradient)
{
    (void)work;
    return combine(feature, region, value, 1, -1, h, gradient);
}

const feature_ops fgf_feature_maximum = {
    .kind = {"maximum", "soft maximum of the intensity", keys, sizeof(extremes_settings)},
    .unit = "q",
    .stored_units = true,
    .evaluate = maximum};

const feature_ops fgf_feature_minimum = {
    .kind = {"minimum", "soft minimum of the intensity", keys, sizeof(extremes_settings)},
    .unit = "q",
    .stored_units = true,
    .evaluate = minimum};

const feature_ops fgf_feature_range = {.kind = {"range",
                                                "soft maximum less soft minimum of the intensity",
                                                keys, sizeof(extremes_settings)},
                                       .unit = "q",
                                       .stored_units = true,
                                       .evaluate = range};
