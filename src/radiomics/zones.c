/* Zones: connected voxels of one grey level, 8-connected in a slice or 26-connected in a volume.
 *
 * Size zones, IBSI reference manual 3.8 (9SAK), Thibault et al. 2014: level against number of
 * voxels. Distance zones, 3.9 (VMDZ): level against the least distance to the border of the
 * morphological mask, counted in steps over faces (Manhattan), 1 for a voxel at the border. */
#include "radiomics_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 16 };

/* A zone's level, its voxels, and the least distance of one of them. */
typedef struct zone {
    int level, size, least;
} zone;

static void flood(const radiomics_region *r, int z0, int z1, size_t start, const int32_t *map,
                  size_t *stack, uint8_t *seen, zone *out)
{
    size_t depth = 0, plane = (size_t)r->extent[1] * (size_t)r->extent[2];
    *out = (zone){.level = r->level[start], .least = INT_MAX};
    stack[depth++] = start;
    seen[start] = 1;
    while (depth > 0) {
        size_t at = stack[--depth];
        int z = (int)(at / plane), y = (int)(at % plane / (size_t)r->extent[2]);
        int x = (int)(at % (size_t)r->extent[2]);
        out->size++;
        if (map && map[at] < out->least)
            out->least = map[at];
        for (int c = 0; c < 27; c++) {
            int nz = z + c / 9 - 1, ny = y + c / 3 % 3 - 1, nx = x + c % 3 - 1;
            if (nz < z0 || nz >= z1 || radiomics_level(r, nz, ny, nx) != out->level)
                continue;
            size_t next = radiomics_at(r, nz, ny, nx);
            if (seen[next])
                continue;
            seen[next] = 1;
            stack[depth++] = next;
        }
    }
}

/* The zones of slices z0 .. z1 - 1. Appends to zones, whose number it counts on; `seen` is 0 where
 * no zone has been. */
static void find_zones(const radiomics_region *region, int z0, int z1, const int32_t *map,
                       size_t *stack, uint8_t *seen, zone *zones, size_t *count)
{
    size_t plane = (size_t)region->extent[1] * (size_t)region->extent[2];
    for (size_t k = (size_t)z0 * plane; k < (size_t)z1 * plane; k++)
        if (region->level[k] > 0 && !seen[k])
            flood(region, z0, z1, k, map, stack, seen, &zones[(*count)++]);
}

/* Steps over faces from each voxel of the shape mask to the nearest voxel outside it, in slices or
 * in the volume; outside the box is outside. A sweep forward and one backward along each axis. */
static void border_distance(const radiomics_region *r, bool in_slices, int32_t *map)
{
    for (size_t k = 0; k < r->voxels; k++)
        map[k] = r->shape[k] ? INT32_MAX - 1 : 0;
    const int steps[6][3] = {{0, 0, -1}, {0, -1, 0}, {-1, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < r->voxels; k++) {
            size_t at = pass == 0 ? k : r->voxels - 1 - k;
            size_t plane = (size_t)r->extent[1] * (size_t)r->extent[2];
            int z = (int)(at / plane), y = (int)(at % plane / (size_t)r->extent[2]);
            int x = (int)(at % (size_t)r->extent[2]);
            for (int s = 3 * pass; s < 3 * pass + 3; s++) {
                const int *d = steps[s];
                if (in_slices && d[0] != 0)
                    continue;
                bool in = radiomics_in_box(r, z + d[0], y + d[1], x + d[2]);
                int32_t there = in ? map[radiomics_at(r, z + d[0], y + d[1], x + d[2])] : 0;
                if (map[at] > there + 1)
                    map[at] = there + 1;
            }
        }
}

static int measure_of(const zone *z, bool by_distance)
{
    return by_distance ? z->least : z->size;
}

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* The different measures of the zones, increasing: few, however large the zones are. */
static int distinct(const zone *zones, size_t count, bool by_distance, int *size)
{
    int kept = 0;
    for (size_t k = 0; k < count; k++)
        size[k] = measure_of(&zones[k], by_distance);
    qsort(size, count, sizeof *size, compare);
    for (size_t k = 0; k < count; k++)
        if (kept == 0 || size[k] != size[kept - 1])
            size[kept++] = size[k];
    return kept;
}

/* The features of a list of zones, by size or by distance. */
static fgf_status describe(const radiomics_region *r, const zone *zones, size_t count,
                           size_t voxels, bool by_distance, radiomics_mean *mean)
{
    fgf_status status = FGF_OK;
    radiomics_joint joint = {0};
    double features[RADIOMICS_JOINT_FEATURES];
    int *size = NULL;
    if (count == 0)
        return FGF_OK;
    FGF_TRY(FGF_ALLOCATE(count, &size));
    FGF_TRY(radiomics_joint_create(r->levels, distinct(zones, count, by_distance, size), &joint));
    joint.size = size;
    for (size_t k = 0; k < count; k++) {
        int measure = measure_of(&zones[k], by_distance);
        const int *at = bsearch(&measure, size, (size_t)joint.sizes, sizeof *size, compare);
        radiomics_joint_add(&joint, zones[k].level, (int)(at - size) + 1);
    }
    joint.voxels = (double)voxels;
    FGF_TRY(radiomics_joint_features(&joint, features));
    radiomics_mean_add(mean, features, FEATURES);
done:
    radiomics_joint_clear(&joint);
    fgf_free(size);
    return status;
}

static size_t count_voxels(const radiomics_region *r, int z)
{
    size_t count = 0, plane = (size_t)r->extent[1] * (size_t)r->extent[2];
    for (size_t k = 0; k < plane; k++)
        count += r->inside[(size_t)z * plane + k];
    return count;
}

static fgf_status zone_features(const radiomics_region *r, bool by_distance,
                                fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    radiomics_mean mean[3] = {0};
    zone *zones = NULL;
    size_t *stack = NULL, count = 0;
    uint8_t *seen = NULL;
    int32_t *map = NULL;
    FGF_TRY(FGF_ALLOCATE(r->count, &zones));
    FGF_TRY(FGF_ALLOCATE(r->count, &stack));
    FGF_TRY(FGF_ALLOCATE(r->voxels, &seen));
    FGF_TRY(FGF_ALLOCATE(r->voxels, &map));
    border_distance(r, true, map);
    for (int z = 0; z < r->extent[0]; z++) {
        size_t before = count;
        find_zones(r, z, z + 1, map, stack, seen, zones, &count);
        FGF_TRY(
            describe(r, zones + before, count - before, count_voxels(r, z), by_distance, &mean[0]));
    }
    FGF_TRY(describe(r, zones, count, r->count, by_distance, &mean[1]));
    border_distance(r, false, map);
    memset(seen, 0, r->voxels);
    count = 0;
    find_zones(r, 0, r->extent[0], map, stack, seen, zones, &count);
    FGF_TRY(describe(r, zones, count, r->count, by_distance, &mean[2]));
    for (int a = 0; a < 3; a++)
        radiomics_mean_store(&mean[a], FEATURES, FGF_RADIOMICS_MISSING_EMPTY, out + a * FEATURES);
done:
    fgf_free(zones);
    fgf_free(stack);
    fgf_free(seen);
    fgf_free(map);
    return status;
}

fgf_status radiomics_size_zone(const radiomics_region *region, fgf_radiomics_value *out)
{
    return zone_features(region, false, out);
}

fgf_status radiomics_distance_zone(const radiomics_region *region, fgf_radiomics_value *out)
{
    return zone_features(region, true, out);
}
