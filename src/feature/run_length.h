/* Grey-level run lengths, IBSI section 3.7 (TP0I), aggregated as "merged" (4 directions in two
 * dimensions, 13 in three, tag IAZD), in soft bins.
 *
 * Along a line of voxels in the region, with the shares p_t = p_tb of bin b (soft_bins.h) and
 * p = 0 beyond the line's ends, the number of runs of level b and length l is
 *
 *     R_bl = sum_s (1 - p_{s-1}) p_s p_{s+1} ... p_{s+l-1} (1 - p_{s+l})
 *
 * summed over the lines of all directions. This is the expected matrix of voxels that each choose
 * a bin by their shares, independently; sum_bl l R_bl = N for each direction, as every voxel is in
 * one run; and as the kernel's width goes to 0 the shares become 0 and 1 and R IBSI's matrix, but
 * for voxels on the border of two bins. So the soft features converge to the hard ones, and their
 * gradient is exact.
 *
 * What it is not: a wide kernel breaks runs. With shares of at most p a soft run of length l counts
 * p^l, so runs in an even region look short unless the width is well below a bin's. With a narrow
 * kernel the gradient lives on voxels near a border of two bins, as the hard matrix changes nowhere
 * else. The default is between the two.
 *
 * For a start s, W_l = (1 - p_{s-1}) p_s ... p_{s+l-1} is a running product, its adjoint
 *
 *     V_l = dh/dW_l = G_bl (1 - p_{s+l}) + p_{s+l} V_{l+1},   G = dh/dR
 *     dh/dp_{s+l} += W_l (V_{l+1} - G_bl),   dh/dp_s += W_0 V_1,   dh/dp_{s-1} -= p_s V_1
 *
 * runs back. Both stop where W is below all rounding, which in the middle of a hard run is at once.
 */
#ifndef FGF_RUN_LENGTH_H
#define FGF_RUN_LENGTH_H

#include "soft_bins.h"

extern const fgf_key run_length_keys[];

typedef struct run_matrix {
    int bins, stride;
    size_t lengths;      /* the longest run there may be */
    double runs, places; /* sum of R; number of voxels, once for each direction */
    const double *count; /* R_bl at [(l - 1) * stride + b - 1]; zero behind `bins` */
} run_matrix;

/* *h and, if by_count is not NULL, by_count = dh/dR, laid out as R. It comes filled with zeros. */
typedef fgf_undefined (*run_statistic)(const run_matrix *matrix, double *h, double *by_count);

/* The `evaluate`, `share` and `work` of all these features: they share R. */
fgf_undefined run_length_evaluate(const fgf_feature *feature, const fgf_region *region,
                                  const double *value, double *work, double *h, double *gradient,
                                  run_statistic statistic);
void run_length_share(const fgf_feature *feature, const fgf_region *region, const double *value,
                      double *work, bool with_gradient);
size_t run_length_work(const fgf_feature *feature, const fgf_region *region);

/* fgf_feature_run_<name> of the statistic <name>. */
#define RUN_LENGTH_FEATURE(name, help, unit_of_h)                                                  \
    static fgf_undefined evaluate_##name(const fgf_feature *feature, const fgf_region *region,     \
                                         const double *value, double *work, double *h,             \
                                         double *gradient)                                         \
    {                                                                                              \
        return run_length_evaluate(feature, region, value, work, h, gradient, name);               \
    }                                                                                              \
    const feature_ops fgf_feature_run_##name = {                                                   \
        .kind = {"run_" #name, help, run_length_keys, sizeof(soft_bins_settings)},                 \
        .unit = unit_of_h,                                                                         \
        .stored_units = true,                                                                      \
        .prepare = soft_bins_prepare,                                                              \
        .work = run_length_work,                                                                   \
        .share = run_length_share,                                                                 \
        .evaluate = evaluate_##name}

#endif
