/* The squared distance to the nearest point of the outside is a minimum over voxels outside of one
 * term for each axis, so that axes can be minimised one after another (Saito and Toriwaki, Pattern
 * Recognition 27:1551, 1994):
 *
 *     f_0 = 0 outside, infinite inside;   f_a(n) = min_k f_{a-1}(n + k e_a) + gap_a(k)^2
 *
 * with gap(0) = 0 and gap(k) = (|k| - 1/2) spacing: from a voxel's centre to the near face of the
 * k-th voxel. */
#include "border_distance.h"

#include <math.h>
#include <string.h>

typedef struct axis {
    int64_t step; /* in the region's numbering */
    int length;
    double spacing;
} axis;

size_t border_distance_work(const fgf_region *region)
{
    return (size_t)fgf_shape_pixels(region->shape);
}

/* f_a at the place `at` of its line; `here` points to f_{a-1} there. */
static double least_along(const double *here, int at, axis along)
{
    double least = *here;
    for (int k = 1;; k++) {
        const double gap = (k - 0.5) * along.spacing, square = gap * gap;
        if (square >= least)
            return least;
        const double before = at - k >= 0 ? here[-k * along.step] : 0;
        const double behind = at + k < along.length ? here[k * along.step] : 0;
        least = fmin(least, square + fmin(before, behind));
    }
}

void border_distance(const fgf_region *region, double *work, double *distance)
{
    const fgf_shape shape = region->shape;
    const axis axes[3] = {{1, shape.width, region->spacing[2]},
                          {shape.width, shape.height, region->spacing[1]},
                          {(int64_t)shape.width * shape.height, shape.depth, region->spacing[0]}};
    memset(work, 0, border_distance_work(region) * sizeof *work);
    for (size_t i = 0; i < region->pixel_count; i++)
        work[region->pixel[i]] = INFINITY;
    for (int a = 0; a < (shape.depth > 1 ? 3 : 2); a++) {
        for (size_t i = 0; i < region->pixel_count; i++) {
            const int64_t pixel = region->pixel[i];
            const int at = (int)(pixel / axes[a].step % axes[a].length);
            distance[i] = least_along(work + pixel, at, axes[a]);
        }
        for (size_t i = 0; i < region->pixel_count; i++)
            work[region->pixel[i]] = distance[i];
    }
    for (size_t i = 0; i < region->pixel_count; i++)
        distance[i] = sqrt(distance[i]);
}
