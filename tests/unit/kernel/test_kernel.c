/* The kernels against loops that say what is meant, over sizes odd, prime and 1. */
#include "fgf/kernel.h"
#include "fgf/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "instruction_set.h"

#ifdef FGF_REAL_DOUBLE
#define TOLERANCE 1e-12
#else
#define TOLERANCE 2e-5
#endif

static fgf_real *normal(uint64_t key, size_t n)
{
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, key, 0);
    fgf_real *x = calloc(n + 1, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (fgf_real)fgf_stream_normal(&stream);
    return x;
}

static void expect_near(size_t n, const fgf_real *x, const double *expected, double scale)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)x[i] - expected[i]) <= TOLERANCE * (scale + fabs(expected[i]))))
            fail_msg("element %zu of %zu: %.9g, expected %.9g", i, n, (double)x[i], expected[i]);
}

static void test_window_count(void **unused)
{
    (void)unused;
    assert_int_equal(fgf_window_count(7, 3, 2, 0), 3);
    assert_int_equal(fgf_window_count(8, 3, 2, 0), 3);
    assert_int_equal(fgf_window_count(2, 3, 1, 0), 0);
    assert_int_equal(fgf_window_count(2, 3, 1, 1), 2);
    assert_int_equal(fgf_window_count(1, 3, 5, 1), 1);
    /* What is missing may not be rounded up to a window. */
    assert_int_equal(fgf_window_count(2, 3, 2, 0), 0);
}

/* ---- pools ---- */

static void test_max_pool_ties_go_to_the_first(void **unused)
{
    (void)unused;
    const fgf_pool pool = {{1, 1, 2, 4}, {1, 1, 1, 2}, {1, 2, 2}, {1, 2, 2}};
    const fgf_real x[] = {1, 3, 0, 0, 3, 3, 0, 0};
    fgf_real y[2];
    int32_t winner[2];
    fgf_max_pool_forward(&pool, x, y, winner);
    assert_true(y[0] == 3 && y[1] == 0);
    assert_int_equal(winner[0], 1);
    assert_int_equal(winner[1], 2);
    /* More channels than are held at once, all equal. */
    enum { CHANNELS = 37 };
    const fgf_pool wide = {{CHANNELS, 1, 3, 3}, {CHANNELS, 1, 1, 1}, {1, 3, 3}, {1, 3, 3}};
    fgf_real flat[9 * CHANNELS] = {0}, top[CHANNELS];
    int32_t first[CHANNELS];
    fgf_max_pool_forward(&wide, flat, top, first);
    for (int c = 0; c < CHANNELS; c++)
        assert_int_equal(first[c], c);
    /* A NaN is not lost. */
    flat[5 * CHANNELS + 20] = (fgf_real)NAN;
    flat[7 * CHANNELS + 20] = 1;
    fgf_max_pool_forward(&wide, flat, top, NULL);
    assert_true(isnan(top[20]) && top[19] == 0);
}

/* The same where windows overlap fully. */
static void test_sliding_max_pool_ties_and_nan(void **unused)
{
    (void)unused;
    enum { SIDE = 20, OUT = 18 };
    const fgf_pool pool = {{1, 1, SIDE, SIDE}, {1, 1, OUT, OUT}, {1, 3, 3}, {1, 1, 1}};
    fgf_real x[SIDE * SIDE] = {0}, y[OUT * OUT], alone[OUT * OUT];
    int32_t winner[OUT * OUT];
    fgf_max_pool_forward(&pool, x, y, winner);
    for (int o = 0; o < OUT * OUT; o++)
        assert_int_equal(winner[o], o / OUT * SIDE + o % OUT);
    /* Of two equal values the upper one wins though it is further right. */
    x[4 * SIDE + 6] = x[5 * SIDE + 4] = 1;
    x[17 * SIDE + 17] = (fgf_real)NAN;
    x[18 * SIDE + 18] = 2;
    fgf_max_pool_forward(&pool, x, y, winner);
    fgf_max_pool_forward(&pool, x, alone, NULL);
    assert_int_equal(winner[4 * OUT + 4], 4 * SIDE + 6);
    assert_int_equal(winner[5 * OUT + 4], 5 * SIDE + 4);
    for (int o = 0; o < OUT * OUT; o++) {
        const bool nan = o / OUT >= 15 && o % OUT >= 15;
        assert_true(nan ? isnan(y[o]) && isnan(alone[o]) && winner[o] == 17 * SIDE + 17
                        : y[o] == alone[o]);
    }
}

