/* PReLU: leaky ReLU whose slope is learned, one a channel. */
#include "fgf/kernel.h"
#include "layer.h"

typedef struct settings {
    double slope;
} settings;

static const fgf_key keys[] = {{"slope", FGF_KEY_REAL, offsetof(settings, slope), "0.25", -1e6, 1e6,
                                NULL, "1", "initial factor of values not above 0"},
                               {0}};

static fgf_status plan(fgf_layer *layer, const void *given)
{
    const fgf_shape origin = layer->input_origin;
    const long channels = layer->input.channels;
    fgf_layer_array slope = {.suffix = "slope",
                             .role = FGF_ARRAY_CONSTANT,
                             .constant = ((const settings *)given)->slope,
                             .fan_in = 1,
                             .fan_out = 1,
                             .axes = 1,
                             .stored = {channels},
                             .rank = 1,
                             .dims = {channels}};
    fgf_layer_keep_shape(layer);
    /* Behind a flatten each value of the image is a channel. */
    if (fgf_shape_pixels(origin) != fgf_shape_pixels(layer->input)) {
        const long stored[] = {origin.depth, origin.height, origin.width, origin.channels};
        const int permute[] = {3, 0, 1, 2};
        slope.axes = 4;
        for (int axis = 0; axis < 4; axis++) {
            slope.stored[axis] = stored[axis];
            slope.permute[axis] = permute[axis];
        }
    }
    layer->array[layer->array_count++] = slope;
    return FGF_OK;
}

static size_t pixels(const fgf_layer *layer, const fgf_pass *pass)
{
    (void)layer;
    return (size_t)pass->count * (size_t)fgf_box_pixels(&pass->in);
}

static void forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b)
{
    fgf_prelu_forward(pixels(layer, pass), layer->input.channels, pass->parameters, a, b);
}

static void derivative(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                       const fgf_real *in, fgf_real *out)
{
    fgf_prelu_derivative(pixels(layer, pass), layer->input.channels, pass->parameters, a, in, out);
}

static void parameter_gradient(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                               const fgf_real *q, const fgf_real *v, const fgf_real *bias_scale,
                               fgf_real *gradient)
{
    const size_t n = fgf_pass_values(layer, pass);
    (void)bias_scale;
    for (int i = 0; i < pass->count; i++)
        fgf_prelu_slopes((size_t)fgf_box_pixels(&pass->in), layer->input.channels,
                         a + (size_t)i * n, q + (size_t)i * n, v + (size_t)i * n, gradient);
}

/* A slope can turn negative while it is learned. */
static fgf_pool_order pool_order(const fgf_layer *layer, const fgf_real *parameters,
                                 fgf_pool_key *key)
{
    for (int c = 0; parameters && c < layer->input.channels; c++)
        if (!(parameters[c] >= 0)) {
            *key = (fgf_pool_key){.slope = parameters};
            return FGF_POOL_BY_KEY;
        }
    return FGF_POOL_FIRST;
}

const fgf_layer_kind fgf_layer_prelu = {
    .item = {"prelu", "z where z > 0, else a learned slope of the channel times z", keys,
             sizeof(settings)},
    .flags = FGF_LAYER_READS_INPUT | FGF_LAYER_LOCAL,
    .plan = plan,
    .forward = forward,
    .backward = derivative,
    .tangent = derivative,
    .parameter_gradient = parameter_gradient,
    .pool_order = pool_order};
