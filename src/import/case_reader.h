/* One case from its files: read, checked, preprocessed. Not collective. */
#ifndef FGF_IMPORT_CASE_READER_H
#define FGF_IMPORT_CASE_READER_H

#include "manifest.h"

enum { FGF_REASON_BYTES = 512 };

typedef enum fgf_case_state {
    FGF_CASE_UNREAD, /* 0, so that ranks can merge tables by bitwise or */
    FGF_CASE_GOOD,
    FGF_CASE_BAD,
    FGF_CASE_MISSING /* its first image is not there, and the manifest wants such cases left out */
} fgf_case_state;

/* What became of a candidate: plain bytes, merged between ranks. */
typedef struct fgf_case_outcome {
    int32_t state, slice;
    int32_t slices; /* of the volume; 0 = the input was a slice */
    fgf_shape shape;
    double spacing[3];        /* mm: z, y, x of the result; z of a slice is 1 */
    double source_spacing[3]; /* mm: z, y, x of the files; NaN = not known */
    char mask_source[32], source[FGF_CASE_SOURCE], source_hash[FGF_HASH_TEXT];
    char regions[FGF_CASE_REGIONS]; /* structures that were joined */
    char remarks[FGF_REASON_BYTES]; /* what is worth saying and no fault */
    char reason[FGF_REASON_BYTES];  /* BAD, MISSING */
} fgf_case_outcome;

/* Reads a case. A fault of the case's own is an outcome and not an error: then image and mask
 * are NULL and `outcome` says why. Else image (planar [c][d][h][w]) and mask [d][h][w] are the
 * caller's. Errors: FGF_MEMORY; FGF_USAGE: a pattern of source.regions that is none, a build
 * without the format. */
fgf_status fgf_case_read(const fgf_manifest *manifest, const fgf_candidate *candidate,
                         fgf_case_outcome *outcome, float **image, uint8_t **mask) FGF_CHECKED;

#endif
