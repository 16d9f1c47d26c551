/* Euler's rule with sliding: where a step crosses a ridge of a piecewise smooth f that the flow
 * runs into from both sides, the flow goes along the ridge and not to and fro across it.
 *
 * With g before and g' behind the ridge, g - g' is normal to it (f is continuous), and the element
 * v of least norm of the hull of g and g' is the ridge's own gradient of f: Filippov's solution
 * (Differential Equations with Discontinuous Righthand Sides, 1988) has this direction. Such a step
 * costs a second evaluation and, at unit speed along the ridge, adds its true length. */
#include "flow_private.h"

#include <math.h>

static void begin(fgf_flow *flow)
{
    fgf_flow_euler.begin(flow);
    flow->inner = 0;
}

/* Turns the step in hand along the ridge between here.g and ahead.g. False where there is no way
 * along it: the least element is one of the two, or next to nothing, as on a peak of f. */
static bool turn_along_ridge(fgf_flow *flow)
{
    const fgf_real *g = flow->here.g, *behind = flow->ahead.g;
    double apart = 0, along = 0, square = 0;
    for (size_t i = 0; i < flow->n; i++) {
        double jump = (double)behind[i] - (double)g[i];
        apart += jump * jump;
        along += jump * (double)behind[i];
    }
    double share = along / apart; /* of g in v = share g + (1 - share) g' */
    if (!(share > 0 && share < 1))
        return false;
    for (size_t i = 0; i < flow->n; i++) {
        flow->scratch[i] = share * (double)g[i] + (1 - share) * (double)behind[i];
        square += flow->scratch[i] * flow->scratch[i];
    }
    double norm = sqrt(square), unit = flow->sign * flow->h / norm;
    if (norm <= 1e-3 * fmin(flow->here.norm, flow->ahead.norm))
        return false;
    for (size_t i = 0; i < flow->n; i++)
        flow->next[i] = flow->position[i] + unit * flow->scratch[i];
    fgf_flow_want_next(flow);
    return true;
}

static step_outcome give(fgf_flow *flow)
{
    if (flow->inner++ > 0) {
        flow->result.turns +=
            !fgf_flow_has_turned(flow); /* a slide is a turn, if not seen as one */
        return STEP_DONE;
    }
    if (fgf_flow_has_turned(flow) && !fgf_flow_has_crossed(flow, flow->ahead.f) &&
        turn_along_ridge(flow))
        return STEP_WANTS;
    return STEP_DONE;
}

const step_rule fgf_flow_sliding = {.curved = false, .begin = begin, .give = give};
