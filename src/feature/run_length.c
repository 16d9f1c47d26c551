#include "run_length.h"

#include "neighbours.h"

#include <string.h>

const fgf_key run_length_keys[] = {SOFT_BINS_KEYS("4"), {.name = NULL}};

/* Bins are taken LANES at a time, all directions for each, so that shares need LANES a voxel. */
typedef struct run_work {
    double *shares, *by_share;        /* [N][LANES] */
    double *previous, *next;          /* [N]: the voxel before and behind on its line, or -1 */
    double *weight, *distance, *both; /* [N]: sums over bins, for the slope; see finish */
    double *product, *place;          /* [lengths][LANES], [lengths]: W of one start, and where */
    double *count, *by_count;         /* [lengths][stride] */
} run_work;

static size_t longest_line(fgf_shape shape)
{
    const int plane = shape.height > shape.width ? shape.height : shape.width;
    return (size_t)(shape.depth > plane ? shape.depth : plane);
}

static size_t stride_of(const soft_bins *all)
{
    return (size_t)soft_bins_groups(all) * LANES;
}

size_t run_length_work(const fgf_feature *feature, const fgf_region *region)
{
    const soft_bins all = soft_bins_of(feature->settings);
    const size_t lengths = longest_line(region->shape);
    return region->pixel_count * (2 * LANES + 5) + lengths * (LANES + 1 + 2 * stride_of(&all));
}

static run_work split(double *work, size_t count, size_t lengths, size_t stride)
{
    run_work w = {.shares = work};
    w.by_share = w.shares + count * LANES;
    w.previous = w.by_share + count * LANES;
    w.next = w.previous + count;
    w.weight = w.next + count;
    w.distance = w.weight + count;
    w.both = w.distance + count;
    w.product = w.both + count;
    w.place = w.product + lengths * LANES;
    w.count = w.place + lengths;
    w.by_count = w.count + lengths * stride;
    return w;
}

/* shares[i][l] of the bins from `bin` on. */
FGF_CLONES
static void fill_shares(const soft_bins *all, const double *value, size_t count, int bin,
                        double *shares)
{
    soft_share share;
    int nearest;
    for (size_t i = 0; i < count; i++) {
        double *row = shares + i * LANES;
        memset(row, 0, LANES * sizeof *row);
        soft_bins_window(all, value[i], &share.first, &nearest, &share.last);
        if (share.first >= bin + LANES || share.last < bin)
            continue;
        soft_bins_share(all, value[i], &share);
        for (int l = 0; l < LANES; l++)
            if (bin + l >= share.first && bin + l <= share.last)
                row[l] = share.of[bin + l] / share.sum;
    }
}

/* The lines along one direction. */
static void link_lines(const fgf_region *region, neighbour_way way, run_work *w)
{
    for (size_t i = 0; i < region->pixel_count; i++)
        w->previous[i] = -1;
    for (size_t i = 0; i < region->pixel_count; i++) {
        const ptrdiff_t next = neighbour_seek(region, &way, neighbour_place_of(region, i));
        w->next[i] = (double)next;
        if (next >= 0)
            w->previous[next] = (double)i;
    }
}

/* Products below this are below the rounding of every sum. */
static const double least_product = 1e-16;

/* A row of LANES bins. */
typedef double row
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

FGF_INLINE row *row_at(double *rows, double voxel)
{
    return (row *)(rows + (size_t)voxel * LANES);
}

/* W_0 of the runs that may begin at i. */
FGF_INLINE void begin_runs(const run_work *w, size_t i, row *product)
{
    const double previous = w->previous[i];
    *product = (row){0} + 1;
    if (previous >= 0)
        *product -= *row_at(w->shares, previous);
}

/* product *= shares; false where nothing is left of it in any bin. */
FGF_INLINE bool go_on(row *product, const row *shares)
{
    double sum[LANES];
    *product *= *shares;
    memcpy(sum, product, sizeof sum);
    return !(lane_sum(sum) < least_product); /* what is not finite goes into the sums */
}

/* count[length - 1][l] += R along the lines that are linked. */
FGF_CLONES
static void add_runs(const run_work *w, size_t pixels, double *count, size_t stride)
{
    for (size_t i = 0; i < pixels; i++) {
        row product;
        double *at = count, next;
        begin_runs(w, i, &product);
        for (double j = (double)i; go_on(&product, row_at(w->shares, j)); j = next, at += stride) {
            next = w->next[(size_t)j];
            if (next < 0) {
                *(row *)at += product;
                break;
            }
            *(row *)at += product * (1 - *row_at(w->shares, next));
        }
    }
}

/* W of each length of the runs that begin at i, with the place they have reached; returns how
 * many lengths. */
