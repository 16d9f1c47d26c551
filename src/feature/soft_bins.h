/* Soft bins: what histograms, co-occurrence and run lengths share. Each voxel is shared out over
 * the bins by a Gaussian of its distance to their centres c_b, shares adding to 1:
 *
 *     p_ib = exp(-(q_i - c_b)^2 / 2 w^2) / sum_b' (the same)
 *     dp_ib/dq_i = p_ib (s_ib - sum_b' p_ib' s_ib'),   s_ib = (c_b - q_i) / w^2
 *
 * Centres are the middles of `bins` equal bins of [low, high]; an intensity outside belongs to the
 * outermost bin. As w goes to 0 the share of the nearest centre goes to 1: the hard bins, which are
 * those of IBSI's fixed bin size (Q3RU) with its lowest level at `low`. */
#ifndef FGF_SOFT_BINS_H
#define FGF_SOFT_BINS_H

#include "feature_private.h"

#include "fgf/clones.h"

#include <math.h>

enum { SOFT_BINS_MAX = 256 };

/* The settings struct of such a feature begins with this, its keys are these. */
typedef struct soft_bins_settings {
    feature_settings common;
    int64_t bins;
    double low, high, width;
} soft_bins_settings;

#define SOFT_BINS_KEYS(default_width)                                                              \
    FEATURE_CHANNEL_KEY,                                                                           \
        {"bins",                                                                                   \
         FGF_KEY_INTEGER,                                                                          \
         offsetof(soft_bins_settings, bins),                                                       \
         "32",                                                                                     \
         2,                                                                                        \
         SOFT_BINS_MAX,                                                                            \
         NULL,                                                                                     \
         "1",                                                                                      \
         "grey levels: equal bins from low to high"},                                              \
        {"low",                                                                                    \
         FGF_KEY_REAL,                                                                             \
         offsetof(soft_bins_settings, low),                                                        \
         "-50",                                                                                    \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "q",                                                                                      \
         "lower end of the bins, in stored units (HU)"},                                           \
        {"high", FGF_KEY_REAL, offsetof(soft_bins_settings, high),           "300", 0, 0,          \
         NULL,   "q",          "upper end of the bins, in stored units (HU)"},                     \
    {                                                                                              \
        "width", FGF_KEY_REAL, offsetof(soft_bins_settings, width), default_width, 1e-9, 1e9,      \
            NULL, "q",                                                                             \
            "standard deviation of the kernel, in stored units (HU); towards 0 the bins are hard"  \
    }

/* Refuses settings that cannot be; a feature's `prepare`. */
fgf_status soft_bins_prepare(fgf_feature *feature, const fgf_item *item) FGF_CHECKED;

/* What all voxels have in common. */
typedef struct soft_bins {
    int bins, reach; /* bins further than `reach` from the nearest have no share */
    double low, step, scale, shrink;
} soft_bins;

soft_bins soft_bins_of(const soft_bins_settings *settings);

/* Bins at a time, in vectors: arrays over bins are LANES longer than there may be bins. */
enum { LANES = 8, SOFT_BINS_ROOM = SOFT_BINS_MAX + LANES };
typedef double soft_lanes
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

static inline int soft_bins_groups(const soft_bins *all)
{
    return (all->bins + LANES - 1) / LANES;
}

/* The shares p_b of one voxel, b from `first` to `last`, times `sum`; LANES zeros behind them. */
typedef struct soft_share {
    int first, last;
    double sum;
    double of[SOFT_BINS_ROOM];
} soft_share;

/* The bins that a voxel has a share in; *at = the nearest of them. */
FGF_INLINE void soft_bins_window(const soft_bins *all, double q, int *first, int *at, int *last)
{
    const double bin = floor((q - all->low) / all->step);
    const int nearest = bin >= all->bins - 1 ? all->bins - 1 : bin > 0 ? (int)bin : 0;
    *at = nearest;
    *first = nearest < all->reach ? 0 : nearest - all->reach;
    *last = all->bins - 1 - nearest < all->reach ? all->bins - 1 : nearest + all->reach;
}

/* The exponent is not above 0 but for rounding, which a kernel much narrower than a bin blows up.
 */
FGF_INLINE double soft_bins_ratio(double exponent)
{
    return exp(exponent > 0 ? 0 : exponent);
}

/* From the nearest bin outwards, each kernel value is the last one times a ratio that itself
 * shrinks by a constant factor: two exponentials a voxel, not one a bin, and nothing underflows
 * where all bins are far away. Both ways at once, as each has to wait for its last value. */
FGF_INLINE void soft_bins_share(const soft_bins *all, double q, soft_share *out)
{
    int nearest;
    soft_bins_window(all, q, &out->first, &nearest, &out->last);
    const double offset = q - (all->low + (nearest + 0.5) * all->step);
    const double per_step = all->step * all->scale;
    const int above = out->last - nearest, below = nearest - out->first;
    double up = 1, up_ratio = soft_bins_ratio((2 * offset - all->step) * per_step), up_sum = 1;
    double down = 1, down_ratio = soft_bins_ratio((-2 * offset - all->step) * per_step),
           down_sum = 0;
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

/* dh/dq of a voxel from by_share[b] = dh/dp_b and its shares of[b], which are `sum` times p_b:
 *     sum_b by_share_b p_b (s_b - sum_b' p_b' s_b')
 * Both are read from `first` on, a multiple of LANES of them, and shares there are 0 where it has
 * none. */
FGF_INLINE double soft_bins_slope_of(const soft_bins *all, const double *by_share, double q,
                                     const double *of, int first, int last, double sum)
{
    double distance[LANES] = {0}, weight[LANES] = {0}, both[LANES] = {0};
    /* Sums of c - q, of dh/dp, and of their product. */
    for (int b = first; b <= last; b += LANES) {
        double apart[LANES], weighted[LANES];
        for (int l = 0; l < LANES; l++)
            apart[l] = all->low + (b + l + 0.5) * all->step - q;
        for (int l = 0; l < LANES; l++)
            weighted[l] = by_share[b + l] * of[b + l];
        for (int l = 0; l < LANES; l++)
            distance[l] += of[b + l] * apart[l];
        for (int l = 0; l < LANES; l++)
            weight[l] += weighted[l];
        for (int l = 0; l < LANES; l++)
            both[l] += weighted[l] * apart[l];
    }
    const double inverse = 1 / sum;
    return 2 * all->scale * inverse *
           (lane_sum(both) - inverse * lane_sum(distance) * lane_sum(weight));
}

FGF_INLINE double soft_bins_slope(const soft_bins *all, const double *by_share, double q,
                                  const soft_share *share)
{
    return soft_bins_slope_of(all, by_share, q, share->of, share->first, share->last, share->sum);
}

#endif
