#include "fgf/par.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

/* Lock-free, hence allowed in a signal handler, and seen by the queue's thread. */
static atomic_bool stop_flag;

void fgf_par_request_stop(void)
{
    atomic_store(&stop_flag, true);
}

bool fgf_par_stop_requested(void)
{
    return atomic_load(&stop_flag);
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
