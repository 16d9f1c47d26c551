/* The forward pass of a tape and the input gradient. See nn.h for the formulas; p, t, r are the
 * adjoint, the tangent and the second adjoint. */
#include "tape.h"

#include <assert.h>
#include <string.h>

/* ---- where things are ---- */

fgf_span fgf_tape_tail(const fgf_tape *tape)
{
    const fgf_span span = {tape->model->batched_from, tape->model->step_count, 0, tape->count};
    return span;
}

fgf_span fgf_tape_head(const fgf_tape *tape, int index)
{
    const fgf_span span = {0, tape->model->batched_from, index, 1};
    return span;
}

fgf_pass fgf_tape_pass(const fgf_tape *tape, int l, fgf_span span)
{
    const fgf_layer *layer = &tape->model->step[l];
    fgf_pass pass = {
        .parameters = tape->parameters + layer->parameter_offset,
        .packed = tape->packed[l],
        .count = span.count,
        .in = fgf_box_whole(layer->input),
        .out = fgf_box_whole(layer->output),
        .state = tape->state[l] ? tape->state[l] + (size_t)span.first * layer->state_bytes : NULL,
        .work = tape->work,
        .dropping = tape->dropping};
    if (l < tape->model->front) {
        pass.in = fgf_tape_stored(tape, l, span.first);
        pass.out = fgf_tape_stored(tape, l + 1, span.first);
        pass.beyond = span.first < tape->capacity ? tape->background[l] : NULL;
    }
    return pass;
}

const fgf_real *fgf_tape_value(const fgf_tape *tape, int l, int first)
{
    if (first == tape->capacity)
        return l == 0 ? tape->zeros : tape->background[l];
    if (l == 0)
        return fgf_tape_of_case(tape, (fgf_real *)tape->x, 0, first);
    fgf_real *kept = tape->kept_value[l];
    return kept ? fgf_tape_of_case(tape, kept, l, first) : NULL;
}

/* ---- forward ---- */

fgf_real *fgf_tape_value_place(fgf_tape *tape, int b, int first)
{
    if (first == tape->capacity)
        return tape->background[b];
    fgf_real *kept = tape->kept_value[b];
    return kept ? fgf_tape_of_case(tape, kept, b, first) : fgf_tape_next_flow(tape);
}

void fgf_tape_run_forward(fgf_tape *tape, fgf_span span, const fgf_real *in,
                          const fgf_stream *dropout, fgf_real *logit)
{
    const fgf_model *model = tape->model;
    for (int l = span.from; l < span.to; l++) {
        fgf_pass pass = fgf_tape_pass(tape, l, span);
        pass.dropout = dropout ? dropout + span.first : NULL;
        const bool completes =
            l + 1 == model->front && span.first < tape->capacity && tape->windowed[span.first];
        fgf_real *out = l + 1 == model->step_count ? logit + span.first
                        : completes                ? fgf_tape_next_flow(tape)
                                                   : fgf_tape_value_place(tape, l + 1, span.first);
        model->step[l].kind->forward(&model->step[l], &pass, in, out);
        in = out;
        if (completes) {
            fgf_real *whole = fgf_tape_value_place(tape, l + 1, span.first);
            fgf_tape_complete(tape, span.first, in, tape->background[l + 1], whole);
            in = whole;
        }
    }
}

void fgf_tape_load(fgf_tape *tape, const fgf_real *parameters)
{
    const fgf_model *model = tape->model;
    tape->parameters = parameters;
    tape->has_background = false;
    tape->has_adjoints = false;
    tape->count = 0;
    for (int l = 0; l < model->step_count; l++)
        if (tape->packed[l])
            model->step[l].kind->pack(&model->step[l], parameters + model->step[l].parameter_offset,
                                      tape->packed[l]);
}

void fgf_tape_forward(fgf_tape *tape, const fgf_real *x, int count, const fgf_box *support,
                      const fgf_stream *dropout, fgf_real *logit)
{
    const size_t size = fgf_boundary_size(tape->model, 0);
    assert(tape->parameters && count >= 0 && count <= tape->capacity);
    tape->x = x;
    tape->count = count;
    tape->windowed_count = 0;
    tape->dropping = dropout != NULL;
    tape->has_adjoints = false;
    for (int i = 0; i < count; i++) {
        fgf_tape_set_windows(tape, i, support ? &support[i] : NULL);
        tape->windowed_count += tape->windowed[i];
    }
    if (tape->windowed_count > 0)
        fgf_tape_run_background(tape);
    for (int i = 0; i < count; i++)
        fgf_tape_run_forward(tape, fgf_tape_head(tape, i), x + size * (size_t)i, dropout, logit);
    fgf_tape_run_forward(tape, fgf_tape_tail(tape),
                         fgf_tape_value(tape, tape->model->batched_from, 0), dropout, logit);
}

/* ---- input gradient ---- */

/* The backward pass of step 0, into the case's box of its gradient's image. */
static void input_adjoint(fgf_tape *tape, const fgf_pass *pass, int index, const fgf_real *p_out,
                          fgf_real *g)
{
    const fgf_layer *layer = &tape->model->step[0];
    const fgf_box whole = fgf_tape_whole(tape, 0);
    const bool boxed = fgf_box_pixels(&pass->in) < fgf_box_pixels(&whole);
    fgf_real *p_in = boxed ? fgf_tape_next_flow(tape) : g;
    layer->kind->backward(layer, pass, fgf_tape_value(tape, 0, index), p_out, p_in);
    if (boxed)
        fgf_box_copy(layer->input.channels, &pass->in, p_in, &whole, g);
}

static void adjoints(fgf_tape *tape, fgf_span span, const fgf_real *p_out, fgf_real *g)
{
    const fgf_model *model = tape->model;
    for (int l = span.to - 1; l >= span.from; l--) {
        const fgf_layer *layer = &model->step[l];
        fgf_pass pass = fgf_tape_pass(tape, l, span);
        if (l < model->front) {
            p_out = fgf_tape_crop(tape, l + 1, span.first, p_out, 0);
            pass.in = fgf_tape_reach(tape, l, span.first);
        }
        if (l == 0) {
            input_adjoint(tape, &pass, span.first, p_out, fgf_tape_of_case(tape, g, 0, span.first));
            return;
        }
        fgf_real *kept = tape->kept_adjoint[l];
        fgf_real *p_in =
            kept ? fgf_tape_of_case(tape, kept, l, span.first) : fgf_tape_next_flow(tape);
        layer->kind->backward(layer, &pass, fgf_tape_value(tape, l, span.first), p_out, p_in);
        p_out = p_in;
    }
}

void fgf_tape_input_gradient(fgf_tape *tape, fgf_real *g)
{
    const int joint = tape->model->batched_from;
    assert(tape->passes == FGF_PASSES_INPUT || tape->passes == FGF_PASSES_REGULARIZED);
    adjoints(tape, fgf_tape_tail(tape), tape->ones, g);
    for (int i = 0; joint > 0 && i < tape->count; i++)
        adjoints(tape, fgf_tape_head(tape, i),
                 fgf_tape_of_case(tape, tape->kept_adjoint[joint], joint, i), g);
    tape->has_adjoints = true;
}
