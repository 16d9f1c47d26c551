/* Finished cases on disk: whole or not there. */
#include "unit/data/files.h"

#include "case_files.h"
#include "case_store.h"
#include "fgf/memory.h"

#include <sys/stat.h>

static const char key[] = "0123456789abcdef0123456789abcdef";

static fgf_case_outcome make_outcome(void)
{
    fgf_case_outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    outcome.state = FGF_CASE_GOOD;
    outcome.shape = (fgf_shape){2, 1, 3, 4};
    outcome.slice = 7;
    snprintf(outcome.regions, sizeof outcome.regions, "GTV + GG");
    return outcome;
}

static fgf_packed_case make_packed(void)
{
    fgf_packed_case packed;
    float image[24];
    uint8_t mask[12];
    for (int k = 0; k < 24; k++)
        image[k] = (float)k / 3;
    for (int k = 0; k < 12; k++)
        mask[k] = (uint8_t)(k % 2);
    assert_int_equal(fgf_dataset_pack((fgf_shape){2, 1, 3, 4}, image, mask, &packed), FGF_OK);
    return packed;
}

static void save(const fgf_case_store *store, const char *id)
{
    const fgf_case_outcome outcome = make_outcome();
    fgf_packed_case packed = make_packed();
    assert_int_equal(fgf_case_store_save(store, id, key, &outcome, &packed), FGF_OK);
    fgf_packed_case_clear(&packed);
}

static void assert_same(const fgf_packed_values *a, const fgf_packed_values *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->skipped, b->skipped);
    assert_memory_equal(a->bytes, b->bytes, a->count);
}

static bool load(const fgf_case_store *store, const char *id, const char *with)
{
    fgf_case_outcome outcome;
    fgf_packed_case packed = {0}, saved = make_packed();
    bool found = false;
    assert_int_equal(fgf_case_store_load(store, id, with, &found, &outcome, &packed), FGF_OK);
    if (found) {
        assert_int_equal(outcome.slice, 7);
        assert_string_equal(outcome.regions, "GTV + GG");
        assert_same(&packed.image, &saved.image);
        assert_same(&packed.mask, &saved.mask);
        assert_string_equal(packed.hash, saved.hash);
        assert_int_equal(packed.mask_pixels, 6);
        assert_memory_equal(&packed.shape, &saved.shape, sizeof packed.shape);
    }
    assert_int_equal(found, packed.image.bytes != NULL);
    fgf_packed_case_clear(&packed);
    fgf_packed_case_clear(&saved);
    return found;
}

static void saved_and_loaded(void **state)
{
    (void)state;
    fgf_case_store store = {0};
    assert_int_equal(fgf_case_store_open(in_folder("x.h5"), &store), FGF_OK);
    assert_false(fgf_case_store_has(&store, "a"));
    assert_false(load(&store, "a", key));
    save(&store, "a");
    assert_true(fgf_case_store_has(&store, "a"));
    assert_true(load(&store, "a", key));
    assert_false(load(&store, "a", "0123456789abcdef0123456789abcdee"));
    assert_false(load(&store, "b", key));
    fgf_case_store_remove(&store);
    assert_int_not_equal(access(in_folder("x.h5.cases"), F_OK), 0);
    fgf_case_store_close(&store);
}

static size_t read_bytes(const char *name, char *bytes, size_t most)
{
    FILE *file = fopen(in_folder(name), "rb");
    assert_non_null(file);
    const size_t count = fread(bytes, 1, most, file);
    fclose(file);
    return count;
}

/* Each byte changed in turn, each length: none is taken for a whole case. */
static void damage_is_seen(void **state)
{
    (void)state;
    fgf_case_store store = {0};
    char bytes[8192], name[] = "x.h5.cases/a.case";
    assert_int_equal(fgf_case_store_open(in_folder("x.h5"), &store), FGF_OK);
    save(&store, "a");
    const size_t count = read_bytes(name, bytes, sizeof bytes);
    assert_in_range(count, 500, sizeof bytes - 1);
    for (size_t k = 0; k < count; k++) {
        bytes[k] ^= 0x10;
        write_file(name, bytes, count);
        assert_false(load(&store, "a", key));
        bytes[k] ^= 0x10;
    }
    for (size_t length = 0; length < count; length += 37) {
        write_file(name, bytes, length);
        assert_false(load(&store, "a", key));
    }
    write_file(name, bytes, count + 1);
    assert_false(load(&store, "a", key));
    write_file(name, bytes, count);
    assert_true(load(&store, "a", key));
    assert_int_equal(unlink(in_folder(name)), 0);
    assert_int_equal(mkfifo(in_folder(name), 0666), 0); /* not waited for */
    assert_false(load(&store, "a", key));
    fgf_case_store_remove(&store);
    fgf_case_store_close(&store);
}

