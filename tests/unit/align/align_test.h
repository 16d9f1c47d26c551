/* What the tests of agreement and noise share. */
#ifndef FGF_ALIGN_TEST_H
#define FGF_ALIGN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fgf/align.h"
#include "fgf/memory.h"
#include "fgf/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fgf_align_settings align_defaults = {.rank_tolerance = 1e-6, .vanish = 1e-12};

/* count standard normal numbers of the test's stream a, b. */
static inline void draw_normals(uint64_t a, uint64_t b, fgf_real *out, size_t count)
{
    fgf_stream stream = fgf_stream_open(20240607, FGF_PURPOSE_TEST, a, b);
    for (size_t i = 0; i < count; i++)
        out[i] = (fgf_real)fgf_stream_normal_at(&stream, i);
}

/* The scores of one gradient: a path of one point. */
static inline void score_one(fgf_noise_case *noise, const fgf_real *g, double *square,
                             double *joint)
{
    const double whole = 1;
    fgf_noise_case_score(noise, &align_defaults, g, &whole, 1, square, joint);
}

/* Regularized incomplete beta function I_x(a, b) by its continued fraction (Lentz). */
static inline double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), h = d;
    for (int m = 1; m < 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        h *= d * c;
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-14)
            break;
    }
    return h;
}
static inline double beta_cdf(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x >= 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov distance times sqrt(count) of `sample` (sorted here) from Beta(a, b);
 * exceeds 1.95 with probability 0.001. */
static inline double beta_distance(double *sample, size_t count, double a, double b)
{
    double greatest = 0;
    qsort(sample, count, sizeof *sample, ascending);
    for (size_t i = 0; i < count; i++) {
        double p = beta_cdf(a, b, sample[i]);
        greatest = fmax(greatest,
                        fmax(p - (double)i / (double)count, (double)(i + 1) / (double)count - p));
    }
    return greatest * sqrt((double)count);
}

#endif
