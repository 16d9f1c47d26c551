/* A convolution and the max-pool behind it in one go, on a box of an image.
 *
 * The convolution's output at full resolution never reaches memory: what is kept is z at the
 * winner of each pool window and which tap of the window it was. Behind a pool whose windows do
 * not overlap, both adjoints and the tangent do the work of the winners alone.
 *
 * Where the input is zero outside a box, so is the tangent, and the values are those of an
 * all-zero image, the background, computed once for all cases. Hence the views: what is stored of
 * an image is a box, and beyond it lies the background or zero.
 *
 * Each output is summed in one order, bias first, then the taps in raster order and channel by
 * channel, whatever box it is part of and wherever it lies in it: windows that hold the same values
 * give the same bits, so a max-pool over a uniform background finds ties, and they go to the first.
 * Bits depend on the instruction set (FGF_INSTRUCTION_SET). No function allocates. */
#ifndef FGF_BLOCK_H
#define FGF_BLOCK_H

#include "fgf/box.h"
#include "fgf/kernel.h"

enum { FGF_BLOCK_WINDOW_MAX = 256 }; /* taps of a pool window: a winner is a byte */

typedef struct fgf_block {
    fgf_convolution convolution;
    fgf_pool pool; /* of the convolution's output; size and stride 1: no pool */
} fgf_block;

/* Part of an image: [d][h][w][channels] of `box`. */
typedef struct fgf_view {
    fgf_box box;
    const fgf_real *values;
    const fgf_real *beyond; /* the whole image, read outside `box`; NULL: zero there */
} fgf_view;

/* What the pool compares where that is not z itself: an activation that is not increasing and
 * stands between convolution and pool. */
typedef struct fgf_pool_key {
    const fgf_real *slope; /* PReLU's slopes [channels], or NULL: `activation` */
    fgf_activation activation;
} fgf_pool_key;

/* True where there is a pool: winners are written (unless NULL: not wanted) and read; else they are
 * NULL everywhere. */
bool fgf_block_pools(const fgf_block *block);

/* The outputs whose value depends on an input of `in`. */
fgf_box fgf_block_touched(const fgf_block *block, const fgf_box *in);
/* The inputs that the outputs of `out` read, without padding. */
fgf_box fgf_block_footprint(const fgf_block *block, const fgf_box *out);

/* The weights in the orders that the functions below read, which depend on the instruction set in
 * use; to be made again when they change.
 * `packed` is 64-byte aligned. */
size_t fgf_block_packed_size(const fgf_block *block);
void fgf_block_pack(const fgf_block *block, const fgf_real *weight, fgf_real *packed);
/* Elements of 64-byte aligned scratch that the functions below need. */
size_t fgf_block_work(const fgf_block *block);

/* Below, z, dz, tz and winner are over the box `out` of the block's output, [d][h][w][channels]; a
 * winner is the number of the tap within its pool window, in raster order. An empty box is fine. */

/* z = W * x + bias (NULL: none) where it is greatest (by `key`, NULL: by itself) in the pool's
 * window. A NaN wins. */
void fgf_block_forward(const fgf_block *block, const fgf_real *packed, const fgf_real *bias,
                       const fgf_pool_key *key, const fgf_view *x, const fgf_box *out, fgf_real *z,
                       uint8_t *winner, fgf_real *work);
/* tz = W * t at the winners. */
void fgf_block_tangent(const fgf_block *block, const fgf_real *packed, const fgf_view *t,
                       const fgf_box *out, const uint8_t *winner, fgf_real *tz, fgf_real *work);
/* dx, over the box `in` of the input, = W^T dz: what the outputs of `out` give it. */
void fgf_block_backward(const fgf_block *block, const fgf_real *packed, const fgf_box *out,
                        const fgf_real *dz, const uint8_t *winner, const fgf_box *in, fgf_real *dx,
                        fgf_real *work);
/* dweight += dz (x) x: the adjoint in W, in the order of fgf_convolution's weights. */
void fgf_block_weights(const fgf_block *block, const fgf_view *x, const fgf_box *out,
                       const fgf_real *dz, const uint8_t *winner, fgf_real *dweight,
                       fgf_real *work);

#endif
