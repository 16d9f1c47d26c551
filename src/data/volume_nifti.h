/* NIfTI volumes, read slice by slice, so that memory is that of one slice. Not collective. */
#ifndef FGF_DATA_VOLUME_NIFTI_H
#define FGF_DATA_VOLUME_NIFTI_H

#include "fgf/status.h"

#include <stdint.h>

typedef struct fgf_volume fgf_volume;

typedef struct fgf_grid {
    int extent[3];       /* x, y, z */
    double spacing[3];   /* mm: x, y, z */
    bool placed;         /* the affine map is known */
    double affine[3][4]; /* voxel index (x, y, z, 1) to mm */
} fgf_grid;

/* Opens a .nii or .nii.gz file (NIfTI-1 or -2 in one file, either byte order) of one 3-D volume.
 * The header is checked before the library or we take memory for it. FGF_DATA: not NIfTI, extents,
 * datatype, spacing or scaling that cannot be, data shorter than the extents ask for. */
fgf_status fgf_volume_open(const char *path, fgf_volume **out) FGF_CHECKED;
void fgf_volume_close(fgf_volume **volume);
const fgf_grid *fgf_volume_grid(const fgf_volume *volume);

/* The next slice [y][x], scl_slope and scl_inter applied; values may be NaN or infinite where the
 * file's are. After the last slice the end of the stream is checked too. FGF_DATA: cut short or a
 * checksum that does not fit. */
fgf_status fgf_volume_next(fgf_volume *volume, double *slice) FGF_CHECKED;

/* Whether two grids are the same to 1e-3 of a voxel: extents, spacing, and place where known. */
bool fgf_grid_equal(const fgf_grid *a, const fgf_grid *b);

#endif
