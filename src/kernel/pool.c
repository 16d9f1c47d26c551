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

/* The greatest value met so far, and where: as a distance from the window's first pixel. */
typedef struct champion {
    fgf_lanes value;
    fgf_lane_integers at;
} champion;

/* A later one must be greater, or NaN, to win. Pointers, as vectors are not passed the same way by
 * all instruction sets; nothing of them is left once inlined. */
FGF_INLINE void challenge(champion *best, const champion *later)
{
    const fgf_lane_integers wins = (later->value > best->value) | (later->value != later->value);
    best->value = FGF_SELECT(wins, later->value, best->value);
    best->at = FGF_SELECT_INTEGERS(wins, later->at, best->at);
}

FGF_INLINE champion champion_at(const fgf_real *x, long tap)
{
    const fgf_lane_integers zero = {0};
    return (champion){FGF_LOAD(x + tap), zero + (fgf_lane_integer)tap};
}

/* Of windows side by side in memory, the first one from element `start` on. */
FGF_INLINE void store_champion(const champion *best, long start, fgf_real *y, int32_t *winner)
{
    const fgf_lane_integers first = FGF_LANE_NUMBERS;
    FGF_STORE(y, best->value);
    if (winner)
        FGF_STORE_INT32(winner, first + (fgf_lane_integer)start + best->at);
}

/* One window, FGF_LANES channels from element `start` on. */
FGF_INLINE void max_window(const fgf_pool *pool, const fgf_real *x, long start, fgf_real *y,
                           int32_t *winner)
{
    champion best = champion_at(x + start, 0);
    for (int kz = 0; kz < pool->size[0]; kz++)
        for (int ky = 0; ky < pool->size[1]; ky++)
            for (int kx = 0; kx < pool->size[2]; kx++) {
                const champion later = champion_at(x + start, tap_offset(pool, kz, ky, kx));
                challenge(&best, &later);
            }
    store_champion(&best, start, y, winner);
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

/* ---- windows that overlap fully: stride 1 in a plane ----
 *
 * The windows of a row lie side by side in memory, whatever the channels. Going down the rows, the
 * greatest of each row of taps is found once and serves all windows that hold the row. */

enum {
    SLIDE_SIZE_MAX = 8, /* rows of a window that are remembered */
    SLIDE_ROWS = 16     /* windows down a strip, few enough to stay in the first-level cache */
};

static bool slides(const fgf_pool *pool)
{
    return pool->size[0] == 1 && pool->stride[1] == 1 && pool->stride[2] == 1 &&
           pool->size[1] <= SLIDE_SIZE_MAX &&
           (long)pool->output.width * pool->output.channels >= FGF_LANES;
}

/* The greatest of the taps in one row of a window. */
FGF_INLINE champion greatest_of_row(const fgf_real *row, int width, long channels)
{
    champion best = champion_at(row, 0);
    for (int kx = 1; kx < width; kx++) {
        const champion later = champion_at(row, kx * channels);
        challenge(&best, &later);
    }
    return best;
}

/* `count` windows down from element `start` of x; FGF_LANES of them side by side. The window's
 * extents are arguments so that the common one is compiled with constants. */
FGF_INLINE void slide_down(const fgf_pool *pool, int height, int width, int count, long start,
                           const fgf_real *x, fgf_real *y, int32_t *winner)
{
    const long channels = pool->input.channels, in_row = channels * pool->input.width;
    const long out_row = channels * pool->output.width;
    champion rows[SLIDE_SIZE_MAX];
    for (int ky = 0; ky < height - 1; ky++)
        rows[ky] = greatest_of_row(x + start + ky * in_row, width, channels);
    for (int at = 0; at < count; at++, start += in_row) {
        rows[height - 1] = greatest_of_row(x + start + (height - 1) * in_row, width, channels);
        champion best = rows[0];
        for (int ky = 1; ky < height; ky++) {
            champion later = rows[ky];
            later.at += (fgf_lane_integer)(ky * in_row);
            challenge(&best, &later);
            rows[ky - 1] = rows[ky];
        }
        store_champion(&best, start, y + at * out_row, winner ? winner + at * out_row : NULL);
    }
}

FGF_CLONES
static void slide_strip(const fgf_pool *pool, int count, long start, const fgf_real *x, fgf_real *y,
                        int32_t *winner)
{
    const long run = (long)pool->output.width * pool->output.channels;
    const int height = pool->size[1], width = pool->size[2];
    for (long next = 0; next < run; next += FGF_LANES) {
        /* The last ones are done twice where the run is no multiple. */
        const long i = next + FGF_LANES <= run ? next : run - FGF_LANES;
        int32_t *w = winner ? winner + i : NULL;
        if (height == 3 && width == 3)
            slide_down(pool, 3, 3, count, start + i, x, y + i, w);
        else
            slide_down(pool, height, width, count, start + i, x, y + i, w);
    }
}

void fgf_max_pool_forward(const fgf_pool *pool, const fgf_real *x, fgf_real *y, int32_t *winner)
{
    const long row = (long)pool->output.width * pool->output.channels;
    const int height = pool->output.height, step = slides(pool) ? SLIDE_ROWS : 1;
    for (int oz = 0; oz < pool->output.depth; oz++)
        for (int oy = 0; oy < height; oy += step) {
            const long at = ((long)oz * height + oy) * row;
            int32_t *w = winner ? winner + at : NULL;
            if (slides(pool))
                slide_strip(pool, oy + step < height ? step : height - oy,
                            window_start(pool, oz, oy, 0), x, y + at, w);
            else
                max_row(pool, oz, oy, x, y + at, w);
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
