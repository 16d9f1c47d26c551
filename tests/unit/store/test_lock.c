/* One job at a time, by name, and no longer than it lives. */
#define _GNU_SOURCE /* locks of open files */
#include "scratch.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* What the file system says to a lock: 0 = whatever it says, else this error. */
static int lock_error;

int fcntl(int descriptor, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (command == F_OFD_SETLK && lock_error) {
        errno = lock_error;
        return -1;
    }
    return (int)syscall(SYS_fcntl, descriptor, command, argument);
}

/* In a child: takes the lock, tells so, and waits for its end. */
static pid_t start_holder(const char *path, int *told)
{
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        fgf_lock *lock = NULL;
        char answer = fgf_store_lock(path, "fgf run night.yaml", &lock) == FGF_OK ? 'y' : 'n';
        if (write(ends[1], &answer, 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    *told = byte;
    close(ends[0]);
    return child;
}

static void a_second_job_is_refused_by_name(void **state)
{
    const char *path = scratch_file("held.h5");
    char process[32];
    fgf_lock *lock = NULL;
    int told = 0;
    (void)state;
    pid_t child = start_holder(path, &told);
    assert_int_equal(told, 'y');
    assert_int_equal(fgf_store_lock(path, "fgf run other.yaml", &lock), FGF_ENVIRONMENT);
    assert_null(lock);
    snprintf(process, sizeof process, "process %ld", (long)child);
    assert_non_null(strstr(fgf_last_error()->message, "fgf run night.yaml"));
    assert_non_null(strstr(fgf_last_error()->message, process));
    assert_non_null(strstr(fgf_last_error()->message, "held.h5 is being written"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    /* What it left behind names it still; it is dead, so the lock is free. */
    assert_int_equal(fgf_store_lock(path, "fgf run other.yaml", &lock), FGF_OK);
    fgf_store_unlock(&lock);
    assert_null(lock);
}

static void a_lock_excludes_its_own_process_too(void **state)
{
    const char *path = scratch_file("own.h5");
    fgf_lock *first = NULL, *second = NULL;
    (void)state;
    assert_int_equal(fgf_store_lock(path, "first\nline", &first), FGF_OK);
    assert_int_equal(fgf_store_lock(path, "second", &second), FGF_ENVIRONMENT);
    assert_non_null(strstr(fgf_last_error()->message, "first line"));
    fgf_store_unlock(&first);
    assert_int_equal(fgf_store_lock(path, "second", &second), FGF_OK);
    fgf_store_unlock(&second);
}

static void nothing_is_left_behind(void **state)
{
    char beside[160];
    const char *path = scratch_file("clean.h5");
    fgf_lock *lock = NULL;
    (void)state;
    snprintf(beside, sizeof beside, "%s.lock", path);
    assert_int_equal(fgf_store_lock(path, NULL, &lock), FGF_OK);
    assert_int_equal(access(beside, F_OK), 0);
    fgf_store_unlock(&lock);
    assert_int_equal(access(beside, F_OK), -1);
    assert_int_equal(fgf_store_lock("/no/such/folder/r.h5", NULL, &lock), FGF_ENVIRONMENT);
}

/* Writes a lock file as a holder of that name would have. */
static void leave_lock(const char *path, const char *host, long process)
{
    char beside[160], text[256];
    snprintf(beside, sizeof beside, "%s.lock", path);
    int length = snprintf(text, sizeof text, "%s %ld 2026-01-31T12:00:00Z fgf run night.yaml\n",
                          host, process);
    int file = open(beside, O_RDWR | O_CREAT | O_TRUNC, 0666);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, (size_t)length), length);
    close(file);
}

static void own_host(char *host, size_t bytes)
{
    memset(host, 0, bytes);
    assert_int_equal(gethostname(host, bytes - 1), 0);
}

/* The number of a process that has ended. */
static long ended_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    return (long)child;
}

/* With locks, what a dead job left is no hindrance, on whatever host it ran. */
static void what_the_dead_left_is_taken_over(void **state)
{
    const char *path = scratch_file("dead.h5");
    char host[128];
    fgf_lock *lock = NULL;
    (void)state;
    own_host(host, sizeof host);
    leave_lock(path, host, ended_process());
    assert_int_equal(fgf_store_lock(path, "next", &lock), FGF_OK);
    fgf_store_unlock(&lock);
    leave_lock(path, "node-that-burnt", 4711);
    assert_int_equal(fgf_store_lock(path, "next", &lock), FGF_OK);
    fgf_store_unlock(&lock);
}

/* Held by another host: the text tells that its lock may outlive it for a while. */
static void a_holder_elsewhere_is_named(void **state)
{
    const char *path = scratch_file("elsewhere.h5");
    fgf_lock *lock = NULL;
    (void)state;
    leave_lock(path, "node-that-burnt", 4711);
    lock_error = EAGAIN;
    assert_int_equal(fgf_store_lock(path, "next", &lock), FGF_ENVIRONMENT);
    lock_error = 0;
    assert_non_null(strstr(fgf_last_error()->message, "fgf run night.yaml, on node-that-burnt"));
    assert_non_null(strstr(fgf_last_error()->message, "where that host is down"));
}

/* Where the file system has no locks the text decides: dead processes of this host are known to be
 * dead, of other hosts nothing is known, and the message says what to do. */
static void without_locks_the_text_decides(void **state)
{
    const char *path = scratch_file("text.h5");
    char host[128], remove[200];
    fgf_lock *lock = NULL, *second = NULL;
    (void)state;
    own_host(host, sizeof host);
    lock_error = ENOLCK;
    assert_int_equal(fgf_store_lock(path, "first", &lock), FGF_OK);
    fgf_store_unlock(&lock);
    leave_lock(path, host, ended_process());
    assert_int_equal(fgf_store_lock(path, "first", &lock), FGF_OK);
    fgf_store_unlock(&lock);
    leave_lock(path, host, (long)getppid()); /* one that runs */
    assert_int_equal(fgf_store_lock(path, "second", &second), FGF_ENVIRONMENT);
    snprintf(remove, sizeof remove, "if it no longer runs, remove %s.lock", path);
    assert_non_null(strstr(fgf_last_error()->message, remove));
    leave_lock(path, "node-that-burnt", 4711);
    assert_int_equal(fgf_store_lock(path, "second", &second), FGF_ENVIRONMENT);
    assert_non_null(strstr(fgf_last_error()->message, "on node-that-burnt, process 4711"));
    assert_non_null(strstr(fgf_last_error()->message, remove));
    snprintf(remove, sizeof remove, "%s.lock", path);
    unlink(remove);
    assert_int_equal(fgf_store_lock(path, "second", &second), FGF_OK);
    fgf_store_unlock(&second);
    lock_error = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_job_is_refused_by_name),
        cmocka_unit_test(a_lock_excludes_its_own_process_too),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(what_the_dead_left_is_taken_over),
        cmocka_unit_test(a_holder_elsewhere_is_named),
        cmocka_unit_test(without_locks_the_text_decides),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
