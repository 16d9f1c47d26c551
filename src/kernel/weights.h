/* The weight gradient of a block from every value of the convolution's output: where there is no
 * pool, or its windows overlap or are small. Arguments as in fgf/block.h. */
#ifndef FGF_KERNEL_WEIGHTS_H
#define FGF_KERNEL_WEIGHTS_H

#include "fgf/block.h"

/* Elements of 64-byte aligned scratch. */
size_t weights_work(const fgf_block *block);

/* `winner` NULL: no pool. */
void weights_dense(const fgf_block *block, const fgf_view *x, const fgf_box *out,
                   const fgf_real *dz, const uint8_t *winner, fgf_real *dweight, fgf_real *work);

#endif
