/* What the files of a run share: runner.c (the sweep on all ranks), work_list.c (which trials),
 * run_trial.c (one of them on a group), crash.c. */
#ifndef FGF_CLI_RUNNER_H
#define FGF_CLI_RUNNER_H

#include "session.h"

/* A crash by a signal counts twice, a process that was killed or lost once: two crashes of its own,
 * or four losses in a row, and a trial has had its chances. */
enum { QUARANTINE_CRASHES = 4 };

/* What is to be done with the trials that the results file lacks. */
typedef struct work_list {
    size_t *pending;     /* [pending_count] trials to run: suspects last, fewest crashes first */
    uint8_t *crashes;    /* [pending_count] of these */
    size_t *quarantined; /* [quarantined_count] not to be run any more */
    size_t *retried; /* [retried_count] of the pending: failed before, their crashes forgotten */
    size_t pending_count, quarantined_count, retried_count;
} work_list;
/* Room for a session's trials; to be cleared on failure too. */
fgf_status work_list_init(work_list *list, size_t trial_count) FGF_CHECKED;
void work_list_clear(work_list *list);
/* Prepares the results file, under its lock, and fills the list. Rank 0. */
fgf_status work_list_prepare(const session *session, const run_options *options,
                             work_list *list) FGF_CHECKED;
/* Broadcasts rank 0's list to the ranks that run it. Collective. */
void work_list_share(fgf_par *par, work_list *list);

/* Keeps the checkpoints of the trials `pending` [count] alone; *kept: how many there are. Rank 0.
 */
fgf_status tidy_checkpoints(const session *session, const char *output, const size_t *pending,
                            size_t count, size_t *kept) FGF_CHECKED;

/* What the work of one trial needs on every rank. */
typedef struct running {
    session *session;
    const run_options *options;
    fgf_store *store;
    const size_t *pending;  /* trial of each job */
    const uint8_t *crashes; /* of each job's trial */
    size_t pending_count;
    int run_row;
    size_t finished; /* by this rank */
    bool save_failed;
} running;

/* The fgf_work of a schedule: `context` is a running. */
fgf_status run_trial(void *context, size_t job, fgf_group *group) FGF_CHECKED;

/* Fatal signals (crash.c): from crash_install on they are noted in the results file for the trial
 * in hand, if there is one, before they take the course that they would have taken. In builds with
 * the address sanitizer its own handlers stay. Called from the thread that computes. */
void crash_install(void);
void crash_begin(const fgf_store *store, size_t trial);
void crash_end(void);

#endif
