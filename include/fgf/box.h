/* A box: a part of an image, [from, to) by axis in the order depth, height, width. */
#ifndef FGF_BOX_H
#define FGF_BOX_H

#include "fgf/real.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct fgf_box {
    int from[3], to[3];
} fgf_box;

static inline fgf_box fgf_box_whole(fgf_shape s)
{
    return (fgf_box){{0, 0, 0}, {s.depth, s.height, s.width}};
}

/* 0 along an axis where the box is empty. */
static inline int fgf_box_extent(const fgf_box *box, int axis)
{
    return box->to[axis] > box->from[axis] ? box->to[axis] - box->from[axis] : 0;
}

static inline long fgf_box_pixels(const fgf_box *box)
{
    return (long)fgf_box_extent(box, 0) * fgf_box_extent(box, 1) * fgf_box_extent(box, 2);
}

/* True where every pixel of `inner` lies in `outer`. */
static inline bool fgf_box_holds(const fgf_box *outer, const fgf_box *inner)
{
    bool holds = true;
    for (int axis = 0; axis < 3; axis++)
        holds &= outer->from[axis] <= inner->from[axis] && inner->to[axis] <= outer->to[axis];
    return holds || fgf_box_pixels(inner) == 0;
}

/* Copies the part that lies in both boxes from `values` of box `of` to `out` of box `to`, both
 * [d][h][w][channels] of their box; the rest of `out` is left as it is. */
void fgf_box_copy(int channels, const fgf_box *of, const fgf_real *values, const fgf_box *to,
                  fgf_real *out);
/* The same for pixels of `bytes` bytes of any kind. */
void fgf_box_copy_bytes(size_t bytes, const fgf_box *of, const void *values, const fgf_box *to,
                        void *out);
/* Sets every pixel of `part`, which lies in `to`, to the one at `pixel`. */
void fgf_box_fill_bytes(size_t bytes, const void *pixel, const fgf_box *part, const fgf_box *to,
                        void *out);

/* out += scale values, over the part that lies in both boxes but not in `except` (an empty box:
 * nothing is left out). */
void fgf_box_add(int channels, fgf_real scale, const fgf_box *of, const fgf_real *values,
                 const fgf_box *except, const fgf_box *to, fgf_real *out);

#endif
