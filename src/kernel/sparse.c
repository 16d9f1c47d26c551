#include "sparse.h"

#include "instruction_set.h"
#include "patch.h"
#include "sparse_set.h"

#include <string.h>

/* A tile is a row of pool windows whose patch of the input fits the first-level cache. */
enum { PATCH_BYTES = 48 << 10, WINDOWS_MIN = 4, WINDOWS_MAX = 64 };

/* Outputs of the convolution for each winner from which on the winners alone are less work.
 * Measured on 3x3 and 5x5 layers of 1 to 64 input channels with AVX512, both adjoints and the
 * tangent together: windows of 2x2 take 0.5 to 0.65 of the time of the dense kernels (no single one
 * takes longer), of 3x3 0.2 to 0.3, of 4x4 0.1 to 0.17. */
enum { SHARE_THAT_PAYS = 4 };

bool sparse_pays(const fgf_block *b)
{
    const int *size = b->pool.size, *stride = b->pool.stride;
    const bool apart = stride[0] >= size[0] && stride[1] >= size[1] && stride[2] >= size[2];
    return apart && (long)stride[0] * stride[1] * stride[2] >= SHARE_THAT_PAYS;
}

/* Values of a row of the field: they lie side by side in a patch. */
static int run_of(const fgf_block *b)
{
    return b->convolution.kernel[2] * b->convolution.input.channels;
}

/* The inputs that the windows of `out` read, padding included. */
static fgf_box read_by(const fgf_block *b, const fgf_box *out)
{
    const fgf_convolution *c = &b->convolution;
    fgf_box in;
    for (int axis = 0; axis < 3; axis++) {
        const int first = out->from[axis] * b->pool.stride[axis];
        const int last = (out->to[axis] - 1) * b->pool.stride[axis] + b->pool.size[axis] - 1;
        in.from[axis] = first * c->stride[axis] - c->padding[axis];
        in.to[axis] = last * c->stride[axis] - c->padding[axis] + c->kernel[axis];
    }
    return in;
}

/* What one pool window reads. */
static fgf_box window_of(const fgf_block *b)
{
    const fgf_box one = {{0, 0, 0}, {1, 1, 1}};
    return read_by(b, &one);
}

static const sparse_set *widest_set(void)
{
    switch (fgf_instruction_set_in_use()) {
#if defined(__x86_64__)
    case FGF_AVX512:
        return &sparse_set_avx512;
    case FGF_AVX2:
        return &sparse_set_avx2;
#endif
    default:
        return &sparse_set_portable;
    }
}

/* True where the sums go window by window: all that a window reads is a few vectors, fewer than the
 * rows of a field. Never with flat kernels: what was computed of images keeps its order of sums. */
static bool goes_by_window(const fgf_block *b)
{
    const int *kernel = b->convolution.kernel;
    if (kernel[0] == 1)
        return false;
    const fgf_box window = window_of(b);
    const long values = fgf_box_pixels(&window) * b->convolution.input.channels;
    const long lanes = widest_set()->lanes, vectors = (values + lanes - 1) / lanes;
    return vectors <= SPARSE_WINDOW_VECTORS && vectors < kernel[0] * kernel[1];
}

/* Half the size of vector for rows that it holds, as with one input channel. */
static const sparse_set *set_of(const fgf_block *b)
{
#if defined(__x86_64__)
    if (fgf_instruction_set_in_use() == FGF_AVX512 && !goes_by_window(b) &&
        run_of(b) <= sparse_set_avx2.lanes)
        return &sparse_set_avx2;
#endif
    return widest_set();
}

static const sparse_sums *sums_of(const fgf_block *b)
{
    return goes_by_window(b) ? &set_of(b)->by_window : &set_of(b)->by_field;
}

/* ---- weights, as sparse_set.h has them ---- */

/* Of a field's row, or of all that a window reads. */
static int vectors_of(const fgf_block *b)
{
    const int lanes = set_of(b)->lanes;
    const fgf_box window = window_of(b);
    const long window_values = fgf_box_pixels(&window) * b->convolution.input.channels;
    const long values = goes_by_window(b) ? window_values : run_of(b);
    return (int)((values + lanes - 1) / lanes);
}

