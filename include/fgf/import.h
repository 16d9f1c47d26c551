/* Import: a manifest, outcome tables and image files become one dataset file.
 *
 * The manifest is a YAML file with the sections `source`, `channels`, `table`, `preprocess`;
 * fgf_import_schema describes every key. In words:
 *
 *   rows      every row of the tables is a candidate, in the order of its id
 *   label     event = 1 and time <= horizon: 1; else 0. A candidate is in if follow_up >= horizon
 *             or event = 1; the others are excluded, the reason is stored. horizon 0: label =
 * event. table.unknown_time says what an event without a time is images    source.image with {id}
 * filled in, one a channel: PNG slices, NIfTI or NRRD volumes, folders of DICOM files Omega     the
 * mask file, or the structures that source.regions asks for; without either, pixels with x > 0,
 * enclosed holes filled ("derived") bad case  a file that is missing, damaged, or does not fit the
 * cohort
 *
 * Cases are read by the ranks as they get to them, the largest first. Each finished one is a file
 * in the folder OUTPUT.cases, where an import that was interrupted goes on: a case is read again
 * where its files (names, sizes, times), its regions or the preprocessing have changed. At the end
 * the first rank puts the dataset together in the order of the ids, so that the file is the same,
 * byte for byte, for any number of ranks and interruptions, and removes the folder. */
#ifndef FGF_IMPORT_H
#define FGF_IMPORT_H

#include "fgf/dataset.h"
#include "fgf/group.h"
#include "fgf/hash.h"
#include "fgf/real.h"
#include "fgf/spec.h"
#include "fgf/status.h"

#include <stdint.h>

/* What an import is at, as far as this rank knows. */
typedef struct fgf_import_progress {
    const char *phase;      /* "survey", "case", "write" */
    size_t done, total;     /* cases */
    double bytes, of_bytes; /* of the files of these cases */
    double old_bytes;       /* of `bytes`, those of an earlier start */
} fgf_import_progress;

typedef struct fgf_import_options {
    const char *const *overrides; /* "key=value" laid over the manifest */
    size_t override_count;
    bool exclude_bad_cases; /* else the first bad case decides that nothing is written */
    /* A key file, made where there is none: ids and patients become pseudonyms, and no name of a
     * file or folder and no original id reaches the dataset or a message. NULL = no. */
    const char *pseudonym_key;
    /* With a key: a table of ids, pseudonyms and what was said of each case in full. NULL = none.
     */
    const char *mapping;
    void (*progress)(void *state, const fgf_import_progress *progress); /* on every rank; or NULL */
    bool (*stop)(void *state); /* asked between cases; NULL = go on to the end */
    void *state;
} fgf_import_options;

typedef struct fgf_import_summary {
    size_t cases, events, patients;
    size_t excluded; /* by the label rule or for want of files, with the reason stored */
    size_t bad;      /* bad cases, excluded too */
    size_t kept;     /* cases that an earlier start had finished */
    fgf_shape shape;
    double spacing[3]; /* mm: z, y, x */
    char hash[FGF_HASH_TEXT];
} fgf_import_summary;

/* What a manifest may say; static. */
const fgf_schema *fgf_import_schema(void);

/* Imports. Collective over `group` (NULL = this process alone) with equal arguments; all ranks see
 * the same files. `output` and the mapping are looked at first of all (fgf_output_file,
 * fgf_output_check). A rank holds one case in memory. options NULL = none; summary may be NULL. All
 * faults of the manifest (FGF_USAGE), of the tables or of the cases (FGF_DATA) are printed on the
 * rank that prints, one line each; then what was under the name `output` is left as it was. Where
 * bad cases are excluded, each is printed as a warning. FGF_STOPPED on request, FGF_ENVIRONMENT
 * where files cannot be written; in all these cases finished cases are kept for the next start. */
fgf_status fgf_import(const char *manifest, const char *output, const fgf_import_options *options,
                      fgf_group *group, fgf_import_summary *summary) FGF_CHECKED;

/* What an import would do, and nothing of it: every candidate in or out, with the files, series and
 * structures found for it and the choice among them. No voxel is read. The text is the same on
 * every rank; bad cases are part of it. Collective, errors as above. */
fgf_status fgf_import_list(const char *manifest, const fgf_import_options *options,
                           fgf_group *group, fgf_buffer *out) FGF_CHECKED;

/* table.horizon of the import that a dataset comes from, by the manifest that it keeps; -1 where it
 * keeps none or there was no event column. Errors: FGF_MEMORY. */
fgf_status fgf_import_horizon(const fgf_dataset *dataset, double *out) FGF_CHECKED;

#endif
