/* The activations against the library's functions in long double, over all that a number can be. */
#include "fgf/kernel.h"
#include "fgf/random.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Greatest error, in machine epsilons. In double the library's erfc and exp are given a rounded
 * square, hence `square` below. */
enum { UNITS = 4 };

#ifdef FGF_REAL_DOUBLE
typedef uint64_t number_bits;
#define LEAST DBL_MIN
#define STRIDE 0x0007c3a5b1e9d3c7u
#else
typedef uint32_t number_bits;
#define LEAST FLT_MIN
#define STRIDE 4999u
#endif

/* sigma, sigma', sigma'' and for each the sum of its terms' magnitudes. */
typedef struct reference {
    long double value[3], scale[3];
    long double square; /* units of error more */
} reference;

static reference exact(fgf_activation kind, long double z)
{
    const long double e = expl(-fabsl(z)), s = (z >= 0 ? 1 : e) / (1 + e);
    const long double ds = e / ((1 + e) * (1 + e)), odd = fabsl(z) * (1 - e) / (1 + e);
    const long double tail = 0.5L * erfcl(-z * 0.707106781186547524400844362104849L);
    const long double density = 0.398942280401432677939946059934382L * expl(-0.5L * z * z);
    const long double e2 = expl(-2 * fabsl(z)), dt = 4 * e2 / ((1 + e2) * (1 + e2));
    const long double t = tanhl(z);
    switch (kind) {
    case FGF_ACTIVATION_LEAKY:
        break;
    case FGF_ACTIVATION_SOFTPLUS:
        return (reference){.value = {fmaxl(z, 0) + log1pl(e), s, ds},
                           .scale = {fmaxl(z, 0) + log1pl(e), s, ds}};
    case FGF_ACTIVATION_SILU:
        return (reference){.value = {z * s, s + z * ds, ds * (2 - odd)},
                           .scale = {fabsl(z * s), s + fabsl(z) * ds, ds * (2 + odd)}};
    case FGF_ACTIVATION_GELU:
        return (reference){
            .value = {z * tail, tail + z * density, density * (2 - z * z)},
            .scale = {fabsl(z * tail), tail + fabsl(z) * density, density * (2 + z * z)},
            .square = sizeof(fgf_real) == 8 ? z * z : 0};
    case FGF_ACTIVATION_TANH:
        return (reference){.value = {t, dt, -2 * t * dt},
                           .scale = {fabsl(t), dt, 2 * fabsl(t) * dt}};
    }
    return (reference){.value = {0}};
}

enum { MANY = 4096 };

/* sigma, sigma' and sigma'' of n values. */
static void jets(fgf_activation kind, size_t n, const fgf_real *z, fgf_real *out[3])
{
    static fgf_real one[MANY], zero[MANY];
    for (size_t i = 0; i < n; i++)
        one[i] = 1;
    fgf_activation_forward(kind, 0, n, z, out[0]);
    fgf_activation_derivative(kind, 0, n, z, one, out[1]);
    fgf_activation_second(kind, 0, n, z, one, one, zero, out[2]);
}

static void check(fgf_activation kind, size_t n, const fgf_real *z)
{
    static fgf_real value[MANY], first[MANY], second[MANY];
    fgf_real *found[3] = {value, first, second};
    jets(kind, n, z, found);
    for (size_t i = 0; i < n; i++) {
        const reference expected = exact(kind, (long double)z[i]);
        for (int order = 0; order < 3; order++) {
            const long double error = fabsl((long double)found[order][i] - expected.value[order]);
            const long double bound =
                (UNITS + expected.square) * (long double)FGF_REAL_EPSILON * expected.scale[order];
            /* What underflows becomes 0, and is multiplied by z^2 at most. */
            if (!(error <= bound + 1000 * (long double)LEAST))
                fail_msg("kind %d order %d at %.9g: %.9g, expected %.9Lg (off by %.2Lf units)",
                         (int)kind, order, (double)z[i], (double)found[order][i],
                         expected.value[order],
                         error / (long double)FGF_REAL_EPSILON / expected.scale[order]);
        }
    }
}

/* A walk over the bits of all finite numbers, and a fine one where the functions bend. */
static void test_everywhere(void **unused)
{
    (void)unused;
    static fgf_real z[MANY];
    for (int kind = FGF_ACTIVATION_SOFTPLUS; kind <= FGF_ACTIVATION_TANH; kind++) {
        size_t n = 0;
        for (number_bits bits = 0, before = 0; bits >= before; before = bits, bits += STRIDE) {
            memcpy(&z[n], &bits, sizeof bits);
            n += isfinite(z[n]) && fabs((double)z[n]) < 1e30;
            if (n == MANY)
                check((fgf_activation)kind, n, z), n = 0;
        }
        for (int i = -140000; i <= 140000; i += 3) {
            z[n++] = (fgf_real)(i * 1e-3);
            if (n == MANY)
                check((fgf_activation)kind, n, z), n = 0;
        }
        check((fgf_activation)kind, n, z);
    }
}

