/* Crashes: counted by who dies, by who comes next, and carried wherever the trial goes. */
#include "scratch.h"

#include <sys/wait.h>

static const int features[] = {2, 0, 1, -1};

static fgf_prepare_result prepare_trials(const char *path, const int *trials)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    sample_init(&s, trials, features, 4);
    assert_int_equal(fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared),
                     FGF_OK);
    return prepared;
}

static const int five[] = {0, 1, 2, 3, 4, -1};

static void what_was_running_has_crashed(void **state)
{
    const char *path = scratch_file("running.h5");
    fgf_store *store = NULL;
    fgf_store_reader *reader = NULL;
    (void)state;
    fgf_prepare_result prepared = prepare_trials(path, five);
    for (size_t t = 0; t < 5; t++)
        assert_int_equal(prepared.crashes[t], 0);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(fgf_store_mark_running(store, 1), FGF_OK);
    assert_int_equal(fgf_store_mark_running(store, 2), FGF_OK);
    assert_int_equal(fgf_store_mark_running(store, 3), FGF_OK);
    assert_int_equal(fgf_store_mark_stopped(store, 2), FGF_OK);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_status(reader, 1), FGF_TRIAL_RUNNING);
    assert_int_equal(fgf_store_reader_status(reader, 2), FGF_TRIAL_EMPTY);
    assert_int_equal(fgf_store_reader_crashes(reader, 1), 0);
    fgf_store_reader_close(&reader);
    fgf_store_close(&store);
    /* Once, however often it is prepared afterwards. */
    for (int start = 0; start < 3; start++) {
        prepared = prepare_trials(path, five);
        for (size_t t = 0; t < 5; t++) {
            assert_int_equal(prepared.crashes[t], t == 1 || t == 3);
            assert_int_equal(prepared.status[t], FGF_TRIAL_EMPTY);
        }
        fgf_prepare_result_clear(&prepared);
    }
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_status(reader, 1), FGF_TRIAL_EMPTY);
    assert_int_equal(fgf_store_reader_crashes(reader, 1), 1);
    fgf_store_reader_close(&reader);
}

static fgf_store *shared_store;

static void note_and_die(int signal_number)
{
    fgf_store_note_crash(shared_store, 3);
    _exit(signal_number);
}

/* In a handler, where nothing but system calls may be made; the two counts make 2. */
static void a_fatal_signal_is_noted(void **state)
{
    const char *path = scratch_file("signal.h5");
    int how = 0;
    (void)state;
    fgf_prepare_result prepared = prepare_trials(path, five);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_open(path, &shared_store), FGF_OK);
    assert_int_equal(fgf_store_mark_running(shared_store, 3), FGF_OK);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, note_and_die);
        raise(SIGSEGV);
        _exit(0);
    }
    waitpid(child, &how, 0);
    assert_int_equal(WEXITSTATUS(how), SIGSEGV);
    fgf_store_note_crash(shared_store, 1000); /* no trial: nothing happens */
    fgf_store_close(&shared_store);
    prepared = prepare_trials(path, five);
    assert_int_equal(prepared.crashes[3], 2);
    assert_int_equal(prepared.crashes[4], 0);
    fgf_prepare_result_clear(&prepared);
}

static void crashes_have_a_greatest_number_and_can_be_set(void **state)
{
    const char *path = scratch_file("many.h5");
    fgf_store *store = NULL;
    (void)state;
    fgf_prepare_result prepared = prepare_trials(path, five);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(fgf_store_mark_running(store, 0), FGF_OK);
    for (int i = 0; i < 200; i++)
        fgf_store_note_crash(store, 0);
    assert_int_equal(fgf_store_set_crashes(store, 1, 3), FGF_OK);
    fgf_store_note_crash(store, 2);
    assert_int_equal(fgf_store_set_crashes(store, 2, 0), FGF_OK);
    fgf_store_close(&store);
    prepared = prepare_trials(path, five);
    assert_int_equal(prepared.crashes[0], 127);
    assert_int_equal(prepared.crashes[1], 3);
    assert_int_equal(prepared.crashes[2], 0);
    fgf_prepare_result_clear(&prepared);
}

/* A sweep that changes takes the counts along: of trials done, and of trials that are not. */
static void crashes_follow_their_trial(void **state)
{
    static sample s;
    const int other[] = {7, 4, 3, 0, -1};
    const char *path = scratch_file("follow.h5");
    fgf_store *store = NULL;
    (void)state;
    fgf_prepare_result prepared = prepare_trials(path, five);
    fgf_prepare_result_clear(&prepared);
    sample_init(&s, five, features, 4);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    for (size_t t = 0; t < 5; t++)
        assert_int_equal(fgf_store_set_crashes(store, t, (int)t), FGF_OK);
    assert_int_equal(sample_commit(&s, store, 3, 0, 1.5), FGF_OK);
    assert_int_equal(fgf_store_mark_running(store, 4), FGF_OK);
    fgf_store_close(&store);
    prepared = prepare_trials(path, other);
    assert_int_equal(prepared.how, FGF_STORE_REWRITTEN);
    assert_int_equal(prepared.crashes[0], 0);
    assert_int_equal(prepared.crashes[1], 5);
    assert_int_equal(prepared.crashes[2], 3);
    assert_int_equal(prepared.crashes[3], 0);
    assert_int_equal(prepared.status[1], FGF_TRIAL_EMPTY);
    assert_int_equal(prepared.status[2], FGF_TRIAL_DONE);
    fgf_prepare_result_clear(&prepared);
    prepared = prepare_trials(path, other);
    assert_int_equal(prepared.how, FGF_STORE_RESUMED);
    assert_int_equal(prepared.crashes[1], 5);
    fgf_prepare_result_clear(&prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_running_has_crashed),
        cmocka_unit_test(a_fatal_signal_is_noted),
        cmocka_unit_test(crashes_have_a_greatest_number_and_can_be_set),
        cmocka_unit_test(crashes_follow_their_trial),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
