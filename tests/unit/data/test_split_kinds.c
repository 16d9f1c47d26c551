/* Splits: repeated, by centre, nested, stratified, and the file that holds one. */
#include "files.h"

#include "fgf/hash.h"
#include "fgf/phantom.h"
#include "fgf/split.h"

enum { CASES = 150, PATIENTS = 75 };

static fgf_case storage[CASES];
static const fgf_case *cases[CASES];
static int8_t role[CASES];

/* 75 patients of two cases: 5 in three of centre A, B, C each, 4 in seven with an event. */
static int set_up(void **state)
{
    (void)state;
    memset(storage, 0, sizeof storage);
    for (int i = 0; i < CASES; i++) {
        const int patient = i / 2;
        snprintf(storage[i].id, sizeof storage[i].id, "case-%03d", i);
        snprintf(storage[i].patient, sizeof storage[i].patient, "patient-%02d", patient);
        storage[i].centre[0] = (char)('A' + patient % 5 % 3);
        storage[i].label = patient % 7 < 4;
        cases[i] = &storage[i];
    }
    return 0;
}

static fgf_split_settings kfold(int64_t fold)
{
    return (fgf_split_settings){
        .kind = FGF_SPLIT_KFOLD, .folds = 4, .fold = fold, .seed = 1, .inner_fold = -1};
}

