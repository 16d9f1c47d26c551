/* Euler's rule: straight on by a fixed length. */
#include "flow_private.h"

static void begin(fgf_flow *flow)
{
    double along = flow->h * fgf_flow_unit(flow, &flow->here);
    for (size_t i = 0; i < flow->n; i++)
        flow->next[i] = flow->position[i] + along * (double)flow->here.g[i];
    fgf_flow_want_next(flow);
}

static step_outcome give(fgf_flow *flow)
{
    (void)flow;
    return STEP_DONE;
}

const step_rule fgf_flow_euler = {.curved = false, .begin = begin, .give = give};
