#include "cooccurrence.h"

#include "neighbours.h"

#include <string.h>

const fgf_key cooccurrence_keys[] = {
    SOFT_BINS_KEYS("10"),
    {"distance", FGF_KEY_INTEGER, offsetof(cooccurrence_settings, distance), "1", 1, 64, NULL, "px",
     "voxels from one of a pair to the other along a row, a column or a diagonal"},
    {.name = NULL}};

static int stride_of(const soft_bins *all)
{
    return soft_bins_groups(all) * LANES;
}

/* Vectors may reach LANES behind the end of each array. */
typedef struct pair_work {
    size_t elements; /* of a matrix */
    double *pairs;   /* their number Z / 2 */
    double *joint, *shares;
    double *by_joint; /* dh/dP, of one feature; the rest is shared */
} pair_work;

static size_t matrix_elements(const soft_bins *all)
{
    return (size_t)(all->bins * stride_of(all)) + LANES;
}

static pair_work split(const soft_bins *all, double *work)
{
    pair_work w = {.elements = matrix_elements(all), .pairs = work};
    w.joint = w.pairs + 1;
    w.by_joint = w.joint + w.elements;
    w.shares = w.by_joint + w.elements;
    return w;
}

size_t cooccurrence_work(const fgf_feature *feature, const fgf_region *region)
{
    const soft_bins all = soft_bins_of(feature->settings);
    return 1 + 2 * matrix_elements(&all) + region->pixel_count * (size_t)stride_of(&all) + LANES;
}

/* shares[i][b], zero where a voxel has none. */
FGF_CLONES
static void fill_shares(const soft_bins *all, const double *value, size_t count, double *shares)
{
    const size_t stride = (size_t)stride_of(all);
    soft_share share;
    for (size_t i = 0; i < count; i++) {
        double *row = shares + i * stride;
        soft_bins_share(all, value[i], &share);
        const double inverse = 1 / share.sum;
        memset(row, 0, stride * sizeof *row);
        /* What is written behind the row's end is zero, and the next row's beginning. */
        for (int b = share.first; b <= share.last; b += LANES)
            for (int l = 0; l < LANES; l++)
                row[b + l] = share.of[b + l] * inverse;
    }
}

/* sum = the shares of i's neighbours along `ways`, added up; returns how many they are. */
FGF_INLINE int add_neighbours(const fgf_region *region, const double *shares, size_t i, int stride,
                              neighbour_way *way, int ways, double *sum)
{
    const neighbour_place place = neighbour_place_of(region, i);
    const double *row[2 * NEIGHBOUR_WAYS_MAX];
    int found = 0;
    for (int w = 0; w < ways; w++) {
        const ptrdiff_t j = neighbour_seek(region, way + w, place);
        if (j >= 0)
            row[found++] = shares + j * stride;
    }
    /* LANES bins of all neighbours at a time, so that the sum stays in a register. */
    for (int b = 0; b < stride; b += LANES) {
        soft_lanes total = {0};
        for (int k = 0; k < found; k++)
            total += *(const soft_lanes *)(row[k] + b);
        *(soft_lanes *)(sum + b) = total;
    }
    return found;
}

/* joint[a][b] = sum over pairs with the later voxel in b; returns the number of pairs. */
FGF_CLONES
static size_t add_pairs(const soft_bins *all, const fgf_region *region, int distance,
                        const double *value, const double *shares, double *joint)
{
    const int stride = stride_of(all);
    neighbour_way way[NEIGHBOUR_WAYS_MAX];
    double sum[SOFT_BINS_ROOM];
    const int ways = neighbour_ways(region, distance, way);
    size_t pairs = 0;
    for (size_t i = 0; i < region->pixel_count; i++) {
        const double *row = shares + i * (size_t)stride;
        int first, nearest, last;
        const int found = add_neighbours(region, shares, i, stride, way, ways, sum);
        if (found == 0)
            continue;
        pairs += (size_t)found;
        soft_bins_window(all, value[i], &first, &nearest, &last);
        for (int b = 0; b < stride; b += LANES)
            for (int a = first; a <= last; a++)
                *(soft_lanes *)(joint + a * stride + b) += row[a] * *(soft_lanes *)(sum + b);
    }
    return pairs;
}

