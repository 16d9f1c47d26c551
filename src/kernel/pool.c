#include "fgf/kernel.h"

#include "clones.h"
#include "lanes.h"

#include <string.h>

/* The element number in the input of channel 0 of a window's first pixel. */
static long window_start(const fgf_pool *pool, long z, long y, long x)
{
    return ((z * pool->stride[0] * pool->input.height + y * pool->stride[1]) * pool->input.width +
            x * pool->stride[2]) *
           pool->input.channels;
}

/* The distance from a window's first pixel to its tap (kz, ky, kx). */
static long tap_offset(const fgf_pool *pool, long kz, long ky, long kx)
{
    return ((kz * pool->input.height + ky) * pool->input.width + kx) * pool->input.channels;
}

/* One window, FGF_LANES channels from element `start` on. */
FGF_INLINE void max_window(const fgf_pool *pool, const fgf_real *x, long start, fgf_real *y,
                           int32_t *winner)
{
    fgf_lanes best = FGF_LOAD(x + start);
    fgf_lane_integers at = {0};
    for (int kz = 0; kz < pool->size[0]; kz++)
        for (int ky = 0; ky < pool->size[1]; ky++)
            for (int kx = 0; kx < pool->size[2]; kx++) {
                const long tap = tap_offset(pool, kz, ky, kx);
                const fgf_lanes value = FGF_LOAD(x + start + tap);
                const fgf_lane_integers wins = (value > best) | (value != value);
                const fgf_lane_integers here = (fgf_lane_integers){0} + (fgf_lane_integer)tap;
                at = FGF_SELECT_INTEGERS(wins, here, at);
                best = FGF_SELECT(wins, value, best);
            }
    FGF_STORE(y, best);
    if (winner)
        for (int c = 0; c < FGF_LANES; c++)
            winner[c] = (int32_t)(start + c + (long)at[c]);
}

/* The same for one channel. */
FGF_INLINE void max_window_channel(const fgf_pool *pool, const fgf_real *x, long start, fgf_real *y,
                                   int32_t *winner)
{
    fgf_real best = x[start];
    long at = 0;
    for (int kz = 0; kz < pool->size[0]; kz++)
        for (int ky = 0; ky < pool->size[1]; ky++)
            for (int kx = 0; kx < pool->size[2]; kx++) {
                const long tap = tap_offset(pool, kz, ky, kx);
                const fgf_real value = x[start + tap];
                const bool wins = (value > best) | (value != value);
                at = wins ? tap : at;
                best = wins ? value : best;
            }
    *y = best;
    if (winner)
        *winner = (int32_t)(start + at);
}

FGF_CLONES
static void max_row(const fgf_pool *pool, long z, long y, const fgf_real *x, fgf_real *out,
                    int32_t *winner)
{
    const int channels = pool->input.channels;
    for (int ox = 0; ox < pool->output.width; ox++) {
        const long start = window_start(pool, z, y, ox);
        int c = 0;
        for (; c + FGF_LANES <= channels; c += FGF_LANES)
            max_window(pool, x, start + c, out + c, winner ? winner + c : NULL);
        for (; c < channels; c++)
            max_window_channel(pool, x, start + c, out + c, winner ? winner + c : NULL);
        out += channels;
        winner = winner ? winner + channels : NULL;
    }
}

void fgf_max_pool_forward(const fgf_pool *pool, const fgf_real *x, fgf_real *y, int32_t *winner)
{
    const long row = (long)pool->output.width * pool->output.channels;
    for (int oz = 0; oz < pool->output.depth; oz++)
        for (int oy = 0; oy < pool->output.height; oy++) {
            const long at = ((long)oz * pool->output.height + oy) * row;
            max_row(pool, oz, oy, x, y + at, winner ? winner + at : NULL);
        }
}

void fgf_max_pool_scatter(const fgf_pool *pool, const int32_t *winner, const fgf_real *dy,
                          fgf_real *dx)
{
    const long n = fgf_shape_size(pool->output);
    memset(dx, 0, (size_t)fgf_shape_size(pool->input) * sizeof *dx);
    for (long i = 0; i < n; i++)
        dx[winner[i]] += dy[i];
}

void fgf_max_pool_gather(const fgf_pool *pool, const int32_t *winner, const fgf_real *tx,
                         fgf_real *ty)
{
    const long n = fgf_shape_size(pool->output);
    for (long i = 0; i < n; i++)
        ty[i] = tx[winner[i]];
}

FGF_CLONES
void fgf_average_pool_forward(const fgf_pool *pool, const fgf_real *x, fgf_real *y)
{
    const int channels = pool->input.channels;
    const fgf_real share = (fgf_real)1 / (fgf_real)(pool->size[0] * pool->size[1] * pool->size[2]);
    for (int oz = 0; oz < pool->output.depth; oz++)
        for (int oy = 0; oy < pool->output.height; oy++)
            for (int ox = 0; ox < pool->output.width; ox++, y += channels) {
                const fgf_real *window = x + window_start(pool, oz, oy, ox);
                memset(y, 0, (size_t)channels * sizeof *y);
                for (int kz = 0; kz < pool->size[0]; kz++)
                    for (int ky = 0; ky < pool->size[1]; ky++)
                        for (int kx = 0; kx < pool->size[2]; kx++) {
                            const fgf_real *tap = window + tap_offset(pool, kz, ky, kx);
                            for (int c = 0; c < channels; c++)
                                y[c] += tap[c];
                        }
                for (int c = 0; c < channels; c++)
                    y[c] *= share;
            }
}

FGF_CLONES
void fgf_average_pool_backward(const fgf_pool *pool, const fgf_real *dy, fgf_real *dx)
{
    const int channels = pool->input.channels;
    const fgf_real share = (fgf_real)1 / (fgf_real)(pool->size[0] * pool->size[1] * pool->size[2]);
    memset(dx, 0, (size_t)fgf_shape_size(pool->input) * sizeof *dx);
    for (int oz = 0; oz < pool->output.depth; oz++)
        for (int oy = 0; oy < pool->output.height; oy++)
            for (int ox = 0; ox < pool->output.width; ox++, dy += channels) {
                fgf_real *window = dx + window_start(pool, oz, oy, ox);
                for (int kz = 0; kz < pool->size[0]; kz++)
                    for (int ky = 0; ky < pool->size[1]; ky++)
                        for (int kx = 0; kx < pool->size[2]; kx++) {
                            fgf_real *tap = window + tap_offset(pool, kz, ky, kx);
                            for (int c = 0; c < channels; c++)
                                tap[c] += share * dy[c];
                        }
            }
}
