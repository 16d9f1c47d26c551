#include "fgf/memory.h"
#include "fgf/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CASES = 120 };

static fgf_case storage[CASES];
static const fgf_case *cases[CASES];
static int8_t role[CASES];

/* 40 patients of three cases: centre A, B, C in turn, label 1 for every fifth patient. */
static int set_up(void **state)
{
    (void)state;
    memset(storage, 0, sizeof storage);
    for (int i = 0; i < CASES; i++) {
        int patient = i / 3;
        snprintf(storage[i].id, sizeof storage[i].id, "case-%03d", i);
        snprintf(storage[i].patient, sizeof storage[i].patient, "patient-%02d", patient);
        storage[i].centre[0] = (char)('A' + patient % 3);
        storage[i].label = patient % 5 == 0;
        cases[i] = &storage[i];
    }
    return 0;
}

static fgf_split_settings kfold(int64_t fold)
{
    return (fgf_split_settings){.kind = FGF_SPLIT_KFOLD, .folds = 4, .fold = fold, .seed = 1};
}

static void assign(const fgf_split_settings *settings)
{
    if (fgf_split_cases(settings, cases, CASES, role) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
}

static void refused(const fgf_split_settings *settings, fgf_status code, const char *part)
{
    assert_int_equal(fgf_split_cases(settings, cases, CASES, role), code);
    if (!strstr(fgf_last_error()->message, part))
        fail_msg("\"%s\" does not say \"%s\"", fgf_last_error()->message, part);
}

static int count_role(int wanted, int label)
{
    int count = 0;
    for (int i = 0; i < CASES; i++)
        count += role[i] == wanted && cases[i]->label == label;
    return count;
}

static fgf_texts texts(const char *const *values, size_t count)
{
    return (fgf_texts){values, count};
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(fgf_role_name(FGF_ROLE_OUT), "out");
    assert_string_equal(fgf_role_name(FGF_ROLE_TEST), "test");
}

static void test_none(void **state)
{
    (void)state;
    const fgf_split_settings settings = {.kind = FGF_SPLIT_NONE};
    storage[7].label = -1;
    assign(&settings);
    for (int i = 0; i < CASES; i++)
        assert_int_equal(role[i], i == 7 ? FGF_ROLE_OUT : FGF_ROLE_TRAIN);
}

static void test_kfold_parts(void **state)
{
    (void)state;
    int tested[CASES] = {0};
    for (int64_t fold = 0; fold < 4; fold++) {
        const fgf_split_settings settings = kfold(fold);
        assign(&settings);
        /* 8 patients with and 32 without an event in 4 folds: 2 and 8 a fold, three cases each */
        assert_int_equal(count_role(FGF_ROLE_TEST, 1), 6);
        assert_int_equal(count_role(FGF_ROLE_TEST, 0), 24);
        for (int i = 0; i < CASES; i++) {
            tested[i] += role[i] == FGF_ROLE_TEST;
            assert_int_equal(role[i], role[i / 3 * 3]);
        }
    }
    for (int i = 0; i < CASES; i++)
        assert_int_equal(tested[i], 1);
}

static void test_kfold_ignores_order(void **state)
{
    (void)state;
    int8_t straight[CASES];
    fgf_split_settings settings = kfold(2);
    settings.validation = 0.25;
    assign(&settings);
    memcpy(straight, role, sizeof role);
    for (int i = 0; i < CASES; i++)
        cases[i] = &storage[(i * 77 + 5) % CASES];
    assign(&settings);
    for (int i = 0; i < CASES; i++)
        assert_int_equal(role[i], straight[(i * 77 + 5) % CASES]);
    settings.seed = 2;
    assign(&settings);
    int moved = 0;
    for (int i = 0; i < CASES; i++)
        moved += role[i] != straight[(i * 77 + 5) % CASES];
    assert_true(moved > 10);
}

/* A patient without a label moves nobody; one without an event nobody who has one. */
static void test_kfold_with_one_patient_more(void **state)
{
    (void)state;
    const fgf_case *more[CASES + 1];
    int8_t wider[CASES + 1];
    fgf_case extra = {.id = "a", .patient = "a", .centre = "A", .label = -1};
    const fgf_split_settings settings = kfold(1);
    assign(&settings);
    more[0] = &extra;
    memcpy(more + 1, cases, sizeof cases);
    assert_int_equal(fgf_split_cases(&settings, more, CASES + 1, wider), FGF_OK);
    assert_memory_equal(wider + 1, role, sizeof role);
    assert_int_equal(wider[0], FGF_ROLE_OUT);
    extra.label = 0;
    assert_int_equal(fgf_split_cases(&settings, more, CASES + 1, wider), FGF_OK);
    for (int i = 0; i < CASES; i++)
        if (cases[i]->label == 1)
            assert_int_equal(wider[i + 1], role[i]);
}

static void test_validation_share(void **state)
{
    (void)state;
    fgf_split_settings settings = kfold(0);
    settings.validation = 0.25;
    assign(&settings);
    /* of 6 and 24 training patients 2 (1.5 rounded up) and 6 */
    assert_int_equal(count_role(FGF_ROLE_VALIDATION, 1), 6);
    assert_int_equal(count_role(FGF_ROLE_VALIDATION, 0), 18);
    assert_int_equal(count_role(FGF_ROLE_TRAIN, 1), 12);
    for (int i = 0; i < CASES; i++)
        assert_int_equal(role[i], role[i / 3 * 3]);
    settings.validation = 0.01; /* still one of each class */
    assign(&settings);
    assert_int_equal(count_role(FGF_ROLE_VALIDATION, 1), 3);
    assert_int_equal(count_role(FGF_ROLE_VALIDATION, 0), 3);
}

static void test_centres(void **state)
{
    (void)state;
    const char *const a[] = {"A"}, *const b[] = {"B"};
    fgf_split_settings settings = {.kind = FGF_SPLIT_CENTRE, .train_centres = texts(a, 1)};
    assign(&settings);
    for (int i = 0; i < CASES; i++)
        assert_int_equal(role[i], cases[i]->centre[0] == 'A' ? FGF_ROLE_TRAIN : FGF_ROLE_TEST);
    settings.test_centres = texts(b, 1);
    storage[3].label = -1; /* of patient 1, centre B */
    assign(&settings);
    for (int i = 0; i < CASES; i++)
        assert_int_equal(role[i], i == 3                       ? FGF_ROLE_OUT
                                  : cases[i]->centre[0] == 'A' ? FGF_ROLE_TRAIN
                                  : cases[i]->centre[0] == 'B' ? FGF_ROLE_TEST
                                                               : FGF_ROLE_OUT);
}

static void test_centres_refused(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        snprintf(storage[i].centre, sizeof storage[i].centre, "%s", i % 2 ? "CHUM" : "HGJ");
    const char *const slip[] = {"CHMU"}, *const good[] = {"HGJ"};
    fgf_split_settings settings = {.kind = FGF_SPLIT_CENTRE};
    refused(&settings, FGF_USAGE, "split.train_centres: name at least one");
    settings.train_centres = texts(slip, 1);
    refused(&settings, FGF_USAGE, "there are \"CHUM\", \"HGJ\"; did you mean \"CHUM\"?");
    settings.train_centres = settings.test_centres = texts(good, 1);
    refused(&settings, FGF_USAGE, "more than one role");
    settings.test_centres = texts(NULL, 0); /* cases alternate, so patients are on both sides */
    refused(&settings, FGF_USAGE, "all cases of a patient");
}

static void test_folds_refused(void **state)
{
    (void)state;
    fgf_split_settings settings = kfold(4);
    refused(&settings, FGF_USAGE, "split.fold: 4; with 4 folds it must lie in 0 .. 3");
    settings.folds = 41;
    refused(&settings, FGF_USAGE, "41 folds of 40");
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_fixed(void **state)
{
    (void)state;
    char path[] = "/tmp/fgf-split-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    const fgf_split_settings settings = {.kind = FGF_SPLIT_FIXED, .file = path};
    write_file(path, "\xef\xbb\xbfid,role\r\n# by hand\r\n\r\ncase-000, train\r\ncase-003,train\r\n"
                     "case-006 ,validation\r\ncase-009,test\r\ncase-012,out");
    assign(&settings);
    for (int i = 0; i < CASES; i++)
        assert_int_equal(role[i], i == 0 || i == 3 ? FGF_ROLE_TRAIN
                                  : i == 6         ? FGF_ROLE_VALIDATION
                                  : i == 9         ? FGF_ROLE_TEST
                                                   : FGF_ROLE_OUT);
    write_file(path, "case-000,train\ncase-999,train\ncase-003,tset\ncase-000,test\nnonsense\n");
    refused(&settings, FGF_USAGE, ":2: no case has the id \"case-999\", did you mean");
    refused(&settings, FGF_USAGE, ":3: unknown role \"tset\"");
    refused(&settings, FGF_USAGE, ":4: \"case-000\" was given a role in line 1");
    refused(&settings, FGF_USAGE, ":5: expected \"id,role\"");
    char *many = calloc(200, 16);
    for (int k = 0; k < 200; k++)
        strcat(many, "case-999,train\n");
    write_file(path, many);
    free(many);
    refused(&settings, FGF_USAGE, "\nsplit: and ");
    const char *end = strrchr(fgf_last_error()->message, ' ');
    assert_string_equal(end, " these"); /* not cut off */
    assert_int_equal(unlink(path), 0);
    refused(&settings, FGF_DATA, path);
    const fgf_split_settings unnamed = {.kind = FGF_SPLIT_FIXED, .file = ""};
    refused(&unnamed, FGF_USAGE, "split.file");
}

static void test_failed_allocation(void **state)
{
    (void)state;
    const char *const a[] = {"A"};
    const fgf_split_settings settings = {.kind = FGF_SPLIT_CENTRE, .train_centres = texts(a, 1)};
    for (long n = 1; n <= 2; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_split_cases(&settings, cases, CASES, role), FGF_MEMORY);
        fgf_allocation_fail_at(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup(test_none, set_up),
        cmocka_unit_test_setup(test_kfold_parts, set_up),
        cmocka_unit_test_setup(test_kfold_ignores_order, set_up),
        cmocka_unit_test_setup(test_kfold_with_one_patient_more, set_up),
        cmocka_unit_test_setup(test_validation_share, set_up),
        cmocka_unit_test_setup(test_centres, set_up),
        cmocka_unit_test_setup(test_centres_refused, set_up),
        cmocka_unit_test_setup(test_folds_refused, set_up),
        cmocka_unit_test_setup(test_fixed, set_up),
        cmocka_unit_test_setup(test_failed_allocation, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
