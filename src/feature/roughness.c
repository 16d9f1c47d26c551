/* Roughness by the variogram: mean squared differences at the distances k = 1, 2, 4, ... voxels,
 *
 *     V_k = mean (q_i - q_j)^2 over pairs k voxels apart along a row, a column or (depth > 1)
 *           through slices, both in the region
 *
 * grow as k^2H for an image like fractional Brownian motion. H is half the slope of log V_k against
 * log k, by least squares with the number of pairs as weight n_k:
 *
 *     hurst_exponent     H = 1/2 sum_k c_k log V_k,   c_k = n_k (t_k - t) / sum n (t_k - t)^2
 *     fractal_dimension  D = 3 - H of a slice's surface, 4 - H of a volume's
 *     dV_k/dq_i = 2 / n_k sum over the pairs of i of (q_i - q_j),   t_k = log k, t their mean
 *
 * H is 1 for a ramp, 1/2 for Brownian motion, 0 for white noise; D the other way about. The
 * variogram estimator: Gneiting, Sevcikova and Percival, Statistical Science 27:247 (2012). Not
 * among IBSI's features. k counts voxels, so that the slope does not depend on the spacing of any
 * axis; which distances in mm it is about does. Undefined where fewer than two k have a pair, and
 * where a V_k is 0. */
#include "neighbours.h"

#include <math.h>

enum { SCALES_MAX = 10 };

typedef struct roughness_settings {
    feature_settings common;
    int64_t scales;
} roughness_settings;

static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"scales", FGF_KEY_INTEGER, offsetof(roughness_settings, scales), "4", 2, SCALES_MAX, NULL, "1",
     "number of distances 1, 2, 4, ... voxels; those that the region is too small for are left "
     "out"},
    {.name = NULL}};

/* Sum of squared differences at one distance, and the number of pairs. With a gradient, adds
 * factor times that of the sum. */
static double add_pairs(const fgf_region *region, const double *value, int distance, size_t *pairs,
                        double factor, double *gradient)
{
    double sum = 0;
    *pairs = 0;
    for (int a = 0; a < 3; a++) {
        neighbour_way way = neighbour_axis(region, a, distance);
        for (size_t i = 0; i < region->pixel_count; i++) {
            const ptrdiff_t j = neighbour_seek(region, &way, neighbour_place_of(region, i));
            if (j < 0)
                continue;
            const double difference = value[j] - value[i];
            sum += difference * difference;
            ++*pairs;
            if (gradient) {
                gradient[j] += 2 * factor * difference;
                gradient[i] -= 2 * factor * difference;
            }
        }
    }
    return sum;
}

/* Weighted least squares: c_k of the slope. */
static void slope_weights(int scales, const size_t *pairs, double *weight)
{
    double total = 0, mean = 0, square = 0;
    for (int s = 0; s < scales; s++) {
        total += (double)pairs[s];
        mean += (double)pairs[s] * s * log(2);
    }
    mean /= total;
    for (int s = 0; s < scales; s++) {
        weight[s] = (double)pairs[s] * (s * log(2) - mean);
        square += weight[s] * (s * log(2) - mean);
    }
    for (int s = 0; s < scales; s++)
        weight[s] /= square;
}

/* H, and sign times its gradient. */
static fgf_undefined find_slope(const fgf_feature *feature, const fgf_region *region,
                                const double *value, double sign, double *h, double *gradient)
{
    const int wanted = (int)((const roughness_settings *)feature->settings)->scales;
    double sum[SCALES_MAX], weight[SCALES_MAX];
    size_t pairs[SCALES_MAX];
    int scales = 0;
    for (; scales < wanted; scales++) {
        sum[scales] = add_pairs(region, value, 1 << scales, &pairs[scales], 0, NULL);
        if (pairs[scales] == 0)
            break;
    }
    if (scales < 2)
        return scales == 0 ? FGF_UNDEFINED_NO_PAIR : FGF_UNDEFINED_FEW_SCALES;
    slope_weights(scales, pairs, weight);
    *h = 0;
    for (int s = 0; s < scales; s++) {
        if (!(sum[s] > 0))
            return isnan(sum[s]) ? FGF_UNDEFINED_NOT_FINITE : FGF_UNDEFINED_ZERO_VARIANCE;
        *h += 0.5 * weight[s] * log(sum[s] / (double)pairs[s]);
    }
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = 0;
    for (int s = 0; gradient && s < scales; s++)
        (void)add_pairs(region, value, 1 << s, &pairs[s], sign * 0.5 * weight[s] / sum[s],
                        gradient);
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined hurst_exponent(const fgf_feature *feature, const fgf_region *region,
                                    const double *value, double *work, double *h, double *gradient)
{
    (void)work;
    return find_slope(feature, region, value, 1, h, gradient);
}

static fgf_undefined fractal_dimension(const fgf_feature *feature, const fgf_region *region,
                                       const double *value, double *work, double *h,
                                       double *gradient)
{
    (void)work;
    const fgf_undefined reason = find_slope(feature, region, value, -1, h, gradient);
    *h = (region->shape.depth > 1 ? 4 : 3) - *h;
    return reason;
}

const feature_ops fgf_feature_hurst_exponent = {
    .kind = {"hurst_exponent", "smoothness: half the slope of log variogram on log distance", keys,
             sizeof(roughness_settings)},
    .unit = "1",
    .stored_units = true,
    .evaluate = hurst_exponent};
const feature_ops fgf_feature_fractal_dimension = {
    .kind = {"fractal_dimension", "roughness: 3 (volumes: 4) less the Hurst exponent", keys,
             sizeof(roughness_settings)},
    .unit = "1",
    .stored_units = true,
    .evaluate = fractal_dimension};
