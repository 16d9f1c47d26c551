/* From contours and segments to a mask: which of a patient's structures are meant, and which voxels
 * lie inside. Not collective. */
#ifndef FGF_CONTOUR_H
#define FGF_CONTOUR_H

#include "fgf/dicom.h"
#include "fgf/image.h"
#include "fgf/status.h"
#include "fgf/text.h"

/* ---- which structures ---- */

/* What to take of a patient's structures. A pattern is a name, which a structure's name must equal,
 * or, between slashes, a POSIX extended regular expression, which must fit somewhere in the name.
 * Both without regard to case, accents ("é" is "e", "œ" is "oe") and blanks (a run of them counts
 * as one, those at the ends as none); names that are not UTF-8 are taken as Latin-1. Patterns are
 * tried in order; the first one that fits decides, and all structures that fit it are joined.
 * "A + B" asks for a structure that fits A and one that fits B and joins them, unless a structure
 * has that very name. */
typedef struct fgf_structure_choice {
    size_t count;
    const char *const *pattern;
} fgf_structure_choice;

/* chosen[i] = whether names[i] is taken. report (may be NULL) gets one line without its end: which
 * pattern took which of the names; where none fits, all the names. FGF_DATA: no pattern fits (the
 * names are listed, with the nearest); FGF_USAGE: a pattern that is empty or no expression, whether
 * it is needed or not. */
fgf_status fgf_structures_choose(const fgf_structure_choice *choice, size_t count,
                                 const char *const *names, bool *chosen,
                                 fgf_buffer *report) FGF_CHECKED;

/* ---- which voxels ---- */

/* How far off the plane of a slice a contour or frame may lie, in distances between slices, and how
 * far off voxel centres the pixels of a segmentation, in voxels. */
#define FGF_CONTOUR_OFF_PLANE 0.25
#define FGF_SEGMENT_OFF_VOXEL 0.05

/* The chosen structures of a set as a mask volume (0 or 1) on the grid of the image.
 *
 * A voxel is inside where its centre is, by the even-odd rule over all closed contours of one
 * structure in one slice: a contour within another one is a hole, and so is a keyhole. Structures
 * are joined by or. Points are rounded to 2^-16 of a voxel and all after that is exact. A centre
 * that lies on an edge counts as if it lay a vanishing step further along the grid's x, and a
 * vanishing part of that step further along y: contours that share an edge share no voxel and leave
 * none out, and an outline drawn through centres keeps those on its sides of low x and low y.
 *
 * remarks (may be NULL) gets a line each on what is worth saying and no fault: contours that are
 * open or points (left aside), the same contour twice in a slice (taken once), contours of one
 * structure that cross (of up to 64 in a slice), slices without a contour between others, contours
 * that reach over the image's edge or lie off their slice within the tolerance, chosen structures
 * with nothing drawn.
 *
 * FGF_DATA: the image has no place, contours that lie between its slices, not parallel to them or
 * outside the image (both geometries and a suggestion in the message), nothing inside; remarks are
 * then as they were. The set is borrowed until the volume is closed; `chosen` is not. */
fgf_status fgf_contour_mask_open(const fgf_structure_set *set, const bool *chosen,
                                 const fgf_grid *grid, fgf_volume **out,
                                 fgf_buffer *remarks) FGF_CHECKED;

/* The same of a segmentation, whose frames must lie on the grid: in its slices, pixels on voxels,
 * rows and columns along its axes, though either may be flipped, swapped, shifted by whole voxels.
 * FGF_DATA: anything else, segment pixels outside the grid, nothing inside. */
fgf_status fgf_segment_mask_open(const fgf_segmentation *segmentation, const bool *chosen,
                                 const fgf_grid *grid, fgf_volume **out,
                                 fgf_buffer *remarks) FGF_CHECKED;

/* The grids on which a mask that does not lie on the image's can be made first, to be resampled
 * onto it on request. Contours: the image's rows and columns, slices at the planes of the chosen
 * structures' contours, which may not reach beyond the image's. Segmentation: its frames. Planes
 * may be missing within. FGF_DATA: planes that are not parallel to each other (contours: to the
 * image's slices), not on one spacing, beyond the image. */
fgf_status fgf_contour_grid(const fgf_structure_set *set, const bool *chosen, const fgf_grid *image,
                            fgf_grid *out) FGF_CHECKED;
fgf_status fgf_segment_grid(const fgf_segmentation *segmentation, fgf_grid *out) FGF_CHECKED;

#endif
