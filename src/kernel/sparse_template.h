/* The sums at the winners, for one instruction set; see sparse_set.h.
 *
 * For one output channel the weights (or their gradient) of a piece of the field stay in registers
 * while the winners of the channel, one of each pool window, go by: what they read of the patch is
 * read once, for one fused product and sum each. A piece is 1, 3 or 5 rows of the field by
 * some vectors; a 3x3 field of 32 channels is one piece of 3 by 6 with 64-byte vectors. In volumes
 * it may also be 9 rows, 3 of each of 3 planes. */
#include "sparse_set.h"
#include "vector.h"

#include <stdbool.h>
#include <string.h>

/* A piece's shape is known when it is compiled: its loops become straight code on registers. What
 * describes it is handed over by value: behind a pointer it would be read again after each store.
 */
enum { ROWS = 9, CHAINS = 5, VECTORS = 6, PIECE_VECTORS = 30 };

/* Nine rows are three of each of three planes; others lie in one plane. */
INLINE int rows_of_plane(int rows)
{
    return rows == 9 ? 3 : rows;
}

/* Where vector k of a piece is, in an array with this distance from row to row. One loop over k,
 * for clang keeps an array in registers that two nested loops fill, but not always. */
INLINE long vector_at(int k, int vectors, long row)
{
    return k / vectors * row + k % vectors * LANES;
}

/* Where a piece begins in the field of a winner and in a channel's weights; the elements from row
 * to row and from channel to channel of the latter. */
typedef struct piece {
    long patch, weight, row, channel;
    bool first; /* of the field */
} piece;

/* From the patch's begin to the field of the winner of a window. */
INLINE long winner_at(sparse_tile tile, int window, int channel)
{
    const uint8_t winner = tile.winner[(long)window * tile.channels + channel];
    return window * tile.window + tile.tap[winner];
}

/* Vector k > 0 of a piece in the patch, given vector k - 1. Each row has an address of its own, in
 * a register that compilers know nothing of: they would keep the distance of every vector from the
 * field instead, for which there are not enough registers. */
INLINE fgf_real *next_vector(sparse_tile tile, fgf_real *before, int k, int rows, int vectors)
{
    const int height = rows_of_plane(rows), row = k / vectors;
    if (k % vectors != 0)
        return before + LANES;
    before += row % height ? tile.row : tile.plane - (height - 1) * tile.row;
    before -= (vectors - 1) * LANES;
    __asm__("" : "+r"(before));
    return before;
}

/* sum, of channel 0: gains dz * patch. */
INLINE void weights_piece(const sparse_tile tile, const piece p, const fgf_real *patch,
                          const fgf_real *dz, fgf_real *sum, int rows, int vectors)
{
    patch += p.patch;
    sum += p.weight;
    for (int channel = 0; channel < tile.channels; channel++, sum += p.channel) {
        vector s[PIECE_VECTORS];
        UNROLL
        for (int k = 0; k < rows * vectors; k++)
            s[k] = load(sum + vector_at(k, vectors, p.row));
        for (int window = 0; window < tile.windows; window++) {
            fgf_real *at = (fgf_real *)patch + winner_at(tile, window, channel);
            const vector d = broadcast(dz[(long)window * tile.channels + channel]);
            UNROLL
            for (int k = 0; k < rows * vectors; k++) {
                at = k ? next_vector(tile, at, k, rows, vectors) : at;
                s[k] = multiply_add(d, load(at), s[k]);
            }
        }
        UNROLL
        for (int k = 0; k < rows * vectors; k++)
            store(sum + vector_at(k, vectors, p.row), s[k]);
    }
}

/* sum, [windows][LANES], of vectors whose lanes are still to be added: of `count` channels from
 * `first` on. One chain of sums a row, for latency. */
INLINE void tangent_piece(const sparse_tile tile, const piece p, int first, int count,
                          const fgf_real *weight, const fgf_real *patch, fgf_real *sum, int rows,
                          int vectors)
{
    const int chains = rows_of_plane(rows);
    patch += p.patch;
    weight += p.weight + first * p.channel;
    for (int channel = 0; channel < count; channel++, weight += p.channel) {
        vector w[PIECE_VECTORS];
        UNROLL
        for (int k = 0; k < rows * vectors; k++)
            w[k] = load(weight + vector_at(k, vectors, p.row));
        for (int window = 0; window < tile.windows; window++) {
            fgf_real *at = (fgf_real *)patch + winner_at(tile, window, first + channel);
            fgf_real *to = sum + ((long)window * LANES + channel) * LANES;
            vector s[CHAINS] = {p.first ? (vector){0} : load(to)};
            UNROLL
            for (int r = 1; r < chains; r++)
                s[r] = (vector){0};
            UNROLL
            for (int k = 0; k < rows * vectors; k++) {
                const int chain = k / vectors % chains;
                at = k ? next_vector(tile, at, k, rows, vectors) : at;
                s[chain] = multiply_add(w[k], load(at), s[chain]);
            }
            UNROLL
            for (int r = 1; r < chains; r++)
                s[0] += s[r];
            store(to, s[0]);
        }
    }
}

