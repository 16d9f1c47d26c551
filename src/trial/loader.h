/* The cases of the coming microbatches: read and augmented while the one before is computed.
 *
 * Where no case has to be read and no core is to spare, everything is done in the calling thread:
 * a thread beside the computing one would only take turns with it. What is loaded does not depend
 * on who loads it: augmentation is drawn by (seed, epoch, case). */
#ifndef FGF_TRIAL_LOADER_H
#define FGF_TRIAL_LOADER_H

#include "trial_internal.h"

/* What one microbatch is made of. */
typedef struct case_list {
    const uint32_t *cases; /* [count] */
    size_t count;
} case_list;

/* A microbatch in memory; borrowed until the next call of loader_next or loader_plan. */
typedef struct loaded_cases {
    fgf_real *x;   /* [count][d][h][w][c] */
    uint8_t *mask; /* [count][d][h][w] */
    fgf_box *box;  /* [count] beyond which image and mask are zero */
} loaded_cases;

/* Borrows the trial. `greatest`: cases of a microbatch, at most. */
fgf_status loader_create(const trial *t, size_t greatest, loader **out) FGF_CHECKED;
/* Waits for what is being loaded. NULL inside is fine. */
void loader_destroy(loader **load);

/* The microbatches that loader_next will give, in order; `plan` [count] and its cases are borrowed
 * until the next plan. Until the last of them was given, nothing else may ask the context for
 * cases. FGF_MEMORY: no room for a second microbatch. */
fgf_status loader_plan(loader *load, const case_list *plan, size_t count,
                       int64_t epoch) FGF_CHECKED;
/* The next one. Errors of reading are told here, by the microbatch that they stand in. */
fgf_status loader_next(loader *load, loaded_cases *out) FGF_CHECKED;

#endif
