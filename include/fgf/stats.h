/* Statistics over cases, all in double. Nothing here is collective.
 *
 * A missing number is a NaN; it is left out, never averaged in. A result that is not defined (no
 * event, one case, nothing left) is NaN: each function says when. Functions that need memory
 * return a status; the others cannot fail. Labels are 1 (event) and 0 (no event); a case with
 * another label or a NaN score is left out. */
#ifndef FGF_STATS_H
#define FGF_STATS_H

#include "fgf/status.h"

#include <stdint.h>

/* ---- Means ---------------------------------------------------------------------------------- */

typedef struct fgf_summary {
    size_t count, missing;  /* finite values; NaN or infinite ones */
    double mean;            /* NaN: count = 0 */
    double sd;              /* divisor count - 1; NaN: count < 2 */
    double least, greatest; /* NaN: count = 0 */
} fgf_summary;

/* Summary of values [n]; two passes. */
fgf_summary fgf_summarize(const double *values, size_t n);

/* Mean of the finite ones of values [n]; NaN: none. */
double fgf_mean(const double *values, size_t n);

/* Quantile p in [0, 1] of ascending values [n] without NaN, linear between order statistics
 * (Hyndman and Fan 1996, type 7). NaN: n = 0. */
double fgf_quantile_sorted(const double *sorted, size_t n, double p);

/* ---- Discrimination ------------------------------------------------------------------------- */

/* Area under the ROC curve: the share of (event, no event) pairs in which the event scores higher,
 * ties count half (Mann and Whitney 1947). Exact counting, time ~ events x others. NaN: no event
 * or no other. */
double fgf_auc(const double *score, const int8_t *label, size_t n);

/* The AUC with its standard error and a two-sided interval of `level` (0.95) after DeLong, DeLong
 * and Clarke-Pearson, Biometrics 44 (1988) 837: auc -/+ z se, cut to [0, 1]. se, low, high are
 * NaN: fewer than two events or two others. An AUC of 0 or 1 has se 0 and an interval of no
 * width: the method's own limit, not certainty. Time ~ n^2. */
void fgf_auc_delong(const double *score, const int8_t *label, size_t n, double level, double *auc,
                    double *low, double *high, double *se);

/* The same, the interval symmetric in logit(auc) with the delta method's se / (auc (1 - auc)) and
 * mapped back: inside (0, 1), better for few events. low, high also NaN: auc = 0 or 1. */
void fgf_auc_delong_logit(const double *score, const int8_t *label, size_t n, double level,
                          double *auc, double *low, double *high, double *se);

/* Youden's threshold (Cancer 3 (1950) 32): the midpoint between neighbouring distinct scores with
 * the greatest index = sensitivity + specificity - 1, "event" being score > threshold; of equal
 * ones the lowest, that is the most sensitive. NaN both: no event, no other, or all scores equal.
 */
fgf_status fgf_youden(const double *score, const int8_t *label, size_t n, double *threshold,
                      double *index) FGF_CHECKED;

/* ---- Against a null ------------------------------------------------------------------------- */

/* Permutation p value (1 + #{draws >= t}) / (m + 1) over draws [m]; NaN draws are left out of both
 * counts. NaN: t is NaN. */
double fgf_rank_p(double t, const double *draws, size_t m);

/* A case's place among its noise scores, (k + u) / (m + 1) with k = #{draws > t} and u in (0, 1):
 * uniform in (0, 1) where t is one more such draw, small where t beats the noise. NaN draws are
 * left out. NaN: t is NaN. */
double fgf_noise_rank(double t, const double *draws, size_t m, double u);

/* q values of Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289: q_(i) = min over k >= i of
 * p_(k) m / k, at most 1. A NaN p is left out of m and stays NaN. q [n] may be p itself. */
fgf_status fgf_benjamini_hochberg(const double *p, size_t n, double *q) FGF_CHECKED;

/* Wilcoxon's signed-rank sums (Biometrics Bulletin 1 (1945) 80) of differences [n]: W+ and W- are
 * the sums of the ranks of |d| over d > 0 and d < 0, mean ranks for ties; d = 0 and NaN are left
 * out. *used = how many are left. */
fgf_status fgf_signed_rank(const double *difference, size_t n, double *plus, double *minus,
                           size_t *used) FGF_CHECKED;

/* Effect size over cases of ranks [n] (fgf_noise_rank): the signed ranks of d = 1/2 - rank, as the
 * rank-biserial correlation (W+ - W-) / (W+ + W-) in [-1, 1] (Kerby 2014); 1 = every case beats its
 * noise, 0 = noise. low and high: percentile bootstrap over cases of two-sided `level`, with
 * `resamples` draws keyed by (seed, key) and by nothing else. It is descriptive: cases share one
 * network, so no p value may be read from it. NaN: no case left; low, high NaN too: one case or
 * resamples = 0. */
fgf_status fgf_signed_rank_effect(const double *rank, size_t n, double level, size_t resamples,
                                  uint64_t seed, uint64_t key, double *effect, double *low,
                                  double *high) FGF_CHECKED;

/* ---- Distributions -------------------------------------------------------------------------- */

/* Standard normal: P(Z <= x) and its inverse; quantile(0), (1) = -/+ infinity, NaN outside. */
double fgf_normal_cdf(double x);
double fgf_normal_quantile(double p);

/* Regularized incomplete beta I_x(a, b), a, b > 0, x in [0, 1], by the continued fraction DLMF
 * 8.17.22; relative error about 1e-12 (1e-10 where a + b is 1e5). NaN: arguments outside. */
double fgf_incomplete_beta(double x, double a, double b);

/* P(X <= x) for X ~ Beta(a, b): I_x(a, b), 0 below 0 and 1 above 1. NaN: a or b not positive. */
double fgf_beta_cdf(double x, double a, double b);

/* A distribution function with its parameters. */
typedef double (*fgf_distribution)(double x, const void *parameters);

/* Kolmogorov-Smirnov distance sup |F_n - F| of sample [n]; NaN values left out. NaN: none left. */
fgf_status fgf_ks_distance(const double *sample, size_t n, fgf_distribution distribution,
                           const void *parameters, double *distance) FGF_CHECKED;

/* P(D >= distance) for n independent draws, Kolmogorov's limit with Stephens' correction (J. R.
 * Stat. Soc. B 32 (1970) 115): good for n > 8. */
double fgf_ks_p(double distance, size_t n);

#endif
