/* The flow's state, shared by its state machine, its step rules and the search of the boundary. */
#ifndef FGF_FLOW_PRIVATE_H
#define FGF_FLOW_PRIVATE_H

#include "fgf/flow.h"

/* What a step rule makes of an evaluation. */
typedef enum step_outcome {
    STEP_WANTS,    /* another one, at flow->point */
    STEP_REJECTED, /* the step is to be begun again */
    STEP_DONE      /* the step's end is flow->next, its field flow->ahead */
} step_outcome;

/* A way to take one step from flow->here by flow->h. All REQUIRED. */
typedef struct step_rule {
    bool curved; /* the step's curve is its cubic Hermite interpolant, else its chord */
    /* Starts a step of length flow->h: sets flow->next or stages, and flow->point. */
    void (*begin)(fgf_flow *flow);
    /* Takes in the field at flow->point, which is in flow->ahead. */
    step_outcome (*give)(fgf_flow *flow);
} step_rule;

extern const step_rule fgf_flow_euler, fgf_flow_adaptive, fgf_flow_sliding;

/* Lengths that differ by this share are the same: what is left of a path is then one step, and not
 * a step and a speck. */
#define FLOW_SPECK 1e-6

/* f and g at one point. */
typedef struct flow_field {
    double f, norm; /* norm = |g| */
    fgf_real *g;    /* [n] */
} flow_field;

/* The bracket of the boundary within a step: t in [0, 1] is the share of the step. */
typedef struct flow_search {
    double t_near, t_far; /* before and behind the boundary */
    double r_near, r_far; /* sign * (f - f0) there */
    double t, t_best;     /* wanted; with the least |f - f0| */
    int trials;
} flow_search;

typedef enum flow_stage { STAGE_START, STAGE_STEP, STAGE_SEARCH, STAGE_ENDED } flow_stage;

struct fgf_flow {
    size_t greatest_n, n;
    fgf_flow_settings settings;
    const step_rule *rule;
    flow_stage stage;
    bool accepted;   /* by the last give */
    double sign;     /* +1 up f, -1 down */
    double limit;    /* arc length at which the flow ends */
    double residual; /* |f - f0| that counts as on the boundary */
    double vanish;   /* |g| that counts as none */
    int64_t tries;
    fgf_flow_result result;

    double arc;              /* of the path so far */
    double *position, *next; /* [n] its last point; the end of the step in hand */
    fgf_real *here_point;    /* [n] position as it was evaluated */
    flow_field here;         /* at here_point */
    fgf_real *point;         /* [n] wanted */
    flow_field ahead;        /* as last given; in a search, the best so far */

    double h, preferred;  /* the step in hand; the one that the adaptive rule would take */
    double *scratch;      /* [n] adaptive: error estimate; in a search: h * end direction */
    int inner;            /* adaptive, sliding: evaluations taken in of this step */
    bool rejected_before; /* adaptive: this step was begun before */
    bool stalled;         /* adaptive: g vanished at a stage of this step */
    flow_search search;
};

/* |g|, with every term double. */
double fgf_flow_norm(const fgf_real *g, size_t n);

/* The factor that makes a field's g the flow's direction: sign / |g|, or 0 where g vanishes. */
double fgf_flow_unit(const fgf_flow *flow, const flow_field *field);

/* True on the boundary or behind it, seen from x; never for ascend and descend. */
bool fgf_flow_has_crossed(const fgf_flow *flow, double f);

/* The angle between here.g and ahead.g is more than turn_angle. */
bool fgf_flow_has_turned(const fgf_flow *flow);

/* point = next, rounded to fgf_real. */
void fgf_flow_want_next(fgf_flow *flow);

/* Begins the search in a step whose end is behind the boundary; sets the point wanted. */
void fgf_flow_search_begin(fgf_flow *flow);

/* Takes in f and g at the wanted point. True when the search is over: next and ahead are then the
 * point found, and search.t_best its share of the step. */
bool fgf_flow_search_give(fgf_flow *flow, double f, const fgf_real *g);

#endif
