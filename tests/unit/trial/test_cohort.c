/* The cohort test's own level: noise draws in the place of features are called significant at the
 * rate asked for, however much the gradients of different cases resemble each other. */
#include "fgf/random.h"
#include "fgf/trial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CASES = 24, PIXELS = 60, DRAWS = 199, TRIES = 600 };

/* Unit gradients of all cases; any two share `correlation` of their direction. */
static void draw_gradients(double correlation, uint64_t attempt, double g[CASES][PIXELS])
{
    fgf_stream stream = fgf_stream_open(17, FGF_PURPOSE_TEST, attempt, 0);
    double common[PIXELS];
    for (int p = 0; p < PIXELS; p++)
        common[p] = fgf_stream_normal(&stream);
    for (int i = 0; i < CASES; i++) {
        double norm = 0;
        for (int p = 0; p < PIXELS; p++) {
            g[i][p] = sqrt(correlation) * common[p] +
                      sqrt(1 - correlation) * fgf_stream_normal(&stream);
            norm += g[i][p] * g[i][p];
        }
        for (int p = 0; p < PIXELS; p++)
            g[i][p] /= sqrt(norm);
    }
}

/* The mean over cases of the squared cosine with one map that is the same for every case. */
static double cohort_score(double g[CASES][PIXELS], fgf_stream *maps)
{
    double map[PIXELS], norm = 0, sum = 0;
    for (int p = 0; p < PIXELS; p++) {
        map[p] = fgf_stream_normal(maps);
        norm += map[p] * map[p];
    }
    for (int i = 0; i < CASES; i++) {
        double dot = 0;
        for (int p = 0; p < PIXELS; p++)
            dot += g[i][p] * map[p];
        sum += dot * dot / norm;
    }
    return sum / CASES;
}

static void level_is_held(void **state)
{
    (void)state;
    static double g[CASES][PIXELS];
    double draws[DRAWS];
    const double correlations[] = {0, 0.3, 0.9};
    for (size_t c = 0; c < 3; c++) {
        int significant = 0;
        for (uint64_t attempt = 0; attempt < TRIES; attempt++) {
            double p, q;
            draw_gradients(correlations[c], attempt * 3 + c, g);
            fgf_stream maps = fgf_stream_open(18, FGF_PURPOSE_TEST, attempt, c);
            double held_out = cohort_score(g, &maps);
            for (int m = 0; m < DRAWS; m++)
                draws[m] = cohort_score(g, &maps);
            assert_int_equal(fgf_cohort_test(&held_out, 1, draws, DRAWS, &p, &q), FGF_OK);
            significant += p <= 0.05;
        }
        /* Binomial(600, .05): mean 30, standard deviation 5.3; 3.3 of them either way. */
        assert_in_range(significant, 13, 47);
    }
}

static void a_real_direction_is_found(void **state)
{
    (void)state;
    static double g[CASES][PIXELS];
    double draws[DRAWS], score = 0, p, q;
    draw_gradients(0.5, 0, g);
    fgf_stream maps = fgf_stream_open(19, FGF_PURPOSE_TEST, 0, 0);
    for (int m = 0; m < DRAWS; m++)
        draws[m] = cohort_score(g, &maps);
    /* The feature's gradient is the first case's own direction. */
    for (int i = 0; i < CASES; i++) {
        double dot = 0;
        for (int k = 0; k < PIXELS; k++)
            dot += g[i][k] * g[0][k];
        score += dot * dot / CASES;
    }
    assert_int_equal(fgf_cohort_test(&score, 1, draws, DRAWS, &p, &q), FGF_OK);
    assert_true(p == 1.0 / (DRAWS + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(level_is_held),
                                       cmocka_unit_test(a_real_direction_is_found)};
    return cmocka_run_group_tests_name("cohort test", tests, NULL, NULL);
}
