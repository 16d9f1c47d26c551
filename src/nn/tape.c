/* The passes of a tape. See nn.h for the formula; p, t, r are the adjoint, the tangent and the
 * second adjoint. */
#include "tape.h"

#include "fgf/kernel.h"

#include <assert.h>
#include <string.h>

/* ---- where things are ---- */

static fgf_real *of_case(const fgf_tape *tape, fgf_real *buffer, int boundary, int index)
{
    return buffer + fgf_boundary_size(tape->model, boundary) * (size_t)index;
}

static fgf_real *next_flow(fgf_tape *tape)
{
    tape->turn = 1 - tape->turn;
    return tape->flow[tape->turn];
}

static fgf_pass pass_of(const fgf_tape *tape, const fgf_real *parameters, int l, fgf_span span)
{
    const fgf_layer *layer = &tape->model->layer[l];
    const fgf_pass pass = {
        .parameters = parameters + layer->parameter_offset,
        .count = span.count,
        .state = tape->state[l] ? tape->state[l] + (size_t)span.first * layer->state_bytes : NULL,
        .work = tape->work,
        .dropping = tape->dropping};
    return pass;
}

/* The input of layer l as forward left it, NULL where it was not kept. */
static const fgf_real *value_at(const fgf_tape *tape, int l, int first)
{
    fgf_real *kept = tape->kept_value[l];
    return kept ? of_case(tape, kept, l, first) : NULL;
}

static fgf_span tail(const fgf_tape *tape)
{
    const fgf_span span = {tape->model->batched_from, tape->model->layer_count, 0, tape->count};
    return span;
}

static fgf_span head(const fgf_tape *tape, int index)
{
    const fgf_span span = {0, tape->model->batched_from, index, 1};
    return span;
}

/* ---- forward ---- */

static void forward(fgf_tape *tape, const fgf_real *parameters, fgf_span span, const fgf_real *in,
                    const fgf_stream *dropout, fgf_real *logit)
{
    const fgf_model *model = tape->model;
    for (int l = span.from; l < span.to; l++) {
        fgf_pass pass = pass_of(tape, parameters, l, span);
        pass.dropout = dropout ? dropout + span.first : NULL;
        fgf_real *kept = tape->kept_value[l + 1];
        fgf_real *out = l + 1 == model->layer_count ? logit + span.first
                        : kept                      ? of_case(tape, kept, l + 1, span.first)
                                                    : next_flow(tape);
        model->layer[l].kind->forward(&model->layer[l], &pass, in, out);
        in = out;
    }
}

void fgf_tape_forward(fgf_tape *tape, const fgf_real *parameters, const fgf_real *x, int count,
                      const fgf_stream *dropout, fgf_real *logit)
{
    const size_t size = fgf_boundary_size(tape->model, 0);
    assert(count >= 0 && count <= tape->capacity);
    tape->count = count;
    tape->dropping = dropout != NULL;
    tape->has_adjoints = false;
    if (tape->kept_value[0])
        memcpy(tape->kept_value[0], x, size * (size_t)count * sizeof *x);
    for (int i = 0; i < count; i++)
        forward(tape, parameters, head(tape, i), x + size * (size_t)i, dropout, logit);
    forward(tape, parameters, tail(tape), tape->kept_value[tape->model->batched_from], dropout,
            logit);
}

/* ---- input gradient ---- */

static void adjoints(fgf_tape *tape, const fgf_real *parameters, fgf_span span,
                     const fgf_real *p_out, fgf_real *g)
{
    const fgf_model *model = tape->model;
    for (int l = span.to - 1; l >= span.from; l--) {
        const fgf_pass pass = pass_of(tape, parameters, l, span);
        fgf_real *kept = tape->kept_adjoint[l];
        fgf_real *p_in = l == 0 ? of_case(tape, g, 0, span.first)
                         : kept ? of_case(tape, kept, l, span.first)
                                : next_flow(tape);
        model->layer[l].kind->backward(&model->layer[l], &pass, value_at(tape, l, span.first),
                                       p_out, p_in);
        p_out = p_in;
    }
}

void fgf_tape_input_gradient(fgf_tape *tape, const fgf_real *parameters, fgf_real *g)
{
    const int joint = tape->model->batched_from;
    assert(tape->passes == FGF_PASSES_INPUT || tape->passes == FGF_PASSES_REGULARIZED);
    adjoints(tape, parameters, tail(tape), tape->ones, g);
    for (int i = 0; joint > 0 && i < tape->count; i++)
        adjoints(tape, parameters, head(tape, i),
                 of_case(tape, tape->kept_adjoint[joint], joint, i), g);
    tape->has_adjoints = true;
}

