/* Distance from the voxels of a region to its border. */
#ifndef FGF_BORDER_DISTANCE_H
#define FGF_BORDER_DISTANCE_H

#include "feature_private.h"

/* distance[i] = from the centre of the region's voxel i to the nearest point of a voxel (a pixel,
 * where depth is 1) outside the region, in mm, Euclidean and exact; what lies beyond the crop is
 * outside. So it is never below half a voxel's least extent. `work` has border_distance_work
 * elements. */
void border_distance(const fgf_region *region, double *work, double *distance);
size_t border_distance_work(const fgf_region *region);

#endif
