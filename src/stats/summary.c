/* Means that skip what is missing, quantiles, and this folder's sorting. */
#include "sort.h"

#include "fgf/stats.h"

#include <math.h>
#include <stdlib.h>

fgf_summary fgf_summarize(const double *values, size_t n)
{
    fgf_summary s = {.mean = NAN, .sd = NAN, .least = NAN, .greatest = NAN};
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) {
            s.missing++;
            continue;
        }
        s.count++;
        sum += values[i];
        s.least = fmin(s.least, values[i]); /* fmin and fmax pass over a NaN */
        s.greatest = fmax(s.greatest, values[i]);
    }
    if (s.count > 0)
        s.mean = sum / (double)s.count;
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            square += (values[i] - s.mean) * (values[i] - s.mean);
    if (s.count > 1)
        s.sd = sqrt(square / (double)(s.count - 1));
    return s;
}

double fgf_mean(const double *values, size_t n)
{
    return fgf_summarize(values, n).mean;
}

double fgf_quantile_sorted(const double *sorted, size_t n, double p)
{
    if (n == 0 || !(p >= 0 && p <= 1))
        return NAN;
    double place = p * (double)(n - 1);
    size_t below = (size_t)place;
    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

static int compare_keyed(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void fgf_stats_sort_keyed(keyed *items, size_t n)
{
    if (n > 1)
        qsort(items, n, sizeof *items, compare_keyed);
}

void fgf_stats_sort(double *values, size_t n)
{
    if (n > 1)
        qsort(values, n, sizeof *values, compare);
}
