/* Dense: y = W x + b over all values of a case, flattened or not. */
#include "fgf/kernel.h"
#include "fgf/memory.h"
#include "layer.h"

#include <limits.h>

typedef struct settings {
    int64_t units;
    bool bias;
} settings;

static const fgf_key keys[] = {
    {"units", FGF_KEY_INTEGER, offsetof(settings, units), NULL, 1, 1 << 24, NULL, "1", "outputs"},
    {"bias", FGF_KEY_BOOL, offsetof(settings, bias), "true", 0, 0, NULL, "",
     "whether a bias is added to each output"},
    {0}};

typedef struct detail {
    int in, out;
    bool bias;
    size_t weights;
} detail;

static fgf_status plan(fgf_layer *layer, const void *given)
{
    fgf_status status = FGF_OK;
    const settings *s = given;
    const fgf_shape origin = layer->input_origin;
    detail *d = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &d));
    layer->detail = d;
    layer->output = (fgf_shape){(int)s->units, 1, 1, 1};
    if (fgf_shape_size(layer->input) > INT_MAX)
        FGF_TRY(fgf_layer_misfit(layer, "its input has more than %d values", INT_MAX));
    d->in = (int)fgf_shape_size(layer->input);
    d->out = (int)s->units;
    d->bias = s->bias;
    d->weights = (size_t)d->in * (size_t)d->out;
    layer->output_origin = layer->output;
    /* The image's axes are kept apart in `stored`: PyTorch flattens [c][d][h][w]. */
    const fgf_layer_array weight = {
        .suffix = "weight",
        .role = FGF_ARRAY_WEIGHT,
        .fan_in = d->in,
        .fan_out = d->out,
        .axes = 5,
        .stored = {origin.depth, origin.height, origin.width, origin.channels, d->out},
        .permute = {4, 3, 0, 1, 2},
        .rank = 2,
        .dims = {d->out, d->in}};
    layer->array[layer->array_count++] = weight;
    if (d->bias) {
        const fgf_layer_array bias = {.suffix = "bias",
                                      .role = FGF_ARRAY_BIAS,
                                      .fan_in = d->in,
                                      .fan_out = d->out,
                                      .axes = 1,
                                      .stored = {d->out},
                                      .rank = 1,
                                      .dims = {d->out}};
        layer->array[layer->array_count++] = bias;
    }
done:
    return status;
}

static void forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b)
{
    const detail *d = layer->detail;
    fgf_dense_forward(d->in, d->out, pass->count, pass->parameters,
                      d->bias ? pass->parameters + d->weights : NULL, a, b);
}

static void backward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                     const fgf_real *p_out, fgf_real *p_in)
{
    const detail *d = layer->detail;
    (void)a;
    fgf_dense_backward(d->in, d->out, pass->count, pass->parameters, p_out, p_in);
}

static void tangent(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                    const fgf_real *t_in, fgf_real *t_out)
{
    const detail *d = layer->detail;
    (void)a;
    fgf_dense_forward(d->in, d->out, pass->count, pass->parameters, NULL, t_in, t_out);
}

static void parameter_gradient(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                               const fgf_real *q, const fgf_real *v, const fgf_real *bias_scale,
                               fgf_real *gradient)
{
    const detail *d = layer->detail;
    (void)a;
    fgf_dense_weights(d->in, d->out, pass->count, v, q, gradient);
    for (int i = 0; d->bias && bias_scale && i < pass->count; i++)
        fgf_channel_sums(1, d->out, bias_scale[i], q + (size_t)i * (size_t)d->out,
                         gradient + d->weights);
}

const fgf_layer_kind fgf_layer_dense = {
    .item = {"dense", "all outputs from all inputs", keys, sizeof(settings)},
    .flags = FGF_LAYER_WEIGHTED | FGF_LAYER_BATCHED,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .tangent = tangent,
    .parameter_gradient = parameter_gradient};
