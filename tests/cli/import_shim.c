/* Preloaded into fgf import, spoils its writing to what it makes: the files of OUTPUT.cases and
 * OUTPUT.part. Calls of write, pwrite, fsync and rename there are counted together.
 *   FGF_IMPORT_KILL=n   the n-th is done by half, if it writes, and nobody is asked to end
 *   FGF_IMPORT_FAIL=n   the n-th and all after it fail: the disk is full
 *   FGF_IMPORT_SLOW=s   each rename of a case takes s seconds first, and no signal shortens them */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef ssize_t (*write_call)(int, const void *, size_t);
typedef ssize_t (*pwrite_call)(int, const void *, size_t, off64_t);

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static int asked(const char *name)
{
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

static int is_ours(const char *path)
{
    const size_t length = strlen(path);
    return strstr(path, ".h5.cases/") || (length > 8 && strcmp(path + length - 8, ".h5.part") == 0);
}

static int is_ours_by_number(int descriptor)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = '\0';
    return is_ours(path);
}

/* 0: go on; -1: fail; 1: do half and die. */
static int strike(int ours)
{
    static int count;
    const int kill_at = asked("FGF_IMPORT_KILL"), fail_at = asked("FGF_IMPORT_FAIL");
    if (!ours)
        return 0;
    count++;
    if (kill_at && count == kill_at)
        return 1;
    return fail_at && count >= fail_at ? -1 : 0;
}

static _Noreturn void die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static int full(void)
{
    errno = ENOSPC;
    return -1;
}

ssize_t write(int descriptor, const void *bytes, size_t count)
{
    const write_call call = (write_call)real("write");
    const int order = strike(descriptor > STDERR_FILENO && is_ours_by_number(descriptor));
    if (order > 0) {
        (void)!call(descriptor, bytes, count / 2);
        die();
    }
    return order < 0 ? full() : call(descriptor, bytes, count);
}

static ssize_t spoiled_pwrite(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    const pwrite_call call = (pwrite_call)real("pwrite64");
    const int order = strike(is_ours_by_number(descriptor));
    if (order > 0) {
        (void)!call(descriptor, bytes, count / 2, offset);
        die();
    }
    return order < 0 ? full() : call(descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset)
{
    return spoiled_pwrite(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    return spoiled_pwrite(descriptor, bytes, count, offset);
}

int fsync(int descriptor)
{
    const int order = strike(is_ours_by_number(descriptor));
    if (order > 0)
        die();
    return order < 0 ? full() : ((int (*)(int))real("fsync"))(descriptor);
}

static void linger(void)
{
    struct timespec left = {.tv_sec = asked("FGF_IMPORT_SLOW")};
    while (left.tv_sec > 0 && nanosleep(&left, &left) != 0)
        ;
}

int rename(const char *from, const char *to)
{
    const int order = strike(is_ours(from));
    if (order > 0)
        die();
    if (strstr(from, ".case.part"))
        linger();
    return order < 0 ? full() : ((int (*)(const char *, const char *))real("rename"))(from, to);
}
