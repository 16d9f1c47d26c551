#include "fgf/par.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* Lock-free, hence allowed in a signal handler, and seen by the queue's thread. */
static atomic_bool stop_flag;

/* 0 = none: what a static atomic starts with. */
static _Atomic double deadline;

void fgf_par_request_stop(void)
{
    atomic_store(&stop_flag, true);
}

bool fgf_par_stop_requested(void)
{
    return atomic_load(&stop_flag) || fgf_par_seconds_left() <= 0;
}

void fgf_par_set_deadline(double unix_seconds)
{
    atomic_store(&deadline, unix_seconds);
}

double fgf_par_seconds_left(void)
{
    const double end = atomic_load(&deadline);
    struct timespec now;
    if (end == 0 || isinf(end))
        return HUGE_VAL;
    clock_gettime(CLOCK_REALTIME, &now);
    return end - (double)now.tv_sec - 1e-9 * (double)now.tv_nsec;
}

static void on_signal(int number)
{
    (void)number;
    fgf_par_request_stop();
}

void fgf_par_install_stop_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    /* Whoever presses Ctrl-C a second time does not want to wait. */
    action.sa_flags |= (int)SA_RESETHAND;
    sigaction(SIGINT, &action, NULL);
}
