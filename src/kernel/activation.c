#include "fgf/kernel.h"

#include "clones.h"
#include "smooth.h"

/* sigma, sigma' and sigma'' at a point. What a caller does not read is not computed. In float
 * the error is within 4 epsilon of the sum of the terms' magnitudes; at -inf and +inf the limits.
 */
typedef struct jet {
    fgf_real value, first, second;
} jet;

/* z, but nowhere so great that its product with a 0 is not 0. */
FGF_INLINE fgf_real bounded(fgf_real z)
{
    const fgf_real below = z > far_out ? far_out : z;
    return below < -far_out ? -far_out : below;
}

FGF_INLINE jet leaky(fgf_real z, fgf_real slope)
{
    const jet j = {z > 0 ? z : slope * z, z > 0 ? 1 : slope, 0};
    return j;
}

/* With e = exp(-|z|): sigmoid(|z|) = 1 / (1 + e), sigmoid' = e / (1 + e)^2 on both sides. */
FGF_INLINE jet softplus(fgf_real z, fgf_real unused)
{
    (void)unused;
    const fgf_real e = exp_negative(-magnitude(z)).value, s = 1 / (1 + e);
    const jet j = {(z > 0 ? z : 0) + log_one_plus(e), z >= 0 ? s : e * s, e * s * s};
    return j;
}

FGF_INLINE jet silu(fgf_real z, fgf_real unused)
{
    (void)unused;
    const fgf_real e = exp_negative(-magnitude(z)).value, inverse = 1 / (1 + e);
    const fgf_real s = z >= 0 ? inverse : e * inverse, ds = e * inverse * inverse;
    const fgf_real near = bounded(z), odd = magnitude(near) * (1 - e) * inverse; /* z (2 s - 1) */
    const jet j = {(z > 0 ? z : near) * s, s + near * ds, ds * (2 - odd)};
    return j;
}

FGF_INLINE jet gelu(fgf_real z, fgf_real unused)
{
    (void)unused;
    const fgf_real near = bounded(z);
    const normal n = normal_tail(magnitude(near));
    const fgf_real area = z >= 0 ? 1 - n.tail : n.tail;
    const jet j = {(z > 0 ? z : near) * area, area + near * n.density,
                   n.density * (2 - near * near)};
    return j;
}

