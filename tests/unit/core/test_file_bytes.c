/* Where an output goes: files made anew, links, and all that is no file and must stay as it is. */
#include "fgf/file_bytes.h"
#include "fgf/memory.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/fgf_outputs_XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") != 0 || system(command) != 0;
}

static void make(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void holds(const char *name, const char *text)
{
    char *bytes = NULL;
    size_t count;
    assert_int_equal(fgf_read_file(name, 1 << 20, &bytes, &count), FGF_OK);
    assert_string_equal(bytes, text);
    fgf_free(bytes);
}

static mode_t mode_of(const char *name)
{
    struct stat about;
    assert_int_equal(lstat(name, &about), 0);
    return about.st_mode;
}

/* What the name stands for, "" where it is refused. */
static const char *file_of(const char *name)
{
    static char text[256];
    char *path = NULL;
    text[0] = '\0';
    if (fgf_output_file(name, &path) == FGF_OK)
        snprintf(text, sizeof text, "%s", path);
    else
        assert_null(path);
    fgf_free(path);
    return text;
}

static void says(const char *part)
{
    const char *message = fgf_last_error()->message;
    assert_null(strchr(message, '\n'));
    if (!strstr(message, part))
        fail_msg("\"%s\" is not in \"%s\"", part, message);
}

static void refused(const char *name, fgf_status expected, const char *part)
{
    char *path = NULL;
    assert_int_equal(fgf_output_file(name, &path), expected);
    assert_null(path);
    says(part);
    says(name);
}

static void files(void **state)
{
    (void)state;
    assert_string_equal(file_of("new"), "new");
    assert_string_equal(file_of("./new"), "./new");
    make("old", "1");
    assert_string_equal(file_of("old"), "old");
    assert_int_equal(access("new", F_OK), -1);
    assert_int_equal(fgf_write_file("new", "text", 4, 0666), FGF_OK);
    holds("new", "text");
    assert_int_equal(fgf_write_file("new", "", 0, 0666), FGF_OK);
    holds("new", "");
    assert_int_equal(access("new.part", F_OK), -1);
}

static void modes(void **state)
{
    (void)state;
    const mode_t mask = umask(022);
    make("secret", "old, and for everyone");
    make("secret.part", "of an earlier start");
    assert_int_equal(chmod("secret.part", 0666), 0);
    assert_int_equal(fgf_write_file("secret", "x", 1, 0600), FGF_OK);
    assert_int_equal(mode_of("secret") & 0777, 0600);
    assert_int_equal(fgf_write_file("open", "x", 1, 0666), FGF_OK);
    assert_int_equal(mode_of("open") & 0777, 0644);
    holds("secret", "x");
    (void)umask(mask);
}

/* A link stays, wherever it leads, and what it leads to is written. */
static void links(void **state)
{
    (void)state;
    char text[128];
    assert_int_equal(mkdir("far", 0777), 0);
    make("far/file", "old");
    assert_int_equal(symlink("far/file", "one"), 0);
    assert_int_equal(symlink("one", "two"), 0);
    assert_int_equal(symlink("../one", "far/back"), 0);
    assert_int_equal(symlink("far/none yet", "ahead"), 0);
    snprintf(text, sizeof text, "%s/far/file", folder);
    assert_int_equal(symlink(text, "absolute"), 0);
    assert_string_equal(file_of("two"), "far/file");
    assert_string_equal(file_of("ahead"), "far/none yet");
    assert_string_equal(file_of("absolute"), text);
    assert_string_equal(file_of("far/back"), "far/../far/file");
    assert_int_equal(fgf_write_file("two", "new", 3, 0666), FGF_OK);
    assert_int_equal(fgf_write_file("ahead", "made", 4, 0666), FGF_OK);
    assert_true(S_ISLNK(mode_of("two")) && S_ISLNK(mode_of("one")) && S_ISLNK(mode_of("ahead")));
    holds("far/file", "new");
    holds("far/none yet", "made");
    assert_int_equal(symlink("circle", "ring"), 0);
    assert_int_equal(symlink("ring", "circle"), 0);
    refused("ring", FGF_USAGE, "symbolic links");
    assert_int_equal(symlink("nowhere/file", "broken"), 0);
    refused("broken", FGF_ENVIRONMENT, "No such file");
}

static void no_files(void **state)
{
    (void)state;
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
    assert_int_equal(mkfifo("pipe", 0666), 0);
    assert_int_equal(mkdir("folder", 0777), 0);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    refused("pipe", FGF_USAGE, "found a pipe, expected the name of a file");
    refused("socket", FGF_USAGE, "found a socket, expected the name of a file");
    refused("folder", FGF_USAGE, "found a folder, expected the name of a file");
    refused("folder/", FGF_USAGE, "found the name of a folder");
    refused("new/", FGF_USAGE, "found the name of a folder");
    refused(".", FGF_USAGE, "found a folder");
    refused("", FGF_USAGE, "found the name of a folder");
    assert_int_equal(symlink("pipe", "to a pipe"), 0);
    refused("to a pipe", FGF_USAGE, "found a pipe");
    char *bytes = NULL;
    size_t count;
    assert_int_equal(fgf_read_file("pipe", 100, &bytes, &count), FGF_DATA); /* does not wait */
    says("pipe: is not a file");
    assert_int_equal(fgf_read_file("folder", 100, &bytes, &count), FGF_DATA);
    if (mknod("device", S_IFCHR | 0666, makedev(1, 7)) == 0)
        refused("device", FGF_USAGE, "found a device");
    close(listener);
    assert_true(S_ISFIFO(mode_of("pipe")) && S_ISSOCK(mode_of("socket")));
}

static void no_places(void **state)
{
    (void)state;
    make("file", "1");
    refused("nowhere/file", FGF_ENVIRONMENT, "No such file");
    refused("file/file", FGF_ENVIRONMENT, "Not a directory");
    assert_int_equal(fgf_write_file("nowhere/file", "x", 1, 0666), FGF_ENVIRONMENT);
    assert_int_equal(fgf_write_file("file/", "x", 1, 0666), FGF_USAGE);
    assert_int_equal(mkdir("closed", 0555), 0);
    if (geteuid() != 0) /* whom no mode stops */
        refused("closed/file", FGF_ENVIRONMENT, "Permission denied");
    holds("file", "1");
}

/* What cannot be written in the end is refused before. */
static void no_room_beside(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'x', sizeof name);
    name[255 - strlen(".part")] = '\0';
    assert_string_equal(file_of(name), name);
    assert_int_equal(fgf_output_check(name), FGF_OK);
    assert_int_equal(fgf_write_file(name, "1", 1, 0666), FGF_OK);
    name[255 - strlen(".part")] = 'x';
    name[255 - strlen(".part") + 1] = '\0';
    refused(name, FGF_ENVIRONMENT, "File name too long");
    assert_int_equal(fgf_output_check(name), FGF_ENVIRONMENT);
    assert_int_equal(mkdir("file.part", 0777), 0);
    refused("file", FGF_ENVIRONMENT, "file.part at first: a folder has that name");
    assert_int_equal(fgf_output_check("file"), FGF_ENVIRONMENT);
    assert_int_equal(rmdir("file.part"), 0);
    assert_int_equal(symlink("nowhere", "file.part"), 0); /* as any earlier one: removed */
    assert_int_equal(fgf_write_file("file", "1", 1, 0666), FGF_OK);
    assert_true(S_ISREG(mode_of("file")));
    holds("file", "1");
}

