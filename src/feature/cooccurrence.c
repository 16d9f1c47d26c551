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

/* Rows of shares, and two matrices; vectors may reach LANES behind the end of each. */
size_t cooccurrence_work(const fgf_feature *feature, const fgf_region *region)
{
    const soft_bins all = soft_bins_of(feature->settings);
    const size_t stride = (size_t)stride_of(&all), bins = (size_t)all.bins;
    return (region->pixel_count + 2 * bins) * stride + 3 * LANES;
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

/* to[l] += factor from[l]; all read before any is written, for the compiler's sake. */
FGF_INLINE void add_product(double factor, const double *from, double *to)
{
    double sum[LANES];
    for (int l = 0; l < LANES; l++)
        sum[l] = to[l] + factor * from[l];
    for (int l = 0; l < LANES; l++)
        to[l] = sum[l];
}

/* sum = the shares of i's neighbours along `ways`, added up; returns how many they are. */
FGF_INLINE int add_neighbours(const fgf_region *region, const double *shares, size_t i, int stride,
                              neighbour_way *way, int ways, double *sum)
{
    const neighbour_place place = neighbour_place_of(region, i);
    int found = 0;
    for (int b = 0; b < stride; b++)
        sum[b] = 0;
    for (int w = 0; w < ways; w++) {
        const ptrdiff_t j = neighbour_seek(region, way + w, place);
        if (j < 0)
            continue;
        const double *row = shares + j * stride;
        for (int b = 0; b < stride; b += LANES)
            add_product(1, row + b, sum + b);
        found++;
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
                add_product(row[a], sum + b, joint + a * stride + b);
    }
    return pairs;
}

static void make_symmetric(cooccurrence *matrix, double *joint, size_t pairs)
{
    const int stride = matrix->stride;
    const double inverse = 0.5 / (double)pairs;
    matrix->mean = 0;
    for (int a = 0; a < matrix->bins; a++)
        for (int b = 0; b <= a; b++) {
            const double both = (joint[a * stride + b] + joint[b * stride + a]) * inverse;
            joint[a * stride + b] = joint[b * stride + a] = both;
        }
    for (int a = 0; a < matrix->bins; a++) {
        matrix->marginal[a] = 0;
        for (int b = 0; b < matrix->bins; b++)
            matrix->marginal[a] += joint[a * stride + b];
        matrix->mean += (a + 1) * matrix->marginal[a];
    }
}

/* gradient[i] from by_joint = dh/dP. */
FGF_CLONES
static void go_back(const soft_bins *all, const fgf_region *region, int distance,
                    const double *value, const double *shares, const double *by_joint, size_t pairs,
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
            double total[LANES] = {0};
            for (int b = 0; b < all->bins; b++)
                add_product(sum[b], by_joint + b * stride + a, total);
            memcpy(by_share + a, total, sizeof total);
        }
        gradient[i] = soft_bins_slope_of(all, by_share, value[i], shares + i * (size_t)stride,
                                         first, last, 1) /
                      (double)pairs;
    }
}

fgf_undefined cooccurrence_evaluate(const fgf_feature *feature, const fgf_region *region,
                                    const double *value, double *work, double *h, double *gradient,
                                    cooccurrence_statistic statistic)
{
    const cooccurrence_settings *settings = feature->settings;
    const soft_bins all = soft_bins_of(&settings->soft);
    const int distance = (int)settings->distance;
    cooccurrence matrix = {.bins = all.bins, .stride = stride_of(&all)};
    const size_t elements = (size_t)(all.bins * matrix.stride) + LANES;
    double *joint = work, *by_joint = joint + elements, *shares = by_joint + elements;
    memset(joint, 0, elements * sizeof *joint);
    fill_shares(&all, value, region->pixel_count, shares);
    const size_t pairs = add_pairs(&all, region, distance, value, shares, joint);
    if (pairs == 0)
        return FGF_UNDEFINED_NO_PAIR;
    make_symmetric(&matrix, joint, pairs);
    matrix.joint = joint;
    memset(by_joint, 0, elements * sizeof *by_joint);
    const fgf_undefined reason = statistic(&matrix, h, gradient ? by_joint : NULL);
    if (reason == FGF_UNDEFINED_DEFINED && gradient)
        go_back(&all, region, distance, value, shares, by_joint, pairs, gradient);
    return reason;
}
