/* Processes: start and end of MPI, groups of ranks, and the scheduler that hands jobs to groups.
 *
 * Nothing here shows mpi.h. The same calls work in a program that was started without mpirun: it
 * is then rank 0 of 1.
 *
 * An error that MPI itself reports cannot be mended (the other ranks wait inside the same call): it
 * is printed with its place and the whole job ends with exit status 4. What functions of this
 * header return are errors of other kinds. While a rank waits for others it sleeps between looks,
 * so that ranks may outnumber cores. */
#ifndef FGF_PAR_H
#define FGF_PAR_H

#include "fgf/group.h"
#include "fgf/status.h"
#include "fgf/text.h"

#include <stddef.h>

typedef struct fgf_par fgf_par;

/* Starts MPI and sets *out (NULL on failure). Collective over all processes; once in a process,
 * from its main thread. Settings of Open MPI that fgf wants are put into the environment where the
 * user has set nothing else: OMPI_MCA_io, OMPI_MCA_mpi_yield_when_idle and, for a program started
 * without mpirun, OMPI_MCA_ess_singleton_isolated, _pml and _btl.
 * FGF_ENVIRONMENT where MPI lacks MPI_THREAD_MULTIPLE or ranks run different versions of fgf. */
fgf_status fgf_par_start(int *argc, char ***argv, fgf_par **out) FGF_CHECKED;

/* Ends MPI. Collective over all processes; NULL inside is fine. *par becomes NULL. */
void fgf_par_finish(fgf_par **par);

/* Prints this thread's last error, then ends all processes with `exit_status`. Not collective. */
_Noreturn void fgf_par_abort(fgf_par *par, int exit_status);

int fgf_par_rank(const fgf_par *par); /* 0 .. size - 1 */
int fgf_par_size(const fgf_par *par);

/* "node01 x 32, node02 x 32": the hosts in order of rank. The same text on every rank; borrowed. */
const char *fgf_par_hosts(const fgf_par *par);

/* The name of this rank's host; borrowed. */
const char *fgf_par_host(const fgf_par *par);

/* The group of all ranks; borrowed. */
fgf_group *fgf_par_world(fgf_par *par);

/* The worst status of all ranks, whose error every rank adopts. Collective over all ranks. */
fgf_status fgf_par_agree(fgf_par *par, fgf_status mine) FGF_CHECKED;

/* `bytes` bytes at `data` of rank `root` to all ranks. Collective over all ranks. */
void fgf_par_broadcast(fgf_par *par, void *data, size_t bytes, int root);

/* Appends every rank's `text` and a newline to `lines` of rank 0, in order of rank; texts over 1023
 * bytes are cut. FGF_MEMORY on every rank where rank 0 has too little. Collective over all ranks.
 */
fgf_status fgf_par_gather_text(fgf_par *par, const char *text, fgf_buffer *lines) FGF_CHECKED;

/* FGF_OK where all ranks give the same `text`; else FGF_ENVIRONMENT on every rank: "<label>
 * differs between ranks: ... on host a (rank 0), ... on host b (rank 3); <advice>". For what
 * decides the bits of results: the BLAS core type and the instruction set.
 * Collective over all ranks. */
fgf_status fgf_par_same_text(fgf_par *par, const char *label, const char *text,
                             const char *advice) FGF_CHECKED;

/* ---- stopping early ---- */

/* Asks this process to stop: the scheduler hands out no further job once a rank with a request
 * asks for work, or at once for a request on rank 0. Safe in signal handlers and threads. */
void fgf_par_request_stop(void);
/* True after a request, and from the deadline on. */
bool fgf_par_stop_requested(void);

/* When this process shall have stopped by itself, in seconds since 1970 of its own clock; HUGE_VAL:
 * never, as at the start. To be set to the same moment on every rank. */
void fgf_par_set_deadline(double unix_seconds);
/* Until then; HUGE_VAL without one, negative behind it. Safe in threads. */
double fgf_par_seconds_left(void);

/* Makes SIGINT, SIGTERM and SIGUSR1 requests to stop; a second SIGINT ends the process as usual. */
void fgf_par_install_stop_signals(void);

/* ---- the watchdog ---- */

/* A thread on each rank that knows what the rank is at. Each tells rank 0's what it sees; that one
 * names the rank on which others, or the end of the job, have waited longer than the limit: with
 * its host, its trial and its phase, once as a warning and, at twice the limit, as the error that
 * ends all processes with exit status 4. The last rank looks after rank 0.
 *
 * A rank is stuck where it has a task and nothing has come of it (no phase reported, no message
 * waited for and received), or where its process gives no sign of life at all. A rank that waits
 * for another one is not: the one at the end of the chain is. Nor is one that waits for work.
 * Time in which a watching process was itself suspended does not count. */
