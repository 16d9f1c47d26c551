/* The flow's state machine: a step rule's steps, strung together into a path with an end.
 *
 * The position is kept in double and rounded for each evaluation. Measured over 400 to 650 Euler
 * steps of a float32 network with 4096 inputs: length right to 4e-8, against 4e-7 with the position
 * kept in float32. */
#include "flow_private.h"

#include "fgf/memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const step_rule *const rules[] = {[FGF_FLOW_EULER] = &fgf_flow_euler,
                                         [FGF_FLOW_ADAPTIVE] = &fgf_flow_adaptive,
                                         [FGF_FLOW_SLIDING] = &fgf_flow_sliding};

fgf_status fgf_flow_create(size_t greatest_n, fgf_flow **out)
{
    fgf_status status = FGF_OK;
    fgf_flow *flow = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &flow));
    flow->greatest_n = greatest_n;
    flow->stage = STAGE_ENDED;
    FGF_TRY(FGF_ALLOCATE(greatest_n, &flow->position));
    FGF_TRY(FGF_ALLOCATE(greatest_n, &flow->next));
    FGF_TRY(FGF_ALLOCATE(greatest_n, &flow->scratch));
    FGF_TRY(FGF_ALLOCATE(greatest_n, &flow->here_point));
    FGF_TRY(FGF_ALLOCATE(greatest_n, &flow->here.g));
    FGF_TRY(FGF_ALLOCATE(greatest_n, &flow->point));
    FGF_TRY(FGF_ALLOCATE(greatest_n, &flow->ahead.g));
    *out = flow;
done:
    if (status != FGF_OK)
        fgf_flow_destroy(&flow);
    return status;
}

void fgf_flow_destroy(fgf_flow **flow)
{
    fgf_flow *f = *flow;
    if (f) {
        fgf_free(f->position);
        fgf_free(f->next);
        fgf_free(f->scratch);
        fgf_free(f->here_point);
        fgf_free(f->here.g);
        fgf_free(f->point);
        fgf_free(f->ahead.g);
        fgf_free(f);
    }
    *flow = NULL;
}

double fgf_flow_norm(const fgf_real *g, size_t n)
{
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += (double)g[i] * (double)g[i];
    return sqrt(square);
}

double fgf_flow_unit(const fgf_flow *flow, const flow_field *field)
{
    return field->norm <= flow->vanish ? 0 : flow->sign / field->norm;
}

void fgf_flow_want_next(fgf_flow *flow)
{
    for (size_t i = 0; i < flow->n; i++)
        flow->point[i] = (fgf_real)flow->next[i];
}

void fgf_flow_start(fgf_flow *flow, const fgf_flow_settings *settings, const fgf_real *x, size_t n)
{
    bool to_boundary = settings->target == FGF_FLOW_TO_BOUNDARY;
    assert(n <= flow->greatest_n);
    assert(settings->integrator != FGF_FLOW_AUTO && isfinite(settings->f0));
    flow->n = n;
    flow->settings = *settings;
    flow->rule = rules[settings->integrator];
    flow->stage = STAGE_START;
    flow->accepted = false;
    flow->limit = to_boundary ? settings->greatest_length : settings->length;
    flow->tries = 0;
    flow->arc = 0;
    flow->preferred = settings->step;
    flow->rejected_before = false;
    flow->result =
        (fgf_flow_result){.end = FGF_FLOW_RUNNING, .residual = NAN, .f_start = NAN, .f_end = NAN};
    fgf_flow_set_varying(flow, n);
    for (size_t i = 0; i < n; i++)
        flow->next[i] = (double)x[i];
    fgf_flow_want_next(flow);
}

void fgf_flow_set_varying(fgf_flow *flow, size_t varying)
{
    assert(flow->stage == STAGE_START);
    flow->vanish = flow->settings.vanish * sqrt((double)varying);
}

bool fgf_flow_wants(const fgf_flow *flow, const fgf_real **point)
{
    *point = flow->stage == STAGE_ENDED ? NULL : flow->point;
    return flow->stage != STAGE_ENDED;
}

static void end_flow(fgf_flow *flow, fgf_flow_end end)
{
    flow->stage = STAGE_ENDED;
    flow->result.end = end;
}

bool fgf_flow_has_crossed(const fgf_flow *flow, double f)
{
    return flow->settings.target == FGF_FLOW_TO_BOUNDARY &&
           flow->sign * (f - flow->settings.f0) >= 0;
}

static bool is_on_boundary(const fgf_flow *flow, double f)
{
    return flow->settings.target == FGF_FLOW_TO_BOUNDARY &&
           fabs(f - flow->settings.f0) <= flow->residual;
}

/* What f(x) decides: which way to go, and what counts as arrived. */
static void set_course(fgf_flow *flow, double f)
{
    double f0 = flow->settings.f0;
    switch ((fgf_flow_target)flow->settings.target) {
    case FGF_FLOW_TO_BOUNDARY:
        flow->sign = f < f0 ? 1 : -1;
        break;
    case FGF_FLOW_ASCEND:
        flow->sign = 1;
        break;
    case FGF_FLOW_DESCEND:
        flow->sign = -1;
        break;
    }
    flow->residual = 1e-6 * fabs(f - f0);
#ifndef FGF_REAL_DOUBLE
    /* What a float32 logit can resolve. */
    flow->residual = fmax(flow->residual, 2e-5 * fmax(1, fabs(f)));
#endif
    flow->result.f_start = f;
}

