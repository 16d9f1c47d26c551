/* One job at a time: a lock of the kernel's on a file beside the results, whose text names the
 * holder. The kernel's lock ends with the process, on network file systems through their lock
 * service; the text is for people, and stands in where a file system has no locks. */
#define _GNU_SOURCE /* open file description locks */
#include "disk.h"

#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct fgf_lock {
    char *path;
    int descriptor;
};

/* Who holds a lock, as its file says. */
typedef struct holder {
    char host[128];
    long process;
    char since[32];
    char job[512];
} holder;

static holder myself(const char *job)
{
    holder me = {.process = (long)getpid()};
    time_t now = time(NULL);
    struct tm utc;
    if (gethostname(me.host, sizeof me.host - 1) != 0 || !me.host[0])
        snprintf(me.host, sizeof me.host, "unknown");
    if (gmtime_r(&now, &utc))
        strftime(me.since, sizeof me.since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(me.job, sizeof me.job, "%s", job && job[0] ? job : "fgf");
    for (char *c = me.job; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return me;
}

/* false where the file is empty or does not say. */
static bool read_holder(int descriptor, holder *out)
{
    char text[1024] = {0};
    *out = (holder){0};
    if (pread(descriptor, text, sizeof text - 1, 0) <= 0)
        return false;
    return sscanf(text, "%127s %ld %31s %511[^\n]", out->host, &out->process, out->since,
                  out->job) == 4;
}

static fgf_status write_holder(const fgf_lock *lock, const holder *me)
{
    fgf_status status = FGF_OK;
    char text[1024];
    int length =
        snprintf(text, sizeof text, "%s %ld %s %s\n", me->host, me->process, me->since, me->job);
    if (ftruncate(lock->descriptor, 0) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot write %s: %s", lock->path, strerror(errno));
    FGF_TRY(disk_write(lock->descriptor, lock->path, text, (size_t)length, 0));
    FGF_TRY(disk_sync(lock->descriptor, lock->path));
done:
    return status;
}

static fgf_status refuse(const fgf_lock *lock, const holder *other, const char *advice)
{
    int results = (int)(strlen(lock->path) - strlen(".lock"));
    if (!other->host[0])
        return fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__,
                        "%.*s is being written by another job that is just starting; %s", results,
                        lock->path, advice);
    return fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__,
                    "%.*s is being written by another job: %s, on %s, process %ld, since %s; %s",
                    results, lock->path, other->job, other->host, other->process, other->since,
                    advice);
}

/* Where the file system has no locks: the holder's text decides. */
static fgf_status judge_by_text(const fgf_lock *lock, const holder *me, const holder *other)
{
    fgf_status status = FGF_OK;
    char advice[FGF_MESSAGE_BYTES];
    bool here = strcmp(me->host, other->host) == 0;
    bool runs = kill((pid_t)other->process, 0) == 0 || errno == EPERM;
    snprintf(advice, sizeof advice, "if it no longer runs, remove %.512s", lock->path);
    if (other->host[0] && (!here || (runs && other->process != me->process)))
        FGF_TRY(refuse(lock, other, advice));
done:
    return status;
}

/* A job that was killed leaves its lock to the child that was laying its file out, which dies a
 * moment later; a job that is started at once shall not be refused for that. */
static bool lock_soon(int descriptor)
{
    enum { TRIES = 20 };
    const struct timespec pause = {.tv_nsec = 50000000};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (int k = 0; k < TRIES; k++) {
        if (fcntl(descriptor, F_OFD_SETLK, &whole) == 0)
            return true;
        if (errno != EAGAIN && errno != EACCES)
            return false;
        (void)nanosleep(&pause, NULL);
        errno = EAGAIN;
    }
    return false;
}

/* Takes the kernel's lock. *gone: the file was removed meanwhile, by the one who held it. */
static fgf_status take(fgf_lock *lock, const holder *me, bool *gone)
{
    fgf_status status = FGF_OK;
    struct stat mine, there;
    holder other;
    *gone = false;
    lock->descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->descriptor < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot create %s: %s", lock->path, strerror(errno));
    bool locked = lock_soon(lock->descriptor);
    int why = errno;
    bool named = read_holder(lock->descriptor, &other);
    if (!locked && (why == EAGAIN || why == EACCES))
        FGF_TRY(refuse(lock, &other,
                       !named || strcmp(me->host, other.host) == 0
                           ? "wait for it or write to another file"
                           : "wait for it or write to another file (where that host is down, its "
                             "lock ends when the file system gives it up, after minutes)"));
    if (!locked)
        FGF_TRY(judge_by_text(lock, me, &other));
    if (fstat(lock->descriptor, &mine) != 0 || stat(lock->path, &there) != 0 ||
        mine.st_ino != there.st_ino || mine.st_dev != there.st_dev) {
        *gone = true;
        return FGF_OK;
    }
    if (named)
        fgf_log("took over %s from %s, on %s, process %ld, since %s, which ended without "
                "releasing it",
                lock->path, other.job, other.host, other.process, other.since);
done:
    return status;
}

fgf_status fgf_store_lock(const char *path, const char *job, fgf_lock **out)
{
    fgf_status status = FGF_OK;
    fgf_lock *lock = NULL;
    const holder me = myself(job);
    size_t bytes = strlen(path) + sizeof ".lock";
    bool gone = true;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &lock));
    lock->descriptor = -1;
    FGF_TRY(FGF_ALLOCATE(bytes, &lock->path));
    snprintf(lock->path, bytes, "%s.lock", path);
    while (gone) {
        disk_close(&lock->descriptor);
        FGF_TRY(take(lock, &me, &gone));
    }
    FGF_TRY(write_holder(lock, &me));
    *out = lock;
    lock = NULL;
done:
    if (lock) {
        disk_close(&lock->descriptor);
        fgf_free(lock->path);
    }
    fgf_free(lock);
    return status;
}

void fgf_store_unlock(fgf_lock **lock)
{
    if (!*lock)
        return;
    /* Removed while it is held: whoever opened it before notices and begins again. */
    unlink((*lock)->path);
    disk_close(&(*lock)->descriptor);
    fgf_free((*lock)->path);
    fgf_free(*lock);
    *lock = NULL;
}
