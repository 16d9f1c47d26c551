/* Files that have crashed libhdf5 or led it into endless loops: refused, and we live. */
#include "scratch.h"

#include <dirent.h>

/* The folder of the shared data, from FGF_SHARED or beside one of the folders above. */
static DIR *open_folder(char *folder, size_t bytes)
{
    const char *shared = getenv("FGF_SHARED");
    char above[256] = "..";
    if (shared) {
        snprintf(folder, bytes, "%s/data/hdf5_malformed", shared);
        return opendir(folder);
    }
    for (int up = 0; up < 8; up++) {
        snprintf(folder, bytes, "%s/shared/data/hdf5_malformed", above);
        DIR *listing = opendir(folder);
        if (listing)
            return listing;
        strcat(above, "/..");
    }
    return NULL;
}

static void known_bad_files_are_refused(void **state)
{
    char folder[512], path[1024];
    size_t count = 0;
    DIR *listing = open_folder(folder, sizeof folder);
    (void)state;
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        const char *ending = strrchr(entry->d_name, '.');
        if (!ending || strcmp(ending, ".h5") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        scratch_refused(path);
        print_message("%s\n", fgf_last_error()->message);
        count++;
    }
    closedir(listing);
    assert_true(count >= 40);
}

int main(void)
{
    char folder[512];
    DIR *listing = open_folder(folder, sizeof folder);
    if (!listing) {
        puts("skipped: the shared data/hdf5_malformed is not there");
        return 77;
    }
    closedir(listing);
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_bad_files_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
