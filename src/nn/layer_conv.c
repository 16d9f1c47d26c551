/* Convolution: cross-correlation with zero padding, case by case. */
#include "fgf/kernel.h"
#include "fgf/memory.h"
#include "layer.h"

typedef struct settings {
    int64_t channels;
    fgf_integers kernel, stride, padding;
    bool bias;
} settings;

static const fgf_key keys[] = {
    {"channels", FGF_KEY_INTEGER, offsetof(settings, channels), NULL, 1, 1 << 20, NULL, "1",
     "output channels"},
    {"kernel", FGF_KEY_INTEGERS, offsetof(settings, kernel), NULL, 1, 1 << 20, NULL, "px",
     "size of the kernel: one integer, [height, width] or [depth, height, width]"},
    {"stride", FGF_KEY_INTEGERS, offsetof(settings, stride), "1", 1, 1 << 20, NULL, "px",
     "step of the kernel, like kernel"},
    {"padding", FGF_KEY_INTEGERS, offsetof(settings, padding), "0", 0, 1 << 20, NULL, "px",
     "zeros at both ends of each axis, like kernel"},
    {"bias", FGF_KEY_BOOL, offsetof(settings, bias), "true", 0, 0, NULL, "",
     "whether a bias is added to each output channel"},
    {0}};

typedef struct detail {
    fgf_convolution geometry;
    bool bias;
    size_t weights;
} detail;

static void describe_arrays(fgf_layer *layer, const detail *d)
{
    const fgf_convolution *g = &d->geometry;
    const long in = g->input.channels, out = g->output.channels;
    const long taps = (long)g->kernel[0] * g->kernel[1] * g->kernel[2];
    fgf_layer_array weight = {.suffix = "weight",
                              .role = FGF_ARRAY_WEIGHT,
                              .fan_in = (double)(taps * in),
                              .fan_out = (double)(taps * out),
                              .axes = 5,
                              .stored = {g->kernel[0], g->kernel[1], g->kernel[2], in, out},
                              .permute = {4, 3, 0, 1, 2},
                              .rank = 5,
                              .dims = {out, in, g->kernel[0], g->kernel[1], g->kernel[2]}};
    if (layer->planar) {
        weight.rank = 4;
        weight.dims[2] = g->kernel[1];
        weight.dims[3] = g->kernel[2];
        weight.dims[4] = 0;
    }
    layer->array[layer->array_count++] = weight;
    if (d->bias) {
        const fgf_layer_array bias = {.suffix = "bias",
                                      .role = FGF_ARRAY_BIAS,
                                      .fan_in = weight.fan_in,
                                      .fan_out = weight.fan_out,
                                      .axes = 1,
                                      .stored = {out},
                                      .rank = 1,
                                      .dims = {out}};
        layer->array[layer->array_count++] = bias;
    }
}

static fgf_status plan(fgf_layer *layer, const void *given)
{
    fgf_status status = FGF_OK;
    const settings *s = given;
    detail *d = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &d));
    layer->detail = d;
    fgf_convolution *g = &d->geometry;
    FGF_TRY(fgf_layer_need_image(layer));
    FGF_TRY(fgf_layer_extents(layer, "kernel", s->kernel, 1, 1, g->kernel));
    FGF_TRY(fgf_layer_extents(layer, "stride", s->stride, 1, 1, g->stride));
    FGF_TRY(fgf_layer_extents(layer, "padding", s->padding, 0, 0, g->padding));
    const fgf_shape in = layer->input;
    layer->output.channels = (int)s->channels;
    layer->output.depth = fgf_window_count(in.depth, g->kernel[0], g->stride[0], g->padding[0]);
    layer->output.height = fgf_window_count(in.height, g->kernel[1], g->stride[1], g->padding[1]);
    layer->output.width = fgf_window_count(in.width, g->kernel[2], g->stride[2], g->padding[2]);
    if (fgf_shape_pixels(layer->output) == 0)
        FGF_TRY(fgf_layer_misfit(layer,
                                 "kernel [%d, %d, %d] with padding [%d, %d, %d] does not fit its "
                                 "input",
                                 g->kernel[0], g->kernel[1], g->kernel[2], g->padding[0],
                                 g->padding[1], g->padding[2]));
    g->input = in;
    g->output = layer->output;
    d->bias = s->bias;
    d->weights = fgf_convolution_weight_count(g);
    layer->output_origin = layer->output;
    layer->work = fgf_convolution_work(g);
    describe_arrays(layer, d);
done:
    return status;
}

static void forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b)
{
    const detail *d = layer->detail;
    const fgf_real *bias = d->bias ? pass->parameters + d->weights : NULL;
    for (int i = 0; i < pass->count; i++)
        fgf_convolution_forward(&d->geometry, pass->parameters, bias,
                                a + (size_t)i * fgf_layer_in(layer),
                                b + (size_t)i * fgf_layer_out(layer), pass->work);
}

static void backward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                     const fgf_real *p_out, fgf_real *p_in)
{
    const detail *d = layer->detail;
    (void)a;
    for (int i = 0; i < pass->count; i++)
        fgf_convolution_backward(&d->geometry, pass->parameters,
                                 p_out + (size_t)i * fgf_layer_out(layer),
                                 p_in + (size_t)i * fgf_layer_in(layer), pass->work);
}

static void tangent(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                    const fgf_real *t_in, fgf_real *t_out)
{
    const detail *d = layer->detail;
    (void)a;
    for (int i = 0; i < pass->count; i++)
        fgf_convolution_forward(&d->geometry, pass->parameters, NULL,
                                t_in + (size_t)i * fgf_layer_in(layer),
                                t_out + (size_t)i * fgf_layer_out(layer), pass->work);
}

static void parameter_gradient(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                               const fgf_real *q, const fgf_real *v, const fgf_real *bias_scale,
                               fgf_real *gradient)
{
    const detail *d = layer->detail;
    (void)a;
    for (int i = 0; i < pass->count; i++) {
        const fgf_real *adjoint = q + (size_t)i * fgf_layer_out(layer);
        fgf_convolution_weights(&d->geometry, v + (size_t)i * fgf_layer_in(layer), adjoint,
                                gradient, pass->work);
        if (d->bias && bias_scale)
            fgf_channel_sums((size_t)fgf_shape_pixels(layer->output), layer->output.channels,
                             bias_scale[i], adjoint, gradient + d->weights);
    }
}

const fgf_layer_kind fgf_layer_conv = {
    .item = {"conv", "convolution with zero padding", keys, sizeof(settings)},
    .flags = FGF_LAYER_WEIGHTED,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .tangent = tangent,
    .parameter_gradient = parameter_gradient};
