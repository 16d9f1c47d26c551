#include "unit/data/files.h"

#include "fgf/image.h"
#include "fgf/memory.h"

/* Values that no symmetry hides behind: a quadratic and a wave. */
static double sample(double z, double y, double x)
{
    return 3 + 2 * z - 0.5 * x + 0.1 * x * y + sin(0.7 * z + 0.3 * y) * cos(0.5 * x);
}

static double *make_image(const int extent[3])
{
    double *values = malloc(sizeof *values * (size_t)(extent[0] * extent[1] * extent[2])),
           *v = values;
    for (int z = 0; z < extent[0]; z++)
        for (int y = 0; y < extent[1]; y++)
            for (int x = 0; x < extent[2]; x++)
                *v++ = sample(z, y, x);
    return values;
}

static void smoothing(void **state)
{
    (void)state;
    double plane[35] = {0}, constant[35];
    const int extent[3] = {1, 5, 7};
    for (size_t p = 0; p < 35; p++)
        constant[p] = 3.25;
    plane[2 * 7 + 3] = 1;
    assert_int_equal(fgf_smooth(plane, extent, 0.5, 3), FGF_OK);
    /* Radius 2: 1, exp(-2), exp(-8) over their sum. */
    const double w1 = exp(-2.0), w2 = exp(-8.0), sum = 1 + 2 * w1 + 2 * w2;
    assert_true(fabs(plane[2 * 7 + 3] - 1 / (sum * sum)) < 1e-15);
    assert_true(fabs(plane[2 * 7 + 4] - w1 / (sum * sum)) < 1e-15);
    assert_true(fabs(plane[0 * 7 + 1] - w2 * w2 / (sum * sum)) < 1e-15);
    assert_int_equal(fgf_smooth(constant, extent, 2, 4), FGF_OK);
    for (size_t p = 0; p < 35; p++)
        assert_true(fabs(constant[p] - 3.25) < 1e-14);
}

/* Against the threefold sum, mirrored at the edges, as the formula has it. */
static void smoothing_volume(void **state)
{
    (void)state;
    const int extent[3] = {4, 6, 5};
    const double sigma = 0.8, truncate = 3;
    enum { RADIUS = 2 };
    assert_int_equal(fgf_smooth_radius(sigma, truncate), RADIUS);
    double weight[2 * RADIUS + 1], total = 0;
    for (int r = -RADIUS; r <= RADIUS; r++)
        total += weight[r + RADIUS] = exp(-0.5 * r * r / (sigma * sigma));
    double *before = make_image(extent), *after = make_image(extent);
    assert_int_equal(fgf_smooth(after, extent, sigma, truncate), FGF_OK);
    for (int z = 0; z < extent[0]; z++)
        for (int y = 0; y < extent[1]; y++)
            for (int x = 0; x < extent[2]; x++) {
                double sum = 0;
                for (int a = -RADIUS; a <= RADIUS; a++)
                    for (int b = -RADIUS; b <= RADIUS; b++)
                        for (int c = -RADIUS; c <= RADIUS; c++) {
                            int at[3] = {z + a, y + b, x + c};
                            for (int k = 0; k < 3; k++)
                                at[k] = at[k] < 0            ? -1 - at[k]
                                        : at[k] >= extent[k] ? 2 * extent[k] - 1 - at[k]
                                                             : at[k];
                            sum += weight[a + RADIUS] * weight[b + RADIUS] * weight[c + RADIUS] *
                                   before[(at[0] * extent[1] + at[1]) * extent[2] + at[2]];
                        }
                sum /= total * total * total;
                assert_true(fabs(after[(z * extent[1] + y) * extent[2] + x] - sum) < 1e-13);
            }
    free(before);
    free(after);
}