FGF_INLINE size_t follow_runs(const run_work *w, size_t i, const row *first)
{
    row product = *first;
    size_t length = 0;
    for (double j = (double)i; j >= 0; j = w->next[(size_t)j]) {
        if (!go_on(&product, row_at(w->shares, j)))
            break;
        *row_at(w->product, (double)length) = product;
        w->place[length++] = j;
    }
    return length;
}

/* by_share += dh/dp along the lines that are linked, by_count = dh/dR of the bins at hand. */
FGF_CLONES
static void go_back(const run_work *w, size_t pixels, const double *by_count, size_t stride)
{
    for (size_t i = 0; i < pixels; i++) {
        row first, adjoint = {0};
        begin_runs(w, i, &first);
        const size_t length = follow_runs(w, i, &first);
        /* adjoint = V of the length above, as yet without the step to it. */
        for (size_t k = length; k-- > 0;) {
            const double next = w->next[(size_t)w->place[k]];
            const row by = *(const row *)(by_count + k * stride);
            if (next < 0) {
                adjoint = by;
                continue;
            }
            const row change = adjoint - by;
            *row_at(w->by_share, next) += *row_at(w->product, (double)k) * change;
            adjoint = by + *row_at(w->shares, next) * change;
        }
        if (length == 0)
            continue;
        *row_at(w->by_share, (double)i) += first * adjoint;
        if (w->previous[i] >= 0)
            *row_at(w->by_share, w->previous[i]) -= *row_at(w->shares, (double)i) * adjoint;
    }
}

/* Adds the bins at hand to what the slope of each voxel needs: the sums over bins of dh/dp p, of
 * (c - q) p and of dh/dp (c - q) p. */
FGF_CLONES
static void add_slopes(const soft_bins *all, const double *value, size_t pixels, int bin,
                       run_work *w)
{
    for (size_t i = 0; i < pixels; i++) {
        const double *share = w->shares + i * LANES, *by = w->by_share + i * LANES;
        for (int l = 0; l < LANES; l++) {
            const double apart = all->low + (bin + l + 0.5) * all->step - value[i];
            w->weight[i] += by[l] * share[l];
            w->distance[i] += apart * share[l];
            w->both[i] += by[l] * apart * share[l];
        }
    }
}

static void find_gradient(const soft_bins *all, const fgf_region *region, const double *value,
                          const neighbour_way *way, int ways, size_t stride, run_work *w,
                          double *gradient)
{
    const size_t count = region->pixel_count;
    memset(w->weight, 0, 3 * count * sizeof *w->weight);
    for (int bin = 0; bin < all->bins; bin += LANES) {
        fill_shares(all, value, count, bin, w->shares);
        memset(w->by_share, 0, count * LANES * sizeof *w->by_share);
        for (int d = 0; d < ways; d++) {
            link_lines(region, way[d], w);
            go_back(w, count, w->by_count + bin, stride);
        }
        add_slopes(all, value, count, bin, w);
    }
    for (size_t i = 0; i < count; i++)
        gradient[i] = 2 * all->scale * (w->both[i] - w->distance[i] * w->weight[i]);
}

fgf_undefined run_length_evaluate(const fgf_feature *feature, const fgf_region *region,
                                  const double *value, double *work, double *h, double *gradient,
                                  run_statistic statistic)
{
    const soft_bins all = soft_bins_of(feature->settings);
    const size_t count = region->pixel_count, lengths = longest_line(region->shape);
    const size_t stride = stride_of(&all), elements = lengths * stride;
    run_work w = split(work, count, lengths, stride);
    neighbour_way way[NEIGHBOUR_WAYS_MAX];
    const int ways = neighbour_ways(region, 1, way);
    run_matrix matrix = {.bins = all.bins,
                         .stride = (int)stride,
                         .lengths = lengths,
                         .places = (double)count * ways,
                         .count = w.count};
    memset(w.count, 0, elements * sizeof *w.count);
    for (int bin = 0; bin < all.bins; bin += LANES) {
        fill_shares(&all, value, count, bin, w.shares);
        for (int d = 0; d < ways; d++) {
            link_lines(region, way[d], &w);
            add_runs(&w, count, w.count + bin, stride);
        }
    }
    for (size_t k = 0; k < elements; k++)
        matrix.runs += w.count[k];
    memset(w.by_count, 0, elements * sizeof *w.by_count);
    const fgf_undefined reason = statistic(&matrix, h, gradient ? w.by_count : NULL);
    if (reason == FGF_UNDEFINED_DEFINED && gradient)
        find_gradient(&all, region, value, way, ways, stride, &w, gradient);
    return reason;
}
