/* The sums at the winners, window by window; see sparse_set.h.
 *
 * With one input channel a row of a field fills a corner of a vector. All that a pool window reads
 * is a few full ones instead: for each tap of the window the weights are kept where they lie in it,
 * with zeros around them. */

enum { NEAR_MOST = SPARSE_WINDOW_VECTORS };

typedef fgf_real four
    __attribute__((vector_size(4 * sizeof(fgf_real)), aligned(sizeof(fgf_real)), may_alias));

/* Rows of four values are moves of their own: as with 3x3x3 weights behind a pool of 2x2x2. */
INLINE void copy_row(int run, const fgf_real *from, fgf_real *to)
{
    if (run == 4)
        *(four *)to = *(const four *)from;
    else
        memcpy(to, from, (size_t)run * sizeof *to);
}

INLINE void add_row(int run, const fgf_real *from, fgf_real *to)
{
    if (run == 4)
        *(four *)to += *(const four *)from;
    else
        for (int i = 0; i < run; i++)
            to[i] += from[i];
}

/* Row `row` of what the tile's first window reads. */
INLINE long near_row(const sparse_tile *tile, int row)
{
    return row / tile->rows * tile->plane + row % tile->rows * tile->row;
}

INLINE long near_size(const sparse_tile *tile)
{
    return (long)tile->vectors * LANES;
}

static void gather(const sparse_tile *tile, const fgf_real *patch, fgf_real *near)
{
    const int rows = tile->planes * tile->rows, run = tile->run;
    const long size = near_size(tile), filled = (long)rows * run;
    for (int window = 0; window < tile->windows; window++)
        for (long i = filled; i < size; i++)
            near[window * size + i] = 0;
    for (int row = 0; row < rows; row++) {
        const fgf_real *from = patch + near_row(tile, row);
        fgf_real *to = near + (long)row * run;
        for (int window = 0; window < tile->windows; window++, from += tile->window, to += size)
            copy_row(run, from, to);
    }
}

/* patch += near. Windows that overlap are kept apart, as in backward_piece. */
static void scatter(const sparse_tile *tile, const fgf_real *near, fgf_real *patch)
{
    const int rows = tile->planes * tile->rows, run = tile->run;
    const int apart = (int)((run + tile->window - 1) / tile->window);
    const long size = near_size(tile);
    for (int row = 0; row < rows; row++) {
        const fgf_real *from = near + (long)row * run;
        fgf_real *to = patch + near_row(tile, row);
        for (int first = 0; first < apart; first++)
            for (int window = first; window < tile->windows; window += apart)
                add_row(run, from + window * size, to + window * tile->window);
    }
}

/* Where the weights of a channel's winner begin. */
INLINE long near_weight(const sparse_tile tile, const uint8_t *winner, int channel)
{
    return ((long)channel * tile.taps + winner[channel]) * tile.vectors * LANES;
}

INLINE void near_weights(const sparse_tile tile, const fgf_real *near, const fgf_real *dz,
                         fgf_real *sum, int vectors)
{
    const uint8_t *winner = tile.winner;
    for (int window = 0; window < tile.windows; window++, winner += tile.channels) {
        vector x[NEAR_MOST];
        UNROLL
        for (int v = 0; v < vectors; v++)
            x[v] = load(near + v * LANES);
        for (int channel = 0; channel < tile.channels; channel++) {
            fgf_real *to = sum + near_weight(tile, winner, channel);
            const vector d = broadcast(dz[channel]);
            UNROLL
            for (int v = 0; v < vectors; v++)
                store(to + v * LANES, multiply_add(d, x[v], load(to + v * LANES)));
        }
        near += vectors * LANES;
        dz += tile.channels;
    }
}

INLINE void near_tangent(const sparse_tile tile, const fgf_real *weight, const fgf_real *near,
                         fgf_real *tz, fgf_real *scratch, int vectors)
{
    const uint8_t *winner = tile.winner;
    for (int window = 0; window < tile.windows; window++, winner += tile.channels) {
        vector x[NEAR_MOST];
        UNROLL
        for (int v = 0; v < vectors; v++)
            x[v] = load(near + v * LANES);
        for (int first = 0; first < tile.channels; first += LANES) {
            const int left = tile.channels - first, count = left < LANES ? left : LANES;
            for (int channel = 0; channel < count; channel++) {
                const fgf_real *w = weight + near_weight(tile, winner, first + channel);
                vector s = load(w) * x[0];
                UNROLL
                for (int v = 1; v < vectors; v++)
                    s = multiply_add(load(w + v * LANES), x[v], s);
                store(scratch + channel * LANES, s);
            }
            store_first(tz + first, lane_sums(scratch), count);
        }
        near += vectors * LANES;
        tz += tile.channels;
    }
}

INLINE void near_backward(const sparse_tile tile, const fgf_real *weight, const fgf_real *dz,
                          fgf_real *near, int vectors)
{
    const uint8_t *winner = tile.winner;
    for (int window = 0; window < tile.windows; window++, winner += tile.channels) {
        vector x[NEAR_MOST];
        UNROLL
        for (int v = 0; v < vectors; v++)
            x[v] = (vector){0};
        for (int channel = 0; channel < tile.channels; channel++) {
            const fgf_real *w = weight + near_weight(tile, winner, channel);
            const vector d = broadcast(dz[channel]);
            UNROLL
            for (int v = 0; v < vectors; v++)
                x[v] = multiply_add(d, load(w + v * LANES), x[v]);
        }
        UNROLL
        for (int v = 0; v < vectors; v++)
            store(near + v * LANES, x[v]);
        near += vectors * LANES;
        dz += tile.channels;
    }
}

/* f(..., vectors), the number a constant. */
#define WITH_VECTORS(count, f, ...)                                                                \
    do {                                                                                           \
        if ((count) == 1)                                                                          \
            f(__VA_ARGS__, 1);                                                                     \
        else if ((count) == 2)                                                                     \
            f(__VA_ARGS__, 2);                                                                     \
        else if ((count) == 3)                                                                     \
            f(__VA_ARGS__, 3);                                                                     \
        else                                                                                       \
            f(__VA_ARGS__, 4);                                                                     \
    } while (0)

static void weights_by_window(const sparse_tile *tile, const fgf_real *patch, const fgf_real *dz,
                              fgf_real *sum, fgf_real *scratch)
{
    gather(tile, patch, scratch);
    WITH_VECTORS(tile->vectors, near_weights, *tile, scratch, dz, sum);
}

static void tangent_by_window(const sparse_tile *tile, const fgf_real *weight,
                              const fgf_real *patch, fgf_real *tz, fgf_real *scratch)
{
    fgf_real *near = scratch + LANES * LANES;
    gather(tile, patch, near);
    memset(scratch, 0, LANES * sizeof(vector)); /* a block of channels may not fill it */
    WITH_VECTORS(tile->vectors, near_tangent, *tile, weight, near, tz, scratch);
}

static void backward_by_window(const sparse_tile *tile, const fgf_real *weight, const fgf_real *dz,
                               fgf_real *patch, fgf_real *scratch)
{
    WITH_VECTORS(tile->vectors, near_backward, *tile, weight, dz, scratch);
    scatter(tile, scratch, patch);
}
