/* Choosing by inner folds, on numbers that can be followed by hand. */
#include "fgf/choose.h"

#include "fgf/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(value, expected, tolerance)                                                    \
    assert_true(fabs((value) - (expected)) <= (tolerance))

enum { SETTINGS = 3, OUTERS = 2, MOST = 64 };

/* A sweep of OUTERS x SETTINGS x 2 inner folds x 2 seeds, and for each a trial without an inner
 * fold. */
typedef struct sweep {
    fgf_choose_design design;
    fgf_choose_trial trial[MOST];
    size_t count;
    fgf_choose_candidate candidate[OUTERS * SETTINGS];
    fgf_choose_outer outer[OUTERS];
} sweep;

/* score[outer][setting][fold]; seeds lie 0.01 on either side of it. */
static sweep make(const double score[OUTERS][SETTINGS][2])
{
    sweep s = {.design = {OUTERS, SETTINGS, 2, true}};
    for (size_t o = 0; o < OUTERS; o++)
        for (size_t k = 0; k < SETTINGS; k++)
            for (size_t fold = 0; fold < 3; fold++)
                for (int seed = 0; seed < 2; seed++)
                    s.trial[s.count++] = (fgf_choose_trial){
                        .outer = o,
                        .setting = k,
                        .fold = fold < 2 ? fold : FGF_CHOOSE_NONE,
                        .state = FGF_CHOOSE_DONE,
                        .score = fold < 2 ? score[o][k][fold] + (seed ? 0.01 : -0.01) : 1e6};
    return s;
}

static void choose(sweep *s)
{
    assert_int_equal(fgf_choose_settings(&s->design, s->trial, s->count, s->candidate, s->outer),
                     FGF_OK);
}

static const double plain[OUTERS][SETTINGS][2] = {{{.6, .7}, {.9, .6}, {.7, .7}},
                                                  {{.9, .9}, {.5, .8}, {.6, .6}}};

/* The trials of a setting in an inner fold, or without one (FGF_CHOOSE_NONE). */
static fgf_choose_trial *trial_of(sweep *s, size_t outer, size_t setting, size_t fold, int seed)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->trial[i].outer == outer && s->trial[i].setting == setting &&
            s->trial[i].fold == fold && seed-- == 0)
            return &s->trial[i];
    return NULL;
}

static void test_best_mean(void **state)
{
    (void)state;
    sweep s = make(plain);
    choose(&s);
    assert_int_equal(s.outer[0].chosen, 1);
    assert_near(s.outer[0].score, 0.75, 1e-12);
    assert_near(s.outer[0].margin, 0.05, 1e-12);
    assert_int_equal(s.outer[1].chosen, 0);
    assert_near(s.outer[1].margin, 0.25, 1e-12);
    assert_int_equal(s.outer[0].settings, SETTINGS);
    assert_int_equal(s.outer[0].scored, SETTINGS);
    assert_int_equal(s.outer[0].tied, 0);
    assert_int_equal(s.candidate[0].trials, 4);
    assert_int_equal(s.candidate[0].folds, 2);
    assert_near(s.candidate[0].score, 0.65, 1e-12);
}

/* The order in which trials come does not matter, nor what trials without an inner fold have. */
static void test_order_and_others(void **state)
{
    (void)state;
    sweep s = make(plain), other = make(plain);
    for (size_t i = 0; i < s.count; i++) {
        other.trial[i] = s.trial[s.count - 1 - i];
        if (other.trial[i].fold == FGF_CHOOSE_NONE)
            other.trial[i].score = i % 2 ? -1e9 : NAN;
    }
    choose(&s);
    choose(&other);
    for (size_t o = 0; o < OUTERS; o++) {
        assert_int_equal(s.outer[o].chosen, other.outer[o].chosen);
        assert_near(s.outer[o].score, other.outer[o].score, 1e-12);
        assert_int_equal(other.outer[o].scored, SETTINGS);
    }
}

static void test_lowest(void **state)
{
    (void)state;
    sweep s = make(plain);
    s.design.highest = false;
    choose(&s);
    assert_int_equal(s.outer[0].chosen, 0);
    assert_near(s.outer[0].margin, 0.05, 1e-12);
    assert_int_equal(s.outer[1].chosen, 2);
    assert_near(s.outer[1].score, 0.6, 1e-12);
}

static void test_ties(void **state)
{
    (void)state;
    /* Sums in another order differ in their last bits. */
    const double score[OUTERS][SETTINGS][2] = {{{.1, .1}, {.3, .6}, {.6, .3}},
                                               {{.5, .5}, {.5, .5}, {.5, .5}}};
    sweep s = make(score);
    trial_of(&s, 0, 2, 0, 0)->score += 4e-16;
    choose(&s);
    assert_int_equal(s.outer[0].chosen, 1);
    assert_int_equal(s.outer[0].tied, 1);
    assert_near(s.outer[0].margin, 0, 0);
    assert_int_equal(s.outer[1].chosen, 0);
    assert_int_equal(s.outer[1].tied, 2);
    s = make(score);
    trial_of(&s, 0, 2, 0, 0)->score += 1e-6;
    choose(&s);
    assert_int_equal(s.outer[0].chosen, 2);
    assert_int_equal(s.outer[0].tied, 0);
}

