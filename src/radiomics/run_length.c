/* Grey level run lengths, IBSI reference manual 3.7 (TP0I): a run is a greatest row of neighbours
 * of one level along a direction. Galloway 1975. In merged matrices a voxel counts once a
 * direction, so that the run percentage is taken of as many voxels as runs were made of. */
#include "radiomics_private.h"

enum { FEATURES = 16 };

static void count_runs(const radiomics_region *r, int z0, int z1, const int d[3],
                       radiomics_joint *joint)
{
    for (int z = z0; z < z1; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                int level = radiomics_level(r, z, y, x), length = 1;
                if (level == 0)
                    continue;
                joint->voxels++;
                if (radiomics_level(r, z - d[0], y - d[1], x - d[2]) == level)
                    continue; /* not where a run begins */
                while (radiomics_level(r, z + length * d[0], y + length * d[1],
                                       x + length * d[2]) == level)
                    length++;
                radiomics_joint_add(joint, level, length);
            }
}

static fgf_status add_features(const radiomics_joint *joint, radiomics_mean *mean)
{
    fgf_status status = FGF_OK;
    double features[RADIOMICS_JOINT_FEATURES];
    if (joint->total == 0)
        return FGF_OK;
    FGF_TRY(radiomics_joint_features(joint, features));
    radiomics_mean_add(mean, features, FEATURES);
done:
    return status;
}

typedef struct work {
    radiomics_joint one, slice, all, direction[RADIOMICS_SLICE_DIRECTIONS];
    radiomics_mean mean[6];
} work;

static fgf_status by_slices(const radiomics_region *r, work *w)
{
    fgf_status status = FGF_OK;
    for (int z = 0; z < r->extent[0]; z++) {
        radiomics_joint_reset(&w->slice);
        for (int d = 0; d < RADIOMICS_SLICE_DIRECTIONS; d++) {
            radiomics_joint_reset(&w->one);
            count_runs(r, z, z + 1, radiomics_direction[d], &w->one);
            FGF_TRY(add_features(&w->one, &w->mean[0]));
            radiomics_joint_merge(&w->slice, &w->one);
            radiomics_joint_merge(&w->direction[d], &w->one);
            radiomics_joint_merge(&w->all, &w->one);
        }
        FGF_TRY(add_features(&w->slice, &w->mean[1]));
    }
    for (int d = 0; d < RADIOMICS_SLICE_DIRECTIONS; d++)
        FGF_TRY(add_features(&w->direction[d], &w->mean[2]));
    FGF_TRY(add_features(&w->all, &w->mean[3]));
done:
    return status;
}

static fgf_status by_volume(const radiomics_region *r, work *w)
{
    fgf_status status = FGF_OK;
    radiomics_joint_reset(&w->all);
    for (int d = 0; d < RADIOMICS_DIRECTIONS; d++) {
        radiomics_joint_reset(&w->one);
        count_runs(r, 0, r->extent[0], radiomics_direction[d], &w->one);
        FGF_TRY(add_features(&w->one, &w->mean[4]));
        radiomics_joint_merge(&w->all, &w->one);
    }
    FGF_TRY(add_features(&w->all, &w->mean[5]));
done:
    return status;
}

fgf_status radiomics_run_length(const radiomics_region *region, fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    work w = {0};
    radiomics_joint *all[] = {&w.one,          &w.slice,        &w.all,         &w.direction[0],
                              &w.direction[1], &w.direction[2], &w.direction[3]};
    int longest = 0;
    for (int a = 0; a < 3; a++)
        longest = region->extent[a] > longest ? region->extent[a] : longest;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        FGF_TRY(radiomics_joint_create(region->levels, longest, all[k]));
    FGF_TRY(by_slices(region, &w));
    FGF_TRY(by_volume(region, &w));
    for (int a = 0; a < 6; a++)
        radiomics_mean_store(&w.mean[a], FEATURES, FGF_RADIOMICS_MISSING_EMPTY, out + a * FEATURES);
done:
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        radiomics_joint_clear(all[k]);
    return status;
}
