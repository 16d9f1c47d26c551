/* What the files of this folder share. */
#ifndef FGF_TRIAL_INTERNAL_H
#define FGF_TRIAL_INTERNAL_H

#include "fgf/box.h"
#include "fgf/trial.h"

#include <math.h>

/* One case in memory: borrowed from the context, valid until the next call for a case. */
typedef struct case_view {
    const fgf_real *x;   /* [d][h][w][c] */
    const uint8_t *mask; /* [d][h][w] */
} case_view;
fgf_status context_case(fgf_context *context, size_t index, case_view *out) FGF_CHECKED;
/* The same case copied to x [d][h][w][c] and mask [d][h][w], which are zero beyond *box; *box
 * becomes the box beyond which the case is. On failure it holds whatever may not be zero. */
fgf_status context_load(fgf_context *context, size_t index, fgf_real *x, uint8_t *mask,
                        fgf_box *box) FGF_CHECKED;
/* Whether the case is in memory, so that it need not be read. */
bool context_holds(const fgf_context *context, size_t index);
bool context_spare_core(const fgf_context *context);
/* The least box beyond which image [d][h][w][c] and mask are zero, to the bit; it may be empty. */
fgf_box box_of_case(fgf_shape shape, const fgf_real *x, const uint8_t *mask);
/* The same of a mask alone. */
fgf_box box_of_mask(fgf_shape shape, const uint8_t *mask);

/* What the masks of the cohort say of the memory that trials take. */
typedef struct cohort_extent {
    size_t greatest_n;   /* elements of the largest Omega */
    fgf_shape omega;     /* the greatest extent of an Omega's box along each axis */
    size_t noise_pixels; /* of all Omegas together */
    size_t window;       /* pixels of the box around those */
    size_t case_bytes;   /* of the cohort in memory, as far as there is room */
} cohort_extent;
/* Kept for every trial with the same Omega. */
fgf_status context_extent(fgf_context *context, const fgf_omega_settings *omega,
                          cohort_extent *out) FGF_CHECKED;

/* Omega of a case of mask `mask`, by the trial's settings. */
fgf_status make_region(const fgf_context *context, const fgf_omega_settings *omega,
                       const uint8_t *mask, fgf_region_owner *out) FGF_CHECKED;

/* How many pixels an Omega of n elements has. */
size_t omega_pixels(const fgf_context *context, const fgf_omega_settings *omega, size_t n);

/* The box of Omega and of `box`, beyond which a case's image is zero (support.c). */
fgf_box support_of(const fgf_box *box, const fgf_region *region);

/* The noise maps that a trial asks for; kept in the context for the next one. NULL: no kind. */
fgf_status context_noise(fgf_context *context, const fgf_trial_settings *settings,
                         fgf_noise_bank **out) FGF_CHECKED;
/* The noise kinds of a plan: white (sigma 0) first, then each smooth one; count <= NOISE_KINDS. */
enum { NOISE_KINDS = 8 };
size_t noise_kinds(const fgf_noise_plan *plan, double sigma[NOISE_KINDS]);
/* "white" or "smooth_2". */
void noise_name(double sigma, char *name, size_t bytes);

/* The features of a trial. Those of the regularizer and the joint score stand first. */
typedef struct feature_set {
    fgf_feature **feature; /* [count] */
    size_t *column;        /* [count] position on the results' feature axis */
    size_t count, chosen;
} feature_set;
fgf_status feature_set_create(const fgf_config *config, const fgf_regularizer_settings *align,
                              const fgf_cohort *cohort, const fgf_axes *axes,
                              feature_set *out) FGF_CHECKED;
void feature_set_clear(feature_set *set);
/* The work memory of the first `count` features for a region. */
size_t feature_set_work_size(const feature_set *set, size_t count, const fgf_region *region);

/* Where a training stands between two epochs: with the parameters and the curves in the row, all
 * that the rest of it depends on. */
typedef struct training_state {
    int64_t epoch;      /* done */
    int64_t best_epoch; /* 0 = none is kept */
    double best_monitor;
    fgf_real *best; /* [parameters] kept by early stopping; borrowed, NULL once finished */
    fgf_optimizer *optimizer; /* borrowed, NULL once finished */
    bool finished;            /* the parameters are those of the trained network */
    double seconds;           /* of the whole training, once finished */
    double longest_epoch;     /* seconds, of this process's own */
} training_state;

/* One trial while it runs. */
typedef struct trial {
    fgf_context *context;
    const fgf_config *config;
    fgf_trial_settings settings;
    fgf_group *group;
    const fgf_trial_hooks *hooks;
    fgf_row *row;
    fgf_model *model;
    feature_set features;
    size_t case_count;
    int8_t *role;  /* [case_count] fgf_role */
    int8_t *label; /* [case_count] */
    uint64_t *key; /* [case_count] of the case's id */
    double class_weight[2];
    fgf_real *parameters;
    double started; /* moved back by what an earlier start spent on it */
    training_state training;
    struct {
        int64_t stage;  /* of the last checkpoint: epochs done, one more once finished */
        double seconds; /* that it took */
    } saved;
} trial;