static void test_incomplete(void **state)
{
    (void)state;
    sweep s = make(plain);
    trial_of(&s, 0, 1, 1, 0)->state = FGF_CHOOSE_LEFT;
    trial_of(&s, 1, 0, 0, 1)->state = FGF_CHOOSE_FAILED;
    trial_of(&s, 1, 2, FGF_CHOOSE_NONE, 0)->state = FGF_CHOOSE_LEFT; /* no part in the choice */
    choose(&s);
    assert_int_equal(s.outer[0].chosen, 2);
    assert_int_equal(s.outer[0].scored, 2);
    assert_true(s.outer[0].so_far);
    assert_false(s.outer[1].so_far); /* what failed will not come */
    assert_int_equal(s.candidate[1].verdict, FGF_CHOOSE_INCOMPLETE);
    assert_int_equal(s.candidate[1].done, 3);
    assert_int_equal(s.outer[1].chosen, 1);
    assert_int_equal(s.candidate[SETTINGS].failed, 1);
    assert_int_equal(s.candidate[SETTINGS + 2].verdict, FGF_CHOOSE_SCORED);

    /* An inner fold that the sweep leaves out of one setting. */
    s = make(plain);
    for (size_t i = 0; i < s.count; i++)
        if (s.trial[i].outer == 0 && s.trial[i].setting == 1 && s.trial[i].fold == 1)
            s.trial[i] = (fgf_choose_trial){
                .outer = 0, .setting = 1, .fold = 0, .state = FGF_CHOOSE_DONE, .score = 0.99};
    choose(&s);
    assert_int_equal(s.candidate[1].verdict, FGF_CHOOSE_INCOMPLETE);
    assert_int_equal(s.candidate[1].folds, 1);
    assert_int_equal(s.outer[0].chosen, 2);

    /* Nothing left to choose from; and a setting that is not there at all. */
    for (size_t i = 0; i < s.count; i++)
        if (s.trial[i].outer == 0)
            s.trial[i].state = FGF_CHOOSE_LEFT;
        else if (s.trial[i].setting == 0)
            s.trial[i].fold = FGF_CHOOSE_NONE;
    choose(&s);
    assert_true(s.outer[0].chosen == FGF_CHOOSE_NONE);
    assert_true(isnan(s.outer[0].score) && isnan(s.outer[0].margin));
    assert_int_equal(s.outer[0].undefined_folds, 0);
    assert_int_equal(s.candidate[SETTINGS].verdict, FGF_CHOOSE_ABSENT);
    assert_int_equal(s.outer[1].settings, 2);
}

/* A fold of one class is left out for every setting; a score that one setting lacks keeps it out.
 */
static void test_undefined(void **state)
{
    (void)state;
    sweep s = make(plain);
    for (size_t i = 0; i < s.count; i++)
        if (s.trial[i].outer == 0 && s.trial[i].fold == 0)
            s.trial[i].score = NAN;
    trial_of(&s, 1, 0, 1, 0)->score = NAN;
    choose(&s);
    assert_int_equal(s.outer[0].undefined_folds, 1);
    assert_int_equal(s.outer[0].scored, SETTINGS);
    assert_int_equal(s.outer[0].chosen, 0); /* .7, .6, .7: the first */
    assert_int_equal(s.outer[0].tied, 1);
    assert_near(s.outer[0].score, 0.7, 1e-12);
    assert_int_equal(s.outer[1].undefined_folds, 0);
    assert_int_equal(s.candidate[SETTINGS].verdict, FGF_CHOOSE_UNDEFINED);
    assert_int_equal(s.candidate[SETTINGS].undefined, 1);
    assert_int_equal(s.outer[1].chosen, 1);

    for (size_t i = 0; i < s.count; i++)
        s.trial[i].score = i % 2 ? NAN : INFINITY;
    choose(&s);
    assert_true(s.outer[0].chosen == FGF_CHOOSE_NONE);
    assert_int_equal(s.outer[0].undefined_folds, 2);
    assert_int_equal(s.candidate[0].verdict, FGF_CHOOSE_UNDEFINED);
}

static void test_summary(void **state)
{
    (void)state;
    const double value[] = {.5, .7, NAN, .9, .8, .4};
    const size_t one[] = {0, 0, 0, 0, 0, 0}, two[] = {0, 1, 0, 1, 1, 0};
    fgf_choose_summary s;
    assert_int_equal(fgf_choose_summarize(value, one, 6, 1, &s), FGF_OK);
    assert_int_equal(s.values, 5);
    assert_near(s.mean, 0.66, 1e-12);
    assert_near(s.deviation, sqrt((.0256 + .0016 + .0576 + .0196 + .0676) / 4), 1e-12);
    assert_int_equal(fgf_choose_summarize(value, two, 6, 2, &s), FGF_OK);
    assert_int_equal(s.repetitions, 2);
    assert_near(s.mean, (.45 + .8) / 2, 1e-12);
    assert_near(s.deviation, .35 / sqrt(2), 1e-12);
    assert_int_equal(fgf_choose_summarize(value, one, 1, 1, &s), FGF_OK);
    assert_near(s.mean, .5, 0);
    assert_true(isnan(s.deviation));
    assert_int_equal(fgf_choose_summarize(value + 2, one, 1, 1, &s), FGF_OK);
    assert_true(isnan(s.mean) && s.values == 0 && s.repetitions == 0);
}

/* Every allocation fails once: an error, and nothing is lost. */
static void test_no_memory(void **state)
{
    (void)state;
    sweep s = make(plain);
    fgf_choose_summary summary;
    const double value = 1;
    const size_t repetition = 0;
    for (long n = 1; n <= 3; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_choose_settings(&s.design, s.trial, s.count, s.candidate, s.outer),
                         FGF_MEMORY);
    }
    for (long n = 1; n <= 2; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_choose_summarize(&value, &repetition, 1, 1, &summary), FGF_MEMORY);
    }
    fgf_allocation_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_mean),  cmocka_unit_test(test_order_and_others),
        cmocka_unit_test(test_lowest),     cmocka_unit_test(test_ties),
        cmocka_unit_test(test_incomplete), cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_summary),    cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
