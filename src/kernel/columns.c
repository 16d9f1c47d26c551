#include "columns.h"

#include "clones.h"

#include <string.h>

/* A run of output pixels within one output row. */
typedef struct segment {
    int z, y, x; /* of the first output pixel */
    int count;
    int offset; /* of the first pixel within the strip */
} segment;

static segment segment_at(const fgf_convolution *c, long pixel, int offset, int left)
{
    const long width = c->output.width, height = c->output.height;
    segment s;
    s.x = (int)(pixel % width);
    s.y = (int)(pixel / width % height);
    s.z = (int)(pixel / width / height);
    s.count = c->output.width - s.x < left ? c->output.width - s.x : left;
    s.offset = offset;
    return s;
}

/* The element number in x of row (z, y) that tap (kz, ky) of the segment reads, -1 = padding. */
static long input_row(const fgf_convolution *c, const segment *s, int kz, int ky)
{
    const int z = s->z * c->stride[0] - c->padding[0] + kz;
    const int y = s->y * c->stride[1] - c->padding[1] + ky;
    if (z < 0 || z >= c->input.depth || y < 0 || y >= c->input.height)
        return -1;
    return ((long)z * c->input.height + y) * c->input.width * c->input.channels;
}

/* Those of the segment's pixels, [*from, *to), whose tap at column kx lies inside the input. */
static void inside(const fgf_convolution *c, const segment *s, int kx, int *from, int *to)
{
    const int start = s->x * c->stride[2] - c->padding[2] + kx, stride = c->stride[2];
    *from = start >= 0 ? 0 : (-start + stride - 1) / stride;
    *to = start >= c->input.width ? 0 : (c->input.width - 1 - start) / stride + 1;
    *from = *from < s->count ? *from : s->count;
    *to = *to < s->count ? *to : s->count;
    *to = *to > *from ? *to : *from;
}

/* ---- one input channel: a row of the strip a tap ---- */

static void gather_tap(const fgf_convolution *c, const segment *s, int kx, const fgf_real *row,
                       fgf_real *out)
{
    const long start = (long)s->x * c->stride[2] - c->padding[2] + kx;
    int from, to;
    inside(c, s, kx, &from, &to);
    memset(out, 0, (size_t)from * sizeof *out);
    if (c->stride[2] == 1) {
        if (to > from)
            memcpy(out + from, row + start + from, (size_t)(to - from) * sizeof *out);
    } else {
        for (int i = from; i < to; i++)
            out[i] = row[start + (long)i * c->stride[2]];
    }
    memset(out + to, 0, (size_t)(s->count - to) * sizeof *out);
}

FGF_CLONES
static void add_run(int n, const fgf_real *from, fgf_real *to)
{
    for (int i = 0; i < n; i++)
        to[i] += from[i];
}

static void scatter_tap(const fgf_convolution *c, const segment *s, int kx, const fgf_real *in,
                        fgf_real *row)
{
    const long start = (long)s->x * c->stride[2] - c->padding[2] + kx;
    int from, to;
    inside(c, s, kx, &from, &to);
    if (c->stride[2] == 1) {
        if (to > from)
            add_run(to - from, in + from, row + start + from);
    } else {
        for (int i = from; i < to; i++)
            row[start + (long)i * c->stride[2]] += in[i];
    }
}

/* ---- several channels: for each pixel and tap row, kw * in contiguous values ---- */

/* Of the kw taps from input column `start`, the part [*from, *to) that lies inside. */
static void clip_taps(const fgf_convolution *c, int start, int *from, int *to)
{
    *from = start < 0 ? -start : 0;
    *to = start + c->kernel[2] > c->input.width ? c->input.width - start : c->kernel[2];
    *from = *from < c->kernel[2] ? *from : c->kernel[2];
    *to = *to > *from ? *to : *from;
}

static void gather_taps(const fgf_convolution *c, const segment *s, const fgf_real *row,
                        fgf_real *out, size_t pitch)
{
    const size_t channels = (size_t)c->input.channels;
    const size_t taps = (size_t)c->kernel[2];
    for (int i = 0; i < s->count; i++, out += pitch) {
        const int start = (s->x + i) * c->stride[2] - c->padding[2];
        int from, to;
        clip_taps(c, start, &from, &to);
        const size_t head = (size_t)from * channels, tail = (size_t)to * channels;
        memset(out, 0, head * sizeof *out);
        if (to > from)
            memcpy(out + head, row + (long)(start + from) * c->input.channels,
                   (tail - head) * sizeof *out);
        memset(out + tail, 0, (taps * channels - tail) * sizeof *out);
    }
}

