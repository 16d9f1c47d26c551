#include "fgf/kernel.h"

#include "clones.h"
#include "lanes.h"

#include <math.h>
#include <string.h>

#ifdef FGF_REAL_DOUBLE
#define TANH tanh
#define ERFC erfc
#define FABS fabs
#else
#define TANH tanhf
#define ERFC erfcf
#define FABS fabsf
#endif

/* exp(x) and log(1 + e) for x <= 0 and 0 <= e <= 1, what sigmoid and softplus need. In float they
 * are our own, because a loop over the library's cannot be vectorised; both within 2e-7 relative.
 */
#ifdef FGF_REAL_DOUBLE
FGF_INLINE fgf_real exp_negative(fgf_real x)
{
    return exp(x);
}
FGF_INLINE fgf_real log_one_plus(fgf_real e)
{
    return log1p(e);
}
#else
FGF_INLINE fgf_real exp_negative(fgf_real x)
{
    /* x = n log 2 + r, |r| <= log(2) / 2; adding 1.5 * 2^23 rounds. Below -87 exp leaves the normal
     * numbers: it stays there at 1e-38. A NaN stays one: it passes through r. */
    const fgf_real low = x < -87.0f ? -87.0f : x;
    const fgf_real n = (low * 1.44269504f + 12582912.0f) - 12582912.0f;
    const fgf_real r = (low - n * 0.693359375f) - n * -2.12194440e-4f;
    const fgf_real series =
        1 + r * (1 + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r / 720)))));
    const int32_t bits = ((int32_t)(n == n ? n : 0) + 127) * (1 << 23);
    fgf_real power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

FGF_INLINE fgf_real log_one_plus(fgf_real e)
{
    /* 2 artanh(s), s = e / (2 + e) <= 1 / 3. */
    const fgf_real s = e / (2 + e), q = s * s;
    const fgf_real series =
        1.0f / 3 +
        q * (1.0f / 5 + q * (1.0f / 7 + q * (1.0f / 9 + q * (1.0f / 11 + q * (1.0f / 13)))));
    return 2 * s + 2 * s * q * series;
}
#endif

/* sigma, sigma' and sigma'' at a point. */
typedef struct jet {
    fgf_real value, first, second;
} jet;

