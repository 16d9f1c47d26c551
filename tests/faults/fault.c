/* When a call of the program goes wrong, and how.
 *
 *   FGF_FAULT=KIND:N[:SEED]  the fault, and which of the calls that count it strikes, from 1
 *   FGF_FAULT_CALLS=LIST     the calls that count (write,sync,truncate,rename), of
 *                            read, write, sync, truncate, rename, look (open for reading),
 *                            open (for writing), unlink, message (of MPI), math
 *   FGF_FAULT_FILES=LIST     and the files (results,part), of
 *                            results, part, lock, checkpoint, dataset, folder, none (which
 *                            messages and mathematics are of)
 *   FGF_FAULT_RANK=R         in this rank of an MPI job alone
 *   FGF_FAULT_COUNT=FILE     the numbers of all calls are written there at the end
 *   FGF_FAULT_REPORT=FILE    a line is added when the fault strikes: kind, call, file, number
 *
 * Kinds
 *   before half after        the process is killed before, in the midst of, or after the call;
 *                            before: a child alone, if a child does it
 *   lost                     as half, and of what was not synced yet any part is lost, by SEED
 *   segv abort               the process crashes before the call
 *   term usr1 int            it is asked to stop
 *   launcher_kill, _term     the process that started it (mpirun) gets that signal
 *   freeze                   the process stops for good, without an end
 *   sleep                    the call takes half a second
 *   vanish                   the folder of the file is renamed to FOLDER.gone
 *   enospc eio edquot erofs  it and all later calls that count fail so
 *   enospc_once eio_once     it alone does
 *   short                    from it on every transfer is of half of what was asked for
 *   eintr                    from it on every second call is interrupted */
#define _GNU_SOURCE
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ONCE, FROM_THEN_ON };

typedef struct fault_kind {
    const char *name;
    fault_order order;
    int lasts;
    int error, signal;
} fault_kind;

static const fault_kind kinds[] = {
    {"before", ORDER_PROCEED, ONCE, 0, SIGKILL},
    {"half", ORDER_HALF_AND_DIE, ONCE, 0, 0},
    {"after", ORDER_DIE_AFTER, ONCE, 0, 0},
    {"lost", ORDER_HALF_AND_DIE, ONCE, 0, 0},
    {"segv", ORDER_PROCEED, ONCE, 0, SIGSEGV},
    {"abort", ORDER_PROCEED, ONCE, 0, SIGABRT},
    {"term", ORDER_PROCEED, ONCE, 0, SIGTERM},
    {"usr1", ORDER_PROCEED, ONCE, 0, SIGUSR1},
    {"int", ORDER_PROCEED, ONCE, 0, SIGINT},
    {"freeze", ORDER_PROCEED, ONCE, 0, SIGSTOP},
    {"launcher_kill", ORDER_PROCEED, ONCE, 0, 0},
    {"launcher_term", ORDER_PROCEED, ONCE, 0, 0},
    {"sleep", ORDER_PROCEED, ONCE, 0, 0},
    {"vanish", ORDER_PROCEED, ONCE, 0, 0},
    {"enospc", ORDER_FAIL, FROM_THEN_ON, ENOSPC, 0},
    {"eio", ORDER_FAIL, FROM_THEN_ON, EIO, 0},
    {"edquot", ORDER_FAIL, FROM_THEN_ON, EDQUOT, 0},
    {"erofs", ORDER_FAIL, FROM_THEN_ON, EROFS, 0},
    {"enospc_once", ORDER_FAIL, ONCE, ENOSPC, 0},
    {"eio_once", ORDER_FAIL, ONCE, EIO, 0},
    {"short", ORDER_HALF, FROM_THEN_ON, 0, 0},
    {"eintr", ORDER_FAIL, FROM_THEN_ON, EINTR, 0},
};

static const char *const call_name[CALL_COUNT] = {"read", "write", "sync",   "truncate", "rename",
                                                  "look", "open",  "unlink", "message",  "math"};
static const char *const file_name[FILE_COUNT] = {"results", "part",   "lock", "checkpoint",
                                                  "dataset", "folder", "none"};

/* Shared with child processes. */
typedef struct counters {
    atomic_long matching, all[CALL_COUNT][FILE_COUNT];
} counters;

static counters *counted;
static pid_t program; /* the process that was started, not its children */
static const fault_kind *kind;
static long number;
static uint64_t seed;
static bool counts[CALL_COUNT][FILE_COUNT];
static char report_path[4096]; /* a program may change its folder or its environment */

