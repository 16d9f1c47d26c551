/* Checkpoint files: whole or not at all, found again, replaced, removed, and tidied away. */
#include "fgf/checkpoint.h"
#include "fgf/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], results[128];

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/fgf_checkpoint_XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(results, sizeof results, "%s/r.h5", folder);
    return 0;
}

static int end(void **state)
{
    size_t kept;
    (void)state;
    if (fgf_checkpoint_tidy(results, NULL, 0, &kept) != FGF_OK)
        return -1;
    return rmdir(folder); /* nothing is left behind */
}

static char *file_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s.checkpoints/%s", results, name);
    return path;
}

static void put_file(const char *name, const char *text)
{
    FILE *file = fopen(file_of(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void expect_content(const char *id, const char *text)
{
    void *bytes = NULL;
    size_t size = 0;
    assert_int_equal(fgf_checkpoint_read(results, id, &bytes, &size), FGF_OK);
    if (!text) {
        assert_null(bytes);
        assert_int_equal(size, 0);
        return;
    }
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    fgf_free(bytes);
}

static void put(const char *id, const char *text)
{
    assert_int_equal(fgf_checkpoint_write(results, id, text, strlen(text)), FGF_OK);
}

static void is_found_again(void **state)
{
    (void)state;
    expect_content("0f", NULL);
    put("0f", "one");
    put("1e", "");
    expect_content("0f", "one");
    expect_content("1e", "");
    put("0f", "another");
    expect_content("0f", "another");
    fgf_checkpoint_remove(results, "0f");
    fgf_checkpoint_remove(results, "0f");
    expect_content("0f", NULL);
    assert_int_not_equal(access(file_of("1e.checkpoint.part"), F_OK), 0);
}

static void is_the_old_one_where_writing_fails(void **state)
{
    (void)state;
    put("0f", "old");
    /* Nothing can be written in the place of a folder. */
    assert_int_equal(mkdir(file_of("0f.checkpoint.part"), 0777), 0);
    assert_int_equal(fgf_checkpoint_write(results, "0f", "new", 3), FGF_ENVIRONMENT);
    assert_non_null(strstr(fgf_last_error()->message, "0f.checkpoint.part"));
    expect_content("0f", "old");
    assert_int_equal(rmdir(file_of("0f.checkpoint.part")), 0);
    put("0f", "new");
    expect_content("0f", "new");
}

static void says_which_folder_cannot_be_made(void **state)
{
    (void)state;
    assert_int_equal(fgf_checkpoint_write("/nowhere/r.h5", "0f", "x", 1), FGF_ENVIRONMENT);
    assert_non_null(strstr(fgf_last_error()->message, "/nowhere/r.h5.checkpoints"));
}

static void is_tidied(void **state)
{
    const fgf_hash wanted[] = {{"33"}, {"11"}, {"44"}};
    struct stat about;
    size_t kept = 9;
    (void)state;
    put("11", "1");
    put("22", "2");
    put("33", "3");
    put_file("11.checkpoint.part", "half");
    put_file("notes.txt", "mine");
    assert_int_equal(fgf_checkpoint_count(results, &kept), FGF_OK);
    assert_int_equal(kept, 3);
    assert_int_equal(fgf_checkpoint_tidy(results, wanted, 3, &kept), FGF_OK);
    assert_int_equal(kept, 2);
    expect_content("11", "1");
    expect_content("22", NULL);
    expect_content("33", "3");
    assert_int_not_equal(access(file_of("11.checkpoint.part"), F_OK), 0);
    /* What is not ours stays, and the folder with it. */
    assert_int_equal(fgf_checkpoint_tidy(results, NULL, 0, &kept), FGF_OK);
    assert_int_equal(kept, 0);
    assert_int_equal(access(file_of("notes.txt"), F_OK), 0);
    assert_int_equal(unlink(file_of("notes.txt")), 0);
    assert_int_equal(fgf_checkpoint_tidy(results, wanted, 3, &kept), FGF_OK);
    assert_int_not_equal(stat(file_of(""), &about), 0);
    assert_int_equal(fgf_checkpoint_count(results, &kept), FGF_OK);
    assert_int_equal(kept, 0);
    assert_int_equal(fgf_checkpoint_tidy(results, wanted, 3, &kept), FGF_OK);
    assert_int_equal(kept, 0);
}

/* Every allocation that fails is reported, and nothing half done stands under the name. */
static void runs_out_of_memory(void **state)
{
    const fgf_hash wanted[] = {{"11"}};
    (void)state;
    put("11", "old");
    for (long n = 1; n < 12; n++) {
        void *bytes = NULL;
        size_t size, kept;
        fgf_allocation_fail_at(n);
        fgf_status status = fgf_checkpoint_write(results, "11", "old", 3);
        if (status == FGF_OK)
            status = fgf_checkpoint_read(results, "11", &bytes, &size);
        if (status == FGF_OK)
            status = fgf_checkpoint_tidy(results, wanted, 1, &kept);
        fgf_allocation_fail_at(0);
        fgf_free(bytes);
        assert_true(status == FGF_OK || status == FGF_MEMORY);
        expect_content("11", "old");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_found_again, begin, end),
        cmocka_unit_test_setup_teardown(is_the_old_one_where_writing_fails, begin, end),
        cmocka_unit_test(says_which_folder_cannot_be_made),
        cmocka_unit_test_setup_teardown(is_tidied, begin, end),
        cmocka_unit_test_setup_teardown(runs_out_of_memory, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
