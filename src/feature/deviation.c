/* Mean distance of the intensities q from their mean, and from their median, over the region:
 *
 *     h = mean_i ( sqrt(d_i^2 + e^2) - e ),   d_i = q_i - c,   e = smoothing
 *     dh/dq_i = (s_i - (sum_j s_j) dc/dq_i) / N,   s_i = d_i / sqrt(d_i^2 + e^2)
 *
 * mean_absolute_deviation: c = the mean, dc/dq_i = 1 / N. median_absolute_deviation: c = the soft
 * median of soft_quantile.h, dc/dq_i as there. |d| has a kink at 0; here it is a parabola within e,
 * and h is at most e below the hard value. As e and the median's width go to 0: IBSI's 4FUA and
 * N72L, both of which are means (Zwanenburg et al., Radiology 295:328 (2020) and its reference
 * manual, "Intensity-based statistical features"). */
#include "soft_quantile.h"

#include <math.h>

typedef struct deviation_settings {
    feature_settings common;
    double smoothing, width;
} deviation_settings;

#define MEMBER(name) offsetof(deviation_settings, name)
#define SMOOTHING_KEY                                                                              \
    {                                                                                              \
        "smoothing", FGF_KEY_REAL, MEMBER(smoothing), "1", 1e-9, 1e9, NULL, "q",                   \
            "deviation, in stored units (HU), below which it counts quadratically"                 \
    }
static const fgf_key mean_keys[] = {FEATURE_CHANNEL_KEY, SMOOTHING_KEY, {.name = NULL}};
static const fgf_key median_keys[] = {
    FEATURE_CHANNEL_KEY,
    SMOOTHING_KEY,
    {"width", FGF_KEY_REAL, MEMBER(width), "10", 1e-9, 1e9, NULL, "q",
     "width of the logistic that blurs each intensity for the median, in stored units (HU)"},
    {.name = NULL}};

/* h and, where gradient is not NULL, s_i / N in it; returns sum s_i / N. */
static double deviation_from(double centre, double smoothing, const double *value, size_t count,
                             double *h, double *gradient)
{
    double sum = 0, slopes = 0;
    for (size_t i = 0; i < count; i++) {
        const double d = value[i] - centre, length = sqrt(d * d + smoothing * smoothing);
        sum += length - smoothing;
        slopes += d / length;
        if (gradient)
            gradient[i] = d / (length * (double)count);
    }
    *h = sum / (double)count;
    return slopes / (double)count;
}

static fgf_undefined mean_absolute_deviation(const fgf_feature *feature, const fgf_region *region,
                                             const double *value, double *work, double *h,
                                             double *gradient)
{
    const deviation_settings *settings = feature->settings;
    const size_t count = region->pixel_count;
    double shift = 0;
    (void)work;
    for (size_t i = 0; i < count; i++)
        shift += value[i] - value[0];
    const double mean = value[0] + shift / (double)count;
    const double slope = deviation_from(mean, settings->smoothing, value, count, h, gradient);
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] -= slope / (double)count;
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined median_absolute_deviation(const fgf_feature *feature, const fgf_region *region,
                                               const double *value, double *work, double *h,
                                               double *gradient)
{
    const deviation_settings *settings = feature->settings;
    const size_t count = region->pixel_count;
    const double median = soft_quantile(value, count, 50, settings->width);
    const double slope = deviation_from(median, settings->smoothing, value, count, h, gradient);
    (void)work;
    if (gradient)
        soft_quantile_add_gradient(value, count, settings->width, median, -slope, gradient);
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_mean_absolute_deviation = {
    .kind = {"mean_absolute_deviation", "mean smoothed distance of the intensity from its mean",
             mean_keys, sizeof(deviation_settings)},
    .unit = "q",
    .stored_units = true,
    .evaluate = mean_absolute_deviation};

const feature_ops fgf_feature_median_absolute_deviation = {
    .kind = {"median_absolute_deviation",
             "mean smoothed distance of the intensity from its soft median", median_keys,
             sizeof(deviation_settings)},
    .unit = "q",
    .stored_units = true,
    .evaluate = median_absolute_deviation};
