/* What a feature's file provides to the registry. */
#ifndef FGF_FEATURE_PRIVATE_H
#define FGF_FEATURE_PRIVATE_H

#include "fgf/feature.h"

#include <stdbool.h>

/* Every feature's settings struct begins with this, every table of keys with FEATURE_CHANNEL_KEY.
 */
typedef struct feature_settings {
    int64_t channel;
} feature_settings;

enum { FEATURE_CHANNELS_MAX = 16 };

#define FEATURE_CHANNEL_KEY                                                                        \
    {                                                                                              \
        "channel", FGF_KEY_INTEGER, offsetof(feature_settings, channel), "0", 0,                   \
            FEATURE_CHANNELS_MAX - 1, NULL, "", "the image channel that the feature reads"         \
    }

typedef struct feature_ops {
    fgf_item_kind kind;      /* REQUIRED: name, help, keys, settings */
    const char *unit;        /* REQUIRED: of h; q = the channel's stored unit */
    const char *unit_volume; /* OPTIONAL: the same where depth > 1, if it differs */
    bool stored_units;       /* `value` below is q = slope x + intercept; else x */
    bool defined_when_empty; /* h of an empty region is 0; else it is undefined */
    bool volumes_only;       /* refused where depth is 1 */

    /* OPTIONAL: refuses settings that do not fit (FGF_USAGE with item->where), fills `map` or
     * `state`. */
    fgf_status (*prepare)(fgf_feature *feature, const fgf_item *item);

    /* OPTIONAL: frees `state`. */
    void (*clear)(fgf_feature *feature);

    /* OPTIONAL: the doubles of `work` that share and evaluate need; may read the feature's settings
     * and shape (it may not be prepared yet), and of the region pixel_count and shape, which is
     * here the extent of its box: it never decreases with either. */
    size_t (*work)(const fgf_feature *feature, const fgf_region *region);

    /* OPTIONAL: puts at the beginning of `work` what depends on the region, `value` and the
     * settings alone; with_gradient: also what gradients need. Of regions with pixels. Features
     * that have the same `share` and equal settings share it, so `evaluate` must leave it as it is.
     */
    void (*share)(const fgf_feature *feature, const fgf_region *region, const double *value,
                  double *work, bool with_gradient);

    /* REQUIRED: h and, if gradient is not NULL, its gradient in `value`, both [N] over the
     * region's pixels. `work` holds what `share` put there; where there is none, what an earlier
     * evaluation left in it. What is written where the feature is undefined does not matter. */
    fgf_undefined (*evaluate)(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient);
} feature_ops;

struct fgf_feature {
    const feature_ops *ops;
    char *name;
    const char *unit; /* of h; `prepare` may put another one here */
    void *settings;   /* a copy; texts in it are the item's and not used after creation */
    fgf_shape shape;
    fgf_units units;
    int channel;
    double *map; /* linear: [pixels]; else NULL */
    void *state; /* the kind's own, made by prepare; else NULL */
};

/* Slice, row and column of the region's pixel i, in mm from the centre of the crop's first pixel.
 */
static inline double region_slice(const fgf_region *region, size_t i)
{
    return region->pixel[i] / region->shape.width / region->shape.height * region->spacing[0];
}
static inline double region_row(const fgf_region *region, size_t i)
{
    return region->pixel[i] / region->shape.width % region->shape.height * region->spacing[1];
}
static inline double region_column(const fgf_region *region, size_t i)
{
    return region->pixel[i] % region->shape.width * region->spacing[2];
}
static inline void region_place(const fgf_region *region, size_t i, double place[3])
{
    place[0] = region_slice(region, i);
    place[1] = region_row(region, i);
    place[2] = region_column(region, i);
}

#endif
