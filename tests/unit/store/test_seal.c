/* The seal: what it covers, what it is broken by, what a resume reads and what it leaves. */
#include "scratch.h"

#include "image.h"

static const int features[] = {2, 0, 1, -1};
static const int trials[] = {0, 1, 2, 3, 4, -1};

static void make_file_of(const char *path, const int *own_trials)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    sample_init(&s, own_trials, features, 4);
    scratch_run(path, &s, &prepared);
    fgf_prepare_result_clear(&prepared);
}

static void make_file(const char *path)
{
    make_file_of(path, trials);
}

static fgf_prepare_result prepare_again(const char *path, fgf_prepare_options options)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    sample_init(&s, trials, features, 4);
    assert_int_equal(fgf_store_prepare(path, &s.layout, options, &prepared), FGF_OK);
    return prepared;
}

static void open_image(const char *path, store_image *image)
{
    assert_int_equal(image_open(path, false, image), FGF_OK);
}

/* One byte of a trial's entry in a dataset of one value a trial. */
static size_t byte_of(const char *path, const char *dataset, size_t trial, size_t byte)
{
    store_image image;
    open_image(path, &image);
    const catalog_entry *entry = catalog_find(&image.catalog, dataset);
    assert_non_null(entry);
    const size_t at = entry->offset + trial * entry->element_bytes + byte;
    image_close(&image);
    return at;
}

/* Every dataset of small values, one wrong bit in each: seen by a reader at opening and by a
 * preparation that reads no row. */
static void a_wrong_bit_in_what_is_small_is_seen_without_the_row(void **state)
{
    static const char *const covered[] = {
        "/trial/status",  "/trial/checksum",    "/trial/seal",     "/trial/run",
        "/trial/error",   "/trial/weights_row", "/trial/lambda",   "/trial/note",
        "/trial/seconds", "/trial/parameters",  "/trial/committed"};
    (void)state;
    for (size_t i = 0; i < sizeof covered / sizeof *covered; i++) {
        const char *path = scratch_file("small.h5");
        fgf_store_reader *reader = NULL;
        char row[SAMPLE_CELLS * sizeof(double)];
        make_file(path);
        /* A status of 2 becomes 3: one that could stand there. */
        scratch_damage(path, byte_of(path, covered[i], 3, 0), 1);
        assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
        assert_int_equal(fgf_store_reader_status(reader, 3), FGF_TRIAL_EMPTY);
        assert_int_equal(fgf_store_reader_unsealed(reader), 1);
        assert_int_equal(fgf_store_reader_status(reader, 2), FGF_TRIAL_DONE);
        assert_int_equal(fgf_store_reader_row(reader, 0, 3, row), FGF_DATA);
        assert_non_null(strstr(fgf_last_error()->message, "fgf run --check-rows"));
        fgf_store_reader_close(&reader);
        fgf_prepare_result prepared =
            prepare_again(path, (fgf_prepare_options){.read_back_bytes = 1});
        assert_int_equal(prepared.how, FGF_STORE_RESUMED);
        assert_int_equal(prepared.broken_count, 1);
        assert_int_equal(prepared.status[3], FGF_TRIAL_EMPTY);
        assert_int_equal(prepared.status[2], FGF_TRIAL_DONE);
        fgf_prepare_result_clear(&prepared);
        /* It was taken back in the file: the next start does not stumble over it. */
        prepared = prepare_again(path, (fgf_prepare_options){.read_back_bytes = 1});
        assert_int_equal(prepared.broken_count, 0);
        assert_int_equal(prepared.status[3], FGF_TRIAL_EMPTY);
        fgf_prepare_result_clear(&prepared);
    }
}

