#include "soft_quantile.h"

#include <math.h>

/* Where between two widely spaced intensities the sum meets p N is decided by the tails of the
 * sigmoids alone: they are summed by themselves and not as what is missing from ones and zeros, in
 * units of `unit` = exp(-nearest), the largest of them. */
typedef struct tails {
    double nearest; /* least |y - q_i| / w */
    double excess;  /* (sum sigmoid - p N) / unit; infinite where that is far from 0 */
    double slope;   /* its derivative in y, times w */
} tails;

static double nearest_of(const double *value, size_t count, double y, double width)
{
    double nearest = INFINITY;
    for (size_t i = 0; i < count; i++)
        nearest = fmin(nearest, fabs(y - value[i]));
    return nearest / width;
}

static tails tails_at(const double *value, size_t count, double rank, double y, double width)
{
    tails t = {.nearest = nearest_of(value, count, y, width)};
    const double unit = exp(-t.nearest);
    size_t below = 0;
    for (size_t i = 0; i < count; i++) {
        const double away = exp(t.nearest - fabs(y - value[i]) / width);
        const double tail = away / (1 + away * unit);
        t.excess += value[i] > y ? tail : -tail;
        t.slope += tail / (1 + away * unit);
        below += value[i] <= y;
    }
    if ((double)below != rank)
        t.excess += ((double)below - rank) / unit;
    return t;
}

double soft_quantile(const double *value, size_t count, double percent, double width)
{
    const double rank = percent * (double)count / 100, odds = log(percent / (100 - percent));
    double low = value[0], high = value[0], last = INFINITY;
    for (size_t i = 1; i < count; i++) {
        low = fmin(low, value[i]);
        high = fmax(high, value[i]);
    }
    /* If all intensities were the least one, y would be low + w odds, and so on. */
    low += width * odds;
    high += width * odds;
    double y = low + percent / 100 * (high - low);
    for (int turn = 0; turn < 200 && low < high; turn++) {
        const tails t = tails_at(value, count, rank, y, width);
        const double step = -t.excess / t.slope * width;
        const double close = 1e-15 * (fabs(y) + width);
        if (t.excess == 0 || fabs(step) <= close)
            break;
        *(t.excess > 0 ? &high : &low) = y;
        double next = y + step;
        /* Newton's steps come to halve at least; if not, they are all rounding, or far too short as
         * in a gap of many widths. */
        const bool halved = fabs(step) <= last / 2;
        if (!halved && fabs(step) < fmin(1e5 * close, 1e-3 * width))
            break;
        last = fabs(step);
        if (!halved || !(next > low && next < high)) {
            last = (high - low) / 2;
            next = low + last;
        }
        if (next == y)
            break;
        y = next;
        if (last <= close)
            break;
    }
    return y;
}

void soft_quantile_add_gradient(const double *value, size_t count, double width, double y,
                                double factor, double *gradient)
{
    const double nearest = nearest_of(value, count, y, width), unit = exp(-nearest);
    double sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count; i++) {
            const double away = exp(nearest - fabs(y - value[i]) / width);
            const double weight = away / ((1 + away * unit) * (1 + away * unit));
            if (pass == 0)
                sum += weight;
            else
                gradient[i] += factor * weight / sum;
        }
}
