/* Pseudonyms, and what messages may tell. */
#include "unit/data/files.h"

#include "fgf/memory.h"
#include "hide.h"
#include "pseudonym.h"

#include <sys/stat.h>

static fgf_pseudonym_key key_of(const char *digits)
{
    char text[200];
    fgf_pseudonym_key key;
    snprintf(text, sizeof text, "fgf pseudonym key 1\n%s\n", digits);
    const char *path = write_text("key", text);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(fgf_pseudonym_key_read(path, &key), FGF_OK);
    return key;
}

/* RFC 4231, test case 2, has a key of four bytes; HMAC pads a key with zeros, so ours of 32 bytes
 * gives the same digest. */
static void published_value(void **state)
{
    (void)state;
    char pseudonym[FGF_PSEUDONYM];
    const fgf_pseudonym_key key =
        key_of("4a65666500000000000000000000000000000000000000000000000000000000");
    assert_int_equal(fgf_pseudonym_of(&key, "what do ya want for nothing?", pseudonym), FGF_OK);
    assert_string_equal(pseudonym, "P5bdcc146bf60754e6a04");
}

static void key_files(void **state)
{
    (void)state;
    fgf_pseudonym_key first, second;
    char pseudonym[2][FGF_PSEUDONYM];
    struct stat about;
    const char *path = in_folder("new");
    assert_int_equal(fgf_pseudonym_key_ensure(path), FGF_OK);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(fgf_pseudonym_key_read(path, &first), FGF_OK);
    assert_int_equal(fgf_pseudonym_key_ensure(path), FGF_OK); /* and stays as it is */
    assert_int_equal(fgf_pseudonym_key_read(path, &second), FGF_OK);
    assert_memory_equal(first.byte, second.byte, sizeof first.byte);
    assert_int_equal(fgf_pseudonym_key_ensure(in_folder("newer")), FGF_OK);
    assert_int_equal(fgf_pseudonym_key_read(in_folder("newer"), &second), FGF_OK);
    assert_memory_not_equal(first.byte, second.byte, sizeof first.byte);
    assert_int_equal(fgf_pseudonym_of(&first, "HN-1", pseudonym[0]), FGF_OK);
    assert_int_equal(fgf_pseudonym_of(&second, "HN-1", pseudonym[1]), FGF_OK);
    assert_string_not_equal(pseudonym[0], pseudonym[1]);

    assert_int_equal(chmod(in_folder("new"), 0640), 0);
    assert_int_equal(fgf_pseudonym_key_read(in_folder("new"), &first), FGF_USAGE);
    assert_message("chmod 600");
    assert_int_equal(fgf_pseudonym_key_read(in_folder("none"), &first), FGF_USAGE);
    path = write_text("short", "fgf pseudonym key 1\nabc\n");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(fgf_pseudonym_key_read(path, &first), FGF_USAGE);
    path =
        write_text("odd", "fgf pseudonym key 1\nzz656665000000000000000000000000000000000000000000"
                          "00000000000000\n");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(fgf_pseudonym_key_read(path, &first), FGF_USAGE);
}

static void set_candidate(fgf_candidate *candidate, const char *id, const char *patient)
{
    snprintf(candidate->known.id, sizeof candidate->known.id, "%s", id);
    snprintf(candidate->source_id, sizeof candidate->source_id, "%s", id);
    snprintf(candidate->known.patient, sizeof candidate->known.patient, "%s", patient);
}

static void candidates_renamed(void **state)
{
    (void)state;
    fgf_candidate list[3];
    fgf_candidates all = {.list = list, .count = 3};
    const fgf_pseudonym_key key =
        key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    memset(list, 0, sizeof list);
    set_candidate(&list[0], "a-left", "a");
    set_candidate(&list[1], "a-right", "a");
    set_candidate(&list[2], "b", "b");
    assert_int_equal(fgf_candidates_pseudonymize(&all, &key), FGF_OK);
    const fgf_candidate *left = NULL, *right = NULL, *b = NULL;
    for (size_t k = 0; k < 3; k++) {
        assert_true(k == 0 || strcmp(list[k - 1].known.id, list[k].known.id) < 0);
        if (strcmp(list[k].source_id, "b") == 0)
            b = &list[k];
        else if (strcmp(list[k].source_id, "a-left") == 0)
            left = &list[k];
        else
            right = &list[k];
    }
    assert_string_equal(left->known.patient, right->known.patient);
    assert_string_not_equal(left->known.id, right->known.id);
    assert_string_equal(b->known.id, b->known.patient); /* one text, one pseudonym */
}

static void hide_text(const fgf_names *names, const fgf_names *more, const char *text,
                      const char *expected)
{
    fgf_buffer out = {0};
    fgf_hide(names, more, text, &out);
    assert_int_equal(out.status, FGF_OK);
    assert_string_equal(out.text, expected);
    fgf_buffer_clear(&out);
}

static void names_hidden(void **state)
{
    (void)state;
    fgf_names names = {0}, files = {0};
    assert_int_equal(fgf_names_add(&names, "HN-1"), FGF_OK);
    assert_int_equal(fgf_names_add_path(&names, "data/outcomes.csv"), FGF_OK);
    hide_text(&names, NULL, "data/outcomes.csv:3:5: case hn-1 twice, HN-12 once",
              "(hidden):3:5: case (hidden) twice, HN-12 once");
    hide_text(&names, NULL, "outcomes: x/y of 3/4", "(hidden): x/y of 3/4");
    assert_int_equal(fgf_names_add_path(&files, "/a/HN-1/08-27 PET/Doe Jane 1.dcm"), FGF_OK);
    hide_text(&names, &files, "/a/HN-1/08-27 PET/Doe Jane 1.dcm: cut", "(hidden): cut");
    hide_text(&names, &files, "Doe Jane 1.dcm and Doe Jane 1 of 08-27 PET, b/c",
              "(hidden) and (hidden) of (hidden), (hidden)");
    hide_text(&names, &files, "series 1.2.840.113.5: gap of 2.5 mm",
              "series (hidden): gap of 2.5 mm");
    char cut[64] = "slices that are cut in the middle of a name: Doe Ja";
    assert_int_equal(fgf_hide_within(&names, &files, cut, sizeof cut), FGF_OK);
    assert_null(strstr(cut, "Doe"));
    fgf_names_clear(&names);
    fgf_names_clear(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(published_value, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(key_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(candidates_renamed, make_folder, remove_folder),
        cmocka_unit_test(names_hidden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
