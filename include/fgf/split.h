/* Which cases train a trial, which watch it, which test it. */
#ifndef FGF_SPLIT_H
#define FGF_SPLIT_H

#include "fgf/dataset.h"
#include "fgf/key.h"
#include "fgf/status.h"

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
    FGF_SPLIT_FIXED,  /* a file says */
    FGF_SPLIT_CENTRE, /* by centre */
    FGF_SPLIT_KFOLD,  /* stratified folds, `fold` is the test part */
    FGF_SPLIT_NONE    /* every labelled case trains */
} fgf_split_kind;

typedef struct fgf_split_settings {
    int kind; /* fgf_split_kind */
    const char *file;
    fgf_texts train_centres, validation_centres, test_centres;
    int64_t folds, fold;
    double validation;
    int64_t seed;
} fgf_split_settings;
extern const fgf_key fgf_split_keys[];

/* role[i] (an fgf_role) of every case.
 *
 * All cases of a patient have one role. A case without a label is out, whatever else is asked for.
 * Where a share of the training patients is set aside for validation, and in kfold, patients are
 * drawn within each class (a patient with an event in any case is of class 1) by (seed, patient)
 * alone: the order of the cases does not matter. In kfold, patient p of a class in the order of its
 * draws belongs to fold p mod folds, the second class going on where the first ended.
 *
 * fixed: lines "id,role" (blank lines, '#' comments and a header "id,role" are skipped); cases
 * that the file does not name are out. centre: without test_centres, every centre not named
 * elsewhere is tested.
 *
 * FGF_USAGE: a centre or id that no case has (all of them, with the nearest name), fold out of
 * range, a patient with two roles. FGF_DATA: a split
 * file that cannot be read. Not collective: every rank gets the same result. */
fgf_status fgf_split_assign(const fgf_split_settings *settings, const fgf_dataset *dataset,
                            int8_t *role) FGF_CHECKED;

/* The same for plain cases. */
fgf_status fgf_split_cases(const fgf_split_settings *settings, const fgf_case *const *cases,
                           size_t count, int8_t *role) FGF_CHECKED;

#endif
