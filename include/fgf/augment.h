/* Augmentation of training cases: flips, rotations, shifts, noise; image and mask move together. */
#ifndef FGF_AUGMENT_H
#define FGF_AUGMENT_H

#include "fgf/key.h"
#include "fgf/random.h"
#include "fgf/real.h"

#include <stdint.h>

typedef struct fgf_augment_settings {
    bool flip_slice, flip_row, flip_column; /* each with probability 1/2 */
    bool rotate90;                          /* 0, 90, 180 or 270 degrees alike */
    double rotation_degrees;                /* uniform in [-this, this] */
    int64_t shift_slices;                   /* uniform in -this .. this */
    int64_t shift_pixels;                   /* rows and columns each uniform in -this .. this */
    double noise;                           /* standard deviation, in x */
} fgf_augment_settings;
extern const fgf_key fgf_augment_keys[];

/* True if any augmentation is on. */
bool fgf_augment_any(const fgf_augment_settings *settings);

/* One augmented case; rows and columns move in every plane alike. Open `stream` with (seed,
 * FGF_PURPOSE_AUGMENTATION, epoch, case key); each operation has draws of its own, so switching one
 * on changes no other.
 *
 * x, x_out: [d][h][w][c]; mask, mask_out: [d][h][w]; in and out must not overlap. The order is
 * flip, right angle, rotation about the image's centre, shift, noise. Flips, right angles and
 * shifts are exact; a rotation reads x bilinearly and the mask at the nearest pixel, zero beyond
 * the border. Planes that are not square turn by 0 or 180 degrees only. With `masked`, x_out = 0
 * where mask_out = 0. Noise is added where mask_out is not 0. Allocates nothing. */
void fgf_augment(const fgf_augment_settings *settings, fgf_stream stream, fgf_shape shape,
                 const fgf_real *x, const uint8_t *mask, bool masked, fgf_real *x_out,
                 uint8_t *mask_out);

#endif
