/* The adjoint of the convolution in x, where every value of its output counts: a convolution of dz.
 *
 * The inputs of one residue modulo the stride all meet the same taps, so for each class of residues
 * it is a convolution of stride 1, with the taps of that residue back to front.
 *
 * Few input channels would leave most lanes of a vector idle. Then neighbouring inputs of a row
 * make a group that shares a vector, as if they were channels: a group reads what any of its inputs
 * reads, with zeros among the weights where an input has no tap. */
#include "block_internal.h"

#include <string.h>

enum { PATCH_BYTES = 64 * 1024, COLUMNS = 24, ROWS_LEAST = 4, ROWS_MOST = 16 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

static int down(int a, int b) /* floor(a / b) */
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int up(int a, int b) /* ceil(a / b) */
{
    return -down(-a, b);
}

/* How dx is cut. Along each axis, an input i is written i + padding = stride * m + residue, and m
 * is what the strips below run over. */
typedef struct backward_plan {
    int group;         /* inputs of a row that share a vector: a multiple of the stride, or 1 */
    int channels;      /* of a group */
    int step;          /* m from a group to the next */
    int residues[3];   /* that are classes of their own */
    int taps[3];       /* most of a class */
    int rows, columns; /* of m and of groups, in a strip */
    size_t patch;      /* elements */
} backward_plan;

static backward_plan plan_backward(const fgf_block *b, const tile_set *set)
{
    const fgf_convolution *c = &b->convolution;
    const int in = c->input.channels, stride = c->stride[2];
    backward_plan p = {.group = set->lanes / in / stride * stride};
    p.group = p.group > 1 ? p.group : 1;
    p.channels = p.group * in;
    p.step = p.group > 1 ? p.group / stride : 1;
    for (int axis = 0; axis < 3; axis++) {
        p.residues[axis] = axis == 2 && p.group > 1 ? 1 : c->stride[axis];
        p.taps[axis] = (c->kernel[axis] + c->stride[axis] - 1) / c->stride[axis];
    }
    p.taps[2] += p.step - 1;
    const channel_block first = channel_block_at(set, p.channels, 0);
    const int tile = set->pixels[first.vectors];
    p.columns = most(COLUMNS / tile, p.group > 1 ? 1 : 2) * tile;
    const int wide = (p.columns - 1) * p.step + p.taps[2];
    const int fit = PATCH_BYTES / (wide * c->output.channels * (int)sizeof(fgf_real));
    p.rows = least(most(fit - p.taps[1] + 1, ROWS_LEAST), ROWS_MOST);
    p.patch = whole_lines((size_t)p.taps[0] * (size_t)(p.rows + p.taps[1] - 1) * (size_t)wide *
                          (size_t)c->output.channels);
    return p;
}

/* ---- classes of residues and their weights ---- */

typedef struct residue_class {
    int residue[3], taps[3];
    size_t rows, packed; /* of its weights; elements of those of the classes before it */
} residue_class;

static int class_count(const backward_plan *p)
{
    return p->residues[0] * p->residues[1] * p->residues[2];
}

static residue_class class_at(const fgf_convolution *c, const tile_set *set, const backward_plan *p,
                              int index)
{
    residue_class r = {.packed = 0, .rows = 0};
    for (int i = 0; i <= index; i++) {
        r.packed += tile_packed_size(set, r.rows, p->channels);
        r.residue[2] = i % p->residues[2];
        r.residue[1] = i / p->residues[2] % p->residues[1];
        r.residue[0] = i / p->residues[2] / p->residues[1];
        r.rows = (size_t)c->output.channels;
        for (int axis = 0; axis < 3; axis++) {
            const int left = c->kernel[axis] - r.residue[axis];
            r.taps[axis] = left > 0 ? (left + c->stride[axis] - 1) / c->stride[axis] : 0;
            if (axis == 2 && p->group > 1)
                r.taps[axis] = p->taps[axis];
            r.rows *= (size_t)r.taps[axis];
        }
    }
    return r;
}

/* Row [tap x][output] of a class: for each input of the group, its tap's weights of that output. */
static void pack_tap(const fgf_convolution *c, const backward_plan *p, const residue_class *r,
                     int x, int o, const fgf_real *taps, fgf_real *row)
{
    const int in = c->input.channels, out = c->output.channels, stride = c->stride[2];
    const int last = p->group > 1 ? r->taps[2] - p->step : r->taps[2] - 1;
    for (int j = 0; j < p->group; j++) {
        const int kx = r->residue[2] + j + stride * (last - x);
        for (int i = 0; i < in; i++)
            row[j * in + i] =
                kx >= 0 && kx < c->kernel[2] ? taps[((long)kx * in + i) * out + o] : 0;
    }
}

static void pack_class(const fgf_convolution *c, const tile_set *set, const backward_plan *p,
                       const residue_class *r, const fgf_real *weight, fgf_real *packed)
{
    const int in = c->input.channels, out = c->output.channels;
    size_t row = 0;
    for (int z = r->taps[0]; z-- > 0;)
        for (int y = r->taps[1]; y-- > 0;)
            for (int x = 0; x < r->taps[2]; x++) {
                const long kz = r->residue[0] + z * c->stride[0];
                const long ky = r->residue[1] + y * c->stride[1];
                const fgf_real *taps = weight + (kz * c->kernel[1] + ky) * c->kernel[2] * in * out;
                for (int o = 0; o < out; o++, row++) {
                    fgf_real values[FGF_TILE_LANES_MAX];
                    if (p->group > 1) {
                        pack_tap(c, p, r, x, o, taps, values);
                        tile_pack_row(set, r->rows, row, p->channels, values, 1,
                                      packed + r->packed);
                    } else {
                        const long kx = r->residue[2] + (r->taps[2] - 1 - x) * c->stride[2];
                        tile_pack_row(set, r->rows, row, in, taps + kx * in * out + o, out,
                                      packed + r->packed);
                    }
                }
            }
}

size_t backward_packed_size(const fgf_block *b)
{
    const tile_set *set = tile_set_in_use();
    const backward_plan p = plan_backward(b, set);
    const residue_class last = class_at(&b->convolution, set, &p, class_count(&p) - 1);
    return last.packed + tile_packed_size(set, last.rows, p.channels);
}

void backward_pack(const fgf_block *b, const fgf_real *weight, fgf_real *packed)
{
    const tile_set *set = tile_set_in_use();
    const backward_plan p = plan_backward(b, set);
    for (int i = 0; i < class_count(&p); i++) {
        const residue_class r = class_at(&b->convolution, set, &p, i);
        pack_class(&b->convolution, set, &p, &r, weight, packed);
    }
}

/* ---- the strips ---- */

/* One call. */
typedef struct pass {
    const fgf_block *block;
    const tile_set *set;
    backward_plan plan;
    const fgf_real *packed;
    const fgf_box *out, *in;
    const fgf_real *dz;
    const uint8_t *winner;
    fgf_real *dx, *patch, *edge;
} pass;

size_t backward_work(const fgf_block *b)
{
    const tile_set *set = tile_set_in_use();
    const backward_plan p = plan_backward(b, set);
    return p.patch + (size_t)(p.rows * FGF_TILE_LANES_MAX);
}

/* dz at full resolution over the box `want` of the convolution's output, zero elsewhere. */
static patch dz_patch(const pass *p, const fgf_box *want)
{
    const fgf_pool *pool = &p->block->pool;
    const long channels = pool->input.channels;
    const fgf_view view = {*p->out, p->dz, NULL};
    if (!p->winner)
        return patch_of(&pool->input, &view, want, p->patch);
    tile_spread spread = {
        .channels = (int)channels,
        .dz = p->dz,
        .winner = p->winner,
        .window = {channels * fgf_box_extent(p->out, 2) * fgf_box_extent(p->out, 1),
                   channels * fgf_box_extent(p->out, 2), channels},
        .values = p->patch};
    for (int axis = 0; axis < 3; axis++) {
        spread.want_from[axis] = want->from[axis];
        spread.want_to[axis] = want->to[axis];
        spread.from[axis] = p->out->from[axis];
        spread.to[axis] = p->out->to[axis];
        spread.size[axis] = pool->size[axis];
        spread.stride[axis] = pool->stride[axis];
    }
    p->set->spread(&spread);
    const long row = channels * fgf_box_extent(want, 2);
    return (patch){p->patch, row, row * fgf_box_extent(want, 1)};
}

/* dx of one class over the box of m (along a row, of groups from `read` on), to `dx`. */
static void convolve_class(const pass *p, const residue_class *r, const fgf_box *m,
                           const fgf_box *read, const patch *dz, fgf_real *dx, const long next[3])
{
    const fgf_convolution *c = &p->block->convolution;
    const long out = c->output.channels;
    long first = 0;
    if (r->rows) {
        const int before = p->plan.group > 1 ? p->plan.taps[2] - p->plan.step : r->taps[2] - 1;
        first = (m->from[0] - (r->taps[0] - 1) - read->from[0]) * dz->plane +
                (m->from[1] - (r->taps[1] - 1) - read->from[1]) * dz->row +
                (m->from[2] - before - read->from[2]) * out;
    }
    for (int i = 0; i < channel_blocks(p->set, p->plan.channels); i++) {
        const channel_block block = channel_block_at(p->set, p->plan.channels, i);
        const tile_convolution tiles = {.extent = {fgf_box_extent(m, 0), fgf_box_extent(m, 1),
                                                   fgf_box_extent(m, 2) / p->plan.step},
                                        .taps = {r->taps[0], r->taps[1]},
                                        .run = r->rows ? r->taps[2] * c->output.channels : 0,
                                        .vectors = block.vectors,
                                        .channels = block.channels,
                                        .x = dz->at + first,
                                        .window = {dz->plane, dz->row, out * p->plan.step},
                                        .tap = {dz->plane, dz->row},
                                        .weight =
                                            tile_packed(r->rows, &block, p->packed + r->packed),
                                        .z = dx + block.first,
                                        .next = {next[0], next[1], next[2]}};
        p->set->convolve(&tiles);
    }
}

/* The part of `box`, in m, whose inputs of the class lie in `in`. Groups: see below. */
static fgf_box class_box(const pass *p, const residue_class *r, const fgf_box *box)
{
    const fgf_convolution *c = &p->block->convolution;
    fgf_box part = *box;
    for (int axis = 0; axis < (p->plan.group > 1 ? 2 : 3); axis++) {
        const int shift = c->padding[axis] - r->residue[axis];
        part.from[axis] = most(box->from[axis], up(p->in->from[axis] + shift, c->stride[axis]));
        part.to[axis] = least(box->to[axis], up(p->in->to[axis] + shift, c->stride[axis]));
    }
    return part;
}

/* Column of `in` of the first input of the class at m. */
static int column_of(const pass *p, const residue_class *r, int m)
{
    const fgf_convolution *c = &p->block->convolution;
    return m * c->stride[2] + r->residue[2] - c->padding[2] - p->in->from[2];
}

/* A group at either end of the rows: only some of its inputs lie in the box. */
static void edge_group(const pass *p, const residue_class *r, const fgf_box *m, const fgf_box *read,
                       const patch *dz, fgf_real *dx, const long next[3])
{
    const int in = p->block->convolution.input.channels;
    const int column = column_of(p, r, m->from[2]), from = most(0, -column);
    const int to = least(p->plan.group, fgf_box_extent(p->in, 2) - column);
    const long lanes = p->set->lanes, apart[3] = {0, lanes, lanes};
    convolve_class(p, r, m, read, dz, p->edge, apart);
    for (int y = 0; y < fgf_box_extent(m, 1); y++)
        memcpy(dx + y * next[1] + (long)(column + from) * in, p->edge + y * lanes + from * in,
               (size_t)((to - from) * in) * sizeof *dx);
}

/* A strip of one class: the groups that lie in the box whole, then those that stick out. */
static void run_class(const pass *p, const residue_class *r, const fgf_box *box,
                      const fgf_box *read, const patch *dz)
{
    const fgf_convolution *c = &p->block->convolution;
    const int step = p->plan.step;
    const fgf_box m = class_box(p, r, box);
    const long in = c->input.channels, row = in * fgf_box_extent(p->in, 2);
    const long plane = row * fgf_box_extent(p->in, 1);
    if (fgf_box_pixels(&m) == 0)
        return;
    const int first[2] = {m.from[0] * c->stride[0] + r->residue[0] - c->padding[0],
                          m.from[1] * c->stride[1] + r->residue[1] - c->padding[1]};
    fgf_real *dx = p->dx + (first[0] - p->in->from[0]) * plane + (first[1] - p->in->from[1]) * row;
    const long next[3] = {plane * c->stride[0], row * c->stride[1],
                          p->plan.group > 1 ? in * p->plan.group : in * c->stride[2]};
    fgf_box whole = m;
    if (p->plan.group > 1) {
        while (whole.from[2] < whole.to[2] && column_of(p, r, whole.from[2]) < 0)
            whole.from[2] += step;
        while (whole.from[2] < whole.to[2] &&
               column_of(p, r, whole.to[2] - step) + p->plan.group > fgf_box_extent(p->in, 2))
            whole.to[2] -= step;
    }
    if (fgf_box_pixels(&whole) > 0)
        convolve_class(p, r, &whole, read, dz, dx + column_of(p, r, whole.from[2]) * in, next);
    for (int x = m.from[2]; x < m.to[2]; x += step)
        if (x < whole.from[2] || x >= whole.to[2]) {
            fgf_box edge = m;
            edge.from[2] = x;
            edge.to[2] = x + step;
            edge_group(p, r, &edge, read, dz, dx, next);
        }
}

void backward_dense(const fgf_block *b, const fgf_real *packed, const fgf_box *out,
                    const fgf_real *dz, const uint8_t *winner, const fgf_box *in, fgf_real *dx,
                    fgf_real *work)
{
    const fgf_convolution *c = &b->convolution;
    const tile_set *set = tile_set_in_use();
    const backward_plan plan = plan_backward(b, set);
    const pass p = {b, set, plan, packed, out, in, dz, winner, dx, work, work + plan.patch};
    const int wide = plan.columns * plan.step;
    int from[3], to[3];
    if (fgf_box_pixels(in) == 0)
        return;
    for (int axis = 0; axis < 3; axis++) {
        from[axis] = down(in->from[axis] + c->padding[axis], c->stride[axis]);
        to[axis] = down(in->to[axis] - 1 + c->padding[axis], c->stride[axis]) + 1;
    }
    to[2] = from[2] + (to[2] - from[2] + plan.step - 1) / plan.step * plan.step;
    for (int z = from[0]; z < to[0]; z++)
        for (int y = from[1]; y < to[1]; y += plan.rows)
            for (int x = from[2]; x < to[2]; x += wide) {
                const fgf_box box = {{z, y, x},
                                     {z + 1, least(y + plan.rows, to[1]), least(x + wide, to[2])}};
                fgf_box read = box;
                for (int axis = 0; axis < 3; axis++)
                    read.from[axis] -= plan.taps[axis] - 1;
                read.from[2] += plan.step - 1;
                const patch full = dz_patch(&p, &read);
                for (int i = 0; i < class_count(&plan); i++) {
                    const residue_class r = class_at(c, set, &plan, i);
                    run_class(&p, &r, &box, &read, &full);
                }
            }
}