/* A cubic spline goes through its samples, and reproduces a straight line away from the edges. */
static void planes(void **state)
{
    (void)state;
    enum { H = 41, W = 50 };
    static double plane[H * W];
    double *out = NULL;
    for (size_t y = 0; y < H; y++)
        for (size_t x = 0; x < W; x++)
            plane[y * W + x] = 2.0 * (double)y - 0.5 * (double)x + 3;
    fgf_axis axis[3] = {fgf_axis_whole(1, 1, 1)};
    axis[0].kept = true;
    for (int kind = FGF_INTERPOLATION_NEAREST; kind <= FGF_INTERPOLATION_CUBIC; kind++) {
        axis[1] = fgf_axis_whole(H, H, 1);
        axis[2] = fgf_axis_whole(W, W, 1);
        assert_int_equal(fgf_resample(plane, axis, FGF_GRID_CENTRES, kind, &out), FGF_OK);
        for (size_t p = 0; p < H * W; p++)
            assert_true(fabs(out[p] - plane[p]) < 1e-11);
        fgf_free(out);
        if (kind == FGF_INTERPOLATION_NEAREST)
            continue;
        axis[1] = fgf_axis_whole(H, 2 * H, 0.5);
        axis[2] = fgf_axis_whole(W, 2 * W, 0.5);
        const int grids[2] = {FGF_GRID_CENTRES, FGF_GRID_CORNERS};
        for (int g = 0; g < 2; g++) {
            assert_int_equal(fgf_resample(plane, axis, grids[g], kind, &out), FGF_OK);
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

static double position(const fgf_axis *axis, int rule, int o)
{
    const double t = rule == FGF_GRID_CENTRES ? (o + 0.5) * axis->step - 0.5
                     : axis->new_extent > 1   ? o * (axis->extent - 1.0) / (axis->new_extent - 1.0)
                                              : 0;
    return fmin(fmax(t, 0), axis->extent - 1.0);
}

/* Nearest and linear against the formula in three dimensions. */
static void volumes(void **state)
{
    (void)state;
    const int extent[3] = {5, 7, 6};
    double *values = make_image(extent), *out = NULL;
    fgf_axis axis[3] = {fgf_axis_whole(5, 9, 5.0 / 9), fgf_axis_whole(7, 4, 1.7),
                        fgf_axis_whole(6, 8, 0.75)};
    for (int rule = FGF_GRID_CENTRES; rule <= FGF_GRID_CORNERS; rule++)
        for (int kind = FGF_INTERPOLATION_NEAREST; kind <= FGF_INTERPOLATION_LINEAR; kind++) {
            assert_int_equal(fgf_resample(values, axis, rule, kind, &out), FGF_OK);
            for (int p = 0; p < 9 * 4 * 8; p++) {
                const int o[3] = {p / 32, p / 8 % 4, p % 8};
                double expected = 0;
                for (int corner = 0; corner < 8; corner++) {
                    double weight = 1;
                    int at[3];
                    for (int k = 0; k < 3; k++) {
                        const double t = position(&axis[k], rule, o[k]);
                        const double f = t - floor(t), near = floor(t + 0.5) - floor(t);
                        const int up = corner >> k & 1;
                        weight *=
                            kind == FGF_INTERPOLATION_LINEAR ? (up ? f : 1 - f) : up == (near > 0);
                        at[k] = (int)floor(t) + up;
                        at[k] = at[k] >= extent[k] ? extent[k] - 1 : at[k];
                    }
                    expected += weight * values[(at[0] * 7 + at[1]) * 6 + at[2]];
                }
                assert_true(fabs(out[p] - expected) < 1e-12);
            }
            fgf_free(out);
        }
    free(values);
}

/* A wanted part from what it reaches is the part of the whole, to the last digits. */
static void parts(void **state)
{
    (void)state;
    const int extent[3] = {12, 120, 100};
    double *values = make_image(extent), *all = NULL, *out = NULL;
    for (int rule = FGF_GRID_CENTRES; rule <= FGF_GRID_CORNERS; rule++)
        for (int kind = FGF_INTERPOLATION_NEAREST; kind <= FGF_INTERPOLATION_CUBIC; kind++)
            for (int kept = 0; kept < 2; kept++) {
                fgf_axis axis[3] = {fgf_axis_whole(12, 30, 0.4), fgf_axis_whole(120, 90, 4.0 / 3),
                                    fgf_axis_whole(100, 100, 1)};
                axis[2].kept = kept;
                assert_int_equal(fgf_resample(values, axis, rule, kind, &all), FGF_OK);
                const int first[3] = {7, 50, 60}, wanted[3] = {9, 11, 5};
                for (int k = 0; k < 3; k++) {
                    axis[k].new_first = first[k];
                    axis[k].wanted = wanted[k];
                    fgf_axis_reach(&axis[k], rule, kind);
                }
                assert_true(axis[1].count < 100);
                double *part = malloc(sizeof *part *
                                      (size_t)(axis[0].count * axis[1].count * axis[2].count)),
                       *p = part;
                for (int z = 0; z < axis[0].count; z++)
                    for (int y = 0; y < axis[1].count; y++)
                        for (int x = 0; x < axis[2].count; x++)
                            *p++ = values[((z + axis[0].first) * 120 + y + axis[1].first) * 100 +
                                          x + axis[2].first];
                assert_int_equal(fgf_resample(part, axis, rule, kind, &out), FGF_OK);
                for (int z = 0; z < 9; z++)
                    for (int y = 0; y < 11; y++)
                        for (int x = 0; x < 5; x++) {
                            const double whole = all[((z + 7) * 90 + y + 50) * 100 + x + 60];
                            assert_true(fabs(out[(z * 11 + y) * 5 + x] - whole) <
                                        1e-12 * (1 + fabs(whole)));
                        }
                free(part);
                fgf_free(all);
                fgf_free(out);
            }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smoothing), cmocka_unit_test(smoothing_volume),
        cmocka_unit_test(planes),    cmocka_unit_test(volumes),
        cmocka_unit_test(parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
