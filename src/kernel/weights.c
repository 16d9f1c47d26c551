#include "weights.h"

#include "instruction_set.h"
#include "patch.h"
#include "weights_set.h"

#include <string.h>

/* Strips of outputs are cut so that dz and what it meets of the input stay in the first-level
 * cache. */
enum { STRIP_BYTES = 32 << 10, PIXELS_MIN = 16, PIXELS_MAX = 256 };

/* At most half a vector of output channels: vectors of half the size do. */
static const weights_set *set_of(const fgf_block *b)
{
    switch (fgf_instruction_set_in_use()) {
#if defined(__x86_64__)
    case FGF_AVX512:
        return b->convolution.output.channels <= weights_set_avx2.lanes ? &weights_set_avx2
                                                                        : &weights_set_avx512;
    case FGF_AVX2:
        return &weights_set_avx2;
#endif
    default:
        return &weights_set_portable;
    }
}

static int vectors_of(const fgf_block *b)
{
    const int lanes = set_of(b)->lanes;
    return (b->convolution.output.channels + lanes - 1) / lanes;
}

/* Output channels in whole vectors. */
static int channels_of(const fgf_block *b)
{
    return vectors_of(b) * set_of(b)->lanes;
}

/* The largest strip: pixels of a line, and lines. */
static void strip_extent(const fgf_block *b, int *pixels, int *lines)
{
    const fgf_convolution *c = &b->convolution;
    const long in = (long)c->input.channels * c->kernel[0] * c->kernel[1] * c->stride[2];
    const long most = STRIP_BYTES / ((channels_of(b) + in) * (long)sizeof(fgf_real));
    const int count = most < PIXELS_MIN ? PIXELS_MIN : most > PIXELS_MAX ? PIXELS_MAX : (int)most;
    *pixels = count < c->output.width ? count : c->output.width;
    *pixels = *pixels > 0 ? *pixels : 1; /* a block may have no outputs */
    *lines = count / *pixels;
}

/* The inputs that the outputs of a box read, padding included. */
static fgf_box wanted_by(const fgf_convolution *c, const fgf_box *out)
{
    fgf_box in;
    for (int axis = 0; axis < 3; axis++) {
        in.from[axis] = out->from[axis] * c->stride[axis] - c->padding[axis];
        in.to[axis] = (out->to[axis] - 1) * c->stride[axis] - c->padding[axis] + c->kernel[axis];
    }
    return in;
}

/* Elements of the three parts of the scratch: x, dz and the gradient, of which the latter two have
 * whole vectors of output channels. */
typedef struct parts {
    size_t x, dz, sum;
} parts;

static parts parts_of(const fgf_block *b)
{
    const fgf_convolution *c = &b->convolution;
    const size_t channels = (size_t)channels_of(b);
    int pixels, lines;
    strip_extent(b, &pixels, &lines);
    const fgf_box strip = {{0, 0, 0}, {1, lines, pixels}}, wanted = wanted_by(c, &strip);
    const size_t x = (size_t)fgf_box_pixels(&wanted) * (size_t)c->input.channels;
    return (parts){(x + 15) / 16 * 16, (size_t)lines * (size_t)pixels * channels,
                   fgf_convolution_weight_count(c) / (size_t)c->output.channels * channels};
}

size_t weights_work(const fgf_block *b)
{
    const parts p = parts_of(b);
    return p.x + p.dz + p.sum;
}

/* Pool windows of `out` by axis, which, at tap `tap`, lie in [from, to): [first, end). */
static void windows_at(const fgf_block *b, const fgf_box *out, int axis, int tap, int from, int to,
                       int *first, int *end)
{
    const int stride = b->pool.stride[axis];
    const int low = from - tap, high = to - tap;
    *first = low <= 0 ? 0 : (low + stride - 1) / stride;
    *end = high <= 0 ? 0 : (high - 1) / stride + 1;
    *first = *first > out->from[axis] ? *first : out->from[axis];
    *end = *end < out->to[axis] ? *end : out->to[axis];
}

/* A line of dz at full resolution, [channels_of], from what the pool windows of `out` hold: window
 * by window of the same depth and height, and tap by tap of their width. */
