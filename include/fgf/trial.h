/* One trial: a network of one configuration is trained (or read), evaluated on every case, and
 * scored along the gradient flow against the noise baseline; the numbers become one row.
 *
 * A trial runs on a group. It knows neither the results file nor MPI: it is handed a group, and its
 * row is handed back. What is called collective below is so over that group. */
#ifndef FGF_TRIAL_H
#define FGF_TRIAL_H

#include "fgf/align.h"
#include "fgf/augment.h"
#include "fgf/column.h"
#include "fgf/dataset.h"
#include "fgf/flow.h"
#include "fgf/group.h"
#include "fgf/nn.h"
#include "fgf/spec.h"
#include "fgf/split.h"

/* ---- the specification of a trial ---- */

typedef struct fgf_train_settings {
    int64_t epochs, batch, microbatch, seed;
    bool balanced;           /* w_y = n / (2 n_y) of the training cases */
    fgf_reals class_weights; /* w_0, w_1; times the balanced ones */
    int64_t patience;        /* epochs without a better monitor before stopping; 0 = off */
    int monitor;             /* FGF_MONITOR_LOSS | FGF_MONITOR_AUC of the validation cases */
} fgf_train_settings;
enum { FGF_MONITOR_LOSS, FGF_MONITOR_AUC };

typedef struct fgf_regularizer_settings {
    double lambda;
    int form;              /* fgf_regularizer_form */
    fgf_texts features;    /* names; empty = all */
    fgf_reals weights;     /* per feature; empty = 1 each */
    int64_t warmup_epochs; /* lambda rises linearly from 0 over so many epochs */
} fgf_regularizer_settings;

typedef struct fgf_omega_settings {
    int region; /* FGF_OMEGA_MASK | FGF_OMEGA_CROP */
    double dilate_mm;
    fgf_integers channels; /* empty = all */
} fgf_omega_settings;
enum { FGF_OMEGA_MASK, FGF_OMEGA_CROP };

typedef struct fgf_noise_plan {
    int64_t seed, draws;
    bool white;
    fgf_reals smooth; /* sigma in pixels, a kind each */
} fgf_noise_plan;

typedef struct fgf_score_settings {
    int cases;         /* which cases get a flow: FGF_SCORE_ALL | _TEST | _NONE */
    bool unlabelled;   /* and cases without a label, unless none do */
    int64_t lanes;     /* flows advanced together */
    int64_t resamples; /* bootstrap of the effect sizes */
} fgf_score_settings;
enum { FGF_SCORE_ALL, FGF_SCORE_TEST, FGF_SCORE_NONE };

/* Everything but the lists of layers and features. Texts are borrowed from the configuration. */
typedef struct fgf_trial_settings {
    struct {
        const char *path;
    } data;
    struct {
        const char *weights; /* "" = train from an initialization */
        fgf_texts names;     /* datasets of that file, in the model's order; empty = by name */
    } model;
    fgf_initialize_settings initialize;
    fgf_train_settings train;
    fgf_optimizer_settings optimizer;
    fgf_augment_settings augment;
    fgf_split_settings split;
    fgf_regularizer_settings align;
    fgf_align_settings agreement;
    fgf_omega_settings omega;
    fgf_flow_settings flow;
    fgf_noise_plan noise;
    fgf_score_settings score;
    struct {
        int weights; /* FGF_KEEP_NONE | FGF_KEEP_ALL */
    } output;
} fgf_trial_settings;
enum { FGF_KEEP_NONE, FGF_KEEP_ALL };

/* The schema of sweep files: every section and list above. Static. */
const fgf_schema *fgf_trial_schema(void);

/* Reads one configuration. Borrowed texts live as long as the configuration. */
fgf_status fgf_trial_settings_read(const fgf_config *config, fgf_trial_settings *out) FGF_CHECKED;

/* The trial's identity: hash of its canonical configuration, of the dataset's content and of the
 * weights file's content if it reads one. */
fgf_status fgf_trial_identity(const fgf_config *config, const char *dataset_hash,
                              fgf_hash *out) FGF_CHECKED;

/* The same for every trial of a sweep, `out` [trial_count]: each file is read once. */
fgf_status fgf_sweep_identities(const fgf_sweep *sweep, const char *dataset_hash,
                                fgf_hash *out) FGF_CHECKED;

/* Adds the faults that only the dataset, or several keys together, can show: layers that do not fit
 * its shape, features on channels that it lacks, split centres, noise without a kind. A line that
 * `faults` has already is not added again. What trials share is looked at once. Fails only where
 * memory does. */