/* Elements of them. */
static long row_size(const fgf_block *b)
{
    return (long)vectors_of(b) * set_of(b)->lanes;
}

static int pool_taps(const fgf_block *b)
{
    return b->pool.size[0] * b->pool.size[1] * b->pool.size[2];
}

/* Elements of a channel's weights. */
static long channel_size(const fgf_block *b)
{
    const int *kernel = b->convolution.kernel;
    return (goes_by_window(b) ? pool_taps(b) : kernel[0] * kernel[1]) * row_size(b);
}

/* Where row `row` of the field of tap `tap` begins in a channel's weights. By field they are the
 * same for all taps. */
static long row_at(const fgf_block *b, int tap, int row)
{
    const fgf_convolution *c = &b->convolution;
    const int *size = b->pool.size;
    if (!goes_by_window(b))
        return row * row_size(b);
    const fgf_box window = window_of(b);
    const long z = tap / size[2] / size[1] * c->stride[0] + row / c->kernel[1];
    const long y = tap / size[2] % size[1] * c->stride[1] + row % c->kernel[1];
    const long x = tap % size[2] * c->stride[2];
    return tap * row_size(b) +
           ((z * fgf_box_extent(&window, 1) + y) * fgf_box_extent(&window, 2) + x) *
               c->input.channels;
}

size_t sparse_packed_size(const fgf_block *b)
{
    return (size_t)(b->convolution.output.channels * channel_size(b));
}

void sparse_pack(const fgf_block *b, const fgf_real *weight, fgf_real *packed)
{
    const fgf_convolution *c = &b->convolution;
    const int channels = c->output.channels, run = run_of(b), rows = c->kernel[0] * c->kernel[1];
    const long each = channel_size(b);
    memset(packed, 0, sparse_packed_size(b) * sizeof *packed);
    for (int tap = 0; tap < (goes_by_window(b) ? pool_taps(b) : 1); tap++)
        for (int row = 0; row < rows; row++) {
            const fgf_real *from = weight + (long)row * run * channels;
            fgf_real *to = packed + row_at(b, tap, row);
            for (int i = 0; i < run; i++)
                for (int o = 0; o < channels; o++)
                    to[o * each + i] = *from++;
        }
}

/* weight += what `packed` holds. */
static void unpack(const fgf_block *b, const fgf_real *packed, fgf_real *weight)
{
    const fgf_convolution *c = &b->convolution;
    const int channels = c->output.channels, run = run_of(b), rows = c->kernel[0] * c->kernel[1];
    const long each = channel_size(b);
    for (int tap = 0; tap < (goes_by_window(b) ? pool_taps(b) : 1); tap++)
        for (int row = 0; row < rows; row++) {
            const fgf_real *from = packed + row_at(b, tap, row);
            fgf_real *to = weight + (long)row * run * channels;
            for (int i = 0; i < run; i++)
                for (int o = 0; o < channels; o++)
                    *to++ += from[o * each + i];
        }
}

/* ---- tiles ---- */

/* What the windows of `out` read, and by field as many columns more as whole vectors reach beyond
 * the field of the last. */
static fgf_box wanted_by(const fgf_block *b, const fgf_box *out)
{
    const int channels = b->convolution.input.channels;
    const int beyond = goes_by_window(b) ? 0 : (int)row_size(b) - run_of(b);
    fgf_box in = read_by(b, out);
    in.to[2] += (beyond + channels - 1) / channels;
    return in;
}

/* Elements of the input from a window to the next one in its row. */
static long window_step(const fgf_block *b)
{
    return (long)b->pool.stride[2] * b->convolution.stride[2] * b->convolution.input.channels;
}

/* The most windows that a tile has. */
static int windows_most(const fgf_block *b)
{
    const fgf_box one = {{0, 0, 0}, {1, 1, 1}}, wanted = wanted_by(b, &one);
    const long lines = (long)fgf_box_extent(&wanted, 0) * fgf_box_extent(&wanted, 1);
    const long count = PATCH_BYTES / (lines * window_step(b) * (long)sizeof(fgf_real));
    return count < WINDOWS_MIN ? WINDOWS_MIN : count > WINDOWS_MAX ? WINDOWS_MAX : (int)count;
}

