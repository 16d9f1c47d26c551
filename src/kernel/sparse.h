/* The adjoints and the tangent of a block at the winners of its pool windows alone: of all values
 * of the convolution's output, the only ones that enter. Arguments as in fgf/block.h. Whole vectors
 * are read beyond a window's columns and meet weights of zero there: a value that is not finite can
 * reach as far. */
#ifndef FGF_KERNEL_SPARSE_H
#define FGF_KERNEL_SPARSE_H

#include "fgf/block.h"

/* True where pool windows do not overlap and are so large that working at the winners alone pays.
 * Else none of the functions below may be called. */
bool sparse_pays(const fgf_block *block);

/* The weights as the tangent and the backward read them; `packed` is 64-byte aligned. */
size_t sparse_packed_size(const fgf_block *block);
void sparse_pack(const fgf_block *block, const fgf_real *weight, fgf_real *packed);
/* Elements of 64-byte aligned scratch that the functions below need. */
size_t sparse_work(const fgf_block *block);

void sparse_tangent(const fgf_block *block, const fgf_real *packed, const fgf_view *t,
                    const fgf_box *out, const uint8_t *winner, fgf_real *tz, fgf_real *work);
void sparse_backward(const fgf_block *block, const fgf_real *packed, const fgf_box *out,
                     const fgf_real *dz, const uint8_t *winner, const fgf_box *in, fgf_real *dx,
                     fgf_real *work);
void sparse_weights(const fgf_block *block, const fgf_view *x, const fgf_box *out,
                    const fgf_real *dz, const uint8_t *winner, fgf_real *dweight, fgf_real *work);

#endif
