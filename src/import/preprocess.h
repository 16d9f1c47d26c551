/* From an image as it was read to x and Omega. A slice is an image of depth 1, and all steps are
 * the same for slices and volumes. Not collective. */
#ifndef FGF_IMPORT_PREPROCESS_H
#define FGF_IMPORT_PREPROCESS_H

#include "fgf/box.h"
#include "fgf/dataset.h"
#include "fgf/image.h"
#include "fgf/key.h"
#include "fgf/spec.h"
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
    int take, slice, interpolation, grid, crop, above, quantise, resample_mask;
    int64_t slices; /* of a stack */
    bool masked, transpose;
    double smooth_sigma, smooth_truncate, mask_threshold;
} fgf_preprocess;
enum { FGF_TAKE_SLICE, FGF_TAKE_STACK, FGF_TAKE_VOLUME };
enum { FGF_CROP_MASK, FGF_CROP_IMAGE };
enum { FGF_ABOVE_CLAMP, FGF_ABOVE_ZERO };
enum { FGF_QUANTISE_NONE, FGF_QUANTISE_8BIT };
enum { FGF_RESAMPLE_NO, FGF_RESAMPLE_NEAREST };
extern const fgf_key fgf_preprocess_keys[];

/* The faults of the section that the keys' table cannot see. flat: the source has slices only. */
void fgf_preprocess_check(const fgf_config *config, const fgf_preprocess *settings, bool flat,
                          fgf_faults *faults);

/* The slices that one image of a case gives: 1, or the channels of a stack. */
int fgf_preprocess_slices(const fgf_preprocess *settings);

/* The part of an image that its result is made of, in stored units, all channels on one grid. Axes
 * are z, y, x. */
typedef struct fgf_part {
    int channels;
    int whole[3];                    /* voxels of the image */
    double spacing[3];               /* mm */
    fgf_box inside;                  /* bounding box of the image's mask; empty: an empty mask */
    fgf_box box;                     /* where in the image the part lies */
    double *value[FGF_CHANNELS_MAX]; /* [z][y][x] of the box */
    uint8_t *mask;                   /* the same */
} fgf_part;
void fgf_part_clear(fgf_part *part);

/* Sets part->box to what the result depends on, from whole, spacing and inside: for slices all, for
 * volumes the crop and what smoothing and resampling look at around it. FGF_DATA: an empty mask,
 * a spacing that makes the image vanish or too large. */
fgf_status fgf_part_plan(const fgf_preprocess *settings, fgf_part *part) FGF_CHECKED;

/* Carries out, in this order: stored value 0 outside the mask (where masked), Gaussian smoothing,
 * masked again, resampling of values and mask, masked again, crop or pad, window to [0, 1],
 * quantisation, 0 outside the mask. `window` holds a pair a channel. The part is changed. image:
 * planar [c][d][h][w], mask [d][h][w], both owned by the caller (fgf_free); *shape and spacing (z,
 * y, x) are the result's. FGF_DATA: empty mask, a value that is not finite. */
fgf_status fgf_preprocess_part(const fgf_preprocess *settings, const double (*window)[2],
                               fgf_part *part, fgf_shape *shape, double spacing[3], float **image,
                               uint8_t **mask) FGF_CHECKED;

/* x of a stored value. */
double fgf_preprocess_value(const fgf_preprocess *settings, const double window[2], double value);

/* Masks hold 0 and 1. Fills what the border cannot be reached from: background voxels (0) of
 * [z][y][x] that no path over background voxels with a common face joins to the border become 1. Of
 * a slice (depth 1) the border is its edge, and paths run in it. */
fgf_status fgf_fill_holes(uint8_t *mask, const int extent[3]) FGF_CHECKED;

/* The bounding box of what is not 0; empty where all is. */
fgf_box fgf_mask_bounds(const uint8_t *mask, const int extent[3]);

#endif
