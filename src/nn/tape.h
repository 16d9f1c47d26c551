/* The tape's memory, for the files of this folder. */
#ifndef FGF_NN_TAPE_H
#define FGF_NN_TAPE_H

#include "fgf/memory.h"
#include "model.h"

/* Layers [0, model->batched_from) run case by case, so that a case's images stay in cache and
 * transient buffers hold one case; the layers behind run on all cases at once.
 *
 * Boundaries are kept for all cases ("kept") only where a later pass reads them. Adjoints are kept
 * in front of weighted layers alone: those between, cheap to get and large, are made again from the
 * next kept one, a segment at a time. A segment runs from a weighted layer (or the first) to the
 * next. */
struct fgf_tape {
    const fgf_model *model;
    fgf_arena *arena;
    int capacity;
    fgf_passes passes;

    /* By boundary; [capacity][size] or NULL. */
    fgf_real **kept_value, **kept_adjoint, **kept_tangent;
    fgf_real *joint_tangent, *joint_second; /* at boundary batched_from */
    fgf_real **segment;                     /* inner adjoints of the segment at work, by boundary */
    unsigned char **state;                  /* by layer: [capacity][state_bytes] */
    fgf_real *flow[2];                      /* transient values, in turn */
    int turn;
    fgf_real *blend, *work, *ones, *zeros;

    /* Of the last forward pass. */
    int count;
    bool dropping, has_adjoints;
};

/* A run of layers on a run of cases. */
typedef struct fgf_span {
    int from, to;     /* layers [from, to) */
    int first, count; /* cases */
} fgf_span;

static inline bool fgf_starts_segment(const fgf_model *model, int layer)
{
    return layer == 0 || layer == model->batched_from ||
           (model->layer[layer].kind->flags & FGF_LAYER_WEIGHTED) != 0;
}

#endif
