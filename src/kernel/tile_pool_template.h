/* The max-pool of a strip, while it lies in the first-level cache. */
#include "fgf/block.h"

#include "tile.h"
#include "vector.h"

/* The greatest key met so far, its value and its tap. `sum` of all keys met is NaN where one of
 * them is: comparisons leave NaN out, and a window that has one is done again with care. (It is NaN
 * where infinities of both signs meet, too; care does no harm.) */
typedef struct champion {
    vector key, value, sum;
    integers at;
} champion;

/* How champions are found: keys in an array of their own; NaN looked for at every step. */
typedef struct manner {
    bool keyed, careful;
} manner;

/* A later one must be greater, or NaN, to win. */
INLINE void challenge(champion *best, const champion *later, manner how)
{
    lane_mask wins = greater(later->key, best->key);
    if (how.careful)
        wins |= is_nan(later->key);
    else
        best->sum += later->sum;
    best->key = choose(wins, later->key, best->key);
    best->at = choose_integers(wins, later->at, best->at);
    if (how.keyed)
        best->value = choose(wins, later->value, best->value);
}

INLINE champion champion_at(const tile_pool *p, long element, int tap, manner how)
{
    champion c;
    c.key = c.sum = load(p->key + element);
    c.value = how.keyed ? load(p->strip + element) : c.key;
    c.at = broadcast_integer(tap);
    return c;
}

/* The greatest of a row of taps. */
INLINE champion row_of_taps(const tile_pool *p, long element, int width, manner how)
{
    champion best = champion_at(p, element, 0, how);
    for (int kx = 1; kx < width; kx++) {
        const champion later = champion_at(p, element + kx * p->next[2], kx, how);
        challenge(&best, &later, how);
    }
    return best;
}

/* One window, a vector of its channels from `element` of the strip on. Row by row, as rows do not
 * wait for one another. */
INLINE champion window(const tile_pool *p, long element, int depth, int height, int width,
                       manner how)
{
    champion best = row_of_taps(p, element, width, how);
    for (int row = 1; row < depth * height; row++) {
        const long at = row / height * p->next[0] + row % height * p->next[1];
        champion later = row_of_taps(p, element + at, width, how);
        later.at += (lane_integer)(row * width);
        challenge(&best, &later, how);
    }
    return best;
}

/* The extents of windows, constants where a kind is common; `slides`: they overlap down the rows.
 */
typedef struct window_kind {
    int size[3], stride;
    bool slides;
} window_kind;

/* Writes what was found of the window at `element` of the strip. */
INLINE void store_champion(const tile_pool *p, const champion *found, long element, long out,
                           int count, bool keyed)
{
    champion best = *found;
    if (any(is_nan(best.sum)))
        best = window(p, element, p->size[0], p->size[1], p->size[2], (manner){keyed, true});
    store_first(p->z + out, keyed ? best.value : best.key, count);
    if (p->winner) /* NULL: not wanted */
        store_first_bytes(p->winner + out, best.at, count);
}

/* Windows that overlap, from the top down: the greatest of each row of taps is found once, and
 * serves all windows that hold the row. */
INLINE void slide(const tile_pool *p, const window_kind *kind, long element, long out, int count,
                  bool keyed)
{
    const int size = kind->size[1], stride = kind->stride;
    const manner how = {keyed, false};
    const long row = p->next[1];
    champion rows[4];
    for (int ky = 0; ky < size - stride; ky++, element += row)
        rows[ky] = row_of_taps(p, element, kind->size[2], how);
    for (int y = 0; y < p->extent[1]; y++, out += p->out[1]) {
        UNROLL for (int ky = size - stride; ky < size; ky++, element += row) rows[ky] =
            row_of_taps(p, element, kind->size[2], how);
        champion best = rows[0];
        UNROLL for (int ky = 1; ky < size; ky++)
        {
            champion later = rows[ky];
            later.at += (lane_integer)(ky * kind->size[2]);
            challenge(&best, &later, how);
        }
        UNROLL for (int ky = stride; ky < size; ky++) rows[ky - stride] = rows[ky];
        store_champion(p, &best, element - size * row, out, count, keyed);
    }
}

