/* The kernels on the shapes that networks give them. Work is counted as it is done: behind a pool,
 * backward pass, weight gradient and tangent are those of the winners alone. */
#include "bench.h"

#include "fgf/block.h"
#include "fgf/memory.h"
#include "fgf/random.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void bench_measure(bench_report *report, const char *subject, const char *operation, double work,
                   bool flops, double peak, void (*call)(void *state), void *state)
{
    enum { LEAST_CALLS = 3 };
    bench_line *line = &report->line[report->count++];
    double begin = cpu_seconds(), now = begin, best = 1e300;
    for (int calls = 0; calls < LEAST_CALLS || now - begin < report->seconds_a_line; calls++) {
        const double from = now;
        call(state);
        now = cpu_seconds();
        if (now - from < best)
            best = now - from;
    }
    *line = (bench_line){.operation = operation,
                         .work = work,
                         .flops = flops,
                         .seconds = best > 0 ? best : 1e-9,
                         .peak = peak};
    snprintf(line->subject, sizeof line->subject, "%s", subject);
}

/* Values that no kernel can take a shortcut over. */
static fgf_status allocate_random(size_t count, uint64_t key, fgf_real **out)
{
    fgf_status status = FGF_OK;
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_PHANTOM, 0, key);
    FGF_TRY(FGF_ALLOCATE(count, out));
    for (size_t k = 0; k < count; k++)
        (*out)[k] = (fgf_real)(fgf_stream_uniform(&stream) - 0.5);
done:
    return status;
}

/* ---- matrix products ---- */

typedef struct product {
    int n;
    fgf_real *a, *b, *c;
} product;

static void multiply(void *state)
{
    const product *p = state;
    fgf_gemm(false, false, p->n, p->n, p->n, 1, p->a, p->n, p->b, p->n, 0, p->c, p->n);
}

fgf_status bench_products(bench_report *report)
{
    fgf_status status = FGF_OK;
    static const int sizes[] = {512, 1024, 2048};
    product p = {.n = 0};
    FGF_TRY(allocate_random((size_t)2048 * 2048, 1, &p.a));
    FGF_TRY(allocate_random((size_t)2048 * 2048, 2, &p.b));
    FGF_TRY(allocate_random((size_t)2048 * 2048, 3, &p.c));
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        char subject[64];
        p.n = sizes[k];
        snprintf(subject, sizeof subject, "BLAS %d x %d", p.n, p.n);
        bench_measure(report, subject, "product", 2.0 * p.n * p.n * p.n, true,
                      report->greatest_peak, multiply, &p);
    }
done:
    fgf_free(p.a);
    fgf_free(p.b);
    fgf_free(p.c);
    return status;
}

/* ---- convolution, bias and max-pool ---- */

/* Sizes of a square or, with a depth, of a volume. */
typedef struct block_shape {
    int kernel, stride, padding, in, out, side, depth, pool, pool_stride; /* pool 1: none */
} block_shape;

static const block_shape block_shapes[] = {
    {5, 1, 2, 1, 32, 512, 1, 4, 4},  {3, 1, 1, 32, 64, 128, 1, 4, 4},
    {3, 1, 1, 64, 128, 32, 1, 4, 4}, {3, 1, 0, 1, 8, 180, 1, 3, 1},
    {3, 2, 0, 8, 16, 176, 1, 3, 2},  {4, 3, 0, 16, 32, 43, 1, 4, 3},
    {3, 1, 1, 32, 32, 64, 1, 1, 1},  {3, 1, 1, 8, 16, 32, 16, 1, 1},
    {3, 1, 1, 1, 16, 64, 32, 2, 2},  {3, 1, 1, 16, 32, 32, 16, 2, 2},
    {3, 1, 1, 32, 64, 16, 8, 2, 2}};

typedef struct block_work {
    fgf_block block;
    fgf_view x, t;
    fgf_box in, out;
    fgf_real *weight, *bias, *packed, *scratch;
    fgf_real *image, *tangent, *z, *tz, *dx, *dweight;
    uint8_t *winner;
} block_work;

static void block_work_clear(block_work *w)
{
    fgf_free(w->weight);
    fgf_free(w->bias);
    fgf_free(w->packed);
    fgf_free(w->scratch);
    fgf_free(w->image);
    fgf_free(w->tangent);
    fgf_free(w->z);
    fgf_free(w->tz);
    fgf_free(w->dx);
    fgf_free(w->dweight);
    fgf_free(w->winner);
}

static fgf_block make_block(const block_shape *s)
{
    fgf_block b = {.convolution = {.input = {s->in, s->depth, s->side, s->side}}};
    fgf_convolution *c = &b.convolution;
    int extent[3];
    for (int axis = 0; axis < 3; axis++) {
        const bool flat = axis == 0 && s->depth == 1;
        c->kernel[axis] = flat ? 1 : s->kernel;
        c->stride[axis] = flat ? 1 : s->stride;
        c->padding[axis] = flat ? 0 : s->padding;
        extent[axis] = fgf_window_count(axis == 0 ? s->depth : s->side, c->kernel[axis],
                                        c->stride[axis], c->padding[axis]);
        b.pool.size[axis] = flat ? 1 : s->pool;
        b.pool.stride[axis] = flat ? 1 : s->pool_stride;
    }
    c->output = b.pool.input = (fgf_shape){s->out, extent[0], extent[1], extent[2]};
    for (int axis = 0; axis < 3; axis++)
        extent[axis] = fgf_window_count(extent[axis], b.pool.size[axis], b.pool.stride[axis], 0);
    b.pool.output = (fgf_shape){s->out, extent[0], extent[1], extent[2]};
    return b;
}

