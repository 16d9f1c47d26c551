/* Neighbouring grey level dependence, IBSI reference manual 3.11 (REK0), Sun and Wee 1983: level
 * against 1 + the number of neighbours, at Chebyshev distance 1, of the same level (coarseness
 * alpha = 0). Every voxel counts once. */
#include "radiomics_private.h"

enum { FEATURES = RADIOMICS_JOINT_FEATURES, MOST = 27 };

static void add_voxels(const radiomics_region *r, int z0, int z1, radiomics_joint *joint)
{
    for (int z = z0; z < z1; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                int level = radiomics_level(r, z, y, x), dependence = 0;
                if (level == 0)
                    continue;
                for (int c = 0; c < 27; c++) {
                    int nz = z + c / 9 - 1;
                    if (nz < z0 || nz >= z1)
                        continue;
                    dependence += radiomics_level(r, nz, y + c / 3 % 3 - 1, x + c % 3 - 1) == level;
                }
                radiomics_joint_add(joint, level, dependence); /* the voxel itself is the 1 */
                joint->voxels++;
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

fgf_status radiomics_level_dependence(const radiomics_region *region, fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    radiomics_joint one = {0}, all = {0};
    radiomics_mean mean[3] = {0};
    FGF_TRY(radiomics_joint_create(region->levels, MOST, &one));
    FGF_TRY(radiomics_joint_create(region->levels, MOST, &all));
    for (int z = 0; z < region->extent[0]; z++) {
        radiomics_joint_reset(&one);
        add_voxels(region, z, z + 1, &one);
        FGF_TRY(add_features(&one, &mean[0]));
        radiomics_joint_merge(&all, &one);
    }
    FGF_TRY(add_features(&all, &mean[1]));
    radiomics_joint_reset(&all);
    add_voxels(region, 0, region->extent[0], &all);
    FGF_TRY(add_features(&all, &mean[2]));
    for (int a = 0; a < 3; a++)
        radiomics_mean_store(&mean[a], FEATURES, FGF_RADIOMICS_MISSING_EMPTY, out + a * FEATURES);
done:
    radiomics_joint_clear(&one);
    radiomics_joint_clear(&all);
    return status;
}
