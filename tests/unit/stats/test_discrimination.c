/* AUC, DeLong and Youden against values worked by hand, and what is not defined. */
#include "stats_test.h"

#include "fgf/memory.h"
#include "fgf/random.h"

/* Events 3, 5, 2 and others 1, 3, 0, 2.5. Pairs won: 3.5 + 4 + 2 of 12, so the AUC is 19/24. The
 * events' components are 7/8, 1, 1/2 with variance 13/192, the others' 1, 1/2, 1, 2/3 with
 * variance 1/16: var(AUC) = 13/192/3 + 1/16/4 = 11/288. */
static const double score[] = {3, 1, 5, 3, 2, 0, 2.5};
static const int8_t label[] = {1, 0, 1, 0, 1, 0, 0};

static void auc_and_delong_by_hand(void **state)
{
    (void)state;
    double auc, low, high, se, z = 1.959963984540054;
    assert_near(fgf_auc(score, label, 7), 19.0 / 24, 1e-15);
    fgf_auc_delong(score, label, 7, 0.95, &auc, &low, &high, &se);
    assert_near(auc, 19.0 / 24, 1e-15);
    assert_near(se, sqrt(11.0 / 288), 1e-15);
    assert_near(low, 19.0 / 24 - z * sqrt(11.0 / 288), 1e-14);
    assert_true(high == 1);
    fgf_auc_delong(score, label, 7, 0.5, &auc, &low, &high, &se);
    assert_near(high - auc, 0.6744897501960817 * se, 1e-14);
    assert_near(auc - low, 0.6744897501960817 * se, 1e-14);
    fgf_auc_delong_logit(score, label, 7, 0.95, &auc, &low, &high, &se);
    double spread = z * se / (19.0 / 24 * 5 / 24);
    assert_near(log(low / (1 - low)), log(19.0 / 5) - spread, 1e-12);
    assert_near(log(high / (1 - high)), log(19.0 / 5) + spread, 1e-12);
}

static void missing_cases_are_left_out(void **state)
{
    (void)state;
    double more[9], auc, low, high, se, threshold, index;
    int8_t labels[9];
    for (int i = 0; i < 7; i++) {
        more[i] = score[i];
        labels[i] = label[i];
    }
    more[7] = NAN;
    labels[7] = 1;
    more[8] = 9;
    labels[8] = -1;
    assert_near(fgf_auc(more, labels, 9), 19.0 / 24, 1e-15);
    fgf_auc_delong(more, labels, 9, 0.95, &auc, &low, &high, &se);
    assert_near(se, sqrt(11.0 / 288), 1e-15);
    assert_int_equal(fgf_youden(more, labels, 9, &threshold, &index), FGF_OK);
    assert_true(threshold == 1.5);
}

static void youden_by_hand(void **state)
{
    (void)state;
    double threshold, index;
    /* 0.5: 1/4; 1.5: 1/2; 2.25: 1/6; 2.75: 5/12; 4: 1/3. */
    assert_int_equal(fgf_youden(score, label, 7, &threshold, &index), FGF_OK);
    assert_true(threshold == 1.5);
    assert_near(index, 0.5, 1e-15);
    /* Two thresholds of equal index: the more sensitive. */
    const double tied[] = {0, 1, 2, 3};
    const int8_t tied_label[] = {0, 1, 0, 1};
    assert_int_equal(fgf_youden(tied, tied_label, 4, &threshold, &index), FGF_OK);
    assert_true(threshold == 0.5 && index == 0.5);
    const double same[] = {2, 2, 2};
    assert_int_equal(fgf_youden(same, tied_label, 3, &threshold, &index), FGF_OK);
    assert_true(isnan(threshold) && isnan(index));
}

