/* The convolution strip by strip, each followed by its pool.
 *
 * A strip is some rows and columns of pool windows, for one block of channels. Strips go down the
 * image; where windows overlap, the rows of the convolution that the next strip needs again are
 * kept. Without a pool the tiles write to z. */
#include "block_internal.h"

#include <string.h>

enum { STRIP_BYTES = 24 * 1024, STRIP_ROWS = 6 };

typedef struct strip_plan {
    int rows, columns;   /* pool windows of a strip */
    int extent[3];       /* values of the convolution that they hold */
    size_t strip, patch; /* elements */
} strip_plan;

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int greatest_of(int a, int b)
{
    return a > b ? a : b;
}

/* What `count` windows side by side cover. */
static int covered(int count, int size, int stride)
{
    return (count - 1) * stride + size;
}

/* As many windows as cover no more than `room`; at least one, at most `count`. */
static int windows_in(int room, int size, int stride, int count)
{
    const int fit = room < size ? 1 : (room - size) / stride + 1;
    return greatest_of(1, least(fit, count));
}

static strip_plan plan_strips(const fgf_block *b, const tile_set *set)
{
    const fgf_convolution *c = &b->convolution;
    const fgf_pool *p = &b->pool;
    const channel_block block = channel_block_at(set, c->output.channels, 0);
    const int width = block.vectors * set->lanes, tile = set->pixels[block.vectors];
    strip_plan s;
    s.rows = windows_in(STRIP_ROWS, p->size[1], p->stride[1], p->output.height);
    s.extent[0] = p->size[0];
    s.extent[1] = covered(s.rows, p->size[1], p->stride[1]);
    const int fit =
        STRIP_BYTES / (int)sizeof(fgf_real) / width / s.extent[0] / s.extent[1] / tile * tile;
    s.columns = windows_in(greatest_of(fit, 2 * tile), p->size[2], p->stride[2], p->output.width);
    s.extent[2] = covered(s.columns, p->size[2], p->stride[2]);
    s.strip = s.patch = 1;
    for (int axis = 0; axis < 3; axis++) {
        s.strip *= (size_t)s.extent[axis];
        s.patch *= (size_t)covered(s.extent[axis], c->kernel[axis], c->stride[axis]);
    }
    /* The last vector of a row may be read beyond its end. */
    s.strip = fgf_block_pools(b) ? whole_lines((s.strip + 1) * (size_t)width) : 0;
    s.patch = whole_lines(s.patch * (size_t)c->input.channels);
    return s;
}

static size_t rows_of_weights(const fgf_convolution *c)
{
    return (size_t)c->kernel[0] * (size_t)c->kernel[1] * (size_t)c->kernel[2] *
           (size_t)c->input.channels;
}

size_t forward_packed_size(const fgf_block *b)
{
    const fgf_convolution *c = &b->convolution;
    return tile_packed_size(tile_set_in_use(), rows_of_weights(c), c->output.channels);
}

void forward_pack(const fgf_block *b, const fgf_real *weight, fgf_real *packed)
{
    const fgf_convolution *c = &b->convolution;
    const size_t rows = rows_of_weights(c);
    for (size_t row = 0; row < rows; row++)
        tile_pack_row(tile_set_in_use(), rows, row, c->output.channels,
                      weight + row * (size_t)c->output.channels, 1, packed);
}

size_t forward_work(const fgf_block *b)
{
    const tile_set *set = tile_set_in_use();
    const strip_plan plan = plan_strips(b, set);
    const size_t channels = whole_lines((size_t)whole_vectors(set, b->convolution.output.channels));
    return 2 * channels + plan.patch + 2 * plan.strip;
}

/* One call, as its strips see it. */
typedef struct pass {
    const fgf_block *block;
    const tile_set *set;
    strip_plan plan;
    const fgf_real *packed, *bias, *slope; /* the latter two with zeros up to whole vectors */
    const fgf_pool_key *key;
    const fgf_view *x;
    const fgf_box *out;
    fgf_real *z;
    uint8_t *winner;
    const uint8_t *pick; /* the winners of a tangent, or NULL */
    fgf_real *patch, *strip, *keys;
} pass;

/* Pool windows [from, to) of the output, of which the strip holds the first `kept` rows of the
 * convolution already. */
typedef struct strip {
    fgf_box windows;
    channel_block channels;
    int kept;
} strip;

/* The convolution's outputs that are still to be computed. */
static fgf_box to_compute(const pass *p, const strip *s)
{
    const fgf_pool *pool = &p->block->pool;
    fgf_box box;
    for (int axis = 0; axis < 3; axis++) {
        box.from[axis] = s->windows.from[axis] * pool->stride[axis];
        box.to[axis] = (s->windows.to[axis] - 1) * pool->stride[axis] + pool->size[axis];
    }
    box.from[1] += s->kept;
    return box;
}