INLINE void windows_down(const tile_pool *p, const window_kind *kind, long element, long out,
                         int count, bool keyed)
{
    const manner how = {keyed, false};
    const long step = p->stride[1] * p->next[1];
    for (int y = 0; y < p->extent[1]; y++, element += step, out += p->out[1]) {
        const champion best = window(p, element, kind->size[0], kind->size[1], kind->size[2], how);
        store_champion(p, &best, element, out, count, keyed);
    }
}

/* All windows of a strip, a column and a vector of channels at a time. */
INLINE void windows(const tile_pool *p, window_kind kind, bool keyed)
{
    for (int z = 0; z < p->extent[0]; z++)
        for (int x = 0; x < p->extent[2]; x++) {
            const long first = z * p->stride[0] * p->next[0] + x * p->stride[2] * p->next[2];
            const long out = z * p->out[0] + x * p->out[2];
            for (int c = 0; c < p->channels; c += LANES) {
                const int left = p->channels - c, count = left < LANES ? left : LANES;
                if (kind.slides)
                    slide(p, &kind, first + c, out + c, count, keyed);
                else
                    windows_down(p, &kind, first + c, out + c, count, keyed);
            }
        }
}

static bool pool_is(const tile_pool *p, int depth, int size, int stride)
{
    return p->size[0] == depth && p->size[1] == size && p->size[2] == size &&
           p->stride[1] == stride;
}

/* The kinds that are common are compiled with constants. */
INLINE void windows_by_kind(const tile_pool *p, bool keyed)
{
    if (pool_is(p, 1, 4, 4))
        windows(p, (window_kind){{1, 4, 4}, 4, false}, keyed);
    else if (pool_is(p, 1, 2, 2))
        windows(p, (window_kind){{1, 2, 2}, 2, false}, keyed);
    else if (pool_is(p, 2, 2, 2))
        windows(p, (window_kind){{2, 2, 2}, 2, false}, keyed);
    else if (pool_is(p, 1, 3, 1))
        windows(p, (window_kind){{1, 3, 3}, 1, true}, keyed);
    else if (pool_is(p, 1, 3, 2))
        windows(p, (window_kind){{1, 3, 3}, 2, true}, keyed);
    else if (pool_is(p, 1, 4, 3))
        windows(p, (window_kind){{1, 4, 4}, 3, true}, keyed);
    else
        windows(p, (window_kind){{p->size[0], p->size[1], p->size[2]}, p->stride[1], false}, keyed);
}

static void greatest(const tile_pool *p)
{
    if (p->key != p->strip)
        windows_by_kind(p, true);
    else
        windows_by_kind(p, false);
}

/* ---- the values at given winners ---- */

/* A vector of one window's channels. Every tap is looked at: a vector of addresses would take as
 * long. */
INLINE vector picked(const tile_pool *p, const window_kind *kind, const fgf_real *strip,
                     integers at)
{
    vector value = load(strip);
    int tap = 0;
    for (int kz = 0; kz < kind->size[0]; kz++)
        for (int ky = 0; ky < kind->size[1]; ky++) {
            const fgf_real *row = strip + kz * p->next[0] + ky * p->next[1];
            for (int kx = 0; kx < kind->size[2]; kx++, tap++, row += p->next[2])
                value = choose(equal(at, broadcast_integer(tap)), load(row), value);
        }
    return value;
}

INLINE void pick_windows(const tile_pool *p, window_kind kind)
{
    for (int z = 0; z < p->extent[0]; z++)
        for (int y = 0; y < p->extent[1]; y++)
            for (int x = 0; x < p->extent[2]; x++) {
                const fgf_real *strip = p->strip + z * p->stride[0] * p->next[0] +
                                        y * p->stride[1] * p->next[1] +
                                        x * p->stride[2] * p->next[2];
                const long out = z * p->out[0] + y * p->out[1] + x * p->out[2];
                for (int c = 0; c < p->channels; c += LANES) {
                    const int left = p->channels - c, count = left < LANES ? left : LANES;
                    const integers at = load_first_bytes(p->pick + out + c, count);
                    store_first(p->z + out + c, picked(p, &kind, strip + c, at), count);
                }
            }
}