static void undefined_is_nan(void **state)
{
    (void)state;
    const int8_t none[] = {0, 0, 0}, one[] = {0, 1, 0}, all[] = {1, 1, 1};
    const double s[] = {1, 2, 3}, apart[] = {1, 5, 2, 6};
    const int8_t apart_label[] = {0, 1, 0, 1};
    double auc, low, high, se, threshold, index;
    assert_true(isnan(fgf_auc(s, none, 3)) && isnan(fgf_auc(s, all, 3)));
    assert_true(isnan(fgf_auc(s, one, 0)) && isnan(fgf_auc(NULL, NULL, 0)));
    fgf_auc_delong(s, none, 3, 0.95, &auc, &low, &high, &se);
    assert_true(isnan(auc) && isnan(low) && isnan(high) && isnan(se));
    fgf_auc_delong(s, one, 3, 0.95, &auc, &low, &high, &se);
    assert_true(auc == 0.5 && isnan(low) && isnan(high) && isnan(se));
    fgf_auc_delong(apart, apart_label, 4, 0.95, &auc, &low, &high, &se);
    assert_true(auc == 1 && low == 1 && high == 1 && se == 0);
    fgf_auc_delong_logit(apart, apart_label, 4, 0.95, &auc, &low, &high, &se);
    assert_true(auc == 1 && isnan(low) && isnan(high) && se == 0);
    assert_int_equal(fgf_youden(s, none, 3, &threshold, &index), FGF_OK);
    assert_true(isnan(threshold) && isnan(index));
    assert_int_equal(fgf_youden(NULL, NULL, 0, &threshold, &index), FGF_OK);
    assert_true(isnan(threshold));
    fgf_allocation_fail_at(1);
    assert_int_equal(fgf_youden(score, label, 7, &threshold, &index), FGF_MEMORY);
    fgf_allocation_fail_at(0);
}

/* Normal scores one standard deviation apart: the AUC is Phi(1/sqrt 2), DeLong's se is the spread
 * over repetitions, and its interval holds the truth about as often as it says. */
static void delong_says_how_uncertain_it_is(void **state)
{
    (void)state;
    enum { REPEATS = 1000, EVENTS = 40, CASES = 120 };
    static double s[CASES], aucs[REPEATS], errors[REPEATS];
    static int8_t y[CASES];
    double truth = fgf_normal_cdf(1 / sqrt(2));
    int held = 0, held_logit = 0;
    for (int r = 0; r < REPEATS; r++) {
        fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, (uint64_t)r, 0);
        double low, high;
        for (int i = 0; i < CASES; i++) {
            y[i] = i < EVENTS;
            s[i] = fgf_stream_normal(&stream) + y[i];
        }
        fgf_auc_delong(s, y, CASES, 0.9, &aucs[r], &low, &high, &errors[r]);
        held += low <= truth && truth <= high;
        fgf_auc_delong_logit(s, y, CASES, 0.9, &aucs[r], &low, &high, &errors[r]);
        held_logit += low <= truth && truth <= high;
    }
    fgf_summary spread = fgf_summarize(aucs, REPEATS);
    assert_near(spread.mean, truth, 0.006);
    assert_near(fgf_mean(errors, REPEATS) / spread.sd, 1, 0.08);
    assert_near(held / (double)REPEATS, 0.9, 0.03);
    assert_near(held_logit / (double)REPEATS, 0.9, 0.03);
}

static void means_skip_what_is_missing(void **state)
{
    (void)state;
    const double values[] = {NAN, 1, 4, INFINITY, 1, -2};
    fgf_summary s = fgf_summarize(values, 6);
    assert_int_equal((int)s.count, 4);
    assert_int_equal((int)s.missing, 2);
    assert_near(s.mean, 1, 1e-15);
    assert_near(s.sd, sqrt(6), 1e-15);
    assert_true(s.least == -2 && s.greatest == 4);
    assert_near(fgf_mean(values, 2), 1, 0);
    s = fgf_summarize(values, 2);
    assert_true(s.mean == 1 && isnan(s.sd));
    s = fgf_summarize(values, 1);
    assert_true(isnan(s.mean) && isnan(s.sd) && isnan(s.least) && s.missing == 1);
    assert_true(isnan(fgf_mean(NULL, 0)));
    const double sorted[] = {1, 2, 4, 8};
    assert_true(fgf_quantile_sorted(sorted, 4, 0) == 1 && fgf_quantile_sorted(sorted, 4, 1) == 8);
    assert_near(fgf_quantile_sorted(sorted, 4, 0.5), 3, 1e-15);
    assert_near(fgf_quantile_sorted(sorted, 4, 0.9), 6.8, 1e-14);
    assert_true(isnan(fgf_quantile_sorted(sorted, 0, 0.5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auc_and_delong_by_hand),
        cmocka_unit_test(missing_cases_are_left_out),
        cmocka_unit_test(youden_by_hand),
        cmocka_unit_test(undefined_is_nan),
        cmocka_unit_test(delong_says_how_uncertain_it_is),
        cmocka_unit_test(means_skip_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
