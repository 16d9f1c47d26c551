#include "align_private.h"

enum { LANES = 8 };

static double tree(const double lane[LANES])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* The two products differ in their types alone. */
#define DEFINE_DOT(name, type)                                                                     \
    double name(const type *restrict a, const type *restrict b, size_t n)                          \
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
DEFINE_DOT(fgf_align_dot, double)
DEFINE_DOT(fgf_align_dot_real, fgf_real)

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
