/* The planned model, for the files of this folder. */
#ifndef FGF_NN_MODEL_H
#define FGF_NN_MODEL_H

#include "layer.h"

struct fgf_model {
    fgf_layer *layer;
    int layer_count;
    int batched_from; /* layers before it go case by case, it and those behind by whole passes */
    bool piecewise_linear;
    size_t parameter_count;
    fgf_parameter_array *array;       /* what callers see ... */
    const fgf_layer_array **shape_of; /* ... and the layer's own view of it */
    size_t array_count;
    fgf_buffer description; /* the layer table as JSON */
};

/* Boundary b lies before layer b; boundary layer_count is the logit. */
static inline size_t fgf_boundary_size(const fgf_model *model, int b)
{
    return b == model->layer_count ? 1 : fgf_layer_in(&model->layer[b]);
}

/* Where element `external` of an array in PyTorch's order stands in the array as stored. */
size_t fgf_array_place(const fgf_layer_array *array, size_t external);

/* Adds layer `layer` (planned from `settings`) to the table. */
void fgf_describe_layer(fgf_buffer *out, const fgf_layer *layer, const void *settings);

#endif
