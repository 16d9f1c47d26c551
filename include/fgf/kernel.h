/* The hot loops, on flat pointers. Images are channels last, [depth][height][width][channels], one
 * case a call; no call allocates; where scratch is needed the caller brings it. Each function's
 * result depends on its arguments alone: not on other cases, not on threads, not on the instruction
 * set where only BLAS-free functions are used (one product, one sum, one rounding each). */
#ifndef FGF_KERNEL_H
#define FGF_KERNEL_H

#include "fgf/real.h"
#include "fgf/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One BLAS thread a process, and the instruction set that the environment variable
 * FGF_INSTRUCTION_SET names (portable, avx2, avx512), or the best that the processor has. To be
 * called before any other function here; calling again is free. FGF_USAGE: it names none, or one
 * that the processor lacks. */
FGF_CHECKED fgf_status fgf_kernel_start(void);

/* What the bits of a result depend on beside its inputs: "<BLAS core>/<instruction set>", for
 * instance "SkylakeX/avx512". Static text. */
const char *fgf_kernel_signature(void);

/* ---- matrices, row-major ---- */

/* C [m][n] = alpha op(A) op(B) + beta C, op(A) [m][k], op(B) [k][n]; lda, ldb, ldc the distance
 * from row to row of the arrays as stored. beta = 0 does not read C. BLAS: the bits of a row of C
 * may depend on m. */
void fgf_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, fgf_real alpha,
              const fgf_real *a, int lda, const fgf_real *b, int ldb, fgf_real beta, fgf_real *c,
              int ldc);

/* ---- convolution (cross-correlation, as in PyTorch): what is done with it is in block.h ---- */

/* Axes in the order depth, height, width. Weights are [kd][kh][kw][in][out]. */
typedef struct fgf_convolution {
    fgf_shape input, output;
    int kernel[3], stride[3], padding[3];
} fgf_convolution;

/* The extent of an axis after a window of `kernel` at `stride` over `input` with `padding` zeros at
 * both ends; 0 where the window does not fit. */
int fgf_window_count(int input, int kernel, int stride, int padding);

size_t fgf_convolution_weight_count(const fgf_convolution *convolution);

/* ---- pooling, without padding; what is left over at an axis' end is dropped ---- */

typedef struct fgf_pool {
    fgf_shape input, output;
    int size[3], stride[3];
} fgf_pool;

/* y = greatest of each window; winner (NULL: not wanted) [output size] = its element number in x.
 * Ties go to the first in raster order. A NaN in a window wins. */
void fgf_max_pool_forward(const fgf_pool *pool, const fgf_real *x, fgf_real *y, int32_t *winner);
/* dx = 0, then dx[winner] += dy. */
void fgf_max_pool_scatter(const fgf_pool *pool, const int32_t *winner, const fgf_real *dy,
                          fgf_real *dx);
/* ty = tx[winner]. */
void fgf_max_pool_gather(const fgf_pool *pool, const int32_t *winner, const fgf_real *tx,
                         fgf_real *ty);
void fgf_average_pool_forward(const fgf_pool *pool, const fgf_real *x, fgf_real *y);
void fgf_average_pool_backward(const fgf_pool *pool, const fgf_real *dy, fgf_real *dx);

/* ---- dense: weight [in][out], x [count][in], y [count][out] ----
 * Each element is summed in an order that `count` does not enter: a row's bits are the same alone
 * and in any company. */

/* y = x W + bias (NULL: none). */
void fgf_dense_forward(int in, int out, int count, const fgf_real *weight, const fgf_real *bias,
                       const fgf_real *x, fgf_real *y);
/* dx = dy W^T. */
void fgf_dense_backward(int in, int out, int count, const fgf_real *weight, const fgf_real *dy,
                        fgf_real *dx);
/* dweight += sum over cases, in order, of x (x) dy. */
void fgf_dense_weights(int in, int out, int count, const fgf_real *x, const fgf_real *dy,
                       fgf_real *dweight);

/* ---- elementwise ---- */

typedef enum fgf_activation {
    FGF_ACTIVATION_LEAKY,    /* z > 0 ? z : slope z; ReLU with slope 0; derivative at 0: slope */
    FGF_ACTIVATION_SOFTPLUS, /* log(1 + exp z) */
    FGF_ACTIVATION_SILU,     /* z sigmoid(z) */
    FGF_ACTIVATION_GELU,     /* z Phi(z), the erf form */
    FGF_ACTIVATION_TANH
} fgf_activation;

/* y = sigma(z), n elements. `slope`: LEAKY only. */
void fgf_activation_forward(fgf_activation kind, fgf_real slope, size_t n, const fgf_real *z,
                            fgf_real *y);
/* out = sigma'(z) * in: an adjoint going back, or a tangent going forward. */
void fgf_activation_derivative(fgf_activation kind, fgf_real slope, size_t n, const fgf_real *z,
                               const fgf_real *in, fgf_real *out);
/* r_in = sigma'(z) r_out + sigma''(z) t p: the second backward (t the tangent of z, p the adjoint
 * of sigma(z)). */
void fgf_activation_second(fgf_activation kind, fgf_real slope, size_t n, const fgf_real *z,
                           const fgf_real *t, const fgf_real *p, const fgf_real *r_out,
                           fgf_real *r_in);

/* PReLU, a slope a channel, over [pixels][channels]. */
void fgf_prelu_forward(size_t pixels, int channels, const fgf_real *slope, const fgf_real *z,
                       fgf_real *y);
void fgf_prelu_derivative(size_t pixels, int channels, const fgf_real *slope, const fgf_real *z,
                          const fgf_real *in, fgf_real *out);
/* dslope[channel] += sum over pixels with z <= 0 of q v. */
void fgf_prelu_slopes(size_t pixels, int channels, const fgf_real *z, const fgf_real *q,
                      const fgf_real *v, fgf_real *dslope);

/* sum[channel] += scale * sum over pixels of x: bias gradients. Summed in double by blocks. */
void fgf_channel_sums(size_t pixels, int channels, fgf_real scale, const fgf_real *x,
                      fgf_real *sum);

/* y = alpha x + z. */
void fgf_scale_add(size_t n, fgf_real alpha, const fgf_real *x, const fgf_real *z, fgf_real *y);

/* ---- updates of parameters, elementwise ---- */

/* Sum of squares, in double. */
double fgf_square_sum(size_t n, const fgf_real *x);
/* x *= factor. */
void fgf_scale(size_t n, fgf_real factor, fgf_real *x);

typedef struct fgf_momentum_settings {
    fgf_real rate, momentum, decay;
} fgf_momentum_settings;
/* With G = gradient + decay w:  velocity = momentum velocity + G,  w -= rate velocity. */
void fgf_momentum_step(const fgf_momentum_settings *settings, size_t n, const fgf_real *gradient,
                       fgf_real *velocity, fgf_real *w);

typedef struct fgf_adam_settings {
    fgf_real beta1, rest1, beta2, rest2; /* rest = 1 - beta */
    fgf_real decay, kept;
    double rate, whole1, whole2, epsilon;
} fgf_adam_settings;
/* With G = gradient + decay w:  mean = beta1 mean + rest1 G,  square = beta2 square + rest2 G^2,
 * w = kept w - rate (mean / whole1) / (sqrt(square / whole2) + epsilon), the quotient in double,
 * and 0 where it divides by 0. */
void fgf_adam_step(const fgf_adam_settings *settings, size_t n, const fgf_real *gradient,
                   fgf_real *mean, fgf_real *square, fgf_real *w);

#endif
