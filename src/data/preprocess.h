/* From a slice as it was read to x and Omega. Not collective. */
#ifndef FGF_DATA_PREPROCESS_H
#define FGF_DATA_PREPROCESS_H

#include "fgf/dataset.h"
#include "fgf/image.h"
#include "fgf/key.h"
#include "fgf/status.h"

typedef enum fgf_slice_rule {
    FGF_SLICE_LARGEST,
    FGF_SLICE_LARGEST_IN_WINDOW,
    FGF_SLICE_MIDDLE
} fgf_slice_rule;

/* Section `preprocess` of a manifest; the keys' table says what each means. */
typedef struct fgf_preprocess {
    fgf_reals window, stored_range, pixel_spacing, spacing;
    fgf_integers size;
    const char *unit;
    int slice, interpolation, grid, crop, above, quantise;
    bool masked, transpose;
    double smooth_sigma, smooth_truncate, mask_threshold;
} fgf_preprocess;
enum { FGF_CROP_MASK, FGF_CROP_IMAGE };
enum { FGF_ABOVE_CLAMP, FGF_ABOVE_ZERO };
enum { FGF_QUANTISE_NONE, FGF_QUANTISE_8BIT };
extern const fgf_key fgf_preprocess_keys[];

/* A slice in stored units, all channels on one grid. */
typedef struct fgf_slice {
    int height, width, channels;
    double spacing[2];               /* mm: row, column */
    double *value[FGF_CHANNELS_MAX]; /* [height][width] */
    double *mask;                    /* [height][width] 0 or 1; NULL = to be derived */
} fgf_slice;
void fgf_slice_clear(fgf_slice *slice);

/* Carries out, in this order: stored value 0 outside the mask (where masked), Gaussian smoothing,
 * masked again, resampling of values and mask, masked again, crop or pad, window to [0, 1],
 * quantisation, 0 outside the mask. A slice without a mask gets one first: the pixels that come to
 * x > 0 in any channel, with enclosed holes filled. `window` holds a pair a channel. The slice is
 * changed. image: planar [c][h][w], mask [h][w], both owned by the caller (fgf_free); *shape and
 * spacing are the result's. FGF_DATA: empty mask, a value that is not finite. */
fgf_status fgf_preprocess_slice(const fgf_preprocess *settings, const double (*window)[2],
                                fgf_slice *slice, fgf_shape *shape, double spacing[2],
                                float **image, uint8_t **mask) FGF_CHECKED;

/* Fills what the border cannot be reached from: background pixels (0) that no path of edge
 * neighbours (4-connected, over background) joins to the border become 1. */
fgf_status fgf_fill_holes(uint8_t *mask, int height, int width) FGF_CHECKED;

#endif
