/* Distribution functions, and the distance of a sample from one. */
#include "sort.h"

#include "fgf/memory.h"
#include "fgf/stats.h"

#include <float.h>
#include <math.h>

double fgf_normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

double fgf_normal_quantile(double p)
{
    if (isnan(p) || p < 0 || p > 1)
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    if (p == 0.5)
        return 0;
    /* The lower tail, where the distribution function keeps its relative precision. */
    double tail = p < 0.5 ? p : 1 - p;
    /* A start within 4.5e-4: Abramowitz and Stegun 26.2.23. */
    double t = sqrt(-2 * log(tail));
    double x = (2.515517 + t * (0.802853 + t * 0.010328)) /
                   (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
               t;
    /* Halley's iteration on cdf(x) = tail, with cdf'' = -x cdf': the error is cubed each time. */
    for (int i = 0; i < 3; i++) {
        double density = exp(-0.5 * x * x) / sqrt(2 * acos(-1));
        double newton = (fgf_normal_cdf(x) - tail) / density;
        x -= newton / (1 + 0.5 * x * newton);
    }
    return p < 0.5 ? x : -x;
}

/* The continued fraction DLMF 8.17.22 by Lentz's method; converges fast for x < (a+1)/(a+b+2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = DBL_MIN * 1e10; /* in place of a zero denominator */
    double c = 1, d = 0, value = 1;
    for (int m = 0; m < 100000; m++) {
        double k = m, even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
        double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
        double before = value;
        for (int half = m > 0 ? 0 : 1; half < 2; half++) {
            double term = half ? odd : even;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            value *= c * d;
        }
        if (fabs(value - before) <= DBL_EPSILON * fabs(value))
            break;
    }
    return 1 / value;
}

/* I_x(a, b) for x where the fraction converges fast. */
static double beta_tail(double x, double a, double b)
{
    double front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x);
    return exp(front) / a * beta_fraction(x, a, b);
}

double fgf_incomplete_beta(double x, double a, double b)
{
    if (!(a > 0 && b > 0 && x >= 0 && x <= 1))
        return NAN;
    if (x == 0 || x == 1)
        return x;
    return x <= (a + 1) / (a + b + 2) ? beta_tail(x, a, b) : 1 - beta_tail(1 - x, b, a);
}

double fgf_beta_cdf(double x, double a, double b)
{
    if (!(a > 0 && b > 0) || isnan(x))
        return NAN;
    return fgf_incomplete_beta(fmin(fmax(x, 0), 1), a, b);
}

fgf_status fgf_ks_distance(const double *sample, size_t n, fgf_distribution distribution,
                           const void *parameters, double *distance)
{
    fgf_status status = FGF_OK;
    double *sorted = NULL;
    size_t count = 0;
    *distance = NAN;
    FGF_TRY(FGF_ALLOCATE(n, &sorted));
    for (size_t i = 0; i < n; i++)
        if (!isnan(sample[i]))
            sorted[count++] = sample[i];
    fgf_stats_sort(sorted, count);
    for (size_t i = 0; i < count; i++) {
        double f = distribution(sorted[i], parameters);
        double above = (double)(i + 1) / (double)count - f, below = f - (double)i / (double)count;
        *distance = fmax(*distance, fmax(above, below)); /* fmax passes over the first NaN */
    }
done:
    fgf_free(sorted);
    return status;
}

double fgf_ks_p(double distance, size_t n)
{
    double root = sqrt((double)n), lambda = (root + 0.12 + 0.11 / root) * distance, p = 0;
    if (isnan(distance) || n == 0)
        return NAN;
    if (lambda < 0.2)
        return 1; /* to 1e-12, where the series converges too slowly */
    for (int k = 1; k <= 100; k++)
        p += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * lambda * lambda);
    return fmin(fmax(p, 0), 1);
}
