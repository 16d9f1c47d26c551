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

#include "fgf/clones.h"

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

/* What all pixels have in common. */
typedef struct histogram {
    int bins, reach; /* bins further than `reach` from the nearest have no share */
    double low, step, scale, shrink;
} histogram;

/* Of the nearest bin's share: what is below this is below the rounding of every sum. */
static const double least_share = 1e-20;

static histogram histogram_of(const entropy_settings *settings)
{
    histogram all = {.bins = (int)settings->bins, .low = settings->low};
    all.step = bin_width(settings);
    all.scale = 1 / (2 * settings->width * settings->width);
    all.shrink = exp(-2 * all.step * all.step * all.scale);
    /* The k-th bin has exp(-k (k - 1) step^2 / 2 w^2) of the nearest one's share at most. */
    const double most = -log(least_share) / (all.step * all.step * all.scale);
    while (all.reach < all.bins && (double)all.reach * (all.reach - 1) <= most)
        all.reach++;
    return all;
}

/* Bins at a time, in vectors: arrays over bins are LANES longer than there may be bins. */
enum { LANES = 8, ROOM = BINS_MAX + LANES };

/* The shares p_b of one pixel, b from `first` to `last`, times `sum`; LANES zeros behind them. */
typedef struct shares {
    int first, last;
    double sum;
    double of[ROOM];
} shares;

/* From the nearest bin outwards, each kernel value is the last one times a ratio that itself
 * shrinks by a constant factor: two exponentials a pixel, not one a bin, and nothing underflows
 * where all bins are far away. Both ways at once, as each has to wait for its last value. */
FGF_INLINE void share_out(const histogram *all, double q, shares *out)
{
    const double at = floor((q - all->low) / all->step);
    const int nearest = at >= all->bins - 1 ? all->bins - 1 : at > 0 ? (int)at : 0;
    const double offset = q - (all->low + (nearest + 0.5) * all->step);
    const double per_step = all->step * all->scale;
    const int above = all->bins - 1 - nearest < all->reach ? all->bins - 1 - nearest : all->reach;
    const int below = nearest < all->reach ? nearest : all->reach;
    double up = 1, up_ratio = exp((2 * offset - all->step) * per_step), up_sum = 1;
    double down = 1, down_ratio = exp((-2 * offset - all->step) * per_step), down_sum = 0;
    double *middle = out->of + nearest;
    int k = 1;
    middle[0] = 1;
    for (; k <= above && k <= below; k++) {
        up_sum += middle[k] = up *= up_ratio;
        down_sum += middle[-k] = down *= down_ratio;
        up_ratio *= all->shrink;
        down_ratio *= all->shrink;
    }
    for (int j = k; j <= above; j++, up_ratio *= all->shrink)
        up_sum += middle[j] = up *= up_ratio;
    for (int j = k; j <= below; j++, down_ratio *= all->shrink)
        down_sum += middle[-j] = down *= down_ratio;
    out->first = nearest - below;
    out->last = nearest + above;
    out->sum = up_sum + down_sum;
    for (int j = 1; j <= LANES; j++)
        middle[above + j] = 0;
}

FGF_INLINE double lane_sum(double *lane)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* -1/w^2 sum_b log(P_b) p_ib (s_ib - sum_b' p_ib' s_ib'), with log P_b in `logarithm`. */
FGF_INLINE double slope(const histogram *all, const double *logarithm, double q, shares *share)
{
    double distance[LANES] = {0}, weight[LANES] = {0}, both[LANES] = {0};
    share_out(all, q, share);
    /* Sums of c - q, of log P, and of their product. */
    for (int b = share->first; b <= share->last; b += LANES)
        for (int l = 0; l < LANES; l++) {
            const double of = share->of[b + l], weighted = logarithm[b + l] * of;
            const double apart = all->low + (b + l + 0.5) * all->step - q;
            distance[l] += of * apart;
            weight[l] += weighted;
            both[l] += weighted * apart;
        }
    const double inverse = 1 / share->sum;
    return -2 * all->scale * inverse *
           (lane_sum(both) - inverse * lane_sum(distance) * lane_sum(weight));
}

FGF_CLONES
static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *h, double *gradient)
{
    const histogram all = histogram_of(feature->settings);
    const double count = (double)region->pixel_count;
    double total[ROOM] = {0}, logarithm[ROOM] = {0};
    shares share;
    for (size_t i = 0; i < region->pixel_count; i++) {
        share_out(&all, value[i], &share);
        const double inverse = 1 / share.sum;
        for (int b = share.first; b <= share.last; b += LANES)
            for (int l = 0; l < LANES; l++)
                total[b + l] += share.of[b + l] * inverse;
    }
    *h = 0;
    for (int b = 0; b < all.bins; b++) {
        /* P log P tends to 0 with P, and so do the terms of the gradient. */
        logarithm[b] = total[b] > 0 ? log(total[b] / count) : 0;
        *h -= total[b] / count * logarithm[b];
    }
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = slope(&all, logarithm, value[i], &share) / count;
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_entropy = {.kind = {"entropy",
                                                  "entropy of a histogram with a Gaussian kernel",
                                                  keys, sizeof(entropy_settings)},
                                         .unit = "nats",
                                         .stored_units = true,
                                         .prepare = prepare,
                                         .evaluate = evaluate};
