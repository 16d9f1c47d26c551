/* Where a case's image may differ from zero, and where its gradient is asked for. */
#include "trial_internal.h"

static void widen(fgf_box *box, const int at[3])
{
    for (int axis = 0; axis < 3; axis++) {
        box->from[axis] = at[axis] < box->from[axis] ? at[axis] : box->from[axis];
        box->to[axis] = at[axis] >= box->to[axis] ? at[axis] + 1 : box->to[axis];
    }
}

fgf_box support_of(const fgf_box *box, const fgf_region *region)
{
    const fgf_shape shape = region->shape;
    fgf_box support = *box;
    if (region->pixel_count == (size_t)fgf_shape_pixels(shape))
        return fgf_box_whole(shape);
    if (fgf_box_pixels(box) == 0)
        support = (fgf_box){{shape.depth, shape.height, shape.width}, {0, 0, 0}};
    for (size_t p = 0; p < region->pixel_count; p++) {
        const int pixel = region->pixel[p], row = pixel / shape.width;
        const int at[3] = {row / shape.height, row % shape.height, pixel % shape.width};
        widen(&support, at);
    }
    return region->pixel_count > 0 ? support : *box;
}
