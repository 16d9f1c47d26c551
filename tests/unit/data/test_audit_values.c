/* The audit's checks of labels, outcomes, names and splits. */
#include "audit_cohort.h"

#include "fgf/split.h"

#include <math.h>

/* ---- labels and outcomes ---- */

static void one_label(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        cohort.cases[i].label = 0;
        cohort.cases[i].event = 0;
        cohort.cases[i].time = NAN;
    }
    finds("one_label=fault:1 centre_one_label=warning:2");
    says("one_label", 0, "the cohort", "no case with label 1, 24 with label 0");
}

static void centre_of_one_label(void **state)
{
    (void)state;
    for (int i = 20; i < CASES; i++) {
        strcpy(cohort.cases[i].centre, "HMR");
        cohort.cases[i].label = 1;
        cohort.cases[i].event = 1;
        cohort.cases[i].time = 10;
    }
    finds("centre_one_label=warning:1");
    says("centre_one_label", 0, "HMR", "4 cases, all with label 1");
    assert_null(skipped("centre_one_label"));
}

static void one_centre(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        strcpy(cohort.cases[i].centre, "HMR");
    finds("");
    assert_string_equal(skipped("centre_one_label"), "there is one centre");
}

static void missing_outcome(void **state)
{
    (void)state;
    cohort.cases[5].label = -1;
    cohort.cases[5].event = NAN;
    cohort.cases[7].label = -1;
    cohort.excluded = 1;
    finds("missing_outcomes=note:2 excluded=note:1");
    says("missing_outcomes", 0, "case-05", "no event is recorded");
    says("missing_outcomes", 1, "case-07", "the label rule gives none");
    says("excluded", 0, "case-90", "followed for less than the horizon");
}

static void odd_times(void **state)
{
    (void)state;
    cohort.cases[3].time = -1;
    cohort.cases[6].time = 950; /* followed until 906; and behind the horizon */
    cohort.cases[6].label = 0;
    cohort.cases[7].follow_up = -20;
    cohort.cases[7].label = -1;
    finds("missing_outcomes=note:1 times=fault:3");
    says("times", 0, "case-03", "time -1");
    says("times", 1, "case-06", "event at 950, followed until 906");
    says("times", 2, "case-07", "follow-up -20");
}

static void event_without_time(void **state)
{
    (void)state;
    cohort.cases[9].time = NAN;
    finds("untimed_events=warning:1");
    says("untimed_events", 0, "case-09", "label 1");
}

static void no_times(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        cohort.cases[i].time = cohort.cases[i].follow_up = NAN;
    settings.horizon = 0;
    finds("");
    assert_non_null(skipped("times"));
    assert_non_null(skipped("untimed_events"));
    for (int i = 0; i < CASES; i++)
        cohort.cases[i].event = NAN;
    fgf_dataset_close(&dataset);
    finds("");
    assert_string_equal(skipped("label_follow_up"), "no events are recorded");
}

static void contradictions(void **state)
{
    (void)state;
    cohort.cases[0].event = 0;  /* label 1 */
    cohort.cases[3].time = 800; /* label 1 */
    cohort.cases[1].event = 1;  /* label 0 */
    cohort.cases[1].time = 730;
    cohort.cases[2].follow_up = 729; /* label 0 */
    cohort.cases[4].follow_up = NAN; /* label 0 */
    finds("label_follow_up=fault:5");
    says("label_follow_up", 0, "case-00", "label 1 without an event");
    says("label_follow_up", 1, "case-01", "label 0 with the event within the horizon");
    says("label_follow_up", 2, "case-02", "followed for less than the horizon");
    says("label_follow_up", 3, "case-03",
         "label 1 with the event behind the horizon (event 1, "
         "time 800");
    says("label_follow_up", 4, "case-04", "the follow-up is not known");
}

/* Where the horizon is not known only label and event are held together. */
static void unknown_horizon(void **state)
{
    (void)state;
    cohort.cases[0].event = 0;
    cohort.cases[3].time = 800;
    settings.horizon = -1;
    finds("label_follow_up=fault:1");
}

/* ---- names ---- */

static void private_names(void **state)
{
    (void)state;
    static const char *const bad[] = {"Doe^Jane",     "Roe, Richard", "John Major",
                                      "x19640229",    "29-02-1964",   "case 1964.02.29 b",
                                      "p_20230101_1", "scan-01012023"};
    static const char *const good[] = {"HN-CHUM-001", "12345678",  "sub 01",    "P00000001",
                                       "1964-1965",   "123456789", "20231301x1"};
    for (int i = 0; i < 8; i++)
        strcpy(cohort.cases[i].patient, bad[i]);
    for (int i = 0; i < 7; i++)
        strcpy(cohort.cases[8 + i].id, good[i]);
    strcpy(cohort.cases[20].centre, "20200101");
    strcpy(cohort.cases[21].centre, "20200101");
    finds("private_names=warning:10");
    says("private_names", 0, "case 0", "its patient looks like a person's name");
    says("private_names", 3, "case 3", "its patient looks like a date");
    says("private_names", 9, "case 21", "its centre looks like a date");
}

