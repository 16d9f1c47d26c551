#include "fgf/file_bytes.h"
#include "fgf/memory.h"
#include "fgf/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

fgf_status fgf_read_file(const char *path, size_t most, char **bytes, size_t *count)
{
    fgf_status status = FGF_OK;
    struct stat about;
    char *whole = NULL;
    FILE *file = NULL;
    *bytes = NULL;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) /* opening a pipe would wait */
        FGF_FAIL(FGF_DATA, "%s: is not a file", path);
    file = fopen(path, "rb");
    if (!file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
        FGF_FAIL(FGF_DATA, "%s: is not a file", path);
    if ((size_t)about.st_size > most)
        FGF_FAIL(FGF_DATA, "%s: %lld bytes, at most %zu expected", path, (long long)about.st_size,
                 most);
    *count = (size_t)about.st_size;
    FGF_TRY(FGF_ALLOCATE(*count + 1, &whole));
    if (fread(whole, 1, *count, file) != *count)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read to its end", path);
    *bytes = whole;
    whole = NULL;
done:
    if (file)
        fclose(file);
    fgf_free(whole);
    return status;
}

fgf_status fgf_hash_file(const char *path, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    enum { BLOCK = 4 << 20 };
    fgf_buffer hashes = {0};
    struct stat about;
    char *block = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(fileno(file), &about) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read: %s", path, strerror(errno));
    /* Clearing a whole block for a small file would take longer than reading it. */
    const bool small = S_ISREG(about.st_mode) && about.st_size < BLOCK;
    const size_t room = small ? (size_t)about.st_size + 1 : BLOCK;
    FGF_TRY(FGF_ALLOCATE(room, &block));
    for (size_t count; (count = fread(block, 1, room, file)) > 0;)
        fgf_buffer_add(&hashes, "%s", fgf_hash_bytes(block, count).text);
    if (ferror(file))
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read to its end: %s", path, strerror(errno));
    FGF_TRY(hashes.status);
    *out = fgf_hash_bytes(hashes.text ? hashes.text : "", hashes.length);
done:
    if (file)
        fclose(file);
    fgf_free(block);
    fgf_buffer_clear(&hashes);
    return status;
}

/* ---- what the name of an output leads to ---- */

enum { LINKS_MOST = 40 };

/* How long the folder's part of a path is, its last '/' included, and which folder that really is.
 * `named`: the output, as it was named. */
static fgf_status find_folder(const char *named, const char *path, int *length, char **real)
{
    fgf_status status = FGF_OK;
    fgf_buffer folder = {0};
    const char *slash = strrchr(path, '/');
    *length = slash ? (int)(slash - path) + 1 : 0;
    fgf_buffer_add(&folder, "%.*s", slash ? *length : 1, slash ? path : ".");
    FGF_TRY(folder.status);
    free(*real);
    *real = realpath(folder.text, NULL);
    if (!*real)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: the folder %s: %s", named, folder.text,
                 strerror(errno));
done:
    fgf_buffer_clear(&folder);
    return status;
}

/* Follows symbolic links to the last name. Links of /proc lead to open descriptors: what is behind
 * them is written through them, and is not to be replaced even where it is a file. */
static fgf_status follow_links(const char *path, char **out, char **folder, bool *descriptor)
{
    fgf_status status = FGF_OK;
    fgf_buffer next = {0};
    char target[PATH_MAX];
    int start = 0;
    *descriptor = false;
    FGF_TRY(fgf_copy_text(path, out));
    for (int links = 0;; links++) {
        FGF_TRY(find_folder(path, *out, &start, folder));
        *descriptor = strncmp(*folder, "/proc/", 6) == 0;
        const ssize_t length = *descriptor ? -1 : readlink(*out, target, sizeof target - 1);
        if (length < 0)
            break;
        if (links == LINKS_MOST)
            FGF_FAIL(FGF_USAGE, "%s: more than %d symbolic links in a row", path, LINKS_MOST);
        target[length] = '\0';
        next.length = 0;
        fgf_buffer_add(&next, "%.*s%s", *target == '/' ? 0 : start, *out, target);
        FGF_TRY(next.status);
        fgf_free(*out);
        *out = NULL;
        FGF_TRY(fgf_copy_text(next.text, out));
    }
done:
    fgf_buffer_clear(&next);
    return status;
}

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISREG(mode)  ? "a file that is open already"
                            : "a device";
}

/* Whether a file can be made under the other name that it has at first; not before it is written,
 * when the work is done, shall a name be found too long. */
static fgf_status check_part(const char *named, const char *path)
{
    fgf_status status = FGF_OK;
    fgf_buffer part = {0};
    struct stat about;
    fgf_buffer_add(&part, "%s.part", path);
    FGF_TRY(part.status);
    const bool there = lstat(part.text, &about) == 0;
    if (there ? S_ISDIR(about.st_mode) : errno != ENOENT)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: as %s at first: %s", named, part.text,
                 there ? "a folder has that name" : strerror(errno));
done:
    fgf_buffer_clear(&part);
    return status;
}

