#include "message.h"

#include "fgf/log.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* MPI counts with an int. */
static const size_t largest_message = (size_t)1 << 30;

void fgf_message_check(int code, const char *call, const char *file, int line)
{
    char text[MPI_MAX_ERROR_STRING] = "unknown MPI error";
    int length = 0;
    if (code == MPI_SUCCESS)
        return;
    (void)MPI_Error_string(code, text, &length);
    (void)fgf_fail(FGF_ENVIRONMENT, file, line,
                   "%s. The call was %.*s at %s:%d; the job ends here, what was committed is safe: "
                   "run it again to go on",
                   text, (int)strcspn(call, "("), call, file, line);
    fgf_par_abort(NULL, FGF_PAR_FAILURE_EXIT);
}

void fgf_par_abort(fgf_par *par, int exit_status)
{
    (void)par;
    if (fgf_last_error()->status != FGF_OK)
        fgf_log_error(true);
    (void)MPI_Abort(MPI_COMM_WORLD, exit_status);
    _Exit(exit_status);
}

int fgf_thread_start(pthread_t *thread, void *(*run)(void *), void *context)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t k = 0; k < sizeof faults / sizeof faults[0]; k++)
        sigdelset(&blocked, faults[k]);
    /* A thread begins with the mask of the one that creates it. */
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int error = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

void fgf_message_pause(double waited)
{
    const double briefly = 1e-4, longest = 4e-3;
    double seconds = waited / 8 < longest ? waited / 8 : longest;
    if (waited < briefly) {
        sched_yield();
    } else {
        struct timespec pause = {0, (long)(seconds * 1e9)};
        nanosleep(&pause, NULL);
    }
}

static void wait_for(MPI_Request *request, MPI_Status *from, int peer)
{
    int complete = 0;
    FGF_MPI(MPI_Test(request, &complete, from));
    if (complete)
        return;
    double start = fgf_seconds();
    fgf_watch_await(peer);
    while (!complete) {
        fgf_message_pause(fgf_seconds() - start);
        FGF_MPI(MPI_Test(request, &complete, from));
    }
    fgf_watch_proceed(peer);
}

void fgf_message_wait(MPI_Request *request)
{
    wait_for(request, MPI_STATUS_IGNORE, FGF_AWAITS_NOBODY);
}

/* The peer of the first request that is not complete. */
static int first_awaited(const MPI_Request *requests, const int *peers, int count)
{
    for (int k = 0; k < count; k++) {
        int complete = 0;
        FGF_MPI(MPI_Request_get_status(requests[k], &complete, MPI_STATUS_IGNORE));
        if (!complete)
            return peers[k];
    }
    return FGF_AWAITS_NOBODY;
}

void fgf_message_wait_all(MPI_Request *requests, const int *peers, int count)
{
    int complete = 0;
    FGF_MPI(MPI_Testall(count, requests, &complete, MPI_STATUSES_IGNORE));
    if (complete)
        return;
    int awaited = FGF_AWAITS_NOBODY;
    double start = fgf_seconds(), looked = -1;
    while (!complete) {
        double waited = fgf_seconds() - start;
        fgf_message_pause(waited);
        FGF_MPI(MPI_Testall(count, requests, &complete, MPI_STATUSES_IGNORE));
        /* Looking through the requests is for waits that are long already. */
        if (!complete && waited > 0.05 && waited > 1.5 * looked) {
            int first = first_awaited(requests, peers, count);
            if (first != awaited)
                fgf_watch_await(first);
            awaited = first;
            looked = waited;
        }
    }
    fgf_watch_proceed(awaited);
}

static int piece(size_t bytes)
{
    return (int)(bytes < largest_message ? bytes : largest_message);
}

void fgf_message_send(MPI_Comm communicator, const void *data, size_t bytes, int to, int tag)
{
    const char *next = data;
    do {
        MPI_Request request;
        int count = piece(bytes);
        FGF_MPI(MPI_Isend(next, count, MPI_BYTE, to, tag, communicator, &request));
        wait_for(&request, MPI_STATUS_IGNORE, to);
        next += count;
        bytes -= (size_t)count;
    } while (bytes > 0);
}

void fgf_message_receive(MPI_Comm communicator, void *data, size_t bytes, int from, int tag)
{
    char *next = data;
    do {
        MPI_Request request;
        MPI_Status arrived;
        int count = piece(bytes), got = 0;
        FGF_MPI(MPI_Irecv(next, count, MPI_BYTE, from, tag, communicator, &request));
        wait_for(&request, &arrived, from);
        FGF_MPI(MPI_Get_count(&arrived, MPI_BYTE, &got));
        if (got != count) {
            /* As MPI does with a message that is too long. */
            (void)fgf_fail(FGF_INTERNAL, __FILE__, __LINE__,
                           "rank %d sent %d bytes where %d were due: ranks are in different steps",
                           from, got, count);
            fgf_par_abort(NULL, FGF_PAR_FAILURE_EXIT);
        }
        next += count;
        bytes -= (size_t)count;
    } while (bytes > 0);
}
