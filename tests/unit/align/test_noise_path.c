/* Scores along a path, made by matrix products in blocks, against plain sums in double and the QR
 * of the agreement, for every remainder of the blocks and of the panels of pixels. */
#include "unit/align/align_test.h"

#include "fgf/kernel.h"
#include "noise_private.h"

enum { M = 41, GROUP = 6, LONGEST = 2 * FGF_NOISE_POINTS + 1 };

#ifdef FGF_REAL_DOUBLE
static const double square_tolerance = 1e-12, joint_tolerance = 1e-9;
#else
static const double square_tolerance = 1e-6, joint_tolerance = 1e-5;
#endif

typedef struct fixture {
    fgf_region_owner owner;
    fgf_noise_bank *bank;
    fgf_noise_case *noise;
    fgf_align_work *work;
    size_t n;
    fgf_real *g; /* [LONGEST][n] */
    double weight[LONGEST];
} fixture;

/* A square region; gradients that resemble the maps' mean more and more along the path, so that
 * small and large cosines are met. */
static void open_fixture(fixture *f, int side, double sigma)
{
    const fgf_shape shape = {1, 1, side, side};
    const double spacing[3] = {1, 1, 1};
    const int channel = 0;
    uint8_t *mask = malloc((size_t)side * (size_t)side);
    memset(mask, 1, (size_t)side * (size_t)side);
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, &channel, 1, &f->owner),
                     FGF_OK);
    f->n = fgf_region_size(&f->owner.region);
    assert_int_equal(fgf_noise_bank_create(4, M, &sigma, 1, shape, mask, &channel, 1, &f->bank),
                     FGF_OK);
    assert_int_equal(fgf_noise_case_create(f->bank, f->n, GROUP, &f->noise), FGF_OK);
    assert_int_equal(fgf_noise_case_select(f->noise, 0, &f->owner.region, GROUP), FGF_OK);
    assert_int_equal(fgf_align_work_create(f->n, GROUP, &f->work), FGF_OK);
    f->g = calloc(LONGEST * f->n, sizeof *f->g);
    draw_normals(1, 0, f->g, LONGEST * f->n);
    for (size_t k = 0; k < LONGEST; k++)
        for (size_t i = 0; i < f->n; i++) {
            fgf_real *g = &f->g[k * f->n + i];
            *g = (fgf_real)1e-9 * (*g + (fgf_real)(0.1 * (double)k) * f->noise->maps[3 * f->n + i]);
        }
    free(mask);
}

static void close_fixture(fixture *f)
{
    fgf_noise_case_destroy(&f->noise);
    fgf_noise_bank_destroy(&f->bank);
    fgf_align_work_destroy(&f->work);
    fgf_region_clear(&f->owner);
    free(f->g);
}

/* Weights that add to 1, every fifth of them 0. */
static void make_weights(fixture *f, size_t points)
{
    double total = 0;
    for (size_t k = 0; k < points; k++)
        total += f->weight[k] = k % 5 == 3 ? 0 : 1 + (double)(k % 7);
    for (size_t k = 0; k < points; k++)
        f->weight[k] /= total;
}

static void check_path(fixture *f, size_t points, double tolerance)
{
    double square[M], joint[M], squares_only[M];
    fgf_real *v = calloc(GROUP * f->n, sizeof *v);
    make_weights(f, points);
    fgf_noise_case_score(f->noise, &align_defaults, f->g, f->weight, points, square, joint);
    fgf_noise_case_score(f->noise, &align_defaults, f->g, f->weight, points, squares_only, NULL);
    assert_memory_equal(square, squares_only, sizeof square);
    for (size_t m = 0; m < M; m++) {
        double expected_square = 0, expected_joint = 0;
        for (size_t j = 0; j < GROUP; j++)
            memcpy(v + j * f->n, f->noise->maps + fgf_noise_member(f->noise, m, j) * f->n,
                   f->n * sizeof *v);
        for (size_t k = 0; k < points; k++) {
            const fgf_real *g = f->g + k * f->n;
            double product = 0, gg = 0, vv = 0;
            if (f->weight[k] == 0)
                continue;
            for (size_t i = 0; i < f->n; i++) {
                product += (double)g[i] * (double)v[i];
                gg += (double)g[i] * (double)g[i];
                vv += (double)v[i] * (double)v[i];
            }
            expected_square += f->weight[k] * product * product / gg / vv;
            expected_joint +=
                f->weight[k] *
                fgf_agreement(f->work, &align_defaults, g, v, GROUP, f->n, NULL).score;
        }
        if (!(fabs(square[m] - expected_square) < square_tolerance))
            fail_msg("n %zu, %zu points, map %zu: %.12g, expected %.12g", f->n, points, m,
                     square[m], expected_square);
        if (!(fabs(joint[m] - expected_joint) < tolerance))
            fail_msg("n %zu, %zu points, group %zu: %.12g, expected %.12g", f->n, points, m,
                     joint[m], expected_joint);
    }
    free(v);
}

