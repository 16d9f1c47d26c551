/* What a step of training does to the parameters once their gradient is known. */
#include "fgf/kernel.h"

#include "clones.h"

#include <math.h>

enum { LANES = 32 };

/* Interleaved partial sums: one alone would wait for each addition to end. */
FGF_CLONES
double fgf_square_sum(size_t n, const fgf_real *x)
{
    double sum[LANES] = {0};
    const size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            sum[j] += (double)x[i + j] * (double)x[i + j];
    for (size_t i = whole; i < n; i++)
        sum[i - whole] += (double)x[i] * (double)x[i];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            sum[j] += sum[j + half];
    return sum[0];
}

FGF_CLONES
void fgf_scale(size_t n, fgf_real factor, fgf_real *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

FGF_CLONES
void fgf_momentum_step(const fgf_momentum_settings *settings, size_t n,
                       const fgf_real *restrict gradient, fgf_real *restrict velocity,
                       fgf_real *restrict w)
{
    const fgf_momentum_settings s = *settings;
    for (size_t i = 0; i < n; i++) {
        const fgf_real force = gradient[i] + s.decay * w[i];
        const fgf_real moved = s.momentum * velocity[i] + force;
        velocity[i] = moved;
        w[i] -= s.rate * moved;
    }
}

FGF_CLONES
void fgf_adam_step(const fgf_adam_settings *settings, size_t n, const fgf_real *restrict gradient,
                   fgf_real *restrict mean, fgf_real *restrict square, fgf_real *restrict w)
{
    const fgf_adam_settings s = *settings;
    for (size_t i = 0; i < n; i++) {
        const fgf_real force = gradient[i] + s.decay * w[i];
        const fgf_real first = s.beta1 * mean[i] + s.rest1 * force;
        const fgf_real second = s.beta2 * square[i] + s.rest2 * force * force;
        const double scale = sqrt((double)second / s.whole2) + s.epsilon;
        /* Divided in any case, by infinity for nothing: a loop without a branch. */
        const double divisor = scale > 0 ? scale : (double)INFINITY;
        const double change = s.rate * ((double)first / s.whole1) / divisor;
        mean[i] = first;
        square[i] = second;
        w[i] = s.kept * w[i] - (fgf_real)change;
    }
}