typedef struct fgf_watchdog fgf_watchdog;

enum { FGF_WATCHDOG_SECONDS = 900 }; /* a limit that suits slow file systems */

/* Starts it for the calling thread, the one that computes; once at a time. limit: seconds, 0 =
 * none, and *out is NULL. Collective over all ranks, with the same limit. */
fgf_status fgf_watchdog_start(fgf_par *par, double limit, fgf_watchdog **out) FGF_CHECKED;
/* Ends it on all ranks. Collective; NULL inside is fine where it is so on all ranks. Not for a rank
 * that ends its process over an error of its own: it would wait for the others. */
void fgf_watchdog_stop(fgf_watchdog **watchdog);

/* What the calling thread is at: "trial 17 (0f3a...)". The limit applies from now on; an empty text
 * takes it away. Not collective, like the next; both do nothing where no watchdog runs for the
 * calling thread. */
void fgf_watch_task(const char *format, ...) FGF_PRINTF(1, 2);
/* And how far it is: "train", 12, 80. Any call is a sign of progress; cheap. */
void fgf_watch_phase(const char *phase, size_t done, size_t total);

/* ---- the scheduler ---- */

/* What a schedule did; the same on every rank. */
typedef struct fgf_schedule_report {
    int ranks;
    double *busy_seconds; /* [ranks] in work() */
    double *idle_seconds; /* [ranks] waiting for work or for the end */
    double
        *longest_wait; /* [ranks] the longest single wait for an answer that was a job, seconds */
    size_t *jobs;      /* [ranks] jobs that the rank took part in */
    size_t done, failed, left; /* jobs: finished well, FGF_TRIAL, never started or stopped */
    double seconds;            /* from the first request for work to the last answer */
} fgf_schedule_report;

void fgf_schedule_report_clear(fgf_schedule_report *report);

/* One job on the ranks of one group; called on each of them with the same job. Returns
 *   FGF_OK       done,
 *   FGF_TRIAL    this job failed, the others go on,
 *   FGF_STOPPED  this job gave up on request; no further job is handed out,
 *   any other    fatal: no further job is handed out, running ones are finished.
 * An error that only one rank of the group meets goes through fgf_group_agree first. */
typedef fgf_status fgf_work(void *context, size_t job, fgf_group *group);

/* Runs jobs 0 .. job_count - 1, each once, on groups of ranks. Collective over all ranks.
 *
 * Jobs are handed out in decreasing order of cost (ties by index) by a thread of rank 0, so that
 * no rank waits for another one's computation. `cost` [job_count] is in seconds of one rank, as
 * near as may be known; only rank 0's is read. `group_size` g > 0: fixed groups of g neighbouring
 * ranks (at most all), the ranks left over forming a smaller one. 0: as few ranks as let a job end
 * with the rest, by what costs and the speed so far foretell: one while jobs are many, groups of up
 * to 64 neighbours for jobs far longer than the others, at the end, and where jobs are few.
 *
 * Every rank returns the same status: the worst fatal error, else FGF_STOPPED where jobs are left,
 * else FGF_TRIAL where jobs failed, else FGF_OK. `report` may be NULL; otherwise the caller clears
 * it, and it is valid for every status but FGF_MEMORY. */
fgf_status fgf_schedule_run(fgf_par *par, const double *cost, size_t job_count, int group_size,
                            fgf_work *work, void *context, fgf_schedule_report *report) FGF_CHECKED;

/* What a schedule of jobs on so many ranks would do. */
typedef struct fgf_simulation {
    double makespan;     /* seconds from the first request for work to the end of the last job */
    double bound;        /* the greater of the longest job on one rank and the mean load */
    double efficiency;   /* bound / makespan; over 1 where groups shorten the longest job */
    double busy;         /* rank-seconds inside jobs; a group's ranks all count */
    double longest_wait; /* of a rank for a job that it got, seconds */
    double tail;         /* seconds from the first rank that gets no more work to the end */
} fgf_simulation;

/* Runs the scheduler's own queue on simulated ranks and a simulated clock. cost [job_count] is what
 * the scheduler believes, in seconds of one rank; job k really takes seconds[k] on one rank, less
 * on a group (fgf_group_speed). group_size as in fgf_schedule_run. The thread that answers takes
 * answer_seconds for each request, one after the other. Not collective, no MPI. */
fgf_status fgf_schedule_simulate(const double *cost, const double *seconds, size_t job_count,
                                 int ranks, int group_size, double answer_seconds,
                                 fgf_simulation *out) FGF_CHECKED;

/* How many times as fast as one rank a group of `size` ranks is taken to be: Amdahl's law with the
 * share of a trial that ranks do not divide. */
double fgf_group_speed(int size);

#endif