static void similar_names(void **state)
{
    (void)state;
    strcpy(cohort.cases[4].patient, "Patient_02 ");
    strcpy(cohort.cases[5].patient, "patient2");
    strcpy(cohort.cases[6].centre, "hgj"); /* label 1 */
    strcpy(cohort.cases[8].centre, "hgj"); /* label 0 */
    strcpy(cohort.cases[7].id, "CASE-8");
    finds("similar_names=warning:4");
    says("similar_names", 0, "Patient_02 ", "a patient, nearly \"patient-02\"");
    says("similar_names", 1, "patient2", "a patient, nearly \"patient-02\"");
    says("similar_names", 2, "case-08", "a case, nearly \"CASE-8\"");
    says("similar_names", 3, "hgj", "a centre, nearly \"HGJ\"");
}

static void cases_of_a_patient(void **state)
{
    (void)state;
    for (int i = 10; i < 14; i++) /* labels 0 0 1 0, centres HGJ HGJ CHUM CHUM */
        strcpy(cohort.cases[i].patient, "several");
    finds("several_cases=note:1 patient_labels=warning:1 patient_centres=warning:1");
    says("several_cases", 0, "several", "4 cases");
    says("patient_labels", 0, "several", "3 cases with label 0, 1 with label 1");
    says("patient_centres", 0, "several", "HGJ and CHUM");
}

/* ---- splits ---- */

