/* The null in closed form: white noise against any fixed g has s ~ Beta(1/2, (n - 1)/2), and K maps
 * jointly A ~ Beta(K/2, (n - K)/2). Kolmogorov-Smirnov distances; the draws are fixed by their key.
 */
#include "unit/align/align_test.h"

enum { M = 2999, SIDE = 40 };

static const double spacing[3] = {1, 1, 1};
static const double rare = 1.95; /* exceeded once in a thousand */

static void beta_function_is_right(void **state)
{
    (void)state;
    const double x[] = {0.01, 0.2, 0.5, 0.77, 0.999};
    for (int i = 0; i < 5; i++) {
        assert_true(fabs(beta_cdf(1, 1, x[i]) - x[i]) < 1e-12);
        assert_true(fabs(beta_cdf(2, 1, x[i]) - x[i] * x[i]) < 1e-12);
        assert_true(fabs(beta_cdf(0.5, 0.5, x[i]) - 2 / acos(-1) * asin(sqrt(x[i]))) < 1e-12);
        assert_true(fabs(beta_cdf(0.5, 1, x[i]) - sqrt(x[i])) < 1e-12);
    }
}

/* A disc-like region of about the given radius within a used window, in two channels or one. */
static void check_law(int channels, double radius, size_t group, const double *sigma, bool white)
{
    const fgf_shape shape = {channels, 1, SIDE, SIDE};
    const int channel[2] = {0, 1};
    uint8_t mask[SIDE * SIDE];
    fgf_region_owner owner;
    fgf_noise_bank *bank = NULL;
    fgf_noise_case *noise = NULL;
    static double square[M], joint[M];
    for (int i = 0; i < SIDE * SIDE; i++)
        mask[i] = hypot(i / SIDE - 19.3, i % SIDE - 18.7) <= radius;
    assert_int_equal(
        fgf_region_create(shape, spacing, mask, 0, false, channel, (size_t)channels, &owner),
        FGF_OK);
    size_t n = fgf_region_size(&owner.region);
    assert_int_equal(
        fgf_noise_bank_create(17, M, sigma, 1, shape, mask, channel, (size_t)channels, &bank),
        FGF_OK);
    assert_int_equal(fgf_noise_case_create(bank, n, group, &noise), FGF_OK);
    assert_int_equal(fgf_noise_case_select(noise, 0, &owner.region, group), FGF_OK);
    fgf_real *g = calloc(n, sizeof *g);
    for (size_t i = 0; i < n; i++) /* a smooth gradient, as a network's */
        g[i] = (fgf_real)sin(0.2 * owner.region.pixel[i % owner.region.pixel_count] / SIDE + 1);
    score_one(noise, g, square, joint);

    double single = beta_distance(square, M, 0.5, ((double)n - 1) / 2);
    /* Every map is in `group` groups; distances of dependent scores spread by up to sqrt(group). */
    double together = beta_distance(joint, M, (double)group / 2, ((double)n - (double)group) / 2);
    if (white && !(single < rare && together < rare * sqrt((double)group)))
        fail_msg("n %zu: distances %.2f and, for %zu together, %.2f", n, single, group, together);
    if (!white)
        assert_true(single > 3 * rare); /* smooth noise is another law, and the test sees it */
    free(g);
    fgf_noise_case_destroy(&noise);
    fgf_noise_bank_destroy(&bank);
    fgf_region_clear(&owner);
}

static void white_scores_follow_the_beta_law(void **state)
{
    (void)state;
    const double white[1] = {0};
    check_law(1, 2, 2, white, true);
    check_law(1, 6, 5, white, true);
    check_law(1, 17, 10, white, true);
    check_law(2, 9, 10, white, true);
}

static void smooth_scores_do_not(void **state)
{
    (void)state;
    const double smooth[1] = {2};
    check_law(1, 17, 10, smooth, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_function_is_right),
        cmocka_unit_test(white_scores_follow_the_beta_law),
        cmocka_unit_test(smooth_scores_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