static void test_limits(void **unused)
{
    (void)unused;
    const fgf_real infinite = (fgf_real)INFINITY;
    const fgf_real z[] = {-infinite, infinite, -1000, 1000, -(fgf_real)1e30, (fgf_real)1e30};
    const double lower[] = {0, 0, 0, 0, -1}, slope[] = {0, 1, 1, 1, 0};
    for (int kind = FGF_ACTIVATION_LEAKY; kind <= FGF_ACTIVATION_TANH; kind++) {
        fgf_real value[6], first[6], second[6];
        fgf_real *out[3] = {value, first, second};
        jets((fgf_activation)kind, 6, z, out);
        for (int i = kind == FGF_ACTIVATION_LEAKY ? 2 : 0; i < 6; i++) {
            const bool right = i % 2;
            if (right)
                assert_true(value[i] == (kind == FGF_ACTIVATION_TANH ? 1 : z[i]));
            else
                assert_true((double)value[i] == lower[kind]);
            assert_true((double)first[i] == (!right                         ? 0
                                             : kind == FGF_ACTIVATION_LEAKY ? 1
                                                                            : slope[kind]));
            assert_true(second[i] == 0);
        }
        const fgf_real none[4] = {(fgf_real)NAN, (fgf_real)NAN, -(fgf_real)NAN, (fgf_real)NAN};
        jets((fgf_activation)kind, 4, none, out);
        for (int i = 0; i < 4; i++)
            assert_true(isnan(value[i]) &&
                        (kind == FGF_ACTIVATION_LEAKY || (isnan(first[i]) && isnan(second[i]))));
    }
    const fgf_real zero = -(fgf_real)0.0;
    fgf_real value;
    fgf_activation_forward(FGF_ACTIVATION_TANH, 0, 1, &zero, &value);
    assert_true(value == 0 && signbit(value));
}

/* A value's bits are the same alone and among others. */
static void test_any_length(void **unused)
{
    (void)unused;
    enum { N = 83 };
    for (int kind = FGF_ACTIVATION_LEAKY; kind <= FGF_ACTIVATION_TANH; kind++) {
        fgf_real z[N], all[3][N], alone[3];
        for (int i = 0; i < N; i++)
            z[i] = (fgf_real)(0.13 * (i - 40));
        jets((fgf_activation)kind, N, z, (fgf_real *[]){all[0], all[1], all[2]});
        for (int i = 0; i < N; i++) {
            jets((fgf_activation)kind, 1, z + i, (fgf_real *[]){alone, alone + 1, alone + 2});
            for (int order = 0; order < 3; order++)
                assert_memory_equal(&all[order][i], &alone[order], sizeof *alone);
        }
    }
}

static fgf_real *normal(uint64_t key, size_t n)
{
    fgf_stream stream = fgf_stream_open(3, FGF_PURPOSE_TEST, key, 0);
    fgf_real *x = malloc((n + 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (fgf_real)fgf_stream_normal(&stream);
    return x;
}

static void check_channels(size_t pixels, int channels)
{
    const size_t width = (size_t)channels, size = pixels * width;
    fgf_real *z = normal(1, size), *q = normal(2, size), *v = normal(3, size);
    fgf_real *slope = normal(4, width), *y = normal(5, size), *sums = normal(6, width);
    fgf_real *before = normal(6, width), *slopes = normal(6, width);
    long double *expected = calloc(2 * width, sizeof *expected);
    assert_non_null(expected);
    if (size > 2)
        z[2] = 0; /* the left derivative holds at 0 */
    for (size_t i = 0; i < size; i++) {
        expected[i % width] += 0.5L * (long double)q[i];
        expected[width + i % width] += z[i] > 0 ? 0 : (long double)q[i] * (long double)v[i];
    }
    fgf_channel_sums(pixels, channels, (fgf_real)0.5, q, sums);
    fgf_prelu_slopes(pixels, channels, z, q, v, slopes);
    for (size_t c = 0; c < width; c++) {
        const double bound = 8 * FGF_REAL_EPSILON * (5 + sqrt((double)pixels));
        assert_true(fabsl((long double)sums[c] - (long double)before[c] - expected[c]) < bound);
        assert_true(fabsl((long double)slopes[c] - (long double)before[c] - expected[width + c]) <
                    bound);
    }
    fgf_prelu_forward(pixels, channels, slope, z, y);
    for (size_t i = 0; i < size; i++)
        assert_true(y[i] == (z[i] > 0 ? z[i] : slope[i % width] * z[i]));
    fgf_prelu_derivative(pixels, channels, slope, z, q, y);
    for (size_t i = 0; i < size; i++)
        assert_true(y[i] == (z[i] > 0 ? q[i] : slope[i % width] * q[i]));
    fgf_real *const blocks[] = {z, q, v, slope, y, sums, before, slopes};
    for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++)
        free(blocks[b]);
    free(expected);
}

static void test_channels(void **unused)
{
    (void)unused;
    const int channels[] = {1, 2, 3, 8, 21, 64, 128, 256, 257, 511, 512, 513, 1100};
    const size_t pixels[] = {0, 1, 2, 5, 64, 131, 1031};
    for (size_t c = 0; c < sizeof channels / sizeof channels[0]; c++)
        for (size_t p = 0; p < sizeof pixels / sizeof pixels[0]; p++)
            check_channels(pixels[p], channels[c]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everywhere),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_any_length),
        cmocka_unit_test(test_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