/* Elements of scratch for a tile's patch. */
static size_t patch_size(const fgf_block *b)
{
    const fgf_box tile = {{0, 0, 0}, {1, 1, windows_most(b)}}, wanted = wanted_by(b, &tile);
    return ((size_t)fgf_box_pixels(&wanted) * (size_t)b->convolution.input.channels + 15) / 16 * 16;
}

static size_t gradient_size(const fgf_block *b)
{
    return (sparse_packed_size(b) + 15) / 16 * 16;
}

size_t sparse_work(const fgf_block *b)
{
    const int lanes = set_of(b)->lanes;
    const int vectors = lanes > SPARSE_WINDOW_VECTORS ? lanes : SPARSE_WINDOW_VECTORS;
    const size_t scratch = (size_t)(windows_most(b) + 1) * (size_t)(lanes * vectors);
    return patch_size(b) + gradient_size(b) + scratch;
}

/* A walk through the tiles of `out`, in raster order. */
typedef struct walk {
    const fgf_block *block;
    const fgf_box *out;
    const uint8_t *winner; /* over `out` */
    int windows;           /* of a tile, but that the last of a row may have less */
    sparse_tile tile;
    fgf_box box;    /* the tile's windows */
    fgf_box wanted; /* what they read */
    long first;     /* the tile's first value in arrays over `out` */
    long tap[FGF_BLOCK_WINDOW_MAX];
} walk;

static void walk_start(walk *w, const fgf_block *b, const fgf_box *out, const uint8_t *winner)
{
    const fgf_convolution *c = &b->convolution;
    const int most = windows_most(b), count = fgf_box_extent(out, 2),
              tiles = (count - 1) / most + 1;
    const long reach = (b->pool.size[2] - 1) * c->stride[2] * c->input.channels + row_size(b);
    const bool by_window = goes_by_window(b);
    const fgf_box window = window_of(b);
    w->block = b;
    w->out = out;
    w->winner = winner;
    w->windows = (count - 1) / tiles + 1;
    w->box = (fgf_box){{out->from[0], out->from[1], out->from[2]},
                       {out->from[0] + 1, out->from[1] + 1, out->from[2]}};
    w->first = 0;
    w->tile = (sparse_tile){
        .channels = c->output.channels,
        .window = window_step(b),
        .apart = (int)(reach / window_step(b)) + 2,
        .tap = w->tap,
        .planes = by_window ? fgf_box_extent(&window, 0) : c->kernel[0],
        .rows = by_window ? fgf_box_extent(&window, 1) : c->kernel[1],
        .run = by_window ? fgf_box_extent(&window, 2) * c->input.channels : run_of(b),
        .vectors = vectors_of(b),
        .taps = pool_taps(b),
    };
}

/* To the next tile; false: there is none. */
static bool walk_next(walk *w)
{
    fgf_box *box = &w->box;
    w->first += (long)w->tile.windows * w->tile.channels;
    box->from[2] = box->to[2];
    for (int axis = 2; axis > 0; axis--)
        if (box->from[axis] == w->out->to[axis]) {
            box->from[axis] = w->out->from[axis];
            box->from[axis - 1]++;
        }
    if (fgf_box_pixels(w->out) == 0 || box->from[0] == w->out->to[0])
        return false;
    const int left = w->out->to[2] - box->from[2];
    w->tile.windows = left < w->windows ? left : w->windows;
    w->tile.winner = w->winner + w->first;
    box->to[0] = box->from[0] + 1;
    box->to[1] = box->from[1] + 1;
    box->to[2] = box->from[2] + w->tile.windows;
    w->wanted = wanted_by(w->block, box);
    return true;
}

/* The patch that the tile reads or adds to has these distances. */
static void set_distances(walk *w, long row, long plane)
{
    const fgf_convolution *c = &w->block->convolution;
    const int *size = w->block->pool.size;
    if (w->tile.row == row && w->tile.plane == plane)
        return;
    w->tile.row = row;
    w->tile.plane = plane;
    for (int k = 0; k < size[0] * size[1] * size[2]; k++)
        w->tap[k] = k / size[2] / size[1] * c->stride[0] * plane +
                    k / size[2] % size[1] * c->stride[1] * row +
                    (long)(k % size[2]) * c->stride[2] * c->input.channels;
}

