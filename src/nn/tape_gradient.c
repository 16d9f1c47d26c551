/* The parameter gradient of a tape's cases, plain and with u. */
#include "tape.h"

#include <assert.h>
#include <string.h>

/* The first step with parameters: below it no adjoint is wanted. */
static int lowest(const fgf_model *model)
{
    int l = 0;
    while (l < model->step_count && model->step[l].parameter_count == 0)
        l++;
    return l;
}

static void add_gradient(fgf_tape *tape, int l, const fgf_pass *pass, int first, const fgf_real *q,
                         const fgf_real *v, const fgf_real *bias_scale, fgf_real *gradient)
{
    const fgf_layer *layer = &tape->model->step[l];
    if (layer->parameter_count)
        layer->kind->parameter_gradient(layer, pass, fgf_tape_value(tape, l, first), q, v,
                                        bias_scale, gradient + layer->parameter_offset);
}

/* The pass in which step l goes back: its input's box is where the adjoint is written. */
static fgf_pass pass_back(const fgf_tape *tape, int l, fgf_span span)
{
    fgf_pass pass = fgf_tape_pass(tape, l, span);
    if (l < tape->model->front)
        pass.in = fgf_tape_reach(tape, l, span.first);
    return pass;
}

/* ---- plain ---- */

static bool is_background(const fgf_tape *tape, fgf_span span)
{
    return span.first == tape->capacity;
}

/* What the cases have added to the background's adjoint at boundary b joins its own. */
static const fgf_real *join_shared(fgf_tape *tape, int b, const fgf_real *own)
{
    fgf_real *shared = tape->shared[b];
    if (!shared)
        return own;
    const size_t n = fgf_boundary_size(tape->model, b);
    for (size_t i = 0; own && i < n; i++)
        shared[i] += own[i];
    return shared;
}

/* p_out carries c already: the loss's backward pass is f's, times a number a case. */
static void plain(fgf_tape *tape, fgf_span span, const fgf_real *p_out, fgf_real *gradient)
{
    const fgf_model *model = tape->model;
    for (int l = span.to - 1; l >= span.from; l--) {
        const fgf_layer *layer = &model->step[l];
        const fgf_real *a = fgf_tape_value(tape, l, span.first);
        if (is_background(tape, span)) {
            p_out = join_shared(tape, l + 1, p_out);
            a = l == 0 ? NULL : a; /* its input is zero */
        } else if (l < model->front) {
            fgf_tape_share(tape, l + 1, span.first, 1, p_out);
            p_out = fgf_tape_crop(tape, l + 1, span.first, p_out, 0);
        }
        const fgf_pass pass = fgf_tape_pass(tape, l, span);
        add_gradient(tape, l, &pass, span.first, p_out, a, tape->ones, gradient);
        if (l <= lowest(model))
            return;
        const fgf_pass back = pass_back(tape, l, span);
        fgf_real *p_in = l == model->batched_from
                             ? fgf_tape_of_case(tape, tape->kept_adjoint[l], l, span.first)
                             : fgf_tape_next_flow(tape);
        layer->kind->backward(layer, &back, a, p_out, p_in);
        p_out = p_in;
    }
}

static void clear_shared(fgf_tape *tape)
{
    for (int b = 1; tape->windowed_count > 0 && b <= tape->model->front; b++)
        if (tape->shared[b])
            memset(tape->shared[b], 0, fgf_boundary_size(tape->model, b) * sizeof *tape->shared[b]);
}

/* The gradient of what lies outside all windows. */
static void background_gradient(fgf_tape *tape, fgf_real *gradient)
{
    const fgf_span span = {0, tape->model->front, tape->capacity, 1};
    if (tape->windowed_count > 0)
        plain(tape, span, NULL, gradient);
}

static void plain_gradient(fgf_tape *tape, const fgf_real *c, fgf_real *gradient)
{
    const int joint = tape->model->batched_from;
    tape->has_adjoints = false; /* those kept are overwritten */
    clear_shared(tape);
    plain(tape, fgf_tape_tail(tape), c, gradient);
    if (lowest(tape->model) >= joint)
        return;
    for (int i = 0; i < tape->count; i++)
        plain(tape, fgf_tape_head(tape, i),
              fgf_tape_of_case(tape, tape->kept_adjoint[joint], joint, i), gradient);
    background_gradient(tape, gradient);
}

/* ---- with u ---- */

/* What the functions below work on. */
typedef struct regularized {
    fgf_tape *tape;
    const fgf_real *c, *u;
    fgf_real *gradient;
} regularized;

