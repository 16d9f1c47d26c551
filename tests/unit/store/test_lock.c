/* One job at a time, by name, and no longer than it lives. */
#include "scratch.h"

#include <sys/wait.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_job_is_refused_by_name),
        cmocka_unit_test(a_lock_excludes_its_own_process_too),
        cmocka_unit_test(nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
