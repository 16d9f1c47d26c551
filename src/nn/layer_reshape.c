/* Layers that change no value: identity and flatten. */
#include "layer.h"

#include <limits.h>
#include <string.h>

static fgf_status plan_identity(fgf_layer *layer, const void *given)
{
    (void)given;
    fgf_layer_keep_shape(layer);
    return FGF_OK;
}

static fgf_status plan_flatten(fgf_layer *layer, const void *given)
{
    fgf_status status = FGF_OK;
    (void)given;
    if (fgf_shape_size(layer->input) > INT_MAX)
        FGF_TRY(fgf_layer_misfit(layer, "its input has more than %d values", INT_MAX));
    layer->output = (fgf_shape){(int)fgf_shape_size(layer->input), 1, 1, 1};
    layer->output_origin = layer->input_origin;
done:
    return status;
}

static void forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b)
{
    memcpy(b, a, (size_t)pass->count * fgf_pass_values(layer, pass) * sizeof *b);
}

static void derivative(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                       const fgf_real *in, fgf_real *out)
{
    (void)a;
    forward(layer, pass, in, out);
}

const fgf_layer_kind fgf_layer_identity = {.item = {"identity", "the input as it is", NULL, 0},
                                           .plan = plan_identity,
                                           .forward = forward,
                                           .backward = derivative,
                                           .tangent = derivative};
const fgf_layer_kind fgf_layer_flatten = {
    .item = {"flatten", "the image as one row of values", NULL, 0},
    .plan = plan_flatten,
    .forward = forward,
    .backward = derivative,
    .tangent = derivative};