/* Element of z of the first window's first channel. */
static long result_at(const pass *p, const strip *s)
{
    const fgf_box *out = p->out, *w = &s->windows;
    const long row =
        (long)(w->from[0] - out->from[0]) * fgf_box_extent(out, 1) + (w->from[1] - out->from[1]);
    return (row * fgf_box_extent(out, 2) + (w->from[2] - out->from[2])) *
               p->block->convolution.output.channels +
           s->channels.first;
}

static void results_apart(const pass *p, long apart[3])
{
    apart[2] = p->block->convolution.output.channels;
    apart[1] = apart[2] * fgf_box_extent(p->out, 2);
    apart[0] = apart[1] * fgf_box_extent(p->out, 1);
}

/* With stride 1 along the rows and one block of channels, windows lie side by side in the strip as
 * they do in z: then the pool takes a row of them as one window of many channels. */
static bool side_by_side(const pass *p, const strip *s)
{
    return p->block->pool.stride[2] == 1 &&
           s->channels.channels == p->block->convolution.output.channels;
}

/* Elements of a pixel in the strip. */
static int width_of(const pass *p, const strip *s)
{
    return side_by_side(p, s) ? s->channels.channels : s->channels.vectors * p->set->lanes;
}

static void values_apart(const pass *p, const strip *s, long apart[3])
{
    apart[2] = width_of(p, s);
    apart[1] = apart[2] * p->plan.extent[2];
    apart[0] = apart[1] * p->plan.extent[1];
}

static void convolve_strip(const pass *p, const strip *s)
{
    const fgf_convolution *c = &p->block->convolution;
    const fgf_box box = to_compute(p, s);
    fgf_box read;
    for (int axis = 0; axis < 3; axis++) {
        read.from[axis] = box.from[axis] * c->stride[axis] - c->padding[axis];
        read.to[axis] = (box.to[axis] - 1) * c->stride[axis] - c->padding[axis] + c->kernel[axis];
    }
    const patch x = patch_of(&c->input, p->x, &read, p->patch);
    tile_convolution tiles = {
        .extent = {fgf_box_extent(&box, 0), fgf_box_extent(&box, 1), fgf_box_extent(&box, 2)},
        .taps = {c->kernel[0], c->kernel[1]},
        .run = c->kernel[2] * c->input.channels,
        .vectors = s->channels.vectors,
        .channels = width_of(p, s),
        .x = x.at,
        .window = {c->stride[0] * x.plane, c->stride[1] * x.row,
                   (long)c->stride[2] * c->input.channels},
        .tap = {x.plane, x.row},
        .weight = tile_packed(rows_of_weights(c), &s->channels, p->packed),
        .bias = p->bias ? p->bias + s->channels.first : NULL};
    if (fgf_block_pools(p->block)) {
        values_apart(p, s, tiles.next);
        tiles.z = p->strip + s->kept * tiles.next[1];
    } else {
        results_apart(p, tiles.next);
        tiles.z = p->z + result_at(p, s);
        tiles.channels = s->channels.channels;
    }
    p->set->convolve(&tiles);
}

/* What the pool compares; NULL key: the strip itself. */
static const fgf_real *strip_keys(const pass *p, const strip *s)
{
    const size_t width = (size_t)width_of(p, s);
    if (!p->key)
        return p->strip;
    const fgf_box box = to_compute(p, s);
    const size_t row = (size_t)fgf_box_extent(&box, 2), held = (size_t)p->plan.extent[1];
    const size_t rows = (size_t)(fgf_box_extent(&box, 1) + s->kept);
    for (size_t plane = 0; plane < (size_t)p->plan.extent[0]; plane++)
        for (size_t y = 0; y < rows; y++) {
            const size_t at = (plane * held + y) * (size_t)p->plan.extent[2] * width;
            if (p->slope)
                fgf_prelu_forward(row, (int)width, p->slope + s->channels.first, p->strip + at,
                                  p->keys + at);
            else
                fgf_activation_forward(p->key->activation, 0, row * width, p->strip + at,
                                       p->keys + at);
        }
    return p->keys;
}

