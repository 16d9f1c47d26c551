#include "run_length.h"

#include "neighbours.h"

#include <string.h>

const fgf_key run_length_keys[] = {SOFT_BINS_KEYS("4"), {.name = NULL}};

/* Bins are taken LANES at a time, all directions for each, so that shares need LANES a voxel. */
typedef struct run_work {
    size_t lengths, stride;
    double *count;             /* [lengths][stride] R; what is shared ends with `before` */
    int32_t *next, *before;    /* [ways][N]: the voxels at both sides on a line, or -1 */
    double *shares, *by_share; /* [N][LANES] */
    int32_t *active;           /* [actives] the voxels that have a share at all */
    size_t actives;
    double *weight, *distance, *both; /* [N]: sums over bins, for the slope; see add_slopes */
    double *product;                  /* [lengths][LANES]: W of one start */
    int32_t *place;                   /* [lengths]: and where */
    double *by_count;                 /* [lengths][stride] */
} run_work;

static size_t longest_line(fgf_shape extent)
{
    const int plane = extent.height > extent.width ? extent.height : extent.width;
    return (size_t)(extent.depth > plane ? extent.depth : plane);
}

static size_t stride_of(const soft_bins *all)
{
    return (size_t)soft_bins_groups(all) * LANES;
}

/* Doubles with the room of so many indices. */
static size_t index_room(size_t count)
{
    return (count * sizeof(int32_t) + sizeof(double) - 1) / sizeof(double);
}

size_t run_length_work(const fgf_feature *feature, const fgf_region *region)
{
    const soft_bins all = soft_bins_of(feature->settings);
    const size_t lengths = longest_line(region->shape), count = region->pixel_count;
    return count * (2 * LANES + 3) + 2 * index_room(NEIGHBOUR_WAYS_MAX * count) +
           index_room(count) + lengths * (LANES + 2 * stride_of(&all)) + index_room(lengths);
}

static double *take(double **rest, size_t elements)
{
    double *here = *rest;
    *rest += elements;
    return here;
}

/* Memory of the heap: it may hold other numbers than doubles. */
static int32_t *take_indices(double **rest, size_t count)
{
    return (int32_t *)(void *)take(rest, index_room(count));
}

static run_work split(const soft_bins *all, const fgf_region *region, double *work)
{
    const size_t count = region->pixel_count;
    run_work w = {.lengths = longest_line(fgf_region_extent(region)), .stride = stride_of(all)};
    w.count = take(&work, w.lengths * w.stride);
    w.next = take_indices(&work, NEIGHBOUR_WAYS_MAX * count);
    w.before = take_indices(&work, NEIGHBOUR_WAYS_MAX * count);
    w.shares = take(&work, count * LANES);
    w.by_share = take(&work, count * LANES);
    w.active = take_indices(&work, count);
    w.weight = take(&work, count);
    w.distance = take(&work, count);
    w.both = take(&work, count);
    w.product = take(&work, w.lengths * LANES);
    w.place = take_indices(&work, w.lengths);
    w.by_count = take(&work, w.lengths * w.stride);
    return w;
}

/* The lines along each direction. */
static void link_lines(const fgf_region *region, neighbour_way *way, int ways, run_work *w)
{
    const size_t count = region->pixel_count;
    memset(w->before, 0xff, (size_t)ways * count * sizeof *w->before);
    for (size_t i = 0; i < count; i++) {
        const neighbour_place place = neighbour_place_of(region, i);
        for (int d = 0; d < ways; d++) {
            const size_t line = (size_t)d * count;
            const ptrdiff_t next = neighbour_seek(region, way + d, place);
            w->next[line + i] = (int32_t)next;
            if (next >= 0)
                w->before[line + (size_t)next] = (int32_t)i;
        }
    }
}

/* Products below this are below the rounding of every sum. */
static const double least_product = 1e-16;