/* A pipe that is others', as somebody else than root finds it. */
static void no_leave(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(chmod("pipe", 0400), 0);
    assert_int_equal(chmod(".", 0755), 0);
    fflush(NULL);
    const pid_t other = fork();
    assert_true(other >= 0);
    if (other == 0) {
        const bool somebody = geteuid() != 0 || setuid(65534) == 0;
        const bool right = !somebody || (fgf_output_check("pipe") == FGF_ENVIRONMENT &&
                                         strstr(fgf_last_error()->message, "Permission denied"));
        _exit(right ? 0 : 1);
    }
    int ended = -1;
    assert_int_equal(waitpid(other, &ended, 0), other);
    assert_int_equal(ended, 0);
}

static void apart(const char *name, const char *other, bool expected)
{
    const fgf_status status = fgf_output_apart(name, other, "the table that is read");
    assert_int_equal(status, expected ? FGF_OK : FGF_USAGE);
    if (!expected)
        says("is the table that is read too, expected a file of its own");
}

static void two_names(void **state)
{
    (void)state;
    char whole[128];
    make("file", "1");
    assert_int_equal(mkdir("far", 0777), 0);
    assert_int_equal(symlink("../file", "far/link"), 0);
    assert_int_equal(symlink("far", "near"), 0);
    assert_int_equal(symlink("new", "to new"), 0);
    snprintf(whole, sizeof whole, "%s/./file", folder);
    apart("file", "file", false);
    apart("file", "far/../file", false);
    apart("far/link", whole, false);
    apart("file", "near/link", false);
    apart("new", "./to new", false); /* neither is there */
    apart("near/new", "far/new", false);
    apart("file", "far/file", true);
    apart("file", "new", true);
    apart("new", "file", true);
    apart("file", "nowhere/file", true); /* whoever reads it will say so */
    apart("file", "file/file", true);
    assert_int_equal(fgf_output_apart("nowhere/file", "file", "it"), FGF_ENVIRONMENT);
    holds("file", "1");
}

