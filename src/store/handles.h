/* The two handles on a results file, for the code that works with both. */
#ifndef FGF_STORE_HANDLES_H
#define FGF_STORE_HANDLES_H

#include "image.h"

struct fgf_store {
    store_image image;
    char *block; /* one row */
};

struct fgf_store_reader {
    store_image image;
    uint8_t *status;       /* [trial] of which the seal agrees */
    uint8_t *crashes;      /* [trial] */
    size_t unsealed_count; /* said to be committed, and the seal does not agree */
    uint8_t *verdicts;     /* [trial] what was found of the whole row */
    char *block;           /* one row ... */
    size_t held;           /* ... of this trial; SIZE_MAX = none */
    char *small;           /* the small parts of some rows ... */
    image_commitment *said;
    size_t small_first, small_count; /* ... of these trials */
};

/* Brings a committed and whole row into reader->block; FGF_DATA where it is not. */
fgf_status reader_hold(fgf_store_reader *reader, size_t trial) FGF_CHECKED;

#endif
