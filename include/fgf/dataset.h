/* The dataset file: preprocessed cases of one cohort, self-describing, read by every rank.
 *
 *   /image   [case, channel, depth, height, width] float32, x with the intensity window as [0, 1]
 *   /mask    [case, depth, height, width] uint8
 *   /case/...  one column each: id, patient, centre, label, event, time, follow_up, mask_pixels,
 * source, ... /excluded/id, reason     cases that were refused /channel/... one row a channel:
 * name, unit, window, slope, intercept /origin, /preprocessing  texts the first 512 bytes (HDF5's
 * user block) say what the file is and how long attributes: schema, schema_version, name,
 * spacing_mm, masked, hash */
#ifndef FGF_DATASET_H
#define FGF_DATASET_H

#include "fgf/hash.h"
#include "fgf/real.h"
#include "fgf/status.h"

#include <stdint.h>

enum {
    FGF_CASE_ID = 64,
    FGF_CASE_TEXT = 64,
    FGF_CASE_SOURCE = 256,
    FGF_CASE_REGIONS = 256,
    FGF_CHANNELS_MAX = 16
};

/* What is known of a case apart from its image. NaN and label -1 = not known. */
typedef struct fgf_case {
    char id[FGF_CASE_ID], patient[FGF_CASE_ID], centre[FGF_CASE_TEXT];
    int8_t label;                  /* 0, 1, -1 = none */
    double event, time, follow_up; /* as in the outcome table; days where it is days */
    int64_t mask_pixels;
    char mask_source[32];         /* "file" | "derived" | "structures" | "segmentation", ... */
    char source[FGF_CASE_SOURCE]; /* base names of the files, ';' between */
    char source_hash[FGF_HASH_TEXT];
    int32_t slice;                  /* of the volume, -1 = the input was a slice */
    int32_t slices;                 /* that the volume has, 0 = the input was a slice */
    double source_spacing[3];       /* mm: z, y, x of the files; NaN = not known */
    char regions[FGF_CASE_REGIONS]; /* structures that were joined to Omega, " + " between */
} fgf_case;

typedef struct fgf_channel {
    char name[32], unit[16]; /* "ct", "HU" */
    double window[2];        /* stored units that became 0 and 1 */
    fgf_units units;         /* q = slope * x + intercept */
} fgf_channel;

typedef struct fgf_cohort {
    char name[64];
    fgf_shape shape;   /* of every case */
    double spacing[3]; /* mm: z, y, x */
    bool masked;       /* x = 0 outside the mask */
    fgf_channel channel[FGF_CHANNELS_MAX];
    const char *preprocessing; /* canonical text of what was done: two cohorts with the same text
                                  are comparable */
} fgf_cohort;

/* ---- writing ---- */

/* The image or the mask of a case as the bytes that stand for it in a dataset file. */
typedef struct fgf_packed_values {
    void *bytes;
    size_t count;
    uint32_t skipped; /* filters that were left out, as HDF5 says it: a bit each */
} fgf_packed_values;

/* A case ready to be stored: compressing is the work, and any rank can do it. */
typedef struct fgf_packed_case {
    fgf_shape shape;
    fgf_packed_values image, mask;
    char hash[FGF_HASH_TEXT]; /* of the values */
    int64_t mask_pixels;
} fgf_packed_case;

/* Packs a case (image planar [c][d][h][w] float, mask [d][h][w]). Not collective. FGF_DATA: a value
 * that is not finite, a shape that cannot be stored. */
fgf_status fgf_dataset_pack(fgf_shape shape, const float *image, const uint8_t *mask,
                            fgf_packed_case *out) FGF_CHECKED;
void fgf_packed_case_clear(fgf_packed_case *packed);

/* A dataset file that is being made, by one process. */
typedef struct fgf_dataset_writer fgf_dataset_writer;

/* Starts `path`.part with room for `count` cases; a symbolic link is followed. `origin` is the
 * manifest's text. FGF_USAGE: `path` is no place for a file (fgf_output_file); FGF_ENVIRONMENT:
 * cannot be written. */
fgf_status fgf_dataset_writer_create(const char *path, const fgf_cohort *cohort, size_t count,
                                     const char *origin, fgf_dataset_writer **out) FGF_CHECKED;
/* Writes case `index`. Each case is put once, in any order. */
fgf_status fgf_dataset_writer_put_packed(fgf_dataset_writer *writer, size_t index,
                                         const fgf_packed_case *packed) FGF_CHECKED;
/* Packs and writes it. */
fgf_status fgf_dataset_writer_put(fgf_dataset_writer *writer, size_t index, const float *image,
                                  const uint8_t *mask) FGF_CHECKED;
/* Writes the case table and the excluded ones, the content hash, closes, syncs, renames. The hash
 * covers images, masks and what is known of the cases in file order, and nothing of how the file
 * was written. mask_pixels are those of the masks, whatever `cases` say. */
fgf_status fgf_dataset_writer_finish(fgf_dataset_writer *writer, const fgf_case *cases,
                                     size_t excluded, const char *const *excluded_id,
                                     const char *const *excluded_reason) FGF_CHECKED;
/* Closes and removes an unfinished .part. */
void fgf_dataset_writer_destroy(fgf_dataset_writer **writer);

/* ---- reading ---- */
typedef struct fgf_dataset fgf_dataset;
/* Opens and checks the whole table, not the images. Not collective, no parallel file access: any
 * rank opens and reads for itself. FGF_DATA with one line: no dataset file, damaged, another
 * version; FGF_ENVIRONMENT: cannot be opened at all. */
fgf_status fgf_dataset_open(const char *path, fgf_dataset **out) FGF_CHECKED;
void fgf_dataset_close(fgf_dataset **dataset);
const fgf_cohort *fgf_dataset_cohort(const fgf_dataset *dataset);
size_t fgf_dataset_case_count(const fgf_dataset *dataset);
const fgf_case *fgf_dataset_case(const fgf_dataset *dataset, size_t index);
const char *fgf_dataset_hash(const fgf_dataset *dataset);
const char *fgf_dataset_origin(const fgf_dataset *dataset);
size_t fgf_dataset_excluded_count(const fgf_dataset *dataset);
void fgf_dataset_excluded(const fgf_dataset *dataset, size_t index, const char **id,
                          const char **reason);
/* x [d][h][w][c] and mask [d][h][w] of a case; either may be NULL. */
fgf_status fgf_dataset_read(const fgf_dataset *dataset, size_t index, fgf_real *x,
                            uint8_t *mask) FGF_CHECKED;
/* The hash of a case's image and mask, as stored: equal for equal bytes. Borrowed. */
const char *fgf_dataset_case_hash(const fgf_dataset *dataset, size_t index);
/* Whether x and mask, as fgf_dataset_read gave them, are what was written as this case. */
fgf_status fgf_dataset_case_agrees(const fgf_dataset *dataset, size_t index, const fgf_real *x,
                                   const uint8_t *mask, bool *agrees) FGF_CHECKED;
/* Whether the table of cases and their stored hashes are what was written. Reads no image. */
fgf_status fgf_dataset_table_agrees(const fgf_dataset *dataset, bool *agrees) FGF_CHECKED;
/* Reads every image again and compares the content hash. */
fgf_status fgf_dataset_verify(const fgf_dataset *dataset) FGF_CHECKED;

#endif