FGF_INLINE fgf_real sigmoid(fgf_real z)
{
    /* exp of a negative number only: it cannot overflow. */
    const fgf_real e = exp_negative(-FABS(z));
    return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

FGF_INLINE jet leaky(fgf_real z, fgf_real slope)
{
    const jet j = {z > 0 ? z : slope * z, z > 0 ? 1 : slope, 0};
    return j;
}

FGF_INLINE jet softplus(fgf_real z, fgf_real unused)
{
    (void)unused;
    const fgf_real s = sigmoid(z);
    const jet j = {(z > 0 ? z : 0) + log_one_plus(exp_negative(-FABS(z))), s, s * (1 - s)};
    return j;
}

FGF_INLINE jet silu(fgf_real z, fgf_real unused)
{
    (void)unused;
    const fgf_real s = sigmoid(z), ds = s * (1 - s);
    const jet j = {z * s, s + z * ds, ds * (2 + z * (1 - 2 * s))};
    return j;
}

FGF_INLINE jet gelu(fgf_real z, fgf_real unused)
{
    (void)unused;
    const fgf_real root_half = (fgf_real)0.70710678118654752440;
    const fgf_real root_two_pi_inverse = (fgf_real)0.39894228040143267794;
    const fgf_real area = (fgf_real)0.5 * ERFC(-z * root_half);
    const fgf_real density = root_two_pi_inverse * exp_negative(-(fgf_real)0.5 * z * z);
    const jet j = {z * area, area + z * density, density * (2 - z * z)};
    return j;
}

FGF_INLINE jet hyperbolic_tangent(fgf_real z, fgf_real unused)
{
    (void)unused;
    const fgf_real y = TANH(z), dy = 1 - y * y;
    const jet j = {y, dy, -2 * y * dy};
    return j;
}

#define EACH_ACTIVATION(X)                                                                         \
    X(LEAKY, leaky)                                                                                \
    X(SOFTPLUS, softplus)                                                                          \
    X(SILU, silu)                                                                                  \
    X(GELU, gelu)                                                                                  \
    X(TANH, hyperbolic_tangent)

FGF_CLONES
void fgf_activation_forward(fgf_activation kind, fgf_real slope, size_t n, const fgf_real *z,
                            fgf_real *y)
{
#define FORWARD(NAME, function)                                                                    \
    case FGF_ACTIVATION_##NAME:                                                                    \
        for (size_t i = 0; i < n; i++)                                                             \
            y[i] = function(z[i], slope).value;                                                    \
        break;
    switch (kind) {
        EACH_ACTIVATION(FORWARD)
    }
}

FGF_CLONES
void fgf_activation_derivative(fgf_activation kind, fgf_real slope, size_t n, const fgf_real *z,
                               const fgf_real *in, fgf_real *out)
{
#define DERIVATIVE(NAME, function)                                                                 \
    case FGF_ACTIVATION_##NAME:                                                                    \
        for (size_t i = 0; i < n; i++)                                                             \
            out[i] = function(z[i], slope).first * in[i];                                          \
        break;
    switch (kind) {
        EACH_ACTIVATION(DERIVATIVE)
    }
}

FGF_CLONES
void fgf_activation_second(fgf_activation kind, fgf_real slope, size_t n, const fgf_real *z,
                           const fgf_real *t, const fgf_real *p, const fgf_real *r_out,
                           fgf_real *r_in)
{
#define SECOND(NAME, function)                                                                     \
    case FGF_ACTIVATION_##NAME:                                                                    \
        for (size_t i = 0; i < n; i++) {                                                           \
            const jet j = function(z[i], slope);                                                   \
            r_in[i] = j.first * r_out[i] + j.second * (t[i] * p[i]);                               \
        }                                                                                          \
        break;
    switch (kind) {
        EACH_ACTIVATION(SECOND)
    }
}

/* ---- a value a channel ---- */

FGF_CLONES
void fgf_prelu_forward(size_t pixels, int channels, const fgf_real *slope, const fgf_real *z,
                       fgf_real *y)
{
    for (size_t i = 0; i < pixels; i++, z += channels, y += channels)
        for (int c = 0; c < channels; c++)
            y[c] = z[c] > 0 ? z[c] : slope[c] * z[c];
}

FGF_CLONES
void fgf_prelu_derivative(size_t pixels, int channels, const fgf_real *slope, const fgf_real *z,
                          const fgf_real *in, fgf_real *out)
{
    for (size_t i = 0; i < pixels; i++, z += channels, in += channels, out += channels)
        for (int c = 0; c < channels; c++)
            out[c] = (z[c] > 0 ? (fgf_real)1 : slope[c]) * in[c];
}

/* Pixels summed in fgf_real before they join the double sum. */
enum { BLOCK = 64 };

FGF_INLINE size_t block_end(size_t first, size_t pixels)
{
    return first + BLOCK < pixels ? first + BLOCK : pixels;
}

/* total[FGF_LANES] of q v where z <= 0, or of q alone where z is NULL. */
FGF_INLINE void sum_lanes(size_t pixels, int channels, const fgf_real *z, const fgf_real *q,
                          const fgf_real *v, double *total)
{
    const size_t pitch = (size_t)channels;
    const fgf_lanes zero = {0};
    for (size_t first = 0; first < pixels; first += BLOCK) {
        /* Two chains of additions, so that one need not wait for the other. */
        fgf_lanes sum[2] = {zero, zero};
        for (size_t i = first; i < block_end(first, pixels); i++) {
            const size_t at = i * pitch;
            const fgf_lanes term = z ? FGF_LOAD(q + at) * FGF_LOAD(v + at) : FGF_LOAD(q + at);
            sum[i % 2] += z ? FGF_SELECT(FGF_LOAD(z + at) > zero, zero, term) : term;
        }
        sum[0] += sum[1];
        for (int c = 0; c < FGF_LANES; c++)
            total[c] += (double)sum[0][c];
    }
}

/* The same for one channel. */
FGF_INLINE double sum_channel(size_t pixels, int channels, const fgf_real *z, const fgf_real *q,
                              const fgf_real *v)
{
    const size_t pitch = (size_t)channels;
    double total = 0;
    for (size_t first = 0; first < pixels; first += BLOCK) {
        fgf_real sum = 0;
        for (size_t i = first * pitch; i < block_end(first, pixels) * pitch; i += pitch)
            sum += z ? (z[i] > 0 ? (fgf_real)0 : q[i] * v[i]) : q[i];
        total += (double)sum;
    }
    return total;
}

FGF_CLONES
void fgf_prelu_slopes(size_t pixels, int channels, const fgf_real *z, const fgf_real *q,
                      const fgf_real *v, fgf_real *dslope)
{
    int c = 0;
    for (; c + FGF_LANES <= channels; c += FGF_LANES) {
        double total[FGF_LANES] = {0};
        sum_lanes(pixels, channels, z + c, q + c, v + c, total);
        for (int j = 0; j < FGF_LANES; j++)
            dslope[c + j] += (fgf_real)total[j];
    }
    for (; c < channels; c++)
        dslope[c] += (fgf_real)sum_channel(pixels, channels, z + c, q + c, v + c);
}

FGF_CLONES
void fgf_channel_sums(size_t pixels, int channels, fgf_real scale, const fgf_real *x, fgf_real *sum)
{
    int c = 0;
    for (; c + FGF_LANES <= channels; c += FGF_LANES) {
        double total[FGF_LANES] = {0};
        sum_lanes(pixels, channels, NULL, x + c, NULL, total);
        for (int j = 0; j < FGF_LANES; j++)
            sum[c + j] += (fgf_real)((double)scale * total[j]);
    }
    for (; c < channels; c++)
        sum[c] += (fgf_real)((double)scale * sum_channel(pixels, channels, NULL, x + c, NULL));
}

FGF_CLONES
void fgf_scale_add(size_t n, fgf_real alpha, const fgf_real *x, const fgf_real *z, fgf_real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = alpha * x[i] + z[i];
}