static fgf_status block_work_init(const block_shape *s, block_work *w)
{
    fgf_status status = FGF_OK;
    w->block = make_block(s);
    const fgf_convolution *c = &w->block.convolution;
    const size_t weights = fgf_convolution_weight_count(c);
    const size_t image = (size_t)fgf_shape_size(c->input);
    const size_t output = (size_t)fgf_shape_size(w->block.pool.output);
    FGF_TRY(allocate_random(weights, 1, &w->weight));
    FGF_TRY(allocate_random((size_t)s->out, 2, &w->bias));
    FGF_TRY(allocate_random(image, 3, &w->image));
    FGF_TRY(allocate_random(image, 4, &w->tangent));
    FGF_TRY(FGF_ALLOCATE(fgf_block_packed_size(&w->block), &w->packed));
    FGF_TRY(FGF_ALLOCATE(fgf_block_work(&w->block), &w->scratch));
    FGF_TRY(FGF_ALLOCATE(output, &w->z));
    FGF_TRY(FGF_ALLOCATE(output, &w->tz));
    FGF_TRY(FGF_ALLOCATE(image, &w->dx));
    FGF_TRY(FGF_ALLOCATE(weights, &w->dweight));
    if (fgf_block_pools(&w->block))
        FGF_TRY(FGF_ALLOCATE(output, &w->winner));
    w->in = fgf_box_whole(c->input);
    w->out = fgf_box_whole(w->block.pool.output);
    w->x = (fgf_view){w->in, w->image, NULL};
    w->t = (fgf_view){w->in, w->tangent, NULL};
    fgf_block_pack(&w->block, w->weight, w->packed);
done:
    return status;
}

static void run_forward(void *state)
{
    block_work *w = state;
    fgf_block_forward(&w->block, w->packed, w->bias, NULL, &w->x, &w->out, w->z, w->winner,
                      w->scratch);
}

static void run_tangent(void *state)
{
    block_work *w = state;
    fgf_block_tangent(&w->block, w->packed, &w->t, &w->out, w->winner, w->tz, w->scratch);
}

static void run_backward(void *state)
{
    block_work *w = state;
    fgf_block_backward(&w->block, w->packed, &w->out, w->z, w->winner, &w->in, w->dx, w->scratch);
}

static void run_weights(void *state)
{
    block_work *w = state;
    fgf_block_weights(&w->block, &w->x, &w->out, w->z, w->winner, w->dweight, w->scratch);
}

static void name_block(const block_shape *s, char *text, size_t bytes)
{
    char kernel[16], image[20], pool[24] = "";
    if (s->depth > 1) {
        snprintf(kernel, sizeof kernel, "%dx%dx%d", s->kernel, s->kernel, s->kernel);
        snprintf(image, sizeof image, "%dx%dx%d", s->depth, s->side, s->side);
    } else {
        snprintf(kernel, sizeof kernel, "%dx%d", s->kernel, s->kernel);
        snprintf(image, sizeof image, "%d", s->side);
    }
    if (s->pool > 1)
        snprintf(pool, sizeof pool, ", pool %d/%d", s->pool, s->pool_stride);
    snprintf(text, bytes, "%s/%d %d->%d @%s%s", kernel, s->stride, s->in, s->out, image, pool);
}

static fgf_status bench_block(bench_report *report, const block_shape *s)
{
    fgf_status status = FGF_OK;
    block_work w = {.weight = NULL};
    char subject[64];
    FGF_TRY(block_work_init(s, &w));
    name_block(s, subject, sizeof subject);
    const fgf_convolution *c = &w.block.convolution;
    const double taps = (double)fgf_convolution_weight_count(c) / s->out;
    const double dense = 2 * taps * (double)fgf_shape_size(c->output);
    const double winners = 2 * taps * (double)fgf_shape_size(w.block.pool.output);
    const double sparse = winners < dense ? winners : dense;
    bench_measure(report, subject, "forward", dense, true, report->peak, run_forward, &w);
    bench_measure(report, subject, "tangent", sparse, true, report->peak, run_tangent, &w);
    bench_measure(report, subject, "backward", sparse, true, report->peak, run_backward, &w);
    bench_measure(report, subject, "weights", sparse, true, report->peak, run_weights, &w);
done:
    block_work_clear(&w);
    return status;
}

fgf_status bench_blocks(bench_report *report)
{
    fgf_status status = FGF_OK;
    for (size_t k = 0; k < sizeof block_shapes / sizeof *block_shapes; k++)
        FGF_TRY(bench_block(report, &block_shapes[k]));
done:
    return status;
}

