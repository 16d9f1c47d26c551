/* What weights.c asks of each instruction set: the weight gradient of a strip of outputs. */
#ifndef FGF_KERNEL_WEIGHTS_SET_H
#define FGF_KERNEL_WEIGHTS_SET_H

#include "fgf/real.h"

#include <stdint.h>

/* Some lines of outputs, and what they read of the input. A row of taps is kernel[2] * in values
 * that lie side by side in x. Output channels are rounded up to whole vectors. */
typedef struct weights_strip {
    int lines, pixels;     /* of outputs: lines, pixels of a line */
    int planes, rows, run; /* of taps: planes, rows of a plane, values of a row */
    int vectors;           /* of output channels */
    const fgf_real *x;     /* what the first output reads first */
    long plane, row;       /* elements of x from a plane and a row of taps to the next, */
    long line, pixel;      /* from a line of outputs and from an output to the next */
    const fgf_real *dz;    /* [lines][pixels][vectors * lanes] */
    fgf_real *sum;         /* [planes][rows][run][vectors * lanes] */
} weights_strip;

typedef struct weights_set {
    int lanes; /* values of a vector */
    /* sum += dz (x) x */
    void (*accumulate)(const weights_strip *strip);
    /* to += dz where winner is `tap`, for `windows` pool windows of [channels]; `step` elements
     * from one to the next in `to`. */
    void (*spread)(int windows, int channels, int tap, const uint8_t *winner, const fgf_real *dz,
                   fgf_real *to, long step);
} weights_set;

extern const weights_set weights_set_portable, weights_set_avx2, weights_set_avx512;

#endif