fgf_status fgf_sweep_check(const fgf_sweep *sweep, const fgf_dataset *dataset,
                           fgf_faults *faults) FGF_CHECKED;

/* The network of a configuration for cases of `shape`. */
fgf_status fgf_trial_model(const fgf_config *config, fgf_shape shape, fgf_model **out) FGF_CHECKED;

/* A rough guess of the seconds that one rank needs, for handing out the longest trials first. */
double fgf_trial_cost(const fgf_config *config, const fgf_dataset *dataset);
/* The same for every trial of a sweep, `out` [trial_count]. */
void fgf_sweep_costs(const fgf_sweep *sweep, const fgf_dataset *dataset, double *out);

/* ---- columns and rows ---- */

/* The columns that every trial has; names in fgf/columns.def. */
typedef enum fgf_trial_column {
#define FGF_COLUMN(name, path, type, axis_count, axes, unit, volatile_value, long_name)            \
    FGF_COLUMN_##name,
#include "fgf/columns.def"
#undef FGF_COLUMN
    FGF_TRIAL_COLUMNS
} fgf_trial_column;

/* What the axes of a sweep's results are: unions over its trials. */
typedef struct fgf_axes {
    size_t length[FGF_AXIS_COUNT];
    char **feature; /* [length[FEATURE]] names */
    char **feature_unit;
    char **noise;        /* [length[NOISE]] "white", "smooth_2" */
    fgf_column *columns; /* [column_count]: those of the table, then one a swept key */
    size_t column_count;
    char **swept; /* [column_count - FGF_TRIAL_COLUMNS] the swept keys' paths */
} fgf_axes;

/* The axes of a sweep over a dataset. */
fgf_status fgf_axes_create(const fgf_sweep *sweep, const fgf_dataset *dataset,
                           fgf_axes **out) FGF_CHECKED;
void fgf_axes_destroy(fgf_axes **axes);
/* Elements of a column in one row, and the bytes of one element. */
size_t fgf_axes_elements(const fgf_axes *axes, size_t column);
size_t fgf_column_element_bytes(const fgf_column *column);

/* The numbers of one trial: one array a column, NaN, -1 or "" where absent. */
typedef struct fgf_row {
    const fgf_axes *axes;
    void **value;         /* [axes->column_count] */
    fgf_real *parameters; /* the trained network */
    size_t parameter_count;
} fgf_row;
fgf_status fgf_row_create(const fgf_axes *axes, fgf_row **out) FGF_CHECKED;
void fgf_row_destroy(fgf_row **row);
/* Fills the swept keys' own columns from a configuration. */
void fgf_row_set_swept(const fgf_row *row, const fgf_config *config);
double *fgf_row_f64(const fgf_row *row, fgf_trial_column column);
int32_t *fgf_row_i32(const fgf_row *row, fgf_trial_column column);
int8_t *fgf_row_i8(const fgf_row *row, fgf_trial_column column);

/* ---- running ---- */

/* What trials of one process share: the open dataset, its cases in memory, the noise maps. */
typedef struct fgf_context fgf_context;
/* memory_bytes: cases are kept in memory up to this many bytes, and read again beyond. What is kept
 * of a case is the box beyond which it is zero. */
fgf_status fgf_context_create(const fgf_dataset *dataset, size_t memory_bytes,
                              fgf_context **out) FGF_CHECKED;
void fgf_context_destroy(fgf_context **context);
const fgf_dataset *fgf_context_dataset(const fgf_context *context);
/* Says that this process has a core beside the one that computes: cases are then augmented by a
 * thread of their own, a microbatch ahead. Without it the thread is used only for cases that have
 * to be read. Results do not depend on it. */
void fgf_context_set_spare_core(fgf_context *context, bool spare_core);

/* Bytes that a trial takes on one rank, known before it runs: an upper bound, for flows that go
 * their whole length. What the process had before (libraries, MPI, the open dataset) is not in it.
 * `peak` is the most that is there at a time, the noise maps kept from trial to trial. */
