/* Preloaded into a program: the first long write of rank $FGF_HANG_RANK to a file *.h5 or *.h5.part
 * never comes back, as on a network file system that does not answer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Records of a trial's state are shorter. */
enum { LONG_WRITE = 64 };

static int hangs(int descriptor, size_t count)
{
    const char *mine = getenv("OMPI_COMM_WORLD_RANK"), *wanted = getenv("FGF_HANG_RANK");
    char link[64], path[4096];
    if (count < LONG_WRITE || !mine || !wanted || strcmp(mine, wanted) != 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = '\0';
    return strstr(path, ".h5") != NULL;
}

static void hang_if_wanted(int descriptor, size_t count)
{
    if (hangs(descriptor, count))
        for (;;)
            sleep(1000);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t);
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    hang_if_wanted(descriptor, count);
    return real(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    hang_if_wanted(descriptor, count);
    return real(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count)
{
    ssize_t (*real)(int, const void *, size_t);
    *(void **)&real = dlsym(RTLD_NEXT, "write");
    hang_if_wanted(descriptor, count);
    return real(descriptor, bytes, count);
}
