/* Co-occurrence features that are moments of a pair's levels a and b, with u their common mean
 * and E = sum_ab P_ab.
 *
 *     joint average       (60VM)  u = E a; the sum average (ZGXS) is twice as much
 *     joint variance      (UR99)  E (a - u)^2
 *     autocorrelation     (QWB0)  E a b
 *     correlation         (NI2N)  E (a - u) (b - u) / E (a - u)^2
 *     cluster tendency    (DG8W)  E (a + b - 2u)^2, which is also the sum variance (OEEB)
 *     cluster shade       (7NFM)  E (a + b - 2u)^3
 *     cluster prominence  (AE86)  E (a + b - 2u)^4
 *
 * Gradients in P are symmetrised, a standing for (a + b) / 2; du/dP_ab = (a + b) / 2. */
#include "cooccurrence.h"

/* A function of the pair's levels and u. */
typedef double pair_weight(double a, double b, double u);

static double mean_of(const cooccurrence *matrix, pair_weight *weight)
{
    double mean = 0;
    for (int a = 0; a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++)
            mean += matrix->joint[a * matrix->stride + b] * weight(a + 1, b + 1, matrix->mean);
    return mean;
}

/* What rounding leaves of E (a - u). */
static double residual(double a, double b, double u)
{
    return 0.5 * ((a - u) + (b - u));
}

/* h = E weight, which is by_mean = dh/du steep in u, and so freed of u's rounding;
 * its gradient: weight + by_mean (a + b) / 2. */
static fgf_undefined weigh(const cooccurrence *matrix, pair_weight *weight, double by_mean,
                           double *h, double *by_joint)
{
    *h = mean_of(matrix, weight) + by_mean * mean_of(matrix, residual);
    for (int a = 0; by_joint && a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++)
            by_joint[a * matrix->stride + b] =
                weight(a + 1, b + 1, matrix->mean) + by_mean * 0.5 * (a + b);
    return FGF_UNDEFINED_DEFINED;
}

static double average(double a, double b, double u)
{
    (void)u;
    return 0.5 * (a + b);
}
static double product(double a, double b, double u)
{
    (void)u;
    return a * b;
}
static double covariance(double a, double b, double u)
{
    return (a - u) * (b - u);
}
static double square(double a, double b, double u)
{
    return 0.5 * ((a - u) * (a - u) + (b - u) * (b - u));
}
static double sum_square(double a, double b, double u)
{
    return (a + b - 2 * u) * (a + b - 2 * u);
}
static double sum_cube(double a, double b, double u)
{
    return (a + b - 2 * u) * sum_square(a, b, u);
}
static double sum_fourth(double a, double b, double u)
{
    return sum_square(a, b, u) * sum_square(a, b, u);
}

static fgf_undefined joint_average(const cooccurrence *matrix, double *h, double *by_joint)
{
    return weigh(matrix, average, 0, h, by_joint);
}
COOCCURRENCE_FEATURE(joint_average, "mean grey level of neighbouring voxels", "1");

static fgf_undefined joint_variance(const cooccurrence *matrix, double *h, double *by_joint)
{
    return weigh(matrix, square, 0, h, by_joint);
}
COOCCURRENCE_FEATURE(joint_variance, "variance of the grey level of neighbouring voxels", "1");

static fgf_undefined autocorrelation(const cooccurrence *matrix, double *h, double *by_joint)
{
    return weigh(matrix, product, 0, h, by_joint);
}
COOCCURRENCE_FEATURE(autocorrelation, "mean product of neighbouring grey levels", "1");

static fgf_undefined correlation(const cooccurrence *matrix, double *h, double *by_joint)
{
    const double variance = mean_of(matrix, square), u = matrix->mean;
    if (variance <= cooccurrence_one_level)
        return FGF_UNDEFINED_ZERO_VARIANCE;
    *h = mean_of(matrix, covariance) / variance;
    for (int a = 0; by_joint && a < matrix->bins; a++)
        for (int b = 0; b < matrix->bins; b++)
            by_joint[a * matrix->stride + b] =
                (covariance(a + 1, b + 1, u) - *h * square(a + 1, b + 1, u)) / variance;
    return FGF_UNDEFINED_DEFINED;
}
COOCCURRENCE_FEATURE(correlation, "correlation of neighbouring grey levels", "1");

static fgf_undefined cluster_tendency(const cooccurrence *matrix, double *h, double *by_joint)
{
    return weigh(matrix, sum_square, 0, h, by_joint);
}
COOCCURRENCE_FEATURE(cluster_tendency, "second moment of the sum of neighbouring grey levels", "1");

static fgf_undefined cluster_shade(const cooccurrence *matrix, double *h, double *by_joint)
{
    return weigh(matrix, sum_cube, -6 * mean_of(matrix, sum_square), h, by_joint);
}
COOCCURRENCE_FEATURE(cluster_shade, "third moment of the sum of neighbouring grey levels", "1");

static fgf_undefined cluster_prominence(const cooccurrence *matrix, double *h, double *by_joint)
{
    return weigh(matrix, sum_fourth, -8 * mean_of(matrix, sum_cube), h, by_joint);
}
COOCCURRENCE_FEATURE(cluster_prominence, "fourth moment of the sum of neighbouring grey levels",
                     "1");
