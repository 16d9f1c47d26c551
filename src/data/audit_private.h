/* What the files of the audit share. */
#ifndef DATA_AUDIT_PRIVATE_H
#define DATA_AUDIT_PRIVATE_H

#include "fgf/audit.h"
#include "fgf/text.h"

/* What one look at a case's image tells. Plain bytes: ranks fill their own cases, zeros elsewhere.
 */
typedef struct case_facts {
    bool damaged;               /* cannot be read; nothing else is known */
    bool agrees;                /* with its hash */
    char image[FGF_HASH_TEXT];  /* of all values */
    char region[FGF_HASH_TEXT]; /* of the values in the mask, wherever each of them lies */
    int64_t pixels;             /* of the mask */
    int64_t outside;            /* pixels outside the mask with a value */
    int64_t components, holes;  /* of the mask; 8 (26) and 4 (6) neighbours */
    int64_t largest;            /* pixels of the largest component */
    bool border[3];             /* the mask touches an end of this axis */
    uint32_t constant;          /* bit c: channel c has one value in the mask */
    int64_t low[FGF_CHANNELS_MAX], high[FGF_CHANNELS_MAX]; /* pixels in the mask at 0 and at 1 */
} case_facts;

/* Looks at one case; x [d][h][w][c] and mask [d][h][w]. work: as many bytes as fgf_audit_work_size
 * says. */
void fgf_audit_look(fgf_shape shape, const fgf_real *x, const uint8_t *mask, void *work,
                    case_facts *out);
size_t fgf_audit_work_size(fgf_shape shape);
/* Its share: components, holes and border (audit_parts.c). */
void fgf_audit_look_at_mask(fgf_shape shape, const uint8_t *mask, void *work, case_facts *out);

/* What checks look at. */
typedef struct audit_input {
    const fgf_dataset *dataset;
    const fgf_audit_settings *settings;
    const fgf_audit_splits *splits;
    const case_facts *facts; /* [count] */
    size_t count;            /* cases */
    bool table_agrees;
} audit_input;

static inline const fgf_case *audit_case(const audit_input *in, size_t i)
{
    return fgf_dataset_case(in->dataset, i);
}

/* Adds an item and raises the verdict. */
fgf_status fgf_finding_add(fgf_finding *finding, fgf_verdict verdict, const char *subject,
                           const char *format, ...) FGF_PRINTF(4, 5) FGF_CHECKED;
/* There is nothing to look at. */
fgf_status fgf_finding_skip(fgf_finding *finding, const char *reason) FGF_CHECKED;

typedef fgf_status audit_check(const audit_input *in, fgf_finding *out);

/* audit_images.c */
audit_check fgf_check_contents, fgf_check_duplicate_images, fgf_check_duplicate_regions,
    fgf_check_duplicate_sources, fgf_check_outside, fgf_check_constant, fgf_check_clipped;
/* audit_masks.c */
audit_check fgf_check_empty_masks, fgf_check_tiny_masks, fgf_check_border, fgf_check_components,
    fgf_check_holes, fgf_check_spacing;
/* audit_outcomes.c */
audit_check fgf_check_one_label, fgf_check_centre_label, fgf_check_missing_outcomes,
    fgf_check_times, fgf_check_untimed_events, fgf_check_label_follow_up, fgf_check_excluded;
/* audit_names.c */
audit_check fgf_check_private_names, fgf_check_similar_names, fgf_check_several_cases,
    fgf_check_patient_labels, fgf_check_patient_centres;
/* audit_splits.c */
audit_check fgf_check_split_faults, fgf_check_torn_patients, fgf_check_split_duplicates,
    fgf_check_split_events;

/* A text of each case, put together with the case's place: cases with one text are neighbours. */
typedef struct keyed_case {
    const char *key;
    size_t index;
} keyed_case;
/* Sorts by key, then by place. */
void fgf_audit_sort(keyed_case *cases, size_t count);
/* The end of the run of equal keys that begins at `first`. */
size_t fgf_audit_run_end(const keyed_case *cases, size_t count, size_t first);

#endif