static void pick(const tile_pool *p)
{
    if (pool_is(p, 1, 3, p->stride[1]))
        pick_windows(p, (window_kind){{1, 3, 3}, 0, false});
    else if (pool_is(p, 1, 4, p->stride[1]))
        pick_windows(p, (window_kind){{1, 4, 4}, 0, false});
    else
        pick_windows(p, (window_kind){{p->size[0], p->size[1], p->size[2]}, 0, false});
}

/* ---- the adjoint: what each value of the convolution gets from the windows that hold it ---- */

/* Of an axis, the windows that hold value `at`: [*first, *end). They move on as `at` does. */
INLINE void holding(const tile_spread *s, int axis, int at, int *first, int *end)
{
    while (*first < s->to[axis] && *first * s->stride[axis] + s->size[axis] <= at)
        ++*first;
    while (*end < s->to[axis] && *end * s->stride[axis] <= at)
        ++*end;
}

typedef struct holders {
    int first[3], end[3];
    int count;
    /* Of each window: its dz, as elements from the first one's, and the tap that the value is. */
    long from[FGF_BLOCK_WINDOW_MAX];
    int tap[FGF_BLOCK_WINDOW_MAX];
} holders;

static void list_holders(const tile_spread *s, const int at[3], holders *h)
{
    int n = 0;
    for (int z = h->first[0]; z < h->end[0]; z++)
        for (int y = h->first[1]; y < h->end[1]; y++) {
            const int row = (at[0] - z * s->stride[0]) * s->size[1] + at[1] - y * s->stride[1];
            const long from = (z - s->from[0]) * s->window[0] + (y - s->from[1]) * s->window[1];
            for (int x = h->first[2]; x < h->end[2]; x++, n++) {
                h->from[n] = from + (x - s->from[2]) * s->window[2];
                h->tap[n] = row * s->size[2] + at[2] - x * s->stride[2];
            }
        }
    h->count = n;
}

/* A vector from element c on of a value and those to its right, whose windows lie side by side as
 * they do. */
INLINE vector spread_value(const holders *h, const uint8_t *winner, const fgf_real *dz, long c,
                           int count)
{
    vector sum = {0};
    for (int i = 0; i < h->count; i++) {
        const integers won = load_first_bytes(winner + h->from[i] + c, count);
        const vector more = sum + load_first(dz + h->from[i] + c, count);
        sum = choose(equal(won, broadcast_integer(h->tap[i])), more, sum);
    }
    return sum;
}

/* How many values from `at` on can be done as one: with stride 1, those that a full number of
 * windows hold. */
static int side_by_side(const tile_spread *s, const holders *h, int at)
{
    const int end = s->want_to[2] < s->to[2] ? s->want_to[2] : s->to[2];
    return s->stride[2] == 1 && h->end[2] - h->first[2] == s->size[2] ? end - at : 1;
}

static void spread_row(const tile_spread *s, holders *h, int at[3], fgf_real *to)
{
    int run;
    h->first[2] = h->end[2] = s->from[2];
    for (at[2] = s->want_from[2]; at[2] < s->want_to[2]; at[2] += run) {
        holding(s, 2, at[2], &h->first[2], &h->end[2]);
        list_holders(s, at, h);
        run = side_by_side(s, h, at[2]);
        const long elements = (long)run * s->channels;
        for (long c = 0; c < elements; c += LANES) {
            const int count = elements - c < LANES ? (int)(elements - c) : LANES;
            if (count == LANES)
                store(to + c, spread_value(h, s->winner, s->dz, c, LANES));
            else
                store_first(to + c, spread_value(h, s->winner, s->dz, c, count), count);
        }
        to += elements;
    }
}

static void spread(const tile_spread *s)
{
    const long row = (long)(s->want_to[2] - s->want_from[2]) * s->channels;
    fgf_real *to = s->values;
    holders h;
    int at[3];
    h.first[0] = h.end[0] = s->from[0];
    for (at[0] = s->want_from[0]; at[0] < s->want_to[0]; at[0]++) {
        holding(s, 0, at[0], &h.first[0], &h.end[0]);
        h.first[1] = h.end[1] = s->from[1];
        for (at[1] = s->want_from[1]; at[1] < s->want_to[1]; at[1]++, to += row) {
            holding(s, 1, at[1], &h.first[1], &h.end[1]);
            spread_row(s, &h, at, to);
        }
    }
}
