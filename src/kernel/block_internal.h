/* What the parts of a block share: blocks of channels, packed weights, scratch. */
#ifndef FGF_KERNEL_BLOCK_INTERNAL_H
#define FGF_KERNEL_BLOCK_INTERNAL_H

#include "fgf/block.h"
#include "patch.h"
#include "tile.h"

/* ---- channels, cut into blocks of as equal numbers of vectors as can be ---- */

typedef struct channel_block {
    int first, channels, vectors;
} channel_block;

int channel_blocks(const tile_set *set, int channels);
channel_block channel_block_at(const tile_set *set, int channels, int index);

/* Rounded up to whole vectors; and to 64 bytes, so that what follows is aligned. */
int whole_vectors(const tile_set *set, int channels);
size_t whole_lines(size_t elements);

/* ---- weights: a matrix [rows][channels] as [block of channels][rows][vectors * lanes] ---- */

size_t tile_packed_size(const tile_set *set, size_t rows, int channels);
/* One row, its channels `step` elements apart in `from`. */
void tile_pack_row(const tile_set *set, size_t rows, size_t row, int channels, const fgf_real *from,
                   long step, fgf_real *packed);
const fgf_real *tile_packed(size_t rows, const channel_block *block, const fgf_real *packed);

/* ---- forward, and the tangent from every value: block_forward.c ---- */

size_t forward_packed_size(const fgf_block *block);
void forward_pack(const fgf_block *block, const fgf_real *weight, fgf_real *packed);
size_t forward_work(const fgf_block *block);
void forward_tangent(const fgf_block *block, const fgf_real *packed, const fgf_view *t,
                     const fgf_box *out, const uint8_t *winner, fgf_real *tz, fgf_real *work);

/* ---- the adjoint in x from every value: block_backward.c ---- */

size_t backward_packed_size(const fgf_block *block);
void backward_pack(const fgf_block *block, const fgf_real *weight, fgf_real *packed);
size_t backward_work(const fgf_block *block);
void backward_dense(const fgf_block *block, const fgf_real *packed, const fgf_box *out,
                    const fgf_real *dz, const uint8_t *winner, const fgf_box *in, fgf_real *dx,
                    fgf_real *work);

#endif
