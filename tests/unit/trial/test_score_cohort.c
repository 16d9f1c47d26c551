/* The cohort test of a trial where a feature has no score on some cases: the draws it is ranked
 * among are averaged over the same cases as the feature itself. */
#include "scoring.h"

#include "fgf/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { CASES = 4, FEATURES = 2, DRAWS = 9 };

static fgf_column columns[] = {
#define FGF_COLUMN(name, path_, type_, count_, axes_, unit_, volatile_, long_name_)                \
    {.path = path_, .type = type_, .axis_count = count_, .axes = axes_},
#include "fgf/columns.def"
#undef FGF_COLUMN
};

static void draws_follow_the_feature(void **state)
{
    (void)state;
    fgf_axes axes = {.columns = columns, .column_count = FGF_TRIAL_COLUMNS};
    axes.length[FGF_AXIS_CASE] = CASES;
    axes.length[FGF_AXIS_FEATURE] = FEATURES;
    axes.length[FGF_AXIS_NOISE] = 1;
    axes.length[FGF_AXIS_DRAW] = DRAWS;
    axes.length[FGF_AXIS_EPOCH] = 1;
    int8_t role[CASES] = {FGF_ROLE_TEST, FGF_ROLE_TEST, FGF_ROLE_TEST, FGF_ROLE_TEST};
    size_t column[FEATURES] = {0, 1}, scored_case[CASES] = {0, 1, 2, 3};
    double noise[CASES * DRAWS], rank[FEATURES * CASES];
    trial t = {.case_count = CASES, .role = role};
    t.features.column = column;
    t.features.count = FEATURES;
    scoring s = {.t = &t,
                 .features = FEATURES,
                 .kinds = 1,
                 .draws = DRAWS,
                 .scored = CASES,
                 .scored_case = scored_case,
                 .case_noise = noise,
                 .case_rank = rank};
    assert_int_equal(fgf_row_create(&axes, &t.row), FGF_OK);
    /* Noise scores 0.1 on three cases and 1 on the last, where feature 1 has no score. */
    for (size_t i = 0; i < CASES; i++) {
        case_f64(&t, FGF_COLUMN_SQUARE_FLOW, i)[0] = 0.3;
        case_f64(&t, FGF_COLUMN_SQUARE_FLOW, i)[1] = i < 3 ? 0.3 : NAN;
        for (size_t m = 0; m < DRAWS; m++)
            noise[i * DRAWS + m] = i < 3 ? 0.1 : 1.0;
        rank[i] = 0.5;
        rank[CASES + i] = i < 3 ? 0.2 : NAN;
    }
    assert_int_equal(test_cohort(&s), FGF_OK);
    const double *p = fgf_row_f64(t.row, FGF_COLUMN_P_VALUE);
    const double *q = fgf_row_f64(t.row, FGF_COLUMN_Q_VALUE);
    const int32_t *cases = fgf_row_i32(t.row, FGF_COLUMN_COHORT_FEATURE_CASES);
    /* Over all cases the draws' mean is 0.325 and beats 0.3; over the first three it is 0.1. */
    assert_true(p[0] == 1.0);
    assert_true(p[1] == 1.0 / (DRAWS + 1));
    assert_true(q[1] == 2.0 / (DRAWS + 1));
    assert_int_equal(cases[0], CASES);
    assert_int_equal(cases[1], 3);
    assert_true(fabs(fgf_row_f64(t.row, FGF_COLUMN_COHORT_NOISE)[0] - 0.325) < 1e-15);
    assert_int_equal(*fgf_row_i32(t.row, FGF_COLUMN_COHORT_CASES), CASES);
    fgf_row_destroy(&t.row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(draws_follow_the_feature)};
    return cmocka_run_group_tests_name("cohort test of a trial", tests, NULL, NULL);
}