/* Another form, whole in itself, is another program's: the case is read again. */
static void other_form(void **state)
{
    (void)state;
    fgf_case_store store = {0};
    fgf_packed_case packed = make_packed();
    char bytes[8192], name[] = "x.h5.cases/a.case";
    assert_int_equal(fgf_case_store_open(in_folder("x.h5"), &store), FGF_OK);
    save(&store, "a");
    const size_t count = read_bytes(name, bytes, sizeof bytes);
    assert_memory_equal(bytes, "fgf case 2", 11);
    const size_t parts[] = {packed.image.count, packed.mask.count};
    const size_t head = count - parts[0] - parts[1] - sizeof(unsigned long long);
    for (char form = '2'; form >= '1'; form--) {
        bytes[9] = form;
        unsigned long long sum = fgf_checksum(bytes, head, 0);
        sum = fgf_checksum(bytes + head, parts[0], sum);
        sum = fgf_checksum(bytes + head + parts[0], parts[1], sum);
        memcpy(bytes + count - sizeof sum, &sum, sizeof sum);
        write_file(name, bytes, count);
        assert_int_equal(load(&store, "a", key), form == '2');
    }
    fgf_packed_case_clear(&packed);
    fgf_case_store_remove(&store);
    fgf_case_store_close(&store);
}

static void refused(void **state)
{
    (void)state;
    fgf_case_store store = {0};
    const fgf_case_outcome outcome = make_outcome();
    fgf_packed_case packed = make_packed();
    assert_int_equal(fgf_case_store_open(in_folder("none/x.h5"), &store), FGF_ENVIRONMENT);
    assert_int_equal(fgf_case_store_open(in_folder("x.h5"), &store), FGF_OK);
    assert_int_equal(mkdir(in_folder("x.h5.cases/a.case"), 0777), 0);
    assert_int_equal(fgf_case_store_save(&store, "a", key, &outcome, &packed), FGF_ENVIRONMENT);
    assert_message("x.h5.cases/a.case");
    assert_int_not_equal(access(in_folder("x.h5.cases/a.case.part"), F_OK), 0);
    fgf_packed_case_clear(&packed);
    fgf_case_store_close(&store);
}

static fgf_hash key_of(const fgf_manifest *manifest, const fgf_candidate *candidate)
{
    fgf_case_files files;
    fgf_hash hash;
    assert_int_equal(fgf_case_files_list(manifest, candidate, &files), FGF_OK);
    assert_int_equal(fgf_case_key(manifest, candidate, &files, "", &hash), FGF_OK);
    fgf_case_files_clear(&files);
    return hash;
}

/* What a case depends on changes its key, and nothing else does. */
static void keys_of_cases(void **state)
{
    (void)state;
    fgf_import_options options = {0};
    fgf_manifest manifest;
    fgf_candidate candidate;
    fgf_buffer path = {0};
    const char *patterns[] = {"GTV"};
    memset(&candidate, 0, sizeof candidate);
    snprintf(candidate.source_id, sizeof candidate.source_id, "a*b");
    write_text("m.yaml", "source: {kind: dicom, image: \"{id}\", regions: GTV}\n"
                         "table: {file: t.csv}\n");
    assert_int_equal(fgf_manifest_load(in_folder("m.yaml"), &options, &manifest), FGF_OK);
    assert_int_equal(mkdir(in_folder("a*b"), 0777), 0);
    assert_int_equal(mkdir(in_folder("a*b/below"), 0777), 0);
    assert_int_equal(mkdir(in_folder("aXb"), 0777), 0);
    write_text("a*b/one", "1");
    write_text("a*b/below/two", "22");
    fgf_case_files files;
    assert_int_equal(fgf_case_files_list(&manifest, &candidate, &files), FGF_OK);
    assert_int_equal(files.count, 2);
    assert_true(files.bytes == 3);
    fgf_case_files_clear(&files);
    const fgf_hash first = key_of(&manifest, &candidate);
    assert_string_equal(key_of(&manifest, &candidate).text, first.text);
    write_text("a*b/below/three", "");
    const fgf_hash second = key_of(&manifest, &candidate);
    assert_string_not_equal(second.text, first.text);
    candidate.regions = (fgf_structure_choice){1, patterns};
    assert_string_not_equal(key_of(&manifest, &candidate).text, second.text);

    /* * in a pattern stands for letters, in an id for itself. */
    assert_int_equal(fgf_case_path(&manifest, "{id}/be*w/t?o", candidate.source_id, &path), FGF_OK);
    assert_string_equal(path.text, in_folder("./a*b/below/two"));
    assert_int_equal(fgf_case_path(&manifest, "{id}/none*", candidate.source_id, &path), FGF_OK);
    assert_string_equal(path.text, in_folder("./a*b/none*"));
    assert_int_equal(fgf_case_path(&manifest, "{id}/below/t*", candidate.source_id, &path),
                     FGF_DATA);
    assert_message("2 files or folders fit");
    assert_int_equal(mkfifo(in_folder("a*b/pipe"), 0600), 0); /* opening it would never end */
    assert_int_equal(fgf_case_path(&manifest, "{id}/pipe", candidate.source_id, &path), FGF_DATA);
    assert_message("neither a file nor a folder");
    fgf_buffer_clear(&path);
    fgf_manifest_clear(&manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(saved_and_loaded, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(damage_is_seen, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(other_form, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(keys_of_cases, make_folder, remove_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
