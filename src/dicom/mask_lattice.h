/* What contours and segmentations need of a grid: places in mm as places between its voxels, and
 * what can be said about planes. */
#ifndef FGF_DICOM_MASK_LATTICE_H
#define FGF_DICOM_MASK_LATTICE_H

#include "fgf/image.h"

/* A grid with the inverse of its affine map. */
typedef struct mask_lattice {
    fgf_grid grid;
    double inverse[3][4];  /* mm to voxel indices x, y, z */
    double normal[3];      /* of the slices, unit, to higher z */
    double slice_distance; /* mm between slices along the normal, > 0 */
} mask_lattice;

/* FGF_DATA: a grid without a place, flat voxels, more columns or rows than masks are made of. */
fgf_status mask_lattice_init(mask_lattice *lattice, const fgf_grid *grid) FGF_CHECKED;

void mask_lattice_voxel(const mask_lattice *lattice, const double mm[3], double voxel[3]);

/* Sorts the heights of planes and keeps one of those less than `same` apart; gives how many. */
size_t mask_planes_merge(double *height, size_t count, double same);

/* The distance of which all gaps between the planes (merged, two or more) are whole multiples, to
 * `off` of it; 0 = there is none. */
double mask_planes_spacing(const double *height, size_t count, double off);

/* Appends the empty slices between used ones as "5, 7-9" (counted from 1), a few of them; gives how
 * many there are. used [count]. */
int mask_gaps_add(fgf_buffer *out, const bool *used, int count);

#endif
