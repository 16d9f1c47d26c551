/* The tile: `pixels` windows times `vectors` vectors of output channels, summed in registers.
 *
 * Each tap's weights are loaded once for all pixels of the tile, and each value of x once for all
 * vectors. The taps run in the outer loop, and each output has one accumulator: it is summed bias
 * first, then tap by tap, whatever tile it falls into. So tiles of any size give the same bits. */
#include "tile.h"
#include "vector.h"

/* Accumulators fill the registers, with room for a row of weights and a value of x. */
#if FGF_VECTOR_BYTES == 64 || defined(__aarch64__)
#define FGF_VECTORS_MAX 4
enum { ACCUMULATORS = 24 };
#else
#define FGF_VECTORS_MAX 2
enum { ACCUMULATORS = FGF_VECTOR_BYTES == 32 ? 12 : 8 };
#endif
enum { VECTORS_MAX = FGF_VECTORS_MAX };

static const int tile_pixels[VECTORS_MAX + 1] = {0, ACCUMULATORS, ACCUMULATORS / 2,
#if FGF_VECTORS_MAX == 4
                                                 ACCUMULATORS / 3, ACCUMULATORS / 4
#endif
};

/* The distance from a window to the p-th after it, spelled with few odd multiples that stay in
 * registers, where a pointer for each pixel would not. */
typedef struct steps {
    long one, three, five, seven;
} steps;

INLINE steps steps_of(long step)
{
    return (steps){step, 3 * step, 5 * step, 7 * step};
}

INLINE long steps_to(const steps *s, int p)
{
    switch (p % 8) {
    case 0:
        return 0;
    case 1:
        return s->one;
    case 2:
        return 2 * s->one;
    case 3:
        return s->three;
    case 4:
        return 4 * s->one;
    case 5:
        return s->five;
    case 6:
        return 2 * s->three;
    default:
        return s->seven;
    }
}

/* The windows lie `step` apart from x on, the results `next` from z on. */
INLINE void tile(const tile_convolution *s, const fgf_real *x, fgf_real *z, int vectors, int pixels,
                 long step, long next)
{
    const fgf_real *weight = s->weight;
    const steps by = steps_of(step);
    const vector zero = {0};
    vector sum[ACCUMULATORS];
    UNROLL for (int p = 0; p < pixels; p++) UNROLL for (int v = 0; v < vectors; v++)
        sum[p * vectors + v] = s->bias ? load(s->bias + v * LANES) : zero;
    for (int kz = 0; kz < s->taps[0]; kz++)
        for (int ky = 0; ky < s->taps[1]; ky++) {
            const fgf_real *row = x + kz * s->tap[0] + ky * s->tap[1];
            const fgf_real *row_8 = row + 8 * step, *row_16 = row + 16 * step;
            for (int k = 0; k < s->run; k++, weight += vectors * LANES) {
                vector w[VECTORS_MAX];
                UNROLL for (int v = 0; v < vectors; v++) w[v] = load(weight + v * LANES);
                UNROLL for (int p = 0; p < pixels; p++)
                {
                    const fgf_real *from = p < 8 ? row : p < 16 ? row_8 : row_16;
                    const vector value = broadcast(from[steps_to(&by, p) + k]);
                    UNROLL for (int v = 0; v < vectors; v++) sum[p * vectors + v] =
                        multiply_add(value, w[v], sum[p * vectors + v]);
                }
            }
        }
    const int last = s->channels - (vectors - 1) * LANES;
    UNROLL for (int p = 0; p < pixels; p++)
    {
        fgf_real *to = z + p * next;
        UNROLL for (int v = 0; v < vectors - 1; v++) store(to + v * LANES, sum[p * vectors + v]);
        store_first(to + (vectors - 1) * LANES, sum[p * vectors + vectors - 1], last);
    }
}

/* Outputs one after the other along an axis. */
typedef struct line {
    const fgf_real *x;
    fgf_real *z;
    int axis, count;
} line;

/* As many tiles of `pixels` as there are outputs left for; returns how many outputs those are. */
INLINE int tiles(const tile_convolution *s, const line *l, int done, int vectors, int pixels)
{
    const long window = s->window[l->axis], next = s->next[l->axis];
    for (; done + pixels <= l->count; done += pixels)
        tile(s, l->x + done * window, l->z + done * next, vectors, pixels, window, next);
    return done;
}

/* Whole tiles, then ever smaller ones. */
INLINE void tile_line(const tile_convolution *s, const line *l, int vectors)
{
    const int whole = ACCUMULATORS / vectors;
    int done = tiles(s, l, 0, vectors, whole);
    if (whole > 8)
        done = tiles(s, l, done, vectors, 8);
    if (whole > 4)
        done = tiles(s, l, done, vectors, 4);
    if (whole > 2)
        done = tiles(s, l, done, vectors, 2);
    tiles(s, l, done, vectors, 1);
}

static void line_1(const tile_convolution *s, const line *l)
{
    tile_line(s, l, 1);
}

static void line_2(const tile_convolution *s, const line *l)
{
    tile_line(s, l, 2);
}

#if FGF_VECTORS_MAX == 4
static void line_3(const tile_convolution *s, const line *l)
{
    tile_line(s, l, 3);
}

static void line_4(const tile_convolution *s, const line *l)
{
    tile_line(s, l, 4);
}
#endif

static void (*const lines[VECTORS_MAX])(const tile_convolution *, const line *) = {line_1, line_2,
#if FGF_VECTORS_MAX == 4
                                                                                   line_3, line_4
#endif
};

/* Along the rows; but the columns that fill no tile go down, where that is longer. */
static void convolve(const tile_convolution *s)
{
    const int rows = s->extent[1], columns = s->extent[2], whole = tile_pixels[s->vectors];
    const int straight = rows > columns % whole ? columns - columns % whole : columns;
    for (int d = 0; d < s->extent[0]; d++) {
        const fgf_real *x = s->x + d * s->window[0];
        fgf_real *z = s->z + d * s->next[0];
        for (int h = 0; straight > 0 && h < rows; h++) {
            const line along = {x + h * s->window[1], z + h * s->next[1], 2, straight};
            lines[s->vectors - 1](s, &along);
        }
        for (int w = straight; w < columns; w++) {
            const line down = {x + w * s->window[2], z + w * s->next[2], 1, rows};
            lines[s->vectors - 1](s, &down);
        }
    }
}