/* Text goes into a pipe and into whatever a descriptor leads to; neither is replaced. */
static void streams(void **state)
{
    (void)state;
    char name[64], read_back[8] = "";
    assert_int_equal(mkfifo("pipe", 0666), 0);
    const int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    assert_int_equal(fgf_output_check("pipe"), FGF_OK);
    assert_int_equal(fgf_write_file("pipe", "text", 4, 0600), FGF_OK);
    assert_int_equal(read(reader, read_back, sizeof read_back), 4);
    assert_string_equal(read_back, "text");
    assert_true(S_ISFIFO(mode_of("pipe")));
    assert_int_equal(access("pipe.part", F_OK), -1);
    close(reader);

    make("file", "before");
    const int file = open("file", O_RDWR | O_APPEND), place = open("file", O_WRONLY);
    snprintf(name, sizeof name, "/dev/fd/%d", file);
    assert_string_equal(file_of(name), "");
    says("found a file that is open already");
    assert_int_equal(symlink(name, "to a descriptor"), 0);
    assert_string_equal(file_of("to a descriptor"), "");
    assert_int_equal(fgf_write_file("to a descriptor", "new", 3, 0666), FGF_OK);
    assert_int_equal(pread(file, read_back, 3, 6), 3); /* the same file still */
    holds("file", "beforenew"); /* where the descriptor stands: nothing is written over */
    assert_int_equal(fgf_write_file(name, "er", 2, 0666), FGF_OK);
    holds("file", "beforenewer");
    assert_int_equal(lseek(place, 4, SEEK_SET), 4);
    snprintf(name, sizeof name, "/proc/self/fd/%d", place);
    assert_int_equal(fgf_write_file(name, "ST", 2, 0666), FGF_OK);
    holds("file", "befoSTnewer");
    assert_int_equal(lseek(place, 0, SEEK_CUR), 6); /* the next one goes on behind */
    assert_true(S_ISLNK(mode_of("to a descriptor")));
    close(place);
    close(file);
    assert_int_equal(fgf_output_check("."), FGF_USAGE);
    if (mknod("full", S_IFCHR | 0666, makedev(1, 7)) == 0) {
        const fgf_status status = fgf_write_file("full", "text", 4, 0666);
        assert_int_equal(status, FGF_ENVIRONMENT); /* no space, or a file system without devices */
        assert_true(S_ISCHR(mode_of("full")));
        assert_int_equal(access("full.part", F_OK), -1);
    }
}

/* The hash is of the blocks' hashes, at every size around that of a block. */
static void hashes(void **state)
{
    (void)state;
    const size_t block = 4 << 20, sizes[] = {0, 1, 1000, block - 1, block, block + 1, 2 * block};
    char *bytes = malloc(2 * block), text[2 * FGF_HASH_TEXT];
    assert_non_null(bytes);
    for (size_t k = 0; k < 2 * block; k++)
        bytes[k] = (char)(k * k >> 3);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t length = 0;
        fgf_hash hash;
        for (size_t at = 0; at < sizes[k]; at += block) {
            const size_t count = sizes[k] - at < block ? sizes[k] - at : block;
            length += (size_t)snprintf(text + length, sizeof text - length, "%s",
                                       fgf_hash_bytes(bytes + at, count).text);
        }
        FILE *file = fopen("data", "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, sizes[k], file), sizes[k]);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(fgf_hash_file("data", &hash), FGF_OK);
        assert_string_equal(hash.text, fgf_hash_bytes(text, length).text);
    }
    free(bytes);
    fgf_hash none;
    assert_int_equal(fgf_hash_file("none", &none), FGF_DATA);
}

static void failed_allocations(void **state)
{
    (void)state;
    make("file", "1");
    assert_int_equal(symlink("file", "link"), 0);
    fgf_status status = FGF_MEMORY;
    for (long n = 1; status != FGF_OK; n++) {
        holds("file", "1");
        fgf_allocation_fail_at(n);
        status = fgf_write_file("link", "2", 1, 0666);
        fgf_allocation_fail_at(0);
        assert_true(status == FGF_OK || status == FGF_MEMORY);
        assert_true(n < 100);
    }
    holds("file", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(modes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(links, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_places, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_room_beside, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_leave, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(two_names, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(streams, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(hashes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(failed_allocations, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