/* The adjoint at boundary b of span's cases, within the segment at work. */
static const fgf_real *adjoint_at(const fgf_tape *tape, int b, int first)
{
    if (b == tape->model->step_count)
        return tape->ones;
    if (!fgf_starts_segment(tape->model, b))
        return tape->segment[b];
    return fgf_tape_crop(tape, b, first, fgf_tape_of_case(tape, tape->kept_adjoint[b], b, first),
                         0);
}

/* Makes the adjoints inside the segment again from the one kept at its end. */
static void fill_segment(const regularized *r, fgf_span segment)
{
    fgf_tape *tape = r->tape;
    for (int l = segment.to - 1; l > segment.from; l--) {
        const fgf_layer *layer = &tape->model->step[l];
        const fgf_pass pass = fgf_tape_pass(tape, l, segment);
        layer->kind->backward(layer, &pass, fgf_tape_value(tape, l, segment.first),
                              adjoint_at(tape, l + 1, segment.first), tape->segment[l]);
    }
}

/* blend = scale_i x + y, `size` values a case. */
static const fgf_real *blend(const regularized *r, fgf_span span, size_t size, const fgf_real *x,
                             const fgf_real *y)
{
    for (int i = 0; i < span.count; i++)
        fgf_scale_add(size, r->c[span.first + i], x + size * (size_t)i, y + size * (size_t)i,
                      r->tape->blend + size * (size_t)i);
    return r->tape->blend;
}

/* The same in front of a weighted step that reads beyond the window: over all that it reads. */
static const fgf_real *blend_around(const regularized *r, fgf_pass *pass, int l, int index,
                                    const fgf_real *a, const fgf_real *t)
{
    fgf_tape *tape = r->tape;
    const fgf_layer *layer = &tape->model->step[l];
    const fgf_box stored = pass->in, whole = fgf_tape_whole(tape, l), nothing = {{0}, {0}};
    const int channels = layer->input.channels;
    pass->in = l == 0 ? layer->kind->footprint(layer, &pass->out) : fgf_tape_reach(tape, l, index);
    const size_t n = fgf_pass_values(layer, pass);
    memset(tape->blend, 0, n * sizeof *tape->blend);
    if (pass->beyond)
        fgf_box_copy(channels, &whole, pass->beyond, &pass->in, tape->blend);
    fgf_box_copy(channels, &stored, a, &pass->in, tape->blend);
    for (size_t i = 0; i < n; i++)
        tape->blend[i] *= r->c[index];
    fgf_box_add(channels, 1, &stored, t, &nothing, &pass->in, tape->blend);
    pass->beyond = NULL;
    return tape->blend;
}

/* q (x) t, or q (x) (c a + t) where there is no second backward pass. */
static void add_tangent_gradient(const regularized *r, int l, fgf_span segment, const fgf_real *t)
{
    fgf_tape *tape = r->tape;
    const fgf_layer *layer = &tape->model->step[l];
    const fgf_real *a = fgf_tape_value(tape, l, segment.first);
    const fgf_real *q = adjoint_at(tape, l + 1, segment.first);
    fgf_pass pass = fgf_tape_pass(tape, l, segment);
    if (!tape->model->piecewise_linear) {
        pass.beyond = NULL; /* of a tangent */
        add_gradient(tape, l, &pass, segment.first, q, t, NULL, r->gradient);
        return;
    }
    const bool around =
        l < tape->model->front && tape->windowed[segment.first] && layer->kind->footprint != NULL;
    const fgf_real *v = around ? blend_around(r, &pass, l, segment.first, a, t)
                               : blend(r, segment, fgf_pass_values(layer, &pass), a, t);
    add_gradient(tape, l, &pass, segment.first, q, v, r->c + segment.first, r->gradient);
}

/* Where the tangent at boundary b goes. */
static fgf_real *tangent_place(fgf_tape *tape, int b, int first)
{
    if (tape->kept_tangent[b])
        return fgf_tape_of_case(tape, tape->kept_tangent[b], b, first);
    if (b == tape->model->batched_from)
        return fgf_tape_of_case(tape, tape->joint_tangent, b, first);
    return fgf_tape_next_flow(tape);
}

