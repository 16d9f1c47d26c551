/* The reference path of convolutions: strips of the column matrix that stay in the second-level
 * cache, and a matrix product each. Strips depend on the geometry alone, so a case's bits do too.
 */
#include "fgf/kernel.h"

#include "clones.h"
#include "columns.h"
#include "lanes.h"

#include <string.h>

enum { STRIP_BYTES = 256 * 1024, STRIP_PIXELS_LEAST = 16 };
enum { TILE_PIXELS = 6, TILE_VECTORS = 2 };

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

/* ---- forward ----
 *
 * BLAS sums a row of its result in an order that hangs on the row's number. Windows that hold the
 * same values, as all do over a uniform background, would differ in their last bits, and not the
 * first of them but any would win a max-pool. So sums here run k = 0, 1, ... everywhere. */

/* A strip of columns and what becomes of it. */
typedef struct column_strip {
    int taps, out, rows;
    size_t step, pitch; /* from a tap to the next, from a pixel to the next */
    const fgf_real *weight, *bias, *columns;
    fgf_real *y;
} column_strip;

/* `pixels` rows from row i, `vectors` vectors of outputs from output o. */
FGF_INLINE void forward_tile(const column_strip *s, int i, int o, int pixels, int vectors)
{
    const fgf_lanes zero = {0};
    const fgf_real *columns = s->columns + (size_t)i * s->pitch, *weight = s->weight + o;
    fgf_lanes sum[TILE_PIXELS][TILE_VECTORS];
    for (int p = 0; p < pixels; p++)
        for (int v = 0; v < vectors; v++)
            sum[p][v] = s->bias ? FGF_LOAD(s->bias + o + v * FGF_LANES) : zero;
    for (int k = 0; k < s->taps; k++, columns += s->step, weight += s->out)
        for (int p = 0; p < pixels; p++)
            for (int v = 0; v < vectors; v++)
                sum[p][v] += columns[(size_t)p * s->pitch] * FGF_LOAD(weight + v * FGF_LANES);
    for (int p = 0; p < pixels; p++)
        for (int v = 0; v < vectors; v++)
            FGF_STORE(s->y + (size_t)(i + p) * (size_t)s->out + o + v * FGF_LANES, sum[p][v]);
}

FGF_INLINE void forward_vectors(const column_strip *s, int o, int vectors)
{
    int i = 0;
    for (; i + TILE_PIXELS <= s->rows; i += TILE_PIXELS)
        forward_tile(s, i, o, TILE_PIXELS, vectors);
    for (; i < s->rows; i++)
        forward_tile(s, i, o, 1, vectors);
}

/* The outputs that make no whole vector. */
FGF_INLINE void forward_output(const column_strip *s, int o)
{
    for (int i = 0; i < s->rows; i++) {
        const fgf_real *columns = s->columns + (size_t)i * s->pitch;
        fgf_real sum = s->bias ? s->bias[o] : 0;
        for (int k = 0; k < s->taps; k++)
            sum += columns[(size_t)k * s->step] * s->weight[(size_t)k * (size_t)s->out + (size_t)o];
        s->y[(size_t)i * (size_t)s->out + (size_t)o] = sum;
    }
}

FGF_CLONES
static void forward_strip(const column_strip *s)
{
    int o = 0;
    for (; o + TILE_VECTORS * FGF_LANES <= s->out; o += TILE_VECTORS * FGF_LANES)
        forward_vectors(s, o, TILE_VECTORS);
    for (; o + FGF_LANES <= s->out; o += FGF_LANES)
        forward_vectors(s, o, 1);
    for (; o < s->out; o++)
        forward_output(s, o);
}

void fgf_convolution_forward(const fgf_convolution *c, const fgf_real *weight, const fgf_real *bias,
                             const fgf_real *x, fgf_real *y, fgf_real *work)
{
    const int taps = tap_count(c), out = c->output.channels;
    const bool tap_major = fgf_columns_tap_major(c);
    const long pixels = fgf_shape_pixels(c->output);
    for (long first = 0; first < pixels; first += strip_pixels(c)) {
        const int rows = strip_at(c, first);
        const column_strip s = {taps,
                                out,
                                rows,
                                tap_major ? (size_t)rows : 1,
                                tap_major ? 1 : (size_t)taps,
                                weight,
                                bias,
                                work,
                                y + first * out};
        fgf_columns_gather(c, first, rows, x, work);
        forward_strip(&s);
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
