/* The reference path of convolutions: strips of the column matrix that stay in the second-level
 * cache, and a matrix product each. Strips depend on the geometry alone, so a case's bits do too.
 */
#include "fgf/kernel.h"

#include "columns.h"

#include <string.h>

enum { STRIP_BYTES = 256 * 1024, STRIP_PIXELS_LEAST = 16 };

int fgf_window_count(int input, int kernel, int stride, int padding)
{
    const long room = (long)input + 2L * padding - kernel;
    return room < 0 ? 0 : (int)(room / stride + 1);
}

/* Rows of the weight matrix: taps times input channels. */
static int tap_count(const fgf_convolution *c)
{
    return c->kernel[0] * c->kernel[1] * c->kernel[2] * c->input.channels;
}

size_t fgf_convolution_weight_count(const fgf_convolution *c)
{
    return (size_t)tap_count(c) * (size_t)c->output.channels;
}

static int strip_pixels(const fgf_convolution *c)
{
    const long pixels = fgf_shape_pixels(c->output);
    long strip = STRIP_BYTES / (long)sizeof(fgf_real) / tap_count(c);
    strip = strip < STRIP_PIXELS_LEAST ? STRIP_PIXELS_LEAST : strip;
    return (int)(strip < pixels ? strip : pixels);
}

size_t fgf_convolution_work(const fgf_convolution *c)
{
    return (size_t)strip_pixels(c) * (size_t)tap_count(c);
}

static int strip_at(const fgf_convolution *c, long first)
{
    const long left = fgf_shape_pixels(c->output) - first;
    return left < strip_pixels(c) ? (int)left : strip_pixels(c);
}

static void fill_rows(int rows, int channels, const fgf_real *bias, fgf_real *y)
{
    for (int i = 0; i < rows; i++)
        memcpy(y + (size_t)i * (size_t)channels, bias, (size_t)channels * sizeof *y);
}

void fgf_convolution_forward(const fgf_convolution *c, const fgf_real *weight, const fgf_real *bias,
                             const fgf_real *x, fgf_real *y, fgf_real *work)
{
    const int taps = tap_count(c), out = c->output.channels;
    const bool tap_major = fgf_columns_tap_major(c);
    const long pixels = fgf_shape_pixels(c->output);
    for (long first = 0; first < pixels; first += strip_pixels(c)) {
        const int rows = strip_at(c, first);
        fgf_real *strip = y + first * out;
        fgf_columns_gather(c, first, rows, x, work);
        if (bias)
            fill_rows(rows, out, bias, strip);
        fgf_gemm(tap_major, false, rows, out, taps, 1, work, tap_major ? rows : taps, weight, out,
                 bias ? 1 : 0, strip, out);
    }
}

void fgf_convolution_backward(const fgf_convolution *c, const fgf_real *weight, const fgf_real *dy,
                              fgf_real *dx, fgf_real *work)
{
    const int taps = tap_count(c), out = c->output.channels;
    const long pixels = fgf_shape_pixels(c->output);
    memset(dx, 0, (size_t)fgf_shape_size(c->input) * sizeof *dx);
    for (long first = 0; first < pixels; first += strip_pixels(c)) {
        const int rows = strip_at(c, first);
        const fgf_real *strip = dy + first * out;
        if (fgf_columns_tap_major(c))
            fgf_gemm(false, true, taps, rows, out, 1, weight, out, strip, out, 0, work, rows);
        else
            fgf_gemm(false, true, rows, taps, out, 1, strip, out, weight, out, 0, work, taps);
        fgf_columns_scatter(c, first, rows, work, dx);
    }
}

void fgf_convolution_weights(const fgf_convolution *c, const fgf_real *x, const fgf_real *dy,
                             fgf_real *dweight, fgf_real *work)
{
    const int taps = tap_count(c), out = c->output.channels;
    const bool tap_major = fgf_columns_tap_major(c);
    const long pixels = fgf_shape_pixels(c->output);
    for (long first = 0; first < pixels; first += strip_pixels(c)) {
        const int rows = strip_at(c, first);
        fgf_columns_gather(c, first, rows, x, work);
        fgf_gemm(!tap_major, false, taps, out, rows, 1, work, tap_major ? rows : taps,
                 dy + first * out, out, 1, dweight, out);
    }
}
