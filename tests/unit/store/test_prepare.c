/* A file follows its sweep: extended, shortened, reordered, and back, with nothing lost. */
#include "scratch.h"

static const int features[] = {2, 0, 1, -1};

static void run_trials(const char *path, const int *trials, const int *labels, size_t epochs,
                       fgf_prepare_result *prepared)
{
    static sample s;
    fgf_prepare_result_clear(prepared);
    sample_init(&s, trials, labels, epochs);
    scratch_run(path, &s, prepared);
}

static void check_trials(const char *path, const int *trials, const int *labels, size_t epochs)
{
    fgf_store_reader *reader = NULL;
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    for (; *trials >= 0; trials++)
        scratch_check(reader, *trials, labels, epochs);
    fgf_store_reader_close(&reader);
}

static void the_same_sweep_is_resumed(void **state)
{
    const int trials[] = {0, 1, 2, 3, 4, -1};
    fgf_prepare_result prepared = {0};
    const char *path = scratch_file("same.h5");
    (void)state;
    run_trials(path, trials, features, 4, &prepared);
    assert_int_equal(prepared.done_count + prepared.failed_count, 0);
    run_trials(path, trials, features, 4, &prepared);
    assert_int_equal(prepared.how, FGF_STORE_RESUMED);
    assert_int_equal(prepared.done_count, 4);
    assert_int_equal(prepared.failed_count, 1);
    check_trials(path, trials, features, 4);
    fgf_prepare_result_clear(&prepared);
}

static void a_changed_sweep_keeps_its_rows(void **state)
{
    const int first[] = {0, 1, 2, 3, 4, -1}, extended[] = {6, 3, 0, 5, 4, 1, 2, -1},
              shortened[] = {4, 6, -1}, all[] = {0, 1, 2, 3, 4, 5, 6, -1};
    fgf_prepare_result prepared = {0};
    const char *path = scratch_file("changed.h5");
    (void)state;
    run_trials(path, first, features, 4, &prepared);
    run_trials(path, extended, features, 4, &prepared);
    assert_int_equal(prepared.how, FGF_STORE_REWRITTEN);
    assert_int_equal(prepared.done_count + prepared.failed_count, 5);
    assert_int_equal(prepared.status[0], FGF_TRIAL_EMPTY);
    assert_int_equal(prepared.status[4], FGF_TRIAL_FAILED);
    check_trials(path, all, features, 4);
    run_trials(path, shortened, features, 4, &prepared);
    assert_int_equal(prepared.how, FGF_STORE_REWRITTEN);
    assert_int_equal(prepared.unasked_count, 5);
    assert_int_equal(prepared.done_count, 1);
    assert_int_equal(prepared.failed_count, 1);
    check_trials(path, all, features, 4);
    run_trials(path, shortened, features, 4, &prepared);
    assert_int_equal(prepared.how, FGF_STORE_RESUMED);
    assert_int_equal(prepared.unasked_count, 5);
    run_trials(path, extended, features, 4, &prepared);
    assert_int_equal(prepared.done_count, 6);
    assert_int_equal(prepared.failed_count, 1);
    assert_int_equal(prepared.unasked_count, 0);
    check_trials(path, all, features, 4);
    fgf_prepare_result_clear(&prepared);
}

static void unasked_rows_are_marked_or_dropped(void **state)
{
    static sample s;
    const int first[] = {0, 1, 2, -1}, shortened[] = {1, -1};
    fgf_prepare_result prepared = {0};
    fgf_store_reader *reader = NULL;
    const char *path = scratch_file("unasked.h5");
    (void)state;
    run_trials(path, first, features, 4, &prepared);
    run_trials(path, shortened, features, 4, &prepared);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_trial_count(reader), 3);
    assert_int_equal(fgf_store_reader_status(reader, 0), FGF_TRIAL_DONE);
    assert_int_equal(fgf_store_reader_status(reader, 1), FGF_TRIAL_UNASKED);
    fgf_store_reader_close(&reader);
    fgf_prepare_result_clear(&prepared);
    sample_init(&s, shortened, features, 4);
    assert_int_equal(
        fgf_store_prepare(path, &s.layout, (fgf_prepare_options){.drop_unasked = true}, &prepared),
        FGF_OK);
    assert_int_equal(prepared.how, FGF_STORE_REWRITTEN);
    assert_int_equal(prepared.unasked_count, 0);
    check_trials(path, shortened, features, 4);
    fgf_prepare_result_clear(&prepared);
}

/* Features by name, epochs by number: each trial keeps its own, whatever the others have. */
static void axes_follow_their_labels(void **state)
{
    const int first[] = {0, 1, 2, -1}, second[] = {7, 1, -1}, third[] = {1, 0, 2, 7, -1};
    const int fewer[] = {2, 3, -1}, more[] = {4, 3, 2, 1, 0, -1}, old[] = {1, -1}, new[] = {7, -1};
    const int left[] = {0, 2, -1};
    fgf_prepare_result prepared = {0};
    const char *path = scratch_file("axes.h5");
    (void)state;
    run_trials(path, first, features, 4, &prepared);
    run_trials(path, second, fewer, 2, &prepared);
    check_trials(path, new, fewer, 2);
    check_trials(path, left, features, 4);
    run_trials(path, third, more, 6, &prepared);
    assert_int_equal(prepared.done_count, 4);
    check_trials(path, new, fewer, 2);
    check_trials(path, left, features, 4);
    check_trials(path, old, features, 4);
    fgf_prepare_result_clear(&prepared);
}

