/* Features of the soft histogram P_b = mean_i p_ib of the intensities over the region, with the
 * shares p_ib of soft_bins.h, b = 1 .. bins:
 *
 *     entropy               -sum P_b log P_b, in nats        dh/dP_b = -log P_b - 1
 *     uniformity            sum P_b^2                        2 P_b
 *     histogram_mean        mu = sum b P_b                   b
 *     histogram_variance    m2 = sum (b - mu)^2 P_b          d^2,  d = b - mu
 *     histogram_skewness    m3 / m2^1.5                      (d^3 - 3 m2 d - 1.5 m3 d^2 / m2)
 *                                                            / m2^1.5
 *     histogram_kurtosis    m4 / m2^2 - 3                    (d^4 - 4 m3 d - 2 m4 d^2 / m2) / m2^2
 *
 *     dh/dq_i = 1/N sum_b dh/dP_b dp_ib/dq_i
 *
 * (what is the same for all b drops out, as shares add to 1). As the kernel's width goes to 0, and
 * where no intensity lies on the border of two bins: IBSI's TLU2 (times log 2: IBSI counts in
 * bits), BJ5W, X6K6, CH89, 88K1 and C3I7, of the histogram with `bins` equal bins of [low, high]
 * (Zwanenburg et al., Radiology 295:328 (2020) and its reference manual, "Intensity histogram
 * features"). */
#include "soft_bins.h"

#include <string.h>

static const fgf_key keys[] = {SOFT_BINS_KEYS("10"), {.name = NULL}};

/* h of P; by_bin[b] = dh/dP_b. Arrays from bin 0. */
typedef fgf_undefined (*functional)(const double *P, int bins, double *h, double *by_bin);

FGF_CLONES
static void add_shares(const soft_bins *all, const double *value, size_t count, double *total)
{
    soft_share share;
    for (size_t i = 0; i < count; i++) {
        soft_bins_share(all, value[i], &share);
        const double inverse = 1 / share.sum;
        for (int b = share.first; b <= share.last; b += LANES)
            for (int l = 0; l < LANES; l++)
                total[b + l] += share.of[b + l] * inverse;
    }
}

FGF_CLONES
static void find_gradient(const soft_bins *all, const double *by_bin, const double *value,
                          size_t count, double *gradient)
{
    soft_share share;
    for (size_t i = 0; i < count; i++) {
        soft_bins_share(all, value[i], &share);
        gradient[i] = soft_bins_slope(all, by_bin, value[i], &share) / (double)count;
    }
}

/* What is shared is P. */
static size_t work_size(const fgf_feature *feature, const fgf_region *region)
{
    (void)feature;
    (void)region;
    return SOFT_BINS_ROOM;
}

static void share(const fgf_feature *feature, const fgf_region *region, const double *value,
                  double *P, bool with_gradient)
{
    const soft_bins all = soft_bins_of(feature->settings);
    (void)with_gradient;
    memset(P, 0, SOFT_BINS_ROOM * sizeof *P);
    add_shares(&all, value, region->pixel_count, P);
    for (int b = 0; b < all.bins; b++)
        P[b] /= (double)region->pixel_count;
}

static fgf_undefined of_histogram(functional of, const fgf_feature *feature,
                                  const fgf_region *region, const double *value, const double *P,
                                  double *h, double *gradient)
{
    const soft_bins all = soft_bins_of(feature->settings);
    double by_bin[SOFT_BINS_ROOM] = {0};
    const fgf_undefined reason = of(P, all.bins, h, by_bin);
    if (reason == FGF_UNDEFINED_DEFINED && gradient)
        find_gradient(&all, by_bin, value, region->pixel_count, gradient);
    return reason;
}

