/* The squared distance to the nearest point of the outside is a minimum over voxels outside of one
 * term for each axis, so that axes can be minimised one after another (Saito and Toriwaki, Pattern
 * Recognition 27:1551, 1994):
 *
 *     f_0 = 0 outside, infinite inside;   f_a(n) = min_k f_{a-1}(n + k e_a) + gap_a(k)^2
 *
 * with gap(0) = 0 and gap(k) = (|k| - 1/2) spacing: from a voxel's centre to the near face of the
 * k-th voxel. f is 0 outside, where a line along an axis therefore ends: what lies behind is
 * further away. So the region's own voxels are enough, whatever the box around them. */
#include "border_distance.h"

#include "neighbours.h"

#include <math.h>

/* f_{a-1}, and the voxels before and behind each on its line, or -1. */
typedef struct lines {
    double *f;
    int32_t *before, *behind;
} lines;

size_t border_distance_work(const fgf_region *region)
{
    return 2 * region->pixel_count; /* two indices take the room of a double */
}

static void link_lines(const fgf_region *region, neighbour_way way, lines *of)
{
    for (size_t i = 0; i < region->pixel_count; i++)
        of->before[i] = -1;
    for (size_t i = 0; i < region->pixel_count; i++) {
        const ptrdiff_t next = neighbour_seek(region, &way, neighbour_place_of(region, i));
        of->behind[i] = (int32_t)next;
        if (next >= 0)
            of->before[next] = (int32_t)i;
    }
}

/* f_a of voxel i. Where a line has ended, the next gap ends the search. */
static double least_along(const lines *of, int32_t i, double spacing)
{
    double least = of->f[i];
    int32_t before = i, behind = i;
    for (int k = 1;; k++) {
        const double gap = (k - 0.5) * spacing, square = gap * gap;
        if (square >= least)
            return least;
        before = of->before[before];
        behind = of->behind[behind];
        if (before < 0 || behind < 0)
            return square;
        least = fmin(least, square + fmin(of->f[before], of->f[behind]));
    }
}

void border_distance(const fgf_region *region, double *work, double *distance)
{
    const size_t count = region->pixel_count;
    /* Memory of the heap: it may hold other numbers than doubles. */
    int32_t *links = (int32_t *)(void *)(work + count);
    lines of = {.f = work, .before = links, .behind = links + count};
    for (size_t i = 0; i < count; i++)
        of.f[i] = INFINITY;
    for (int a = 2; a >= (region->shape.depth > 1 ? 0 : 1); a--) {
        link_lines(region, neighbour_axis(region, 2 - a, 1), &of);
        for (size_t i = 0; i < count; i++)
            distance[i] = least_along(&of, (int32_t)i, region->spacing[a]);
        for (size_t i = 0; i < count; i++)
            of.f[i] = distance[i];
    }
    for (size_t i = 0; i < count; i++)
        distance[i] = sqrt(distance[i]);
}