FGF_INLINE bool is_some(const double *lanes)
{
    double sum[LANES];
    memcpy(sum, lanes, sizeof sum);
    return !(lane_sum(sum) < least_product); /* what is not finite goes into the sums */
}

/* shares[i][l] of the bins from `bin` on; no run begins where they are next to nothing. */
FGF_CLONES
static void fill_shares(const soft_bins *all, const double *value, size_t count, int bin,
                        run_work *w)
{
    soft_share share;
    int nearest;
    w->actives = 0;
    for (size_t i = 0; i < count; i++) {
        double *row = w->shares + i * LANES;
        memset(row, 0, LANES * sizeof *row);
        soft_bins_window(all, value[i], &share.first, &nearest, &share.last);
        if (share.first >= bin + LANES || share.last < bin)
            continue;
        soft_bins_share(all, value[i], &share);
        for (int l = 0; l < LANES; l++)
            if (bin + l >= share.first && bin + l <= share.last)
                row[l] = share.of[bin + l] / share.sum;
        if (is_some(row))
            w->active[w->actives++] = (int32_t)i;
    }
}

FGF_INLINE soft_lanes *row_at(double *rows, size_t at)
{
    return (soft_lanes *)(rows + at * LANES);
}

/* W_0 of the runs that may begin behind the voxel `before`. */
FGF_INLINE void begin_runs(const run_work *w, int32_t before, soft_lanes *product)
{
    *product = (soft_lanes){0} + 1;
    if (before >= 0)
        *product -= *row_at(w->shares, (size_t)before);
}

/* product *= shares; false where nothing is left of it in any bin. */
FGF_INLINE bool go_on(soft_lanes *product, const soft_lanes *shares)
{
    *product *= *shares;
    return is_some((const double *)product);
}

/* count[length - 1][l] += R along the lines. */
FGF_CLONES
static void add_runs(const run_work *work, const int32_t *following, const int32_t *before,
                     double *count)
{
    const run_work copy = *work, *w = &copy; /* whose members no row can be stored over */
    for (size_t a = 0; a < w->actives; a++) {
        const int32_t i = w->active[a];
        soft_lanes product;
        double *at = count;
        begin_runs(w, before[i], &product);
        for (int32_t j = i, next; go_on(&product, row_at(w->shares, (size_t)j)); j = next) {
            next = following[j];
            if (next < 0) {
                *(soft_lanes *)at += product;
                break;
            }
            *(soft_lanes *)at += product * (1 - *row_at(w->shares, (size_t)next));
            at += w->stride;
        }
    }
}

/* W of each length of the runs that begin at i, with the place they have reached; returns how
 * many lengths. */
FGF_INLINE size_t follow_runs(const run_work *w, const int32_t *following, int32_t i,
                              const soft_lanes *first)
{
    soft_lanes product = *first;
    size_t length = 0;
    for (int32_t j = i; j >= 0; j = following[j]) {
        if (!go_on(&product, row_at(w->shares, (size_t)j)))
            break;
        *row_at(w->product, length) = product;
        w->place[length++] = j;
    }
    return length;
}

/* by_share += dh/dp along the lines, by_count = dh/dR of the bins at hand. */
FGF_CLONES
static void go_back(const run_work *work, const int32_t *following, const int32_t *before,
                    const double *by_count)
{
    const run_work copy = *work, *w = &copy;
    for (size_t a = 0; a < w->actives; a++) {
        const int32_t i = w->active[a];
        soft_lanes first, adjoint = {0};
        begin_runs(w, before[i], &first);
        const size_t length = follow_runs(w, following, i, &first);
        /* adjoint = V of the length above, as yet without the step to it. */
        for (size_t k = length; k-- > 0;) {
            const int32_t next = following[w->place[k]];
            const soft_lanes by = *(const soft_lanes *)(by_count + k * w->stride);
            if (next < 0) {
                adjoint = by;
                continue;
            }
            const soft_lanes change = adjoint - by;
            *row_at(w->by_share, (size_t)next) += *row_at(w->product, k) * change;
            adjoint = by + *row_at(w->shares, (size_t)next) * change;
        }
        if (length == 0)
            continue;
        *row_at(w->by_share, (size_t)i) += first * adjoint;
        if (before[i] >= 0)
            *row_at(w->by_share, (size_t)before[i]) -= *row_at(w->shares, (size_t)i) * adjoint;
    }
}