static fgf_undefined entropy_of(const double *P, int bins, double *h, double *by_bin)
{
    *h = 0;
    for (int b = 0; b < bins; b++) {
        /* P log P tends to 0 with P, and so do the terms of the gradient. */
        by_bin[b] = P[b] > 0 ? -log(P[b]) : 0;
        *h += P[b] * by_bin[b];
    }
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined uniformity_of(const double *P, int bins, double *h, double *by_bin)
{
    *h = 0;
    for (int b = 0; b < bins; b++) {
        *h += P[b] * P[b];
        by_bin[b] = 2 * P[b];
    }
    return FGF_UNDEFINED_DEFINED;
}

/* The mean bin in two parts, since distances from it lose digits to a large one: the fullest bin
 * and the rest; and the moments about it. */
typedef struct moments {
    int fullest;
    double rest, m2, m3, m4;
} moments;

static double distance(const moments *m, int b)
{
    return b - m->fullest - m->rest;
}

static moments moments_of(const double *P, int bins)
{
    moments m = {0};
    for (int b = 1; b < bins; b++)
        m.fullest = P[b] > P[m.fullest] ? b : m.fullest;
    for (int b = 0; b < bins; b++)
        m.rest += P[b] * (b - m.fullest);
    for (int b = 0; b < bins; b++) {
        const double d = distance(&m, b), square = d * d;
        m.m2 += P[b] * square;
        m.m3 += P[b] * square * d;
        m.m4 += P[b] * square * square;
    }
    return m;
}

static fgf_undefined mean_of(const double *P, int bins, double *h, double *by_bin)
{
    const moments m = moments_of(P, bins);
    *h = m.fullest + 1 + m.rest;
    for (int b = 0; b < bins; b++)
        by_bin[b] = distance(&m, b);
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined variance_of(const double *P, int bins, double *h, double *by_bin)
{
    const moments m = moments_of(P, bins);
    *h = m.m2;
    for (int b = 0; b < bins; b++)
        by_bin[b] = distance(&m, b) * distance(&m, b);
    return FGF_UNDEFINED_DEFINED;
}

/* What is left of a variance by rounding alone, in bins^2. */
static const double no_variance = 1e-12;

static fgf_undefined skewness_of(const double *P, int bins, double *h, double *by_bin)
{
    const moments m = moments_of(P, bins);
    const double cube = m.m2 * sqrt(m.m2);
    if (!(m.m2 > no_variance))
        return FGF_UNDEFINED_ZERO_VARIANCE;
    *h = m.m3 / cube;
    for (int b = 0; b < bins; b++) {
        const double d = distance(&m, b);
        by_bin[b] = d * (d * d - 3 * m.m2 - 1.5 * m.m3 * d / m.m2) / cube;
    }
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined kurtosis_of(const double *P, int bins, double *h, double *by_bin)
{
    const moments m = moments_of(P, bins);
    if (!(m.m2 > no_variance))
        return FGF_UNDEFINED_ZERO_VARIANCE;
    *h = m.m4 / (m.m2 * m.m2) - 3;
    for (int b = 0; b < bins; b++) {
        const double d = distance(&m, b);
        by_bin[b] = d * (d * d * d - 4 * m.m3 - 2 * m.m4 * d / m.m2) / (m.m2 * m.m2);
    }
    return FGF_UNDEFINED_DEFINED;
}

#define HISTOGRAM_FEATURE(name, of, text, of_unit)                                                 \
    static fgf_undefined evaluate_##name(const fgf_feature *feature, const fgf_region *region,     \
                                         const double *value, double *work, double *h,             \
                                         double *gradient)                                         \
    {                                                                                              \
        return of_histogram(of, feature, region, value, work, h, gradient);                        \
    }                                                                                              \
    const feature_ops fgf_feature_##name = {                                                       \
        .kind = {#name, text, keys, sizeof(soft_bins_settings)},                                   \
        .unit = of_unit,                                                                           \
        .stored_units = true,                                                                      \
        .prepare = soft_bins_prepare,                                                              \
        .work = work_size,                                                                         \
        .share = share,                                                                            \
        .evaluate = evaluate_##name};

HISTOGRAM_FEATURE(entropy, entropy_of, "entropy of a histogram with a Gaussian kernel", "nats")
HISTOGRAM_FEATURE(uniformity, uniformity_of,
                  "sum of the squared shares of a histogram with a Gaussian kernel", "1")
HISTOGRAM_FEATURE(histogram_mean, mean_of, "mean bin of a histogram with a Gaussian kernel", "bins")
HISTOGRAM_FEATURE(histogram_variance, variance_of,
                  "variance of the bin in a histogram with a Gaussian kernel", "bins2")
HISTOGRAM_FEATURE(histogram_skewness, skewness_of,
                  "skewness of the bin in a histogram with a Gaussian kernel", "1")
HISTOGRAM_FEATURE(histogram_kurtosis, kurtosis_of,
                  "excess kurtosis of the bin in a histogram with a Gaussian kernel", "1")
