/* The watchdog: a thread on each rank that sends signs of the rank to rank 0's, which judges them.
 * Rank 0 sends its own to the last rank, the deputy, which ends the job where they fail to come.
 *
 * So it needs nothing of a rank that is stuck, and the one that judges knows what all are at. A
 * sign is a few hundred bytes, at least every eighth of the limit. */
#include "message.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TAG_SIGN = 1 };

/* Seconds: between two looks at most, between two signs at most, and that MPI_Abort may take. */
static const double longest_look = 1, longest_pause = 30, patience_at_end = 10;

struct fgf_watchdog {
    double limit, look; /* seconds */
    int rank, size;
    MPI_Comm comm;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { WATCHDOG_CREATED, WATCHDOG_BEGUN, WATCHDOG_CLOSING } state; /* under the lock */

    /* The thread's own. */
    double clock;    /* seconds; stands still while the process is suspended */
    uint64_t beats;  /* as last seen, */
    double beat_at;  /* and when they changed */
    fgf_sign latest; /* of this rank */
    fgf_sign leaving, arriving;
    double left_at; /* when `leaving` was sent */
    MPI_Request sending, receiving;
    fgf_sighting *ranks; /* [judged] */
    int judged;          /* size on rank 0, 1 (which is rank 0) on the deputy, else 0 */
    int open;            /* of those, other ranks whose last sign has not come in */
    int named;           /* rank that a warning has named, or -1 */
};

static int deputy(const fgf_watchdog *w)
{
    return w->size - 1;
}

/* ---- signs ---- */

static void look_at_self(fgf_watchdog *w, bool closing)
{
    uint64_t beats = fgf_watch_read(&w->latest);
    if (beats != w->beats)
        w->beat_at = w->clock;
    w->beats = beats;
    w->latest.quiet = w->clock - w->beat_at;
    w->latest.last = closing;
    w->latest.state = w->latest.quiet > w->limit / 2 ? fgf_watch_state() : 0;
    if (w->rank == 0)
        w->ranks[0] = (fgf_sighting){w->clock, w->latest};
}

static bool is_sent(fgf_watchdog *w)
{
    int complete = 0;
    FGF_MPI(MPI_Test(&w->sending, &complete, MPI_STATUS_IGNORE));
    return complete;
}

/* A new task is told at once, so that a rank is never named with one that it has finished. */
static void send_sign(fgf_watchdog *w)
{
    double pause = w->limit / 8 < longest_pause ? w->limit / 8 : longest_pause;
    bool due = w->clock - w->left_at >= pause || w->latest.last ||
               strcmp(w->latest.task, w->leaving.task) != 0;
    if (w->size == 1 || w->leaving.last || !due || !is_sent(w))
        return;
    w->leaving = w->latest;
    w->left_at = w->clock;
    FGF_MPI(MPI_Isend(&w->leaving, sizeof w->leaving, MPI_BYTE, w->rank == 0 ? deputy(w) : 0,
                      TAG_SIGN, w->comm, &w->sending));
}

static void post_receive(fgf_watchdog *w)
{
    FGF_MPI(MPI_Irecv(&w->arriving, sizeof w->arriving, MPI_BYTE, MPI_ANY_SOURCE, TAG_SIGN, w->comm,
                      &w->receiving));
}

static void receive_signs(fgf_watchdog *w)
{
    const int looks = 4; /* one may bring the message, the next one match it */
    for (int look = 0; look < looks && w->open > 0; look++) {
        MPI_Status from;
        int complete = 0;
        FGF_MPI(MPI_Test(&w->receiving, &complete, &from));
        if (!complete)
            continue;
        w->ranks[from.MPI_SOURCE] = (fgf_sighting){w->clock, w->arriving};
        /* Of rank 0 the deputy judges only whether it lives. */
        if (w->rank != 0)
            w->ranks[from.MPI_SOURCE].sign.quiet = 0;
        if (w->arriving.last)
            w->open--;
        if (w->open > 0)
            post_receive(w);
        look = -1;
    }
}

/* ---- what follows from them ---- */

/* What prints and aborts may wait for what is stuck: this process ends in any case, and the
 * launcher the others. */
static void *end_anyway(void *unused)
{
    const struct timespec patience = {(time_t)patience_at_end, 0};
    (void)unused;
    nanosleep(&patience, NULL);
    _Exit(FGF_PAR_FAILURE_EXIT);
}

static _Noreturn void end_job(const char *text)
{
    pthread_t thread;
    (void)pthread_create(&thread, NULL, end_anyway, NULL);
    (void)fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__,
                   "%s. The job ends here, what was committed is safe: run it again to go on",
                   text);
    fgf_par_abort(NULL, FGF_PAR_FAILURE_EXIT);
}

static void act(fgf_watchdog *w)
{
    char text[FGF_MESSAGE_BYTES / 2];
    fgf_verdict verdict = fgf_judge(w->ranks, w->judged, w->clock, w->limit);
    if (verdict.trouble == FGF_TROUBLE_NONE) {
        if (w->named >= 0)
            fgf_warn("rank %d goes on", w->named);
        w->named = -1;
        return;
    }
    fgf_verdict_text(&verdict, w->ranks, text, sizeof text);
    if (verdict.seconds > 2 * w->limit)
        end_job(text);
    if (verdict.rank != w->named)
        fgf_warn_always("%s; the job ends if this lasts %.0f s", text, 2 * w->limit);
    w->named = verdict.rank;
}