static void another_study_is_refused(void **state)
{
    static sample s;
    const int trials[] = {0, 1, -1};
    fgf_prepare_result prepared = {0};
    const char *path = scratch_file("study.h5");
    const fgf_prepare_options options = {false};
    (void)state;
    run_trials(path, trials, features, 4, &prepared);
    fgf_prepare_result_clear(&prepared);
    sample_init(&s, trials, features, 4);
    s.layout.dataset = fgf_hash_bytes("other", 5);
    assert_int_equal(fgf_store_prepare(path, &s.layout, options, &prepared), FGF_USAGE);
    assert_non_null(strstr(fgf_last_error()->message, "another dataset"));
    sample_init(&s, trials, features, 4);
    s.layout.schema_version = 2;
    assert_int_equal(fgf_store_prepare(path, &s.layout, options, &prepared), FGF_USAGE);
    assert_non_null(strstr(fgf_last_error()->message, "version 1"));
    check_trials(path, trials, features, 4);
}

static void contradictions_are_refused(void **state)
{
    static sample s;
    const int none[] = {-1}, twice[] = {1, 2, 1, -1}, fine[] = {0, 3, -1};
    fgf_prepare_result prepared = {0};
    const char *path = scratch_file("never.h5");
    const fgf_prepare_options options = {false};
    (void)state;
    sample_init(&s, none, features, 4);
    assert_int_equal(fgf_store_prepare(path, &s.layout, options, &prepared), FGF_USAGE);
    sample_init(&s, twice, features, 4);
    assert_int_equal(fgf_store_prepare(path, &s.layout, options, &prepared), FGF_INTERNAL);
    sample_init(&s, fine, features, 4);
    s.trial_weights_row[1] = 5;
    assert_int_equal(fgf_store_prepare(path, &s.layout, options, &prepared), FGF_INTERNAL);
    sample_init(&s, fine, features, 4);
    s.tables[0].path = FGF_SCALE_CASE;
    assert_int_equal(fgf_store_prepare(path, &s.layout, options, &prepared), FGF_INTERNAL);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(fgf_store_prepare("/no/such/folder/r.h5", &s.layout, options, &prepared),
                     FGF_INTERNAL);
    sample_init(&s, fine, features, 4);
    assert_int_equal(fgf_store_prepare("/no/such/folder/r.h5", &s.layout, options, &prepared),
                     FGF_ENVIRONMENT);
}

/* /run has 4 rows in the sample: the fifth start makes more. */
static void there_is_always_a_row_for_a_start(void **state)
{
    const int trials[] = {0, 1, -1};
    fgf_prepare_result prepared = {0};
    fgf_store_reader *reader = NULL;
    int32_t ranks[64];
    const char *path = scratch_file("runs.h5");
    (void)state;
    for (int start = 0; start < 6; start++)
        run_trials(path, trials, features, 4, &prepared);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    size_t index = fgf_store_reader_find_dataset(reader, "/run/ranks");
    assert_int_equal(fgf_store_reader_dataset(reader, index).extent[0], 8);
    assert_int_equal(fgf_store_reader_read(reader, index, ranks), FGF_OK);
    for (int start = 0; start < 8; start++)
        assert_int_equal(ranks[start], start < 6 ? 3 : -1);
    fgf_store_reader_close(&reader);
    check_trials(path, trials, features, 4);
}

/* Every allocation of a preparation in turn fails: an error, no crash, the file as it was. */
static void a_failed_allocation_harms_nothing(void **state)
{
    static sample s;
    const int first[] = {0, 1, 2, -1}, second[] = {1, 3, -1};
    fgf_prepare_result prepared = {0};
    const char *path = scratch_file("memory.h5");
    fgf_status answer = FGF_MEMORY;
    (void)state;
    run_trials(path, first, features, 4, &prepared);
    sample_init(&s, second, features, 4);
    for (long n = 1; answer != FGF_OK; n++) {
        fgf_prepare_result_clear(&prepared);
        fgf_allocation_fail_at(n);
        answer = fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared);
        fgf_allocation_fail_at(0);
        if (answer != FGF_OK && n % 40 == 0)
            check_trials(path, first, features, 4);
    }
    assert_int_equal(prepared.how, FGF_STORE_REWRITTEN);
    check_trials(path, first, features, 4);
    fgf_prepare_result_clear(&prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_sweep_is_resumed),
        cmocka_unit_test(a_changed_sweep_keeps_its_rows),
        cmocka_unit_test(unasked_rows_are_marked_or_dropped),
        cmocka_unit_test(axes_follow_their_labels),
        cmocka_unit_test(another_study_is_refused),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(there_is_always_a_row_for_a_start),
        cmocka_unit_test(a_failed_allocation_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