static const fgf_real *patch_to_read(walk *w, const fgf_view *view, fgf_real *scratch)
{
    const patch p = patch_of(&w->block->convolution.input, view, &w->wanted, scratch);
    set_distances(w, p.row, p.plane);
    return p.at;
}

void sparse_weights(const fgf_block *b, const fgf_view *x, const fgf_box *out, const fgf_real *dz,
                    const uint8_t *winner, fgf_real *dweight, fgf_real *work)
{
    const sparse_sums *sums = sums_of(b);
    fgf_real *sum = work + patch_size(b), *scratch = sum + gradient_size(b);
    walk w;
    if (fgf_box_pixels(out) == 0)
        return;
    memset(sum, 0, sparse_packed_size(b) * sizeof *sum);
    for (walk_start(&w, b, out, winner); walk_next(&w);) {
        const fgf_real *values = patch_to_read(&w, x, work);
        sums->weights(&w.tile, values, dz + w.first, sum, scratch);
    }
    unpack(b, sum, dweight);
}

void sparse_tangent(const fgf_block *b, const fgf_real *packed, const fgf_view *t,
                    const fgf_box *out, const uint8_t *winner, fgf_real *tz, fgf_real *work)
{
    const sparse_sums *sums = sums_of(b);
    fgf_real *scratch = work + patch_size(b);
    walk w;
    for (walk_start(&w, b, out, winner); walk_next(&w);) {
        const fgf_real *values = patch_to_read(&w, t, work);
        sums->tangent(&w.tile, packed, values, tz + w.first, scratch);
    }
}

/* ---- backward ---- */

/* Channel 0 of a pixel of an image of which `box` is stored. */
static fgf_real *pixel(const fgf_box *box, int channels, fgf_real *values, int z, int y, int x)
{
    const long row = (long)(z - box->from[0]) * fgf_box_extent(box, 1) + (y - box->from[1]);
    return values + (row * fgf_box_extent(box, 2) + (x - box->from[2])) * channels;
}

/* dx, over `in`, gains what lies in `in` of the values over `box`. */
static void add_patch(const fgf_block *b, const fgf_box *box, fgf_real *values, const fgf_box *in,
                      fgf_real *dx)
{
    const sparse_set *set = set_of(b);
    const int channels = b->convolution.input.channels;
    fgf_box both;
    for (int axis = 0; axis < 3; axis++) {
        both.from[axis] = box->from[axis] > in->from[axis] ? box->from[axis] : in->from[axis];
        both.to[axis] = box->to[axis] < in->to[axis] ? box->to[axis] : in->to[axis];
    }
    const long run = (long)fgf_box_extent(&both, 2) * channels;
    for (int z = both.from[0]; run > 0 && z < both.to[0]; z++)
        for (int y = both.from[1]; y < both.to[1]; y++)
            set->add(run, pixel(box, channels, values, z, y, both.from[2]),
                     pixel(in, channels, dx, z, y, both.from[2]));
}

/* A tile adds to dx where it is inside, else to a patch of its own, which is cut. */
void sparse_backward(const fgf_block *b, const fgf_real *packed, const fgf_box *out,
                     const fgf_real *dz, const uint8_t *winner, const fgf_box *in, fgf_real *dx,
                     fgf_real *work)
{
    const sparse_sums *sums = sums_of(b);
    const int channels = b->convolution.input.channels;
    walk w;
    memset(dx, 0, (size_t)fgf_box_pixels(in) * (size_t)channels * sizeof *dx);
    for (walk_start(&w, b, out, winner); walk_next(&w);) {
        const bool inside = fgf_box_holds(in, &w.wanted);
        const fgf_box *stored = inside ? in : &w.wanted;
        fgf_real *values = inside ? dx : work;
        const long row = (long)fgf_box_extent(stored, 2) * channels;
        set_distances(&w, row, row * fgf_box_extent(stored, 1));
        if (!inside)
            memset(work, 0, (size_t)fgf_box_pixels(stored) * (size_t)channels * sizeof *work);
        const int *at = w.wanted.from;
        sums->backward(&w.tile, packed, dz + w.first,
                       pixel(stored, channels, values, at[0], at[1], at[2]), work + patch_size(b));
        if (!inside)
            add_patch(b, stored, values, in, dx);
    }
}
