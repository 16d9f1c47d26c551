/* What this rank is at: written by the thread that computes, read by the watchdog's; and what is
 * made of the signs of all ranks. No MPI in here. */
#ifndef FGF_PAR_WATCH_H
#define FGF_PAR_WATCH_H

#include "fgf/par.h"

#include <stdint.h>

/* Whom the thread that computes waits for: a rank of the world, or one of these. */
enum { FGF_AWAITS_NOBODY = -1, FGF_AWAITS_WORK = -2 };

enum { FGF_TASK_BYTES = 96, FGF_PHASE_BYTES = 32, FGF_PAR_HOST_BYTES = 64 };

/* What a rank says of itself. Plain bytes: sent as it is. */
typedef struct fgf_sign {
    double quiet;    /* seconds without progress, by the clock of the rank's watchdog */
    int32_t awaited; /* rank | FGF_AWAITS_* */
    int32_t last;    /* 1 = the rank's watchdog ends */
    int32_t state;   /* of the thread that computes, as in proc(5): 'R', 'S', 'D'; 0 = not known */
    uint64_t done, total;
    char task[FGF_TASK_BYTES]; /* "" = no limit applies to what the rank does */
    char phase[FGF_PHASE_BYTES];
    char host[FGF_PAR_HOST_BYTES];
} fgf_sign;

/* ---- the thread that computes; all do nothing in others ---- */

/* From here on the calling thread is the one that is watched; until fgf_watch_leave. */
void fgf_watch_attend(void);
void fgf_watch_leave(void);

/* It waits for `awaited`; calls in between fgf_watch_await(FGF_AWAITS_WORK) and its
 * fgf_watch_proceed change nothing: whoever waits for work waits for nobody. */
void fgf_watch_await(int awaited);
void fgf_watch_proceed(int awaited);

/* ---- the watchdog's thread ---- */

/* What the system says of this process's main thread, for `state`. */
int fgf_watch_state(void);

/* Fills awaited, done, total, task and phase. Returns a number that changes with any progress. */
uint64_t fgf_watch_read(fgf_sign *sign);

/* ---- the judge: no MPI, no clock ---- */

/* A rank as the judge knows it. Times by the judge's clock, which starts at 0. */
typedef struct fgf_sighting {
    double heard; /* when its last sign came in */
    fgf_sign sign;
} fgf_sighting;

typedef enum fgf_trouble {
    FGF_TROUBLE_NONE,
    FGF_TROUBLE_SILENT,   /* no sign for longer than the limit: suspended, or its node is lost */
    FGF_TROUBLE_STUCK,    /* it works at its task and nothing comes of it */
    FGF_TROUBLE_ELSEWHERE /* ranks wait for it that it does not know of: it waits for work, or for
                             one of them */
} fgf_trouble;

typedef struct fgf_verdict {
    fgf_trouble trouble;
    int rank;       /* the stuck one */
    double seconds; /* since when */
    int waiting;    /* ranks that wait for it, through others too */
    int waiter;     /* the lowest of them */
} fgf_verdict;

/* The rank that has held up the others for longest, over `limit` seconds; the lowest of several. Of
 * stuck ranks rather one that sleeps in the system: one that runs may wait inside a collective call
 * of HDF5 or MPI. */
fgf_verdict fgf_judge(const fgf_sighting *ranks, int count, double now, double limit);

/* "rank 3 (node07) has been stuck for 900 s in trial 17 (...), phase train 12/80; 2 ranks wait for
 * it". */
void fgf_verdict_text(const fgf_verdict *verdict, const fgf_sighting *ranks, char *text,
                      size_t bytes);

#endif
