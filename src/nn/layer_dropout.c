/* Dropout: each value is 0 with probability p, else times 1 / (1 - p); one mask serves all passes.
 */
#include "fgf/memory.h"
#include "layer.h"

#include <math.h>
#include <string.h>

typedef struct settings {
    double p;
} settings;

static const fgf_key keys[] = {{"p", FGF_KEY_REAL, offsetof(settings, p), "0.5", 0, 0.999, NULL,
                                "1", "probability that a value is set to 0 in training"},
                               {0}};

typedef struct detail {
    double p;
    fgf_real scale;
} detail;

static fgf_status plan(fgf_layer *layer, const void *given)
{
    fgf_status status = FGF_OK;
    detail *d = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &d));
    layer->detail = d;
    d->p = ((const settings *)given)->p;
    d->scale = (fgf_real)(1 / (1 - d->p));
    fgf_layer_keep_shape(layer);
    layer->state_bytes = fgf_layer_in(layer); /* a byte a value: kept or not */
done:
    return status;
}

/* The case's draws for this layer: a stretch of its stream that no other layer uses. */
static fgf_stream layer_stream(const fgf_layer *layer, const fgf_stream *of_case)
{
    fgf_stream stream = *of_case;
    stream.position = (uint64_t)layer->number << 40;
    stream.block_index = 0;
    return stream;
}

static void forward_case(const fgf_layer *layer, const fgf_stream *of_case, const fgf_real *a,
                         fgf_real *b, unsigned char *kept)
{
    const detail *d = layer->detail;
    const uint32_t bound = (uint32_t)lround(d->p * 0x1p31) * 2u;
    fgf_stream stream = layer_stream(layer, of_case);
    for (size_t i = 0; i < fgf_layer_in(layer); i++) {
        const bool keep = fgf_stream_bits(&stream) >= bound;
        b[i] = keep ? d->scale * a[i] : 0;
        if (kept)
            kept[i] = keep;
    }
}

static void forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b)
{
    const size_t n = fgf_layer_in(layer);
    if (!pass->dropout) {
        memcpy(b, a, (size_t)pass->count * n * sizeof *b);
        return;
    }
    for (int i = 0; i < pass->count; i++)
        forward_case(layer, &pass->dropout[i], a + (size_t)i * n, b + (size_t)i * n,
                     pass->state ? pass->state + (size_t)i * layer->state_bytes : NULL);
}

static void derivative(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                       const fgf_real *in, fgf_real *out)
{
    const detail *d = layer->detail;
    const size_t n = (size_t)pass->count * fgf_layer_in(layer);
    (void)a;
    if (!pass->dropping) {
        memcpy(out, in, n * sizeof *out);
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = pass->state[i] ? d->scale * in[i] : 0;
}

const fgf_layer_kind fgf_layer_dropout = {
    .item = {"dropout", "in training, each value is 0 with probability p", keys, sizeof(settings)},
    .plan = plan,
    .forward = forward,
    .backward = derivative,
    .tangent = derivative};
