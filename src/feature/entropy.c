/* Entropy of a soft histogram, in nats. Each pixel is shared out over the bins by a Gaussian of
 * its distance to their centres c_b, shares adding to 1:
 *
 *     p_ib = exp(-(q_i - c_b)^2 / 2 w^2) / sum_b' (the same),   P_b = mean_i p_ib
 *     h = -sum_b P_b log P_b
 *     dh/dq_i = -1/N sum_b log(P_b) p_ib (s_ib - sum_b' p_ib' s_ib'),   s_ib = (c_b - q_i) / w^2
 *
 * Centres are the middles of `bins` equal bins of [low, high]; an intensity outside belongs to the
 * outermost bin. */
#include "feature_private.h"

#include <math.h>

enum { BINS_MAX = 256 };

typedef struct entropy_settings {
    feature_settings common;
    int64_t bins;
    double low, high, width;
} entropy_settings;

#define MEMBER(name) offsetof(entropy_settings, name)
static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"bins", FGF_KEY_INTEGER, MEMBER(bins), "32", 2, BINS_MAX, NULL, "1", "bins of the histogram"},
    {"low", FGF_KEY_REAL, MEMBER(low), "-50", 0, 0, NULL, "q",
     "lower end of the histogram, in stored units (HU)"},
    {"high", FGF_KEY_REAL, MEMBER(high), "300", 0, 0, NULL, "q",
     "upper end of the histogram, in stored units (HU)"},
    {"width", FGF_KEY_REAL, MEMBER(width), "10", 1e-9, 1e9, NULL, "q",
     "standard deviation of the kernel, in stored units (HU)"},
    {.name = NULL}};

static fgf_status prepare(fgf_feature *feature, const fgf_item *item)
{
    fgf_status status = FGF_OK;
    const entropy_settings *settings = feature->settings;
    if (!(settings->low < settings->high))
        FGF_FAIL(FGF_USAGE, "%s: feature '%s' has low: %g and high: %g; low must be below high",
                 item->where, item->name, settings->low, settings->high);
    if (settings->bins < 2 || settings->bins > BINS_MAX)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s' has %lld bins, expected 2 to %d", item->where,
                 item->name, (long long)settings->bins, BINS_MAX);
done:
    return status;
}

static double bin_width(const entropy_settings *settings)
{
    return (settings->high - settings->low) / (double)settings->bins;
}

static double centre(const entropy_settings *settings, int bin)
{
    return settings->low + (bin + 0.5) * bin_width(settings);
}

/* The shares p_b of one pixel, b from `first` to `last`; the others are left out as too small. */
typedef struct shares {
    int first, last;
    double of[BINS_MAX];
} shares;

/* Of the nearest bin's share: what is below this is below the rounding of every sum. */
static const double least_share = 1e-20;

/* From the nearest bin outwards, each kernel value is the last one times a ratio that itself
 * shrinks by a constant factor: two exponentials a pixel, not one a bin, and nothing underflows
 * where all bins are far away. */
static void share_out(const entropy_settings *settings, double shrink, double q, shares *out)
{
    int bins = (int)settings->bins;
    double step = bin_width(settings), scale = 1 / (2 * settings->width * settings->width);
    double at = floor((q - settings->low) / step);
    int nearest = at >= bins - 1 ? bins - 1 : at > 0 ? (int)at : 0;
    int first = nearest, last = nearest;
    double offset = q - centre(settings, nearest), sum = 1, share = 1;
    double ratio = exp((2 * offset - step) * step * scale);
    out->of[nearest] = 1;
    for (; last < bins - 1 && share > least_share; ratio *= shrink) {
        share *= ratio;
        sum += share;
        out->of[++last] = share;
    }
    share = 1;
    ratio = exp((-2 * offset - step) * step * scale);
    for (; first > 0 && share > least_share; ratio *= shrink) {
        share *= ratio;
        sum += share;
        out->of[--first] = share;
    }
    double inverse = 1 / sum;
    for (int b = first; b <= last; b++)
        out->of[b] *= inverse;
    out->first = first;
    out->last = last;
}

static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *h, double *gradient)
{
    const entropy_settings *settings = feature->settings;
    int bins = (int)settings->bins;
    double count = (double)region->pixel_count, square = settings->width * settings->width;
    double shrink = exp(-bin_width(settings) * bin_width(settings) / square);
    double total[BINS_MAX] = {0}, logarithm[BINS_MAX];
    shares share;
    for (size_t i = 0; i < region->pixel_count; i++) {
        share_out(settings, shrink, value[i], &share);
        for (int b = share.first; b <= share.last; b++)
            total[b] += share.of[b];
    }
    *h = 0;
    for (int b = 0; b < bins; b++) {
        /* P log P tends to 0 with P, and so do the terms of the gradient. */
        logarithm[b] = total[b] > 0 ? log(total[b] / count) : 0;
        *h -= total[b] / count * logarithm[b];
    }
    for (size_t i = 0; gradient && i < region->pixel_count; i++) {
        double distance = 0, weight = 0, both = 0; /* means of c - q, log P, and their product */
        share_out(settings, shrink, value[i], &share);
        double start = centre(settings, 0) - value[i], step = bin_width(settings);
        for (int b = share.first; b <= share.last; b++) {
            double apart = start + b * step, weighted = logarithm[b] * share.of[b];
            distance += share.of[b] * apart;
            weight += weighted;
            both += weighted * apart;
        }
        gradient[i] = -(both - distance * weight) / (square * count);
    }
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_entropy = {.kind = {"entropy",
                                                  "entropy of a histogram with a Gaussian kernel",
                                                  keys, sizeof(entropy_settings)},
                                         .unit = "nats",
                                         .stored_units = true,
                                         .prepare = prepare,
                                         .evaluate = evaluate};