static void assign(const fgf_split_settings *settings)
{
    if (fgf_split_cases(settings, cases, CASES, role) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
}

static void refused(const fgf_split_settings *settings, const char *part)
{
    assert_int_equal(fgf_split_cases(settings, cases, CASES, role), FGF_USAGE);
    if (!strstr(fgf_last_error()->message, part))
        fail_msg("\"%s\" does not say \"%s\"", fgf_last_error()->message, part);
}

static void whole_patients(void)
{
    for (int i = 0; i < CASES; i++)
        assert_int_equal(role[i], role[i / 2 * 2]);
}

/* Patients of a role, label and centre; 0 and -1: of any. */
static int count(int wanted, int label, char centre)
{
    int found = 0;
    for (int i = 0; i < CASES; i += 2)
        found += role[i] == wanted && (label < 0 || storage[i].label == label) &&
                 (!centre || storage[i].centre[0] == centre);
    return found;
}

static int count_all(int label, char centre)
{
    int found = 0;
    for (int i = 0; i < CASES; i += 2)
        found +=
            (label < 0 || storage[i].label == label) && (!centre || storage[i].centre[0] == centre);
    return found;
}

/* A part of `folds` alike ones holds n / folds of any n, rounded down or up. */
static void fair_share(int found, int all, int folds)
{
    assert_true(found >= all / folds && found <= (all + folds - 1) / folds);
}

/* ---- what results hang on ---- */

/* Roles that earlier programs gave. A trial's identity stands for them: they never change. */
static void held_roles(void **state)
{
    (void)state;
    static const struct {
        fgf_split_settings settings;
        const char *hash;
    } held[] = {{{.kind = FGF_SPLIT_KFOLD, .folds = 5, .fold = 0, .seed = 1},
                 "c7c00eb1e239feee565d43a7da81c512"},
                {{.kind = FGF_SPLIT_KFOLD, .folds = 5, .fold = 3, .seed = 1},
                 "3acd399899663b3d4e0c778906fc6c31"},
                {{.kind = FGF_SPLIT_KFOLD, .folds = 3, .fold = 2, .seed = 77, .validation = 0.25},
                 "af08aff5f2d93b5125e901a27604d857"},
                {{.kind = FGF_SPLIT_NONE, .seed = 4, .validation = 0.1},
                 "3c3bfb97b6dbe4be91d30f32716400ed"}};
    for (size_t k = 0; k < sizeof held / sizeof held[0]; k++) {
        assign(&held[k].settings);
        const fgf_hash hash = fgf_hash_bytes(role, sizeof role);
        assert_string_equal(hash.text, held[k].hash);
    }
}

/* ---- repeated ---- */

static void repeats(void **state)
{
    (void)state;
    int8_t first[CASES], again[CASES];
    fgf_split_settings settings = kfold(1);
    assign(&settings);
    memcpy(first, role, sizeof role);
    for (int64_t repeat = 0; repeat < 4; repeat++) {
        int tested[CASES] = {0}, moved = 0;
        for (int64_t fold = 0; fold < 4; fold++) {
            settings = kfold(fold);
            settings.repeat = repeat;
            assign(&settings);
            whole_patients();
            for (int label = 0; label <= 1; label++)
                fair_share(count(FGF_ROLE_TEST, label, 0), count_all(label, 0), 4);
            fair_share(count(FGF_ROLE_TEST, -1, 0), PATIENTS, 4);
            for (int i = 0; i < CASES; i++) {
                tested[i] += role[i] == FGF_ROLE_TEST;
                moved += fold == 1 && role[i] != first[i];
            }
            if (fold == 1)
                memcpy(again, role, sizeof role);
        }
        for (int i = 0; i < CASES; i++)
            assert_int_equal(tested[i], 1);
        assert_true(repeat == 0 ? moved == 0 : moved > 20);
    }
    settings = kfold(1);
    settings.repeat = 3;
    settings.seed = 2;
    assign(&settings);
    assert_memory_not_equal(role, again, sizeof role);
}

/* ---- one centre left out ---- */

static void leaves_each_centre_out(void **state)
{
    (void)state;
    int tested[CASES] = {0};
    for (int64_t fold = 0; fold < 3; fold++) {
        const fgf_split_settings settings = {.kind = FGF_SPLIT_LEAVE_CENTRE_OUT, .fold = fold};
        assign(&settings);
        for (int i = 0; i < CASES; i++) {
            assert_int_equal(role[i],
                             storage[i].centre[0] == 'A' + fold ? FGF_ROLE_TEST : FGF_ROLE_TRAIN);
            tested[i] += role[i] == FGF_ROLE_TEST;
        }
    }
    for (int i = 0; i < CASES; i++)
        assert_int_equal(tested[i], 1);
}

static void leaves_a_named_centre_out(void **state)
{
    (void)state;
    fgf_split_settings settings = {.kind = FGF_SPLIT_LEAVE_CENTRE_OUT,
                                   .fold = 99,
                                   .centre = "B",
                                   .validation = 0.2,
                                   .seed = 1};
    assign(&settings);
    whole_patients();
    assert_int_equal(count(FGF_ROLE_TEST, -1, 'B'), count_all(-1, 'B'));
    assert_int_equal(count(FGF_ROLE_TEST, -1, 0), count_all(-1, 'B'));
    assert_int_equal(count(FGF_ROLE_VALIDATION, -1, 0), 9);
    settings.centre = "b";
    refused(&settings, "split.centre: no case has the centre \"b\"; there are \"A\", \"B\", \"C\"");
}

static void centres_that_cannot_be_left_out(void **state)
{
    (void)state;
    fgf_split_settings settings = {.kind = FGF_SPLIT_LEAVE_CENTRE_OUT, .fold = 3};
    refused(&settings, "split.fold: 3; with 3 centres it must lie in 0 .. 2: \"A\", \"B\", \"C\"");
    settings.fold = 0;
    storage[9].centre[0] = '\0';
    storage[21].centre[0] = '\0';
    refused(&settings, "needs the centre of every case; 2 have none, the first is case-009");
    storage[9].label = storage[21].label = -1; /* without a label they have no part */
    assign(&settings);
    assert_int_equal(role[9], FGF_ROLE_OUT);
    set_up(NULL);
    storage[0].centre[0] = 'B'; /* of a patient with a case of centre A */
    refused(&settings, "patient \"patient-00\" has cases in");
    for (int i = 0; i < CASES; i++)
        storage[i].centre[0] = 'A';
    refused(&settings, "of two centres or more");
}

/* A centre without a label has no number. */
static void unlabelled_centre(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        if (storage[i].centre[0] == 'B')
            storage[i].label = -1;
    const fgf_split_settings settings = {.kind = FGF_SPLIT_LEAVE_CENTRE_OUT, .fold = 1};
    assign(&settings);
    assert_int_equal(count(FGF_ROLE_TEST, -1, 0), count(FGF_ROLE_TEST, -1, 'C'));
    assert_int_equal(count(FGF_ROLE_OUT, -1, 0), count_all(-1, 'B'));
}

/* ---- nested ---- */

static void nested(void **state)
{
    (void)state;
    for (int64_t fold = 0; fold < 4; fold++) {
        int8_t outer[CASES];
        int validated[CASES] = {0};
        fgf_split_settings settings = kfold(fold);
        assign(&settings);
        memcpy(outer, role, sizeof role);
        settings.inner_folds = 3;
        assign(&settings); /* inner fold -1: all of them train */
        assert_memory_equal(role, outer, sizeof role);
        const int train[2] = {count(FGF_ROLE_TRAIN, 0, 0), count(FGF_ROLE_TRAIN, 1, 0)};
        for (int64_t inner = 0; inner < 3; inner++) {
            settings.inner_fold = inner;
            assign(&settings);
            whole_patients();
            for (int label = 0; label <= 1; label++)
                fair_share(count(FGF_ROLE_VALIDATION, label, 0), train[label], 3);
            fair_share(count(FGF_ROLE_VALIDATION, -1, 0), train[0] + train[1], 3);
            for (int i = 0; i < CASES; i++) {
                /* The outer test part is the same for every inner fold. */
                assert_int_equal(role[i] == FGF_ROLE_TEST, outer[i] == FGF_ROLE_TEST);
                validated[i] += role[i] == FGF_ROLE_VALIDATION;
            }
        }
        for (int i = 0; i < CASES; i++)
            assert_int_equal(validated[i], outer[i] == FGF_ROLE_TRAIN);
    }
}

static void nested_in_centres(void **state)
{
    (void)state;
    const char *const a[] = {"A"}, *const b[] = {"B"};
    fgf_split_settings settings = {.kind = FGF_SPLIT_CENTRE,
                                   .train_centres = {a, 1},
                                   .inner_folds = 5,
                                   .inner_fold = 4,
                                   .seed = 3};
    assign(&settings);
    fair_share(count(FGF_ROLE_VALIDATION, -1, 0), count_all(-1, 'A'), 5);
    assert_int_equal(count(FGF_ROLE_VALIDATION, -1, 0), count(FGF_ROLE_VALIDATION, -1, 'A'));
    assert_int_equal(count(FGF_ROLE_TEST, -1, 0), PATIENTS - count_all(-1, 'A'));
    settings.validation_centres = (fgf_texts){b, 1};
    refused(&settings, "split.inner_folds: the split names validation cases itself");
    settings.inner_fold = -1;
    assign(&settings);
    settings = (fgf_split_settings){.kind = FGF_SPLIT_LEAVE_CENTRE_OUT,
                                    .fold = 2,
                                    .inner_folds = 2,
                                    .inner_fold = 0,
                                    .seed = 3};
    assign(&settings);
    assert_int_equal(count(FGF_ROLE_TEST, -1, 'C'), count_all(-1, 'C'));
    fair_share(count(FGF_ROLE_VALIDATION, -1, 0), PATIENTS - count_all(-1, 'C'), 2);
}

static void nested_refused(void **state)
{
    (void)state;
    fgf_split_settings settings = kfold(0);
    settings.inner_folds = 3;
    settings.inner_fold = 3;
    refused(&settings, "split.inner_fold: 3; with 3 inner folds it must lie in 0 .. 2");
    settings.inner_fold = 1;
    settings.validation = 0.2;
    refused(&settings, "split.validation: the inner fold is the validation part");
    settings.inner_fold = -1; /* what trains on all may watch a share of it */
    assign(&settings);
    assert_true(count(FGF_ROLE_VALIDATION, -1, 0) > 5);
    settings = kfold(0);
    settings.inner_folds = 1;
    refused(&settings, "split.inner_folds: 1; 0 for none, or at least 2");
    settings.inner_folds = 0;
    settings.inner_fold = 1;
    refused(&settings, "split.inner_fold: 1, but split.inner_folds is 0");
    settings.inner_folds = 70;
    refused(&settings, "70 folds of 56 training patients");
}

/* ---- strata ---- */

static void stratified_by_centre(void **state)
{
    (void)state;
    const char *const by[] = {"label", "centre"};
    int tested[CASES] = {0};
    for (int64_t fold = 0; fold < 4; fold++) {
        fgf_split_settings settings = kfold(fold);
        settings.stratify = (fgf_texts){by, 2};
        settings.validation = 0.25;
        assign(&settings);
        whole_patients();
        for (int label = -1; label <= 1; label++) {
            fair_share(count(FGF_ROLE_TEST, label, 0), count_all(label, 0), 4);
            for (char centre = 'A'; label >= 0 && centre <= 'C'; centre++) {
                fair_share(count(FGF_ROLE_TEST, label, centre), count_all(label, centre), 4);
                const int left = count(FGF_ROLE_VALIDATION, label, centre) +
                                 count(FGF_ROLE_TRAIN, label, centre);
                const double wanted = 0.25 * left;
                assert_true(count(FGF_ROLE_VALIDATION, label, centre) > wanted - 1.5 &&
                            count(FGF_ROLE_VALIDATION, label, centre) < wanted + 1.5);
            }
        }
        for (int i = 0; i < CASES; i++)
            tested[i] += role[i] == FGF_ROLE_TEST;
    }
    for (int i = 0; i < CASES; i++)
        assert_int_equal(tested[i], 1);
}

static void strata_refused(void **state)
{
    (void)state;
    const char *const by[] = {"label", "stage"};
    fgf_split_settings settings = kfold(0);
    settings.stratify = (fgf_texts){by, 2};
    refused(&settings, "split.stratify: found \"stage\", expected label or centre");
    settings.stratify.count = 1; /* label alone is what there is without */
    int8_t plain[CASES];
    assign(&settings);
    memcpy(plain, role, sizeof role);
    settings.stratify.count = 0;
    assign(&settings);
    assert_memory_equal(plain, role, sizeof role);
}

/* ---- order ---- */

static void order_of_cases(void **state)
{
    (void)state;
    const char *const by[] = {"label", "centre"};
    fgf_split_settings all[4] = {kfold(2), kfold(1), kfold(3), kfold(0)};
    all[0].repeat = 2;
    all[1].inner_folds = 3;
    all[1].inner_fold = 1;
    all[2].stratify = (fgf_texts){by, 2};
    all[2].validation = 0.2;
    all[3].kind = FGF_SPLIT_LEAVE_CENTRE_OUT;
    all[3].inner_folds = 4;
    all[3].inner_fold = 2;
    for (int k = 0; k < 4; k++) {
        int8_t straight[CASES];
        for (int i = 0; i < CASES; i++)
            cases[i] = &storage[i];
        assign(&all[k]);
        memcpy(straight, role, sizeof role);
        for (int i = 0; i < CASES; i++)
            cases[i] = &storage[(i * 77 + 5) % CASES];
        assign(&all[k]);
        for (int i = 0; i < CASES; i++)
            assert_int_equal(role[i], straight[(i * 77 + 5) % CASES]);
    }
}

/* ---- in words, and in a file ---- */

static void in_words(void **state)
{
    (void)state;
    const char *const a[] = {"A"}, *const bc[] = {"B", "C"}, *const by[] = {"label", "centre"};
    fgf_buffer text = {0};
    fgf_split_settings settings = kfold(2);
    settings.repeat = 3;
    settings.inner_folds = 5;
    settings.inner_fold = 4;
    settings.stratify = (fgf_texts){by, 2};
    fgf_split_describe(&settings, &text);
    assert_string_equal(text.text, "kfold, folds 4, fold 2, inner folds 5, inner fold 4, repeat 3, "
                                   "seed 1, alike in centres");
    text.length = 0;
    settings = (fgf_split_settings){
        .kind = FGF_SPLIT_CENTRE, .train_centres = {a, 1}, .test_centres = {bc, 2}, .seed = 9};
    fgf_split_describe(&settings, &text);
    assert_string_equal(text.text, "centre, train A, test B+C");
    text.length = 0;
    settings = (fgf_split_settings){.kind = FGF_SPLIT_LEAVE_CENTRE_OUT, .centre = "B"};
    fgf_split_describe(&settings, &text);
    assert_string_equal(text.text, "leave_centre_out, centre B");
    fgf_buffer_clear(&text);
}

static void to_a_file_and_back(void **state)
{
    (void)state;
    enum { FEW = 30 };
    static const char *const planted[] = {"mean"};
    const char *path = in_folder("phantom.h5"), *file = in_folder("split.csv");
    const fgf_phantom_settings p = {.cases = FEW,
                                    .size = 16,
                                    .spacing = 1,
                                    .depth = 1,
                                    .slice_spacing = 1,
                                    .centres = 3,
                                    .channels = 1,
                                    .prevalence = 0.4,
                                    .planted = {planted, 1},
                                    .strength = 2,
                                    .unlabelled = 0.1,
                                    .seed = 1};
    int8_t there[FEW], back[FEW];
    size_t parts = 0;
    fgf_dataset *dataset = NULL;
    fgf_split_settings settings = kfold(2);
    settings.validation = 0.3;
    assert_int_equal(fgf_phantom_write(&p, path), FGF_OK);
    assert_int_equal(fgf_dataset_open(path, &dataset), FGF_OK);
    assert_int_equal(fgf_split_assign(&settings, dataset, there), FGF_OK);
    assert_int_equal(fgf_split_write(file, dataset, there, "made\nby a test"), FGF_OK);
    const fgf_split_settings fixed = {.kind = FGF_SPLIT_FIXED, .file = file};
    assert_int_equal(fgf_split_assign(&fixed, dataset, back), FGF_OK);
    assert_memory_equal(there, back, sizeof there);
    assert_int_equal(fgf_split_write(in_folder("no/such/folder"), dataset, there, NULL),
                     FGF_ENVIRONMENT);
    assert_int_equal(fgf_split_part_count(&settings, dataset, &parts), FGF_OK);
    assert_int_equal(parts, 4);
    settings.kind = FGF_SPLIT_LEAVE_CENTRE_OUT;
    assert_int_equal(fgf_split_part_count(&settings, dataset, &parts), FGF_OK);
    assert_int_equal(parts, 3);
    fgf_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(held_roles, set_up),
        cmocka_unit_test_setup(repeats, set_up),
        cmocka_unit_test_setup(leaves_each_centre_out, set_up),
        cmocka_unit_test_setup(leaves_a_named_centre_out, set_up),
        cmocka_unit_test_setup(centres_that_cannot_be_left_out, set_up),
        cmocka_unit_test_setup(unlabelled_centre, set_up),
        cmocka_unit_test_setup(nested, set_up),
        cmocka_unit_test_setup(nested_in_centres, set_up),
        cmocka_unit_test_setup(nested_refused, set_up),
        cmocka_unit_test_setup(stratified_by_centre, set_up),
        cmocka_unit_test_setup(strata_refused, set_up),
        cmocka_unit_test_setup(order_of_cases, set_up),
        cmocka_unit_test_setup(in_words, set_up),
        cmocka_unit_test_setup_teardown(to_a_file_and_back, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
