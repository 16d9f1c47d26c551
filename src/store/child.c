#include "child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: works, hands the error back through the pipe, ends. */
static void work_and_exit(fgf_status (*work)(void *state), void *state, unsigned seconds,
                          int answer)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    static const int requests[] = {SIGTERM, SIGINT, SIGUSR1};
    const struct rlimit none = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    /* Whoever caught signals or set an alarm before the fork shall not hear of this. */
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    /* A batch system asks all processes of a job to stop; its ranks do so when this is done. */
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        signal(requests[i], SIG_IGN);
    alarm(seconds);
    fgf_error error = {.status = FGF_OK};
    if (work(state) != FGF_OK)
        error = *fgf_last_error();
    ssize_t put = write(answer, &error, sizeof error);
    _exit(put == (ssize_t)sizeof error ? 0 : 1);
}

/* Whether the whole error arrived before the pipe closed. */
static bool receive(int answer, fgf_error *error)
{
    size_t got = 0;
    while (got < sizeof *error) {
        ssize_t n = read(answer, (char *)error + got, sizeof *error - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

fgf_status run_in_child(fgf_status (*work)(void *state), void *state, unsigned seconds,
                        child_end *end)
{
    fgf_status status = FGF_OK;
    fgf_error error;
    int ends[2], how = 0;
    *end = CHILD_DIED;
    if (pipe(ends) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0)
        work_and_exit(work, state, seconds, ends[1]);
    int why = errno;
    close(ends[1]);
    bool answered = child > 0 && receive(ends[0], &error);
    close(ends[0]);
    if (child < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot start a process: %s", strerror(why));
    while (waitpid(child, &how, 0) < 0 && errno == EINTR)
        ;
    if (answered)
        *end = CHILD_ANSWERED;
    else if (WIFSIGNALED(how) && WTERMSIG(how) == SIGALRM)
        *end = CHILD_TIMED_OUT;
    else if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
        *end = CHILD_KILLED;
    if (answered && error.status != FGF_OK)
        FGF_TRY(fgf_adopt_error(&error));
done:
    return status;
}