/* Adds the bins at hand to what the slope of each voxel needs: the sums over bins of dh/dp p, of
 * (c - q) p and of dh/dp (c - q) p. */
FGF_CLONES
static void add_slopes(const soft_bins *all, const double *value, size_t pixels, int bin,
                       const run_work *w)
{
    for (size_t i = 0; i < pixels; i++) {
        const double *share = w->shares + i * LANES, *by = w->by_share + i * LANES;
        double weight = w->weight[i], distance = w->distance[i], both = w->both[i];
        for (int l = 0; l < LANES; l++) {
            const double apart = all->low + (bin + l + 0.5) * all->step - value[i];
            weight += by[l] * share[l];
            distance += apart * share[l];
            both += by[l] * apart * share[l];
        }
        w->weight[i] = weight;
        w->distance[i] = distance;
        w->both[i] = both;
    }
}

static void find_gradient(const soft_bins *all, const fgf_region *region, const double *value,
                          int ways, run_work *w, double *gradient)
{
    const size_t count = region->pixel_count;
    memset(w->weight, 0, 3 * count * sizeof *w->weight);
    for (int bin = 0; bin < all->bins; bin += LANES) {
        fill_shares(all, value, count, bin, w);
        memset(w->by_share, 0, count * LANES * sizeof *w->by_share);
        for (size_t line = 0; line < (size_t)ways * count; line += count)
            go_back(w, w->next + line, w->before + line, w->by_count + bin);
        add_slopes(all, value, count, bin, w);
    }
    for (size_t i = 0; i < count; i++)
        gradient[i] = 2 * all->scale * (w->both[i] - w->distance[i] * w->weight[i]);
}

void run_length_share(const fgf_feature *feature, const fgf_region *region, const double *value,
                      double *work, bool with_gradient)
{
    const soft_bins all = soft_bins_of(feature->settings);
    const size_t count = region->pixel_count;
    run_work w = split(&all, region, work);
    neighbour_way way[NEIGHBOUR_WAYS_MAX];
    const int ways = neighbour_ways(region, 1, way);
    (void)with_gradient;
    link_lines(region, way, ways, &w);
    memset(w.count, 0, w.lengths * w.stride * sizeof *w.count);
    for (int bin = 0; bin < all.bins; bin += LANES) {
        fill_shares(&all, value, count, bin, &w);
        for (size_t line = 0; line < (size_t)ways * count; line += count)
            add_runs(&w, w.next + line, w.before + line, w.count + bin);
    }
}

fgf_undefined run_length_evaluate(const fgf_feature *feature, const fgf_region *region,
                                  const double *value, double *work, double *h, double *gradient,
                                  run_statistic statistic)
{
    const soft_bins all = soft_bins_of(feature->settings);
    run_work w = split(&all, region, work);
    neighbour_way way[NEIGHBOUR_WAYS_MAX];
    const int ways = neighbour_ways(region, 1, way);
    const size_t elements = w.lengths * w.stride;
    run_matrix matrix = {.bins = all.bins,
                         .stride = (int)w.stride,
                         .lengths = w.lengths,
                         .places = (double)region->pixel_count * ways,
                         .count = w.count};
    for (size_t k = 0; k < elements; k++)
        matrix.runs += w.count[k];
    memset(w.by_count, 0, elements * sizeof *w.by_count);
    const fgf_undefined reason = statistic(&matrix, h, gradient ? w.by_count : NULL);
    if (reason == FGF_UNDEFINED_DEFINED && gradient)
        find_gradient(&all, region, value, ways, &w, gradient);
    return reason;
}
