/* An import under way, shared by the files that carry it out. */
#ifndef FGF_IMPORT_IMPORT_PRIVATE_H
#define FGF_IMPORT_IMPORT_PRIVATE_H

#include "candidates.h"
#include "case_reader.h"
#include "case_store.h"
#include "pseudonym.h"

/* Said of a case instead of a message of which it is not known what names it tells. */
#define FGF_UNREADABLE "a folder of the case cannot be read"

/* What is known of a case before it is read: plain bytes, merged between ranks. */
typedef struct case_survey {
    char key[FGF_HASH_TEXT]; /* "" = its files cannot be looked at */
    bool kept;               /* an earlier start has finished it */
    double bytes;            /* of its files */
} case_survey;

/* What was said of a case in full, for the mapping. */
typedef struct full_reason {
    char text[FGF_REASON_BYTES];
} full_reason;

typedef struct import {
    fgf_manifest manifest;
    char *output; /* the file that the name stands for */
    fgf_import_options options;
    fgf_group *group;
    fgf_pseudonym_key key; /* where the manifest hides names */
    fgf_candidates candidates;
    size_t *included; /* [included_count] indices of candidates that are in */
    size_t included_count;
    fgf_case_store store;
    case_survey *surveys;       /* [included_count] */
    fgf_case_outcome *outcomes; /* [included_count]; all ranks' after they are merged */
    full_reason *reasons;       /* [included_count], with a mapping; else NULL */
    bool *done;                 /* [included_count] as far as this rank knows */
    size_t kept, bad;
    fgf_import_progress progress;
} import;

static inline fgf_candidate *import_candidate(const import *im, size_t position)
{
    return &im->candidates.list[im->included[position]];
}

void import_show(import *im, const char *phase);

/* Reads a manifest and its tables; on every rank. Collective. */
fgf_status import_prepare(import *im, const char *manifest) FGF_CHECKED;

/* Takes names out of what is said of a case. */
fgf_status import_conceal(import *im, size_t position) FGF_CHECKED;

/* On the first rank, with all outcomes: reports bad cases, writes the dataset and the mapping. */
fgf_status import_write(import *im, fgf_import_summary *summary) FGF_CHECKED;
/* On the first rank: the mapping, where one is asked for. */
fgf_status import_write_mapping(const import *im) FGF_CHECKED;

void import_clear(import *im);

#endif
