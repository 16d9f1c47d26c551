/* The windows of a tape's cases. */
#include "tape.h"

#include <string.h>

/* A window has to save this share of the products, or the case is computed whole. */
static const double worthwhile = 0.2;

static fgf_box *windows_of(const fgf_tape *tape, int index)
{
    return tape->window + (size_t)index * ((size_t)tape->model->front + 1);
}

fgf_box fgf_tape_whole(const fgf_tape *tape, int b)
{
    const fgf_model *model = tape->model;
    return fgf_box_whole(b == model->step_count ? model->step[b - 1].output : model->step[b].input);
}

static fgf_box touched(const fgf_layer *layer, const fgf_box *in)
{
    return layer->kind->touched ? layer->kind->touched(layer, in) : *in;
}

static fgf_box footprint(const fgf_layer *layer, const fgf_box *out)
{
    return layer->kind->footprint ? layer->kind->footprint(layer, out) : *out;
}

static fgf_box within(const fgf_box *box, const fgf_box *whole)
{
    fgf_box part = *box;
    for (int axis = 0; axis < 3; axis++) {
        part.from[axis] = part.from[axis] > 0 ? part.from[axis] : 0;
        part.to[axis] = part.to[axis] < whole->to[axis] ? part.to[axis] : whole->to[axis];
        part.to[axis] = part.to[axis] > part.from[axis] ? part.to[axis] : part.from[axis];
    }
    return part;
}

void fgf_tape_set_windows(fgf_tape *tape, int index, const fgf_box *support)
{
    const fgf_model *model = tape->model;
    fgf_box *window = windows_of(tape, index);
    double cost = 0, full = 0;
    tape->windowed[index] = false;
    if (!support || model->front == 0)
        return;
    const fgf_box image = fgf_tape_whole(tape, 0);
    window[0] = within(support, &image);
    for (int l = 0; l < model->front; l++) {
        const fgf_layer *layer = &model->step[l];
        window[l + 1] = touched(layer, &window[l]);
        cost += layer->cost * (double)fgf_box_pixels(&window[l + 1]);
        full += layer->cost * (double)fgf_shape_pixels(layer->output);
    }
    tape->windowed[index] = cost <= (1 - worthwhile) * full;
}

fgf_box fgf_tape_stored(const fgf_tape *tape, int b, int index)
{
    const fgf_box nothing = {{0, 0, 0}, {0, 0, 0}};
    if (index == tape->capacity)
        return b == 0 ? nothing : fgf_tape_whole(tape, b);
    if (b == 0 || b > tape->model->front || !tape->windowed[index])
        return fgf_tape_whole(tape, b);
    return windows_of(tape, index)[b];
}

bool fgf_tape_spills(const fgf_tape *tape, int b, int index)
{
    return b > 0 && b <= tape->model->front && index < tape->capacity && tape->windowed[index] &&
           fgf_starts_segment(tape->model, b);
}

fgf_box fgf_tape_reach(const fgf_tape *tape, int b, int index)
{
    if (b > tape->model->front || index == tape->capacity || !tape->windowed[index] ||
        b == tape->model->front)
        return fgf_tape_whole(tape, b);
    const fgf_box *window = windows_of(tape, index);
    fgf_box reach = window[b];
    if (b == 0)
        return reach;
    const fgf_box read = footprint(&tape->model->step[b], &window[b + 1]);
    for (int axis = 0; axis < 3 && fgf_box_pixels(&read) > 0; axis++) {
        reach.from[axis] = read.from[axis] < reach.from[axis] ? read.from[axis] : reach.from[axis];
        reach.to[axis] = read.to[axis] > reach.to[axis] ? read.to[axis] : reach.to[axis];
    }
    return reach;
}

static int channels_at(const fgf_tape *tape, int b)
{
    return tape->model->step[b].input.channels;
}

const fgf_real *fgf_tape_crop(const fgf_tape *tape, int b, int index, const fgf_real *adjoint,
                              int which)
{
    if (!fgf_tape_spills(tape, b, index))
        return adjoint;
    const fgf_box reach = fgf_tape_reach(tape, b, index);
    fgf_box_copy(channels_at(tape, b), &reach, adjoint, &windows_of(tape, index)[b],
                 tape->crop[which]);
    return tape->crop[which];
}

void fgf_tape_share(const fgf_tape *tape, int b, int index, fgf_real scale, const fgf_real *adjoint)
{
    if (!fgf_tape_spills(tape, b, index))
        return;
    const fgf_box reach = fgf_tape_reach(tape, b, index), whole = fgf_tape_whole(tape, b);
    fgf_box_add(channels_at(tape, b), scale, &reach, adjoint, &windows_of(tape, index)[b], &whole,
                tape->shared[b]);
}

void fgf_tape_complete(const fgf_tape *tape, int index, const fgf_real *window,
                       const fgf_real *beyond, fgf_real *whole)
{
    const int b = tape->model->front;
    const size_t bytes = fgf_boundary_size(tape->model, b) * sizeof *whole;
    const fgf_box all = fgf_tape_whole(tape, b);
    if (beyond)
        memcpy(whole, beyond, bytes);
    else
        memset(whole, 0, bytes);
    fgf_box_copy(channels_at(tape, b), &windows_of(tape, index)[b], window, &all, whole);
}
