/* What the files of the split share. */
#ifndef DATA_SPLIT_PRIVATE_H
#define DATA_SPLIT_PRIVATE_H

#include "fgf/split.h"
#include "fgf/text.h"

/* One patient: all of whose cases have one role. */
typedef struct patient {
    const char *name;
    const char *centre; /* the first in order, of those cases that have a role and a label */
    uint64_t draw;
    int8_t class; /* 1 with an event in any case, -1 without any label */
    int8_t role;
} patient;

/* ---- which cases: roles before cases without a label are taken out (split_file.c, split_centre.c)
 */

/* The roles that settings->file gives. */
fgf_status fgf_split_by_file(const fgf_split_settings *settings, const fgf_case *const *cases,
                             size_t count, int8_t *role) FGF_CHECKED;
fgf_status fgf_split_by_centre(const fgf_split_settings *settings, const fgf_case *const *cases,
                               size_t count, int8_t *role) FGF_CHECKED;
fgf_status fgf_split_leave_centre_out(const fgf_split_settings *settings,
                                      const fgf_case *const *cases, size_t count,
                                      int8_t *role) FGF_CHECKED;
/* What the kind of split says of each case by itself: one of the three above, else train. */
fgf_status fgf_split_first_roles(const fgf_split_settings *settings, const fgf_case *const *cases,
                                 size_t count, int8_t *role) FGF_CHECKED;

/* The distinct centres of the cases, of those with a label where `labelled`; sorted, into `names`
 * [count]. Returns how many. */
size_t fgf_split_list_centres(const fgf_case *const *cases, size_t count, bool labelled,
                              const char **names);

/* ---- which patients (split_fold.c) ---- */

/* The name that cases of one patient share. */
const char *fgf_split_patient(const fgf_case *item);

/* Whether strata are of centres too. */
bool fgf_split_by_centres(const fgf_split_settings *settings);

/* Each changes roles of training patients. They sort `patients`. */
fgf_status fgf_split_assign_fold(const fgf_split_settings *settings, patient *patients,
                                 size_t count) FGF_CHECKED;
fgf_status fgf_split_assign_inner(const fgf_split_settings *settings, patient *patients,
                                  size_t count) FGF_CHECKED;
fgf_status fgf_split_set_aside(const fgf_split_settings *settings, patient *patients,
                               size_t count) FGF_CHECKED;

/* FGF_OK without faults; else FGF_USAGE with the faults in one message, a line each; of many, the
 * first and how many more there are. */
fgf_status fgf_split_refuse(const fgf_faults *faults) FGF_CHECKED;

#endif
