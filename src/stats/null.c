/* Features against their noise: permutation p values, their correction, and the effect size. */
#include "sort.h"

#include "fgf/memory.h"
#include "fgf/random.h"
#include "fgf/stats.h"

#include <math.h>

double fgf_rank_p(double t, const double *draws, size_t m)
{
    size_t present = 0, reached = 0;
    if (isnan(t))
        return NAN;
    for (size_t i = 0; i < m; i++) {
        present += !isnan(draws[i]);
        reached += draws[i] >= t;
    }
    return (1 + (double)reached) / ((double)present + 1);
}

double fgf_noise_rank(double t, const double *draws, size_t m, double u)
{
    size_t present = 0, above = 0;
    if (isnan(t))
        return NAN;
    for (size_t i = 0; i < m; i++) {
        present += !isnan(draws[i]);
        above += draws[i] > t;
    }
    return ((double)above + u) / ((double)present + 1);
}

fgf_status fgf_benjamini_hochberg(const double *p, size_t n, double *q)
{
    fgf_status status = FGF_OK;
    keyed *items = NULL;
    size_t count = 0;
    double least = 1;
    FGF_TRY(FGF_ALLOCATE(n, &items));
    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            items[count++] = (keyed){p[i], i};
    fgf_stats_sort_keyed(items, count);
    for (size_t i = 0; i < n; i++)
        q[i] = NAN;
    for (size_t k = count; k > 0; k--) {
        least = fmin(least, items[k - 1].value * (double)count / (double)k);
        q[items[k - 1].tag] = least;
    }
done:
    fgf_free(items);
    return status;
}

/* Differences ordered by size, for signed ranks. */
typedef struct signed_order {
    double *size;     /* [count] |d|, ascending */
    bool *positive;   /* [count] */
    size_t *multiple; /* [count] how often each case counts */
    size_t count;
} signed_order;

static void order_clear(signed_order *order)
{
    fgf_free(order->size);
    fgf_free(order->positive);
    fgf_free(order->multiple);
    *order = (signed_order){0};
}

/* Orders the differences that are neither 0 nor NaN, each counting once. */
static fgf_status order_init(signed_order *order, const double *difference, size_t n)
{
    fgf_status status = FGF_OK;
    keyed *items = NULL;
    *order = (signed_order){0};
    FGF_TRY(FGF_ALLOCATE(n, &items));
    FGF_TRY(FGF_ALLOCATE(n, &order->size));
    FGF_TRY(FGF_ALLOCATE(n, &order->positive));
    FGF_TRY(FGF_ALLOCATE(n, &order->multiple));
    for (size_t i = 0; i < n; i++)
        if (difference[i] < 0 || difference[i] > 0)
            items[order->count++] = (keyed){fabs(difference[i]), i};
    fgf_stats_sort_keyed(items, order->count);
    for (size_t k = 0; k < order->count; k++) {
        order->size[k] = items[k].value;
        order->positive[k] = difference[items[k].tag] > 0;
        order->multiple[k] = 1;
    }
done:
    fgf_free(items);
    if (status != FGF_OK)
        order_clear(order);
    return status;
}

/* W+ and W-, each case counted `multiple` times. */
static void sum_ranks(const signed_order *order, double *plus, double *minus)
{
    double before = 0;
    *plus = *minus = 0;
    for (size_t k = 0, end; k < order->count; k = end) {
        double positive = 0, tied = 0;
        for (end = k; end < order->count && order->size[end] == order->size[k]; end++) {
            tied += (double)order->multiple[end];
            positive += order->positive[end] ? (double)order->multiple[end] : 0;
        }
        double rank = before + 0.5 * (tied + 1);
        *plus += positive * rank;
        *minus += (tied - positive) * rank;
        before += tied;
    }
}

fgf_status fgf_signed_rank(const double *difference, size_t n, double *plus, double *minus,
                           size_t *used)
{
    fgf_status status = FGF_OK;
    signed_order order = {0};
    FGF_TRY(order_init(&order, difference, n));
    sum_ranks(&order, plus, minus);
    *used = order.count;
done:
    order_clear(&order);
    return status;
}

static double rank_biserial(const signed_order *order)
{
    double plus, minus;
    sum_ranks(order, &plus, &minus);
    return (plus - minus) / (plus + minus);
}

fgf_status fgf_signed_rank_effect(const double *rank, size_t n, double level, size_t resamples,
                                  uint64_t seed, uint64_t key, double *effect, double *low,
                                  double *high)
{
    fgf_status status = FGF_OK;
    signed_order order = {0};
    double *difference = NULL, *drawn = NULL;
    *effect = *low = *high = NAN;
    FGF_TRY(FGF_ALLOCATE(n, &difference));
    FGF_TRY(FGF_ALLOCATE(resamples, &drawn));
    for (size_t i = 0; i < n; i++)
        difference[i] = 0.5 - rank[i];
    FGF_TRY(order_init(&order, difference, n));
    if (order.count > 0)
        *effect = rank_biserial(&order);
    if (order.count < 2 || resamples == 0)
        goto done;
    for (size_t b = 0; b < resamples; b++) {
        fgf_stream stream = fgf_stream_open(seed, FGF_PURPOSE_BOOTSTRAP, b, key);
        for (size_t k = 0; k < order.count; k++)
            order.multiple[k] = 0;
        for (size_t k = 0; k < order.count; k++)
            order.multiple[fgf_stream_below(&stream, (uint32_t)order.count)]++;
        drawn[b] = rank_biserial(&order);
    }
    fgf_stats_sort(drawn, resamples);
    *low = fgf_quantile_sorted(drawn, resamples, 0.5 - 0.5 * level);
    *high = fgf_quantile_sorted(drawn, resamples, 0.5 + 0.5 * level);
done:
    fgf_free(difference);
    fgf_free(drawn);
    order_clear(&order);
    return status;
}