bool fgf_flow_has_turned(const fgf_flow *flow)
{
    double dot = 0;
    if (flow->here.norm <= flow->vanish || flow->ahead.norm <= flow->vanish)
        return false;
    for (size_t i = 0; i < flow->n; i++)
        dot += (double)flow->here.g[i] * (double)flow->ahead.g[i];
    return dot < cos(flow->settings.turn_angle) * flow->here.norm * flow->ahead.norm;
}

/* Makes next, point and ahead the path's last point, at this arc length. */
static void accept(fgf_flow *flow, double arc)
{
    fgf_flow_result *result = &flow->result;
    double *position = flow->position;
    fgf_real *point = flow->here_point;
    flow_field here = flow->here;
    if (flow->stage != STAGE_START) {
        result->steps++;
        result->turns += fgf_flow_has_turned(flow);
        result->sliding = result->turns >= flow->settings.sliding_turns;
    }
    flow->position = flow->next;
    flow->next = position;
    flow->here_point = flow->point;
    flow->point = point;
    flow->here = flow->ahead;
    flow->ahead = here;
    flow->arc = result->length = arc;
    result->f_end = flow->here.f;
    result->residual =
        flow->settings.target == FGF_FLOW_TO_BOUNDARY ? fabs(flow->here.f - flow->settings.f0) : 0;
    flow->accepted = true;
}

/* Begins a step from here, no longer than what is left; or ends the flow. */
static void begin_step(fgf_flow *flow)
{
    double left = flow->limit - flow->arc;
    if (left <= 0) {
        end_flow(flow, FGF_FLOW_LENGTH);
    } else if (flow->here.norm <= flow->vanish) {
        end_flow(flow, FGF_FLOW_VANISHED);
    } else if (flow->tries == flow->settings.greatest_steps) {
        end_flow(flow, FGF_FLOW_STEPS);
    } else {
        flow->h = left <= flow->preferred * (1 + FLOW_SPECK) ? left : flow->preferred;
        flow->tries++;
        flow->stage = STAGE_STEP;
        flow->rule->begin(flow);
    }
}

/* The step in hand has its end: the path's next point, the boundary, or the search of it. */
static void end_step(fgf_flow *flow)
{
    double arc = flow->arc + flow->h;
    if (flow->h == flow->limit - flow->arc)
        arc = flow->limit;
    if (is_on_boundary(flow, flow->ahead.f)) {
        accept(flow, arc);
        end_flow(flow, FGF_FLOW_BOUNDARY);
    } else if (fgf_flow_has_crossed(flow, flow->ahead.f)) {
        flow->stage = STAGE_SEARCH;
        fgf_flow_search_begin(flow);
    } else {
        accept(flow, arc);
        begin_step(flow);
    }
}

static void take_ahead(fgf_flow *flow, double f, double norm, const fgf_real *g)
{
    flow->ahead.f = f;
    flow->ahead.norm = norm;
    memcpy(flow->ahead.g, g, flow->n * sizeof *g);
}

void fgf_flow_give(fgf_flow *flow, double f, const fgf_real *g)
{
    double norm = fgf_flow_norm(g, flow->n);
    assert(flow->stage != STAGE_ENDED);
    flow->accepted = false;
    flow->result.evaluations++;
    if (!isfinite(f) || !isfinite(norm)) {
        end_flow(flow, FGF_FLOW_NOT_FINITE);
        return;
    }
    switch (flow->stage) {
    case STAGE_START:
        take_ahead(flow, f, norm, g);
        set_course(flow, f);
        accept(flow, 0);
        if (is_on_boundary(flow, f))
            end_flow(flow, FGF_FLOW_BOUNDARY);
        else
            begin_step(flow);
        break;
    case STAGE_STEP:
        take_ahead(flow, f, norm, g);
        switch (flow->rule->give(flow)) {
        case STEP_WANTS:
            break;
        case STEP_REJECTED:
            begin_step(flow);
            break;
        case STEP_DONE:
            end_step(flow);
            break;
        }
        break;
    case STAGE_SEARCH:
        if (fgf_flow_search_give(flow, f, g)) {
            accept(flow, flow->arc + flow->search.t_best * flow->h);
            end_flow(flow, FGF_FLOW_BOUNDARY);
        }
        break;
    case STAGE_ENDED:
        break;
    }
}

bool fgf_flow_accepted(const fgf_flow *flow, fgf_flow_point *out)
{
    *out = (fgf_flow_point){
        .z = flow->here_point, .g = flow->here.g, .f = flow->here.f, .arc = flow->arc};
    return flow->accepted;
}

void fgf_flow_result_of(const fgf_flow *flow, fgf_flow_result *out)
{
    *out = flow->result;
}
