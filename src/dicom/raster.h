/* Closed polygons as voxels of a slice, exactly.
 *
 * Points are whole numbers of 2^-16 of a voxel, so that every place where an edge crosses a row of
 * centres is compared with centres in integers, without rounding. The rule for a centre on an edge
 * is in fgf/contour.h. */
#ifndef FGF_DICOM_RASTER_H
#define FGF_DICOM_RASTER_H

#include "fgf/status.h"

#include <stddef.h>
#include <stdint.h>

/* The greatest coordinate, in voxels: differences of points times each other fit 64 bits. */
enum { RASTER_BITS = 16, RASTER_MOST = 1 << 14 };

typedef struct raster_point {
    int64_t x, y; /* voxel indices times 2^RASTER_BITS, at most RASTER_MOST voxels from 0 */
} raster_point;

/* A slice of changes of side: column x of a row is inside where the changes up to and with x are
 * odd in number. Between uses it is empty. */
typedef struct raster {
    int width, height;
    int top, bottom;         /* rows that are drawn: top <= y < bottom */
    int first_row, last_row; /* of these, those that hold changes */
    unsigned char *change;   /* [height][width + 1], 0 or 1 */
} raster;

/* At most RASTER_MOST voxels along each side. */
fgf_status raster_init(raster *r, int width, int height) FGF_CHECKED;
void raster_clear(raster *r);

/* The whole number that stands for a coordinate in voxels. */
int64_t raster_coordinate(double voxel);

/* From now on draws only rows whose centres lie at low <= y < high: the rows of a polygon that
 * spans these. INT64_MIN and INT64_MAX: all rows, as at first. The raster is empty. */
void raster_set_rows(raster *r, int64_t low, int64_t high);

/* Adds a polygon, its last point joined to its first; what lies in two of them is outside again. */
void raster_add(raster *r, const raster_point *point, size_t count);

/* Sets the voxels inside to 1 in slice [height][width], where one is given, and empties the raster.
 * Gives the number of voxels inside. */
size_t raster_drain(raster *r, double *slice);

#endif
