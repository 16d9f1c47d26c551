/* From contours and segments to a mask: which of a patient's structures are meant, and which voxels
 * lie inside. Not collective. */
#ifndef FGF_CONTOUR_H
#define FGF_CONTOUR_H

#include "fgf/dicom.h"
#include "fgf/image.h"
#include "fgf/status.h"
#include "fgf/text.h"

/* What to take of a patient's structures. Each pattern is a name or, in slashes, an extended
 * regular expression; both without regard to case, runs of blanks counting as one. Patterns are
 * tried in order; the first one that any structure fits decides, and all structures that fit it are
 * joined. A pattern "A + B" asks for both A and B and joins them. */
typedef struct fgf_structure_choice {
    size_t count;
    const char *const *pattern;
} fgf_structure_choice;

/* chosen[i] = whether names[i] is taken. report: one line, which pattern took which of the names.
 * FGF_DATA: no pattern fits (all names are listed, with the nearest); FGF_USAGE: a pattern that is
 * no expression. */
fgf_status fgf_structures_choose(const fgf_structure_choice *choice, size_t count,
                                 const char *const *names, bool *chosen,
                                 fgf_buffer *report) FGF_CHECKED;

/* The chosen structures of a set as a mask volume (0 or 1) on the grid of the image: a voxel is
 * inside where its centre is, by the even-odd rule within a structure and slice; structures are
 * joined by or. FGF_DATA: contours that do not lie in the grid's slices or outside its extent (both
 * geometries and a suggestion in the message), nothing inside. The set is borrowed until the volume
 * is closed. */
fgf_status fgf_contour_mask_open(const fgf_structure_set *set, const bool *chosen,
                                 const fgf_grid *grid, fgf_volume **out,
                                 fgf_buffer *remarks) FGF_CHECKED;

/* The same of a segmentation, whose frames must lie on the grid's slices. */
fgf_status fgf_segment_mask_open(const fgf_segmentation *segmentation, const bool *chosen,
                                 const fgf_grid *grid, fgf_volume **out,
                                 fgf_buffer *remarks) FGF_CHECKED;

#endif
