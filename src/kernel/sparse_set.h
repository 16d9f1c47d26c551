/* What sparse.c asks of each instruction set: the sums over one row of pool windows.
 *
 * The field of a winner is what the convolution reads for it: kernel[0] * kernel[1] rows of
 * kernel[2] * in values that lie side by side in a channels-last patch. Weights and their gradient
 * are kept
 *   by field   [out][rows of the field][vectors * lanes]: whole vectors a row; or
 *   by window  [out][taps of the pool window][vectors * lanes]: the rows of all that the window
 *              reads, one behind the other, the field of each tap where it lies in them.
 * All else are zeros in the weights and of no meaning in the gradient. */
#ifndef FGF_KERNEL_SPARSE_SET_H
#define FGF_KERNEL_SPARSE_SET_H

#include "fgf/real.h"

#include <stdint.h>

enum { SPARSE_WINDOW_VECTORS = 4 }; /* by window: the most of all that a window reads */

typedef struct sparse_tile {
    int windows, channels; /* of the output: pool windows in a row, channels */
    const uint8_t *winner; /* [windows][channels] */
    long window;           /* elements of the patch from a window to the next */
    int apart;             /* windows from one to the next whose field cannot overlap, and one */
    const long *tap;       /* elements from a window's first tap to each of its taps */
    long row, plane;       /* elements of the patch from a row and a plane to the next */
    int planes, rows, run; /* of a field or of what a window reads: planes, rows, values of a row */
    int vectors;           /* of a field's row, or of all that a window reads */
    int taps;              /* of a pool window */
} sparse_tile;

/* The three sums. Scratch, for each window of a tile and once more: as many vectors as one has
 * lanes, SPARSE_WINDOW_VECTORS at least. */
typedef struct sparse_sums {
    /* sum += dz * patch, over the windows; sum as the weights. */
    void (*weights)(const sparse_tile *tile, const fgf_real *patch, const fgf_real *dz,
                    fgf_real *sum, fgf_real *scratch);
    /* tz = weights . patch. */
    void (*tangent)(const sparse_tile *tile, const fgf_real *weight, const fgf_real *patch,
                    fgf_real *tz, fgf_real *scratch);
    /* patch += dz * weights. */
    void (*backward)(const sparse_tile *tile, const fgf_real *weight, const fgf_real *dz,
                     fgf_real *patch, fgf_real *scratch);
} sparse_sums;

typedef struct sparse_set {
    int lanes; /* values of a vector */
    sparse_sums by_field, by_window;
    /* to += from, n elements. */
    void (*add)(long n, const fgf_real *from, fgf_real *to);
} sparse_set;

extern const sparse_set sparse_set_portable, sparse_set_avx2, sparse_set_avx512;

#endif