static void blocks_match_plain_sums(void **state)
{
    static const size_t lengths[] = {1,  2,  FGF_NOISE_POINTS - 1, FGF_NOISE_POINTS,
                                     40, 41, FGF_NOISE_POINTS + 1, 2 * FGF_NOISE_POINTS - 1,
                                     63, 64, 2 * FGF_NOISE_POINTS, LONGEST};
    static const int sides[] = {3, 15, 32, 47}; /* 9, 225, 1024 and 2209 pixels */
    (void)state;
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++) {
        fixture f;
        open_fixture(&f, sides[s], 0);
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            check_path(&f, lengths[l], joint_tolerance);
        close_fixture(&f);
    }
}

/* Wide blurs over few pixels: products in float would be magnified by the factors. */
static void nearly_dependent_maps_keep_their_digits(void **state)
{
    fixture f;
    size_t delicate = 0;
    (void)state;
    open_fixture(&f, 6, 9);
    for (size_t m = 0; m < M; m++)
        delicate += f.noise->delicate[m];
    assert_true(delicate > M / 2);
    check_path(&f, 17, 1e-7);
    close_fixture(&f);
    open_fixture(&f, 40, 2);
    for (size_t m = 0; m < M; m++)
        assert_false(f.noise->delicate[m]);
    check_path(&f, 17, 1e-7);
    close_fixture(&f);
}

/* A path's means are those of its points, and neither its own order of blocks nor what was scored
 * before it shows. */
static void a_path_is_the_mean_of_its_points(void **state)
{
    enum { POINTS = 65 };
    static double one_square[M], one_joint[M], sum_square[M], sum_joint[M], first[M], again[M];
    double joint[M];
    fixture f;
    (void)state;
    open_fixture(&f, 15, 1);
    make_weights(&f, POINTS);
    fgf_noise_case_score(f.noise, &align_defaults, f.g, f.weight, POINTS, first, joint);
    for (size_t k = 0; k < POINTS; k++) {
        score_one(f.noise, f.g + k * f.n, one_square, one_joint);
        for (size_t m = 0; m < M; m++) {
            sum_square[m] += f.weight[k] * one_square[m];
            sum_joint[m] += f.weight[k] * one_joint[m];
        }
    }
    for (size_t m = 0; m < M; m++) {
        assert_true(fabs(sum_square[m] - first[m]) < square_tolerance);
        assert_true(fabs(sum_joint[m] - joint[m]) < joint_tolerance);
    }
    fgf_noise_case_score(f.noise, &align_defaults, f.g, f.weight, POINTS, again, NULL);
    assert_memory_equal(first, again, sizeof first);
    close_fixture(&f);
}

static void points_without_a_direction(void **state)
{
    double square[M], joint[M], without[M], joint_without[M];
    fixture f;
    (void)state;
    open_fixture(&f, 7, 0);
    make_weights(&f, 50); /* 48 has weight 0 */
    fgf_noise_case_score(f.noise, &align_defaults, f.g, f.weight, 50, without, joint_without);
    memset(f.g + 48 * f.n, 0, f.n * sizeof *f.g);
    assert_true(fgf_vanishes(&align_defaults, f.g + 48 * f.n, f.n));
    assert_false(fgf_vanishes(&align_defaults, f.g + 47 * f.n, f.n));
    fgf_noise_case_score(f.noise, &align_defaults, f.g, f.weight, 50, square, joint);
    assert_memory_equal(square, without, sizeof square);
    assert_memory_equal(joint, joint_without, sizeof joint);
    memset(f.g + 47 * f.n, 0, f.n * sizeof *f.g);
    fgf_noise_case_score(f.noise, &align_defaults, f.g, f.weight, 50, square, joint);
    for (size_t m = 0; m < M; m++)
        assert_true(isnan(square[m]) && isnan(joint[m]));
    memset(f.weight, 0, sizeof f.weight);
    fgf_noise_case_score(f.noise, &align_defaults, f.g, f.weight, 50, square, joint);
    for (size_t m = 0; m < M; m++)
        assert_true(isnan(square[m]) && isnan(joint[m]));
    fgf_noise_case_score(f.noise, &align_defaults, f.g, f.weight, 0, square, joint);
    assert_true(isnan(square[0]) && isnan(joint[M - 1]));
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_match_plain_sums),
        cmocka_unit_test(nearly_dependent_maps_keep_their_digits),
        cmocka_unit_test(a_path_is_the_mean_of_its_points),
        cmocka_unit_test(points_without_a_direction),
    };
    if (fgf_kernel_start() != FGF_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
