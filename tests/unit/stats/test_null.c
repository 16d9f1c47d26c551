/* Permutation p values, Benjamini-Hochberg, signed ranks and the effect size. */
#include "stats_test.h"

#include "fgf/memory.h"
#include "fgf/random.h"

static void rank_p_counts(void **state)
{
    (void)state;
    const double draws[] = {0.1, 0.4, NAN, 0.2, 0.4};
    assert_near(fgf_rank_p(0.4, draws, 5), 3.0 / 5, 1e-15);
    assert_near(fgf_rank_p(0.5, draws, 5), 1.0 / 5, 1e-15);
    assert_near(fgf_rank_p(0, draws, 5), 1, 1e-15);
    assert_true(isnan(fgf_rank_p(NAN, draws, 5)));
    assert_near(fgf_noise_rank(0.4, draws, 5, 0.25), 0.25 / 5, 1e-15);
    assert_near(fgf_noise_rank(0.15, draws, 5, 0.25), 3.25 / 5, 1e-15);
    assert_true(isnan(fgf_noise_rank(NAN, draws, 5, 0.5)));
}

static double uniform(double x, const void *parameters)
{
    (void)parameters;
    return fmin(fmax(x, 0), 1);
}

/* One more draw of the null is called significant at the rate asked for, and its noise rank is
 * uniform. */
static void null_has_its_level(void **state)
{
    (void)state;
    enum { REPEATS = 4000, DRAWS = 39 };
    static double ranks[REPEATS], draws[DRAWS];
    double distance;
    int called = 0;
    for (int r = 0; r < REPEATS; r++) {
        fgf_stream stream = fgf_stream_open(2, FGF_PURPOSE_TEST, (uint64_t)r, 0);
        for (int m = 0; m < DRAWS; m++)
            draws[m] = pow(fgf_stream_uniform(&stream), 4);
        double t = pow(fgf_stream_uniform(&stream), 4);
        called += fgf_rank_p(t, draws, DRAWS) <= 0.05;
        ranks[r] = fgf_noise_rank(t, draws, DRAWS, fgf_stream_uniform(&stream));
    }
    assert_near(called / (double)REPEATS, 0.05, 0.012);
    assert_int_equal(fgf_ks_distance(ranks, REPEATS, uniform, NULL, &distance), FGF_OK);
    assert_true(fgf_ks_p(distance, REPEATS) > 0.01);
}

/* The example of the 1995 paper: 15 hypotheses, of which four are rejected at 0.05. */
static void benjamini_hochberg_as_published(void **state)
{
    (void)state;
    double p[17] = {0.5719, 0.0001, 0.0278, 0.0004, 0.0019, NAN,    0.0095, 0.0201, 0.0298,
                    0.0344, 0.0459, 0.3240, 0.4262, 0.6528, 0.7590, 1.0000, NAN};
    double q[17];
    int rejected = 0;
    assert_int_equal(fgf_benjamini_hochberg(p, 17, q), FGF_OK);
    for (int i = 0; i < 17; i++)
        rejected += q[i] <= 0.05;
    assert_int_equal(rejected, 4);
    assert_near(q[1], 0.0001 * 15, 1e-15);
    assert_near(q[6], 0.0095 * 15 / 4, 1e-15);
    assert_near(q[7], 0.0201 * 15 / 5, 1e-15);
    assert_near(q[2], 0.0298 * 15 / 7, 1e-15); /* its own 0.0278 * 15 / 6 is greater */
    assert_near(q[15], 1, 1e-15);
    assert_true(isnan(q[5]) && isnan(q[16]));
    assert_int_equal(fgf_benjamini_hochberg(p, 17, p), FGF_OK);
    assert_memory_equal(p, q, sizeof q);
    p[0] = 0.7;
    assert_int_equal(fgf_benjamini_hochberg(p, 1, q), FGF_OK);
    assert_true(q[0] == 0.7);
    p[0] = NAN;
    assert_int_equal(fgf_benjamini_hochberg(p, 1, q), FGF_OK);
    assert_true(isnan(q[0]));
    assert_int_equal(fgf_benjamini_hochberg(p, 0, q), FGF_OK);
}

/* Hollander and Wolfe's depression scores: W+ = 40 of nine differences. */
static void signed_rank_as_published(void **state)
{
    (void)state;
    const double x[] = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const double y[] = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double d[9], plus, minus;
    size_t used;
    for (int i = 0; i < 9; i++)
        d[i] = x[i] - y[i];
    assert_int_equal(fgf_signed_rank(d, 9, &plus, &minus, &used), FGF_OK);
    assert_true(plus == 40 && minus == 5 && used == 9);
    const double ties[] = {1, -1, 0, NAN, 2, 1};
    assert_int_equal(fgf_signed_rank(ties, 6, &plus, &minus, &used), FGF_OK);
    assert_true(plus == 8 && minus == 2 && used == 4);
    assert_int_equal(fgf_signed_rank(ties, 0, &plus, &minus, &used), FGF_OK);
    assert_true(plus == 0 && minus == 0 && used == 0);
}

/* All 32 sign patterns of five differences: how often W+ takes each value is the number of subsets
 * of {1, .., 5} with that sum. */
