/* Dense layers in an order of summation of their own: BLAS sums a row differently when the number
 * of rows changes, and a case's numbers may not depend on its company. Weights are [in][out]; sums
 * over `in` run k = 0, 1, ... for each output by itself, and vectors run over outputs. */
#include "fgf/kernel.h"

#include "clones.h"

#include <string.h>

enum { CASES = 4, LANES = 16 };

/* y = x W + bias for `cases` rows and `lanes` outputs from `first`. */
FGF_INLINE void forward_tile(int in, int out, int first, int cases, int lanes,
                             const fgf_real *weight, const fgf_real *bias, const fgf_real *x,
                             fgf_real *y)
{
    fgf_real sum[CASES][LANES];
    for (int i = 0; i < cases; i++)
        for (int j = 0; j < lanes; j++)
            sum[i][j] = bias ? bias[first + j] : 0;
    for (int k = 0; k < in; k++) {
        const fgf_real *row = weight + (size_t)k * (size_t)out + first;
        for (int i = 0; i < cases; i++) {
            const fgf_real value = x[(size_t)i * (size_t)in + (size_t)k];
            for (int j = 0; j < lanes; j++)
                sum[i][j] += value * row[j];
        }
    }
    for (int i = 0; i < cases; i++)
        for (int j = 0; j < lanes; j++)
            y[(size_t)i * (size_t)out + (size_t)(first + j)] = sum[i][j];
}

FGF_INLINE void forward_cases(int in, int out, int cases, const fgf_real *weight,
                              const fgf_real *bias, const fgf_real *x, fgf_real *y)
{
    int first = 0;
    for (; first + LANES <= out; first += LANES)
        forward_tile(in, out, first, cases, LANES, weight, bias, x, y);
    if (first < out)
        forward_tile(in, out, first, cases, out - first, weight, bias, x, y);
}

FGF_CLONES
void fgf_dense_forward(int in, int out, int count, const fgf_real *weight, const fgf_real *bias,
                       const fgf_real *x, fgf_real *y)
{
    int i = 0;
    for (; i + CASES <= count; i += CASES)
        forward_cases(in, out, CASES, weight, bias, x + (size_t)i * (size_t)in,
                      y + (size_t)i * (size_t)out);
    for (; i < count; i++)
        forward_cases(in, out, 1, weight, bias, x + (size_t)i * (size_t)in,
                      y + (size_t)i * (size_t)out);
}

/* Sums the lanes pairwise. */
FGF_INLINE fgf_real lane_sum(fgf_real *sum)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            sum[j] += sum[j + half];
    return sum[0];
}

/* dx[., k] = <weight[k], dy> for `cases` rows: lane j sums the outputs j, j + LANES, ... */
FGF_INLINE void backward_cases(int in, int out, int cases, const fgf_real *weight,
                               const fgf_real *dy, fgf_real *dx)
{
    for (int k = 0; k < in; k++) {
        const fgf_real *row = weight + (size_t)k * (size_t)out;
        fgf_real sum[CASES][LANES];
        int o = 0;
        memset(sum, 0, sizeof sum);
        for (; o + LANES <= out; o += LANES)
            for (int i = 0; i < cases; i++)
                for (int j = 0; j < LANES; j++)
                    sum[i][j] += row[o + j] * dy[(size_t)i * (size_t)out + (size_t)(o + j)];
        for (int i = 0; i < cases; i++)
            for (int j = 0; j < out - o; j++)
                sum[i][j] += row[o + j] * dy[(size_t)i * (size_t)out + (size_t)(o + j)];
        for (int i = 0; i < cases; i++)
            dx[(size_t)i * (size_t)in + (size_t)k] = lane_sum(sum[i]);
    }
}

FGF_CLONES
void fgf_dense_backward(int in, int out, int count, const fgf_real *weight, const fgf_real *dy,
                        fgf_real *dx)
{
    int i = 0;
    for (; i + CASES <= count; i += CASES)
        backward_cases(in, out, CASES, weight, dy + (size_t)i * (size_t)out,
                       dx + (size_t)i * (size_t)in);
    for (; i < count; i++)
        backward_cases(in, out, 1, weight, dy + (size_t)i * (size_t)out,
                       dx + (size_t)i * (size_t)in);
}

FGF_CLONES
void fgf_dense_weights(int in, int out, int count, const fgf_real *x, const fgf_real *dy,
                       fgf_real *dweight)
{
    for (int k = 0; k < in; k++) {
        fgf_real *row = dweight + (size_t)k * (size_t)out;
        for (int i = 0; i < count; i++) {
            const fgf_real value = x[(size_t)i * (size_t)in + (size_t)k];
            const fgf_real *adjoint = dy + (size_t)i * (size_t)out;
            for (int o = 0; o < out; o++)
                row[o] += value * adjoint[o];
        }
    }
}