/* patch += dz * weight. The windows do not go by one after the other: a vector that was stored a
 * moment ago cannot be read from the store's buffer by a load that overlaps it in part, but waits
 * for it to reach the cache. With one input channel that was most of the time. */
INLINE void backward_piece(const sparse_tile tile, const piece p, const fgf_real *weight,
                           const fgf_real *dz, fgf_real *patch, int rows, int vectors)
{
    patch += p.patch;
    weight += p.weight;
    for (int channel = 0; channel < tile.channels; channel++, weight += p.channel) {
        vector w[PIECE_VECTORS];
        UNROLL
        for (int k = 0; k < rows * vectors; k++)
            w[k] = load(weight + vector_at(k, vectors, p.row));
        for (int first = 0; first < tile.apart; first++)
            for (int window = first; window < tile.windows; window += tile.apart) {
                fgf_real *at = patch + winner_at(tile, window, channel);
                const vector d = broadcast(dz[(long)window * tile.channels + channel]);
                UNROLL
                for (int k = 0; k < rows * vectors; k++) {
                    at = k ? next_vector(tile, at, k, rows, vectors) : at;
                    store(at, multiply_add(d, w[k], load(at)));
                }
            }
    }
}

/* The three of one shape. */
typedef struct piece_functions {
    void (*weights)(const sparse_tile *tile, const piece *p, const fgf_real *patch,
                    const fgf_real *dz, fgf_real *sum);
    void (*tangent)(const sparse_tile *tile, const piece *p, int first, int count,
                    const fgf_real *weight, const fgf_real *patch, fgf_real *sum);
    void (*backward)(const sparse_tile *tile, const piece *p, const fgf_real *weight,
                     const fgf_real *dz, fgf_real *patch);
} piece_functions;

#define DEFINE(rows, vectors)                                                                      \
    static void weights_##rows##_##vectors(const sparse_tile *t, const piece *p,                   \
                                           const fgf_real *patch, const fgf_real *dz,              \
                                           fgf_real *sum)                                          \
    {                                                                                              \
        weights_piece(*t, *p, patch, dz, sum, rows, vectors);                                      \
    }                                                                                              \
    static void tangent_##rows##_##vectors(const sparse_tile *t, const piece *p, int first,        \
                                           int count, const fgf_real *weight,                      \
                                           const fgf_real *patch, fgf_real *sum)                   \
    {                                                                                              \
        tangent_piece(*t, *p, first, count, weight, patch, sum, rows, vectors);                    \
    }                                                                                              \
    static void backward_##rows##_##vectors(const sparse_tile *t, const piece *p,                  \
                                            const fgf_real *weight, const fgf_real *dz,            \
                                            fgf_real *patch)                                       \
    {                                                                                              \
        backward_piece(*t, *p, weight, dz, patch, rows, vectors);                                  \
    }
