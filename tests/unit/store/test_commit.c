/* What is committed is read back bit for bit, and nothing else counts. */
#include "scratch.h"

static const int trials[] = {0, 1, 2, 3, 4, 5, -1}, features[] = {2, 0, 1, -1};

static void rows_are_read_back(void **state)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    fgf_store_reader *reader = NULL;
    size_t committed = 0, broken = 0;
    const char *path = scratch_file("rows.h5");
    (void)state;
    sample_init(&s, trials, features, 4);
    scratch_run(path, &s, &prepared);
    assert_int_equal(prepared.how, FGF_STORE_CREATED);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_trial_count(reader), 6);
    assert_int_equal(fgf_store_reader_column_count(reader), SAMPLE_COLUMNS);
    assert_int_equal(fgf_store_reader_verify_all(reader, &committed, &broken), FGF_OK);
    assert_int_equal(committed, 6);
    assert_int_equal(broken, 0);
    for (int t = 0; t < 6; t++) {
        scratch_check(reader, t, features, 4);
        assert_int_equal(fgf_store_reader_status(reader, (size_t)t),
                         sample_fails(t) ? FGF_TRIAL_FAILED : FGF_TRIAL_DONE);
    }
    assert_true(fgf_store_reader_column(reader, 1).column.volatile_value);
    assert_string_equal(fgf_store_reader_column(reader, 1).column.unit, "s");
    fgf_store_reader_close(&reader);
}

static void tables_and_attributes_are_read_back(void **state)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    fgf_store_reader *reader = NULL;
    char bytes[1024];
    const char *path = scratch_file("tables.h5");
    (void)state;
    sample_init(&s, trials, features, 4);
    scratch_run(path, &s, &prepared);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    size_t ages = fgf_store_reader_find_dataset(reader, "/case/age");
    assert_true(ages != SIZE_MAX);
    fgf_dataset_view view = fgf_store_reader_dataset(reader, ages);
    assert_int_equal(view.type, FGF_F64);
    assert_int_equal(view.extent[0], SAMPLE_CASES);
    assert_string_equal(view.unit, "years");
    assert_int_equal(fgf_store_reader_read(reader, ages, bytes), FGF_OK);
    assert_memory_equal(bytes, s.ages, sizeof s.ages);
    size_t yaml = fgf_store_reader_find_dataset(reader, "/sweep/yaml");
    assert_int_equal(fgf_store_reader_dataset(reader, yaml).rank, 0);
    assert_int_equal(fgf_store_reader_read(reader, yaml, bytes), FGF_OK);
    assert_string_equal(bytes, "lambda: [0, 1]");
    size_t command = fgf_store_reader_find_dataset(reader, "/run/command_line");
    assert_true(fgf_store_reader_dataset(reader, command).bytes >= sizeof bytes);
    assert_int_equal(fgf_store_reader_find_dataset(reader, "/case/none"), SIZE_MAX);
    assert_string_equal(fgf_store_reader_attribute(reader, "schema_version"), "1");
    assert_string_equal(fgf_store_reader_attribute(reader, "fgf_version"), "0.0 \xc3\xa9");
    assert_null(fgf_store_reader_attribute(reader, "none"));
    fgf_store_reader_close(&reader);
}

static void only_committed_rows_count(void **state)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    fgf_store *store = NULL;
    fgf_store_reader *reader = NULL;
    double lambda = 0;
    bool intact = true;
    const char *path = scratch_file("partly.h5");
    (void)state;
    sample_init(&s, trials, features, 4);
    assert_int_equal(fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared),
                     FGF_OK);
    assert_int_equal(prepared.done_count, 0);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(sample_commit(&s, store, 3, 0, 1.0), FGF_OK);
    assert_int_equal(fgf_store_mark_running(store, 1), FGF_OK);
    fgf_store_close(&store);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_status(reader, 1), FGF_TRIAL_RUNNING);
    assert_int_equal(fgf_store_reader_verify(reader, 1, &intact), FGF_OK);
    assert_false(intact);
    assert_int_equal(fgf_store_reader_row(reader, 0, 1, &lambda), FGF_DATA);
    assert_int_equal(fgf_store_reader_row(reader, 0, 3, &lambda), FGF_OK);
    fgf_store_reader_close(&reader);
    assert_int_equal(fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared),
                     FGF_OK);
    assert_int_equal(prepared.how, FGF_STORE_RESUMED);
    assert_int_equal(prepared.done_count, 1);
    assert_int_equal(prepared.status[1], FGF_TRIAL_EMPTY);
    assert_int_equal(prepared.status[3], FGF_TRIAL_DONE);
    fgf_prepare_result_clear(&prepared);
}

