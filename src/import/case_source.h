/* The files of a case as volumes on one grid, whatever their format. Not collective. */
#ifndef FGF_IMPORT_CASE_SOURCE_H
#define FGF_IMPORT_CASE_SOURCE_H

#include "case_reader.h"
#include "fgf/image.h"

typedef struct source_format source_format;

typedef struct case_source {
    const fgf_manifest *manifest;
    const fgf_candidate *candidate;
    const source_format *format;
    char *path[FGF_CHANNELS_MAX]; /* a file or folder a channel */
    char *mask_path;              /* NULL where the manifest names no mask file */
    bool has_mask;                /* false: it is to be derived */
    char mask_source[32], regions[FGF_CASE_REGIONS];
    fgf_buffer remarks; /* a line each */
    void *state;        /* the format's own */
} case_source;

/* What a format provides. A format is a line in the table of case_source.c. */
struct source_format {
    const char *name;
    bool flat; /* its files are slices */
    /* OPTIONAL: looks into the case's files and makes the choices that are to be made. */
    fgf_status (*prepare)(case_source *source);
    /* REQUIRED: the image of a channel, the mask on the image's grid or on its own. */
    fgf_status (*open_image)(case_source *source, int channel, fgf_volume **out);
    fgf_status (*open_mask)(case_source *source, const fgf_grid *image, fgf_volume **out);
    /* OPTIONAL: calls add(list, path) for every file that was chosen, in an order that depends on
     * the files alone; without it the paths as the manifest names them. */
    fgf_status (*list_files)(const case_source *source, fgf_status (*add)(void *, const char *),
                             void *list);
    /* OPTIONAL: releases `state`. */
    void (*close)(case_source *source);
};

/* Names the files and looks into them. FGF_DATA: missing, damaged, no way to choose. */
fgf_status case_source_open(const fgf_manifest *manifest, const fgf_candidate *candidate,
                            case_source *out) FGF_CHECKED;
void case_source_close(case_source *source);

/* The hash over the bytes of all files. */
fgf_status case_source_hash(const case_source *source, fgf_hash *out) FGF_CHECKED;

/* Base names of the files, ';' between. */
fgf_status case_source_names(const case_source *source, fgf_buffer *out) FGF_CHECKED;

/* The image of a channel; `first` (the grid of the first one, NULL for that itself) must be its
 * grid. */
fgf_status case_open_image(case_source *source, int channel, const fgf_grid *first,
                           fgf_volume **out) FGF_CHECKED;
/* The mask on the image's grid, put there where the manifest asks for it. *out is NULL where the
 * mask is to be derived. FGF_DATA: on another grid. */
fgf_status case_open_mask(case_source *source, const fgf_grid *image, fgf_volume **out) FGF_CHECKED;

/* What stands for the mask in messages. */
const char *case_mask_name(const case_source *source);

/* ---- the formats that are more than a call ---- */

fgf_status png_open_image(case_source *source, int channel, fgf_volume **out) FGF_CHECKED;
fgf_status png_open_mask(case_source *source, const fgf_grid *image, fgf_volume **out) FGF_CHECKED;
fgf_status nrrd_list_files(const case_source *source, fgf_status (*add)(void *, const char *),
                           void *list) FGF_CHECKED;

extern const source_format dicom_source;

#endif
