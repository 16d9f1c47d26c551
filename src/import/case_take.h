/* What is taken of a case's volumes: one slice, a stack of slices, or a part of the volume. */
#ifndef FGF_IMPORT_CASE_TAKE_H
#define FGF_IMPORT_CASE_TAKE_H

#include "case_source.h"
#include "preprocess.h"

/* x is the stored value of a channel's image within this window. */
typedef double value_window[2];

/* Fills the part with one slice, or with a stack's slices as channels (all those of the first
 * image, in the order of z, then of the next one), and its mask; *chosen is the slice, from 0. */
fgf_status case_take_slices(case_source *source, const value_window *window, fgf_part *part,
                            int32_t *chosen, fgf_grid *grid) FGF_CHECKED;

/* Fills the part with the voxels that the result depends on. The mask is read whole (a byte a
 * voxel), images slice by slice. */
fgf_status case_take_volume(case_source *source, const value_window *window, fgf_part *part,
                            fgf_grid *grid) FGF_CHECKED;

#endif