/* With e = exp(-2 |z|): tanh |z| = (1 - e) / (1 + e), tanh' = 4 e / (1 + e)^2. */
FGF_INLINE jet hyperbolic_tangent(fgf_real z, fgf_real unused)
{
    (void)unused;
    const exponential e = exp_negative(-2 * magnitude(z));
    const fgf_real inverse = 1 / (1 + e.value);
    const fgf_real y = with_sign(-e.less_one * inverse, z), dy = 4 * e.value * inverse * inverse;
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

/* ---- a value a channel ----
 *
 * Several pixels make one row, so that few channels do not mean short loops. */

enum {
    WIDE = 512,  /* values of a row */
    BLOCK = 128, /* rows summed in fgf_real before they join the double sum */
    STEP = 4     /* rows at a time */
};

/* How many of the pixels make a row. */
FGF_INLINE size_t pixels_of_row(size_t pixels, size_t channels)
{
    const size_t fit = channels < WIDE ? WIDE / channels : 1;
    return fit < pixels ? fit : pixels > 0 ? pixels : 1;
}

/* The slopes of a row: `slope` as often as there are pixels in it. */
FGF_INLINE const fgf_real *repeat(size_t times, size_t channels, const fgf_real *slope,
                                  fgf_real *row)
{
    if (times == 1)
        return slope;
    for (size_t i = 0; i < times * channels; i++)
        row[i] = i < channels ? slope[i] : row[i - channels];
    return row;
}

FGF_INLINE void prelu_row(size_t n, const fgf_real *slope, const fgf_real *z, fgf_real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = z[i] > 0 ? z[i] : slope[i] * z[i];
}

FGF_CLONES
void fgf_prelu_forward(size_t pixels, int channels, const fgf_real *slope, const fgf_real *z,
                       fgf_real *y)
{
    fgf_real row[WIDE];
    const size_t width = (size_t)channels, size = pixels * width;
    const size_t times = pixels_of_row(pixels, width), step = times * width;
    const fgf_real *slopes = repeat(times, width, slope, row);
    for (size_t i = 0; i < size; i += step)
        prelu_row(size - i < step ? size - i : step, slopes, z + i, y + i);
}

FGF_INLINE void prelu_derivative_row(size_t n, const fgf_real *slope, const fgf_real *z,
                                     const fgf_real *in, fgf_real *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (z[i] > 0 ? (fgf_real)1 : slope[i]) * in[i];
}

FGF_CLONES
void fgf_prelu_derivative(size_t pixels, int channels, const fgf_real *slope, const fgf_real *z,
                          const fgf_real *in, fgf_real *out)
{
    fgf_real row[WIDE];
    const size_t width = (size_t)channels, size = pixels * width;
    const size_t times = pixels_of_row(pixels, width), step = times * width;
    const fgf_real *slopes = repeat(times, width, slope, row);
    for (size_t i = 0; i < size; i += step)
        prelu_derivative_row(size - i < step ? size - i : step, slopes, z + i, in + i, out + i);
}

/* What is summed: q v where z <= 0, or q alone where z is NULL. */
typedef struct terms {
    const fgf_real *z, *q, *v;
} terms;

FGF_INLINE fgf_real term(const terms *t, size_t i)
{
    if (!t->z)
        return t->q[i];
    const fgf_real product = t->q[i] * t->v[i]; /* in any case: a loop without a branch */
    return t->z[i] > 0 ? 0 : product;
}

/* total[j] += the terms j, j + pitch, ... of `rows` rows, j < width <= WIDE. */
FGF_INLINE void sum_rows(size_t rows, size_t pitch, size_t width, const terms *given,
                         double *restrict total)
{
    const terms t = *given;
    fgf_real sum[WIDE];
    for (size_t first = 0; first < rows; first += BLOCK) {
        const size_t end = first + BLOCK < rows ? first + BLOCK : rows;
        size_t r = first;
        for (size_t j = 0; j < width; j++)
            sum[j] = 0;
        for (; r + STEP <= end; r += STEP)
            for (size_t j = 0; j < width; j++) {
                const size_t at = r * pitch + j;
                sum[j] += (term(&t, at) + term(&t, at + pitch)) +
                          (term(&t, at + 2 * pitch) + term(&t, at + 3 * pitch));
            }
        for (; r < end; r++)
            for (size_t j = 0; j < width; j++)
                sum[j] += term(&t, r * pitch + j);
        for (size_t j = 0; j < width; j++)
            total[j] += (double)sum[j];
    }
}

/* sum[channel] += scale * sum over pixels of the terms. */
FGF_INLINE void sum_pixels(size_t pixels, size_t channels, double scale, const terms *t,
                           fgf_real *sum)
{
    double total[WIDE];
    const size_t times = pixels_of_row(pixels, channels), rows = pixels / times;
    for (size_t first = 0; first < channels; first += WIDE) {
        const size_t some = channels - first < WIDE ? channels - first : WIDE;
        const size_t rest = rows * times * channels + first;
        const terms here = {t->z ? t->z + first : NULL, t->q + first, t->v ? t->v + first : NULL};
        const terms last = {t->z ? t->z + rest : NULL, t->q + rest, t->v ? t->v + rest : NULL};
        for (size_t j = 0; j < times * some; j++)
            total[j] = 0;
        sum_rows(rows, times * channels, times * some, &here, total);
        sum_rows(1, 0, (pixels - rows * times) * some, &last, total);
        for (size_t j = some; j < times * some; j++)
            total[j % some] += total[j];
        for (size_t j = 0; j < some; j++)
            sum[first + j] += (fgf_real)(scale * total[j]);
    }
}

FGF_CLONES
void fgf_prelu_slopes(size_t pixels, int channels, const fgf_real *z, const fgf_real *q,
                      const fgf_real *v, fgf_real *dslope)
{
    sum_pixels(pixels, (size_t)channels, 1, &(const terms){z, q, v}, dslope);
}

FGF_CLONES
void fgf_channel_sums(size_t pixels, int channels, fgf_real scale, const fgf_real *x, fgf_real *sum)
{
    sum_pixels(pixels, (size_t)channels, (double)scale, &(const terms){NULL, x, NULL}, sum);
}

FGF_CLONES
void fgf_scale_add(size_t n, fgf_real alpha, const fgf_real *x, const fgf_real *z, fgf_real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = alpha * x[i] + z[i];
}
