/* A box of an image as the kernels read it: with the padding's zeros, and with what lies beyond the
 * stored part of a view. */
#ifndef FGF_KERNEL_PATCH_H
#define FGF_KERNEL_PATCH_H

#include "fgf/block.h"

/* Channel 0 of the box's first pixel, and the elements from a row and a plane to the next; pixels
 * of a row lie side by side. */
typedef struct patch {
    const fgf_real *at;
    long row, plane;
} patch;

/* Writes the box `want`, [d][h][w][channels] in input coordinates, to `out`. It may stick out of
 * the image: zeros there. */
void patch_fill(const fgf_shape *image, const fgf_view *view, const fgf_box *want, fgf_real *out);

/* The same without a copy where `want` is stored as it is; else filled into `scratch`. */
patch patch_of(const fgf_shape *image, const fgf_view *view, const fgf_box *want,
               fgf_real *scratch);

#endif
