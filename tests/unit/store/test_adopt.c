#define _GNU_SOURCE /* memmem */
/* Rows of one file into another: whole, once, with the start that they come from. */
#include "scratch.h"

static const int features[] = {2, 0, 1, -1};
static const int all[] = {0, 1, 2, 3, 4, 5, -1};

static void make_part(const char *path, const int *trials, const char *command_line)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    fgf_store *store = NULL;
    int run_row = -1;
    const fgf_run_record record = {.command_line = command_line, .ranks = 2};
    sample_init(&s, trials, features, 4);
    assert_int_equal(fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared),
                     FGF_OK);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(fgf_store_begin_run(store, &record, &run_row), FGF_OK);
    for (size_t t = 0; t < s.layout.trial_count; t++)
        if (prepared.status[t] == FGF_TRIAL_EMPTY)
            assert_int_equal(sample_commit(&s, store, t, run_row, 1.5), FGF_OK);
    fgf_store_close(&store);
    fgf_prepare_result_clear(&prepared);
}

/* Everything of `part` that `path` lacks, into a file of all trials. */
static size_t adopt_all(const char *path, const char *part)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    fgf_store *store = NULL;
    fgf_store_reader *reader = NULL;
    fgf_adoption *adoption = NULL;
    size_t count = 0;
    sample_init(&s, all, features, 4);
    assert_int_equal(
        fgf_store_prepare(path, &s.layout, (fgf_prepare_options){.run_rows = 5}, &prepared),
        FGF_OK);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(fgf_store_reader_open(part, &reader), FGF_OK);
    assert_int_equal(fgf_store_adoption_create(store, reader, &adoption), FGF_OK);
    for (size_t row = 0; row < fgf_store_reader_trial_count(reader); row++)
        for (size_t t = 0; t < s.layout.trial_count; t++)
            if (prepared.status[t] == FGF_TRIAL_EMPTY &&
                strcmp(s.ids[t].text, fgf_store_reader_trial_id(reader, row)) == 0) {
                assert_int_equal(fgf_store_adopt(adoption, t, row), FGF_OK);
                count++;
            }
    assert_int_equal(fgf_store_adoption_finish(adoption), FGF_OK);
    fgf_store_adoption_destroy(&adoption);
    fgf_store_reader_close(&reader);
    fgf_store_close(&store);
    fgf_prepare_result_clear(&prepared);
    return count;
}

static void keep(const char *name, char *path)
{
    snprintf(path, 128, "%s", scratch_file(name));
}

/* The command line of the start that a row points to. */
static void assert_start(fgf_store_reader *reader, size_t trial, const char *expected)
{
    char error[FGF_ERROR_TEXT], lines[16 * 1024];
    int run_row = -1;
    const size_t index = fgf_store_reader_find_dataset(reader, "/run/command_line");
    const fgf_dataset_view view = fgf_store_reader_dataset(reader, index);
    assert_true(view.bytes <= sizeof lines);
    assert_int_equal(fgf_store_reader_read(reader, index, lines), FGF_OK);
    assert_int_equal(fgf_store_reader_origin(reader, trial, &run_row, error), FGF_OK);
    assert_string_equal(lines + (size_t)run_row * view.text_bytes, expected);
}

static void parts_make_a_whole(void **state)
{
    const int first[] = {4, 0, 2, -1}, second[] = {5, 1, -1}, third[] = {3, 1, -1};
    char whole[128], a[128], b[128], c[128];
    fgf_store_reader *reader = NULL;
    size_t committed = 0, broken = 1, runs = 0;
    (void)state;
    keep("whole.h5", whole);
    keep("a.h5", a);
    keep("b.h5", b);
    keep("c.h5", c);
    make_part(a, first, "task 1");
    make_part(b, second, "task 2");
    make_part(b, second, "task 2 again");
    make_part(c, third, "task 3");
    assert_int_equal(adopt_all(whole, a), 3);
    assert_int_equal(adopt_all(whole, b), 2);
    assert_int_equal(adopt_all(whole, c), 1);
    assert_int_equal(adopt_all(whole, a), 0);
    assert_int_equal(adopt_all(whole, c), 0);
    assert_int_equal(fgf_store_reader_open(whole, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_verify_all(reader, &committed, &broken), FGF_OK);
    assert_int_equal(committed, 6);
    assert_int_equal(broken, 0);
    for (int t = 0; t < 6; t++)
        scratch_check(reader, t, features, 4);
    assert_start(reader, 0, "task 1");
    assert_start(reader, 1, "task 2");
    assert_start(reader, 3, "task 3");
    assert_int_equal(fgf_store_reader_run_count(reader, &runs), FGF_OK);
    assert_int_equal(runs, 4); /* each start once, however often its file is merged */
    fgf_store_reader_close(&reader);
}

static void a_row_that_is_not_whole_is_refused(void **state)
{
    static sample s;
    const int some[] = {0, 1, -1};
    char whole[128], part[128];
    fgf_store *store = NULL;
    fgf_store_reader *reader = NULL;
    fgf_adoption *adoption = NULL;
    fgf_prepare_result prepared = {0};
    (void)state;
    keep("target.h5", whole);
    keep("bad.h5", part);
    make_part(part, some, "part");
    assert_int_equal(fgf_store_reader_open(part, &reader), FGF_OK);
    /* A weight of trial 0: the last bytes that its checksum covers. */
    float weights[5];
    sample_weights(0, weights);
    char *bytes = NULL;
    const size_t size = scratch_size(part);
    int file = open(part, O_RDONLY);
    assert_int_equal(fgf_allocate_bytes(size, 1, (void **)&bytes), FGF_OK);
    assert_int_equal(pread(file, bytes, size, 0), size);
    close(file);
    char *at = memmem(bytes, size, weights, sizeof weights);
    assert_non_null(at);
    scratch_damage(part, (size_t)(at - bytes), 1);
    fgf_free(bytes);
    sample_init(&s, all, features, 4);
    assert_int_equal(fgf_store_prepare(whole, &s.layout, (fgf_prepare_options){false}, &prepared),
                     FGF_OK);
    assert_int_equal(fgf_store_open(whole, &store), FGF_OK);
    assert_int_equal(fgf_store_adoption_create(store, reader, &adoption), FGF_OK);
    assert_int_equal(fgf_store_adopt(adoption, 0, 0), FGF_DATA);
    assert_int_equal(fgf_store_adopt(adoption, 1, 1), FGF_OK);
    assert_int_equal(fgf_store_adopt(adoption, 2, 1), FGF_INTERNAL); /* another trial's row */
    assert_int_equal(fgf_store_adoption_finish(adoption), FGF_OK);
    fgf_store_adoption_destroy(&adoption);
    fgf_store_reader_close(&reader);
    fgf_store_close(&store);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_reader_open(whole, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_status(reader, 0), FGF_TRIAL_EMPTY);
    assert_int_equal(fgf_store_reader_status(reader, 1), FGF_TRIAL_DONE);
    fgf_store_reader_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_make_a_whole),
        cmocka_unit_test(a_row_that_is_not_whole_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