typedef struct fgf_trial_memory {
    size_t cases;      /* of the whole cohort, as they are kept */
    size_t noise;      /* maps of every kind */
    size_t row;        /* its numbers, the network's parameters among them */
    size_t vectors;    /* of parameters: gradients, the optimizer's and the tree's */
    size_t tape;       /* of a training step */
    size_t step;       /* its images, gradients and features; two microbatches where one is read
                          ahead */
    size_t evaluation; /* tape and images of a pass over cases */
    size_t scoring;    /* tape, flows, features, noise over the largest Omega */
    size_t peak;
} fgf_trial_memory;
/* Reads the masks of the cohort once for each kind of Omega. */
fgf_status fgf_trial_memory_of(fgf_context *context, const fgf_config *config, const fgf_axes *axes,
                               fgf_trial_memory *out) FGF_CHECKED;

/* How a trial talks to its surroundings; members may be NULL. Called on every rank of the group
 * where nothing else is said. */
typedef struct fgf_trial_hooks {
    void *state;
    /* Life: at each step of the training ("train", in steps), each portion of cases that goes
     * through the network ("evaluate", in cases), each step of the flows ("score", in
     * cases). `done` of `total`; the same numbers may come again. */
    void (*progress)(void *state, const char *phase, size_t done, size_t total);
    bool (*stop)(void *state); /* true = stop after the epoch under way, or while scoring */
    /* Until the trial must have stopped, seconds; no epoch is begun that would not end by then, and
     * one that is late is given up. NULL: no end. */
    double (*seconds_left)(void *state);

    /* Checkpoints of the training, on the group's first rank alone. `due`: one is wanted now;
     * `save`: `size` bytes that a later start gets back from `load`, borrowed for the call, whose
     * failure is the saver's own affair; `load`: *bytes NULL where there are none, else to be
     * released with fgf_free; `say`: how it goes on, for the user, to be read behind the trial's
     * name. */
    bool (*due)(void *state);
    void (*save)(void *state, const void *bytes, size_t size);
    fgf_status (*load)(void *state, void **bytes, size_t *size);
    void (*say)(void *state, bool warning, const char *line);
    const char *numerics; /* what decides the bits of results; a checkpoint of others is not used */

    const fgf_real *parameters; /* score this network: no training, no weights file */
    size_t parameter_count;
    double boundary; /* and f0 as it was found in training, a logit */
} fgf_trial_hooks;

/* Runs a trial; collective. The row is filled on every rank, the same bits for any group size.
 * FGF_NUMERIC: training diverged, with its epoch and case; FGF_STOPPED: asked to stop, or out of
 * time. What was stopped, or killed after it saved, goes on from what it saved, on any number of
 * ranks, and ends with the same bits. */
fgf_status fgf_trial_run(fgf_context *context, const fgf_config *config, fgf_group *group,
                         const fgf_trial_hooks *hooks, fgf_row *row) FGF_CHECKED;

/* ---- timing ---- */

/* What a trial takes on one rank, extrapolated from a bounded piece of it. */
typedef struct fgf_trial_timing {
    double load;       /* reading the cases: later trials of the process find them in memory */
    double noise;      /* drawing the noise maps: later trials with the same maps find them */
    double begin;      /* network, working memory */
    double epoch;      /* one epoch, the pass over the validation cases in it */
    double evaluation; /* all cases once */
    double scoring;    /* flows, agreement, noise of every case to be scored; the cohort test */
    double seconds; /* the whole trial without `load` and `noise`; at most, where train.patience is
                       on */
    int64_t epochs; /* that were trained for it */
    size_t cases;   /* whose flows were followed for it */
    bool whole;     /* nothing was extrapolated */
} fgf_trial_timing;

/* Times a trial: runs what fgf_trial_run runs, in about `seconds` seconds. Its training begins as
 * the trial's would and stops in time; the flows are those of the network as it is then. Where an
 * epoch or the scoring is too long a spread of the cases stands for all. `group` is a group of one.
 * Errors as of fgf_trial_run. */
fgf_status fgf_trial_time(fgf_context *context, const fgf_config *config, const fgf_axes *axes,
                          fgf_group *group, double seconds, fgf_trial_timing *out) FGF_CHECKED;

/* What trials of about the same duration have in common: the hash of the configuration without
 * what changes no time (seeds, fold, learning rate, the value of a lambda above 0, ...). */
fgf_status fgf_trial_shape(const fgf_config *config, fgf_hash *out) FGF_CHECKED;

/* ---- the cohort test ---- */

/* T_j against the same mean of every draw: p = (1 + #{T_m >= T_j}) / (M + 1) and its q over the
 * features (Benjamini and Hochberg). score [features] (NaN = missing), draws [M]. */
fgf_status fgf_cohort_test(const double *score, size_t features, const double *draws, size_t m,
                           double *p, double *q) FGF_CHECKED;

#endif
