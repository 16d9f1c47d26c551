/* The queue of jobs: which job goes to which ranks, and when. Policy only: no MPI, no clock, no
 * threads; a caller says what happens and when, so that any cluster can be simulated with it.
 *
 * A rank is unknown until its first fgf_queue_idle, then free or running. */
#ifndef FGF_PAR_QUEUE_H
#define FGF_PAR_QUEUE_H

#include "fgf/par.h"

typedef struct fgf_queue fgf_queue;

/* A job for a group of ranks. */
typedef struct fgf_assignment {
    size_t job;
    const int *members; /* [size] world ranks, increasing; borrowed until the next call */
    int size;
} fgf_assignment;

/* Counts of jobs. left = job_count - done - failed. */
typedef struct fgf_queue_counts {
    size_t done, failed, left;
} fgf_queue_counts;

/* A queue of `job_count` jobs for `ranks` ranks. cost [job_count] in seconds of one rank (copied;
 * NaN counts as 0); group_size as in fgf_schedule_run. *out NULL on failure. */
fgf_status fgf_queue_create(const double *cost, size_t job_count, int ranks, int group_size,
                            fgf_queue **out) FGF_CHECKED;
void fgf_queue_destroy(fgf_queue **queue);

/* `rank` is free at `now` (seconds, any origin). If it ran a job, `result` is that job's status on
 * this rank; a job has ended when all members of its group are free again. Results other than
 * FGF_OK and FGF_TRIAL stop the queue. */
void fgf_queue_idle(fgf_queue *queue, int rank, fgf_status result, double now);

/* Hands out the next job at `now`; false where nothing can or should start yet. Call until false
 * after each fgf_queue_idle, and as time goes by. */
bool fgf_queue_next(fgf_queue *queue, double now, fgf_assignment *out);

/* No further job is handed out. */
void fgf_queue_stop(fgf_queue *queue);

/* True once no further job will be handed out: free ranks can go. */
bool fgf_queue_closed(const fgf_queue *queue);

fgf_queue_counts fgf_queue_count(const fgf_queue *queue);

/* The time from which on fgf_queue_next may hand out a job though no rank has become free since it
 * returned false; infinite where time alone changes nothing. */
double fgf_queue_wake(const fgf_queue *queue);

#endif
