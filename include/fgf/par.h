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
bool fgf_par_stop_requested(void);

/* Makes SIGINT, SIGTERM and SIGUSR1 requests to stop; a second SIGINT ends the process as usual. */
void fgf_par_install_stop_signals(void);

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
 * ranks (at most all), the ranks left over forming a smaller one. 0: groups of one while there are
 * at least as many jobs left as ranks; after that larger ones, the ranks split about evenly over
 * the jobs left.
 *
 * Every rank returns the same status: the worst fatal error, else FGF_STOPPED where jobs are left,
 * else FGF_TRIAL where jobs failed, else FGF_OK. `report` may be NULL; otherwise the caller clears
 * it, and it is valid for every status but FGF_MEMORY. */
fgf_status fgf_schedule_run(fgf_par *par, const double *cost, size_t job_count, int group_size,
                            fgf_work *work, void *context, fgf_schedule_report *report) FGF_CHECKED;

#endif
