/* The embedded Runge-Kutta pair of order 3(2) of Bogacki and Shampine, Appl. Math. Lett. 2 (1989)
 * 321, whose last stage is the next step's first.
 *
 *     k2 = k(z + h/2 k1),  k3 = k(z + 3h/4 k2),  z' = z + h (2/9 k1 + 1/3 k2 + 4/9 k3),  k4 = k(z')
 *     error = h (-5/72 k1 + 1/12 k2 + 1/9 k3 - 1/8 k4)
 *
 * The error is held to the tolerance a step. On a ridge of f no step length makes the error small
 * in proportion, so a step of the least length is taken as it is: its error is no longer than the
 * step. */
#include "flow_private.h"

#include <math.h>

static const double safety = 0.9, most_shrinking = 0.2, most_growth = 5;

static void begin(fgf_flow *flow)
{
    double h = flow->h, unit = fgf_flow_unit(flow, &flow->here);
    for (size_t i = 0; i < flow->n; i++) {
        double k = h * unit * (double)flow->here.g[i];
        flow->next[i] = flow->position[i] + 2.0 / 9 * k;
        flow->scratch[i] = -5.0 / 72 * k;
        flow->point[i] = (fgf_real)(flow->position[i] + 0.5 * k);
    }
    flow->inner = 1;
    flow->stalled = false;
}

/* Adds a stage to the step's end and to its error. */
static void add_stage(fgf_flow *flow, double weight, double error_weight)
{
    double along = flow->h * fgf_flow_unit(flow, &flow->ahead);
    flow->stalled |= along == 0;
    for (size_t i = 0; i < flow->n; i++) {
        double k = along * (double)flow->ahead.g[i];
        flow->next[i] += weight * k;
        flow->scratch[i] += error_weight * k;
    }
}

/* Judges the step by its error and prepares the length of the one to come. */
static step_outcome judge(fgf_flow *flow)
{
    double square = 0, change;
    for (size_t i = 0; i < flow->n; i++)
        square += flow->scratch[i] * flow->scratch[i];
    /* Where a stage has no direction the step's arc length would not be its own. */
    double error = flow->stalled ? INFINITY : sqrt(square);
    bool good = error <= flow->settings.tolerance;
    change = error > 0 ? safety * cbrt(flow->settings.tolerance / error) : most_growth;
    /* Straight after a rejection the error is barely within bounds: growing would oscillate. */
    change = fmin(fmax(change, most_shrinking), flow->rejected_before ? 1 : most_growth);
    flow->preferred = fmax(flow->h * change, flow->settings.least_step);
    flow->rejected_before = !good && flow->h > flow->settings.least_step * (1 + FLOW_SPECK);
    return flow->rejected_before ? STEP_REJECTED : STEP_DONE;
}

static step_outcome give(fgf_flow *flow)
{
    switch (flow->inner++) {
    case 1: {
        double along = 0.75 * flow->h * fgf_flow_unit(flow, &flow->ahead);
        add_stage(flow, 1.0 / 3, 1.0 / 12);
        for (size_t i = 0; i < flow->n; i++)
            flow->point[i] = (fgf_real)(flow->position[i] + along * (double)flow->ahead.g[i]);
        return STEP_WANTS;
    }
    case 2:
        add_stage(flow, 4.0 / 9, 1.0 / 9);
        fgf_flow_want_next(flow);
        return STEP_WANTS;
    default:
        add_stage(flow, 0, -1.0 / 8);
        return judge(flow);
    }
}

const step_rule fgf_flow_adaptive = {.curved = true, .begin = begin, .give = give};