/* ---- parameter gradient, plain ---- */

/* The first layer with parameters: below it no adjoint is wanted. */
static int lowest(const fgf_model *model)
{
    int l = 0;
    while (l < model->layer_count && model->layer[l].parameter_count == 0)
        l++;
    return l;
}

static void add_gradient(fgf_tape *tape, const fgf_real *parameters, int l, fgf_span span,
                         const fgf_real *q, const fgf_real *v, const fgf_real *bias_scale,
                         fgf_real *gradient)
{
    const fgf_layer *layer = &tape->model->layer[l];
    const fgf_pass pass = pass_of(tape, parameters, l, span);
    layer->kind->parameter_gradient(layer, &pass, value_at(tape, l, span.first), q, v, bias_scale,
                                    gradient + layer->parameter_offset);
}

/* p_out carries c already: the loss's backward pass is f's, times a number a case. */
static void plain(fgf_tape *tape, const fgf_real *parameters, fgf_span span, const fgf_real *p_out,
                  fgf_real *gradient)
{
    const fgf_model *model = tape->model;
    for (int l = span.to - 1; l >= span.from; l--) {
        const fgf_layer *layer = &model->layer[l];
        const fgf_real *a = value_at(tape, l, span.first);
        if (layer->parameter_count)
            add_gradient(tape, parameters, l, span, p_out, a, tape->ones, gradient);
        if (l <= lowest(model))
            return;
        const fgf_pass pass = pass_of(tape, parameters, l, span);
        fgf_real *p_in = l == model->batched_from
                             ? of_case(tape, tape->kept_adjoint[l], l, span.first)
                             : next_flow(tape);
        layer->kind->backward(layer, &pass, a, p_out, p_in);
        p_out = p_in;
    }
}

static void plain_gradient(fgf_tape *tape, const fgf_real *parameters, const fgf_real *c,
                           fgf_real *gradient)
{
    const int joint = tape->model->batched_from;
    tape->has_adjoints = false; /* those kept are overwritten */
    plain(tape, parameters, tail(tape), c, gradient);
    for (int i = 0; lowest(tape->model) < joint && i < tape->count; i++)
        plain(tape, parameters, head(tape, i), of_case(tape, tape->kept_adjoint[joint], joint, i),
              gradient);
}

/* ---- parameter gradient with u ---- */

/* What the functions below work on. */
typedef struct regularized {
    fgf_tape *tape;
    const fgf_real *parameters, *c, *u;
    fgf_real *gradient;
} regularized;

/* The adjoint at boundary b of span's cases, within the segment at work. */
static const fgf_real *adjoint_at(const fgf_tape *tape, int b, int first)
{
    if (b == tape->model->layer_count)
        return tape->ones;
    if (fgf_starts_segment(tape->model, b))
        return of_case(tape, tape->kept_adjoint[b], b, first);
    return tape->segment[b];
}

/* Makes the adjoints inside the segment again from the one kept at its end. */
static void fill_segment(const regularized *r, fgf_span segment)
{
    fgf_tape *tape = r->tape;
    for (int l = segment.to - 1; l > segment.from; l--) {
        const fgf_layer *layer = &tape->model->layer[l];
        const fgf_pass pass = pass_of(tape, r->parameters, l, segment);
        layer->kind->backward(layer, &pass, value_at(tape, l, segment.first),
                              adjoint_at(tape, l + 1, segment.first), tape->segment[l]);
    }
}

/* blend = scale_i x + y a case, over boundary b. */
static const fgf_real *blend(const regularized *r, int b, fgf_span span, const fgf_real *x,
                             const fgf_real *y)
{
    const size_t size = fgf_boundary_size(r->tape->model, b);
    for (int i = 0; i < span.count; i++)
        fgf_scale_add(size, r->c[span.first + i], x + size * (size_t)i, y + size * (size_t)i,
                      r->tape->blend + size * (size_t)i);
    return r->tape->blend;
}

/* The tangent forward through one segment, with p (x) t, or p (x) (c a + t) where r = 0. Returns
 * the tangent at its end. */
