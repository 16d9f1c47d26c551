/* DICOM as it comes from archives: CT series, structure sets (RTSTRUCT), segmentations (SEG).
 *
 * Names, dates and other words about the patient are never taken over: what leaves these functions
 * are voxels, geometry, UIDs, and the names of contours. Messages name files and UIDs. A build
 * without the DICOM library has the same functions; they fail with FGF_USAGE and say so.
 * Not collective. */
#ifndef FGF_DICOM_H
#define FGF_DICOM_H

#include "fgf/image.h"
#include "fgf/status.h"
#include "fgf/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FGF_UID = 65, FGF_STRUCTURE_NAME = 128 };

bool fgf_dicom_available(void);

/* ---- what a folder holds ---- */

typedef enum fgf_dicom_kind {
    FGF_DICOM_IMAGE,         /* a series of images */
    FGF_DICOM_STRUCTURE_SET, /* one file */
    FGF_DICOM_SEGMENTATION   /* one file */
} fgf_dicom_kind;

typedef struct fgf_dicom_entry {
    fgf_dicom_kind kind;
    char modality[17];                                 /* "CT", "PT", "RTSTRUCT", ... */
    char series[FGF_UID], frame_of_reference[FGF_UID]; /* "" = not said */
    char referenced_series[FGF_UID];                   /* of structure sets and segmentations */
    int rows, columns;                                 /* of the first image; 0 of structure sets */
    size_t slice_count;                                /* frames of all files together */
    size_t file_count;
    const char *const *file;        /* [file_count], sorted by name; owned by the folder */
    const struct dicom_head *heads; /* [file_count]: what the files say before their voxels */
} fgf_dicom_entry;

/* A folder and all below it, or one file, every file looked into (heads only). Files that are no
 * DICOM (tables, readme files), DICOMDIR, objects that are neither images, structure sets nor
 * segmentations (dose, plans, reports), scout images (ImageType LOCALIZER) and second copies of a
 * structure set or segmentation are counted and left aside. FGF_DATA: nothing there, a DICOM file
 * that is cut or damaged, two structure sets or segmentations of one instance UID with different
 * contents; FGF_ENVIRONMENT: the folder cannot be read. */
typedef struct fgf_dicom_folder {
    size_t entry_count, other_files;
    fgf_dicom_entry *entry; /* sorted by kind and UID */
} fgf_dicom_folder;
fgf_status fgf_dicom_folder_read(const char *path, fgf_dicom_folder **out) FGF_CHECKED;
void fgf_dicom_folder_destroy(fgf_dicom_folder **folder);

/* ---- a series as a volume ---- */

/* Sorts the files of a series by the place of their slices along the normal, checks the whole
 * geometry, and opens it as a volume in rescaled units (HU), the rescale taken slice by slice.
 * remarks (may be NULL): a line each on what is worth saying and no fault, such as a slice that is
 * there twice with the same voxels. The volume does not need the entry any longer. The slices run
 * along the increasing normal (row direction x column direction). Voxels of the file's pixel
 * padding value become -1024 in CT and 0 in other modalities. FGF_DATA, naming the files and the
 * geometry: a slice missing (a gap), two different slices at one place, no place given, spacing or
 * direction or extent that differ, gantry tilt, pixel data cut short, colour. */
fgf_status fgf_dicom_series_open(const fgf_dicom_entry *entry, fgf_volume **out,
                                 fgf_buffer *remarks) FGF_CHECKED;

/* ---- structure sets ---- */

typedef struct fgf_contour {
    bool closed_planar; /* CLOSED_PLANAR or CLOSEDPLANAR_XOR; others are points and lines */
    size_t point_count;
    const double *point; /* [point_count][3] mm */
} fgf_contour;

typedef struct fgf_structure {
    char name[FGF_STRUCTURE_NAME]; /* as in the file, blanks at the ends dropped */
    int number;
    char frame_of_reference[FGF_UID]; /* "" = not said */
    size_t contour_count;             /* 0 = a name and nothing drawn */
    const fgf_contour *contour;
} fgf_structure;

typedef struct fgf_structure_set {
    char frame_of_reference[FGF_UID], referenced_series[FGF_UID];
    size_t count;
    fgf_structure *structure;
} fgf_structure_set;

/* FGF_DATA: not a structure set, contour data that are not triplets of finite numbers. */
fgf_status fgf_dicom_structures_read(const char *path, fgf_structure_set **out) FGF_CHECKED;
void fgf_structure_set_destroy(fgf_structure_set **set);

/* ---- segmentations ---- */

typedef struct fgf_segment {
    char name[FGF_STRUCTURE_NAME]; /* SegmentLabel */
    int number;
} fgf_segment;

typedef struct fgf_segment_frame {
    int segment;        /* the number of its segment */
    double position[3]; /* mm, centre of the first voxel */
} fgf_segment_frame;

/* Frames stay in the file until asked for, so that memory is that of one. */
typedef struct fgf_segmentation {
    char frame_of_reference[FGF_UID], referenced_series[FGF_UID];
    int rows, columns;
    double spacing[2], row_direction[3], column_direction[3]; /* spacing: between rows, columns */
    size_t segment_count, frame_count;
    fgf_segment *segment;
    fgf_segment_frame *frame;
    /* inside[rows][columns] of a frame: 0 or 1 (fractional: at least half). FGF_DATA: cut short or
     * damaged. */
    fgf_status (*read)(void *source, size_t frame, uint8_t *inside);
    void *source;
} fgf_segmentation;

/* FGF_DATA: not a segmentation, geometry missing or differing between its frames, data cut short.
 */
fgf_status fgf_dicom_segmentation_read(const char *path, fgf_segmentation **out) FGF_CHECKED;
void fgf_segmentation_destroy(fgf_segmentation **segmentation);

#endif
