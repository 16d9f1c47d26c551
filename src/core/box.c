#include "fgf/box.h"

#include <string.h>

static fgf_box common(const fgf_box *a, const fgf_box *b)
{
    fgf_box both;
    for (int axis = 0; axis < 3; axis++) {
        both.from[axis] = a->from[axis] > b->from[axis] ? a->from[axis] : b->from[axis];
        both.to[axis] = a->to[axis] < b->to[axis] ? a->to[axis] : b->to[axis];
    }
    return both;
}

/* The pixel (z, y, x) of the image as a number within the box. */
static size_t place(const fgf_box *box, int z, int y, int x)
{
    const long row = (long)(z - box->from[0]) * fgf_box_extent(box, 1) + (y - box->from[1]);
    return (size_t)(row * fgf_box_extent(box, 2) + (x - box->from[2]));
}

void fgf_box_copy_bytes(size_t bytes, const fgf_box *of, const void *values, const fgf_box *to,
                        void *out)
{
    const fgf_box both = common(of, to);
    const size_t run = (size_t)fgf_box_extent(&both, 2) * bytes;
    if (fgf_box_pixels(&both) == 0)
        return;
    for (int z = both.from[0]; z < both.to[0]; z++)
        for (int y = both.from[1]; y < both.to[1]; y++)
            memcpy((char *)out + place(to, z, y, both.from[2]) * bytes,
                   (const char *)values + place(of, z, y, both.from[2]) * bytes, run);
}

void fgf_box_copy(int channels, const fgf_box *of, const fgf_real *values, const fgf_box *to,
                  fgf_real *out)
{
    fgf_box_copy_bytes((size_t)channels * sizeof *out, of, values, to, out);
}

void fgf_box_fill_bytes(size_t bytes, const void *pixel, const fgf_box *part, const fgf_box *to,
                        void *out)
{
    const size_t run = (size_t)fgf_box_extent(part, 2) * bytes;
    if (fgf_box_pixels(part) == 0)
        return;
    char *first = (char *)out + place(to, part->from[0], part->from[1], part->from[2]) * bytes;
    memcpy(first, pixel, bytes);
    for (size_t done = bytes; done < run; done += done)
        memcpy(first + done, first, done < run - done ? done : run - done);
    for (int z = part->from[0]; z < part->to[0]; z++)
        for (int y = part->from[1]; y < part->to[1]; y++) {
            char *row = (char *)out + place(to, z, y, part->from[2]) * bytes;
            if (row != first)
                memcpy(row, first, run);
        }
}

/* Columns [from, to) of one row. */
static void add_run(int channels, fgf_real scale, const fgf_box *of, const fgf_real *values,
                    const fgf_box *to, fgf_real *out, int z, int y, int from, int end)
{
    if (end <= from)
        return;
    const fgf_real *source = values + place(of, z, y, from) * (size_t)channels;
    fgf_real *target = out + place(to, z, y, from) * (size_t)channels;
    const size_t run = (size_t)(end - from) * (size_t)channels;
    for (size_t i = 0; i < run; i++)
        target[i] += scale * source[i];
}

void fgf_box_add(int channels, fgf_real scale, const fgf_box *of, const fgf_real *values,
                 const fgf_box *except, const fgf_box *to, fgf_real *out)
{
    const fgf_box both = common(of, to), gap = common(&both, except);
    const bool gaping = fgf_box_pixels(&gap) > 0;
    if (fgf_box_pixels(&both) == 0)
        return;
    for (int z = both.from[0]; z < both.to[0]; z++)
        for (int y = both.from[1]; y < both.to[1]; y++) {
            const bool split =
                gaping && z >= gap.from[0] && z < gap.to[0] && y >= gap.from[1] && y < gap.to[1];
            add_run(channels, scale, of, values, to, out, z, y, both.from[2],
                    split ? gap.from[2] : both.to[2]);
            if (split)
                add_run(channels, scale, of, values, to, out, z, y, gap.to[2], both.to[2]);
        }
}
