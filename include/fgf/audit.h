/* The audit of a cohort: what is wrong with a dataset, or odd, before anything is trained on it.
 *
 * One table of checks; each looks at the table of cases, at facts of their images or at splits, and
 * makes one finding: a verdict, how many things it concerns, and each of them by its id. Nothing is
 * changed. Findings are the same for any number of ranks and in any order of reading. */
#ifndef FGF_AUDIT_H
#define FGF_AUDIT_H

#include "fgf/dataset.h"
#include "fgf/group.h"
#include "fgf/key.h"
#include "fgf/split.h"
#include "fgf/status.h"

#include <stdint.h>

/* value, name; in rising order */
#define FGF_VERDICT_TABLE(X)                                                                       \
    X(SKIPPED, "-")                                                                                \
    X(OK, "ok")                                                                                    \
    X(NOTE, "note")                                                                                \
    X(WARNING, "warning")                                                                          \
    X(FAULT, "fault")
typedef enum fgf_verdict {
#define FGF_VERDICT_NAME(name, text) FGF_VERDICT_##name,
    FGF_VERDICT_TABLE(FGF_VERDICT_NAME)
#undef FGF_VERDICT_NAME
        FGF_VERDICT_COUNT
} fgf_verdict;

/* The name of a verdict; never NULL. */
const char *fgf_verdict_name(fgf_verdict verdict);

/* Where odd begins. */
typedef struct fgf_audit_settings {
    int64_t tiny_pixels;   /* a mask of fewer is tiny */
    double clipped_share;  /* of the values inside the mask at one end of the window */
    double spacing_factor; /* times the cohort's median spacing, or its inverse */
    int64_t least_events;  /* cases of either label that a part of a split should have */
    double horizon;        /* of the label, as in table.horizon; -1 = not known */
} fgf_audit_settings;
extern const fgf_key fgf_audit_keys[];

/* A split to look at. `fault` says why there is none; role is then as far as it was made. */
typedef struct fgf_audit_split {
    char *name, *fault; /* fault NULL = none */
    int8_t *role;       /* [case] */
} fgf_audit_split;

typedef struct fgf_audit_splits {
    fgf_audit_split *split;
    size_t count;
} fgf_audit_splits;

/* Adds a split, or one for each value of fold and inner_fold that it has where `every_part`. A
 * split that cannot be made is added too, with its fault. `{0}` is empty. */
fgf_status fgf_audit_splits_add(fgf_audit_splits *splits, const fgf_split_settings *settings,
                                const fgf_dataset *dataset, bool every_part) FGF_CHECKED;
void fgf_audit_splits_clear(fgf_audit_splits *splits);

/* One thing that a finding is about: a case's id, a patient, a centre, a split; and what of it. */
typedef struct fgf_audit_item {
    char *subject, *detail;
} fgf_audit_item;

typedef struct fgf_finding {
    const char *check;  /* its name: "duplicate_images" */
    const char *what;   /* what was looked for, in a few words */
    const char *advice; /* what to do where it was found */
    fgf_verdict verdict;
    size_t count; /* items */
    fgf_audit_item *items;
    char *reason; /* SKIPPED: why it was not looked at */
    size_t room;  /* for items */
} fgf_finding;

typedef struct fgf_audit fgf_audit;

/* Looks at every case, one image in memory a rank. Collective over the group, with the same
 * settings and splits; each rank gets the same findings. `progress` (may be NULL) is told how many
 * of this rank's cases are done. What cannot be read or differs from its hash is a finding, not an
 * error; FGF_ENVIRONMENT where the file system refuses. */
fgf_status fgf_audit_create(const fgf_dataset *dataset, const fgf_audit_settings *settings,
                            const fgf_audit_splits *splits, fgf_group *group,
                            void (*progress)(size_t done, size_t total),
                            fgf_audit **out) FGF_CHECKED;
void fgf_audit_destroy(fgf_audit **audit);

size_t fgf_audit_count(const fgf_audit *audit);
const fgf_finding *fgf_audit_finding(const fgf_audit *audit, size_t index);
/* The highest of all. */
fgf_verdict fgf_audit_verdict(const fgf_audit *audit);
/* How many checks came to this verdict. */
size_t fgf_audit_tally(const fgf_audit *audit, fgf_verdict verdict);

#endif
