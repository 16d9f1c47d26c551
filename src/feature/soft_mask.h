/* The soft mask that features of shape are taken of:
 *
 *     m_i = sigmoid((q_i - threshold) / width) in the region, 0 outside of it
 *     dm_i/dq_i = m_i (1 - m_i) / width
 *
 * As width goes to 0 it becomes the mask of the region's pixels above the threshold. */
#ifndef FGF_SOFT_MASK_H
#define FGF_SOFT_MASK_H

#include "feature_private.h"

#include <math.h>

/* The settings struct of such a feature begins with this, its keys are these. */
typedef struct soft_mask_settings {
    feature_settings common;
    double threshold, width;
} soft_mask_settings;

#define SOFT_MASK_KEYS                                                                             \
    FEATURE_CHANNEL_KEY,                                                                           \
        {"threshold",                                                                              \
         FGF_KEY_REAL,                                                                             \
         offsetof(soft_mask_settings, threshold),                                                  \
         "0",                                                                                      \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "q",                                                                                      \
         "intensity, in stored units (HU), above which a pixel counts"},                           \
    {                                                                                              \
        "width", FGF_KEY_REAL, offsetof(soft_mask_settings, width), "10", 1e-9, 1e9, NULL, "q",    \
            "width of the sigmoid that makes the threshold soft, in stored units (HU)"             \
    }

static inline double soft_mask(const soft_mask_settings *settings, double q)
{
    return 1 / (1 + exp(-(q - settings->threshold) / settings->width));
}

/* dm/dq. Not from m, whose distance from 1 is lost far above the threshold, where the direction of
 * a gradient still counts. */
static inline double soft_mask_slope(const soft_mask_settings *settings, double q)
{
    const double tail = exp(-fabs(q - settings->threshold) / settings->width);
    return tail / ((1 + tail) * (1 + tail) * settings->width);
}

/* mm2 of a pixel, mm3 of a voxel where depth > 1. */
static inline double pixel_content(const fgf_region *region)
{
    double depth = region->shape.depth > 1 ? region->spacing[0] : 1;
    return depth * region->spacing[1] * region->spacing[2];
}

/* Of z = y - x in one dimension and of vectors: z^2 / sqrt(z^2 + e^2), |z| but for e^2 / 2 |z|, and
 * without its kink at 0. Here from `square` = |z|^2; *by_square = its derivative in |z|^2. */
static inline double smooth_length(double square, double e, double *by_square)
{
    double inverse = 1 / sqrt(square + e * e);
    *by_square = inverse - 0.5 * square * inverse * inverse * inverse;
    return square * inverse;
}

#endif
