/* The chosen contours of a structure set against the slices of an image. */
#ifndef FGF_DICOM_CONTOUR_SURVEY_H
#define FGF_DICOM_CONTOUR_SURVEY_H

#include "fgf/contour.h"
#include "mask_lattice.h"
#include "raster.h"

/* Planes of contours nearer than this are one, in mm: points are written with few digits. */
#define CONTOUR_SAME_PLANE 0.05

/* What a contour spans: in voxels or mm, as it says. */
typedef struct contour_box {
    double low[3], high[3];
} contour_box;

/* Whether a contour encloses an area. */
bool contour_is_area(const fgf_contour *contour);
/* The box of a contour in voxels; `mm` grows by it. False = a coordinate that is no number. */
bool contour_box_voxels(const fgf_contour *contour, const mask_lattice *lattice, contour_box *out,
                        contour_box *mm);
contour_box contour_box_empty(void);
/* How far a contour is off the plane of a slice, in distances between slices. */
double contour_off_plane(const contour_box *voxels, double slice);

/* Why a contour is on no slice of the grid. */
typedef enum contour_misfit {
    CONTOUR_FITS,
    CONTOUR_NO_NUMBER,
    CONTOUR_TILTED,
    CONTOUR_BEYOND, /* the first or last slice */
    CONTOUR_BESIDE, /* rows and columns */
    CONTOUR_BETWEEN /* slices */
} contour_misfit;
contour_misfit contour_judge(const contour_box *voxels, const fgf_grid *grid);

/* The contours that do not fit. */
typedef struct contour_misfits {
    size_t count, closed; /* closed: of all contours that enclose an area */
    contour_box whole;    /* of all, mm */
    contour_misfit kind;  /* of the first that does not fit, with its place in voxels */
    contour_box where;
    size_t structure, number;
} contour_misfits;

/* Fails with the first misfit, both geometries in mm, and what to do. */
fgf_status contour_misfits_fail(const contour_misfits *m, const fgf_structure_set *set,
                                const bool *chosen, const mask_lattice *lattice) FGF_CHECKED;

/* A closed contour in its slice. */
typedef struct placed_contour {
    size_t structure; /* index in the set */
    int slice;
    size_t number;           /* in its structure, from 0 */
    int64_t low[2], high[2]; /* its box, in units of raster_point */
    const fgf_contour *contour;
} placed_contour;

/* Sorted by slice, structure, number. */
typedef struct contour_survey {
    size_t count, most_points;
    placed_contour *placed;
} contour_survey;

/* Places every closed contour of the chosen structures; what is no fault is remarked upon.
 * FGF_DATA: contours that do not fit the grid, none. */
fgf_status contour_survey_init(contour_survey *survey, const fgf_structure_set *set,
                               const bool *chosen, const mask_lattice *lattice,
                               fgf_buffer *remarks) FGF_CHECKED;
void contour_survey_clear(contour_survey *survey);

/* A contour's points in its slice. */
void contour_points(const fgf_contour *contour, const mask_lattice *lattice, raster_point *point);

/* Takes out contours that are twice in a slice, and remarks on contours of one structure that
 * cross. point [most_points] is scratch, the raster empty before and after. */
fgf_status contour_survey_overlaps(contour_survey *survey, const fgf_structure_set *set,
                                   const mask_lattice *lattice, raster *r, raster_point *point,
                                   fgf_buffer *remarks) FGF_CHECKED;

/* Fails with FGF_DATA: `what` and the names of the chosen structures. */
fgf_status contour_fail_empty(const fgf_structure_set *set, const bool *chosen,
                              const char *what) FGF_CHECKED;

/* Heights along the normal of the chosen structures' closed contours, from the place of voxel 0:
 * *height is owned by the caller. *spread: the most that one contour extends along the normal. */
fgf_status contour_heights(const fgf_structure_set *set, const bool *chosen,
                           const mask_lattice *lattice, double **height, size_t *count,
                           double *spread) FGF_CHECKED;

#endif