/* A failed trial that is run again leaves nothing of its first row. */
static void a_second_commit_replaces_the_first(void **state)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    fgf_store *store = NULL;
    fgf_store_reader *reader = NULL;
    const void *nothing[SAMPLE_COLUMNS] = {NULL};
    double lambda = 0;
    int run_row = 0;
    char error[FGF_ERROR_TEXT];
    const char *path = scratch_file("twice.h5");
    (void)state;
    sample_init(&s, trials, features, 4);
    scratch_run(path, &s, &prepared);
    fgf_prepare_result_clear(&prepared);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(fgf_store_commit(store, 0, nothing, NULL, 0, true, NULL), FGF_OK);
    fgf_store_close(&store);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_row(reader, 0, 0, &lambda), FGF_OK);
    assert_true(isnan(lambda));
    assert_int_equal(fgf_store_reader_origin(reader, 0, &run_row, error), FGF_OK);
    assert_string_equal(error, "no reason was given");
    scratch_check(reader, 1, features, 4);
    fgf_store_reader_close(&reader);
}

/* Bytes of a dataset's row in the file, found by what was written there. */
static size_t find_bytes(const char *path, const void *wanted, size_t count)
{
    size_t size = scratch_size(path), found = SIZE_MAX;
    char *all = malloc(size);
    int file = open(path, O_RDONLY);
    assert_non_null(all);
    assert_int_equal(pread(file, all, size, 0), size);
    for (size_t i = 0; i + count <= size && found == SIZE_MAX; i++)
        if (memcmp(all + i, wanted, count) == 0)
            found = i;
    close(file);
    free(all);
    return found;
}

static void one_wrong_bit_is_noticed(void **state)
{
    static sample s;
    (void)state;
    for (size_t c = 0; c < SAMPLE_COLUMNS + 1; c++) {
        fgf_prepare_result prepared = {0};
        fgf_store_reader *reader = NULL;
        double cells[SAMPLE_CELLS];
        float weights[5];
        bool intact = true;
        char row[SAMPLE_CELLS * sizeof(double)];
        const char *path = scratch_file("bit.h5");
        if (c == 1)
            continue; /* the volatile column of the sample has the same value in every row */
        sample_init(&s, trials, features, 4);
        scratch_run(path, &s, &prepared);
        fgf_prepare_result_clear(&prepared);
        size_t element = c == SAMPLE_COLUMNS                  ? sizeof(float)
                         : sample_columns[c].type == FGF_TEXT ? 12
                         : sample_columns[c].type == FGF_F64  ? 8
                         : sample_columns[c].type == FGF_I64  ? 8
                                                              : 4;
        sample_weights(3, weights);
        size_t count = c == SAMPLE_COLUMNS ? 3 : sample_row(3, c, features, 3, 4, cells);
        size_t at = find_bytes(path, c == SAMPLE_COLUMNS ? (void *)weights : (void *)cells,
                               count * element);
        assert_true(at != SIZE_MAX);
        scratch_damage(path, at + count * element - 1, 1);
        assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
        assert_int_equal(fgf_store_reader_verify(reader, 3, &intact), FGF_OK);
        assert_false(intact);
        assert_int_equal(fgf_store_reader_row(reader, 0, 3, row), FGF_DATA);
        scratch_check(reader, 2, features, 4);
        fgf_store_reader_close(&reader);
        assert_int_equal(
            fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared), FGF_OK);
        assert_int_equal(prepared.broken_count, 1);
        assert_int_equal(prepared.status[3], FGF_TRIAL_EMPTY);
        fgf_prepare_result_clear(&prepared);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_back),
        cmocka_unit_test(tables_and_attributes_are_read_back),
        cmocka_unit_test(only_committed_rows_count),
        cmocka_unit_test(a_second_commit_replaces_the_first),
        cmocka_unit_test(one_wrong_bit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