/* ---- what stands between the convolutions ---- */

enum { DENSE_IN = 8192, DENSE_OUT = 256, DENSE_CASES = 8, PIXELS = 128 * 128, CHANNELS = 32 };

typedef struct layer_work {
    fgf_real *weight, *x, *y, *v; /* each of the greatest size that any of the layers needs */
    int32_t *winner;
    fgf_pool pool;
    fgf_activation activation;
} layer_work;

static void run_dense_forward(void *state)
{
    layer_work *w = state;
    fgf_dense_forward(DENSE_IN, DENSE_OUT, DENSE_CASES, w->weight, NULL, w->x, w->y);
}

static void run_dense_backward(void *state)
{
    layer_work *w = state;
    fgf_dense_backward(DENSE_IN, DENSE_OUT, DENSE_CASES, w->weight, w->y, w->v);
}

static void run_dense_weights(void *state)
{
    layer_work *w = state;
    fgf_dense_weights(DENSE_IN, DENSE_OUT, DENSE_CASES, w->x, w->y, w->weight);
}

static void run_pool_forward(void *state)
{
    layer_work *w = state;
    fgf_max_pool_forward(&w->pool, w->x, w->y, w->winner);
}

static void run_pool_scatter(void *state)
{
    layer_work *w = state;
    fgf_max_pool_scatter(&w->pool, w->winner, w->y, w->v);
}

static void run_activation(void *state)
{
    layer_work *w = state;
    fgf_activation_forward(w->activation, 0, (size_t)PIXELS * CHANNELS, w->x, w->y);
}

static void run_derivative(void *state)
{
    layer_work *w = state;
    fgf_activation_derivative(w->activation, 0, (size_t)PIXELS * CHANNELS, w->x, w->v, w->y);
}

static void run_prelu(void *state)
{
    layer_work *w = state;
    fgf_prelu_forward(PIXELS, CHANNELS, w->weight, w->x, w->y);
}

static void run_prelu_derivative(void *state)
{
    layer_work *w = state;
    fgf_prelu_derivative(PIXELS, CHANNELS, w->weight, w->x, w->v, w->y);
}

static void bench_activations(bench_report *report, layer_work *w)
{
    static const struct {
        const char *name;
        fgf_activation kind;
    } kinds[] = {{"leaky ReLU", FGF_ACTIVATION_LEAKY},
                 {"softplus", FGF_ACTIVATION_SOFTPLUS},
                 {"SiLU", FGF_ACTIVATION_SILU},
                 {"GELU", FGF_ACTIVATION_GELU},
                 {"tanh", FGF_ACTIVATION_TANH}};
    const double values = (double)PIXELS * CHANNELS;
    bench_measure(report, "PReLU 32 @128", "forward", values, false, 0, run_prelu, w);
    bench_measure(report, "PReLU 32 @128", "derivative", values, false, 0, run_prelu_derivative, w);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char subject[64];
        w->activation = kinds[k].kind;
        snprintf(subject, sizeof subject, "%s 32 @128", kinds[k].name);
        bench_measure(report, subject, "forward", values, false, 0, run_activation, w);
        bench_measure(report, subject, "derivative", values, false, 0, run_derivative, w);
    }
}

fgf_status bench_layers(bench_report *report)
{
    fgf_status status = FGF_OK;
    layer_work w = {.pool = {.input = {CHANNELS, 1, 128, 128},
                             .output = {CHANNELS, 1, 126, 126},
                             .size = {1, 3, 3},
                             .stride = {1, 1, 1}}};
    const double dense = 2.0 * DENSE_IN * DENSE_OUT * DENSE_CASES;
    const double pooled = (double)fgf_shape_size(w.pool.output);
    FGF_TRY(allocate_random((size_t)DENSE_IN * DENSE_OUT, 1, &w.weight));
    FGF_TRY(allocate_random((size_t)PIXELS * CHANNELS, 2, &w.x));
    FGF_TRY(allocate_random((size_t)PIXELS * CHANNELS, 3, &w.y));
    FGF_TRY(allocate_random((size_t)PIXELS * CHANNELS, 4, &w.v));
    FGF_TRY(FGF_ALLOCATE(PIXELS * CHANNELS, &w.winner));
    bench_measure(report, "max-pool 3/1, 32 @128", "forward", pooled, false, 0, run_pool_forward,
                  &w);
    bench_measure(report, "max-pool 3/1, 32 @128", "backward", pooled, false, 0, run_pool_scatter,
                  &w);
    bench_activations(report, &w);
    bench_measure(report, "dense 8192->256, 8 cases", "forward", dense, true, report->peak,
                  run_dense_forward, &w);
    bench_measure(report, "dense 8192->256, 8 cases", "backward", dense, true, report->peak,
                  run_dense_backward, &w);
    /* Last: it adds to the weights. */
    bench_measure(report, "dense 8192->256, 8 cases", "weights", dense, true, report->peak,
                  run_dense_weights, &w);
done:
    fgf_free(w.weight);
    fgf_free(w.x);
    fgf_free(w.y);
    fgf_free(w.v);
    fgf_free(w.winner);
    return status;
}
