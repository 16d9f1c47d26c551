/* The background: the activations of an all-zero image.
 *
 * They are the same at every pixel but near the image's border, where windows reach into the
 * padding. So a block is computed at one pixel of that uniform part, which is then copied, and at
 * the frame around it: equal windows give equal bits. */
#include "tape.h"

enum { FAR = 1 << 20 }; /* beyond every padding */

/* The part of a block's output that is uniform where the part `uniform` of its input is: what the
 * input beside it, or the padding, does not touch. */
static fgf_box uniform_behind(const fgf_layer *layer, const fgf_box *uniform)
{
    const fgf_box whole = fgf_box_whole(layer->output);
    fgf_box before, behind, part;
    for (int axis = 0; axis < 3; axis++) {
        before.from[axis] = -FAR;
        before.to[axis] = uniform->from[axis];
        behind.from[axis] = uniform->to[axis];
        behind.to[axis] = FAR;
    }
    const fgf_box low = layer->kind->touched(layer, &before);
    const fgf_box high = layer->kind->touched(layer, &behind);
    for (int axis = 0; axis < 3; axis++) {
        part.from[axis] = low.to[axis] > 0 ? low.to[axis] : 0;
        part.to[axis] = high.from[axis] < whole.to[axis] ? high.from[axis] : whole.to[axis];
    }
    return part;
}

/* Runs the block at step l over the box `out` of the background. */
static void run_piece(fgf_tape *tape, int l, const fgf_box *out)
{
    const fgf_layer *layer = &tape->model->step[l];
    const fgf_span span = {l, l + 1, tape->capacity, 1};
    const fgf_box whole = fgf_tape_whole(tape, l + 1);
    const size_t state = layer->state_bytes / (size_t)fgf_box_pixels(&whole);
    fgf_pass pass = fgf_tape_pass(tape, l, span);
    unsigned char *kept = pass.state;
    if (fgf_box_pixels(out) == 0)
        return;
    pass.out = *out;
    pass.state = kept ? (unsigned char *)tape->flow[1] : NULL;
    layer->kind->forward(layer, &pass, fgf_tape_value(tape, l, tape->capacity), tape->flow[0]);
    fgf_box_copy(layer->output.channels, out, tape->flow[0], &whole, tape->background[l + 1]);
    if (kept)
        fgf_box_copy_bytes(state, out, pass.state, &whole, kept);
}

/* What lies around `part`: a slab on either side of each axis. */
static void run_frame(fgf_tape *tape, int l, const fgf_box *part)
{
    fgf_box left = fgf_tape_whole(tape, l + 1);
    for (int axis = 0; axis < 3; axis++) {
        fgf_box before = left, behind = left;
        before.to[axis] = part->from[axis];
        behind.from[axis] = part->to[axis];
        run_piece(tape, l, &before);
        run_piece(tape, l, &behind);
        left.from[axis] = part->from[axis];
        left.to[axis] = part->to[axis];
    }
}

/* The pixel at the part's beginning, copied to all of it. */
static void spread_pixel(fgf_tape *tape, int l, const fgf_box *part)
{
    const fgf_layer *layer = &tape->model->step[l];
    const fgf_span span = {l, l + 1, tape->capacity, 1};
    const fgf_box whole = fgf_tape_whole(tape, l + 1);
    const size_t state = layer->state_bytes / (size_t)fgf_box_pixels(&whole);
    const fgf_pass pass = fgf_tape_pass(tape, l, span);
    fgf_box one = *part;
    for (int axis = 0; axis < 3; axis++)
        one.to[axis] = one.from[axis] + 1;
    run_piece(tape, l, &one);
    fgf_box_fill_bytes((size_t)layer->output.channels * sizeof(fgf_real), tape->flow[0], part,
                       &whole, tape->background[l + 1]);
    if (pass.state)
        fgf_box_fill_bytes(state, tape->flow[1], part, &whole, pass.state);
}

void fgf_tape_run_background(fgf_tape *tape)
{
    fgf_box uniform = {{-FAR, -FAR, -FAR}, {FAR, FAR, FAR}}; /* zeros, the padding too */
    const fgf_real *in = tape->zeros;
    for (int l = 0; !tape->has_background && l < tape->model->front; l++) {
        const fgf_layer *layer = &tape->model->step[l];
        if (layer->kind->touched)
            uniform = uniform_behind(layer, &uniform);
        if (layer->kind->touched && fgf_box_pixels(&uniform) > 1) {
            run_frame(tape, l, &uniform);
            spread_pixel(tape, l, &uniform);
        } else {
            const fgf_span span = {l, l + 1, tape->capacity, 1};
            fgf_tape_run_forward(tape, span, in, NULL, NULL);
        }
        in = tape->background[l + 1];
    }
    tape->has_background = true;
}
