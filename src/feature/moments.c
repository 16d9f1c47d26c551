/* Mean, variance, skewness, excess kurtosis and coefficient of variation of the intensities q over
 * the region. With d_i = q_i - mean and m_k = mean(d^k), population moments:
 *
 *     mean        d/dq_i = 1 / N
 *     variance    m2                d/dq_i = 2 d_i / N
 *     skewness    m3 / m2^1.5       d/dq_i = (3 (d_i^2 - m2) - 3 m3 d_i / m2) / (N m2^1.5)
 *     kurtosis    m4 / m2^2 - 3     d/dq_i = (4 (d_i^3 - m3) - 4 m4 d_i / m2) / (N m2^2)
 *
 *     coefficient_of_variation    s / mean, s = sqrt(m2)    d/dq_i = (d_i / s - h) / (N mean)
 *
 * IBSI's Q4LE, ECT3, KE2A, IPH6 and 7TET (Zwanenburg et al., Radiology 295:328 (2020) and its
 * reference manual, "Intensity-based statistical features"), but that skewness and kurtosis are
 * undefined, not 0, where the variance is 0: they have no gradient there. */
#include "feature_private.h"

#include <math.h>

typedef struct moments {
    double mean, m2, m3, m4;
} moments;

/* Differences from the first pixel are exact zeros in a constant region, so that its variance is
 * exactly 0 and not the square of a rounding error. */
static moments moments_of(const double *value, size_t count)
{
    double shift = 0;
    moments m = {0};
    for (size_t i = 0; i < count; i++)
        shift += value[i] - value[0];
    m.mean = value[0] + shift / (double)count;
    for (size_t i = 0; i < count; i++) {
        double d = value[i] - m.mean;
        m.m2 += d * d;
        m.m3 += d * d * d;
        m.m4 += d * d * d * d;
    }
    m.m2 /= (double)count;
    m.m3 /= (double)count;
    m.m4 /= (double)count;
    return m;
}

static fgf_undefined mean(const fgf_feature *feature, const fgf_region *region, const double *value,
                          double *work, double *h, double *gradient)
{
    (void)feature;
    (void)work;
    *h = moments_of(value, region->pixel_count).mean;
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = 1 / (double)region->pixel_count;
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined variance(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    moments m = moments_of(value, region->pixel_count);
    (void)feature;
    (void)work;
    *h = m.m2;
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = 2 * (value[i] - m.mean) / (double)region->pixel_count;
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined skewness(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    moments m = moments_of(value, region->pixel_count);
    double cube = m.m2 * sqrt(m.m2);
    double scale = 3 / ((double)region->pixel_count * cube);
    (void)feature;
    (void)work;
    if (m.m2 <= 0)
        return FGF_UNDEFINED_ZERO_VARIANCE;
    *h = m.m3 / cube;
    for (size_t i = 0; gradient && i < region->pixel_count; i++) {
        double d = value[i] - m.mean;
        gradient[i] = scale * (d * d - m.m2 - m.m3 * d / m.m2);
    }
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined kurtosis(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    moments m = moments_of(value, region->pixel_count);
    double scale = 4 / ((double)region->pixel_count * m.m2 * m.m2);
    (void)feature;
    (void)work;
    if (m.m2 <= 0)
        return FGF_UNDEFINED_ZERO_VARIANCE;
    *h = m.m4 / (m.m2 * m.m2) - 3;
    for (size_t i = 0; gradient && i < region->pixel_count; i++) {
        double d = value[i] - m.mean;
        gradient[i] = scale * (d * d * d - m.m3 - m.m4 * d / m.m2);
    }
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined coefficient_of_variation(const fgf_feature *feature, const fgf_region *region,
                                              const double *value, double *work, double *h,
                                              double *gradient)
{
    moments m = moments_of(value, region->pixel_count);
    double deviation = sqrt(m.m2);
    (void)feature;
    (void)work;
    if (m.m2 <= 0)
        return FGF_UNDEFINED_ZERO_VARIANCE;
    if (m.mean == 0)
        return FGF_UNDEFINED_ZERO_MEAN;
    *h = deviation / m.mean;
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] =
            ((value[i] - m.mean) / deviation - *h) / ((double)region->pixel_count * m.mean);
    return FGF_UNDEFINED_DEFINED;
}

static const fgf_key keys[] = {FEATURE_CHANNEL_KEY, {.name = NULL}};

const feature_ops fgf_feature_mean = {
    .kind = {"mean", "mean intensity", keys, sizeof(feature_settings)},
    .unit = "q",
    .stored_units = true,
    .evaluate = mean};

const feature_ops fgf_feature_variance = {
    .kind = {"variance", "population variance of the intensity", keys, sizeof(feature_settings)},
    .unit = "q2",
    .stored_units = true,
    .evaluate = variance};

const feature_ops fgf_feature_skewness = {
    .kind = {"skewness", "skewness of the intensity", keys, sizeof(feature_settings)},
    .unit = "1",
    .stored_units = true,
    .evaluate = skewness};

const feature_ops fgf_feature_kurtosis = {
    .kind = {"kurtosis", "excess kurtosis of the intensity", keys, sizeof(feature_settings)},
    .unit = "1",
    .stored_units = true,
    .evaluate = kurtosis};

const feature_ops fgf_feature_coefficient_of_variation = {
    .kind = {"coefficient_of_variation", "standard deviation of the intensity over its mean", keys,
             sizeof(feature_settings)},
    .unit = "1",
    .stored_units = true,
    .evaluate = coefficient_of_variation};
