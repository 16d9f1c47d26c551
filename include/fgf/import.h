/* Import: a manifest, an outcome table and image files become one dataset file.
 *
 * The manifest is a YAML file with the sections `source`, `channels`, `table`, `preprocess`;
 * fgf_import_schema describes every key. In words:
 *
 *   rows      every row of the table is a candidate, in the order of its id
 *   label     event = 1 and time <= horizon: 1; else 0. A candidate is in if follow_up >= horizon
 * or event = 1; the others are excluded, the reason is stored. horizon 0: label = event.
 *             table.unknown_time says what an event without a time is
 *   images    source.image with {id} filled in, one a channel; PNG slices or NIfTI volumes
 *   Omega     the mask file; without one, pixels with x > 0, enclosed holes filled ("derived")
 *   bad case  a file that is missing, damaged, or does not fit the cohort */
#ifndef FGF_IMPORT_H
#define FGF_IMPORT_H

#include "fgf/group.h"
#include "fgf/hash.h"
#include "fgf/real.h"
#include "fgf/spec.h"
#include "fgf/status.h"

#include <stdint.h>

typedef struct fgf_import_options {
    const char *const *overrides; /* "key=value" laid over the manifest */
    size_t override_count;
    bool exclude_bad_cases; /* else the first bad case decides that nothing is written */
    /* Told on every rank what the import is at: "read", "case" of all, "finish"; may be NULL. */
    void (*progress)(void *state, const char *phase, size_t done, size_t total);
    void *state;
} fgf_import_options;

typedef struct fgf_import_summary {
    size_t cases, events, patients;
    size_t excluded; /* by the label rule or for want of files, with the reason stored */
    size_t bad;      /* bad cases, excluded too */
    fgf_shape shape;
    double spacing[3]; /* mm: z, y, x */
    char hash[FGF_HASH_TEXT];
} fgf_import_summary;

/* What a manifest may say; static. */
const fgf_schema *fgf_import_schema(void);

/* Imports. Collective over `group` (NULL = this process alone) with equal arguments; cases are
 * dealt out over its ranks, and the file is the same for any number of them. access_list: as for
 * fgf_dataset_writer_create. A rank holds one case in memory. options NULL = none; summary may be
 * NULL. All faults of the manifest (FGF_USAGE), of the table or of the cases (FGF_DATA) are printed
 * on the rank that prints, one line each; then nothing is left under the name `output`. Where bad
 * cases are excluded, each is printed as a warning. */
fgf_status fgf_import(const char *manifest, const char *output, const fgf_import_options *options,
                      int64_t access_list, fgf_group *group,
                      fgf_import_summary *summary) FGF_CHECKED;

#endif
