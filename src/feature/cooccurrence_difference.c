/* Co-occurrence features of the difference k = a - b of a pair's levels; M = their number.
 *
 *     contrast                                 (ACUI)    E k^2
 *     dissimilarity                            (8S9J)    E |k|, also the difference average (TF7R)
 *     inverse difference                       (IB1Z)    E 1 / (1 + |k|)
 *     inverse difference, normalised           (NDRX)    E 1 / (1 + |k| / M)
 *     inverse difference moment                (WF0Z)    E 1 / (1 + k^2)
 *     inverse difference moment, normalised    (1QCO)    E 1 / (1 + k^2 / M^2)
 *     inverse variance                         (E8JP)    E 1 / k^2, pairs with k = 0 counting 0
 *     difference variance                      (D3YU)    E (|k| - E |k|)^2
 *
 * E = sum_ab P_ab. IBSI's M is the number of levels of the region; here it is the key `bins`. All
 * are linear in P but the last, whose gradient is (|k| - E |k|)^2 since E (|k| - E |k|) = 0. */
#include "cooccurrence.h"

#include <stdlib.h>

/* h = sum_k weight[|k|] P(|k|). */
static fgf_undefined weigh(const cooccurrence *matrix, const double *weight, double *h,
                           double *by_joint)
{
    *h = 0;
    for (int a = 0; a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++) {
            const int at = a * matrix->stride + b;
            *h += weight[abs(a - b)] * matrix->joint[at];
            if (by_joint)
                by_joint[at] = weight[abs(a - b)];
        }
    return FGF_UNDEFINED_DEFINED;
}

/* The feature `name` whose weight is `expression` in k = |a - b| and M. */
#define WEIGHTED(name, help, expression)                                                           \
    static fgf_undefined name(const cooccurrence *matrix, double *h, double *by_joint)             \
    {                                                                                              \
        const double M = matrix->bins;                                                             \
        double weight[SOFT_BINS_MAX];                                                              \
        for (double k = 0; k < M; k++)                                                             \
            weight[(int)k] = expression;                                                           \
        return weigh(matrix, weight, h, by_joint);                                                 \
    }                                                                                              \
    COOCCURRENCE_FEATURE(name, help, "1")

WEIGHTED(contrast, "mean squared difference of neighbouring grey levels", k *k);
WEIGHTED(dissimilarity, "mean absolute difference of neighbouring grey levels", k);
WEIGHTED(inverse_difference, "homogeneity: mean of 1 / (1 + difference of grey levels)",
         1 / (1 + k));
WEIGHTED(inverse_difference_normalised, "mean of 1 / (1 + difference of grey levels / bins)",
         1 / (1 + k / M));
WEIGHTED(inverse_difference_moment, "homogeneity: mean of 1 / (1 + squared difference)",
         1 / (1 + k * k));
WEIGHTED(inverse_difference_moment_normalised, "mean of 1 / (1 + squared difference / bins^2)",
         1 / (1 + k * k / (M * M)));
WEIGHTED(inverse_variance, "mean of 1 / squared difference, where grey levels differ",
         k > 0 ? 1 / (k * k) : 0);

static fgf_undefined difference_variance(const cooccurrence *matrix, double *h, double *by_joint)
{
    double mean = 0, weight[SOFT_BINS_MAX];
    for (int a = 0; a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++)
            mean += abs(a - b) * matrix->joint[a * matrix->stride + b];
    for (int k = 0; k < matrix->bins; k++)
        weight[k] = (k - mean) * (k - mean);
    return weigh(matrix, weight, h, by_joint);
}
COOCCURRENCE_FEATURE(difference_variance, "variance of the absolute difference of grey levels",
                     "1");
