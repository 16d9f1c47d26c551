/* Grey-level co-occurrence, IBSI section 3.6 (LFYI), aggregated as "merged" (2-D: 8 neighbours;
 * 3-D: 26, tag IAZD), in soft bins:
 *
 *     P_ab = 1/Z sum over ordered pairs (i, j) of neighbours, both in the region, of p_ia p_jb
 *
 * with the shares p of soft_bins.h and Z the number of such pairs. P is symmetric and its sum is 1.
 * It is the expected matrix of voxels that each choose a bin by their shares, independently, and
 * as the kernel's width goes to 0 it becomes IBSI's matrix. Levels count from 1 as IBSI's do.
 *
 * A feature is a function of P; its gradient goes back through P and the shares:
 *
 *     dh/dp_ia = 2/Z sum_b dh/dP_ab S_ib,   S_ib = sum over i's neighbours j of p_jb
 *
 * so that a voxel costs (bins it has a share in) x bins, and not neighbours x bins x bins. */
#ifndef FGF_COOCCURRENCE_H
#define FGF_COOCCURRENCE_H

#include "soft_bins.h"

typedef struct cooccurrence_settings {
    soft_bins_settings soft;
    int64_t distance;
} cooccurrence_settings;

extern const fgf_key cooccurrence_keys[];

typedef struct cooccurrence {
    int bins, stride;
    const double *joint;                   /* P, [bins][stride]; zero behind `bins` */
    double marginal[SOFT_BINS_ROOM], mean; /* of either voxel of a pair: p_a, and sum_a a p_a */
} cooccurrence;

/* What rounding leaves of the variance, or of the entropy in nats, of the levels of one level. */
static const double cooccurrence_one_level = 1e-12;

/* *h and, if by_joint is not NULL, by_joint[a * stride + b] = dh/dP_ab, which has to be symmetric
 * and is known up to a constant, as the sum of P does not change. It comes filled with zeros. */
typedef fgf_undefined (*cooccurrence_statistic)(const cooccurrence *matrix, double *h,
                                                double *by_joint);

/* The `evaluate`, `share` and `work` of all these features: they share P. */
fgf_undefined cooccurrence_evaluate(const fgf_feature *feature, const fgf_region *region,
                                    const double *value, double *work, double *h, double *gradient,
                                    cooccurrence_statistic statistic);
void cooccurrence_share(const fgf_feature *feature, const fgf_region *region, const double *value,
                        double *work, bool with_gradient);
size_t cooccurrence_work(const fgf_feature *feature, const fgf_region *region);

/* fgf_feature_cooccurrence_<name> of the statistic <name>. */
#define COOCCURRENCE_FEATURE(name, help, unit_of_h)                                                \
    static fgf_undefined evaluate_##name(const fgf_feature *feature, const fgf_region *region,     \
                                         const double *value, double *work, double *h,             \
                                         double *gradient)                                         \
    {                                                                                              \
        return cooccurrence_evaluate(feature, region, value, work, h, gradient, name);             \
    }                                                                                              \
    const feature_ops fgf_feature_cooccurrence_##name = {                                          \
        .kind = {"cooccurrence_" #name, help, cooccurrence_keys, sizeof(cooccurrence_settings)},   \
        .unit = unit_of_h,                                                                         \
        .stored_units = true,                                                                      \
        .prepare = soft_bins_prepare,                                                              \
        .work = cooccurrence_work,                                                                 \
        .share = cooccurrence_share,                                                               \
        .evaluate = evaluate_##name}

#endif
