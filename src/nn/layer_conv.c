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
    fgf_block block;
    bool bias;
    size_t weights;
    const fgf_layer *between; /* activation between convolution and pool ... */
    ptrdiff_t between_offset; /* ... and from the parameters of this layer to its own */
} detail;

static void describe_arrays(fgf_layer *layer, const detail *d)
{
    const fgf_convolution *g = &d->block.convolution;
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

/* What hangs on the block as a whole. */
static void measure(fgf_layer *layer, const detail *d)
{
    const fgf_pool *pool = &d->block.pool;
    layer->output = layer->output_origin = pool->output;
    layer->state_bytes = fgf_block_pools(&d->block) ? fgf_layer_out(layer) : 0; /* winners */
    layer->work = fgf_block_work(&d->block);
    layer->packed = fgf_block_packed_size(&d->block);
    layer->cost = (double)d->weights * (double)fgf_shape_pixels(pool->input) /
                  (double)fgf_shape_pixels(pool->output);
}

static fgf_status plan(fgf_layer *layer, const void *given)
{
    fgf_status status = FGF_OK;
    const settings *s = given;
    detail *d = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &d));
    layer->detail = d;
    fgf_convolution *g = &d->block.convolution;
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
    d->block.pool = (fgf_pool){g->output, g->output, {1, 1, 1}, {1, 1, 1}};
    measure(layer, d);
    describe_arrays(layer, d);
done:
    return status;
}

static void pack(const fgf_layer *layer, const fgf_real *parameters, fgf_real *packed)
{
    fgf_block_pack(&((const detail *)layer->detail)->block, parameters, packed);
}

static fgf_box touched(const fgf_layer *layer, const fgf_box *in)
{
    return fgf_block_touched(&((const detail *)layer->detail)->block, in);
}

static fgf_box footprint(const fgf_layer *layer, const fgf_box *out)
{
    return fgf_block_footprint(&((const detail *)layer->detail)->block, out);
}

/* Values of one case in the pass's boxes. */
static size_t in_values(const fgf_layer *layer, const fgf_pass *pass)
{
    return fgf_pass_values(layer, pass);
}

static size_t out_values(const fgf_layer *layer, const fgf_pass *pass)
{
    return (size_t)fgf_box_pixels(&pass->out) * (size_t)layer->output.channels;
}

static uint8_t *winners(const fgf_layer *layer, const fgf_pass *pass, int i)
{
    return pass->state && layer->state_bytes ? pass->state + (size_t)i * layer->state_bytes : NULL;
}

static void forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b)
{
    const detail *d = layer->detail;
    const fgf_real *bias = d->bias ? pass->parameters + d->weights : NULL;
    fgf_pool_key key;
    const bool by_key =
        d->between && d->between->kind->pool_order(d->between, pass->parameters + d->between_offset,
                                                   &key) == FGF_POOL_BY_KEY;
    for (int i = 0; i < pass->count; i++) {
        const fgf_view x = {pass->in, a + (size_t)i * in_values(layer, pass), pass->beyond};
        fgf_block_forward(&d->block, pass->packed, bias, by_key ? &key : NULL, &x, &pass->out,
                          b + (size_t)i * out_values(layer, pass), winners(layer, pass, i),
                          pass->work);
    }
}

static void backward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                     const fgf_real *p_out, fgf_real *p_in)
{
    const detail *d = layer->detail;
    (void)a;
    for (int i = 0; i < pass->count; i++)
        fgf_block_backward(&d->block, pass->packed, &pass->out,
                           p_out + (size_t)i * out_values(layer, pass), winners(layer, pass, i),
                           &pass->in, p_in + (size_t)i * in_values(layer, pass), pass->work);
}

static void tangent(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                    const fgf_real *t_in, fgf_real *t_out)
{
    const detail *d = layer->detail;
    (void)a;
    for (int i = 0; i < pass->count; i++) {
        const fgf_view t = {pass->in, t_in + (size_t)i * in_values(layer, pass), NULL};
        fgf_block_tangent(&d->block, pass->packed, &t, &pass->out, winners(layer, pass, i),
                          t_out + (size_t)i * out_values(layer, pass), pass->work);
    }
}

static void parameter_gradient(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                               const fgf_real *q, const fgf_real *v, const fgf_real *bias_scale,
                               fgf_real *gradient)
{
    const detail *d = layer->detail;
    (void)a;
    for (int i = 0; i < pass->count; i++) {
        const fgf_real *adjoint = q + (size_t)i * out_values(layer, pass);
        const fgf_view view = {pass->in, v ? v + (size_t)i * in_values(layer, pass) : NULL,
                               pass->beyond};
        if (v)
            fgf_block_weights(&d->block, &view, &pass->out, adjoint, winners(layer, pass, i),
                              gradient, pass->work);
        if (d->bias && bias_scale)
            fgf_channel_sums((size_t)fgf_box_pixels(&pass->out), layer->output.channels,
                             bias_scale[i], adjoint, gradient + d->weights);
    }
}

const fgf_layer_kind fgf_layer_conv = {
    .item = {"conv", "convolution with zero padding", keys, sizeof(settings)},
    .flags = FGF_LAYER_WEIGHTED | FGF_LAYER_LOCAL,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .tangent = tangent,
    .parameter_gradient = parameter_gradient,
    .pack = pack,
    .touched = touched,
    .footprint = footprint};

bool fgf_layer_is_conv(const fgf_layer *layer)
{
    return layer->kind == &fgf_layer_conv;
}

fgf_status fgf_layer_absorb_pool(fgf_layer *conv, const fgf_layer *between, const fgf_pool *pool,
                                 bool *done)
{
    fgf_status status = FGF_OK;
    detail *d = NULL;
    *done = false;
    if ((long)pool->size[0] * pool->size[1] * pool->size[2] > FGF_BLOCK_WINDOW_MAX)
        return FGF_OK;
    FGF_TRY(FGF_ALLOCATE(1, &d));
    *d = *(const detail *)conv->detail;
    d->block.pool = *pool;
    d->between = between;
    d->between_offset =
        between ? (ptrdiff_t)between->parameter_offset - (ptrdiff_t)conv->parameter_offset : 0;
    conv->detail = d;
    measure(conv, d);
    *done = true;
done:
    return status;
}
