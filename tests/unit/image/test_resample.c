#include "unit/data/files.h"

#include "fgf/image.h"
#include "fgf/memory.h"

static void smoothing(void **state)
{
    (void)state;
    double plane[35] = {0}, constant[35];
    for (size_t p = 0; p < 35; p++)
        constant[p] = 3.25;
    plane[2 * 7 + 3] = 1;
    assert_int_equal(fgf_smooth(plane, 5, 7, 0.5, 3), FGF_OK);
    /* Radius 2: 1, exp(-2), exp(-8) over their sum. */
    const double w1 = exp(-2.0), w2 = exp(-8.0), sum = 1 + 2 * w1 + 2 * w2;
    assert_true(fabs(plane[2 * 7 + 3] - 1 / (sum * sum)) < 1e-15);
    assert_true(fabs(plane[2 * 7 + 4] - w1 / (sum * sum)) < 1e-15);
    assert_true(fabs(plane[0 * 7 + 1] - w2 * w2 / (sum * sum)) < 1e-15);
    assert_int_equal(fgf_smooth(constant, 5, 7, 2, 4), FGF_OK);
    for (size_t p = 0; p < 35; p++)
        assert_true(fabs(constant[p] - 3.25) < 1e-14);
}

/* A cubic spline goes through its samples, and reproduces a straight line away from the edges. */
static void resampling(void **state)
{
    (void)state;
    enum { H = 41, W = 50 };
    static double plane[H * W];
    double *out = NULL;
    const double same[2] = {1, 1}, half[2] = {0.5, 0.5};
    for (size_t y = 0; y < H; y++)
        for (size_t x = 0; x < W; x++)
            plane[y * W + x] = 2.0 * (double)y - 0.5 * (double)x + 3;
    for (int kind = FGF_INTERPOLATION_NEAREST; kind <= FGF_INTERPOLATION_CUBIC; kind++) {
        assert_int_equal(fgf_resample(plane, H, W, H, W, same, FGF_GRID_CENTRES, kind, &out),
                         FGF_OK);
        for (size_t p = 0; p < H * W; p++)
            assert_true(fabs(out[p] - plane[p]) < 1e-11);
        fgf_free(out);
        if (kind == FGF_INTERPOLATION_NEAREST)
            continue;
        const int grids[2] = {FGF_GRID_CENTRES, FGF_GRID_CORNERS};
        for (int g = 0; g < 2; g++) {
            assert_int_equal(fgf_resample(plane, H, W, 2 * H, 2 * W, half, grids[g], kind, &out),
                             FGF_OK);
            for (size_t y = 30; y < 50; y++)
                for (size_t x = 40; x < 60; x++) {
                    const double row =
                        g ? (double)y * (H - 1) / (2 * H - 1) : 0.5 * (double)y - 0.25;
                    const double column =
                        g ? (double)x * (W - 1) / (2 * W - 1) : 0.5 * (double)x - 0.25;
                    assert_true(fabs(out[y * 2 * W + x] - (2 * row - 0.5 * column + 3)) < 1e-8);
                }
            fgf_free(out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smoothing),
        cmocka_unit_test(resampling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
