/* Files of many trials: what a resume, a look and a table read does not grow with the rows. */
#include "scratch.h"

enum { TRIALS = 2000, CASES = 60, FEATURES = 8, SCALARS = 20, ARRAYS = 10 };

/* What is read counts here: nothing waits for a disk. */
int fdatasync(int descriptor)
{
    (void)descriptor;
    return 0;
}

/* Bytes that this process has read so far, through any descriptor; 0 where the system does not
 * count them. */
static size_t bytes_read(void)
{
    unsigned long long count = 0;
    FILE *file = fopen("/proc/self/io", "r");
    if (!file)
        return 0;
    if (fscanf(file, "rchar: %llu", &count) != 1)
        count = 0;
    fclose(file);
    return (size_t)count;
}

static fgf_hash ids[TRIALS];
static char paths[SCALARS + ARRAYS][32];
static fgf_column columns[SCALARS + ARRAYS];

static fgf_layout make_layout(void)
{
    for (int t = 0; t < TRIALS; t++)
        ids[t] = sample_id(t);
    for (int c = 0; c < SCALARS + ARRAYS; c++) {
        const bool array = c % 3 == 2; /* in between: the order of the layout is not that of rows */
        snprintf(paths[c], sizeof paths[c], "/%s/column%d", array ? "array" : "trial", c);
        columns[c] = (fgf_column){.path = paths[c],
                                  .type = FGF_F64,
                                  .axis_count = array ? 2 : 0,
                                  .axes = {FGF_AXIS_CASE, FGF_AXIS_FEATURE},
                                  .unit = "1",
                                  .long_name = "a column"};
    }
    return (fgf_layout){.schema_version = 1,
                        .dataset = fgf_hash_bytes("size", 4),
                        .columns = columns,
                        .column_count = SCALARS + ARRAYS,
                        .axis_length = {CASES, FEATURES, 1, 1, 1},
                        .trial_ids = ids,
                        .trial_count = TRIALS};
}

/* Commits all trials but the last. */
static void fill(const char *path, const fgf_layout *layout)
{
    static double cells[SCALARS + ARRAYS][CASES * FEATURES];
    const void *values[SCALARS + ARRAYS];
    fgf_prepare_result prepared = {0};
    fgf_store *store = NULL;
    assert_int_equal(fgf_store_prepare(path, layout, (fgf_prepare_options){false}, &prepared),
                     FGF_OK);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    for (size_t t = 0; t + 1 < TRIALS; t++) {
        for (size_t c = 0; c < SCALARS + ARRAYS; c++) {
            cells[c][0] = (double)t + (double)c / 64;
            values[c] = cells[c];
        }
        assert_int_equal(fgf_store_commit(store, t, values, NULL, 0, t % 7 == 6, "it fails"),
                         FGF_OK);
    }
    fgf_store_close(&store);
    fgf_prepare_result_clear(&prepared);
}

/* What is small of all rows: numbers of one value, error, and what the store adds. */
static const size_t small_bytes = TRIALS * (SCALARS * 8 + 512);

static void a_resume_reads_what_is_small(const char *path, const fgf_layout *layout)
{
    fgf_prepare_result prepared = {0};
    const size_t before = bytes_read();
    const fgf_prepare_options least = {.read_back_bytes = 1};
    assert_int_equal(fgf_store_prepare(path, layout, least, &prepared), FGF_OK);
    const size_t read_bytes = bytes_read() - before;
    assert_int_equal(prepared.how, FGF_STORE_RESUMED);
    assert_int_equal(prepared.done_count, TRIALS - 1 - (TRIALS - 1) / 7);
    assert_int_equal(prepared.failed_count, (TRIALS - 1) / 7);
    assert_true(before == 0 || (read_bytes > 0 && read_bytes < small_bytes));
    fgf_prepare_result_clear(&prepared);
    const size_t again = bytes_read();
    assert_int_equal(
        fgf_store_prepare(path, layout, (fgf_prepare_options){.check_rows = true}, &prepared),
        FGF_OK);
    assert_true(before == 0 || bytes_read() - again > scratch_size(path) / 2);
    assert_int_equal(prepared.broken_count, 0);
    fgf_prepare_result_clear(&prepared);
}

static void a_look_reads_what_is_small(const char *path)
{
    fgf_store_reader *reader = NULL;
    const size_t before = bytes_read();
    double value = 0;
    int run_row;
    char error[FGF_ERROR_TEXT];
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    for (size_t t = 0; t + 1 < TRIALS; t++) {
        assert_int_equal(fgf_store_reader_status(reader, t),
                         t % 7 == 6 ? FGF_TRIAL_FAILED : FGF_TRIAL_DONE);
        assert_int_equal(fgf_store_reader_row(reader, 3, t, &value), FGF_OK);
        assert_true(value == (double)t + 3.0 / 64);
        assert_int_equal(fgf_store_reader_origin(reader, t, &run_row, error), FGF_OK);
        assert_string_equal(error, t % 7 == 6 ? "it fails" : "");
    }
    assert_int_equal(fgf_store_reader_status(reader, TRIALS - 1), FGF_TRIAL_EMPTY);
    /* Once at opening and once more along the trials. */
    assert_true(before == 0 || bytes_read() - before < 2 * small_bytes);
    fgf_store_reader_close(&reader);
}

static void little_is_read_of_many_rows(void **state)
{
    const char *path = scratch_file("size.h5");
    const fgf_layout layout = make_layout();
    (void)state;
    fill(path, &layout);
    assert_true(scratch_size(path) > 5 * small_bytes);
    assert_true((double)scratch_size(path) < 1.05 * fgf_layout_bytes(&layout) + 1e6);
    assert_true((double)scratch_size(path) > 0.95 * fgf_layout_bytes(&layout));
    a_resume_reads_what_is_small(path, &layout);
    a_look_reads_what_is_small(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(little_is_read_of_many_rows)};
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
