/* Images and volumes from files: what their voxels hold, and where in the patient they lie.
 *
 * Lengths are mm. Places are DICOM's patient coordinates: x to the patient's left, y to the back, z
 * to the head; readers of other formats convert. Not collective. */
#ifndef FGF_IMAGE_H
#define FGF_IMAGE_H

#include "fgf/status.h"
#include "fgf/text.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- grids ---- */

typedef struct fgf_grid {
    int extent[3];       /* x, y, z: columns, rows, slices */
    double spacing[3];   /* mm: x, y, z */
    bool placed;         /* the affine map is known */
    double affine[3][4]; /* voxel index (x, y, z, 1) to mm */
} fgf_grid;

/* Whether two grids are the same: extents, spacing to 1e-3 of it, and, where both are placed, the
 * places of all eight corners to 1e-2 of a voxel. */
bool fgf_grid_equal(const fgf_grid *a, const fgf_grid *b);
/* Appends both geometries and what differs, in one line without its end: "the mask has 512 x 512 x
 * 88 voxels ..., the image has 512 x 512 x 90 voxels ...: 88 and 90 voxels along z, the first
 * voxels lie (0, 0, 6) mm apart". Nothing where the grids are equal. */
void fgf_grid_differences(const fgf_grid *a, const char *name_a, const fgf_grid *b,
                          const char *name_b, fgf_buffer *out);
/* Appends "512 x 512 x 90 voxels of 0.977 x 0.977 x 3 mm from (-250, -250, -410) mm" and, where an
 * axis is not along the patient's, its direction. */
void fgf_grid_describe(const fgf_grid *grid, fgf_buffer *out);

/* ---- volumes, slice by slice ---- */

/* A volume that is read one slice at a time, in the order of its grid's z, so that memory is that
 * of a slice. */
typedef struct fgf_volume fgf_volume;

/* What a format provides. */
typedef struct fgf_volume_format {
    const char *name;
    /* REQUIRED: the next slice [y][x] in stored units. FGF_DATA: cut short, damaged. */
    fgf_status (*next)(void *state, double *slice);
    /* REQUIRED: releases the state. */
    void (*close)(void *state);
} fgf_volume_format;

/* A volume of a format; takes `state` over, in failure too. */
fgf_status fgf_volume_create(const fgf_volume_format *format, void *state, const fgf_grid *grid,
                             fgf_volume **out) FGF_CHECKED;
void fgf_volume_close(fgf_volume **volume);
const fgf_grid *fgf_volume_grid(const fgf_volume *volume);
/* The next slice [y][x]; values may be NaN or infinite where the file's are. After the last slice
 * the end of the file is checked too. FGF_DATA: cut short or damaged. */
fgf_status fgf_volume_next(fgf_volume *volume, double *slice) FGF_CHECKED;

/* Opens a .nii or .nii.gz file (NIfTI-1 or -2 in one file, either byte order) of one 3-D volume.
 * The header is checked before the library or we take memory for it. FGF_DATA: not NIfTI, extents,
 * datatype, spacing or scaling that cannot be, data shorter than the extents ask for. */
fgf_status fgf_nifti_open(const char *path, fgf_volume **out) FGF_CHECKED;

/* Opens a NRRD file of one 3-D volume (or one slice): header and voxels in one file or, for a
 * detached header, in one other file of the header's folder or below. Encodings raw, gzip and
 * ascii; spaces left-posterior-superior, right-anterior-superior, left-anterior-superior; any other
 * space is a grid without a place. FGF_DATA: not NRRD, a header line that cannot be, several
 * volumes, colours or components, another encoding, data shorter than the sizes ask for, a data
 * file elsewhere. */
fgf_status fgf_nrrd_open(const char *path, fgf_volume **out) FGF_CHECKED;
/* The file with the voxels of a detached header, which belongs to what a case depends on; *out is
 * NULL where the voxels are in `path` itself. Released with fgf_free. */
fgf_status fgf_nrrd_data_file(const char *path, char **out) FGF_CHECKED;

/* ---- masks ---- */

/* The mask (inside where not 0) on another grid: a voxel is inside where the mask's voxel nearest
 * to its centre is; what lies beyond the mask's grid is outside. Reads the mask whole (a byte a
 * voxel) and closes it, in failure too. FGF_DATA: a grid without a place, a mask with voxels inside
 * beyond the new grid. */
fgf_status fgf_mask_resample(fgf_volume **mask, const fgf_grid *grid, fgf_volume **out) FGF_CHECKED;

/* ---- grey PNG images ---- */

typedef struct fgf_grey_image {
    int height, width;
    int greatest;  /* 255 or 65535 */
    double *value; /* [height][width], as stored */
} fgf_grey_image;

/* Decodes a PNG of `count` bytes; `path` stands in messages. 8 and 16 bits of grey, interlaced or
 * not. FGF_DATA: no PNG, cut short, a checksum that does not fit, colour, palette, alpha, other
 * bit depths, more than 16384 pixels along an edge (refused before memory is taken). */
fgf_status fgf_png_decode(const char *path, const char *bytes, size_t count,
                          fgf_grey_image *out) FGF_CHECKED;
void fgf_grey_image_clear(fgf_grey_image *image);

/* ---- smoothing and resampling of images [z][y][x], in double; a plane has one z ---- */

typedef enum fgf_interpolation {
    FGF_INTERPOLATION_NEAREST,
    FGF_INTERPOLATION_LINEAR,
    FGF_INTERPOLATION_CUBIC
} fgf_interpolation;
typedef enum fgf_grid_rule { FGF_GRID_CENTRES, FGF_GRID_CORNERS } fgf_grid_rule;

/* Gaussian of sigma voxels along y, x, and z (where there is more than one), cut at
 * floor(truncate sigma + 1/2) voxels, weights summing to 1, the image mirrored at its edges (edge
 * voxel repeated). In place. extent: z, y, x. */
fgf_status fgf_smooth(double *values, const int extent[3], double sigma,
                      double truncate) FGF_CHECKED;
/* The voxels to each side that smoothing looks at. */
long fgf_smooth_radius(double sigma, double truncate);

/* How an axis of `extent` voxels becomes one of `new_extent`; only a part of both is at hand or
 * wanted, so that a crop costs no more than it holds. Target voxel o lies at source position
 *   centres: (o + 1/2) step - 1/2, step = the spacings' ratio target / source
 *   corners: o (extent - 1) / (new_extent - 1): first and last voxels of both grids coincide
 * held inside the source. */
typedef struct fgf_axis {
    int extent, new_extent;
    double step;
    bool kept;             /* not resampled: new_extent = extent, step = 1 */
    int first, count;      /* source voxels at hand */
    int new_first, wanted; /* target voxels wanted */
} fgf_axis;

/* The whole of both grids. */
fgf_axis fgf_axis_whole(int extent, int new_extent, double step);
/* Sets first and count to the source voxels that decide on the wanted target voxels: to all digits,
 * for the cubic spline too, whose coefficients depend on all samples, by 0.27^distance. */
void fgf_axis_reach(fgf_axis *axis, fgf_grid_rule rule, fgf_interpolation interpolation);

/* The wanted part of the image on the new grid. axis: z, y, x; values: the source at hand. cubic:
 * the interpolating cubic B-spline (Unser 1999), mirrored at the edges. *out is owned by the
 * caller. */
fgf_status fgf_resample(const double *values, const fgf_axis axis[3], fgf_grid_rule rule,
                        fgf_interpolation interpolation, double **out) FGF_CHECKED;

#endif
