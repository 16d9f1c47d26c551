/* The tape's memory, for the files of this folder. */
#ifndef FGF_NN_TAPE_H
#define FGF_NN_TAPE_H

#include "fgf/memory.h"
#include "model.h"

/* Steps [0, model->batched_from) run case by case, so that a case's images stay in cache and
 * transient buffers hold one case; the steps behind run on all cases at once.
 *
 * Boundaries are kept for all cases ("kept") only where a later pass reads them. Adjoints are kept
 * in front of weighted steps alone: those between, cheap to get and large, are made again from the
 * next kept one, a segment at a time. A segment runs from a weighted step (or the first, or the one
 * behind the front) to the next.
 *
 * Windows. A case whose input is zero outside a box is computed, in the front of the network, on
 * windows: at each boundary the box of what depends on the input. Beyond lies the background, the
 * values of an all-zero image, one for all cases, which is run as one more case behind the others.
 *
 * Going back, the adjoint inside a window depends on the adjoint inside the next one alone. What a
 * window gives to the pixels around the one below, and what stands outside the last window, acts on
 * the background, the same for all cases: it is added up in `shared`, and one backward pass of the
 * background gives the parameter gradient of all that lies outside the windows. */
struct fgf_tape {
    const fgf_model *model;
    fgf_arena *arena;
    int capacity;
    fgf_passes passes;
    const fgf_real *parameters;
    fgf_real **packed; /* by step */

    /* By boundary; [capacity][size] or NULL. */
    fgf_real **kept_value, **kept_adjoint, **kept_tangent;
    fgf_real *joint_tangent, *joint_second; /* at boundary batched_from */
    fgf_real **segment;                     /* inner adjoints of the segment at work, by boundary */
    unsigned char **state; /* by step: [capacity][state_bytes], of the front [capacity + 1] */
    fgf_real *flow[2];     /* transient values, in turn */
    int turn;
    fgf_real *crop[2]; /* the window's part of an adjoint, and of a second adjoint */
    fgf_real *blend, *work, *ones, *zeros;

    /* The front. */
    fgf_real **background, **shared; /* by boundary in (0, front], [size]; shared: or NULL */
    fgf_box *window;                 /* [capacity][front + 1] */
    bool *windowed;                  /* [capacity] */
    bool has_background;             /* of the parameters loaded */

    /* Of the last forward pass. */
    const fgf_real *x;
    int count, windowed_count;
    bool dropping, has_adjoints;
};

/* A run of steps on a run of cases. */
typedef struct fgf_span {
    int from, to;     /* steps [from, to) */
    int first, count; /* cases; first = capacity: the background */
} fgf_span;

static inline bool fgf_starts_segment(const fgf_model *model, int step)
{
    return step == 0 || step == model->batched_from || step == model->front ||
           (model->step[step].kind->flags & FGF_LAYER_WEIGHTED) != 0;
}

static inline fgf_real *fgf_tape_of_case(const fgf_tape *tape, fgf_real *buffer, int boundary,
                                         int index)
{
    return buffer + fgf_boundary_size(tape->model, boundary) * (size_t)index;
}

static inline fgf_real *fgf_tape_next_flow(fgf_tape *tape)
{
    tape->turn = 1 - tape->turn;
    return tape->flow[tape->turn];
}

fgf_span fgf_tape_head(const fgf_tape *tape, int index); /* case by case */
fgf_span fgf_tape_tail(const fgf_tape *tape);            /* all cases at once */

/* What an operation of step l is given on the cases of `span`; boxes as values are stored. */
fgf_pass fgf_tape_pass(const fgf_tape *tape, int l, fgf_span span);
/* The input of step l as forward left it, NULL where it was not kept. */
const fgf_real *fgf_tape_value(const fgf_tape *tape, int l, int first);
/* Where the value at boundary b goes. */
fgf_real *fgf_tape_value_place(fgf_tape *tape, int b, int first);
/* Runs span forward from its input; `logit` where it holds the last step. */
void fgf_tape_run_forward(fgf_tape *tape, fgf_span span, const fgf_real *in,
                          const fgf_stream *dropout, fgf_real *logit);

/* Makes the background of the parameters loaded, if it is not there (tape_background.c). */
void fgf_tape_run_background(fgf_tape *tape);

/* ---- windows (tape_window.c) ---- */

/* Sets the windows of case `index`, whose input is zero outside `support` (NULL: it is not). */
void fgf_tape_set_windows(fgf_tape *tape, int index, const fgf_box *support);
/* The whole image at boundary b. */
fgf_box fgf_tape_whole(const fgf_tape *tape, int b);
/* What is stored of a value or tangent at boundary b of a case, or of the background. */
fgf_box fgf_tape_stored(const fgf_tape *tape, int b, int index);
/* Where the backward pass of step b writes: the window at b and what lies around it. */
fgf_box fgf_tape_reach(const fgf_tape *tape, int b, int index);
/* True where adjoints at boundary b of the case cover more than its window. */
bool fgf_tape_spills(const fgf_tape *tape, int b, int index);
/* The window's part of an adjoint that spills, in crop[which]; others are returned as they are. */
const fgf_real *fgf_tape_crop(const fgf_tape *tape, int b, int index, const fgf_real *adjoint,
                              int which);
/* Adds scale times what an adjoint that spills has outside the window to the shared one. */
void fgf_tape_share(const fgf_tape *tape, int b, int index, fgf_real scale,
                    const fgf_real *adjoint);
/* The case's whole image at boundary `front`: window inside, `beyond` (NULL: zero) outside. */
void fgf_tape_complete(const fgf_tape *tape, int index, const fgf_real *window,
                       const fgf_real *beyond, fgf_real *whole);

#endif
