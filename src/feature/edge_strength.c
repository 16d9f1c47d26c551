/* Edge strength, a smoothed total variation:
 *
 *     h = mean over pairs of  sqrt(dq^2 + e^2) - e,   e = smoothing
 *
 * over all pairs of a pixel and its next one along x, along y and, where depth > 1, along z, with
 * both ends in the region. dq is a difference in stored units from pixel to pixel, not a slope.
 *
 *     d(term)/dq at the ends = -+ dq / sqrt(dq^2 + e^2) */
#include "neighbours.h"

#include <math.h>

typedef struct edge_settings {
    feature_settings common;
    double smoothing;
} edge_settings;

static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"smoothing", FGF_KEY_REAL, offsetof(edge_settings, smoothing), "1", 1e-9, 1e9, NULL, "q",
     "difference, in stored units (HU), below which an edge counts quadratically"},
    {.name = NULL}};

typedef struct edge_sum {
    double smoothing, total;
    size_t pairs;
    double *gradient;
} edge_sum;

static void add_pair(edge_sum *sum, const double *value, size_t here, size_t next)
{
    double difference = value[next] - value[here];
    double length = sqrt(difference * difference + sum->smoothing * sum->smoothing);
    sum->total += length - sum->smoothing;
    sum->pairs++;
    if (sum->gradient) {
        sum->gradient[next] += difference / length;
        sum->gradient[here] -= difference / length;
    }
}

static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    const edge_settings *settings = feature->settings;
    edge_sum sum = {.smoothing = settings->smoothing, .gradient = gradient};
    neighbour_way way[3];
    (void)work;
    for (int axis = 0; axis < 3; axis++)
        way[axis] = neighbour_axis(region, axis, 1);
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] = 0;
    for (size_t i = 0; i < region->pixel_count; i++) {
        const neighbour_place place = neighbour_place_of(region, i);
        for (int axis = 0; axis < 3; axis++) {
            const ptrdiff_t next = neighbour_seek(region, &way[axis], place);
            if (next >= 0)
                add_pair(&sum, value, i, (size_t)next);
        }
    }
    if (sum.pairs == 0)
        return FGF_UNDEFINED_NO_PAIR;
    *h = sum.total / (double)sum.pairs;
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] /= (double)sum.pairs;
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_edge_strength = {
    .kind = {"edge_strength", "mean smoothed difference of neighbouring pixels", keys,
             sizeof(edge_settings)},
    .unit = "q",
    .stored_units = true,
    .evaluate = evaluate};