/* The tangent forward through one segment. Returns the tangent at its end. */
static const fgf_real *tangents(const regularized *r, fgf_span segment, const fgf_real *t_in)
{
    fgf_tape *tape = r->tape;
    const fgf_model *model = tape->model;
    for (int l = segment.from; l < segment.to; l++) {
        const fgf_layer *layer = &model->step[l];
        if (layer->parameter_count)
            add_tangent_gradient(r, l, segment, t_in);
        if (l + 1 == model->step_count)
            break; /* the logit's tangent is <u, grad f>, which nobody asks for */
        fgf_pass pass = fgf_tape_pass(tape, l, segment);
        pass.beyond = NULL;
        const bool completes = l + 1 == model->front && tape->windowed[segment.first];
        fgf_real *t_out =
            completes ? fgf_tape_next_flow(tape) : tangent_place(tape, l + 1, segment.first);
        layer->kind->tangent(layer, &pass, fgf_tape_value(tape, l, segment.first), t_in, t_out);
        t_in = t_out;
        if (completes) {
            fgf_real *whole = tangent_place(tape, l + 1, segment.first);
            fgf_tape_complete(tape, segment.first, t_in, NULL, whole);
            t_in = whole;
        }
    }
    return t_in;
}

/* The second backward through one segment, with (c p + r) (x) a. Returns r at its beginning. */
static const fgf_real *seconds(const regularized *r, fgf_span segment, const fgf_real *r_out)
{
    fgf_tape *tape = r->tape;
    const fgf_model *model = tape->model;
    for (int l = segment.to - 1; l >= segment.from; l--) {
        const fgf_layer *layer = &model->step[l];
        const fgf_real *a = fgf_tape_value(tape, l, segment.first);
        const fgf_real *p_out = adjoint_at(tape, l + 1, segment.first);
        const fgf_pass pass = fgf_tape_pass(tape, l, segment);
        if (l < model->front) {
            fgf_tape_share(tape, l + 1, segment.first, 1, r_out);
            r_out = fgf_tape_crop(tape, l + 1, segment.first, r_out, 1);
        }
        const size_t out = (size_t)fgf_box_pixels(&pass.out) * (size_t)layer->output.channels;
        if (layer->parameter_count)
            add_gradient(tape, l, &pass, segment.first, blend(r, segment, out, p_out, r_out), a,
                         tape->ones, r->gradient);
        if (l <= lowest(model))
            break;
        const fgf_pass back = pass_back(tape, l, segment);
        fgf_real *r_in = l == model->batched_from
                             ? fgf_tape_of_case(tape, tape->joint_second, l, segment.first)
                             : fgf_tape_next_flow(tape);
        if (layer->kind->second_backward)
            layer->kind->second_backward(
                layer, &back, a, fgf_tape_of_case(tape, tape->kept_tangent[l], l, segment.first),
                p_out, r_out, r_in);
        else
            layer->kind->backward(layer, &back, a, r_out, r_in);
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

/* What c p has outside the windows; the adjoints were kept without c. */
static void share_adjoints(const regularized *r)
{
    fgf_tape *tape = r->tape;
    clear_shared(tape);
    for (int i = 0; i < tape->count; i++)
        for (int b = 1; b <= tape->model->front; b++)
            if (fgf_tape_spills(tape, b, i))
                fgf_tape_share(tape, b, i, r->c[i],
                               fgf_tape_of_case(tape, tape->kept_adjoint[b], b, i));
}

static void regularized_gradient(const regularized *r)
{
    fgf_tape *tape = r->tape;
    const fgf_model *model = tape->model;
    const int joint = model->batched_from;
    const size_t size = fgf_boundary_size(model, 0);
    share_adjoints(r);
    for (int i = 0; joint > 0 && i < tape->count; i++)
        sweep_tangents(r, fgf_tape_head(tape, i), r->u + size * (size_t)i);
    sweep_tangents(r, fgf_tape_tail(tape), joint > 0 ? tape->joint_tangent : r->u);
    if (!model->piecewise_linear) {
        sweep_seconds(r, fgf_tape_tail(tape), tape->zeros);
        for (int i = 0; joint > 0 && i < tape->count; i++)
            sweep_seconds(r, fgf_tape_head(tape, i),
                          fgf_tape_of_case(tape, tape->joint_second, joint, i));
    }
    background_gradient(tape, r->gradient);
}

void fgf_tape_parameter_gradient(fgf_tape *tape, const fgf_real *c, const fgf_real *u,
                                 fgf_real *gradient)
{
    assert(tape->passes == FGF_PASSES_PLAIN || tape->passes == FGF_PASSES_REGULARIZED);
    if (!u) {
        plain_gradient(tape, c, gradient);
        return;
    }
    assert(tape->passes == FGF_PASSES_REGULARIZED && tape->has_adjoints);
    const regularized r = {tape, c, u, gradient};
    regularized_gradient(&r);
}
