/* What the three files of scoring share: score.c (flows and agreement), score_noise.c (the noise
 * along a flow), score_cohort.c (the test over cases). */
#ifndef FGF_TRIAL_SCORING_H
#define FGF_TRIAL_SCORING_H

#include "trial_internal.h"

/* One flow under way. */
typedef struct lane {
    size_t index; /* the case; SIZE_MAX = idle */
    size_t turn;  /* its place among the scored cases */
    fgf_flow *flow;
    fgf_region_owner region;
    fgf_real *image; /* x with Omega at the flow's point */
    fgf_box support; /* of the image and Omega */
    fgf_real *start; /* compact x */
    path_record path;
    double *h_start, *h_end; /* [features] */
} lane;

/* What this rank needs to score cases. */
typedef struct scoring {
    trial *t;
    fgf_flow_settings flow;
    size_t image, features;
    size_t greatest_n;    /* of the Omegas of the scored cases */
    size_t greatest_work; /* that the features need for one of them */
    size_t lane_count;
    lane *lanes;
    fgf_tape *tape;
    fgf_real *x, *g, *f;   /* [lanes][image], [lanes] */
    fgf_box *support;      /* [lanes] */
    fgf_real *compact;     /* [image] */
    fgf_real *v;           /* [features][image] */
    double *feature_work;  /* [greatest_work] */
    fgf_undefined *reason; /* [features] */
    fgf_align_work *align;
    fgf_noise_bank *bank;
    fgf_noise_case *noise;
    size_t kinds, draws;
    size_t kind_column[NOISE_KINDS];
    double *square_path, *joint_path; /* [draws] means over a flow */
    double *weight;                   /* of path points */
    bool *missing;
    size_t weight_capacity;
    /* Kept for the cohort test, the same on every rank after the merge. */
    size_t scored;
    size_t *scored_case; /* [scored] */
    fgf_share share;     /* of their numbers, the turns */
    bool *mine;          /* [scored] taken by this rank */
    double *case_noise;  /* [kinds][scored][draws] */
    double *case_rank;   /* [kinds][features][scored] */
} scoring;

/* score.c: how many flows go together. A lane keeps the gradients of its whole path: with a large
 * Omega, fewer than are wanted. */
size_t scoring_lanes(const fgf_flow_settings *flow, size_t wanted, size_t greatest_n);

/* score_noise.c: room for the noise's numbers; the noise along the path of a finished flow. */
fgf_status scoring_init_noise(scoring *s) FGF_CHECKED;
fgf_status score_noise(scoring *s, lane *w) FGF_CHECKED;

/* score_cohort.c: the means over cases and the cohort test, from merged numbers. */
fgf_status test_cohort(scoring *s) FGF_CHECKED;

#endif
