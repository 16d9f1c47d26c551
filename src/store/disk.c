#include "disk.h"

#include "fgf/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { NFS_MAGIC = 0x6969 };

static bool is_nfs(int descriptor)
{
    struct statfs system;
    return fstatfs(descriptor, &system) == 0 && system.f_type == NFS_MAGIC;
}

fgf_status disk_open(const char *path, bool writable, int *descriptor)
{
    fgf_status status = FGF_OK;
    int mode = writable ? O_RDWR : O_RDONLY;
    *descriptor = open(path, mode | O_CLOEXEC);
    if (*descriptor >= 0 && writable && is_nfs(*descriptor)) {
        disk_close(descriptor);
        *descriptor = open(path, mode | O_CLOEXEC | O_DSYNC);
    }
    if (*descriptor < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
done:
    return status;
}

void disk_close(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

fgf_status disk_size(int descriptor, const char *path, uint64_t *bytes)
{
    fgf_status status = FGF_OK;
    struct stat about;
    *bytes = 0;
    if (fstat(descriptor, &about) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot examine %s: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        FGF_FAIL(FGF_DATA, "%s is not a regular file", path);
    *bytes = (uint64_t)about.st_size;
done:
    return status;
}

/* Opens the folder that holds `path`; -1 where the file system does not open folders. */
static fgf_status open_folder(const char *path, int *descriptor)
{
    fgf_status status = FGF_OK;
    char *folder = NULL;
    FGF_TRY(fgf_copy_text(path, &folder));
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = 0;
    *descriptor = open(slash ? folder : ".", O_RDONLY | O_CLOEXEC);
done:
    fgf_free(folder);
    return status;
}

fgf_status disk_room(const char *path, double *bytes)
{
    fgf_status status = FGF_OK;
    struct statvfs system;
    int folder = -1;
    *bytes = HUGE_VAL;
    FGF_TRY(open_folder(path, &folder));
    if (folder >= 0 && fstatvfs(folder, &system) == 0)
        *bytes = (double)system.f_bavail * (double)system.f_frsize;
done:
    disk_close(&folder);
    return status;
}

fgf_status disk_read(int descriptor, const char *path, void *to, size_t bytes, uint64_t offset)
{
    fgf_status status = FGF_OK;
    size_t done_bytes = 0;
    while (done_bytes < bytes) {
        ssize_t got = pread(descriptor, (char *)to + done_bytes, bytes - done_bytes,
                            (off_t)(offset + done_bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            FGF_FAIL(FGF_ENVIRONMENT, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            FGF_FAIL(FGF_DATA,
                     "%s is cut off: %zu bytes wanted at byte %llu, the file ends at %llu", path,
                     bytes, (unsigned long long)offset, (unsigned long long)(offset + done_bytes));
        done_bytes += (size_t)got;
    }
done:
    return status;
}

static fgf_status write_failed(const char *path)
{
    return fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__,
                    "cannot write %s: %s; finished trials are safe, run again to go on", path,
                    strerror(errno));
}

fgf_status disk_write(int descriptor, const char *path, const void *from, size_t bytes,
                      uint64_t offset)
{
    fgf_status status = FGF_OK;
    size_t done_bytes = 0;
    while (done_bytes < bytes) {
        ssize_t put = pwrite(descriptor, (const char *)from + done_bytes, bytes - done_bytes,
                             (off_t)(offset + done_bytes));
        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0)
            errno = ENOSPC;
        if (put <= 0)
            FGF_TRY(write_failed(path));
        done_bytes += (size_t)put;
    }
done:
    return status;
}

/* fsync or fdatasync, begun again where a signal came in between. */
static int sync_all(int (*sync_once)(int), int descriptor)
{
    int answer = 0;
    do
        answer = sync_once(descriptor);
    while (answer != 0 && errno == EINTR);
    return answer;
}

fgf_status disk_sync(int descriptor, const char *path)
{
    fgf_status status = FGF_OK;
    if (sync_all(fdatasync, descriptor) != 0)
        FGF_TRY(write_failed(path));
done:
    return status;
}

/* Some network file systems do not sync folders (EINVAL): nothing more can be done there. */
static fgf_status sync_folder(int folder, const char *path)
{
    fgf_status status = FGF_OK;
    if (folder >= 0 && sync_all(fsync, folder) != 0 && errno == EIO)
        FGF_TRY(write_failed(path));
done:
    return status;
}

fgf_status disk_sync_entry(const char *path)
{
    fgf_status status = FGF_OK;
    int folder = -1;
    FGF_TRY(open_folder(path, &folder));
    FGF_TRY(sync_folder(folder, path));
done:
    disk_close(&folder);
    return status;
}

fgf_status disk_replace(const char *part, const char *path)
{
    fgf_status status = FGF_OK;
    int descriptor = -1, folder = -1;
    FGF_TRY(disk_open(part, true, &descriptor));
    if (sync_all(fsync, descriptor) != 0)
        FGF_TRY(write_failed(part));
    FGF_TRY(open_folder(path, &folder));
    if (rename(part, path) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot rename %s to %s: %s", part, path, strerror(errno));
    FGF_TRY(sync_folder(folder, path));
done:
    disk_close(&descriptor);
    disk_close(&folder);
    return status;
}
