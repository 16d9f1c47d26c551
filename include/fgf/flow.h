/* Gradient flow: the curve that starts at a point and follows a gradient at unit speed.
 *
 *     gamma(0) = x,   d gamma / d s = sign * g / |g|,   g = grad f at gamma(s)
 *
 * The flow knows a vector field on R^n and no network. It is a state machine: it says at which
 * point it wants f and g next, and is given them. So a caller can advance the flows of many cases
 * together, one pass of the network over all wanted points at a time:
 *
 *     fgf_flow_start(flow, &settings, x, n);
 *     while (fgf_flow_wants(flow, &point)) {
 *         ... evaluate f and g at point ...
 *         fgf_flow_give(flow, f, g);
 *         if (fgf_flow_accepted(flow, &at))
 *             ... score the point `at` of the path ...
 *     }
 *     fgf_flow_result_of(flow, &result);
 *
 * A flow's numbers depend on its own evaluations only, never on what else is in a pass.
 * Nothing here is collective. Positions are double whatever fgf_real is. */
#ifndef FGF_FLOW_H
#define FGF_FLOW_H

#include "fgf/key.h"
#include "fgf/real.h"
#include "fgf/status.h"

typedef struct fgf_flow fgf_flow;

/* Why a flow ended. The numbers are what the results file holds. */
typedef enum fgf_flow_end {
    FGF_FLOW_RUNNING = -1,
    FGF_FLOW_BOUNDARY = 0,  /* f = f0 was reached, or the crossing of it bracketed */
    FGF_FLOW_LENGTH = 1,    /* the greatest length, or the length asked for, was reached */
    FGF_FLOW_VANISHED = 2,  /* |g| <= vanish * sqrt(n): there is no direction to go */
    FGF_FLOW_STEPS = 3,     /* greatest_steps were tried: a safety, not a result */
    FGF_FLOW_NOT_FINITE = 4 /* f or g was infinite or NaN: the caller fails the case */
} fgf_flow_end;

/* "boundary", "length", "vanished", "steps", "not_finite"; never NULL. */
const char *fgf_flow_end_name(fgf_flow_end end);

typedef enum fgf_flow_integrator {
    FGF_FLOW_AUTO,     /* Euler for a piecewise linear f, adaptive for a smooth one */
    FGF_FLOW_EULER,    /* fixed step */
    FGF_FLOW_ADAPTIVE, /* embedded Runge-Kutta pair 3(2), Bogacki and Shampine 1989 */
    FGF_FLOW_SLIDING   /* Euler, but along a ridge where it would go to and fro across it */
} fgf_flow_integrator;

typedef enum fgf_flow_target {
    FGF_FLOW_TO_BOUNDARY, /* towards f0, whichever side x is on */
    FGF_FLOW_ASCEND,      /* up f, for `length` */
    FGF_FLOW_DESCEND      /* down f, for `length` */
} fgf_flow_target;

typedef enum fgf_flow_boundary {
    FGF_FLOW_AT_LOGIT,       /* f0 = boundary_value */
    FGF_FLOW_AT_PROBABILITY, /* f0 = logit(boundary_value) */
    FGF_FLOW_AT_PREVALENCE,  /* f0 = logit(share of events among the training cases) */
    FGF_FLOW_AT_YOUDEN       /* f0 = Youden's threshold of the training cases' logits */
} fgf_flow_boundary;

/* Settings; the members named in fgf_flow_keys are filled from the specification. */
typedef struct fgf_flow_settings {
    int integrator;         /* fgf_flow_integrator */
    int target;             /* fgf_flow_target */
    int boundary;           /* fgf_flow_boundary */
    double boundary_value;  /* with logit and probability */
    double step;            /* Euler's step, and the first of the adaptive pair; length in x */
    double tolerance;       /* adaptive: greatest |error| of one step, Euclidean, length in x */
    double least_step;      /* adaptive: a step this short is taken whatever its error */
    double greatest_length; /* target boundary: give up there */
    double length;          /* targets ascend and descend: end there */
    double turn_angle;      /* rad; a step that turns g by more is counted as a turn */
    int64_t sliding_turns;  /* a flow with at least so many turns is marked as sliding */
    double vanish;          /* |g| <= vanish * sqrt(n) counts as no gradient */
    int64_t greatest_steps; /* tried steps, rejected ones included */
    double f0;              /* not a key: the boundary as a logit, set by fgf_flow_resolve */
} fgf_flow_settings;

/* The settings as keys; ends with a NULL name. */
extern const fgf_key fgf_flow_keys[];

/* Decides what the specification leaves to the network and the data: the integrator `auto`, and
 * f0 from `boundary`. prevalence (in (0, 1)) and youden (a logit) are read only where `boundary`
 * asks for them. FGF_USAGE where f0 would not be finite. Calling it again decides again. */
fgf_status fgf_flow_resolve(fgf_flow_settings *settings, bool piecewise_linear, double prevalence,
                            double youden) FGF_CHECKED;

/* A flow for vectors of at most greatest_n, to be started any number of times; *out NULL on
 * failure. All memory is allocated here. */
fgf_status fgf_flow_create(size_t greatest_n, fgf_flow **out) FGF_CHECKED;
void fgf_flow_destroy(fgf_flow **flow);

/* Begins a flow at x [n], which is copied; settings are copied too and must be resolved. */
void fgf_flow_start(fgf_flow *flow, const fgf_flow_settings *settings, const fgf_real *x, size_t n);

/* For a caller whose vectors hold the whole image, with g = 0 outside Omega: how many components
 * may vary (|Omega|), the n of `vanish`. Between fgf_flow_start and the first fgf_flow_give;
 * without it all n do. */
void fgf_flow_set_varying(fgf_flow *flow, size_t varying);

/* True with the point [n] at which f and g are wanted next, borrowed until the next give; false
 * once the flow has ended. */
bool fgf_flow_wants(const fgf_flow *flow, const fgf_real **point);

/* Hands over f and g [n] (copied) at the wanted point. Only while fgf_flow_wants is true. */
void fgf_flow_give(fgf_flow *flow, double f, const fgf_real *g);

/* A point of the path. z and g [n] are borrowed until the next give. */
typedef struct fgf_flow_point {
    const fgf_real *z;
    const fgf_real *g; /* as given at z: not normalised, without the sign */
    double f;
    double arc; /* arc length from x: the s of the equation above. Where Euler or the adaptive pair
                 * chatters across a ridge it counts the to and fro too, and so exceeds the length
                 * of the limit path; `sliding` has that length. */
} fgf_flow_point;

/* True where the last give added a point to the path. These points, in order, are exactly those
 * of the trapezoid rule over the path: at most one a give; the first is x with arc 0, the last is
 * the end. Trial points of a search and inner stages are none of them. A flow of length 0 has one
 * point. A flow that ends as not_finite adds no point for that give. */
bool fgf_flow_accepted(const fgf_flow *flow, fgf_flow_point *out);

typedef struct fgf_flow_result {
    fgf_flow_end end;
    double length;         /* arc length of the path */
    double residual;       /* |f - f0| at the end; 0 for ascend and descend */
    double f_start, f_end; /* NaN where the first evaluation was not finite */
    int steps;             /* accepted steps: path points less one */
    int evaluations;       /* gives */
    int turns;             /* accepted steps that turned g by more than turn_angle */
    bool sliding;          /* turns >= sliding_turns: see METHOD, "Gradient flow" */
} fgf_flow_result;

/* The result so far (end = FGF_FLOW_RUNNING), or of the ended flow. */
void fgf_flow_result_of(const fgf_flow *flow, fgf_flow_result *out);

#endif
