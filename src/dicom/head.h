/* What a DICOM file says before its voxels: what it is, how voxels are stored, where frames lie. */
#ifndef FGF_DICOM_HEAD_H
#define FGF_DICOM_HEAD_H

#include "fgf/dicom.h"
#include "file.h"

/* How the voxels of a frame are stored (PS3.3 C.7.6.3). */
typedef struct dicom_layout {
    dicom_coding coding;
    char syntax[FGF_UID]; /* the transfer syntax's UID */
    int rows, columns, samples, bits_allocated, bits_stored, high_bit;
    bool is_signed, grey;
    size_t frames;        /* as the file claims */
    uint64_t pixel_bytes; /* that are there */
    size_t fragments;     /* of compressed pixel data */
} dicom_layout;

/* One frame of an image. */
typedef struct dicom_frame {
    bool placed; /* position, direction and spacing are given */
    double position[3], row_direction[3], column_direction[3];
    double spacing[2]; /* between rows, between columns */
    double slope, intercept;
} dicom_frame;

typedef enum dicom_what {
    DICOM_WHAT_IMAGE,
    DICOM_WHAT_STRUCTURE_SET,
    DICOM_WHAT_SEGMENTATION,
    DICOM_WHAT_OTHER
} dicom_what;

typedef struct dicom_head {
    dicom_what what;
    char modality[17];
    char series[FGF_UID], frame_of_reference[FGF_UID], referenced_series[FGF_UID];
    char instance[FGF_UID];
    /* of images only */
    dicom_layout layout;
    double thickness; /* distance to the next slice or thickness of one, mm; 0 = not said */
    bool rescaled;    /* a rescale is given; else slope 1, intercept 0 */
    bool padded;
    double padding[2]; /* stored values from, to (as numbers with the voxels' sign) */
    size_t frame_count;
    dicom_frame *frame; /* as many as have voxels: layout.frames in a whole file */
} dicom_head;

/* Reads the head of an open file; `out` is released with dicom_head_clear, in failure too. */
fgf_status dicom_head_read(const dicom_file *file, dicom_head *out) FGF_CHECKED;
void dicom_head_clear(dicom_head *head);

/* The layout of an open file's voxels (also of a segmentation's). */
void dicom_layout_read(const dicom_file *file, dicom_layout *out);

/* The items of a frame in the per-frame and shared groups of a multi-frame file. */
typedef struct dicom_groups {
    const dicom_item *frame, *shared; /* NULL: none */
} dicom_groups;

/* The first item of a sequence of a frame's own groups, or of the shared ones, or NULL. */
const dicom_item *dicom_group(dicom_groups groups, dicom_tag sequence);

/* Position, direction and spacing of a frame from its groups or, where it has none, from `root`. */
void dicom_frame_place(dicom_groups groups, const dicom_item *root, dicom_frame *out);

/* The last part of a path. */
const char *dicom_base_name(const char *path);

#endif
