/* What sparse.c asks of each instruction set: the sums over one row of pool windows.
 *
 * The field of a winner is what the convolution reads for it: kernel[0] * kernel[1] rows of
 * kernel[2] * in values that lie side by side in a channels-last patch. Weights and their gradient
 * are kept field by field, [out][rows of the field][vectors * lanes]: what rounds a row up to whole
 * vectors are zeros in the weights and of no meaning in the gradient. */
#ifndef FGF_KERNEL_SPARSE_SET_H
#define FGF_KERNEL_SPARSE_SET_H

#include "fgf/real.h"

#include <stdint.h>

typedef struct sparse_tile {
    int windows, channels; /* of the output: pool windows in a row, channels */
    const uint8_t *winner; /* [windows][channels] */
    long window;           /* elements of the patch from a window to the next */
    int apart;             /* windows from one to the next whose field cannot overlap, and one */
    const long *tap;       /* elements from a window's first tap to each of its taps */
    long row, plane;       /* elements of the patch from a row and a plane to the next */
    int planes, rows;      /* of a field */
    int vectors;           /* of a field's row */
} sparse_tile;

typedef struct sparse_set {
    int lanes; /* values of a vector */
    /* sum += dz * patch, over the windows; sum as the weights. */
    void (*weights)(const sparse_tile *tile, const fgf_real *patch, const fgf_real *dz,
                    fgf_real *sum);
    /* tz = weights . patch; scratch: windows * lanes * lanes elements. */
    void (*tangent)(const sparse_tile *tile, const fgf_real *weight, const fgf_real *patch,
                    fgf_real *tz, fgf_real *scratch);
    /* patch += dz * weights. */
    void (*backward)(const sparse_tile *tile, const fgf_real *weight, const fgf_real *dz,
                     fgf_real *patch);
    /* to += from, n elements. */
    void (*add)(long n, const fgf_real *from, fgf_real *to);
} sparse_set;

extern const sparse_set sparse_set_portable, sparse_set_avx2, sparse_set_avx512;

#endif