/* `path` as a file to be made under another name and renamed (*kind NULL), or what else it is. */
static fgf_status find_output(const char *path, char **out, const char **kind)
{
    fgf_status status = FGF_OK;
    struct stat about;
    char *folder = NULL;
    bool descriptor = false;
    *kind = NULL;
    *out = NULL;
    if (!*path || path[strlen(path) - 1] == '/')
        FGF_FAIL(FGF_USAGE, "%s: found the name of a folder, expected that of a file",
                 *path ? path : "\"\"");
    FGF_TRY(follow_links(path, out, &folder, &descriptor));
    const bool there = stat(*out, &about) == 0;
    if (!there && errno != ENOENT)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
    if (there && S_ISDIR(about.st_mode))
        FGF_FAIL(FGF_USAGE, "%s: found a folder, expected the name of a file", path);
    if (there && (descriptor || !S_ISREG(about.st_mode)))
        *kind = kind_of(about.st_mode);
    else if (access(folder, W_OK | X_OK) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: the folder %s: %s", path, folder,
                 strerror(errno));
    else
        FGF_TRY(check_part(path, *out));
    if (*kind && !descriptor && access(*out, W_OK) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
done:
    free(folder);
    if (status != FGF_OK) {
        fgf_free(*out);
        *out = NULL;
    }
    return status;
}

fgf_status fgf_output_file(const char *path, char **out)
{
    fgf_status status = FGF_OK;
    const char *kind = NULL;
    FGF_TRY(find_output(path, out, &kind));
    if (kind)
        FGF_FAIL(
            FGF_USAGE,
            "%s: found %s, expected the name of a file: this output cannot go to a device or a "
            "pipe",
            path, kind);
done:
    if (status != FGF_OK) {
        fgf_free(*out);
        *out = NULL;
    }
    return status;
}

fgf_status fgf_output_check(const char *path)
{
    char *target = NULL;
    const char *kind = NULL;
    fgf_status status = find_output(path, &target, &kind);
    fgf_free(target);
    return status;
}

/* The folder and the name in it that a path leads to, there or not. */
static fgf_status find_place(const char *path, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    char *last = NULL, *folder = NULL;
    bool descriptor = false;
    FGF_TRY(follow_links(path, &last, &folder, &descriptor));
    const char *slash = strrchr(last, '/');
    fgf_buffer_add(out, "%s/%s", folder, slash ? slash + 1 : last);
    FGF_TRY(out->status);
done:
    free(folder);
    fgf_free(last);
    return status;
}

fgf_status fgf_output_apart(const char *path, const char *other, const char *what)
{
    fgf_status status = FGF_OK;
    fgf_buffer mine = {0}, its = {0};
    const fgf_error before = *fgf_last_error();
    FGF_TRY(find_place(path, &mine));
    const fgf_status reached = find_place(other, &its);
    if (reached == FGF_MEMORY)
        FGF_TRY(reached);
    if (reached != FGF_OK) /* what is not reached cannot be lost */
        (void)fgf_adopt_error(&before);
    else if (strcmp(mine.text, its.text) == 0)
        FGF_FAIL(FGF_USAGE, "%s: is %s too, expected a file of its own", path, what);
done:
    fgf_buffer_clear(&mine);
    fgf_buffer_clear(&its);
    return status;
}

/* ---- writing ---- */

/* The descriptor of this process that a name such as /proc/self/fd/1 is, for writing; -1: none.
 * Opened anew it would begin at its file's start and write over what is there, and over what was
 * printed. */
static int own_descriptor(const char *path)
{
    struct stat there, mine;
    char *end = NULL;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const long number = strtol(name, &end, 10);
    if (end == name || *end || number < 0 || number > INT_MAX || stat(path, &there) != 0 ||
        fstat((int)number, &mine) != 0 || mine.st_dev != there.st_dev ||
        mine.st_ino != there.st_ino)
        return -1;
    const int flags = fcntl((int)number, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY ? (int)number : -1;
}

/* For writing; the cause in errno. What is no file of ours (`whole` false) is opened as it is. */
static int open_output(const char *path, bool whole, unsigned mode)
{
    if (whole) {
        (void)unlink(path); /* of an earlier start, whatever its mode */
        return open(path, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL, mode);
    }
    const int own = own_descriptor(path);
    if (own < 0)
        return open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
    (void)fflush(stdout); /* what was printed stands first */
    return fcntl(own, F_DUPFD_CLOEXEC, 0);
}

/* All bytes, and the end of it; the cause in errno. */
static bool write_all(int file, const char *bytes, size_t count, bool sync)
{
    struct pollfd ready = {.fd = file, .events = POLLOUT};
    while (count > 0) {
        const ssize_t written = write(file, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN && (poll(&ready, 1, -1) > 0 || errno == EINTR))
            continue;
        if (written == 0)
            errno = ENOSPC;
        if (written <= 0)
            return false;
        bytes += written;
        count -= (size_t)written;
    }
    return !sync || fsync(file) == 0;
}

fgf_status fgf_write_file(const char *path, const char *bytes, size_t count, unsigned mode)
{
    fgf_status status = FGF_OK;
    fgf_buffer part = {0};
    char *target = NULL;
    const char *kind = NULL;
    FGF_TRY(find_output(path, &target, &kind));
    const bool replaced = !kind;
    fgf_buffer_add(&part, "%s%s", target, replaced ? ".part" : "");
    FGF_TRY(part.status);
    int file = open_output(part.text, replaced, mode);
    if (file < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
    bool good = write_all(file, bytes, count, replaced);
    int cause = errno;
    if (close(file) != 0 && good) {
        good = false;
        cause = errno;
    }
    if (good && replaced && rename(part.text, target) != 0) {
        good = false;
        cause = errno;
    }
    if (!good && replaced)
        (void)unlink(part.text);
    if (!good)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(cause));
done:
    fgf_buffer_clear(&part);
    fgf_free(target);
    return status;
}