#define FUNCTIONS(rows, vectors)                                                                   \
    [rows][vectors] = {weights_##rows##_##vectors, tangent_##rows##_##vectors,                     \
                       backward_##rows##_##vectors},

/* All shapes that the registers hold beside what else is needed: 32 with 64 bytes, else 16. */
#define UP_TO_2(X, rows) X(rows, 1) X(rows, 2)
#define UP_TO_3(X, rows) UP_TO_2(X, rows) X(rows, 3)
#define UP_TO_4(X, rows) UP_TO_3(X, rows) X(rows, 4)
#define UP_TO_6(X, rows) UP_TO_4(X, rows) X(rows, 5) X(rows, 6)
#if FGF_VECTOR_BYTES == 64
static const int widest[ROWS + 1] = {[1] = 6, [3] = 6, [5] = 4, [9] = 3};
#define EACH_SHAPE(X) UP_TO_6(X, 1) UP_TO_6(X, 3) UP_TO_4(X, 5) UP_TO_3(X, 9)
#else
static const int widest[ROWS + 1] = {[1] = 6, [3] = 4, [5] = 2, [9] = 1};
#define EACH_SHAPE(X) UP_TO_6(X, 1) UP_TO_4(X, 3) UP_TO_2(X, 5) X(9, 1)
#endif

EACH_SHAPE(DEFINE)
static const piece_functions by_shape[ROWS + 1][VECTORS + 1] = {EACH_SHAPE(FUNCTIONS)};

/* The pieces of a field, one after the other: the shape and place of each. */
typedef struct pieces {
    int plane, row, vector; /* of the field, where the piece begins */
    int rows, vectors;
} pieces;

/* To the next one, of five rows, three or one, cut into pieces of about the same width; false:
 * there is none. */
static bool next_piece(const sparse_tile *tile, pieces *at)
{
    at->vector += at->vectors;
    if (at->vector == tile->vectors) {
        at->vector = 0;
        at->row += at->rows;
    }
    if (at->row >= tile->rows) {
        at->plane += at->row / tile->rows;
        at->row = 0;
    }
    const int left = tile->rows - at->row;
    at->rows = left >= 5 ? 5 : left >= 3 ? 3 : 1;
    if (tile->rows == 3 && tile->planes - at->plane >= 3)
        at->rows = 9;
    const int count = (tile->vectors + widest[at->rows] - 1) / widest[at->rows];
    const int share = (tile->vectors + count - 1) / count;
    at->vectors = share < tile->vectors - at->vector ? share : tile->vectors - at->vector;
    return at->plane < tile->planes;
}

static piece piece_at(const sparse_tile *tile, const pieces *at)
{
    const long row = (long)tile->vectors * LANES;
    return (piece){at->plane * tile->plane + at->row * tile->row + at->vector * LANES,
                   (at->plane * tile->rows + at->row) * row + at->vector * LANES, row,
                   tile->planes * tile->rows * row, at->plane + at->row + at->vector == 0};
}

static void weights_by_field(const sparse_tile *tile, const fgf_real *patch, const fgf_real *dz,
                             fgf_real *sum, fgf_real *scratch)
{
    (void)scratch;
    for (pieces at = {0}; next_piece(tile, &at);) {
        const piece p = piece_at(tile, &at);
        by_shape[at.rows][at.vectors].weights(tile, &p, patch, dz, sum);
    }
}

static void backward_by_field(const sparse_tile *tile, const fgf_real *weight, const fgf_real *dz,
                              fgf_real *patch, fgf_real *scratch)
{
    (void)scratch;
    for (pieces at = {0}; next_piece(tile, &at);) {
        const piece p = piece_at(tile, &at);
        by_shape[at.rows][at.vectors].backward(tile, &p, weight, dz, patch);
    }
}

/* ---- the sum over the lanes of LANES vectors at a time ---- */

#define LANES_2(X, first, d) X(first, d), X(first + 1, d)
#define LANES_4(X, first, d) LANES_2(X, first, d), LANES_2(X, first + 2, d)
#define LANES_8(X, first, d) LANES_4(X, first, d), LANES_4(X, first + 4, d)
#define LANES_16(X, first, d) LANES_8(X, first, d), LANES_8(X, first + 8, d)
#if defined(FGF_REAL_DOUBLE) && FGF_VECTOR_BYTES == 16
#define EACH_LANE LANES_2
#elif defined(FGF_REAL_DOUBLE) ? FGF_VECTOR_BYTES == 32 : FGF_VECTOR_BYTES == 16
#define EACH_LANE LANES_4
#elif defined(FGF_REAL_DOUBLE) || FGF_VECTOR_BYTES == 32
#define EACH_LANE LANES_8
#else
#define EACH_LANE LANES_16
#endif

/* Two vectors to one: the lanes without the bit d of a, and those with it of b, each plus the lane
 * at distance d. */
#define LOW(lane, d) (((lane) & (d)) ? LANES + (lane) - (d) : (lane))
#define HIGH(lane, d) (((lane) & (d)) ? LANES + (lane) : ((lane) + (d)) % LANES)
#define HALVE(a, b, d)                                                                             \
    (__builtin_shufflevector(a, b, EACH_LANE(LOW, 0, d)) +                                         \
     __builtin_shufflevector(a, b, EACH_LANE(HIGH, 0, d)))

/* Lane i of the result: the sum of the lanes of the i-th of LANES vectors. */
INLINE vector lane_sums(const fgf_real *from)
{
    vector s[16];
    UNROLL
    for (int i = 0; i < LANES; i++)
        s[i] = load(from + i * LANES);
    UNROLL
    for (int i = 0; LANES == 16 && i < 8; i++)
        s[i] = HALVE(s[i], s[i + 8], 8);
    UNROLL
    for (int i = 0; LANES >= 8 && i < 4; i++)
        s[i] = HALVE(s[i], s[i + 4], 4);
    UNROLL
    for (int i = 0; LANES >= 4 && i < 2; i++)
        s[i] = HALVE(s[i], s[i + 2], 2);
    return HALVE(s[0], s[1], 1);
}

static void tangent_by_field(const sparse_tile *tile, const fgf_real *weight, const fgf_real *patch,
                             fgf_real *tz, fgf_real *scratch)
{
    for (int first = 0; first < tile->channels; first += LANES) {
        const int count = tile->channels - first < LANES ? tile->channels - first : LANES;
        if (count < LANES)
            memset(scratch, 0, (size_t)tile->windows * LANES * sizeof(vector));
        for (pieces at = {0}; next_piece(tile, &at);) {
            const piece p = piece_at(tile, &at);
            by_shape[at.rows][at.vectors].tangent(tile, &p, first, count, weight, patch, scratch);
        }
        for (int window = 0; window < tile->windows; window++)
            store_first(tz + (long)window * tile->channels + first,
                        lane_sums(scratch + (long)window * LANES * LANES), count);
    }
}

static void add(long n, const fgf_real *from, fgf_real *to)
{
    long i = 0;
    for (; i + LANES <= n; i += LANES)
        store(to + i, load(to + i) + load(from + i));
    for (; i < n; i++)
        to[i] += from[i];
}
