/* The squared distance to the nearest point of the outside is a minimum over voxels outside of one
 * term for each axis, so that axes can be minimised one after another (Saito and Toriwaki, Pattern
 * Recognition 27:1551, 1994):
 *
 *     f_0 = 0 outside, infinite inside;   f_a(n) = min_k f_{a-1}(n + k e_a) + gap_a(k)^2
 *
 * with gap(0) = 0 and gap(k) = (|k| - 1/2) spacing: from a voxel's centre to the near face of the
 * k-th voxel. */
#include "border_distance.h"

#include "region_box.h"

#include <math.h>
#include <string.h>

typedef struct axis {
    size_t step; /* in the box */
    int length;
    double spacing;
} axis;

size_t border_distance_work(const fgf_region *region)
{
    return region_box_most(region->shape, 0);
}

/* f_a at the place `at` of its line; `here` points to f_{a-1} there. Beyond the box is outside. */
static double least_along(const double *here, int at, axis along)
{
    double least = *here;
    for (int k = 1;; k++) {
        const double gap = (k - 0.5) * along.spacing, square = gap * gap;
        const size_t step = (size_t)k * along.step;
        if (square >= least)
            return least;
        const double before = at - k >= 0 ? *(here - step) : 0;
        const double behind = at + k < along.length ? *(here + step) : 0;
        least = fmin(least, square + fmin(before, behind));
    }
}

void border_distance(const fgf_region *region, double *work, double *distance)
{
    const region_box box = region_box_of(region, 0);
    memset(work, 0, box.pixels * sizeof *work);
    for (size_t i = 0; i < region->pixel_count; i++)
        work[region_box_index(&box, region, i)] = INFINITY;
    for (int a = 2; a >= (region->shape.depth > 1 ? 0 : 1); a--) {
        const axis along = {box.stride[a], box.size[a], region->spacing[a]};
        for (size_t i = 0; i < region->pixel_count; i++) {
            const size_t index = region_box_index(&box, region, i);
            const int at = (int)(index / along.step % (size_t)along.length);
            distance[i] = least_along(work + index, at, along);
        }
        for (size_t i = 0; i < region->pixel_count; i++)
            work[region_box_index(&box, region, i)] = distance[i];
    }
    for (size_t i = 0; i < region->pixel_count; i++)
        distance[i] = sqrt(distance[i]);
}
