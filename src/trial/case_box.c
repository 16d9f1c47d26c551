/* The boxes beyond which cases are zero. */
#include "trial_internal.h"

/* True if any of the bytes is not 0. */
static bool any_byte(const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    unsigned char any = 0;
    for (size_t k = 0; k < count; k++)
        any |= at[k];
    return any != 0;
}

/* Widens the box by the pixels of one row that are not zero, `pixel_bytes` each. */
static void widen_by_row(fgf_box *box, int z, int y, int width, const void *row, size_t pixel_bytes)
{
    const unsigned char *at = row;
    const int place[2] = {z, y};
    int first = 0, last = width;
    if (!any_byte(row, (size_t)width * pixel_bytes))
        return;
    while (!any_byte(at + (size_t)first * pixel_bytes, pixel_bytes))
        first++;
    while (!any_byte(at + (size_t)(last - 1) * pixel_bytes, pixel_bytes))
        last--;
    for (int axis = 0; axis < 2; axis++) {
        box->from[axis] = place[axis] < box->from[axis] ? place[axis] : box->from[axis];
        box->to[axis] = place[axis] >= box->to[axis] ? place[axis] + 1 : box->to[axis];
    }
    box->from[2] = first < box->from[2] ? first : box->from[2];
    box->to[2] = last > box->to[2] ? last : box->to[2];
}

/* Widens the box by what is not zero in `values`, `pixel_bytes` a pixel. */
static void widen(fgf_box *box, fgf_shape shape, const void *values, size_t pixel_bytes)
{
    const char *row = values;
    for (int z = 0; z < shape.depth; z++)
        for (int y = 0; y < shape.height; y++, row += (size_t)shape.width * pixel_bytes)
            widen_by_row(box, z, y, shape.width, row, pixel_bytes);
}

static fgf_box no_box(fgf_shape shape)
{
    return (fgf_box){{shape.depth, shape.height, shape.width}, {0, 0, 0}};
}

fgf_box box_of_mask(fgf_shape shape, const uint8_t *mask)
{
    fgf_box box = no_box(shape);
    widen(&box, shape, mask, 1);
    return box.to[0] > 0 ? box : (fgf_box){{0, 0, 0}, {0, 0, 0}};
}

fgf_box box_of_case(fgf_shape shape, const fgf_real *x, const uint8_t *mask)
{
    fgf_box box = no_box(shape);
    widen(&box, shape, x, (size_t)shape.channels * sizeof *x);
    widen(&box, shape, mask, 1);
    return box.to[0] > 0 ? box : (fgf_box){{0, 0, 0}, {0, 0, 0}};
}