static void signed_rank_over_all_signs(void **state)
{
    (void)state;
    const int expected[16] = {1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 2, 2, 1, 1, 1};
    const double size[5] = {0.3, 4, 0.1, 2, 0.7};
    int counted[16] = {0};
    for (int pattern = 0; pattern < 32; pattern++) {
        double d[5], plus, minus;
        size_t used;
        for (int i = 0; i < 5; i++)
            d[i] = pattern >> i & 1 ? size[i] : -size[i];
        assert_int_equal(fgf_signed_rank(d, 5, &plus, &minus, &used), FGF_OK);
        assert_true(plus + minus == 15 && plus == floor(plus));
        counted[(int)plus]++;
    }
    assert_memory_equal(counted, expected, sizeof expected);
}

static void effect_by_hand(void **state)
{
    (void)state;
    const double beats[] = {0.1, 0.01, 0.3, 0.2}, mixed[] = {0.1, 0.7, NAN, 0.49, 0.9};
    const double one[] = {0.2, NAN}, none[] = {NAN};
    double effect, low, high;
    assert_int_equal(fgf_signed_rank_effect(beats, 4, 0.95, 200, 7, 1, &effect, &low, &high),
                     FGF_OK);
    assert_true(effect == 1 && low == 1 && high == 1);
    /* d = 0.4, -0.2, 0.01, -0.4: ranks 3.5, -2, 1, -3.5. */
    assert_int_equal(fgf_signed_rank_effect(mixed, 5, 0.95, 200, 7, 1, &effect, &low, &high),
                     FGF_OK);
    assert_near(effect, (4.5 - 5.5) / 10, 1e-12);
    assert_true(low < effect && effect < high && low >= -1 && high <= 1);
    assert_int_equal(fgf_signed_rank_effect(one, 2, 0.95, 200, 7, 1, &effect, &low, &high), FGF_OK);
    assert_true(effect == 1 && isnan(low) && isnan(high));
    assert_int_equal(fgf_signed_rank_effect(none, 1, 0.95, 200, 7, 1, &effect, &low, &high),
                     FGF_OK);
    assert_true(isnan(effect) && isnan(low) && isnan(high));
    assert_int_equal(fgf_signed_rank_effect(mixed, 5, 0.95, 0, 7, 1, &effect, &low, &high), FGF_OK);
    assert_true(!isnan(effect) && isnan(low) && isnan(high));
}

/* The bootstrap is keyed, and its interval holds 0 about as often as it says where the ranks are
 * those of noise. */
static void effect_interval_covers(void **state)
{
    (void)state;
    enum { REPEATS = 1000, CASES = 60 };
    double ranks[CASES], effect, low, high, again[3];
    int above = 0, below = 0;
    for (uint64_t r = 0; r < REPEATS; r++) {
        fgf_stream stream = fgf_stream_open(3, FGF_PURPOSE_TEST, r, 0);
        for (int i = 0; i < CASES; i++)
            ranks[i] = fgf_stream_uniform(&stream);
        assert_int_equal(
            fgf_signed_rank_effect(ranks, CASES, 0.9, 300, 11, r, &effect, &low, &high), FGF_OK);
        above += low > 0;
        below += high < 0;
    }
    assert_near(above / (double)REPEATS, 0.05, 0.025);
    assert_near(below / (double)REPEATS, 0.05, 0.025);
    assert_int_equal(fgf_signed_rank_effect(ranks, CASES, 0.9, 300, 11, REPEATS - 1, &again[0],
                                            &again[1], &again[2]),
                     FGF_OK);
    assert_true(again[0] == effect && again[1] == low && again[2] == high);
    assert_int_equal(
        fgf_signed_rank_effect(ranks, CASES, 0.9, 300, 11, 0, &again[0], &again[1], &again[2]),
        FGF_OK);
    assert_true(again[0] == effect && (again[1] != low || again[2] != high));
}

/* Each allocation fails in turn; none is leaked or used. */
static void memory_runs_out_cleanly(void **state)
{
    (void)state;
    const double values[] = {0.1, 0.7, 0.3};
    double a, b, c, q[3];
    size_t used;
    fgf_status status = FGF_MEMORY;
    for (long n = 1; status != FGF_OK; n++) {
        fgf_allocation_fail_at(n);
        status = fgf_signed_rank_effect(values, 3, 0.95, 10, 1, 1, &a, &b, &c);
        assert_true(status == FGF_OK ? n > 5 : status == FGF_MEMORY);
    }
    fgf_allocation_fail_at(1);
    assert_int_equal(fgf_benjamini_hochberg(values, 3, q), FGF_MEMORY);
    fgf_allocation_fail_at(2);
    assert_int_equal(fgf_signed_rank(values, 3, &a, &b, &used), FGF_MEMORY);
    fgf_allocation_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_p_counts),
        cmocka_unit_test(null_has_its_level),
        cmocka_unit_test(benjamini_hochberg_as_published),
        cmocka_unit_test(signed_rank_as_published),
        cmocka_unit_test(signed_rank_over_all_signs),
        cmocka_unit_test(effect_by_hand),
        cmocka_unit_test(effect_interval_covers),
        cmocka_unit_test(memory_runs_out_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