static void check_pool(fgf_shape in, const int size[3], const int stride[3])
{
    fgf_pool pool = {.input = in};
    memcpy(pool.size, size, sizeof pool.size);
    memcpy(pool.stride, stride, sizeof pool.stride);
    pool.output = (fgf_shape){in.channels, fgf_window_count(in.depth, size[0], stride[0], 0),
                              fgf_window_count(in.height, size[1], stride[1], 0),
                              fgf_window_count(in.width, size[2], stride[2], 0)};
    const size_t n = (size_t)fgf_shape_size(in), m = (size_t)fgf_shape_size(pool.output);
    fgf_real *x = normal(1, n), *y = normal(2, m), *dy = normal(3, m), *dx = normal(4, n);
    int32_t *winner = calloc(m, sizeof *winner);
    double *greatest = calloc(m, 8), *mean = calloc(m, 8), *back = calloc(n, 8),
           *spread = calloc(n, 8);
    size_t o = 0;
    for (int z = 0; z < pool.output.depth; z++)
        for (int r = 0; r < pool.output.height; r++)
            for (int s = 0; s < pool.output.width; s++)
                for (int c = 0; c < in.channels; c++, o++) {
                    const int taps = size[0] * size[1] * size[2];
                    size_t best = 0;
                    greatest[o] = -INFINITY;
                    for (int k = 0; k < taps; k++) {
                        const int kz = k / size[2] / size[1], ky = k / size[2] % size[1];
                        const size_t at =
                            (size_t)((((z * stride[0] + kz) * in.height + r * stride[1] + ky) *
                                          in.width +
                                      s * stride[2] + k % size[2]) *
                                         in.channels +
                                     c);
                        mean[o] += (double)x[at] / taps;
                        spread[at] += (double)dy[o] / taps;
                        if ((double)x[at] > greatest[o])
                            greatest[o] = (double)x[best = at];
                    }
                    back[best] += (double)dy[o];
                }
    fgf_max_pool_forward(&pool, x, y, winner);
    expect_near(m, y, greatest, 0);
    fgf_max_pool_gather(&pool, winner, x, y);
    expect_near(m, y, greatest, 0);
    fgf_max_pool_scatter(&pool, winner, dy, dx);
    expect_near(n, dx, back, 1);
    fgf_average_pool_forward(&pool, x, y);
    expect_near(m, y, mean, 1);
    fgf_average_pool_backward(&pool, dy, dx);
    expect_near(n, dx, spread, 1);
    void *blocks[] = {x, y, dy, dx, winner, greatest, mean, back, spread};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

static void test_pools(void **unused)
{
    (void)unused;
    check_pool((fgf_shape){1, 1, 1, 1}, (int[]){1, 1, 1}, (int[]){1, 1, 1});
    check_pool((fgf_shape){3, 1, 7, 9}, (int[]){1, 2, 2}, (int[]){1, 2, 2});
    check_pool((fgf_shape){19, 1, 7, 9}, (int[]){1, 3, 3}, (int[]){1, 1, 1});
    check_pool((fgf_shape){16, 1, 11, 5}, (int[]){1, 3, 2}, (int[]){1, 2, 3});
    check_pool((fgf_shape){5, 4, 5, 6}, (int[]){2, 3, 2}, (int[]){1, 2, 4});
    /* Windows that overlap fully: several strips, lanes over borders of channels, planes, sizes. */
    check_pool((fgf_shape){3, 1, 41, 11}, (int[]){1, 3, 3}, (int[]){1, 1, 1});
    check_pool((fgf_shape){8, 1, 18, 5}, (int[]){1, 2, 2}, (int[]){1, 1, 1});
    check_pool((fgf_shape){1, 3, 20, 17}, (int[]){1, 8, 3}, (int[]){2, 1, 1});
    check_pool((fgf_shape){1, 1, 20, 17}, (int[]){1, 9, 2}, (int[]){1, 1, 1});
    check_pool((fgf_shape){1, 1, 20, 5}, (int[]){1, 3, 5}, (int[]){1, 1, 1});
}

/* ---- dense and matrices ---- */

static void test_dense(void **unused)
{
    (void)unused;
    const int sizes[][3] = {{1, 1, 1}, {5, 3, 2}, {37, 16, 4}, {64, 33, 7}, {3, 100, 9}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int in = sizes[s][0], out = sizes[s][1], count = sizes[s][2];
        const size_t rows = (size_t)count, ni = (size_t)in, no = (size_t)out;
        fgf_real *w = normal(1, ni * no), *b = normal(2, no), *x = normal(3, rows * ni);
        fgf_real *dy = normal(4, rows * no), *y = normal(5, rows * no), *dx = normal(6, rows * ni);
        fgf_real *dw = normal(7, ni * no), *alone = normal(8, ni + no);
        double *ey = calloc(rows * no, 8), *edx = calloc(rows * ni, 8), *edw = calloc(ni * no, 8);
        for (size_t i = 0; i < ni * no; i++)
            edw[i] = (double)dw[i];
        for (size_t r = 0; r < rows; r++)
            for (size_t o = 0; o < no; o++) {
                ey[r * no + o] = (double)b[o];
                for (size_t k = 0; k < ni; k++) {
                    ey[r * no + o] += (double)x[r * ni + k] * (double)w[k * no + o];
                    edx[r * ni + k] += (double)dy[r * no + o] * (double)w[k * no + o];
                    edw[k * no + o] += (double)x[r * ni + k] * (double)dy[r * no + o];
                }
            }
        fgf_dense_forward(in, out, count, w, b, x, y);
        fgf_dense_backward(in, out, count, w, dy, dx);
        fgf_dense_weights(in, out, count, x, dy, dw);
        expect_near(rows * no, y, ey, 10);
        expect_near(rows * ni, dx, edx, 10);
        expect_near(ni * no, dw, edw, 10);
        for (size_t r = 0; r < rows; r++) {
            fgf_dense_forward(in, out, 1, w, b, x + r * ni, alone);
            assert_memory_equal(alone, y + r * no, no * sizeof *y);
            fgf_dense_backward(in, out, 1, w, dy + r * no, alone);
            assert_memory_equal(alone, dx + r * ni, ni * sizeof *y);
        }
        void *blocks[] = {w, b, x, dy, y, dx, dw, alone, ey, edx, edw};
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
            free(blocks[i]);
    }
}

static void test_matrices(void **unused)
{
    (void)unused;
    const fgf_real a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 2, 1, 0, 3}; /* 2 x 3, 3 x 2 */
    fgf_real c[] = {10, 10, 10, 10};
    fgf_gemm(false, false, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2);
    assert_memory_equal(c, ((const fgf_real[]){5, 11, 14, 23}), sizeof c);
    fgf_gemm(true, true, 2, 2, 3, 2, b, 2, a, 3, 1, c, 2); /* (A B)' twice, and the above */
    assert_memory_equal(c, ((const fgf_real[]){15, 39, 36, 69}), sizeof c);
}

