/* Percentiles of the intensities q over the region and what is made of them, with the soft
 * quantiles y_p of soft_quantile.h:
 *
 *     percentile             y_p; percent: 50 is the median
 *     interquartile_range    y_75 - y_25
 *     quartile_dispersion    (y_75 - y_25) / (y_75 + y_25)
 *
 * As the width goes to 0: IBSI's Y12H (median), QG58 and 8DWT (percentiles 10 and 90), SALO and
 * 9S40 (Zwanenburg et al., Radiology 295:328 (2020) and its reference manual, "Intensity-based
 * statistical features", which leaves open how a percentile interpolates). */
#include "soft_quantile.h"

#include <math.h>

typedef struct quantile_settings {
    feature_settings common;
    double width, percent;
} quantile_settings;

#define MEMBER(name) offsetof(quantile_settings, name)
#define WIDTH_KEY                                                                                  \
    {                                                                                              \
        "width", FGF_KEY_REAL, MEMBER(width), "10", 1e-9, 1e9, NULL, "q",                          \
            "width of the logistic that each intensity is blurred by, in stored units (HU)"        \
    }
static const fgf_key percentile_keys[] = {FEATURE_CHANNEL_KEY,
                                          {"percent", FGF_KEY_REAL, MEMBER(percent), "50", 1e-6,
                                           100 - 1e-6, NULL, "%", "which percentile"},
                                          WIDTH_KEY,
                                          {.name = NULL}};
static const fgf_key quartile_keys[] = {FEATURE_CHANNEL_KEY, WIDTH_KEY, {.name = NULL}};

static void clear(double *gradient, size_t count)
{
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] = 0;
}

static fgf_undefined percentile(const fgf_feature *feature, const fgf_region *region,
                                const double *value, double *work, double *h, double *gradient)
{
    const quantile_settings *settings = feature->settings;
    const size_t count = region->pixel_count;
    (void)work;
    *h = soft_quantile(value, count, settings->percent, settings->width);
    clear(gradient, count);
    if (gradient)
        soft_quantile_add_gradient(value, count, settings->width, *h, 1, gradient);
    return FGF_UNDEFINED_DEFINED;
}

/* What is shared. */
enum { FIRST, THIRD, QUARTILES };

static size_t quartile_work(const fgf_feature *feature, const fgf_region *region)
{
    (void)feature;
    (void)region;
    return QUARTILES;
}

static void share_quartiles(const fgf_feature *feature, const fgf_region *region,
                            const double *value, double *work, bool with_gradient)
{
    const double width = ((const quantile_settings *)feature->settings)->width;
    (void)with_gradient;
    work[FIRST] = soft_quantile(value, region->pixel_count, 25, width);
    work[THIRD] = soft_quantile(value, region->pixel_count, 75, width);
}

static fgf_undefined interquartile_range(const fgf_feature *feature, const fgf_region *region,
                                         const double *value, double *work, double *h,
                                         double *gradient)
{
    const double width = ((const quantile_settings *)feature->settings)->width;
    const size_t count = region->pixel_count;
    const double first = work[FIRST], third = work[THIRD];
    *h = third - first;
    clear(gradient, count);
    if (gradient) {
        soft_quantile_add_gradient(value, count, width, third, 1, gradient);
        soft_quantile_add_gradient(value, count, width, first, -1, gradient);
    }
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined quartile_dispersion(const fgf_feature *feature, const fgf_region *region,
                                         const double *value, double *work, double *h,
                                         double *gradient)
{
    const double width = ((const quantile_settings *)feature->settings)->width;
    const size_t count = region->pixel_count;
    const double first = work[FIRST], third = work[THIRD];
    const double sum = third + first;
    if (sum == 0)
        return FGF_UNDEFINED_ZERO_MEAN;
    *h = (third - first) / sum;
    clear(gradient, count);
    if (gradient) {
        soft_quantile_add_gradient(value, count, width, third, 2 * first / (sum * sum), gradient);
        soft_quantile_add_gradient(value, count, width, first, -2 * third / (sum * sum), gradient);
    }
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_percentile = {
    .kind = {"percentile", "soft percentile of the intensity (the median by default)",
             percentile_keys, sizeof(quantile_settings)},
    .unit = "q",
    .stored_units = true,
    .evaluate = percentile};

const feature_ops fgf_feature_interquartile_range = {
    .kind = {"interquartile_range", "soft percentile 75 less soft percentile 25 of the intensity",
             quartile_keys, sizeof(quantile_settings)},
    .unit = "q",
    .stored_units = true,
    .work = quartile_work,
    .share = share_quartiles,
    .evaluate = interquartile_range};

const feature_ops fgf_feature_quartile_dispersion = {
    .kind = {"quartile_dispersion",
             "difference of the soft percentiles 75 and 25 of the intensity over their sum",
             quartile_keys, sizeof(quantile_settings)},
    .unit = "1",
    .stored_units = true,
    .work = quartile_work,
    .share = share_quartiles,
    .evaluate = quartile_dispersion};