/* A seal stands for its own trial alone. */
static void a_record_copied_to_another_trial_does_not_count(void **state)
{
    static const char *const parts[] = {
        "/trial/status", "/trial/checksum",  "/trial/seal",        "/trial/run",
        "/trial/error",  "/trial/committed", "/trial/weights_row", "/trial/lambda",
        "/trial/note",   "/trial/seconds",   "/trial/parameters"};
    const char *path = scratch_file("copied.h5");
    const int alike[] = {0, 2, 1, 5, 3, -1}; /* 2 and 5 keep no weights, whose rows would differ */
    fgf_store_reader *reader = NULL;
    (void)state;
    make_file_of(path, alike);
    int file = open(path, O_RDWR);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char bytes[FGF_ERROR_TEXT];
        const size_t from = byte_of(path, parts[i], 1, 0), to = byte_of(path, parts[i], 3, 0);
        const size_t count = (to - from) / 2;
        assert_int_equal(pread(file, bytes, count, (off_t)from), count);
        assert_int_equal(pwrite(file, bytes, count, (off_t)to), count);
    }
    close(file);
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_status(reader, 1), FGF_TRIAL_DONE);
    assert_int_equal(fgf_store_reader_status(reader, 3), FGF_TRIAL_EMPTY);
    assert_int_equal(fgf_store_reader_unsealed(reader), 1);
    fgf_store_reader_close(&reader);
}

/* Bytes of an array that went bad later: a resume that does not read the row believes the seal, one
 * that does runs it again, and no reader hands it out. */
static void a_row_behind_a_good_seal_is_found_by_reading_it(void **state)
{
    const char *path = scratch_file("later.h5");
    fgf_store_reader *reader = NULL;
    char row[SAMPLE_CELLS * sizeof(double)];
    bool intact = true;
    (void)state;
    make_file(path);
    store_image image;
    open_image(path, &image);
    const catalog_entry *entry = catalog_find(&image.catalog, "/flow/steps");
    const size_t at = entry->offset + 3 * SAMPLE_CASES * entry->element_bytes;
    image_close(&image);
    scratch_damage(path, at, 1);
    fgf_prepare_result prepared = prepare_again(path, (fgf_prepare_options){.read_back_bytes = 1});
    assert_int_equal(prepared.broken_count, 0);
    assert_int_equal(prepared.status[3], FGF_TRIAL_DONE);
    fgf_prepare_result_clear(&prepared);

    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_OK);
    assert_int_equal(fgf_store_reader_status(reader, 3), FGF_TRIAL_DONE);
    assert_int_equal(fgf_store_reader_row(reader, 0, 3, row), FGF_OK); /* under the seal */
    const size_t steps = fgf_store_reader_find_column(reader, "/flow/steps");
    assert_int_equal(fgf_store_reader_row(reader, steps, 3, row), FGF_DATA);
    assert_non_null(strstr(fgf_last_error()->message, "fgf run --check-rows"));
    assert_int_equal(fgf_store_reader_row(reader, 0, 3, row), FGF_DATA); /* once it is known */
    assert_int_equal(fgf_store_reader_verify(reader, 3, &intact), FGF_OK);
    assert_false(intact);
    fgf_store_reader_close(&reader);

    prepared = prepare_again(path, (fgf_prepare_options){.read_back_bytes = 1, .check_rows = true});
    assert_int_equal(prepared.broken_count, 1);
    assert_int_equal(prepared.status[3], FGF_TRIAL_EMPTY);
    fgf_prepare_result_clear(&prepared);
    prepared = prepare_again(path, (fgf_prepare_options){.read_back_bytes = 1});
    assert_int_equal(prepared.status[3], FGF_TRIAL_EMPTY);
    fgf_prepare_result_clear(&prepared);
}

/* The newest rows are read back, those that fit the budget. */
static void the_newest_rows_are_read_back(void **state)
{
    const char *path = scratch_file("newest.h5");
    static sample s;
    fgf_store *store = NULL;
    (void)state;
    make_file(path);
    sample_init(&s, trials, features, 4);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(sample_commit(&s, store, 1, 0, 1.5), FGF_OK); /* again: now the newest */
    fgf_store_close(&store);
    store_image image;
    open_image(path, &image);
    const catalog_entry *entry = catalog_find(&image.catalog, "/flow/steps");
    for (size_t t = 0; t < 5; t++)
        scratch_damage(path, entry->offset + t * SAMPLE_CASES * entry->element_bytes, 1);
    const size_t one_row = image.block_bytes;
    image_close(&image);
    fgf_prepare_result prepared =
        prepare_again(path, (fgf_prepare_options){.read_back_bytes = one_row});
    assert_int_equal(prepared.broken_count, 1);
    assert_int_equal(prepared.status[1], FGF_TRIAL_EMPTY);
    assert_int_equal(prepared.status[0], FGF_TRIAL_DONE);
    fgf_prepare_result_clear(&prepared);
    prepared = prepare_again(path, (fgf_prepare_options){false});
    assert_int_equal(prepared.broken_count, 4);
    fgf_prepare_result_clear(&prepared);
}

