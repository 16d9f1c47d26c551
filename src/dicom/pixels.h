/* The voxels of a DICOM file, frame by frame, as stored numbers. */
#ifndef FGF_DICOM_PIXELS_H
#define FGF_DICOM_PIXELS_H

#include "head.h"

typedef struct dicom_pixels dicom_pixels;

/* Whether the voxels are of a kind that is read, and all there. FGF_DATA: colour, other bit depths,
 * sizes that cannot be, fewer bytes than the voxels need, a coding that is not known. */
fgf_status dicom_layout_check(const char *path, const dicom_layout *layout) FGF_CHECKED;

/* Frames of an open file, which is taken over, in failure too; its layout is checked. */
fgf_status dicom_pixels_open(dicom_file *file, dicom_pixels **out) FGF_CHECKED;
void dicom_pixels_close(dicom_pixels **pixels);
const dicom_layout *dicom_pixels_layout(const dicom_pixels *pixels);

/* Stored values [rows][columns] of a frame. FGF_DATA: cut short, damaged. */
fgf_status dicom_pixels_frame(dicom_pixels *pixels, size_t frame, int32_t *stored) FGF_CHECKED;

#endif
