/* The column matrix of a convolution, a strip of output pixels at a time: what turns a convolution
 * into a matrix product ("im2col") and back. */
#ifndef FGF_KERNEL_COLUMNS_H
#define FGF_KERNEL_COLUMNS_H

#include "fgf/kernel.h"

/* A strip is [pixels][kd][kh][kw][in], or, where the input has one channel, [kd][kh][kw][pixels]:
 * runs of contiguous memory are long in both. */
static inline bool fgf_columns_tap_major(const fgf_convolution *convolution)
{
    return convolution->input.channels == 1;
}

/* Fills the strip of output pixels [first, first + count) from x. */
void fgf_columns_gather(const fgf_convolution *convolution, long first, int count,
                        const fgf_real *x, fgf_real *columns);
/* Adds the strip to dx: the adjoint of gather. */
void fgf_columns_scatter(const fgf_convolution *convolution, long first, int count,
                         const fgf_real *columns, fgf_real *dx);

#endif