static void add_split(const fgf_split_settings *split, bool every)
{
    if (!dataset)
        open_sample();
    if (fgf_audit_splits_add(&splits, split, dataset, every) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
}

static void every_part(void **state)
{
    (void)state;
    fgf_split_settings split = {.kind = FGF_SPLIT_KFOLD, .folds = 4, .seed = 1, .inner_fold = -1};
    add_split(&split, true);
    assert_int_equal(splits.count, 4);
    assert_string_equal(splits.split[2].name, "kfold, folds 4, fold 2, seed 1");
    split.inner_folds = 2;
    add_split(&split, true);
    assert_int_equal(splits.count, 12);
    split = (fgf_split_settings){.kind = FGF_SPLIT_LEAVE_CENTRE_OUT};
    add_split(&split, true);
    assert_int_equal(splits.count, 14);
    finds("");
    assert_null(skipped("torn_patients"));
}

static void few_events(void **state)
{
    (void)state;
    const fgf_split_settings split = {.kind = FGF_SPLIT_KFOLD, .folds = 4, .seed = 1};
    settings.least_events = 3; /* 8 events in 4 folds: 2 a test part */
    add_split(&split, true);
    finds("split_events=warning:4");
    says("split_events", 3, "kfold, folds 4, fold 3, seed 1",
         "test: 2 with label 1, 4 with label 0");
}

static void training_part_without_events(void **state)
{
    (void)state;
    static const char *const train[] = {"CHUM"};
    const fgf_split_settings split = {.kind = FGF_SPLIT_CENTRE, .train_centres = {train, 1}};
    for (int i = 12; i < CASES; i++) {
        cohort.cases[i].label = 0;
        cohort.cases[i].event = 0;
    }
    add_split(&split, false);
    finds("centre_one_label=warning:1 split_events=fault:1");
    says("split_events", 0, "centre, train CHUM", "train: 0 with label 1, 12 with label 0");
}

static void impossible_split(void **state)
{
    (void)state;
    const fgf_split_settings split = {.kind = FGF_SPLIT_KFOLD, .folds = 30, .seed = 1};
    add_split(&split, true);
    finds("split_faults=fault:1");
    says("split_faults", 0, "kfold, folds 30, fold 0, seed 1", "30 folds of 24");
}

/* A file that tears two patients: the split is refused, and the audit names both. */
static void torn_patients(void **state)
{
    (void)state;
    char file[4096] = "";
    for (int i = 0; i < CASES; i++) {
        snprintf(cohort.cases[i].patient, FGF_CASE_ID, "patient-%02d", i / 2);
        cohort.cases[i].event = i / 4 % 2; /* both labels in both centres */
        cohort.cases[i].label = (int8_t)(i / 4 % 2);
        cohort.cases[i].time = 10;
        snprintf(cohort.cases[i].centre, FGF_CASE_TEXT, i % 4 < 2 ? "HGJ" : "CHUM");
        snprintf(file + strlen(file), sizeof file - strlen(file), "case-%02d,%s\n", i,
                 i % 4 < 2 || i == 7 || i == 15 ? "test" : "train");
    }
    const fgf_split_settings split = {.kind = FGF_SPLIT_FIXED, .file = write_text("s.csv", file)};
    add_split(&split, false);
    finds("several_cases=note:12 split_faults=fault:1 torn_patients=fault:2");
    const fgf_audit_item *found = item("torn_patients", 1);
    assert_string_equal(found->subject, "patient-07");
    assert_non_null(strstr(found->detail, "case-14 in train, case-15 in test"));
}

/* One image under two patients on two sides, found by the whole of it, by what is inside the mask,
 * and by its files. */
static void parted_duplicates(void **state)
{
    (void)state;
    char file[2048] = "";
    for (int i = 0; i < CASES; i++)
        snprintf(file + strlen(file), sizeof file - strlen(file), "case-%02d,%s\n", i,
                 i % 2   ? "test"
                 : i % 4 ? "validation"
                         : "train");
    memcpy(cohort.image[3], cohort.image[0], sizeof cohort.image[0]);
    memcpy(cohort.mask[3], cohort.mask[0], sizeof cohort.mask[0]);
    for (int p = 0; p < PIXELS - 1; p++) {
        cohort.image[5][p] = cohort.image[4][p + 1];
        cohort.mask[5][p] = cohort.mask[4][p + 1];
    }
    strcpy(cohort.cases[9].source_hash, cohort.cases[8].source_hash);
    strcpy(cohort.cases[13].source_hash, cohort.cases[11].source_hash); /* both are tested */
    const fgf_split_settings split = {.kind = FGF_SPLIT_FIXED, .file = write_text("s.csv", file)};
    add_split(&split, false);
    finds("duplicate_images=fault:1 duplicate_regions=fault:1 duplicate_sources=fault:2 "
          "split_duplicates=fault:3");
    assert_non_null(
        strstr(item("split_duplicates", 0)->detail, "case-00 in train, case-03 in test"));
    assert_non_null(
        strstr(item("split_duplicates", 1)->detail, "case-04 in train, case-05 in test"));
    assert_non_null(
        strstr(item("split_duplicates", 2)->detail, "case-08 in train, case-09 in test"));
}

/* What a run refuses by, without reading an image. */
static void twins(void **state)
{
    (void)state;
    fgf_twin *found = NULL, leak;
    size_t count = 0;
    int8_t role[CASES];
    memcpy(cohort.image[3], cohort.image[0], sizeof cohort.image[0]);
    memcpy(cohort.mask[3], cohort.mask[0], sizeof cohort.mask[0]);
    memcpy(cohort.image[7], cohort.image[0], sizeof cohort.image[0]);
    memcpy(cohort.mask[7], cohort.mask[0], sizeof cohort.mask[0]);
    memcpy(cohort.image[9], cohort.image[8], sizeof cohort.image[8]); /* of one patient */
    memcpy(cohort.mask[9], cohort.mask[8], sizeof cohort.mask[8]);
    strcpy(cohort.cases[9].patient, cohort.cases[8].patient);
    strcpy(cohort.cases[11].source_hash, cohort.cases[10].source_hash);
    open_sample();
    assert_int_equal(fgf_split_twins(dataset, &found, &count), FGF_OK);
    assert_int_equal(count, 3);
    const size_t expected[3][2] = {{0, 3}, {0, 7}, {10, 11}};
    for (int k = 0; k < 3; k++) {
        assert_int_equal(found[k].first, expected[k][0]);
        assert_int_equal(found[k].second, expected[k][1]);
    }
    memset(role, FGF_ROLE_TRAIN, sizeof role);
    assert_false(fgf_split_leak(found, count, role, &leak));
    role[0] = FGF_ROLE_OUT; /* the group's first is out, and the two others are parted */
    role[7] = FGF_ROLE_VALIDATION;
    assert_true(fgf_split_leak(found, count, role, &leak));
    assert_int_equal(leak.first, 3);
    assert_int_equal(leak.second, 7);
    role[7] = FGF_ROLE_OUT;
    assert_false(fgf_split_leak(found, count, role, &leak));
    role[10] = FGF_ROLE_TEST;
    assert_true(fgf_split_leak(found, count, role, &leak));
    assert_int_equal(leak.second, 11);
    fgf_free(found);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_sample, clear_sample)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(one_label),
                                       TEST(centre_of_one_label),
                                       TEST(one_centre),
                                       TEST(missing_outcome),
                                       TEST(odd_times),
                                       TEST(event_without_time),
                                       TEST(no_times),
                                       TEST(contradictions),
                                       TEST(unknown_horizon),
                                       TEST(private_names),
                                       TEST(similar_names),
                                       TEST(cases_of_a_patient),
                                       TEST(every_part),
                                       TEST(few_events),
                                       TEST(training_part_without_events),
                                       TEST(impossible_split),
                                       TEST(torn_patients),
                                       TEST(parted_duplicates),
                                       TEST(twins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
