/* A sweep over its dataset, opened on every rank: what run, plan, check, verify and score share. */
#ifndef FGF_CLI_SESSION_H
#define FGF_CLI_SESSION_H

#include "command.h"

#include "fgf/store.h"
#include "fgf/trial.h"

typedef struct session {
    fgf_par *par;
    fgf_sweep *sweep;
    fgf_dataset *dataset;
    fgf_axes *axes;
    fgf_context *context;
    fgf_hash *identity; /* [trial_count] */
    double *cost;       /* [trial_count] */
    size_t *member;     /* [trial_count] which trials of the sweep these are; NULL = all of it */
    size_t trial_count;
    int task, task_count; /* K of N; 0 = the session is no task */
    char *data_path;
    char *sweep_path;
    fgf_buffer overrides; /* a line each */
} session;

/* Opens sweep and dataset, checks every trial against the dataset, and names the trials. All faults
 * are listed. `data` replaces the sweep's data.path (NULL: as it says). Collective over all ranks.
 */
fgf_status session_open(fgf_par *par, const char *sweep_path, const char *data,
                        const char *const *overrides, size_t override_count,
                        session *out) FGF_CHECKED;
/* Deals a whole sweep's trials to `count` tasks, task[i] from 1: longest first in snake order, so
 * that each has about the same to do, and on every machine the same trials. Not collective. */
fgf_status session_tasks(const session *session, int count, int *task) FGF_CHECKED;
/* Leaves of a session the trials of one task. FGF_USAGE where there are more tasks than trials. */
fgf_status session_deal(session *session, int task, int count) FGF_CHECKED;
/* Trial i of the session. */
const fgf_config *session_trial(const session *session, size_t i);
/* The same for a results file: the sweep that it holds. Collective. */
fgf_status session_reopen(fgf_par *par, fgf_store_reader *reader, const char *data,
                          session *out) FGF_CHECKED;
/* The sweep that a results file holds, without its dataset. Not collective. */
fgf_status session_read_sweep(fgf_store_reader *reader, session *out) FGF_CHECKED;
/* The one trial of a results file whose identity is row `trial` of it, over another dataset `data`,
 * which must have been prepared in the same way. Its split is not looked at. Collective. */
fgf_status session_transfer(fgf_par *par, fgf_store_reader *reader, size_t trial, const char *data,
                            session *out) FGF_CHECKED;
void session_close(session *session);

/* The text of a results file's static dataset, owned by the caller; FGF_DATA where it lacks it. */
fgf_status read_text_table(fgf_store_reader *reader, const char *path, char **out) FGF_CHECKED;

/* The layout of a session's results file (layout.c). Owns what it points to. */
typedef struct results_layout results_layout;
fgf_status results_layout_create(const session *session, results_layout **out) FGF_CHECKED;
void results_layout_destroy(results_layout **layout);
const fgf_layout *results_layout_of(const results_layout *layout);
/* Bytes of the file that such a layout makes. */
double results_layout_bytes(const results_layout *layout);

/* A failure of the trial, as opposed to one of the machine or of fgf: the sweep goes on. */
bool is_trial_failure(fgf_status status);
/* Commits a row in the number types of the file. */
fgf_status commit_row(fgf_store *store, size_t trial, const fgf_row *row, int run_row, bool failed,
                      const char *error) FGF_CHECKED;

/* The trial that takes the most memory, of `trial` [count] (NULL: of all), and what it takes
 * (memory_of_rank.c). Not collective. */
fgf_status most_memory(const session *session, const size_t *trial, size_t count, size_t *greatest,
                       fgf_trial_memory *out) FGF_CHECKED;
/* The greatest resident memory of this process so far, bytes. */
size_t resident_peak(void);

/* How a session is run. */
typedef struct run_options {
    const char *output;
    int group_size;
    bool retry, quiet;
    const char *whole;         /* of a task: the file that its trials will be merged into */
    bool check_rows;           /* every finished row against its checksum */
    double checkpoint_seconds; /* between checkpoints of a training; 0 = where it is stopped only */
    double watchdog;           /* limit for fgf_watchdog_start */
    const fgf_real *parameters; /* score this network in place of training */
    size_t parameter_count;
    double boundary; /* and its f0 */
} run_options;
/* Runs what the results file lacks; collective (runner.c). */
fgf_status run_session(session *session, const arguments *given,
                       const run_options *options) FGF_CHECKED;
/* All ranks compute the same bits, or FGF_ENVIRONMENT. Collective. */
fgf_status same_numerics(fgf_par *par) FGF_CHECKED;
/* "<sweep>.results.h5" in the working folder; owned by the caller. */
fgf_status default_output(const char *sweep_path, char **out) FGF_CHECKED;

/* What two cohorts must share for one network to serve both: shape, spacing, windows, and how the
 * images were prepared. */
void describe_preparation(const fgf_cohort *cohort, fgf_buffer *out);

/* Prints the table of trials and the table of features to stdout (table.c). */
fgf_status print_results(fgf_store_reader *reader) FGF_CHECKED;

#endif