static const fgf_real *tangents(const regularized *r, fgf_span segment, const fgf_real *t_in)
{
    fgf_tape *tape = r->tape;
    const fgf_model *model = tape->model;
    for (int l = segment.from; l < segment.to; l++) {
        const fgf_layer *layer = &model->layer[l];
        const fgf_pass pass = pass_of(tape, r->parameters, l, segment);
        const fgf_real *a = value_at(tape, l, segment.first);
        const fgf_real *p_out = adjoint_at(tape, l + 1, segment.first);
        if (layer->parameter_count && model->piecewise_linear)
            add_gradient(tape, r->parameters, l, segment, p_out, blend(r, l, segment, a, t_in),
                         r->c + segment.first, r->gradient);
        else if (layer->parameter_count)
            add_gradient(tape, r->parameters, l, segment, p_out, t_in, NULL, r->gradient);
        if (l + 1 == model->layer_count)
            break; /* the logit's tangent is <u, grad f>, which nobody asks for */
        fgf_real *kept = tape->kept_tangent[l + 1];
        fgf_real *t_out = kept ? of_case(tape, kept, l + 1, segment.first)
                          : l + 1 == model->batched_from
                              ? of_case(tape, tape->joint_tangent, l + 1, segment.first)
                              : next_flow(tape);
        layer->kind->tangent(layer, &pass, a, t_in, t_out);
        t_in = t_out;
    }
    return t_in;
}

/* The second backward through one segment, with (c p + r) (x) a. Returns r at its beginning. */
static const fgf_real *seconds(const regularized *r, fgf_span segment, const fgf_real *r_out)
{
    fgf_tape *tape = r->tape;
    const fgf_model *model = tape->model;
    for (int l = segment.to - 1; l >= segment.from; l--) {
        const fgf_layer *layer = &model->layer[l];
        const fgf_pass pass = pass_of(tape, r->parameters, l, segment);
        const fgf_real *a = value_at(tape, l, segment.first);
        const fgf_real *p_out = adjoint_at(tape, l + 1, segment.first);
        if (layer->parameter_count)
            add_gradient(tape, r->parameters, l, segment, blend(r, l + 1, segment, p_out, r_out), a,
                         tape->ones, r->gradient);
        if (l <= lowest(model))
            break;
        fgf_real *r_in = l == model->batched_from
                             ? of_case(tape, tape->joint_second, l, segment.first)
                             : next_flow(tape);
        if (layer->kind->second_backward)
            layer->kind->second_backward(layer, &pass, a,
                                         of_case(tape, tape->kept_tangent[l], l, segment.first),
                                         p_out, r_out, r_in);
        else
            layer->kind->backward(layer, &pass, a, r_out, r_in);
        r_out = r_in;
    }
    return r_out;
}

static void sweep_tangents(const regularized *r, fgf_span span, const fgf_real *t)
{
    for (int from = span.from, to; from < span.to; from = to) {
        for (to = from + 1; to < span.to && !fgf_starts_segment(r->tape->model, to);)
            to++;
        const fgf_span segment = {from, to, span.first, span.count};
        fill_segment(r, segment);
        t = tangents(r, segment, t);
    }
}

static void sweep_seconds(const regularized *r, fgf_span span, const fgf_real *second)
{
    for (int to = span.to, from; to > span.from && to > lowest(r->tape->model); to = from) {
        for (from = to - 1; !fgf_starts_segment(r->tape->model, from);)
            from--;
        const fgf_span segment = {from, to, span.first, span.count};
        fill_segment(r, segment);
        second = seconds(r, segment, second);
    }
}

static void regularized_gradient(const regularized *r)
{
    fgf_tape *tape = r->tape;
    const fgf_model *model = tape->model;
    const int joint = model->batched_from;
    const size_t size = fgf_boundary_size(model, 0);
    for (int i = 0; joint > 0 && i < tape->count; i++)
        sweep_tangents(r, head(tape, i), r->u + size * (size_t)i);
    sweep_tangents(r, tail(tape), joint > 0 ? tape->joint_tangent : r->u);
    if (model->piecewise_linear)
        return;
    sweep_seconds(r, tail(tape), tape->zeros);
    for (int i = 0; i < tape->count; i++)
        sweep_seconds(r, head(tape, i), of_case(tape, tape->joint_second, joint, i));
}

void fgf_tape_parameter_gradient(fgf_tape *tape, const fgf_real *parameters, const fgf_real *c,
                                 const fgf_real *u, fgf_real *gradient)
{
    assert(tape->passes == FGF_PASSES_PLAIN || tape->passes == FGF_PASSES_REGULARIZED);
    if (!u) {
        plain_gradient(tape, parameters, c, gradient);
        return;
    }
    assert(tape->passes == FGF_PASSES_REGULARIZED && tape->has_adjoints);
    const regularized r = {tape, parameters, c, u, gradient};
    regularized_gradient(&r);
}
