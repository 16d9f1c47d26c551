/* A process that dies of a signal says in the results file at which trial: one byte, written in
 * the signal's handler. */
#include "runner.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static const fgf_store *_Atomic store_in_hand; /* NULL: no trial is */
static atomic_size_t trial_in_hand;

void crash_begin(const fgf_store *store, size_t trial)
{
    atomic_store(&trial_in_hand, trial);
    atomic_store(&store_in_hand, store);
}

void crash_end(void)
{
    atomic_store(&store_in_hand, NULL);
}

#ifdef SANITIZED

void crash_install(void) {}

#else

enum { STACK_BYTES = 1 << 16, SIGNALS = 5 };

static const int fatal[SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static struct sigaction before[SIGNALS];

static void on_fatal(int number, siginfo_t *about, void *context)
{
    (void)context;
    for (int k = 0; k < SIGNALS; k++)
        if (fatal[k] == number)
            (void)sigaction(number, &before[k], NULL);
    const fgf_store *store = atomic_exchange(&store_in_hand, NULL);
    if (store)
        fgf_store_note_crash(store, atomic_load(&trial_in_hand));
    /* A fault of the processor comes again on return, with its address, and meets the handler that
     * was there before (MPI's, which prints where it happened) or none; what was sent is sent
     * again. */
    if (about->si_code <= 0)
        (void)raise(number);
}

void crash_install(void)
{
    static char stack[STACK_BYTES]; /* the thread's own may have overflowed */
    static bool installed;
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action;
    if (installed)
        return;
    installed = true;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_sigaction = on_fatal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)sigaltstack(&own, NULL);
    for (int k = 0; k < SIGNALS; k++)
        (void)sigaction(fatal[k], &action, &before[k]);
}

#endif
