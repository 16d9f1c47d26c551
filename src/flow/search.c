/* The search of f = f0 within one step: secants of the bracket's ends, which are exact where f is
 * linear along the step, with every third trial a bisection, so that it ends for every f. */
#include "flow_private.h"

#include <math.h>
#include <string.h>

/* Component i of the point at share t of the step. */
static double on_step(const fgf_flow *flow, double t, size_t i)
{
    double from = flow->position[i], to = flow->next[i];
    double at = from + t * (to - from);
    if (flow->rule->curved) {
        /* Hermite's cubic less the chord: t (1 - t) ((1 - t) (k1 h - c) - t (k4 h - c)). */
        double start = flow->h * fgf_flow_unit(flow, &flow->here) * (double)flow->here.g[i];
        at +=
            t * (1 - t) * ((1 - t) * (start - (to - from)) - t * (flow->scratch[i] - (to - from)));
    }
    return at;
}

/* Wants the next trial point, or answers false where the bracket cannot be told apart any more. */
static bool want_trial(fgf_flow *flow)
{
    flow_search *s = &flow->search;
    double width = s->t_far - s->t_near;
    if (width <= FGF_REAL_EPSILON)
        return false;
    s->trials++;
    s->t = s->trials % 3 == 0 ? s->t_near + 0.5 * width
                              : s->t_near + width * (-s->r_near / (s->r_far - s->r_near));
    for (size_t i = 0; i < flow->n; i++)
        flow->point[i] = (fgf_real)on_step(flow, s->t, i);
    return true;
}

void fgf_flow_search_begin(fgf_flow *flow)
{
    double f0 = flow->settings.f0;
    flow->search = (flow_search){.t_near = 0,
                                 .t_far = 1,
                                 .r_near = flow->sign * (flow->here.f - f0),
                                 .r_far = flow->sign * (flow->ahead.f - f0),
                                 .t_best = 1};
    if (flow->rule->curved) {
        double along = flow->h * fgf_flow_unit(flow, &flow->ahead);
        for (size_t i = 0; i < flow->n; i++)
            flow->scratch[i] = along * (double)flow->ahead.g[i];
    }
    (void)want_trial(flow); /* the bracket is the whole step: there is a trial */
}

bool fgf_flow_search_give(fgf_flow *flow, double f, const fgf_real *g)
{
    flow_search *s = &flow->search;
    double f0 = flow->settings.f0, r = flow->sign * (f - f0);
    if (fabs(f - f0) < fabs(flow->ahead.f - f0)) {
        memcpy(flow->ahead.g, g, flow->n * sizeof *g);
        flow->ahead.f = f;
        flow->ahead.norm = fgf_flow_norm(g, flow->n);
        s->t_best = s->t;
    }
    if (r < 0) {
        s->t_near = s->t;
        s->r_near = r;
    } else {
        s->t_far = s->t;
        s->r_far = r;
    }
    if (fabs(flow->ahead.f - f0) > flow->residual && want_trial(flow))
        return false;
    for (size_t i = 0; i < flow->n; i++)
        flow->next[i] = on_step(flow, s->t_best, i);
    fgf_flow_want_next(flow);
    return true;
}
