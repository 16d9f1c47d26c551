/* Dense layers: each element in its documented order of summation, whatever the company. */
#include "fgf/kernel.h"
#include "fgf/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LANES = 64 / sizeof(fgf_real) };

static fgf_real *normal(uint64_t key, size_t n)
{
    fgf_stream stream = fgf_stream_open(2, FGF_PURPOSE_TEST, key, 0);
    /* No element more, so that a read beyond the end is seen. */
    fgf_real *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (fgf_real)fgf_stream_normal(&stream);
    return x;
}

static fgf_real output(int in, int out, const fgf_real *weight, fgf_real start, const fgf_real *x,
                       int o)
{
    for (int k = 0; k < in; k++)
        start += x[k] * weight[(size_t)k * (size_t)out + (size_t)o];
    return start;
}

/* Lane j sums the outputs j, j + LANES, ...; then the lanes are added pairwise. */
static fgf_real adjoint(int out, const fgf_real *row, const fgf_real *dy)
{
    fgf_real sum[LANES] = {0};
    for (int o = 0; o < out; o++)
        sum[o % LANES] += row[o] * dy[o];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            sum[j] += sum[j + half];
    return sum[0];
}

static void check(int in, int out, int count)
{
    const size_t ni = (size_t)in, no = (size_t)out, cases = (size_t)count;
    fgf_real *weight = normal(1, ni * no), *bias = normal(2, no), *x = normal(3, cases * ni);
    fgf_real *dy = normal(4, cases * no), *y = normal(5, cases * no), *dx = normal(6, cases * ni);
    fgf_real *plain = normal(7, cases * no), *dweight = normal(8, ni * no);
    fgf_real *before = normal(8, ni * no);
    fgf_dense_forward(in, out, count, weight, bias, x, y);
    fgf_dense_forward(in, out, count, weight, NULL, x, plain);
    fgf_dense_backward(in, out, count, weight, dy, dx);
    fgf_dense_weights(in, out, count, x, dy, dweight);
    for (size_t i = 0; i < cases; i++) {
        for (int o = 0; o < out; o++) {
            assert_true(y[i * no + o] == output(in, out, weight, bias[o], x + i * ni, o));
            assert_true(plain[i * no + o] == output(in, out, weight, 0, x + i * ni, o));
        }
        for (size_t k = 0; k < ni; k++)
            if (dx[i * ni + k] != adjoint(out, weight + k * no, dy + i * no))
                fail_msg("%d x %d, case %zu of %d, input %zu: %.9g, expected %.9g", in, out, i,
                         count, k, (double)dx[i * ni + k],
                         (double)adjoint(out, weight + k * no, dy + i * no));
    }
    for (size_t k = 0; k < ni; k++)
        for (size_t o = 0; o < no; o++) {
            fgf_real sum = before[k * no + o];
            for (size_t i = 0; i < cases; i++)
                sum += x[i * ni + k] * dy[i * no + o];
            assert_true(dweight[k * no + o] == sum);
        }
    fgf_real *const blocks[] = {weight, bias, x, dy, y, dx, plain, dweight, before};
    for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++)
        free(blocks[b]);
}

static void test_order(void **unused)
{
    (void)unused;
    const int sizes[][2] = {{1, 1},   {2, 1},     {37, 1},   {1, 5},    {9, 2},
                            {8, 15},  {13, 16},   {40, 17},  {100, 37}, {64, 32},
                            {17, 64}, {11, 1030}, {515, 100}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int count = 0; count <= 17; count += count < 9 ? 1 : 4)
            check(sizes[s][0], sizes[s][1], count);
}

/* What lies behind a row is not part of it, not even times 0. */
static void test_neighbours(void **unused)
{
    (void)unused;
    enum { IN = 9, OUT = 21, CASES = 5 };
    fgf_real weight[IN * OUT], dy[CASES * OUT], dx[CASES * IN];
    for (int bad = 0; bad < IN; bad++) {
        for (int i = 0; i < IN * OUT; i++)
            weight[i] = i / OUT == bad ? (fgf_real)INFINITY : 1;
        for (int i = 0; i < CASES * OUT; i++)
            dy[i] = i / OUT == 2 ? (fgf_real)NAN : 1;
        fgf_dense_backward(IN, OUT, CASES, weight, dy, dx);
        for (int i = 0; i < CASES * IN; i++)
            assert_true(i / IN == 2 ? isnan(dx[i]) : i % IN == bad ? isinf(dx[i]) : dx[i] == OUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
