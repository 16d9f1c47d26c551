/* Preloaded into a program, makes the n-th thing it does to a results file go wrong.
 *
 * Counted are writes, syncs, truncations and renames of files whose name ends in .h5 or .h5.part.
 *   FGF_FAULT_AT=n        the event, from 1
 *   FGF_FAULT_MODE=half   the job is killed after half of its bytes
 *     after               when it is done
 *     before              before it begins; a child alone, if a child does it
 *     enospc, eio         it and all later ones fail
 *     short               every write from it on transfers half of what it was asked for
 *     count               nothing happens
 *   FGF_FAULT_COUNT=file  the number of events is written there at the end */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef enum fault { NONE, BEFORE, HALF, AFTER, NO_SPACE, IO_ERROR, SHORT } fault;

static atomic_long *events; /* shared with child processes */
static pid_t program;       /* the process that was started, not its children */

__attribute__((constructor)) static void begin(void)
{
    events = mmap(NULL, sizeof *events, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (events == MAP_FAILED)
        abort();
    program = getpid();
}

static bool is_results_name(const char *name)
{
    const char *const endings[] = {".h5", ".h5.part"};
    size_t length = strlen(name);
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(endings[i]);
        if (length >= n && strcmp(name + length - n, endings[i]) == 0)
            return true;
    }
    return false;
}

static bool is_results_file(int descriptor)
{
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length <= 0)
        return false;
    name[length] = 0;
    return is_results_name(name);
}

/* What shall happen to the event that is about to take place. */
static fault next_event(void)
{
    static const struct {
        const char *name;
        fault what;
    } modes[] = {{"before", BEFORE},   {"half", HALF},    {"after", AFTER},
                 {"enospc", NO_SPACE}, {"eio", IO_ERROR}, {"short", SHORT}};
    long number = atomic_fetch_add(events, 1) + 1;
    const char *at = getenv("FGF_FAULT_AT"), *mode = getenv("FGF_FAULT_MODE");
    if (!at || !mode || number < atol(at))
        return NONE;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(mode, modes[i].name) == 0)
            return modes[i].what >= NO_SPACE || number == atol(at) ? modes[i].what : NONE;
    return NONE;
}

/* The job goes as a whole, a child that works for it too. */
static void die(void)
{
    kill(program, SIGKILL);
    kill(getpid(), SIGKILL);
}

/* What is common to all events. true: *answer is what the call returns. */
static bool intervene(fault what, int *answer)
{
    if (what == BEFORE)
        kill(getpid(), SIGKILL);
    if (what == NO_SPACE || what == IO_ERROR) {
        errno = what == NO_SPACE ? ENOSPC : EIO;
        *answer = -1;
        return true;
    }
    return false;
}

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

typedef ssize_t (*pwrite_call)(int, const void *, size_t, off64_t);

static ssize_t faulty_pwrite(pwrite_call call, int descriptor, const void *bytes, size_t count,
                             off64_t offset)
{
    int answer = 0;
    if (!is_results_file(descriptor))
        return call(descriptor, bytes, count, offset);
    fault what = next_event();
    if (intervene(what, &answer))
        return answer;
    if (what == HALF || (what == SHORT && count > 1))
        count /= 2;
    ssize_t put = call(descriptor, bytes, count, offset);
    if (what == HALF || what == AFTER)
        die();
    return put;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset);
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset)
{
    return faulty_pwrite((pwrite_call)real("pwrite64"), descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset);
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    return faulty_pwrite((pwrite_call)real("pwrite64"), descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count)
{
    ssize_t (*call)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))real("write");
    int answer = 0;
    if (descriptor <= STDERR_FILENO || !is_results_file(descriptor))
        return call(descriptor, bytes, count);
    fault what = next_event();
    if (intervene(what, &answer))
        return answer;
    if (what == HALF || (what == SHORT && count > 1))
        count /= 2;
    ssize_t put = call(descriptor, bytes, count);
    if (what == HALF || what == AFTER)
        die();
    return put;
}

/* Calls that cannot be done by half. */
#define WHOLE_CALL(counted, call)                                                                  \
    do {                                                                                           \
        int answer = 0;                                                                            \
        fault what = (counted) ? next_event() : NONE;                                              \
        if (what == HALF)                                                                          \
            die();                                                                                 \
        if (intervene(what, &answer))                                                              \
            return answer;                                                                         \
        answer = (call);                                                                           \
        if (what == AFTER)                                                                         \
            die();                                                                                 \
        return answer;                                                                             \
    } while (0)

int fsync(int descriptor)
{
    WHOLE_CALL(is_results_file(descriptor), ((int (*)(int))real("fsync"))(descriptor));
}

int fdatasync(int descriptor)
{
    WHOLE_CALL(is_results_file(descriptor), ((int (*)(int))real("fdatasync"))(descriptor));
}

int ftruncate(int descriptor, off_t length)
{
    WHOLE_CALL(is_results_file(descriptor),
               ((int (*)(int, off64_t))real("ftruncate64"))(descriptor, length));
}

int ftruncate64(int descriptor, off64_t length)
{
    WHOLE_CALL(is_results_file(descriptor),
               ((int (*)(int, off64_t))real("ftruncate64"))(descriptor, length));
}

int rename(const char *from, const char *to)
{
    WHOLE_CALL(is_results_name(to),
               ((int (*)(const char *, const char *))real("rename"))(from, to));
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("FGF_FAULT_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", atomic_load(events));
    fclose(file);
}