static bool listed(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ','), at = at ? at + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

static void read_environment(void)
{
    const char *fault = getenv("FGF_FAULT"), *only = getenv("FGF_FAULT_RANK");
    const char *calls = getenv("FGF_FAULT_CALLS"), *files = getenv("FGF_FAULT_FILES");
    const char *report = getenv("FGF_FAULT_REPORT");
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    char name[32] = "";
    unsigned long long given_seed = 1;
    for (int c = 0; c < CALL_COUNT; c++)
        for (int f = 0; f < FILE_COUNT; f++)
            counts[c][f] = listed(calls ? calls : "write,sync,truncate,rename", call_name[c]) &&
                           listed(files ? files : "results,part", file_name[f]);
    if (report)
        snprintf(report_path, sizeof report_path, "%s", report);
    if (!fault || (only && strcmp(only, rank ? rank : "0") != 0))
        return;
    if (sscanf(fault, "%31[^:]:%ld:%llu", name, &number, &given_seed) < 2)
        return;
    seed = given_seed;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(name, kinds[i].name) == 0)
            kind = &kinds[i];
}

__attribute__((constructor)) static void begin(void)
{
    counted =
        mmap(NULL, sizeof *counted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counted == MAP_FAILED)
        abort();
    program = getpid();
    read_environment();
}

__attribute__((destructor)) static void report_counts(void)
{
    const char *path = getenv("FGF_FAULT_COUNT");
    FILE *file = path && getpid() == program ? fopen(path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", atomic_load(&counted->matching));
    for (int c = 0; c < CALL_COUNT; c++)
        for (int f = 0; f < FILE_COUNT; f++)
            if (atomic_load(&counted->all[c][f]) > 0)
                fprintf(file, "%s %s %ld\n", call_name[c], file_name[f],
                        atomic_load(&counted->all[c][f]));
    fclose(file);
}

void *fault_real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), n = strlen(ending);
    return length >= n && strcmp(name + length - n, ending) == 0;
}

fault_file fault_file_of_name(const char *name)
{
    struct stat about;
    if (strstr(name, ".h5.checkpoints"))
        return FILE_CHECKPOINT;
    if (ends_in(name, ".h5.part"))
        return FILE_PART;
    if (ends_in(name, ".h5.lock"))
        return FILE_LOCK;
    if (ends_in(name, ".h5"))
        return FILE_RESULTS;
    if (ends_in(name, ".dataset"))
        return FILE_DATASET;
    /* Of folders only those near the results: MPI has many of its own. */
    if (strncmp(name, "/proc", 5) != 0 && strncmp(name, "/sys", 4) != 0 &&
        (strcmp(name, ".") == 0 || strstr(name, "faults")) && stat(name, &about) == 0 &&
        S_ISDIR(about.st_mode))
        return FILE_FOLDER;
    return FILE_OTHER;
}

fault_file fault_file_of_descriptor(int descriptor)
{
    char link[64], name[4096];
    if (descriptor < 0)
        return FILE_OTHER;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, name, sizeof name - 1);
    if (length <= 0 || name[0] != '/')
        return FILE_OTHER;
    name[length] = 0;
    return fault_file_of_name(name);
}

/* ---- A loss of power ------------------------------------------------------------------------- */

/* Disks write sectors; each is lost or not by itself. */
enum { SECTOR = 512, RECORDS_MOST = 4096 };

typedef struct record {
    dev_t device;
    ino_t inode;
    int descriptor; /* the program may close its own */
    off_t offset;
    size_t count;
    char *before;
} record;

static record records[RECORDS_MOST];
static size_t record_count;

void fault_remember(fault_file file, int descriptor, size_t count, off_t offset)
{
    struct stat about;
    if (!kind || strcmp(kind->name, "lost") != 0 || record_count == RECORDS_MOST ||
        (file != FILE_RESULTS && file != FILE_PART && file != FILE_CHECKPOINT) ||
        fstat(descriptor, &about) != 0)
        return;
    char link[64];
    ssize_t (*read_at)(int, void *, size_t, off_t) =
        (ssize_t(*)(int, void *, size_t, off_t))fault_real("pread64");
    int (*open_again)(const char *, int, ...) =
        (int (*)(const char *, int, ...))fault_real("open64");
    record *r = &records[record_count];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    *r = (record){.device = about.st_dev, .inode = about.st_ino, .offset = offset, .count = count};
    r->before = calloc(count, 1);
    r->descriptor = open_again(link, O_RDWR | O_CLOEXEC);
    if (!r->before || r->descriptor < 0 || read_at(r->descriptor, r->before, count, offset) < 0)
        abort();
    record_count++;
}

