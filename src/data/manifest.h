/* The import manifest as read, and the outcome table turned into cases. Not collective. */
#ifndef FGF_DATA_MANIFEST_H
#define FGF_DATA_MANIFEST_H

#include "fgf/dataset.h"
#include "fgf/import.h"
#include "fgf/text.h"
#include "preprocess.h"

enum { FGF_SOURCE_PNG, FGF_SOURCE_NIFTI };
enum { FGF_MISSING_BAD, FGF_MISSING_EXCLUDE };
enum { FGF_UNKNOWN_OUTSIDE, FGF_UNKNOWN_EXCLUDE, FGF_UNKNOWN_INFER };
enum { FGF_OUTSIDE_EXCLUDE, FGF_OUTSIDE_UNLABELLED };
enum { FGF_DECIMAL_AUTO, FGF_DECIMAL_POINT, FGF_DECIMAL_COMMA };

typedef struct fgf_source_settings {
    int kind, missing;
    const char *folder, *image, *mask, *channel;
} fgf_source_settings;

typedef struct fgf_table_settings {
    const char *file, *delimiter, *id, *event, *time, *follow_up, *patient, *centre,
        *centre_pattern;
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
    int channel_count;
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

/* What the table says of a candidate. */
typedef struct fgf_candidate {
    fgf_case known;          /* id, patient, centre, label, event, time, follow_up */
    const char *out_because; /* static text; NULL = in */
} fgf_candidate;

/* The rows of the outcome table in the order of their ids. *out is released with fgf_free. All
 * faults of the table are printed. FGF_DATA. */
fgf_status fgf_candidates_read(const fgf_manifest *manifest, fgf_candidate **out,
                               size_t *count) FGF_CHECKED;

/* The label rule: 0 or 1, or -1 where there is no event column or *out_because says why the
 * candidate has none (and is out, unless table.outside_rule keeps it). unknown_time: what an event without a time is, table.unknown_time. */
int fgf_label(const fgf_table_settings *settings, double event, double time, double follow_up,
              const char **out_because);

#endif