FGF_CLONES
static void scatter_taps(const fgf_convolution *c, const segment *s, const fgf_real *in,
                         size_t pitch, fgf_real *row)
{
    for (int i = 0; i < s->count; i++, in += pitch) {
        const int start = (s->x + i) * c->stride[2] - c->padding[2];
        int from, to;
        clip_taps(c, start, &from, &to);
        const fgf_real *source = in + (long)from * c->input.channels;
        fgf_real *target = row + (long)(start + from) * c->input.channels;
        const int n = (to - from) * c->input.channels;
        for (int j = 0; j < n; j++)
            target[j] += source[j];
    }
}

/* ---- the strip ---- */

static void zero_taps(const fgf_convolution *c, int count, fgf_real *out, size_t pitch)
{
    const size_t bytes = (size_t)c->kernel[2] * (size_t)c->input.channels * sizeof *out;
    for (int i = 0; i < count; i++, out += pitch)
        memset(out, 0, bytes);
}

static void gather_segment(const fgf_convolution *c, const segment *s, int strip, const fgf_real *x,
                           fgf_real *columns)
{
    const size_t taps = (size_t)c->kernel[2] * (size_t)c->input.channels;
    const size_t pitch = (size_t)c->kernel[0] * (size_t)c->kernel[1] * taps;
    for (int kz = 0; kz < c->kernel[0]; kz++)
        for (int ky = 0; ky < c->kernel[1]; ky++) {
            const long row = input_row(c, s, kz, ky);
            const size_t tap_row = (size_t)kz * (size_t)c->kernel[1] + (size_t)ky;
            if (!fgf_columns_tap_major(c)) {
                fgf_real *out = columns + (size_t)s->offset * pitch + tap_row * taps;
                if (row < 0)
                    zero_taps(c, s->count, out, pitch);
                else
                    gather_taps(c, s, x + row, out, pitch);
                continue;
            }
            for (int kx = 0; kx < c->kernel[2]; kx++) {
                fgf_real *out = columns + (tap_row * taps + (size_t)kx) * (size_t)strip + s->offset;
                if (row < 0)
                    memset(out, 0, (size_t)s->count * sizeof *out);
                else
                    gather_tap(c, s, kx, x + row, out);
            }
        }
}

static void scatter_segment(const fgf_convolution *c, const segment *s, int strip,
                            const fgf_real *columns, fgf_real *dx)
{
    const size_t taps = (size_t)c->kernel[2] * (size_t)c->input.channels;
    const size_t pitch = (size_t)c->kernel[0] * (size_t)c->kernel[1] * taps;
    for (int kz = 0; kz < c->kernel[0]; kz++)
        for (int ky = 0; ky < c->kernel[1]; ky++) {
            const long row = input_row(c, s, kz, ky);
            const size_t tap_row = (size_t)kz * (size_t)c->kernel[1] + (size_t)ky;
            if (row < 0)
                continue;
            if (!fgf_columns_tap_major(c)) {
                scatter_taps(c, s, columns + (size_t)s->offset * pitch + tap_row * taps, pitch,
                             dx + row);
                continue;
            }
            for (int kx = 0; kx < c->kernel[2]; kx++)
                scatter_tap(c, s, kx,
                            columns + (tap_row * taps + (size_t)kx) * (size_t)strip + s->offset,
                            dx + row);
        }
}

void fgf_columns_gather(const fgf_convolution *convolution, long first, int count,
                        const fgf_real *x, fgf_real *columns)
{
    for (int done = 0; done < count;) {
        segment s = segment_at(convolution, first + done, done, count - done);
        gather_segment(convolution, &s, count, x, columns);
        done += s.count;
    }
}

void fgf_columns_scatter(const fgf_convolution *convolution, long first, int count,
                         const fgf_real *columns, fgf_real *dx)
{
    for (int done = 0; done < count;) {
        segment s = segment_at(convolution, first + done, done, count - done);
        scatter_segment(convolution, &s, count, columns, dx);
        done += s.count;
    }
}
