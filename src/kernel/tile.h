/* What the register tiles do, compiled once for each instruction set. A convolution is cut into
 * strips: a few rows and columns of outputs, for one block of output channels, that stay in the
 * first-level cache until the pool has read them. */
#ifndef FGF_KERNEL_TILE_H
#define FGF_KERNEL_TILE_H

#include "fgf/real.h"

#include <stdint.h>

enum { FGF_TILE_LANES_MAX = 16 };

/* Arrays by axis: depth, height, width. Distances are in elements. A block is `vectors` vectors of
 * output channels, of which the first `channels` are stored. */
typedef struct tile_convolution {
    int extent[3]; /* outputs */
    int taps[2];   /* rows of taps in a window, by depth and height */
    int run;       /* values in a row of taps: they lie side by side in x */
    int vectors, channels;
    const fgf_real *x;      /* first value of the first window */
    long window[3];         /* from a window to the next one, along each axis */
    long tap[2];            /* from a row of taps to the next one */
    const fgf_real *weight; /* [taps[0]][taps[1]][run][block] */
    const fgf_real *bias;   /* [block], or NULL: zero */
    fgf_real *z;
    long next[3]; /* from an output to the next one, along each axis */
} tile_convolution;

/* Pool windows over a strip [..][rows][columns][block], the elements between as in `next`. */
typedef struct tile_pool {
    int extent[3]; /* windows */
    int size[3], stride[3];
    int vectors, channels;
    const fgf_real *strip, *key; /* key: compared in place of the strip, or the strip again */
    long next[3];
    fgf_real *z;
    uint8_t *winner;     /* written by `greatest`; NULL: not wanted */
    const uint8_t *pick; /* read by `pick` */
    long out[3];         /* from a window's result to the next one's */
} tile_pool;

/* dz at the winners, over a box of the convolution's output; zero elsewhere. */
typedef struct tile_spread {
    int want_from[3], want_to[3]; /* the box: values [depth][height][width][channels] of it */
    int from[3], to[3];           /* the windows that dz and winner hold */
    int size[3], stride[3];
    int channels;
    const fgf_real *dz;
    const uint8_t *winner;
    long window[3]; /* from a window's dz to the next one's */
    fgf_real *values;
} tile_spread;

typedef struct tile_set {
    int lanes;         /* values in a vector */
    int vectors_max;   /* of a block */
    const int *pixels; /* of a tile whose block is 1, 2, ... vectors: pixels[vectors] */
    void (*convolve)(const tile_convolution *strip);
    /* z = the strip where the key is greatest, winner = which tap. */
    void (*greatest)(const tile_pool *pool);
    /* z = the strip at the winner. */
    void (*pick)(const tile_pool *pool);
    void (*spread)(const tile_spread *spread);
} tile_set;

extern const tile_set tile_set_portable, tile_set_avx2, tile_set_avx512;

/* That of the instruction set in use. */
const tile_set *tile_set_in_use(void);

#endif
