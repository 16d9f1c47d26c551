/* Neighbours inside a region: the voxels one step further in each of the directions of a grid.
 *
 * IBSI's directions for Chebyshev distance 1, one of each opposite pair: 4 in two dimensions, 13 in
 * three (section "Grey level co-occurrence based features"). Steps are voxels, whatever the
 * spacing: images that are to be compared are resampled first. */
#ifndef FGF_NEIGHBOURS_H
#define FGF_NEIGHBOURS_H

#include "feature_private.h"

#include "fgf/clones.h"

#include <stddef.h>

enum { NEIGHBOUR_WAYS_MAX = 13 };

/* One direction, with the place in the region's list where its walk stands. */
typedef struct neighbour_way {
    int z, y, x;    /* the step, in voxels */
    int64_t offset; /* the same, in the region's numbering */
    size_t at;
} neighbour_way;

/* The directions of the region's shape, `distance` voxels long; each leads to a later voxel.
 * Returns how many. */
static inline int neighbour_ways(const fgf_region *region, int distance,
                                 neighbour_way way[NEIGHBOUR_WAYS_MAX])
{
    const int64_t width = region->shape.width, plane = width * region->shape.height;
    int count = 0;
    for (int z = 0; z <= (region->shape.depth > 1); z++)
        for (int y = z ? -1 : 0; y <= 1; y++)
            for (int x = z || y ? -1 : 1; x <= 1; x++)
                way[count++] = (neighbour_way){distance * z, distance * y, distance * x,
                                               distance * (z * plane + y * width + x), 0};
    return count;
}

/* The direction along axis 0 (a row), 1 (a column) or 2 (through slices), `distance` voxels long.
 */
static inline neighbour_way neighbour_axis(const fgf_region *region, int axis, int distance)
{
    const int64_t width = region->shape.width, plane = width * region->shape.height;
    const neighbour_way ways[3] = {{0, 0, distance, distance, 0},
                                   {0, distance, 0, distance * width, 0},
                                   {distance, 0, 0, distance * plane, 0}};
    return ways[axis];
}

/* The direction back. */
static inline neighbour_way neighbour_back(neighbour_way way)
{
    return (neighbour_way){-way.z, -way.y, -way.x, -way.offset, 0};
}

typedef struct neighbour_place {
    int64_t pixel;
    int z, y, x;
} neighbour_place;

static inline neighbour_place neighbour_place_of(const fgf_region *region, size_t i)
{
    const int32_t pixel = region->pixel[i], width = region->shape.width;
    const int32_t row = pixel / width, height = region->shape.height;
    return (neighbour_place){pixel, row / height, row % height, pixel % width};
}

/* The region's voxel one step from `place`, or -1. Places must come in the region's order: voxels
 * increase, so one walk over the list serves a direction. */
FGF_INLINE ptrdiff_t neighbour_seek(const fgf_region *region, neighbour_way *way,
                                    neighbour_place place)
{
    const int z = place.z + way->z, y = place.y + way->y, x = place.x + way->x;
    const int64_t wanted = place.pixel + way->offset;
    if (x < 0 || x >= region->shape.width || y < 0 || y >= region->shape.height || z < 0 ||
        z >= region->shape.depth)
        return -1;
    while (way->at < region->pixel_count && region->pixel[way->at] < wanted)
        way->at++;
    return way->at < region->pixel_count && region->pixel[way->at] == wanted ? (ptrdiff_t)way->at
                                                                             : -1;
}

#endif