void fault_forget(int descriptor)
{
    struct stat about;
    size_t kept = 0;
    if (record_count == 0 || fstat(descriptor, &about) != 0)
        return;
    for (size_t i = 0; i < record_count; i++) {
        if (records[i].device == about.st_dev && records[i].inode == about.st_ino) {
            close(records[i].descriptor);
            free(records[i].before);
        } else {
            records[kept++] = records[i];
        }
    }
    record_count = kept;
}

static uint64_t next_random(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void lose(void)
{
    ssize_t (*write_at)(int, const void *, size_t, off_t) =
        (ssize_t(*)(int, const void *, size_t, off_t))fault_real("pwrite64");
    while (record_count > 0) {
        const record *r = &records[--record_count];
        for (size_t at = 0, end; at < r->count; at = end) {
            end = at + SECTOR - (size_t)(r->offset + (off_t)at) % SECTOR;
            end = end < r->count ? end : r->count;
            if (next_random() & 1)
                (void)!write_at(r->descriptor, r->before + at, end - at, r->offset + (off_t)at);
        }
    }
}

/* ---- The stroke ------------------------------------------------------------------------------ */

void fault_die(void)
{
    lose();
    kill(program, SIGKILL);
    kill(getpid(), SIGKILL);
}

static void report_stroke(fault_call call, fault_file file)
{
    char line[128];
    int (*open_file)(const char *, int, ...) =
        (int (*)(const char *, int, ...))fault_real("open64");
    ssize_t (*write_line)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))fault_real("write");
    if (!report_path[0])
        return;
    const int length = snprintf(line, sizeof line, "%s %s %s %ld\n", kind->name, call_name[call],
                                file_name[file], number);
    const int to = open_file(report_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (to < 0)
        return;
    (void)!write_line(to, line, (size_t)length);
    close(to);
}

static void make_folder_vanish(int descriptor, const char *name)
{
    char link[64], path[4096], gone[4096 + 8];
    int (*call)(const char *, const char *) =
        (int (*)(const char *, const char *))fault_real("rename");
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = name ? -1 : readlink(link, path, sizeof path - 1);
    if (name)
        snprintf(path, sizeof path, "%s", name);
    else if (length > 0)
        path[length] = 0;
    else
        return;
    char *slash = strrchr(path, '/');
    if (!slash)
        return;
    *slash = 0;
    snprintf(gone, sizeof gone, "%s.gone", path);
    (void)call(path, gone);
}

static fault_order first_stroke(fault_call call, fault_file file, int descriptor, const char *name)
{
    report_stroke(call, file);
    if (strcmp(kind->name, "launcher_kill") == 0)
        kill(getppid(), SIGKILL);
    if (strcmp(kind->name, "launcher_term") == 0)
        kill(getppid(), SIGTERM);
    if (strcmp(kind->name, "sleep") == 0)
        nanosleep(&(struct timespec){0, 500000000}, NULL);
    if (strcmp(kind->name, "vanish") == 0)
        make_folder_vanish(descriptor, name);
    if (kind->signal == SIGSEGV || kind->signal == SIGABRT)
        raise(kind->signal);
    else if (kind->signal)
        kill(getpid(), kind->signal);
    errno = kind->error ? kind->error : errno;
    return kind->order;
}

fault_order fault_strike(fault_call call, fault_file file, int descriptor, const char *name)
{
    if (file == FILE_OTHER)
        return ORDER_PROCEED;
    atomic_fetch_add(&counted->all[call][file], 1);
    if (!counts[call][file])
        return ORDER_PROCEED;
    const long now = atomic_fetch_add(&counted->matching, 1) + 1;
    if (!kind || now < number)
        return ORDER_PROCEED;
    if (now == number)
        return first_stroke(call, file, descriptor, name);
    if (kind->lasts == ONCE || (kind->error == EINTR && (now - number) % 2 == 1))
        return ORDER_PROCEED;
    errno = kind->error ? kind->error : errno;
    return kind->order;
}