static void pool_strip(const pass *p, const strip *s)
{
    const fgf_pool *pool = &p->block->pool;
    const long at = result_at(p, s);
    tile_pool windows = {.vectors = s->channels.vectors,
                         .channels = s->channels.channels,
                         .strip = p->strip,
                         .key = p->pick ? p->strip : strip_keys(p, s),
                         .z = p->z + at,
                         .winner = p->winner ? p->winner + at : NULL,
                         .pick = p->pick ? p->pick + at : NULL};
    for (int axis = 0; axis < 3; axis++) {
        windows.extent[axis] = fgf_box_extent(&s->windows, axis);
        windows.size[axis] = pool->size[axis];
        windows.stride[axis] = pool->stride[axis];
    }
    values_apart(p, s, windows.next);
    results_apart(p, windows.out);
    if (side_by_side(p, s)) {
        windows.channels *= windows.extent[2];
        windows.extent[2] = 1;
    }
    if (p->pick)
        p->set->pick(&windows);
    else
        p->set->greatest(&windows);
}

/* Moves the last rows of the convolution that `s` holds to the top; returns how many the windows
 * that follow below need again. */
static int keep_rows(const pass *p, const strip *s)
{
    const fgf_pool *pool = &p->block->pool;
    const int count = fgf_box_extent(&s->windows, 1), kept = pool->size[1] - pool->stride[1];
    if (kept <= 0)
        return 0;
    long apart[3];
    values_apart(p, s, apart);
    for (int plane = 0; plane < p->plan.extent[0]; plane++) {
        fgf_real *to = p->strip + plane * apart[0];
        memmove(to, to + count * pool->stride[1] * apart[1],
                (size_t)(kept * apart[1]) * sizeof *to);
    }
    return kept;
}

/* The strips of one plane of windows, from column `left` on, top down. */
static void strips_down(const pass *p, int plane, int left, const channel_block *channels)
{
    const int right = least(left + p->plan.columns, p->out->to[2]);
    int kept = 0;
    for (int top = p->out->from[1]; top < p->out->to[1]; top += p->plan.rows) {
        const int bottom = least(top + p->plan.rows, p->out->to[1]);
        const strip s = {{{plane, top, left}, {plane + 1, bottom, right}}, *channels, kept};
        convolve_strip(p, &s);
        if (!fgf_block_pools(p->block))
            continue;
        pool_strip(p, &s);
        kept = bottom < p->out->to[1] ? keep_rows(p, &s) : 0;
    }
}

static void run(const pass *p)
{
    const int channels = p->block->convolution.output.channels;
    const int blocks = channel_blocks(p->set, channels);
    if (fgf_box_pixels(p->out) == 0)
        return;
    for (int plane = p->out->from[0]; plane < p->out->to[0]; plane++)
        for (int left = p->out->from[2]; left < p->out->to[2]; left += p->plan.columns)
            for (int i = 0; i < blocks; i++) {
                const channel_block block = channel_block_at(p->set, channels, i);
                strips_down(p, plane, left, &block);
            }
}

/* `from`, with zeros up to whole vectors, in `to`; NULL stays NULL. */
static const fgf_real *padded(const tile_set *set, int channels, const fgf_real *from, fgf_real *to)
{
    if (!from)
        return NULL;
    memcpy(to, from, (size_t)channels * sizeof *to);
    memset(to + channels, 0, (size_t)(whole_vectors(set, channels) - channels) * sizeof *to);
    return to;
}

static pass pass_of(const fgf_block *b, const fgf_real *packed, const fgf_view *x,
                    const fgf_box *out, fgf_real *z, fgf_real *work)
{
    const tile_set *set = tile_set_in_use();
    const size_t channels = whole_lines((size_t)whole_vectors(set, b->convolution.output.channels));
    pass p = {.block = b,
              .set = set,
              .plan = plan_strips(b, set),
              .packed = packed,
              .x = x,
              .out = out,
              .z = z};
    p.patch = work + 2 * channels;
    p.strip = p.patch + p.plan.patch;
    p.keys = p.strip + p.plan.strip;
    return p;
}

void fgf_block_forward(const fgf_block *b, const fgf_real *packed, const fgf_real *bias,
                       const fgf_pool_key *key, const fgf_view *x, const fgf_box *out, fgf_real *z,
                       uint8_t *winner, fgf_real *work)
{
    const int channels = b->convolution.output.channels;
    pass p = pass_of(b, packed, x, out, z, work);
    p.bias = padded(p.set, channels, bias, work);
    p.key = key;
    p.slope = padded(p.set, channels, key ? key->slope : NULL,
                     work + whole_lines((size_t)whole_vectors(p.set, channels)));
    p.winner = winner;
    run(&p);
}

void forward_tangent(const fgf_block *b, const fgf_real *packed, const fgf_view *t,
                     const fgf_box *out, const uint8_t *winner, fgf_real *tz, fgf_real *work)
{
    pass p = pass_of(b, packed, t, out, tz, work);
    p.pick = winner;
    run(&p);
}
