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

/* ---- smoothing and resampling of planes [height][width], in double ---- */

typedef enum fgf_interpolation {
    FGF_INTERPOLATION_NEAREST,
    FGF_INTERPOLATION_LINEAR,
    FGF_INTERPOLATION_CUBIC
} fgf_interpolation;
typedef enum fgf_grid_rule { FGF_GRID_CENTRES, FGF_GRID_CORNERS } fgf_grid_rule;

/* Gaussian of sigma pixels cut at floor(truncate sigma + 1/2) pixels, weights summing to 1, the
 * plane mirrored at its edges (edge pixel repeated). In place. */
fgf_status fgf_smooth(double *plane, int height, int width, double sigma,
                      double truncate) FGF_CHECKED;

/* The plane at new_height x new_width. Target pixel o lies at source position
 *   centres: (o + 1/2) step - 1/2, step = the spacings' ratio target / source (row, column)
 *   corners: o (n - 1) / (m - 1): first and last pixels of both grids coincide
 * held inside the source. cubic: the interpolating cubic B-spline (Unser 1999), mirrored at the
 * edges. *out is owned by the caller. */
fgf_status fgf_resample(const double *plane, int height, int width, int new_height, int new_width,
                        const double step[2], fgf_grid_rule rule, fgf_interpolation interpolation,
                        double **out) FGF_CHECKED;

#endif