/* ---- the thread ---- */

/* Sleeps for so long, or until the watchdog is told to begin or to close. True = close. */
static bool rest(fgf_watchdog *w, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    double end = (double)until.tv_nsec * 1e-9 + seconds;
    until.tv_sec += (time_t)end;
    until.tv_nsec = (long)((end - (double)(time_t)end) * 1e9);
    pthread_mutex_lock(&w->lock);
    if (w->state != WATCHDOG_CLOSING)
        pthread_cond_timedwait(&w->changed, &w->lock, &until);
    bool closing = w->state == WATCHDOG_CLOSING;
    pthread_mutex_unlock(&w->lock);
    return closing;
}

/* False where another rank could not start, and nothing was sent. */
static bool await_begin(fgf_watchdog *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->state == WATCHDOG_CREATED)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
    return w->comm != MPI_COMM_NULL;
}

static void *watch(void *context)
{
    fgf_watchdog *w = context;
    bool closing = false;
    if (!await_begin(w))
        return NULL;
    if (w->open > 0)
        post_receive(w);
    double before = fgf_seconds(), closing_for = 0;
    while (!closing || w->open > 0 || (w->size > 1 && !w->leaving.last) || !is_sent(w)) {
        if (closing)
            fgf_message_pause(closing_for);
        else
            closing = rest(w, w->look);
        double now = fgf_seconds(), passed = now - before;
        before = now;
        closing_for += closing ? passed : 0;
        w->clock += passed < 4 * w->look ? passed : 4 * w->look;
        look_at_self(w, closing);
        send_sign(w);
        receive_signs(w);
        if (w->judged > 0)
            act(w);
    }
    return NULL;
}

/* ---- start and stop ---- */

static void set_state(fgf_watchdog *w, int state)
{
    pthread_mutex_lock(&w->lock);
    w->state = state;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void destroy(fgf_watchdog **watchdog)
{
    fgf_watchdog *w = *watchdog;
    if (w) {
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
        fgf_free(w->ranks);
        fgf_free(w);
    }
    *watchdog = NULL;
}

/* With its thread, which waits to begin. */
static fgf_status create(fgf_par *par, double limit, fgf_watchdog **out)
{
    fgf_status status = FGF_OK;
    fgf_watchdog *w = NULL;
    pthread_condattr_t monotonic;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &w));
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->limit = limit;
    w->look = limit / 8 < longest_look ? limit / 8 : longest_look;
    w->rank = fgf_par_rank(par);
    w->size = fgf_par_size(par);
    w->comm = MPI_COMM_NULL;
    w->sending = w->receiving = MPI_REQUEST_NULL;
    w->named = -1;
    w->judged = w->rank == 0 ? w->size : w->rank == deputy(w);
    w->open = w->rank == 0 ? w->size - 1 : w->judged;
    w->left_at = -limit;
    snprintf(w->latest.host, sizeof w->latest.host, "%s", fgf_par_host(par));
    FGF_TRY(FGF_ALLOCATE(w->judged, &w->ranks));
    int error = fgf_thread_start(&w->thread, watch, w);
    if (error != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "the watchdog's thread cannot be started: %s", strerror(error));
    *out = w;
    w = NULL;
done:
    destroy(&w);
    return status;
}

/* What is known of ranks before their first sign. */
static void expect_signs(fgf_watchdog *w)
{
    for (int rank = 0; rank < w->judged; rank++) {
        w->ranks[rank].sign = w->latest;
        w->ranks[rank].sign.awaited = FGF_AWAITS_NOBODY;
        snprintf(w->ranks[rank].sign.host, FGF_PAR_HOST_BYTES, "host not known yet");
    }
}

fgf_status fgf_watchdog_start(fgf_par *par, double limit, fgf_watchdog **out)
{
    fgf_status status = FGF_OK;
    fgf_watchdog *w = NULL;
    *out = NULL;
    if (!(limit > 0))
        return FGF_OK;
    FGF_TRY(fgf_par_agree(par, create(par, limit, &w)));
    FGF_MPI(MPI_Comm_dup(par->world, &w->comm));
    expect_signs(w);
    fgf_watch_attend();
    set_state(w, WATCHDOG_BEGUN);
    *out = w;
    w = NULL;
done:
    if (w) {
        set_state(w, WATCHDOG_CLOSING);
        pthread_join(w->thread, NULL);
    }
    destroy(&w);
    return status;
}

void fgf_watchdog_stop(fgf_watchdog **watchdog)
{
    fgf_watchdog *w = *watchdog;
    if (!w)
        return;
    fgf_watch_leave();
    set_state(w, WATCHDOG_CLOSING);
    pthread_join(w->thread, NULL);
    FGF_MPI(MPI_Comm_free(&w->comm));
    destroy(watchdog);
}
