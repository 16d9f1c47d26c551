#include "align_private.h"

#include "fgf/clones.h"

enum { LANES = 16 };

FGF_INLINE double pairwise(double *lane)
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* The two products differ in their types alone. */
#define DEFINE_DOT(name, type)                                                                     \
    FGF_CLONES                                                                                     \
    double name(const type *restrict a, const type *restrict b, size_t n)                          \
    {                                                                                              \
        double lane[LANES] = {0};                                                                  \
        const size_t whole = n - n % LANES;                                                        \
        for (size_t i = 0; i < whole; i += LANES)                                                  \
            for (size_t l = 0; l < LANES; l++)                                                     \
                lane[l] += (double)a[i + l] * (double)b[i + l];                                    \
        for (size_t i = whole; i < n; i++)                                                         \
            lane[i - whole] += (double)a[i] * (double)b[i];                                        \
        return pairwise(lane);                                                                     \
    }
DEFINE_DOT(fgf_align_dot, double)
DEFINE_DOT(fgf_align_dot_real, fgf_real)

FGF_CLONES
double fgf_align_reduce(double *restrict a, const double *restrict w, double factor, size_t n)
{
    double lane[LANES] = {0};
    const size_t whole = n > 0 ? 1 + (n - 1) / LANES * LANES : 0;
    if (n > 0)
        a[0] -= factor * w[0];
    for (size_t i = 1; i < whole; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            const double left = a[i + l] - factor * w[i + l];
            a[i + l] = left;
            lane[l] += left * left;
        }
    for (size_t i = whole; i < n; i++) {
        a[i] -= factor * w[i];
        lane[i - whole] += a[i] * a[i];
    }
    return pairwise(lane);
}
