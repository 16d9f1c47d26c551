/* What a results file holds, told by its seals, and by as many of its rows as it takes. */
#ifndef FGF_STORE_SURVEY_H
#define FGF_STORE_SURVEY_H

#include "image.h"

typedef struct survey {
    const store_image *image;
    uint8_t *committed; /* [trial_count] fgf_trial_status: EMPTY, DONE or FAILED */
    uint8_t *crashes;   /* [trial_count] with those of trials that were under way */
    bool *left_running; /* [trial_count] */
    bool *broken;       /* [trial_count] committed, and something does not agree */
    double *time;       /* [trial_count] when it was committed */
    size_t broken_count;
} survey;

/* Reads the small parts of all rows, and of the rows themselves the newest, as `options` ask: what
 * a network file system or a disk without power lost is among those. `image` is borrowed.
 * Released with survey_clear, also after a failure. */
fgf_status survey_create(const store_image *image, fgf_prepare_options options,
                         survey *out) FGF_CHECKED;
void survey_clear(survey *s);

/* Holds one row against its checksum; leaves it in `block` (block_bytes). */
fgf_status survey_read_row(survey *s, size_t trial, char *block) FGF_CHECKED;

/* Writes what was found into the file: rows that are broken, and trials left running, are EMPTY,
 * and the latter have their crashes. Durable when it returns. */
fgf_status survey_settle(const survey *s) FGF_CHECKED;

#endif
