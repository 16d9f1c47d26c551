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

    /* OPTIONAL: refuses settings that do not fit (FGF_USAGE with item->where), fills `map`. */
    fgf_status (*prepare)(fgf_feature *feature, const fgf_item *item);

    /* REQUIRED: h and, if gradient is not NULL, its gradient in `value`, both [N] over the
     * region's pixels. What is written where the feature is undefined does not matter. */
    fgf_undefined (*evaluate)(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *h, double *gradient);
} feature_ops;

struct fgf_feature {
    const feature_ops *ops;
    char *name;
    void *settings; /* a copy; texts in it are the item's and not used after creation */
    fgf_shape shape;
    fgf_units units;
    int channel;
    double *map; /* linear: [pixels]; else NULL */
};

extern const feature_ops fgf_feature_size;
extern const feature_ops fgf_feature_mean;
extern const feature_ops fgf_feature_variance;
extern const feature_ops fgf_feature_skewness;
extern const feature_ops fgf_feature_kurtosis;
extern const feature_ops fgf_feature_centroid_row;
extern const feature_ops fgf_feature_centroid_column;
extern const feature_ops fgf_feature_log_aspect_ratio;
extern const feature_ops fgf_feature_edge_strength;
extern const feature_ops fgf_feature_entropy;
extern const feature_ops fgf_feature_linear;

/* Row and column of the region's pixel i, in mm from the centre of the crop's first pixel. */
static inline double region_row(const fgf_region *region, size_t i)
{
    return region->pixel[i] / region->shape.width % region->shape.height * region->spacing[1];
}
static inline double region_column(const fgf_region *region, size_t i)
{
    return region->pixel[i] % region->shape.width * region->spacing[2];
}

#endif