static void make_symmetric(const soft_bins *all, double *joint, size_t pairs)
{
    const int stride = stride_of(all);
    const double inverse = 0.5 / (double)pairs;
    for (int a = 0; a < all->bins; a++)
        for (int b = 0; b <= a; b++) {
            const double both = (joint[a * stride + b] + joint[b * stride + a]) * inverse;
            joint[a * stride + b] = joint[b * stride + a] = both;
        }
}

static cooccurrence matrix_of(const soft_bins *all, const double *joint)
{
    cooccurrence matrix = {.bins = all->bins, .stride = stride_of(all), .joint = joint};
    for (int a = 0; a < all->bins; a++) {
        for (int b = 0; b < all->bins; b++)
            matrix.marginal[a] += joint[a * matrix.stride + b];
        matrix.mean += (a + 1) * matrix.marginal[a];
    }
    return matrix;
}

/* gradient[i] from by_joint = dh/dP. */
FGF_CLONES
static void go_back(const soft_bins *all, const fgf_region *region, int distance,
                    const double *value, const double *shares, const double *by_joint, double pairs,
                    double *gradient)
{
    const int stride = stride_of(all);
    neighbour_way way[2 * NEIGHBOUR_WAYS_MAX];
    double sum[SOFT_BINS_ROOM], by_share[SOFT_BINS_ROOM];
    int first, nearest, last;
    const int half = neighbour_ways(region, distance, way);
    for (int w = 0; w < half; w++)
        way[half + w] = neighbour_back(way[w]);
    for (size_t i = 0; i < region->pixel_count; i++) {
        gradient[i] = 0;
        if (add_neighbours(region, shares, i, stride, way, 2 * half, sum) == 0)
            continue;
        soft_bins_window(all, value[i], &first, &nearest, &last);
        first -= first % LANES;
        for (int a = first; a <= last; a += LANES) {
            soft_lanes total = {0};
            for (int b = 0; b < all->bins; b++)
                total += sum[b] * *(const soft_lanes *)(by_joint + b * stride + a);
            *(soft_lanes *)(by_share + a) = total;
        }
        gradient[i] = soft_bins_slope_of(all, by_share, value[i], shares + i * (size_t)stride,
                                         first, last, 1) /
                      pairs;
    }
}

void cooccurrence_share(const fgf_feature *feature, const fgf_region *region, const double *value,
                        double *work, bool with_gradient)
{
    const cooccurrence_settings *settings = feature->settings;
    const soft_bins all = soft_bins_of(&settings->soft);
    const pair_work w = split(&all, work);
    (void)with_gradient;
    memset(w.joint, 0, w.elements * sizeof *w.joint);
    fill_shares(&all, value, region->pixel_count, w.shares);
    const size_t pairs = add_pairs(&all, region, (int)settings->distance, value, w.shares, w.joint);
    if (pairs > 0)
        make_symmetric(&all, w.joint, pairs);
    *w.pairs = (double)pairs;
}

fgf_undefined cooccurrence_evaluate(const fgf_feature *feature, const fgf_region *region,
                                    const double *value, double *work, double *h, double *gradient,
                                    cooccurrence_statistic statistic)
{
    const cooccurrence_settings *settings = feature->settings;
    const soft_bins all = soft_bins_of(&settings->soft);
    const pair_work w = split(&all, work);
    if (*w.pairs == 0)
        return FGF_UNDEFINED_NO_PAIR;
    const cooccurrence matrix = matrix_of(&all, w.joint);
    memset(w.by_joint, 0, w.elements * sizeof *w.by_joint);
    const fgf_undefined reason = statistic(&matrix, h, gradient ? w.by_joint : NULL);
    if (reason == FGF_UNDEFINED_DEFINED && gradient)
        go_back(&all, region, (int)settings->distance, value, w.shares, w.by_joint, *w.pairs,
                gradient);
    return reason;
}
