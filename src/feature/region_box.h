/* The bounding box of a region, for features that need its pixels as an array: work on the box does
 * not grow with the image around it. */
#ifndef FGF_REGION_BOX_H
#define FGF_REGION_BOX_H

#include "feature_private.h"

typedef struct region_box {
    int first[3], size[3]; /* z, y, x; `first` may be negative */
    size_t stride[3], pixels;
} region_box;

/* Of a region that is not empty, and `margin` pixels more on each side; where depth is 1, of one
 * slice. */
region_box region_box_of(const fgf_region *region, int margin);

/* Where the region's pixel i is in the box. */
size_t region_box_index(const region_box *box, const fgf_region *region, size_t i);

/* The pixels of such a box around regions of the extent; volume: the image's depth is above 1. */
size_t region_box_most(fgf_shape extent, bool volume, int margin);

#endif
