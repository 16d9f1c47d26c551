/* The slices of a series in space: whether they make one upright stack with even distances. */
#ifndef FGF_DICOM_GEOMETRY_H
#define FGF_DICOM_GEOMETRY_H

#include "head.h"

typedef struct dicom_slice {
    const char *path; /* borrowed */
    size_t file, frame;
    const dicom_head *head; /* borrowed */
    double place;           /* mm along the normal */
} dicom_slice;

enum { DICOM_SLICE_NAME = 300 };
/* "000.dcm" or "000.dcm, frame 3" (counted from 1). */
void dicom_slice_name(const dicom_slice *slice, char out[DICOM_SLICE_NAME]);

/* Sets the places and sorts by them (slices at one place by name). FGF_DATA: a slice without a
 * place; extent, spacing, direction or frame of reference that differ; slices shifted against each
 * other within their plane, as by gantry tilt. */
fgf_status dicom_slices_stack(dicom_slice *slices, size_t count) FGF_CHECKED;

/* Whether two neighbours lie at one place. */
bool dicom_slices_coincide(const dicom_slice *a, const dicom_slice *b);

/* The grid of a sorted stack without doubles; *thickness_missing: one slice, of a thickness that
 * nobody says, taken as 1 mm. FGF_DATA: gaps, uneven distances. */
fgf_status dicom_slices_grid(const dicom_slice *slices, size_t count, fgf_grid *grid,
                             bool *thickness_missing) FGF_CHECKED;

#endif