/* Rewriting reads every row, and leaves out what is broken, asked for or not. */
static void a_rewrite_leaves_broken_rows_out(void **state)
{
    static sample s;
    const int fewer[] = {4, 1, 3, -1};
    const char *path = scratch_file("rewrite.h5");
    fgf_prepare_result prepared = {0};
    (void)state;
    make_file(path);
    store_image image;
    open_image(path, &image);
    const catalog_entry *entry = catalog_find(&image.catalog, "/flow/steps");
    for (size_t t = 2; t <= 3; t++)
        scratch_damage(path, entry->offset + t * SAMPLE_CASES * entry->element_bytes, 1);
    image_close(&image);
    sample_init(&s, fewer, features, 4);
    assert_int_equal(
        fgf_store_prepare(path, &s.layout, (fgf_prepare_options){.read_back_bytes = 1}, &prepared),
        FGF_OK);
    assert_int_equal(prepared.how, FGF_STORE_REWRITTEN);
    assert_int_equal(prepared.broken_count, 2);
    assert_int_equal(prepared.unasked_count, 1); /* trial 0; trial 2 is lost */
    assert_int_equal(prepared.status[0], FGF_TRIAL_FAILED);
    assert_int_equal(prepared.status[1], FGF_TRIAL_DONE);
    assert_int_equal(prepared.status[2], FGF_TRIAL_EMPTY);
    fgf_prepare_result_clear(&prepared);
}

/* Before a row is written over, what stood under the old seal must not stand under it any more. */
static void a_retry_breaks_the_old_seal_first(void **state)
{
    const char *path = scratch_file("retry.h5");
    fgf_store *store = NULL;
    uint64_t seal = 1, before = 0;
    (void)state;
    make_file(path);
    const size_t at = byte_of(path, PATH_SEAL, 4, 0);
    int file = open(path, O_RDONLY);
    assert_int_equal(pread(file, &before, sizeof before, (off_t)at), sizeof before);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    store_image image;
    open_image(path, &image);
    image.descriptor = open(path, O_RDWR);
    char *block = NULL;
    image_commitment said;
    assert_int_equal(fgf_allocate_bytes(image.block_bytes, 1, (void **)&block), FGF_OK);
    image_head head = {.weights_row = -1};
    memcpy(block, &head, sizeof head);
    /* The first of the two steps of a commit: the row is new, and nothing says that it counts. */
    assert_int_equal(image_begin_row(&image, 4, block, FGF_TRIAL_DONE, &said), FGF_OK);
    assert_int_equal(pread(file, &seal, sizeof seal, (off_t)at), sizeof seal);
    assert_true(before != 0 && seal == 0);
    fgf_prepare_result prepared = prepare_again(path, (fgf_prepare_options){false});
    assert_int_equal(prepared.status[4], FGF_TRIAL_EMPTY);
    assert_int_equal(prepared.broken_count, 0);
    assert_int_equal(prepared.crashes[4], 1);
    fgf_prepare_result_clear(&prepared);
    fgf_free(block);
    image_close(&image);
    fgf_store_close(&store);
    close(file);
}

static void a_file_without_room_is_refused_before_it_is_begun(void **state)
{
    static sample s;
    const char *path = scratch_file("room.h5");
    fgf_prepare_result prepared = {0};
    (void)state;
    sample_init(&s, trials, features, 4);
    s.layout.axis_length[FGF_AXIS_DRAW] = (size_t)1 << 44;
    assert_true(fgf_layout_bytes(&s.layout) > 1e15);
    assert_int_equal(fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared),
                     FGF_ENVIRONMENT);
    assert_non_null(strstr(fgf_last_error()->message, "GB for 5 trials, and there is room for"));
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_bit_in_what_is_small_is_seen_without_the_row),
        cmocka_unit_test(a_record_copied_to_another_trial_does_not_count),
        cmocka_unit_test(a_row_behind_a_good_seal_is_found_by_reading_it),
        cmocka_unit_test(the_newest_rows_are_read_back),
        cmocka_unit_test(a_rewrite_leaves_broken_rows_out),
        cmocka_unit_test(a_retry_breaks_the_old_seal_first),
        cmocka_unit_test(a_file_without_room_is_refused_before_it_is_begun),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
