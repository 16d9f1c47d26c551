/* Which cases train a trial, which watch it, which test it. */
#ifndef FGF_SPLIT_H
#define FGF_SPLIT_H

#include "fgf/dataset.h"
#include "fgf/key.h"
#include "fgf/status.h"
#include "fgf/text.h"

#include <stdint.h>

/* value, name in results and in split files */
#define FGF_ROLE_TABLE(X)                                                                          \
    X(OUT, "out")                                                                                  \
    X(TRAIN, "train")                                                                              \
    X(VALIDATION, "validation")                                                                    \
    X(TEST, "test")
typedef enum fgf_role {
#define FGF_ROLE_NAME(name, text) FGF_ROLE_##name,
    FGF_ROLE_TABLE(FGF_ROLE_NAME)
#undef FGF_ROLE_NAME
        FGF_ROLE_COUNT
} fgf_role;

/* The name of a role; never NULL. */
const char *fgf_role_name(fgf_role role);

typedef enum fgf_split_kind {
    FGF_SPLIT_FIXED,           /* a file says */
    FGF_SPLIT_CENTRE,          /* by centre */
    FGF_SPLIT_KFOLD,           /* stratified folds, `fold` is the test part */
    FGF_SPLIT_NONE,            /* every labelled case trains */
    FGF_SPLIT_LEAVE_CENTRE_OUT /* one centre is the test part */
} fgf_split_kind;

typedef struct fgf_split_settings {
    int kind; /* fgf_split_kind */
    const char *file;
    fgf_texts train_centres, validation_centres, test_centres;
    int64_t folds, fold;
    const char *centre;  /* leave_centre_out: this one; NULL or "" = number `fold` */
    fgf_texts stratify;  /* "label", which always counts, and "centre" */
    int64_t repeat;      /* kfold: which repetition, each with draws of its own */
    int64_t inner_folds; /* parts of the training patients; 0 = none */
    int64_t inner_fold;  /* which of them is for validation; -1 = none, all of them train */
    double validation;
    int64_t seed;
} fgf_split_settings;
extern const fgf_key fgf_split_keys[];

/* role[i] (an fgf_role) of every case.
 *
 * All cases of a patient have one role. A case without a label is out, whatever else is asked for.
 * Where patients are drawn (kfold, inner folds, a share for validation) it is within each class (a
 * patient with an event in any case is of class 1), by (seed, repeat, what for, patient) alone: the
 * order of the cases does not matter. Patient p of a class in the order of its draws belongs to
 * fold p mod folds, the second class going on where the first ended; so folds differ by one patient
 * at most, of either class and in all. With `centre` among `stratify` a class is dealt centre by
 * centre in the same way, and folds differ by one patient of each class and centre too.
 *
 * fixed: lines "id,role" (blank lines, '#' comments and a header "id,role" are skipped); cases
 * that the file does not name are out. centre: without test_centres, every centre not named
 * elsewhere is tested. leave_centre_out: number `fold` of the centres with a labelled case, sorted,
 * is tested, or the one named; all others train.
 *
 * Nested: with inner_folds the training part of any kind is dealt to folds in turn, of which number
 * inner_fold has the role validation; the test part is the same for all of them.
 *
 * FGF_USAGE: a centre or id that no case has (all of them, with the nearest name), fold out of
 * range, a patient with two roles, a case without a centre where centres decide. FGF_DATA: a split
 * file that cannot be read. Not collective: every rank gets the same result. */
fgf_status fgf_split_assign(const fgf_split_settings *settings, const fgf_dataset *dataset,
                            int8_t *role) FGF_CHECKED;

/* The same for plain cases. */
fgf_status fgf_split_cases(const fgf_split_settings *settings, const fgf_case *const *cases,
                           size_t count, int8_t *role) FGF_CHECKED;

/* How many values `fold` has: folds, centres that can be left out, else 1. */
fgf_status fgf_split_part_count(const fgf_split_settings *settings, const fgf_dataset *dataset,
                                size_t *count) FGF_CHECKED;

/* Appends the settings that matter, one line: "kfold, folds 5, fold 2, seed 1". */
void fgf_split_describe(const fgf_split_settings *settings, fgf_buffer *out);

/* Writes roles as a split file that kind fixed reads back: `comment` (lines, or NULL), the header,
 * a line a case in the order of the dataset. The file is whole or not there. FGF_DATA: an id that
 * such a line cannot hold; FGF_ENVIRONMENT: cannot be written. */
fgf_status fgf_split_write(const char *path, const fgf_dataset *dataset, const int8_t *role,
                           const char *comment) FGF_CHECKED;

/* Two cases that are the same: `first` stands before `second` in the dataset. */
typedef struct fgf_twin {
    size_t first, second;
} fgf_twin;

/* The groups of cases that are not all of one patient and yet have the same image and mask, or the
 * same source files: each case of a group with the group's first. By first, then by second. *out
 * [count] is released with fgf_free. Reads no image. */
fgf_status fgf_split_twins(const fgf_dataset *dataset, fgf_twin **out, size_t *count) FGF_CHECKED;

/* Whether two cases of a group have parts of the split that differ (out is none): *out is the first
 * such pair. */
bool fgf_split_leak(const fgf_twin *twins, size_t count, const int8_t *role, fgf_twin *out);

#endif
