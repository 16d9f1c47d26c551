#include "align_private.h"

enum { LANES = 8 };

static double tree(const double lane[LANES])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* The three products differ in their types alone. */
#define DEFINE_DOT(name, type_a, type_b)                                                           \
    double name(const type_a *restrict a, const type_b *restrict b, size_t n)                      \
    {                                                                                              \
        double lane[LANES] = {0};                                                                  \
        size_t i = 0;                                                                              \
        for (; i + LANES <= n; i += LANES)                                                         \
            for (size_t l = 0; l < LANES; l++)                                                     \
                lane[l] += (double)a[i + l] * (double)b[i + l];                                    \
        for (size_t l = 0; i < n; i++, l++)                                                        \
            lane[l] += (double)a[i] * (double)b[i];                                                \
        return tree(lane);                                                                         \
    }
DEFINE_DOT(fgf_align_dot, double, double)
DEFINE_DOT(fgf_align_dot_map, float, double)
DEFINE_DOT(fgf_align_dot_maps, float, float)

double fgf_align_reduce(double *restrict a, const double *restrict w, double factor, size_t n)
{
    double lane[LANES] = {0};
    size_t i = 1;
    a[0] -= factor * w[0];
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            double left = a[i + l] - factor * w[i + l];
            a[i + l] = left;
            lane[l] += left * left;
        }
    for (size_t l = 0; i < n; i++, l++) {
        a[i] -= factor * w[i];
        lane[l] += a[i] * a[i];
    }
    return tree(lane);
}
