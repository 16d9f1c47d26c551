/* What a sweep will take before it runs: seconds of every trial, memory of a rank, bytes of the
 * results file, and from these the makespan for any number of ranks. `fgf plan` prints it, `fgf
 * submit` sizes its scripts with it. */
#ifndef FGF_CLI_ESTIMATE_H
#define FGF_CLI_ESTIMATE_H

#include "session.h"

/* How the seconds of a shape are known. */
typedef enum estimate_source {
    ESTIMATE_SCALED,  /* guessed from the size of the work, by the trials that are known better */
    ESTIMATE_TIMED,   /* one trial of the shape was timed, on this machine */
    ESTIMATE_RESULTS, /* measured: the mean of finished trials of the shape */
    ESTIMATE_GUESSED  /* nothing is known: fgf_trial_cost alone, good to a factor of a few */
} estimate_source;
/* "scaled", "timed", "results", "guessed". */
const char *estimate_source_name(estimate_source source);

/* Trials whose configurations differ in nothing that changes their time: not in seed, fold,
 * learning rate, the value of a lambda above 0, and so on. */
typedef struct estimate_shape {
    size_t trial; /* the first one, which is timed */
    size_t trials, left;
    double seconds; /* of one trial on one rank; with train.patience at most */
    estimate_source source;
    size_t measured;         /* trials behind `seconds`: timed or finished */
    fgf_trial_timing timing; /* of the first one that was timed */
    double spent;            /* the longest timing of the shape */
} estimate_shape;

typedef struct estimate {
    size_t trial_count, done_count, failed_count, left_count; /* by the results file */
    bool *done;             /* [trial_count] nothing to do for it */
    size_t *shape_of;       /* [trial_count] */
    double *seconds;        /* [trial_count] on one rank */
    const double *cost;     /* [trial_count] what the scheduler will go by */
    estimate_shape *shapes; /* [shape_count] in order of their first trials */
    size_t shape_count;
    bool noise_changes;     /* from trial to trial: its drawing counts for each of them */
    bool patience;          /* some trial may stop early: seconds are an upper bound */
    double startup_seconds; /* of a rank before its first trial: loading the program, opening sweep
                             * and dataset, reading the cases, drawing the noise maps */
    double load_seconds;    /* of that: reading the cases, drawing the noise maps */
    double trial_seconds;   /* of all trials left, one after another on one rank */
    double longest_seconds; /* of those the longest */
    fgf_trial_memory memory;
    size_t memory_trial;                /* the trial that takes the most */
    size_t memory_before, memory_bytes; /* of a rank: before its first trial, and at the most */
    double file_bytes;                  /* of the results file */
    int timed_ranks;                    /* ranks that timed side by side; 0 = nothing was timed */
    double timing_seconds;              /* that were spent on it */
} estimate;

typedef struct estimate_options {
    const char *results; /* file whose finished trials are left out and whose seconds are used;
                          * NULL or not there yet: none */
    double seconds;      /* to spend on timing at most; 0 = none */
} estimate_options;

/* Estimates a session. The numbers are filled on rank 0 alone; estimate_clear on every rank.
 * Collective: every rank times the same work at the same time, so that what cores of one machine
 * share is in the numbers, and the mean counts. */
fgf_status estimate_create(session *session, const estimate_options *options,
                           estimate *out) FGF_CHECKED;
void estimate_clear(estimate *estimate);

/* Of estimate_create (estimate_clock.c): has the ranks time one shape after the other until the
 * time is over. Collective. */
fgf_status estimate_time_shapes(session *session, double seconds, estimate *out) FGF_CHECKED;

/* The trials left on `ranks` ranks, by the scheduler's own queue. */
typedef struct estimate_run {
    int ranks, group_size; /* 0 = the scheduler's choice (auto) */
    double makespan;       /* seconds, start-up included */
    double core_hours;     /* ranks * makespan */
    double efficiency;     /* seconds of work on one rank / (ranks * makespan) */
    size_t rank_bytes;     /* memory of one rank */
} estimate_run;
/* Not collective; on rank 0. `group_size` as in fgf_schedule_run. */
fgf_status estimate_run_of(const estimate *estimate, int ranks, int group_size,
                           estimate_run *out) FGF_CHECKED;
/* The group size of the least makespan: of auto, 1, 2, 4 ... ranks; auto where it is as good. */
fgf_status estimate_best_run(const estimate *estimate, int ranks, estimate_run *out) FGF_CHECKED;

#endif