/* ---- elementwise ---- */

static void test_activations(void **unused)
{
    (void)unused;
    const fgf_real z[] = {-1, 0, 2}, one[] = {1, 1, 1};
    const struct {
        fgf_activation kind;
        double value[3], first[3], second[3];
    } known[] = {
        {FGF_ACTIVATION_LEAKY, {-0.25, 0, 2}, {0.25, 0.25, 1}, {0, 0, 0}},
        {FGF_ACTIVATION_SOFTPLUS,
         {0.31326168751822286, 0.69314718055994531, 2.1269280110429725},
         {0.26894142136999512, 0.5, 0.88079707797788244},
         {0.19661193324148185, 0.25, 0.10499358540350652}},
        {FGF_ACTIVATION_SILU,
         {-0.26894142136999512, 0, 1.7615941559557649},
         {0.072329488128513273, 0.5, 1.0907842487848955},
         {0.30236515741476, 0.5, 0.0500}},
        {FGF_ACTIVATION_GELU,
         {-0.15865525393145705, 0, 1.9544997361036416},
         {-0.083315470582884, 0.5, 1.0852318356},
         {0.24197072451914337, 0.79788456080286536, -0.10798193302637613}},
        {FGF_ACTIVATION_TANH,
         {-0.76159415595576489, 0, 0.96402758007581690},
         {0.41997434161402607, 1, 0.070650824853164429},
         {0.63970000844922330, 0, -0.13621868742711305}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        fgf_real value[3], first[3], second[3], zero[3] = {0};
        fgf_activation_forward(known[i].kind, (fgf_real)0.25, 3, z, value);
        fgf_activation_derivative(known[i].kind, (fgf_real)0.25, 3, z, one, first);
        fgf_activation_second(known[i].kind, (fgf_real)0.25, 3, z, one, one, zero, second);
        for (int k = 0; k < 3; k++) {
            assert_true(fabs((double)value[k] - known[i].value[k]) < 1e-6);
            assert_true(fabs((double)first[k] - known[i].first[k]) < 1e-6);
            /* SiLU's second derivative from sigmoid s = 0.8808: s (1 - s) (2 + 2 (1 - 2 s)). */
            const double expected =
                known[i].kind == FGF_ACTIVATION_SILU && k == 2
                    ? 0.10499358540350652 * (2 + 2 * (1 - 2 * 0.88079707797788244))
                    : known[i].second[k];
            assert_true(fabs((double)second[k] - expected) < 1e-6);
        }
    }
    /* Far out nothing overflows. */
    const fgf_real far[] = {-1000, 1000, -100};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        fgf_real value[3], second[3];
        fgf_activation_forward(known[i].kind, 0, 3, far, value);
        fgf_activation_second(known[i].kind, 0, 3, far, one, one, one, second);
        for (int k = 0; k < 3; k++)
            assert_true(isfinite(value[k]) && isfinite(second[k]));
    }
}

