/* The planned model, for the files of this folder. */
#ifndef FGF_NN_MODEL_H
#define FGF_NN_MODEL_H

#include "layer.h"

struct fgf_model {
    fgf_layer *layer; /* as specified */
    int layer_count;
    /* What passes run: the layers, but for a convolution and the max-pool behind it, which are one
     * step; an activation between the two follows them. */
    fgf_layer *step;
    int step_count;
    int batched_from; /* steps before it go case by case, it and those behind by whole passes */
    int front; /* steps [0, front) are LOCAL: they can run on boxes. 0 or a convolution first */
    bool piecewise_linear;
    size_t parameter_count;
    fgf_parameter_array *array;       /* what callers see ... */
    const fgf_layer_array **shape_of; /* ... and the layer's own view of it */
    size_t array_count;
    fgf_buffer description; /* the layer table as JSON */
};

/* Boundary b lies before step b; boundary step_count is the logit. */
static inline size_t fgf_boundary_size(const fgf_model *model, int b)
{
    return b == model->step_count ? 1 : fgf_layer_in(&model->step[b]);
}

/* Sets step, step_count, batched_from and front from the planned layers (steps.c). */
fgf_status fgf_model_plan_steps(fgf_model *model) FGF_CHECKED;
void fgf_model_clear_steps(fgf_model *model);

/* Where element `external` of an array in PyTorch's order stands in the array as stored. */
size_t fgf_array_place(const fgf_layer_array *array, size_t external);

/* Adds layer `layer` (planned from `settings`) to the table. */
void fgf_describe_layer(fgf_buffer *out, const fgf_layer *layer, const void *settings);

#endif