static void line_of_pooled(const fgf_block *b, const fgf_box *out, const fgf_real *dz,
                           const uint8_t *winner, int z, int y, int from, int to, fgf_real *line)
{
    const int channels = b->convolution.output.channels, *size = b->pool.size;
    const int *stride = b->pool.stride;
    for (int kz = 0; kz < size[0]; kz++)
        for (int ky = 0; ky < size[1]; ky++) {
            int pz, end_z, py, end_y;
            windows_at(b, out, 0, kz, z, z + 1, &pz, &end_z);
            windows_at(b, out, 1, ky, y, y + 1, &py, &end_y);
            if (pz >= end_z || py >= end_y)
                continue;
            const long row = (long)(pz - out->from[0]) * fgf_box_extent(out, 1) + py - out->from[1];
            for (int kx = 0; kx < size[2]; kx++) {
                int first, end;
                windows_at(b, out, 2, kx, from, to, &first, &end);
                const long at = (row * fgf_box_extent(out, 2) + first - out->from[2]) * channels;
                if (first < end)
                    set_of(b)->spread(end - first, channels, (kz * size[1] + ky) * size[2] + kx,
                                      winner + at, dz + at,
                                      line + (long)(first * stride[2] + kx - from) * channels_of(b),
                                      (long)stride[2] * channels_of(b));
            }
        }
}

/* The same where there is no pool. */
static void line_of_outputs(const fgf_block *b, const fgf_box *out, const fgf_real *dz, int z,
                            int y, int from, int to, fgf_real *line)
{
    const int channels = b->convolution.output.channels, whole = channels_of(b);
    const long row = (long)(z - out->from[0]) * fgf_box_extent(out, 1) + y - out->from[1];
    dz += (row * fgf_box_extent(out, 2) + from - out->from[2]) * channels;
    if (channels == whole)
        memcpy(line, dz, (size_t)(to - from) * (size_t)channels * sizeof *line);
    else
        for (int x = from; x < to; x++, dz += channels, line += whole)
            memcpy(line, dz, (size_t)channels * sizeof *line);
}

/* sum += the gradient of the outputs of `box` at full resolution. */
static void add_strip(const fgf_block *b, const fgf_view *x, const fgf_box *out, const fgf_real *dz,
                      const uint8_t *winner, const fgf_box *box, fgf_real *work)
{
    const fgf_convolution *c = &b->convolution;
    const parts p = parts_of(b);
    const fgf_box wanted = wanted_by(c, box);
    const patch values = patch_of(&c->input, x, &wanted, work);
    const int lines = fgf_box_extent(box, 1), pixels = fgf_box_extent(box, 2);
    const int channels = channels_of(b);
    fgf_real *strip = work + p.x;
    memset(strip, 0, (size_t)lines * (size_t)pixels * (size_t)channels * sizeof *strip);
    for (int i = 0; i < lines; i++) {
        fgf_real *line = strip + (long)i * pixels * channels;
        if (winner)
            line_of_pooled(b, out, dz, winner, box->from[0], box->from[1] + i, box->from[2],
                           box->to[2], line);
        else
            line_of_outputs(b, out, dz, box->from[0], box->from[1] + i, box->from[2], box->to[2],
                            line);
    }
    set_of(b)->accumulate(&(weights_strip){
        .lines = lines,
        .pixels = pixels,
        .planes = c->kernel[0],
        .rows = c->kernel[1],
        .run = c->kernel[2] * c->input.channels,
        .vectors = vectors_of(b),
        .x = values.at,
        .plane = values.plane,
        .row = values.row,
        .line = c->stride[1] * values.row,
        .pixel = (long)c->stride[2] * c->input.channels,
        .dz = strip,
        .sum = strip + p.dz,
    });
}

void weights_dense(const fgf_block *b, const fgf_view *x, const fgf_box *out, const fgf_real *dz,
                   const uint8_t *winner, fgf_real *dweight, fgf_real *work)
{
    const int channels = b->convolution.output.channels, whole = channels_of(b);
    const parts p = parts_of(b);
    fgf_real *sum = work + p.x + p.dz;
    int pixels, lines, from[3], to[3];
    if (fgf_box_pixels(out) == 0)
        return;
    memset(sum, 0, p.sum * sizeof *sum);
    strip_extent(b, &pixels, &lines);
    for (int axis = 0; axis < 3; axis++) {
        from[axis] = out->from[axis] * b->pool.stride[axis];
        to[axis] = (out->to[axis] - 1) * b->pool.stride[axis] + b->pool.size[axis];
    }
    for (int z = from[0]; z < to[0]; z++)
        for (int y = from[1]; y < to[1]; y += lines)
            for (int left = from[2]; left < to[2]; left += pixels) {
                const int bottom = y + lines < to[1] ? y + lines : to[1];
                const int right = left + pixels < to[2] ? left + pixels : to[2];
                const fgf_box box = {{z, y, left}, {z + 1, bottom, right}};
                add_strip(b, x, out, dz, winner, &box, work);
            }
    for (size_t i = 0; i < p.sum / (size_t)whole; i++, sum += whole)
        for (int o = 0; o < channels; o++)
            *dweight++ += sum[o];
}
