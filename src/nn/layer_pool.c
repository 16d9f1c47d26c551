/* Pooling: maximum, average, and the average of the whole image. No padding; as in PyTorch, what is
 * left over at an axis' end is dropped. */
#include "fgf/kernel.h"
#include "fgf/memory.h"
#include "layer.h"

#include <limits.h>

typedef struct settings {
    fgf_integers size, stride;
} settings;

static const fgf_key keys[] = {
    {"size", FGF_KEY_INTEGERS, offsetof(settings, size), NULL, 1, 1 << 20, NULL, "px",
     "size of the window: one integer, [height, width] or [depth, height, width]"},
    {"stride", FGF_KEY_INTEGERS, offsetof(settings, stride), "0", 0, 1 << 20, NULL, "px",
     "step of the window, like size; 0 = the size; smaller than size: windows overlap"},
    {0}};

static fgf_status plan(fgf_layer *layer, const void *given)
{
    fgf_status status = FGF_OK;
    const settings *s = given;
    fgf_pool *g = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &g));
    layer->detail = g;
    FGF_TRY(fgf_layer_need_image(layer));
    FGF_TRY(fgf_layer_extents(layer, "size", s->size, 1, 1, g->size));
    FGF_TRY(fgf_layer_extents(layer, "stride", s->stride, 0, 0, g->stride));
    for (int axis = 0; axis < 3; axis++)
        g->stride[axis] = g->stride[axis] ? g->stride[axis] : g->size[axis];
    const fgf_shape in = layer->input;
    layer->output.channels = in.channels;
    layer->output.depth = fgf_window_count(in.depth, g->size[0], g->stride[0], 0);
    layer->output.height = fgf_window_count(in.height, g->size[1], g->stride[1], 0);
    layer->output.width = fgf_window_count(in.width, g->size[2], g->stride[2], 0);
    if (fgf_shape_pixels(layer->output) == 0) {
        char text[FGF_SHAPE_TEXT];
        if (layer->planar && g->size[0] == 1)
            FGF_TRY(fgf_layer_misfit(layer, "window %d x %d does not fit its input %s", g->size[1],
                                     g->size[2], fgf_shape_text(layer, in, text)));
        FGF_TRY(fgf_layer_misfit(layer, "window %d x %d x %d does not fit its input %s", g->size[0],
                                 g->size[1], g->size[2], fgf_shape_text(layer, in, text)));
    }
    if (fgf_shape_size(in) > INT32_MAX)
        FGF_TRY(fgf_layer_misfit(layer, "its input has more than %ld values", (long)INT32_MAX));
    g->input = in;
    g->output = layer->output;
    layer->output_origin = layer->output;
done:
    return status;
}

/* ---- maximum ---- */

static fgf_status plan_max(fgf_layer *layer, const void *given)
{
    fgf_status status = FGF_OK;
    FGF_TRY(plan(layer, given));
    layer->state_bytes = fgf_layer_out(layer) * sizeof(int32_t); /* the winners */
done:
    return status;
}

static int32_t *winners(const fgf_layer *layer, const fgf_pass *pass, int i)
{
    return pass->state ? (int32_t *)(void *)(pass->state + (size_t)i * layer->state_bytes) : NULL;
}

static void max_forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                        fgf_real *b)
{
    for (int i = 0; i < pass->count; i++)
        fgf_max_pool_forward(layer->detail, a + (size_t)i * fgf_layer_in(layer),
                             b + (size_t)i * fgf_layer_out(layer), winners(layer, pass, i));
}

static void max_backward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                         const fgf_real *p_out, fgf_real *p_in)
{
    (void)a;
    for (int i = 0; i < pass->count; i++)
        fgf_max_pool_scatter(layer->detail, winners(layer, pass, i),
                             p_out + (size_t)i * fgf_layer_out(layer),
                             p_in + (size_t)i * fgf_layer_in(layer));
}

static void max_tangent(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                        const fgf_real *t_in, fgf_real *t_out)
{
    (void)a;
    for (int i = 0; i < pass->count; i++)
        fgf_max_pool_gather(layer->detail, winners(layer, pass, i),
                            t_in + (size_t)i * fgf_layer_in(layer),
                            t_out + (size_t)i * fgf_layer_out(layer));
}

/* ---- average ---- */

static fgf_status plan_global(fgf_layer *layer, const void *given)
{
    const int64_t size[3] = {layer->input.depth, layer->input.height, layer->input.width};
    const int64_t one = 1;
    const settings whole = {{size, 3}, {&one, 1}};
    (void)given;
    return plan(layer, &whole);
}

static void average_forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                            fgf_real *b)
{
    for (int i = 0; i < pass->count; i++)
        fgf_average_pool_forward(layer->detail, a + (size_t)i * fgf_layer_in(layer),
                                 b + (size_t)i * fgf_layer_out(layer));
}

static void average_backward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                             const fgf_real *p_out, fgf_real *p_in)
{
    (void)a;
    for (int i = 0; i < pass->count; i++)
        fgf_average_pool_backward(layer->detail, p_out + (size_t)i * fgf_layer_out(layer),
                                  p_in + (size_t)i * fgf_layer_in(layer));
}

static void average_tangent(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                            const fgf_real *t_in, fgf_real *t_out)
{
    (void)a;
    average_forward(layer, pass, t_in, t_out);
}

const fgf_layer_kind fgf_layer_max_pool = {
    .item = {"max_pool", "greatest value of each window; ties go to the first", keys,
             sizeof(settings)},
    .plan = plan_max,
    .forward = max_forward,
    .backward = max_backward,
    .tangent = max_tangent};

const fgf_layer_kind fgf_layer_average_pool = {
    .item = {"average_pool", "mean of each window", keys, sizeof(settings)},
    .plan = plan,
    .forward = average_forward,
    .backward = average_backward,
    .tangent = average_tangent};

const fgf_layer_kind fgf_layer_global_average_pool = {
    .item = {"global_average_pool", "mean of each channel over the whole image", NULL, 0},
    .plan = plan_global,
    .forward = average_forward,
    .backward = average_backward,
    .tangent = average_tangent};

const fgf_pool *fgf_layer_max_pool_geometry(const fgf_layer *layer)
{
    return layer->kind == &fgf_layer_max_pool ? layer->detail : NULL;
}
