/* Co-occurrence features of how evenly pairs are spread over P, in nats where IBSI has bits
 * (1 bit = log 2 nats); p_a = sum_b P_ab.
 *
 *     angular second moment      (8ZQL)  sum_ab P_ab^2, also called energy
 *     joint entropy              (TU9B)  H = -sum_ab P_ab log P_ab
 *     difference entropy         (NTRS)  the same of |a - b|
 *     sum entropy                (P6QZ)  the same of a + b
 *     information correlation 1  (R8DG)  -I / H1,   H1 = -sum_a p_a log p_a
 *     information correlation 2  (JN9H)  sqrt(1 - exp(-2 I)),   I in bits, as IBSI has it
 *
 * with the mutual information I = sum_ab P_ab log(P_ab / p_a p_b): IBSI's HXY1 and HXY2 are both
 * H + I where P is symmetric. As a sum of terms none of which is negative,
 *
 *     I = sum_ab p_a p_b ((1 + e) log(1 + e) - e),   1 + e = P_ab / p_a p_b,
 *
 * it keeps its digits where neighbours are nearly independent. Gradients in P leave out constants.
 * A region of one level, H1 = 0 but for rounding, has no information correlation; where I = 0 the
 * second has no gradient. */
#include "cooccurrence.h"

#include <stdlib.h>

/* P log P tends to 0 with P, and so do the terms of the gradient in the intensities. */
static double log_of(double p)
{
    return p > 0 ? log(p) : 0;
}

static fgf_undefined angular_second_moment(const cooccurrence *matrix, double *h, double *by_joint)
{
    *h = 0;
    for (int a = 0; a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++) {
            const double p = matrix->joint[a * matrix->stride + b];
            *h += p * p;
            if (by_joint)
                by_joint[a * matrix->stride + b] = 2 * p;
        }
    return FGF_UNDEFINED_DEFINED;
}
COOCCURRENCE_FEATURE(angular_second_moment, "energy: sum of squares of the co-occurrence matrix",
                     "1");

static fgf_undefined joint_entropy(const cooccurrence *matrix, double *h, double *by_joint)
{
    *h = 0;
    for (int a = 0; a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++) {
            const double p = matrix->joint[a * matrix->stride + b], logarithm = log_of(p);
            *h -= p * logarithm;
            if (by_joint)
                by_joint[a * matrix->stride + b] = -logarithm;
        }
    return FGF_UNDEFINED_DEFINED;
}
COOCCURRENCE_FEATURE(joint_entropy, "entropy of the co-occurrence matrix", "nats");

/* Entropy of |a + sign b|; levels count from 0 here, which changes no entropy. */
static fgf_undefined entropy_along(const cooccurrence *matrix, int sign, double *h,
                                   double *by_joint)
{
    double total[2 * SOFT_BINS_MAX] = {0};
    for (int a = 0; a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++)
            total[abs(a + sign * b)] += matrix->joint[a * matrix->stride + b];
    *h = 0;
    for (int k = 0; k < 2 * matrix->bins; k++) {
        const double logarithm = log_of(total[k]);
        *h -= total[k] * logarithm;
        total[k] = logarithm;
    }
    for (int a = 0; by_joint && a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++)
            by_joint[a * matrix->stride + b] = -total[abs(a + sign * b)];
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined difference_entropy(const cooccurrence *matrix, double *h, double *by_joint)
{
    return entropy_along(matrix, -1, h, by_joint);
}
COOCCURRENCE_FEATURE(difference_entropy, "entropy of the difference of neighbouring grey levels",
                     "nats");

static fgf_undefined sum_entropy(const cooccurrence *matrix, double *h, double *by_joint)
{
    return entropy_along(matrix, 1, h, by_joint);
}
COOCCURRENCE_FEATURE(sum_entropy, "entropy of the sum of neighbouring grey levels", "nats");

/* log(P_ab / p_a p_b), the slope of I in P_ab. */
static double surprise(const cooccurrence *matrix, int a, int b)
{
    const double p = matrix->joint[a * matrix->stride + b];
    const double independent = matrix->marginal[a] * matrix->marginal[b];
    if (!(p > 0 && independent > 0))
        return 0;
    const double excess = (p - independent) / independent;
    return fabs(excess) < 0.5 ? log1p(excess) : log(p / independent);
}

/* I and H1, in nats. */
static void information(const cooccurrence *matrix, double *mutual, double *marginal)
{
    *mutual = *marginal = 0;
    for (int a = 0; a < matrix->bins; a++) {
        *marginal -= matrix->marginal[a] * log_of(matrix->marginal[a]);
        for (int b = 0; b < matrix->bins; b++) {
            const double p = matrix->joint[a * matrix->stride + b];
            const double independent = matrix->marginal[a] * matrix->marginal[b];
            *mutual += p * surprise(matrix, a, b) - (p - independent);
        }
    }
}

/* by_joint from dh/dI and dh/dH1. */
static void information_slopes(const cooccurrence *matrix, double by_mutual, double by_marginal,
                               double *by_joint)
{
    for (int a = 0; by_joint && a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++)
            by_joint[a * matrix->stride + b] =
                by_mutual * surprise(matrix, a, b) -
                0.5 * by_marginal * (log_of(matrix->marginal[a]) + log_of(matrix->marginal[b]));
}

static fgf_undefined information_correlation_1(const cooccurrence *matrix, double *h,
                                               double *by_joint)
{
    double mutual, marginal;
    information(matrix, &mutual, &marginal);
    if (marginal <= cooccurrence_one_level)
        return FGF_UNDEFINED_ZERO_VARIANCE;
    *h = -mutual / marginal;
    information_slopes(matrix, -1 / marginal, mutual / (marginal * marginal), by_joint);
    return FGF_UNDEFINED_DEFINED;
}
COOCCURRENCE_FEATURE(information_correlation_1,
                     "minus the mutual information of neighbours over their entropy", "1");

/* Of I: below this it is the rounding of P, its square root has no meaning and no gradient. */
static const double least_information = 1e-20;

static fgf_undefined information_correlation_2(const cooccurrence *matrix, double *h,
                                               double *by_joint)
{
    double mutual, marginal;
    information(matrix, &mutual, &marginal);
    if (mutual <= least_information)
        return FGF_UNDEFINED_ZERO_VARIANCE;
    const double twice_bits = 2 * mutual / log(2);
    *h = sqrt(-expm1(-twice_bits));
    information_slopes(matrix, exp(-twice_bits) / (*h * log(2)), 0, by_joint);
    return FGF_UNDEFINED_DEFINED;
}
COOCCURRENCE_FEATURE(information_correlation_2,
                     "1 where neighbours determine each other, 0 where they are independent", "1");
