/* The weight gradient of a strip of outputs, for one instruction set; see weights_set.h.
 *
 * A tile of 1 or 2 vectors of output channels by rows x columns of taps stays in registers while
 * all outputs of the strip go by: dz is read once for all taps of the tile, x once for all its
 * vectors. Each weight has one accumulator, so that its sum runs over the outputs in raster order
 * whatever tile it falls into. Eight accumulators and more hide the latency of the sums; where a
 * row of taps has too few values for that, as with one input channel, a tile takes three rows. */
#include "vector.h"
#include "weights_set.h"

#include <stdbool.h>

enum { ACCUMULATORS = 24 };

/* Where vector k of a tile is in the gradient: its taps one after the other, of each its vectors.
 * One loop over k, for clang keeps an array in registers that nested loops fill, but not always. */
INLINE long gradient_at(weights_strip s, int k, int vectors, int columns)
{
    const int tap = k / vectors;
    return ((long)(tap / columns * s.run + tap % columns) * s.vectors + k % vectors) * LANES;
}

/* A tile's shape is known when it is compiled: its loops become straight code on registers. What
 * describes the strip is handed over by value: behind a pointer it would be read again and again.
 */
INLINE void tile(const weights_strip s, const fgf_real *x, const fgf_real *dz, fgf_real *sum,
                 int vectors, int rows, int columns)
{
    const long row = s.row, pixel = s.pixel, block = (long)s.vectors * LANES;
    vector t[ACCUMULATORS], d[2];
    UNROLL
    for (int k = 0; k < rows * columns * vectors; k++)
        t[k] = load(sum + gradient_at(s, k, vectors, columns));
    for (int line = 0; line < s.lines; line++, x += s.line) {
        const fgf_real *at = x;
        for (int p = 0; p < s.pixels; p++, at += pixel, dz += block) {
            UNROLL
            for (int v = 0; v < vectors; v++)
                d[v] = load(dz + v * LANES);
            UNROLL
            for (int k = 0; k < rows * columns * vectors; k++) {
                const int tap = k / vectors;
                const vector a = broadcast(at[tap / columns * row + tap % columns]);
                t[k] = multiply_add(a, d[k % vectors], t[k]);
            }
        }
    }
    UNROLL
    for (int k = 0; k < rows * columns * vectors; k++)
        store(sum + gradient_at(s, k, vectors, columns), t[k]);
}

/* Each shape is a function of its own. */
#define DEFINE(vectors, rows, columns)                                                             \
    static void tile_##vectors##_##rows##_##columns(const weights_strip *s, const fgf_real *x,     \
                                                    const fgf_real *dz, fgf_real *sum)             \
    {                                                                                              \
        tile(*s, x, dz, sum, vectors, rows, columns);                                              \
    }
#define FUNCTION(vectors, rows, columns)                                                           \
    [vectors][rows][columns] = tile_##vectors##_##rows##_##columns,

/* All shapes that the registers hold beside what else is needed: 32 with 64 bytes, else 16. */
#define UP_TO_4(X, v, r) X(v, r, 1) X(v, r, 2) X(v, r, 3) X(v, r, 4)
#define UP_TO_6(X, v, r) UP_TO_4(X, v, r) X(v, r, 5) X(v, r, 6)
#define UP_TO_8(X, v, r) UP_TO_6(X, v, r) X(v, r, 7) X(v, r, 8)
#define UP_TO_12(X, v, r) UP_TO_8(X, v, r) X(v, r, 9) X(v, r, 10) X(v, r, 11) X(v, r, 12)
#if FGF_VECTOR_BYTES == 64
enum { WIDEST_1 = 12, WIDEST_2 = 12, WIDEST_3_ROWS = 8 };
#define EACH_SHAPE(X) UP_TO_12(X, 1, 1) UP_TO_12(X, 2, 1) UP_TO_8(X, 1, 3)
#else
enum { WIDEST_1 = 12, WIDEST_2 = 6, WIDEST_3_ROWS = 4 };
#define EACH_SHAPE(X) UP_TO_12(X, 1, 1) UP_TO_6(X, 2, 1) UP_TO_4(X, 1, 3)
#endif

EACH_SHAPE(DEFINE)
static void (*const by_shape[3][4][13])(const weights_strip *s, const fgf_real *x,
                                        const fgf_real *dz, fgf_real *sum) = {EACH_SHAPE(FUNCTION)};

/* `columns` values of `rows` rows of taps, from x and sum on, for all output channels. */
static void taps(const weights_strip *s, const fgf_real *x, fgf_real *sum, int rows, int columns,
                 int vectors)
{
    for (int o = 0; o < s->vectors; o += vectors) {
        vectors = vectors < s->vectors - o ? vectors : s->vectors - o;
        by_shape[vectors][rows][columns](s, x, s->dz + o * LANES, sum + o * LANES);
    }
}

/* Row of taps by row, each cut into pieces of about the same width. */
static void accumulate(const weights_strip *s)
{
    const long block = (long)s->vectors * LANES;
    const int vectors = s->vectors > 1 ? 2 : 1;
    const bool low = s->run * vectors < 8 && s->run <= WIDEST_3_ROWS; /* three rows at a time */
    for (int plane = 0; plane < s->planes; plane++)
        for (int row = 0, rows; row < s->rows; row += rows) {
            rows = low && s->rows - row >= 3 ? 3 : 1;
            const int widest = rows == 3 ? WIDEST_3_ROWS : vectors == 2 ? WIDEST_2 : WIDEST_1;
            int pieces = (s->run + widest - 1) / widest;
            for (int first = 0, columns; first < s->run; first += columns, pieces--) {
                columns = (s->run - first + pieces - 1) / pieces;
                taps(s, s->x + plane * s->plane + row * s->row + first,
                     s->sum + (((long)plane * s->rows + row) * s->run + first) * block, rows,
                     columns, rows == 3 ? 1 : vectors);
            }
        }
}

/* to += dz where winner is `wanted`, for the first `count` of LANES channels. */
INLINE void spread_lanes(const uint8_t *winner, integers wanted, const fgf_real *dz, int count,
                         fgf_real *to)
{
    const vector zero = {0};
    const lane_mask won = equal(load_first_bytes(winner, count), wanted);
    store(to, load(to) + choose(won, load_first(dz, count), zero));
}

static void spread(int windows, int channels, int tap, const uint8_t *winner, const fgf_real *dz,
                   fgf_real *to, long step)
{
    const integers wanted = broadcast_integer(tap);
    int c = 0;
    for (; c + LANES <= channels; c += LANES)
        for (long i = 0; i < windows; i++)
            spread_lanes(winner + i * channels + c, wanted, dz + i * channels + c, LANES,
                         to + i * step + c);
    for (long i = 0; c < channels && i < windows; i++)
        spread_lanes(winner + i * channels + c, wanted, dz + i * channels + c, channels - c,
                     to + i * step + c);
}
