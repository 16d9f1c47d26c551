/* Files that are not ours, cut off or damaged are refused in one line, without a crash. */
#include "scratch.h"

#include "fgf/random.h"

static const int trials[] = {0, 1, 2, -1}, features[] = {1, 0, -1};

static void make_file(const char *path)
{
    static sample s;
    fgf_prepare_result prepared = {0};
    sample_init(&s, trials, features, 3);
    scratch_run(path, &s, &prepared);
    fgf_prepare_result_clear(&prepared);
}

static void what_is_not_hdf5_is_refused(void **state)
{
    const char *path = scratch_file("noise.h5");
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, 0, 0);
    static sample s;
    fgf_prepare_result prepared = {0};
    (void)state;
    for (size_t size = 0; size < 5000; size += 61) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        for (size_t i = 0; i < size; i++)
            fputc((int)fgf_stream_below(&stream, 256), file);
        fclose(file);
        scratch_refused(path);
    }
    sample_init(&s, trials, features, 3);
    assert_int_equal(fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared),
                     FGF_DATA);
    fgf_store_reader *reader = NULL;
    assert_int_equal(fgf_store_reader_open("/no/such/file.h5", &reader), FGF_ENVIRONMENT);
    assert_int_equal(fgf_store_reader_open("/tmp", &reader), FGF_DATA);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
    char copy[160], command[512];
    const char *path = scratch_file("whole.h5");
    (void)state;
    make_file(path);
    snprintf(copy, sizeof copy, "%.120s.cut", path);
    size_t size = scratch_size(path);
    for (size_t left = 0; left < size; left += 1 + size / 50) {
        snprintf(command, sizeof command, "head -c %zu %s > %s", left, path, copy);
        assert_int_equal(system(command), 0);
        scratch_refused(copy);
        assert_true(left < 64 || strstr(fgf_last_error()->message, "is cut off"));
    }
}

/* One byte after another is turned over: refused, or open and then every row either agrees with
 * its checksum or is known not to. */
static void damaged_bytes_never_crash(void **state)
{
    const char *path = scratch_file("bytes.h5");
    size_t refused = 0, opened = 0;
    (void)state;
    make_file(path);
    size_t size = scratch_size(path);
    for (size_t at = 0; at < size; at += 1 + size / 400) {
        fgf_store_reader *reader = NULL;
        size_t committed = 0, broken = 0;
        scratch_damage(path, at, 0xff);
        if (fgf_store_reader_open(path, &reader) == FGF_OK) {
            assert_int_equal(fgf_store_reader_verify_all(reader, &committed, &broken), FGF_OK);
            opened++;
        } else {
            assert_int_equal(fgf_last_error()->status, FGF_DATA);
            refused++;
        }
        fgf_store_reader_close(&reader);
        scratch_damage(path, at, 0xff);
    }
    assert_true(refused > 10 && opened > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_hdf5_is_refused),
        cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
        cmocka_unit_test(damaged_bytes_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