/* run.c: fills a trial whose first five members are set; cleared on failure, too. */
fgf_status trial_init(trial *t) FGF_CHECKED;
void trial_clear(trial *t);
/* f0 of the flows, from the logits in the row. */
fgf_status find_boundary(trial *t) FGF_CHECKED;

/* hooks.c */
bool trial_stops(const trial *t);
double trial_seconds_left(const trial *t);
bool trial_saves(const trial *t); /* a checkpoint is due */
void trial_progress(const trial *t, const char *phase, size_t done, size_t total);

/* checkpoint.c: hands t->training to the hooks, on the group's first rank, unless they have it;
 * a failure costs the checkpoint and not the trial. */
void checkpoint_save(trial *t);
/* The same if one is due by the hooks' clock. */
void checkpoint_save_due(trial *t);
/* Puts back what an earlier start saved, on every rank; leaves all as it is where there is nothing
 * that fits this trial and these numerics. Collective. */
fgf_status checkpoint_load(trial *t) FGF_CHECKED;

/* train.c: trains t->parameters in place and fills the history. */
fgf_status train_network(trial *t) FGF_CHECKED;

/* loader.h */
typedef struct loader loader;
typedef struct case_list case_list;

/* gradient.c: the loss and gradient of one microbatch. */
typedef struct step_work step_work;
typedef struct case_loss {
    double loss, regularizer, degenerate, seen;
} case_loss;
fgf_status step_work_create(const trial *t, step_work **out) FGF_CHECKED;
void step_work_destroy(step_work **work);
/* The microbatches that microbatch_gradient will be called for, in order: their cases are read
 * ahead. Borrowed until the next plan. */
fgf_status step_work_plan(step_work *work, const case_list *plan, size_t count,
                          int64_t epoch) FGF_CHECKED;
/* Takes over the parameters of a step, borrowed for its microbatches. */
void step_work_load(step_work *work, const fgf_real *parameters);
/* Adds nothing: overwrites gradient with the sum over the cases of the plan's next microbatch,
 * which must be `of`, of the gradient of (w BCE + lambda R) / batch. losses [of->count]. */
fgf_status microbatch_gradient(trial *t, step_work *work, const case_list *of, size_t batch,
                               double lambda, int64_t epoch, fgf_real *gradient,
                               case_loss *losses) FGF_CHECKED;

/* evaluate.c: cases go through the network in these portions. */
enum { EVALUATION_BATCH = 8 };
/* Logits of the cases where wanted[i] != 0; logit [case_count], NaN elsewhere, the
 * same on every rank. */
fgf_status evaluate_logits(trial *t, const int8_t *wanted, double *logit) FGF_CHECKED;
/* Mean weighted loss and AUC with its interval over the cases of a role; NaN where there are none.
 */
typedef struct role_metrics {
    double loss, auc, auc_low, auc_high;
} role_metrics;
fgf_status measure_role(const trial *t, const double *logit, int8_t role,
                        role_metrics *out) FGF_CHECKED;

/* score.c: whether case i gets a flow. */
bool is_scored(const trial *t, size_t i);
/* Flows, agreement and noise of every case that is to be scored, and the cohort test. */
fgf_status score_cases(trial *t) FGF_CHECKED;

/* The elements of a per-case column that belong to case i. */
double *case_f64(const trial *t, fgf_trial_column column, size_t i);
int32_t *case_i32(const trial *t, fgf_trial_column column, size_t i);
int8_t *case_i8(const trial *t, fgf_trial_column column, size_t i);

/* path.c: what was measured at the points of one flow, and its arc-length means. */
typedef struct path_record {
    size_t features, n; /* per point: cosines [features], and the gradient [n] */
    size_t count, capacity;
    double *arc;        /* [capacity] */
    double *cosine;     /* [capacity][features] */
    double *joint;      /* [capacity] */
    fgf_real *gradient; /* [capacity][n] */
    size_t gradient_capacity, cosine_capacity;
} path_record;
void path_begin(path_record *path, size_t features, size_t n);
/* Room for one more point; its slots are then at index path->count - 1. */
fgf_status path_extend(path_record *path, double arc) FGF_CHECKED;
void path_clear(path_record *path);
/* Trapezoid mean over arc length of value[k * stride], k < count. Intervals with a missing end are
 * left out; *coverage is the share of the length that was used. A path of one point has that
 * point's value and coverage 1 (0 where it is missing). */
double path_mean(const double *arc, const double *value, size_t stride, size_t count,
                 double *coverage);
/* The weight of each point in that mean where no value is missing; sums to 1. */
void path_weights(const double *arc, const bool *missing, size_t count, double *weight);

#endif
