#include "patch.h"

#include <string.h>

/* [from, to) of one axis that lies in the box too; empty: from = to. */
static void overlap(int from, int to, const fgf_box *box, int axis, int *first, int *end)
{
    *first = from > box->from[axis] ? from : box->from[axis];
    *end = to < box->to[axis] ? to : box->to[axis];
    if (*end < *first)
        *first = *end = from;
}

/* The pixel (z, y, x) of an image of which `box` is stored. */
static const fgf_real *pixel(const fgf_box *box, int channels, const fgf_real *values, int z, int y,
                             int x)
{
    const long row = (long)(z - box->from[0]) * fgf_box_extent(box, 1) + (y - box->from[1]);
    return values + (row * fgf_box_extent(box, 2) + (x - box->from[2])) * channels;
}

static bool row_meets(const fgf_box *box, int z, int y)
{
    return z >= box->from[0] && z < box->to[0] && y >= box->from[1] && y < box->to[1];
}

/* Copies what `box` holds of columns [from, to) of row (z, y) to where they belong in `out`. */
static void copy_row(const fgf_box *box, int channels, const fgf_real *values, int z, int y,
                     int from, int to, fgf_real *out)
{
    int first, end;
    overlap(from, to, box, 2, &first, &end);
    if (!row_meets(box, z, y) || first == end)
        return;
    memcpy(out + (long)(first - from) * channels, pixel(box, channels, values, z, y, first),
           (size_t)(end - first) * (size_t)channels * sizeof *out);
}

static bool row_within(const fgf_box *box, int z, int y, int from, int to)
{
    return row_meets(box, z, y) && from >= box->from[2] && to <= box->to[2];
}

/* Zeros where `box` holds nothing of columns [from, to) of row (z, y). */
static void zero_around(const fgf_box *box, int channels, int z, int y, int from, int to,
                        fgf_real *out)
{
    int first = from, end = from;
    if (row_meets(box, z, y))
        overlap(from, to, box, 2, &first, &end);
    memset(out, 0, (size_t)(first - from) * (size_t)channels * sizeof *out);
    memset(out + (long)(end - from) * channels, 0,
           (size_t)(to - end) * (size_t)channels * sizeof *out);
}

void patch_fill(const fgf_shape *image, const fgf_view *view, const fgf_box *want, fgf_real *out)
{
    const fgf_box whole = fgf_box_whole(*image);
    const int channels = image->channels, from = want->from[2], to = want->to[2];
    const size_t run = (size_t)fgf_box_extent(want, 2) * (size_t)channels;
    for (int z = want->from[0]; z < want->to[0]; z++)
        for (int y = want->from[1]; y < want->to[1]; y++, out += run) {
            zero_around(view->beyond ? &whole : &view->box, channels, z, y, from, to, out);
            if (view->beyond && !row_within(&view->box, z, y, from, to))
                copy_row(&whole, channels, view->beyond, z, y, from, to, out);
            copy_row(&view->box, channels, view->values, z, y, from, to, out);
        }
}

static patch patch_in(const fgf_box *box, int channels, const fgf_real *values, const fgf_box *want)
{
    const long row = (long)fgf_box_extent(box, 2) * channels;
    return (patch){pixel(box, channels, values, want->from[0], want->from[1], want->from[2]), row,
                   row * fgf_box_extent(box, 1)};
}

static bool meet(const fgf_box *a, const fgf_box *b)
{
    bool both = true;
    for (int axis = 0; axis < 3; axis++)
        both &= a->from[axis] < b->to[axis] && b->from[axis] < a->to[axis];
    return both;
}

patch patch_of(const fgf_shape *image, const fgf_view *view, const fgf_box *want, fgf_real *scratch)
{
    const fgf_box whole = fgf_box_whole(*image);
    if (fgf_box_holds(&view->box, want))
        return patch_in(&view->box, image->channels, view->values, want);
    if (view->beyond && fgf_box_holds(&whole, want) && !meet(&view->box, want))
        return patch_in(&whole, image->channels, view->beyond, want);
    patch_fill(image, view, want, scratch);
    return patch_in(want, image->channels, scratch, want);
}