/* Against the library in double, over where sigmoid and softplus live. */
static void test_smooth_accuracy(void **unused)
{
    (void)unused;
    for (int i = -86000; i <= 86000; i += 7) {
        const fgf_real z = (fgf_real)(i * 1e-3), one = 1;
        fgf_real value, first;
        const double e = exp(-fabs((double)z));
        const double softplus = fmax((double)z, 0) + log1p(e);
        const double sigmoid = z >= 0 ? 1 / (1 + e) : e / (1 + e);
        fgf_activation_forward(FGF_ACTIVATION_SOFTPLUS, 0, 1, &z, &value);
        fgf_activation_derivative(FGF_ACTIVATION_SOFTPLUS, 0, 1, &z, &one, &first);
        if (!(fabs((double)value / softplus - 1) < 5 * FGF_REAL_EPSILON &&
              fabs((double)first / sigmoid - 1) < 5 * FGF_REAL_EPSILON))
            fail_msg("z = %g: softplus %.9g (%.9g), sigmoid %.9g (%.9g)", (double)z, (double)value,
                     softplus, (double)first, sigmoid);
    }
    const fgf_real none = (fgf_real)NAN;
    fgf_real value = 0;
    for (int kind = FGF_ACTIVATION_LEAKY; kind <= FGF_ACTIVATION_TANH; kind++) {
        fgf_activation_forward((fgf_activation)kind, 1, 1, &none, &value);
        assert_true(isnan(value));
    }
}

static void test_channels(void **unused)
{
    (void)unused;
    enum { PIXELS = 131, CHANNELS = 21, SIZE = PIXELS * CHANNELS };
    fgf_real *z = normal(1, SIZE), *q = normal(2, SIZE), *v = normal(3, SIZE), *y = normal(4, SIZE);
    fgf_real *slope = normal(5, CHANNELS), sums[CHANNELS] = {0}, slopes[CHANNELS] = {0};
    double expected_sum[CHANNELS] = {0}, expected_slope[CHANNELS] = {0};
    z[3] = 0; /* the left derivative holds at 0 */
    for (int i = 0; i < SIZE; i++) {
        expected_sum[i % CHANNELS] += 0.5 * (double)q[i];
        expected_slope[i % CHANNELS] += z[i] > 0 ? 0 : (double)q[i] * (double)v[i];
    }
    fgf_channel_sums(PIXELS, CHANNELS, (fgf_real)0.5, q, sums);
    fgf_prelu_slopes(PIXELS, CHANNELS, z, q, v, slopes);
    expect_near(CHANNELS, sums, expected_sum, 10);
    expect_near(CHANNELS, slopes, expected_slope, 10);
    fgf_prelu_forward(PIXELS, CHANNELS, slope, z, y);
    for (int i = 0; i < SIZE; i++)
        assert_true(y[i] == (z[i] > 0 ? z[i] : slope[i % CHANNELS] * z[i]));
    fgf_prelu_derivative(PIXELS, CHANNELS, slope, z, q, y);
    for (int i = 0; i < SIZE; i++)
        assert_true(y[i] == (z[i] > 0 ? q[i] : slope[i % CHANNELS] * q[i]));
    void *blocks[] = {z, q, v, y, slope};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

/* The instruction set is the one asked for, and the signature names it; what is not to be had is an
 * error of the user's. */
static void test_instruction_set(void **unused)
{
    (void)unused;
    const char *slash = strchr(fgf_kernel_signature(), '/');
    assert_true(slash && slash > fgf_kernel_signature());
    assert_string_equal(slash + 1, fgf_instruction_set_name(fgf_instruction_set_in_use()));
    setenv("FGF_INSTRUCTION_SET", "portable", 1);
    assert_int_equal(fgf_kernel_start(), FGF_OK);
    assert_string_equal(strchr(fgf_kernel_signature(), '/'), "/portable");
    setenv("FGF_INSTRUCTION_SET", "avx1024", 1);
    assert_int_equal(fgf_kernel_start(), FGF_USAGE);
    assert_non_null(strstr(fgf_last_error()->message, "avx1024"));
    assert_non_null(strstr(fgf_last_error()->message, "portable, avx2 or avx512"));
    if (!fgf_instruction_set_use(FGF_AVX512)) {
        setenv("FGF_INSTRUCTION_SET", "avx512", 1);
        assert_int_equal(fgf_kernel_start(), FGF_USAGE);
    }
    unsetenv("FGF_INSTRUCTION_SET");
    assert_int_equal(fgf_kernel_start(), FGF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_count),
        cmocka_unit_test(test_max_pool_ties_go_to_the_first),
        cmocka_unit_test(test_sliding_max_pool_ties_and_nan),
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_smooth_accuracy),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_instruction_set),
    };
    if (fgf_kernel_start() != FGF_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
