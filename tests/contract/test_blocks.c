/* Every operation of fgf/block.h against plain loops in double, on each instruction set that the
 * processor has. Inputs are small whole numbers, so that sums are exact in any order: results must
 * be equal, ties in a pool window included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fgf/block.h"
#include "instruction_set.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RANDOM_SHAPES = 160 };

/* ---- chance ---- */

static uint64_t state = 1;

static int below(int n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)n);
}

static fgf_real small_number(void)
{
    return (fgf_real)(below(5) - 2);
}

static fgf_real any_number(void)
{
    return (fgf_real)below(20001) / 10000 - 1;
}

static fgf_real *numbers(size_t n, fgf_real (*draw)(void))
{
    fgf_real *values = malloc((n ? n : 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++)
        values[i] = draw();
    return values;
}

static fgf_real *lines(size_t n)
{
    fgf_real *values = NULL;
    assert_int_equal(posix_memalign((void **)&values, 64, (n ? n : 1) * sizeof *values), 0);
    for (size_t i = 0; i < n; i++)
        values[i] = (fgf_real)NAN; /* whatever is read before it is written shows */
    return values;
}

/* ---- shapes ---- */

typedef struct shape {
    int in, out, extent[3], kernel[3], stride[3], padding[3], size[3], pool_stride[3];
} shape;

static fgf_shape counted(const fgf_shape *s, int channels, const int size[3], const int stride[3],
                         const int padding[3])
{
    return (fgf_shape){channels, fgf_window_count(s->depth, size[0], stride[0], padding[0]),
                       fgf_window_count(s->height, size[1], stride[1], padding[1]),
                       fgf_window_count(s->width, size[2], stride[2], padding[2])};
}

static fgf_block block_of(const shape *s)
{
    static const int none[3] = {0, 0, 0};
    fgf_block b;
    fgf_convolution *c = &b.convolution;
    c->input = (fgf_shape){s->in, s->extent[0], s->extent[1], s->extent[2]};
    memcpy(c->kernel, s->kernel, sizeof c->kernel);
    memcpy(c->stride, s->stride, sizeof c->stride);
    memcpy(c->padding, s->padding, sizeof c->padding);
    c->output = counted(&c->input, s->out, s->kernel, s->stride, s->padding);
    b.pool.input = c->output;
    memcpy(b.pool.size, s->size, sizeof b.pool.size);
    memcpy(b.pool.stride, s->pool_stride, sizeof b.pool.stride);
    b.pool.output = counted(&c->output, s->out, s->size, s->pool_stride, none);
    return b;
}

/* The layers of the networks that the project measures, and the corners of the rest. */
static const shape named[] = {
    {1, 8, {1, 37, 41}, {1, 3, 3}, {1, 1, 1}, {0, 0, 0}, {1, 3, 3}, {1, 1, 1}},
    {8, 16, {1, 35, 39}, {1, 3, 3}, {1, 2, 2}, {0, 0, 0}, {1, 3, 3}, {1, 2, 2}},
    {16, 32, {1, 44, 43}, {1, 4, 4}, {1, 3, 3}, {0, 0, 0}, {1, 4, 4}, {1, 3, 3}},
    {1, 32, {1, 37, 120}, {1, 5, 5}, {1, 1, 1}, {0, 2, 2}, {1, 4, 4}, {1, 4, 4}},
    {32, 64, {1, 16, 53}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 4, 4}, {1, 4, 4}},
    {64, 70, {1, 9, 30}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 2, 2}, {1, 2, 2}},
    {64, 29, {1, 11, 13}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}},
    {5, 64, {1, 17, 61}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, {1, 1, 1}},
    {1, 1, {1, 61, 67}, {1, 5, 5}, {1, 1, 1}, {0, 2, 2}, {1, 1, 1}, {1, 1, 1}},
    {70, 16, {1, 13, 17}, {1, 2, 2}, {1, 3, 3}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}},
    {32, 8, {1, 23, 19}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}},
    {29, 33, {5, 7, 11}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {3, 16, {7, 9, 11}, {3, 2, 4}, {2, 1, 3}, {1, 0, 2}, {2, 1, 1}, {1, 1, 1}},
    {16, 3, {6, 11, 8}, {2, 3, 1}, {1, 2, 1}, {1, 2, 0}, {3, 3, 3}, {1, 1, 1}},
    {1, 16, {1, 40, 40}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, {1, 16, 16}, {1, 7, 7}},
    {2, 5, {1, 21, 22}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 2, 2}, {1, 3, 3}},
    {1, 1, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, {1, 1, 1}},
    {2, 3, {1, 1, 1}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}},
    {2, 4, {1, 3, 2}, {1, 3, 3}, {1, 1, 1}, {0, 4, 5}, {1, 3, 3}, {1, 2, 2}},
    {1, 3, {1, 11, 7}, {1, 3, 2}, {1, 2, 3}, {0, 1, 4}, {1, 1, 1}, {1, 1, 1}},
    {3, 5, {1, 9, 13}, {1, 2, 2}, {1, 3, 3}, {0, 0, 0}, {1, 2, 1}, {1, 1, 2}},
    /* Volumes behind 2x2x2 pools: few input channels, which go window by window, and planes of rows
     * in threes, of 1 to 6 vectors and more, that go by field. */
    {1, 16, {6, 9, 71}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {1, 37, {5, 8, 150}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {1, 3, {7, 12, 41}, {2, 2, 2}, {1, 1, 1}, {0, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {1, 17, {3, 7, 8}, {2, 2, 2}, {1, 1, 1}, {1, 0, 1}, {2, 2, 2}, {3, 2, 2}},
    {1, 8, {7, 11, 13}, {3, 2, 1}, {2, 1, 1}, {1, 1, 0}, {1, 2, 2}, {1, 2, 2}},
    {1, 8, {3, 9, 14}, {3, 3, 3}, {1, 1, 1}, {0, 1, 2}, {1, 2, 2}, {1, 2, 3}},
    {2, 9, {6, 9, 23}, {2, 2, 2}, {1, 1, 1}, {0, 0, 0}, {2, 2, 2}, {2, 2, 2}},
    {2, 16, {5, 7, 9}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {5, 16, {6, 7, 8}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {16, 32, {6, 8, 45}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {32, 19, {4, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {16, 8, {9, 5, 6}, {5, 3, 3}, {1, 1, 1}, {2, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {8, 8, {8, 6, 7}, {7, 3, 2}, {1, 2, 1}, {3, 1, 1}, {2, 2, 2}, {2, 2, 2}},
    {8, 16, {5, 9, 9}, {3, 5, 5}, {1, 1, 1}, {1, 2, 2}, {2, 2, 2}, {2, 2, 2}},
    {4, 7, {9, 9, 9}, {3, 3, 3}, {2, 2, 2}, {1, 1, 1}, {3, 3, 3}, {3, 3, 3}},
};

static int extent_at_least(int kernel, int pool, int pool_stride, int stride, int padding)
{
    const int conv = pool + below(3) * pool_stride + below(2);
    const int least = (conv - 1) * stride + kernel - 2 * padding + below(3);
    return least > 1 ? least : 1;
}

static shape random_shape(void)
{
    static const int channels[] = {1, 3, 5, 8, 16, 29, 32, 64, 70};
    static const int pools[][2] = {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {3, 1}, {3, 2}, {4, 3}};
    shape s = {.in = channels[below(9)], .out = channels[below(9)]};
    const int *pool = pools[below(7)];
    const bool deep = below(4) == 0;
    for (int axis = 0; axis < 3; axis++) {
        const bool flat = axis == 0 && !deep;
        s.kernel[axis] = flat ? 1 : 1 + below(axis == 0 ? 3 : 5);
        s.stride[axis] = flat ? 1 : 1 + below(3);
        s.padding[axis] = flat ? 0 : below(3);
        s.size[axis] = flat || (axis == 0 && pool[0] > 2) ? 1 : pool[0];
        s.pool_stride[axis] = flat || (axis == 0 && pool[0] > 2) ? 1 : pool[1];
        s.extent[axis] = flat ? 1
                              : extent_at_least(s.kernel[axis], s.size[axis], s.pool_stride[axis],
                                                s.stride[axis], s.padding[axis]);
    }
    if (s.in * s.out < 300 && !deep)
        s.extent[2] += below(60);
    return s;
}

/* ---- the plain loops ---- */

static long place(const fgf_box *box, int channels, const int at[3])
{
    const long row = (long)(at[0] - box->from[0]) * fgf_box_extent(box, 1) + at[1] - box->from[1];
    return (row * fgf_box_extent(box, 2) + at[2] - box->from[2]) * channels;
}

static bool lies_in(const fgf_box *box, const int at[3])
{
    bool in = true;
    for (int axis = 0; axis < 3; axis++)
        in &= at[axis] >= box->from[axis] && at[axis] < box->to[axis];
    return in;
}

#define EACH(box, p)                                                                               \
    for (p[0] = (box)->from[0]; p[0] < (box)->to[0]; p[0]++)                                       \
        for (p[1] = (box)->from[1]; p[1] < (box)->to[1]; p[1]++)                                   \
            for (p[2] = (box)->from[2]; p[2] < (box)->to[2]; p[2]++)

static void unravel(int tap, const int size[3], int k[3])
{
    k[0] = tap / size[2] / size[1];
    k[1] = tap / size[2] % size[1];
    k[2] = tap % size[2];
}

/* The image that a view stands for. */
static double *plain_image(const fgf_shape *s, const fgf_view *v)
{
    const fgf_box whole = fgf_box_whole(*s);
    double *image = calloc((size_t)fgf_shape_size(*s), sizeof *image);
    int p[3];
    assert_non_null(image);
    EACH(&whole, p)
    for (int c = 0; c < s->channels; c++) {
        const long at = place(&whole, s->channels, p) + c;
        if (lies_in(&v->box, p))
            image[at] = (double)v->values[place(&v->box, s->channels, p) + c];
        else
            image[at] = v->beyond ? (double)v->beyond[at] : 0;
    }
    return image;
}

/* The input pixel that tap k of output q reads; false: padding. */
static bool input_of(const fgf_convolution *c, const int q[3], int k, int at[3])
{
    const fgf_box whole = fgf_box_whole(c->input);
    unravel(k, c->kernel, at);
    for (int axis = 0; axis < 3; axis++)
        at[axis] += q[axis] * c->stride[axis] - c->padding[axis];
    return lies_in(&whole, at);
}

static int kernel_taps(const fgf_convolution *c)
{
    return c->kernel[0] * c->kernel[1] * c->kernel[2];
}

static int pool_taps(const fgf_block *b)
{
    return b->pool.size[0] * b->pool.size[1] * b->pool.size[2];
}

/* The outputs of the convolution that pool windows `out` are taken of. */
static fgf_box under(const fgf_block *b, const fgf_box *out)
{
    fgf_box box = *out;
    for (int axis = 0; axis < 3; axis++) {
        box.from[axis] *= b->pool.stride[axis];
        box.to[axis] = (box.to[axis] - 1) * b->pool.stride[axis] + b->pool.size[axis];
    }
    return box;
}

/* The convolution's whole output, of which the box `of` is computed. */
static double *plain_convolution(const fgf_convolution *c, const fgf_real *w, const fgf_real *bias,
                                 const double *x, const fgf_box *of)
{
    const fgf_box in_box = fgf_box_whole(c->input), out_box = fgf_box_whole(c->output);
    const int in = c->input.channels, out = c->output.channels;
    double *z = calloc((size_t)fgf_shape_size(c->output), sizeof *z);
    int q[3], at[3];
    assert_non_null(z);
    EACH(of, q)
    {
        double *to = z + place(&out_box, out, q);
        for (int o = 0; bias && o < out; o++)
            to[o] = (double)bias[o];
        for (int k = 0; k < kernel_taps(c); k++) {
            if (!input_of(c, q, k, at))
                continue;
            const double *from = x + place(&in_box, in, at);
            for (int i = 0; i < in; i++)
                for (int o = 0; o < out; o++)
                    to[o] += from[i] * (double)w[((long)k * in + i) * out + o];
        }
    }
    return z;
}

/* The convolution's output that tap `tap` of pool window p is. */
static void value_of(const fgf_block *b, const int p[3], int tap, int q[3])
{
    unravel(tap, b->pool.size, q);
    for (int axis = 0; axis < 3; axis++)
        q[axis] += p[axis] * b->pool.stride[axis];
}

static double plain_key(const fgf_pool_key *key, int o, double z)
{
    fgf_real value = (fgf_real)z, y;
    if (!key)
        return z;
    if (key->slope)
        return z > 0 ? z : (double)key->slope[o] * z;
    fgf_activation_forward(key->activation, 0, 1, &value, &y);
    return (double)y;
}

/* ---- one problem ---- */

typedef struct problem {
    fgf_block block;
    fgf_real *weight, *bias, *slope, *packed, *work;
    fgf_view view;
    fgf_real *values, *beyond;
    fgf_box out;
    long results; /* elements of the box out */
    uint8_t *winner;
} problem;

static fgf_box random_box(fgf_shape s)
{
    const int extent[3] = {s.depth, s.height, s.width};
    const bool whole = below(3) == 0;
    fgf_box box = fgf_box_whole(s);
    for (int axis = 0; axis < 3 && !whole; axis++) {
        box.from[axis] = below(extent[axis]);
        box.to[axis] = box.from[axis] + below(extent[axis] - box.from[axis] + 1);
    }
    return box;
}

static void problem_pack(problem *p)
{
    free(p->packed);
    free(p->work);
    p->packed = lines(fgf_block_packed_size(&p->block));
    p->work = lines(fgf_block_work(&p->block));
    fgf_block_pack(&p->block, p->weight, p->packed);
}

static problem problem_of(const shape *s, fgf_real (*draw)(void))
{
    problem p = {.block = block_of(s)};
    const fgf_convolution *c = &p.block.convolution;
    p.weight = numbers(fgf_convolution_weight_count(c), draw);
    p.bias = numbers((size_t)s->out, draw);
    p.slope = numbers((size_t)s->out, draw);
    p.view.box = random_box(c->input);
    p.values = numbers((size_t)(fgf_box_pixels(&p.view.box) * s->in), draw);
    p.beyond = below(2) ? numbers((size_t)fgf_shape_size(c->input), draw) : NULL;
    p.view.values = p.values;
    p.view.beyond = p.beyond;
    p.out = random_box(p.block.pool.output);
    p.results = fgf_box_pixels(&p.out) * s->out;
    if (fgf_block_pools(&p.block)) {
        p.winner = malloc((size_t)p.results + 1);
        assert_non_null(p.winner);
        for (long i = 0; i < p.results; i++)
            p.winner[i] = (uint8_t)below(pool_taps(&p.block));
    }
    return p;
}

static void problem_clear(problem *p)
{
    free(p->weight);
    free(p->bias);
    free(p->slope);
    free(p->packed);
    free(p->work);
    free(p->values);
    free(p->beyond);
    free(p->winner);
}

static void say_where(const problem *p, const char *what)
{
    const fgf_convolution *c = &p->block.convolution;
    const fgf_pool *pool = &p->block.pool;
    print_error("%s with %s: %d x %d x %d x %d -> %d, kernel %d %d %d stride %d %d %d padding "
                "%d %d %d, pool %d %d %d / %d %d %d, out %d-%d %d-%d %d-%d\n",
                what, fgf_instruction_set_name(fgf_instruction_set_in_use()), c->input.channels,
                c->input.depth, c->input.height, c->input.width, c->output.channels, c->kernel[0],
                c->kernel[1], c->kernel[2], c->stride[0], c->stride[1], c->stride[2], c->padding[0],
                c->padding[1], c->padding[2], pool->size[0], pool->size[1], pool->size[2],
                pool->stride[0], pool->stride[1], pool->stride[2], p->out.from[0], p->out.to[0],
                p->out.from[1], p->out.to[1], p->out.from[2], p->out.to[2]);
}

static void expect_equal(const problem *p, const char *what, long n, const double *expected,
                         const fgf_real *got)
{
    for (long i = 0; i < n; i++)
        if (!((double)got[i] == expected[i])) {
            say_where(p, what);
            print_error("element %ld: %g, expected %g\n", i, (double)got[i], expected[i]);
            fail();
        }
}

/* ---- the operations ---- */

static void check_forward(problem *p, const fgf_pool_key *key, bool with_bias)
{
    const fgf_block *b = &p->block;
    const fgf_real *bias = with_bias ? p->bias : NULL;
    double *image = plain_image(&b->convolution.input, &p->view);
    const fgf_box needed = under(b, &p->out);
    double *full = plain_convolution(&b->convolution, p->weight, bias, image, &needed);
    double *expected = malloc(((size_t)p->results + 1) * sizeof *expected);
    uint8_t *won = malloc((size_t)p->results + 1), *winner = malloc((size_t)p->results + 1);
    fgf_real *z = numbers((size_t)p->results, any_number);
    const fgf_box whole = fgf_box_whole(b->convolution.output);
    const int channels = b->convolution.output.channels;
    long n = 0;
    int at[3], q[3];
    EACH(&p->out, at)
    for (int o = 0; o < channels; o++, n++)
        for (int tap = 0; tap < pool_taps(b); tap++) {
            value_of(b, at, tap, q);
            const double value = full[place(&whole, channels, q) + o];
            if (tap == 0 || plain_key(key, o, value) > plain_key(key, o, expected[n])) {
                expected[n] = value;
                won[n] = (uint8_t)tap;
            }
        }
    fgf_block_forward(b, p->packed, bias, key, &p->view, &p->out, z, p->winner ? winner : NULL,
                      p->work);
    expect_equal(p, key ? "forward by a key" : "forward", p->results, expected, z);
    if (p->winner && memcmp(won, winner, (size_t)p->results) != 0) {
        say_where(p, "winners");
        fail();
    }
    free(image);
    free(full);
    free(expected);
    free(won);
    free(winner);
    free(z);
}

static void check_tangent(problem *p)
{
    const fgf_block *b = &p->block;
    double *image = plain_image(&b->convolution.input, &p->view);
    const fgf_box needed = under(b, &p->out);
    double *full = plain_convolution(&b->convolution, p->weight, NULL, image, &needed);
    double *expected = malloc(((size_t)p->results + 1) * sizeof *expected);
    fgf_real *tz = numbers((size_t)p->results, any_number);
    const fgf_box whole = fgf_box_whole(b->convolution.output);
    const int channels = b->convolution.output.channels;
    long n = 0;
    int at[3], q[3];
    EACH(&p->out, at)
    for (int o = 0; o < channels; o++, n++) {
        value_of(b, at, p->winner ? p->winner[n] : 0, q);
        expected[n] = full[place(&whole, channels, q) + o];
    }
    fgf_block_tangent(b, p->packed, &p->view, &p->out, p->winner, tz, p->work);
    expect_equal(p, "tangent", p->results, expected, tz);
    free(image);
    free(full);
    free(expected);
    free(tz);
}

static void check_backward(problem *p)
{
    const fgf_block *b = &p->block;
    const fgf_convolution *c = &b->convolution;
    const fgf_box in = random_box(c->input);
    const int channels = c->input.channels, outs = c->output.channels;
    const long count = fgf_box_pixels(&in) * channels;
    fgf_real *dz = numbers((size_t)p->results, small_number);
    fgf_real *dx = numbers((size_t)count, any_number);
    double *expected = calloc((size_t)count + 1, sizeof *expected);
    long n = 0;
    int at[3], q[3], from[3];
    EACH(&p->out, at)
    for (int o = 0; o < outs; o++, n++) {
        value_of(b, at, p->winner ? p->winner[n] : 0, q);
        for (int k = 0; k < kernel_taps(c); k++)
            if (input_of(c, q, k, from) && lies_in(&in, from))
                for (int i = 0; i < channels; i++)
                    expected[place(&in, channels, from) + i] +=
                        (double)dz[n] * (double)p->weight[((long)k * channels + i) * outs + o];
    }
    fgf_block_backward(b, p->packed, &p->out, dz, p->winner, &in, dx, p->work);
    expect_equal(p, "backward", count, expected, dx);
    free(dz);
    free(dx);
    free(expected);
}

static void check_weights(problem *p)
{
    const fgf_block *b = &p->block;
    const fgf_convolution *c = &b->convolution;
    const fgf_box whole = fgf_box_whole(c->input);
    const int channels = c->input.channels, outs = c->output.channels;
    const size_t count = fgf_convolution_weight_count(c);
    double *image = plain_image(&c->input, &p->view);
    fgf_real *dz = numbers((size_t)p->results, small_number);
    fgf_real *dweight = numbers(count, small_number);
    double *expected = malloc(count * sizeof *expected);
    long n = 0;
    int at[3], q[3], from[3];
    for (size_t i = 0; i < count; i++)
        expected[i] = (double)dweight[i];
    EACH(&p->out, at)
    for (int o = 0; o < outs; o++, n++) {
        value_of(b, at, p->winner ? p->winner[n] : 0, q);
        for (int k = 0; k < kernel_taps(c); k++)
            if (input_of(c, q, k, from))
                for (int i = 0; i < channels; i++)
                    expected[((long)k * channels + i) * outs + o] +=
                        (double)dz[n] * image[place(&whole, channels, from) + i];
    }
    fgf_block_weights(b, &p->view, &p->out, dz, p->winner, dweight, p->work);
    expect_equal(p, "weights", (long)count, expected, dweight);
    free(image);
    free(dz);
    free(dweight);
    free(expected);
}

static void check_all(problem *p)
{
    const fgf_pool_key slopes = {p->slope, FGF_ACTIVATION_LEAKY};
    const fgf_pool_key silu = {NULL, FGF_ACTIVATION_SILU};
    problem_pack(p);
    check_forward(p, NULL, true);
    if (p->winner) {
        check_forward(p, &slopes, true);
        check_forward(p, &silu, false);
    }
    check_tangent(p);
    check_backward(p);
    check_weights(p);
}

/* ---- tests ---- */

#define EACH_SET(set)                                                                              \
    for (int set = 0; set < FGF_INSTRUCTION_SETS; set++)                                           \
        if (fgf_instruction_set_use((fgf_instruction_set)set))

static void test_named_shapes(void **unused)
{
    (void)unused;
    EACH_SET(set)
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        for (int draw = 0; draw < 4; draw++) {
            state = 100 * i + (uint64_t)draw + 1;
            problem p = problem_of(&named[i], small_number);
            check_all(&p);
            problem_clear(&p);
        }
}

static void test_random_shapes(void **unused)
{
    (void)unused;
    EACH_SET(set)
    for (int i = 0; i < RANDOM_SHAPES; i++) {
        state = 7000 + (uint64_t)i;
        const shape s = random_shape();
        problem p = problem_of(&s, small_number);
        check_all(&p);
        problem_clear(&p);
    }
}

/* A box without pixels: nothing is written but the input's gradient, which is zero, and nothing is
 * added to the weights' one. */
static void test_empty_boxes(void **unused)
{
    (void)unused;
    EACH_SET(set)
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        for (int axis = 0; axis < 3; axis++) {
            problem p = problem_of(&named[i], small_number);
            p.out.to[axis] = p.out.from[axis];
            p.results = 0;
            check_all(&p);
            problem_clear(&p);
        }
}

/* An image of one value, no padding: every window holds the same, so all outputs have the same
 * bits, and the first tap of each pool window wins. */
static void test_uniform_image(void **unused)
{
    (void)unused;
    EACH_SET(set)
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        shape s = named[i];
        memset(s.padding, 0, sizeof s.padding);
        if (fgf_shape_size(block_of(&s).pool.output) == 0)
            continue;
        problem p = problem_of(&s, any_number);
        const fgf_shape image = p.block.convolution.input, pooled = p.block.pool.output;
        fgf_real *x = numbers((size_t)fgf_shape_size(image), any_number);
        for (long j = image.channels; j < fgf_shape_size(image); j++)
            x[j] = x[j - image.channels];
        const fgf_view view = {fgf_box_whole(image), x, NULL};
        const fgf_box out = fgf_box_whole(pooled);
        fgf_real *z = numbers((size_t)fgf_shape_size(pooled), any_number);
        uint8_t *winner = malloc((size_t)fgf_shape_size(pooled));
        problem_pack(&p);
        fgf_block_forward(&p.block, p.packed, p.bias, NULL, &view, &out, z,
                          p.winner ? winner : NULL, p.work);
        for (long j = 0; j < fgf_shape_size(pooled); j++) {
            if (memcmp(&z[j], &z[j % s.out], sizeof *z) != 0) {
                say_where(&p, "uniform image");
                fail();
            }
            assert_true(!p.winner || winner[j] == 0);
        }
        free(x);
        free(z);
        free(winner);
        problem_clear(&p);
    }
}

/* Forward over a box has the bits of the same box within a larger one; and what is stored of the
 * image does not enter either. */
static void test_boxes_have_the_same_bits(void **unused)
{
    (void)unused;
    EACH_SET(set)
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        for (int draw = 0; draw < 5; draw++) {
            problem p = problem_of(&named[i], any_number);
            const fgf_shape pooled = p.block.pool.output;
            const int channels = pooled.channels;
            const fgf_box whole = fgf_box_whole(pooled);
            const fgf_box stored = fgf_box_whole(p.block.convolution.input);
            const long count = fgf_shape_size(p.block.convolution.input);
            double *image = plain_image(&p.block.convolution.input, &p.view);
            fgf_real *x = numbers((size_t)count, any_number);
            fgf_real *large = numbers((size_t)fgf_shape_size(pooled), any_number);
            fgf_real *part = numbers((size_t)p.results, any_number);
            fgf_real *small = numbers((size_t)p.results, any_number);
            uint8_t *winner = malloc((size_t)fgf_shape_size(pooled));
            for (long j = 0; j < count; j++)
                x[j] = (fgf_real)image[j];
            const fgf_view view = {stored, x, NULL};
            problem_pack(&p);
            fgf_block_forward(&p.block, p.packed, p.bias, NULL, &view, &whole, large,
                              p.winner ? winner : NULL, p.work);
            fgf_box_copy(channels, &whole, large, &p.out, part);
            fgf_block_forward(&p.block, p.packed, p.bias, NULL, &p.view, &p.out, small,
                              p.winner ? winner : NULL, p.work);
            if (memcmp(part, small, (size_t)p.results * sizeof *part) != 0) {
                say_where(&p, "part of a larger box");
                fail();
            }
            free(image);
            free(x);
            free(large);
            free(part);
            free(small);
            free(winner);
            problem_clear(&p);
        }
}

/* Results of all sets agree with plain sums in double within what rounding may do: of K products,
 * each at most 1, K epsilon a sum of K. */
static void test_sets_agree(void **unused)
{
    (void)unused;
    EACH_SET(set)
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        state = 300 + i;
        shape s = named[i];
        for (int axis = 0; axis < 3; axis++)
            s.size[axis] = s.pool_stride[axis] = 1;
        problem p = problem_of(&s, any_number);
        const double terms = kernel_taps(&p.block.convolution) * s.in + 1;
        double *image = plain_image(&p.block.convolution.input, &p.view);
        const fgf_box whole = fgf_box_whole(p.block.convolution.output);
        double *full = plain_convolution(&p.block.convolution, p.weight, p.bias, image, &whole);
        const long count = fgf_shape_size(p.block.convolution.output);
        fgf_real *z = numbers((size_t)count, any_number);
        problem_pack(&p);
        fgf_block_forward(&p.block, p.packed, p.bias, NULL, &p.view, &whole, z, NULL, p.work);
        for (long j = 0; j < count; j++)
            assert_true(fabs((double)z[j] - full[j]) <= terms * terms * FGF_REAL_EPSILON);
        free(image);
        free(full);
        free(z);
        problem_clear(&p);
    }
}

/* A NaN wins its window, wherever in it, and stays. */
static void test_nan_wins(void **unused)
{
    (void)unused;
    const shape kinds[] = {
        {1, 8, {1, 12, 12}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 4, 4}, {1, 4, 4}},
        {1, 8, {1, 12, 12}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 3, 3}, {1, 1, 1}},
    };
    EACH_SET(set)
    for (int kind = 0; kind < 2; kind++)
        for (int at = 0; at < 144; at++) {
            problem p = problem_of(&kinds[kind], any_number);
            const fgf_shape pooled = p.block.pool.output;
            const fgf_box out = fgf_box_whole(pooled);
            const int size = kinds[kind].size[1], stride = kinds[kind].pool_stride[1];
            fgf_real *x = numbers(144, any_number);
            fgf_real *z = numbers((size_t)fgf_shape_size(pooled), any_number);
            uint8_t *winner = malloc((size_t)fgf_shape_size(pooled));
            const fgf_view view = {fgf_box_whole(p.block.convolution.input), x, NULL};
            x[at] = (fgf_real)NAN;
            problem_pack(&p);
            fgf_block_forward(&p.block, p.packed, p.bias, NULL, &view, &out, z, winner, p.work);
            for (int y = 0; y < pooled.height; y++)
                for (int c = 0; c < pooled.width * 8; c++) {
                    const int dy = at / 12 - y * stride, dx = at % 12 - c / 8 * stride;
                    const bool holds = dy >= 0 && dy < size && dx >= 0 && dx < size;
                    const long j = (long)y * pooled.width * 8 + c;
                    assert_int_equal(holds, isnan(z[j]) != 0);
                    assert_true(!holds || winner[j] == dy * size + dx);
                }
            free(x);
            free(z);
            free(winner);
            problem_clear(&p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named_shapes),
        cmocka_unit_test(test_random_shapes),
        cmocka_unit_test(test_empty_boxes),
        cmocka_unit_test(test_uniform_image),
        cmocka_unit_test(test_boxes_have_the_same_bits),
        cmocka_unit_test(test_sets_agree),
        cmocka_unit_test(test_nan_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
