/* A block's geometry, its packed weights, and which way each operation goes. */
#include "fgf/block.h"

#include "block_internal.h"
#include "instruction_set.h"
#include "sparse.h"
#include "weights.h"

bool fgf_block_pools(const fgf_block *b)
{
    for (int axis = 0; axis < 3; axis++)
        if (b->pool.size[axis] > 1 || b->pool.stride[axis] > 1)
            return true;
    return false;
}

/* Of `count` windows of `size` at `stride` after `padding` zeros, those that meet [from, to). */
static void windows_that_meet(int from, int to, int size, int stride, int padding, int count,
                              int *first, int *end)
{
    const int below = from + padding - size + 1;
    *first = below <= 0 ? 0 : (below + stride - 1) / stride;
    *end = to + padding <= 0 ? 0 : (to - 1 + padding) / stride + 1;
    *end = *end < count ? *end : count;
    *end = to > from && *end > *first ? *end : *first;
}

fgf_box fgf_block_touched(const fgf_block *b, const fgf_box *in)
{
    const fgf_convolution *c = &b->convolution;
    const int count[3] = {c->output.depth, c->output.height, c->output.width};
    const int pooled[3] = {b->pool.output.depth, b->pool.output.height, b->pool.output.width};
    fgf_box out;
    for (int axis = 0; axis < 3; axis++) {
        int from, to;
        windows_that_meet(in->from[axis], in->to[axis], c->kernel[axis], c->stride[axis],
                          c->padding[axis], count[axis], &from, &to);
        windows_that_meet(from, to, b->pool.size[axis], b->pool.stride[axis], 0, pooled[axis],
                          &out.from[axis], &out.to[axis]);
    }
    return out;
}

static void read_by(int from, int to, int size, int stride, int padding, int extent, int *first,
                    int *end)
{
    const int low = from * stride - padding, high = (to - 1) * stride - padding + size;
    *first = low < 0 ? 0 : low > extent ? extent : low;
    *end = high > extent ? extent : high;
    *end = to > from && *end > *first ? *end : *first;
}

fgf_box fgf_block_footprint(const fgf_block *b, const fgf_box *out)
{
    const fgf_convolution *c = &b->convolution;
    const int full[3] = {c->output.depth, c->output.height, c->output.width};
    const int input[3] = {c->input.depth, c->input.height, c->input.width};
    fgf_box in;
    for (int axis = 0; axis < 3; axis++) {
        int from, to;
        read_by(out->from[axis], out->to[axis], b->pool.size[axis], b->pool.stride[axis], 0,
                full[axis], &from, &to);
        read_by(from, to, c->kernel[axis], c->stride[axis], c->padding[axis], input[axis],
                &in.from[axis], &in.to[axis]);
    }
    return in;
}

/* ---- blocks of channels and their weights ---- */

const tile_set *tile_set_in_use(void)
{
#if defined(__x86_64__)
    const tile_set *const sets[FGF_INSTRUCTION_SETS] = {&tile_set_portable, &tile_set_avx2,
                                                        &tile_set_avx512};
    return sets[fgf_instruction_set_in_use()];
#else
    return &tile_set_portable;
#endif
}

int whole_vectors(const tile_set *set, int channels)
{
    return (channels + set->lanes - 1) / set->lanes * set->lanes;
}

size_t whole_lines(size_t elements)
{
    const size_t line = 64 / sizeof(fgf_real);
    return (elements + line - 1) / line * line;
}

int channel_blocks(const tile_set *set, int channels)
{
    const int vectors = whole_vectors(set, channels) / set->lanes;
    return (vectors + set->vectors_max - 1) / set->vectors_max;
}

/* The larger ones first. */
channel_block channel_block_at(const tile_set *set, int channels, int index)
{
    const int vectors = whole_vectors(set, channels) / set->lanes;
    const int blocks = channel_blocks(set, channels);
    const int each = vectors / blocks, larger = vectors % blocks;
    const int before = index * each + (index < larger ? index : larger);
    channel_block block = {before * set->lanes, 0, each + (index < larger)};
    block.channels = block.vectors * set->lanes;
    if (block.first + block.channels > channels)
        block.channels = channels - block.first;
    return block;
}

size_t tile_packed_size(const tile_set *set, size_t rows, int channels)
{
    return rows * (size_t)whole_vectors(set, channels);
}

void tile_pack_row(const tile_set *set, size_t rows, size_t row, int channels, const fgf_real *from,
                   long step, fgf_real *packed)
{
    for (int i = 0; i < channel_blocks(set, channels); i++) {
        const channel_block block = channel_block_at(set, channels, i);
        const size_t width = (size_t)(block.vectors * set->lanes);
        fgf_real *to = packed + rows * (size_t)block.first + row * width;
        for (size_t c = 0; c < width; c++)
            to[c] = (int)c < block.channels ? from[(block.first + (long)c) * step] : 0;
    }
}

const fgf_real *tile_packed(size_t rows, const channel_block *block, const fgf_real *packed)
{
    return packed + rows * (size_t)block->first;
}

/* ---- which way an operation goes ---- */

/* Where in `packed` the transposed weights lie, and those of the winners. */
static size_t packed_backward(const fgf_block *b)
{
    return whole_lines(forward_packed_size(b));
}

static size_t packed_sparse(const fgf_block *b)
{
    return packed_backward(b) + (sparse_pays(b) ? 0 : whole_lines(backward_packed_size(b)));
}

size_t fgf_block_packed_size(const fgf_block *b)
{
    return packed_sparse(b) + (sparse_pays(b) ? sparse_packed_size(b) : 0);
}

void fgf_block_pack(const fgf_block *b, const fgf_real *weight, fgf_real *packed)
{
    forward_pack(b, weight, packed);
    if (sparse_pays(b))
        sparse_pack(b, weight, packed + packed_sparse(b));
    else
        backward_pack(b, weight, packed + packed_backward(b));
}

static size_t greatest(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t fgf_block_work(const fgf_block *b)
{
    const size_t most =
        sparse_pays(b) ? sparse_work(b) : greatest(backward_work(b), weights_work(b));
    return greatest(forward_work(b), most);
}

void fgf_block_tangent(const fgf_block *b, const fgf_real *packed, const fgf_view *t,
                       const fgf_box *out, const uint8_t *winner, fgf_real *tz, fgf_real *work)
{
    if (sparse_pays(b))
        sparse_tangent(b, packed + packed_sparse(b), t, out, winner, tz, work);
    else
        forward_tangent(b, packed, t, out, winner, tz, work);
}

void fgf_block_backward(const fgf_block *b, const fgf_real *packed, const fgf_box *out,
                        const fgf_real *dz, const uint8_t *winner, const fgf_box *in, fgf_real *dx,
                        fgf_real *work)
{
    if (sparse_pays(b))
        sparse_backward(b, packed + packed_sparse(b), out, dz, winner, in, dx, work);
    else
        backward_dense(b, packed + packed_backward(b), out, dz, winner, in, dx, work);
}

void fgf_block_weights(const fgf_block *b, const fgf_view *x, const fgf_box *out,
                       const fgf_real *dz, const uint8_t *winner, fgf_real *dweight, fgf_real *work)
{
    if (sparse_pays(b))
        sparse_weights(b, x, out, dz, winner, dweight, work);
    else
        weights_dense(b, x, out, dz, winner, dweight, work);
}
