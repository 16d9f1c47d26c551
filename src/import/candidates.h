/* The rows of the outcome tables: which cases there may be, and what is known of them. Not
 * collective. */
#ifndef FGF_IMPORT_CANDIDATES_H
#define FGF_IMPORT_CANDIDATES_H

#include "hide.h"
#include "manifest.h"

typedef struct fgf_candidates {
    fgf_candidate *list; /* [count] in the order of their ids */
    size_t count;
    char **text; /* [text_count] patterns of the regions' tables */
    size_t text_count;
    const char **pattern; /* what the candidates' choices point into */
    fgf_names secrets;    /* where the manifest hides names: those of files, ids and patients */
} fgf_candidates;

/* Reads the outcome tables and the tables of regions. All faults of the tables are printed.
 * FGF_DATA. *out is to be cleared in failure too: its secrets say what the error may not tell. */
fgf_status fgf_candidates_read(const fgf_manifest *manifest, fgf_candidates *out) FGF_CHECKED;
void fgf_candidates_clear(fgf_candidates *candidates);

/* Gives every candidate its patterns: those of source.regions_table, then source.regions. */
fgf_status fgf_candidates_add_regions(const fgf_manifest *manifest,
                                      fgf_candidates *candidates) FGF_CHECKED;

/* FGF_DATA where there are faults; they are printed, but for names that are to be hidden. */
fgf_status fgf_candidates_report(const fgf_manifest *manifest, const fgf_candidates *candidates,
                                 const fgf_faults *faults, const char *what) FGF_CHECKED;

/* Warns of every event without a time that makes label 0. */
void fgf_candidates_warn(const fgf_manifest *manifest, const fgf_candidates *candidates);

/* The label rule: 0 or 1, or -1 where there is no event column or *out_because says why the
 * candidate has none (and is out, unless table.outside_rule keeps it). unknown_time: what an event
 * without a time is, table.unknown_time. */
int fgf_label(const fgf_table_settings *settings, double event, double time, double follow_up,
              const char **out_because);

#endif
