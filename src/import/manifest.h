/* The import manifest as read, and the outcome table turned into cases. Not collective. */
#ifndef FGF_IMPORT_MANIFEST_H
#define FGF_IMPORT_MANIFEST_H

#include "fgf/contour.h"
#include "fgf/dataset.h"
#include "fgf/import.h"
#include "fgf/text.h"
#include "preprocess.h"

enum { FGF_SOURCE_PNG, FGF_SOURCE_NIFTI, FGF_SOURCE_NRRD, FGF_SOURCE_DICOM };
enum { FGF_MISSING_BAD, FGF_MISSING_EXCLUDE };
enum { FGF_UNKNOWN_OUTSIDE, FGF_UNKNOWN_EXCLUDE, FGF_UNKNOWN_INFER };
enum { FGF_OUTSIDE_EXCLUDE, FGF_OUTSIDE_UNLABELLED };
enum { FGF_DECIMAL_AUTO, FGF_DECIMAL_POINT, FGF_DECIMAL_COMMA };

typedef struct fgf_source_settings {
    int kind, missing;
    const char *folder, *image, *mask, *channel;
    const char *modality;      /* of the series that is meant: "CT" */
    fgf_texts regions;         /* patterns of structures, for every case */
    fgf_texts regions_table;   /* files with further ones, a row a case, which go first */
    const char *regions_id;    /* its column of the case */
    fgf_texts regions_columns; /* its columns of structures, all of them joined */
} fgf_source_settings;

typedef struct fgf_table_settings {
    fgf_texts file;
    const char *delimiter, *id, *event, *time, *follow_up, *patient, *centre, *centre_pattern;
    int decimal, unknown_time, outside_rule;
    double horizon;
} fgf_table_settings;

/* One image of a case. */
typedef struct fgf_channel_settings {
    const char *pattern, *unit;
    fgf_reals window;
} fgf_channel_settings;

typedef struct fgf_manifest {
    fgf_sweep *sweep; /* owns all texts below */
    const char *name;
    fgf_source_settings source;
    fgf_table_settings table;
    fgf_preprocess preprocess;
    char **table_file;   /* [table.file.count] as they can be opened */
    char **regions_file; /* [source.regions_table.count] */
    bool hides_names;    /* ids become pseudonyms */
    bool has_channels;   /* the list `channels` is given */
    int channel_count;   /* images of a case; a stack makes several channels of each */
    const char *pattern[FGF_CHANNELS_MAX];
    fgf_channel channel[FGF_CHANNELS_MAX];
    double window[FGF_CHANNELS_MAX][2];
    char *preprocessing; /* canonical text */
    char *origin;        /* the manifest's text and the overrides */
} fgf_manifest;

/* Reads and checks a manifest; all its faults are printed. FGF_USAGE. */
fgf_status fgf_manifest_load(const char *path, const fgf_import_options *options,
                             fgf_manifest *out) FGF_CHECKED;
void fgf_manifest_clear(fgf_manifest *manifest);

/* What the tables say of a candidate. */
typedef struct fgf_candidate {
    fgf_case known; /* id, patient, centre, label, event, time, follow_up */
    char
        source_id[FGF_CASE_ID]; /* stands for {id} in names of files; known.id may be a pseudonym */
    const char *out_because;    /* static text; NULL = in */
    fgf_structure_choice regions; /* its own patterns, then the manifest's; borrowed */
} fgf_candidate;

#endif
