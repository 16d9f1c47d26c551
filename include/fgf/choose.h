/* Choosing a setting in each outer split by the scores of its inner trials: numbers in, numbers
 * out. Scores of test cases have no way in here; whoever calls reads them afterwards, of what was
 * chosen. Not collective. */
#ifndef FGF_CHOOSE_H
#define FGF_CHOOSE_H

#include "fgf/status.h"

#include <stdint.h>

#define FGF_CHOOSE_NONE SIZE_MAX

typedef enum fgf_choose_state {
    FGF_CHOOSE_LEFT,
    FGF_CHOOSE_FAILED,
    FGF_CHOOSE_DONE
} fgf_choose_state;

/* One trial. A setting is numbered by its first place in the sweep. */
typedef struct fgf_choose_trial {
    size_t outer, setting;
    size_t fold; /* inner fold; FGF_CHOOSE_NONE: the trial has no part in the choice */
    fgf_choose_state state;
    double score; /* of a DONE trial; not finite = undefined */
} fgf_choose_trial;

typedef struct fgf_choose_design {
    size_t outer_count, setting_count;
    size_t fold_count; /* inner folds; 1 where every trial has a validation part of its own */
    bool highest;      /* the highest score is the best; else the lowest */
} fgf_choose_design;

typedef enum fgf_choose_verdict {
    FGF_CHOOSE_ABSENT,     /* the sweep has no trial of it here */
    FGF_CHOOSE_INCOMPLETE, /* trials are left or failed, or an inner fold has none */
    FGF_CHOOSE_UNDEFINED,  /* a score is undefined that another setting has */
    FGF_CHOOSE_SCORED
} fgf_choose_verdict;

/* One setting in one outer split. */
typedef struct fgf_choose_candidate {
    fgf_choose_verdict verdict;
    size_t trials, done, failed; /* of those with an inner fold */
    size_t folds;                /* inner folds that these trials have */
    size_t undefined;            /* scores undefined, in folds that are not left out */
    double score;                /* SCORED: mean over the trials; else NAN */
} fgf_choose_candidate;

/* One outer split. */
typedef struct fgf_choose_outer {
    size_t chosen;          /* setting, or FGF_CHOOSE_NONE */
    double score;           /* its score; NAN */
    double margin;          /* by how much the best of the others is worse, >= 0; NAN = no other */
    size_t tied;            /* other settings with the same score, behind it in the sweep */
    size_t settings;        /* that have trials here */
    size_t scored;          /* of them SCORED */
    bool so_far;            /* trials that choose are left, so another may be chosen yet */
    size_t undefined_folds; /* inner folds without any score, left out for all settings alike */
} fgf_choose_outer;

/* Chooses: the best mean score; of equal ones (to 1e-12) the first in the sweep. Only SCORED
 * settings take part. An inner fold in which every score so far is undefined (an AUC of one class)
 * is left out for all settings alike; a setting that lacks a score elsewhere is UNDEFINED.
 * candidates [outer][setting]; outers [outer]. Fails only for lack of memory. */
fgf_status fgf_choose_settings(const fgf_choose_design *design, const fgf_choose_trial *trials,
                               size_t count, fgf_choose_candidate *candidates,
                               fgf_choose_outer *outers) FGF_CHECKED;

/* Mean and standard deviation (n - 1) of one number an outer split, undefined ones left out. */
typedef struct fgf_choose_summary {
    double mean, deviation; /* NAN where there is none */
    size_t values;          /* outer splits that have the number */
    size_t repetitions;     /* that have such an outer split */
} fgf_choose_summary;

/* value, repetition [count]; with several repetitions the values of each are averaged first, and
 * mean and deviation are over repetitions. Fails only for lack of memory. */
fgf_status fgf_choose_summarize(const double *value, const size_t *repetition, size_t count,
                                size_t repetition_count, fgf_choose_summary *out) FGF_CHECKED;

#endif
