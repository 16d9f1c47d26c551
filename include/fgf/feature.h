/* Interpretable features h(x) with exact gradients over a region Omega.
 *
 * What IBSI defines is taken from its reference manual (Zwanenburg et al., Radiology 295:328
 * (2020)); each file names the tags and says how its form becomes the defined one as a width goes
 * to 0.
 *
 * A region lists the pixels that an inner product runs over. Vectors over it are "compact": for
 * each channel of Omega, in order, its pixels in raster order; length channel_count * pixel_count.
 * A feature reads one channel; its gradient is zero on the others. */
#ifndef FGF_FEATURE_H
#define FGF_FEATURE_H

#include "fgf/key.h"
#include "fgf/real.h"
#include "fgf/status.h"

#include <stdint.h>

typedef struct fgf_region {
    fgf_shape shape;      /* of the whole image */
    size_t pixel_count;   /* N; may be 0 */
    const int32_t *pixel; /* [N] (z * height + y) * width + x, increasing */
    size_t channel_count; /* channels of Omega */
    const int *channel;   /* [channel_count], increasing */
    double spacing[3];    /* mm: z, y, x */
} fgf_region;

static inline size_t fgf_region_size(const fgf_region *r)
{
    return r->pixel_count * r->channel_count;
}
/* compact[...] = image at the region / image = 0 but compact on the region / image region =
 * compact. Images are channels last. */
void fgf_region_gather(const fgf_region *region, const fgf_real *image, fgf_real *compact);
void fgf_region_scatter(const fgf_region *region, const fgf_real *compact, fgf_real *image);
void fgf_region_place(const fgf_region *region, const fgf_real *compact, fgf_real *image);

/* The extents of the least box around the region's pixels, with the image's channels; 0 where it
 * has none. */
fgf_shape fgf_region_extent(const fgf_region *region);

/* A region with memory of its own. */
typedef struct fgf_region_owner {
    fgf_region region;
    int32_t *pixel;
    int *channel;
} fgf_region_owner;
/* Omega from a mask [d][h][w] (non-zero = inside), dilated by `dilate_mm` (Euclidean, 0 = as it
 * is), or the whole crop where whole is true (mask may then be NULL). channels: which channels it
 * covers, increasing. FGF_USAGE: spacing, radius or channels that cannot be. */
fgf_status fgf_region_create(fgf_shape shape, const double spacing[3], const uint8_t *mask,
                             double dilate_mm, bool whole, const int *channels,
                             size_t channel_count, fgf_region_owner *out) FGF_CHECKED;
void fgf_region_clear(fgf_region_owner *owner);

/* Why a feature is undefined at an image; FGF_DEFINED = it is defined. Stored in results by name.
 */
#define FGF_UNDEFINED_TABLE(X)                                                                     \
    X(DEFINED, "defined")                                                                          \
    X(EMPTY, "empty region")                                                                       \
    X(ZERO_VARIANCE, "zero variance")                                                              \
    X(NO_MASS, "sum of intensities not above 0")                                                   \
    X(CIRCULAR, "equal second moments: a circle has no direction")                                 \
    X(NO_PAIR, "no neighbouring pixels inside the region")                                         \
    X(NOT_FINITE, "not finite")                                                                    \
    X(ZERO_MEAN, "intensities that amount to 0")                                                   \
    X(FLAT, "no extent along an axis")                                                             \
    X(FEW_SCALES, "region too small for two distances")                                            \
    X(NO_CORE, "no voxel further from the border than others")                                     \
    X(PLUGIN, "no value from the plug-in")
typedef enum fgf_undefined {
#define FGF_UNDEFINED_NAME(name, text) FGF_UNDEFINED_##name,
    FGF_UNDEFINED_TABLE(FGF_UNDEFINED_NAME)
#undef FGF_UNDEFINED_NAME
} fgf_undefined;
const char *fgf_undefined_text(fgf_undefined reason);

/* The feature kinds, for the specification and its help: first order, histogram, shape, texture, a
 * map (linear), and a user's own (plugin, fgf/feature_plugin.h). */
const fgf_item_kind *const *fgf_feature_kinds(size_t *count);

typedef struct fgf_feature fgf_feature;

/* A feature of an item. `shape` and `units` [channels] are the dataset's. `linear` reads its map
 * here, `plugin` its shared object. FGF_USAGE with the item's `where` for settings that do not fit
 * (channel out of range, a feature of volumes for slices, a plug-in that does not pass its check),
 * with the map's file:line for a map that does not. */
fgf_status fgf_feature_create(const fgf_item *item, fgf_shape shape, const fgf_units *units,
                              fgf_feature **out) FGF_CHECKED;
void fgf_feature_destroy(fgf_feature **feature);
const char *fgf_feature_name(const fgf_feature *feature); /* the item's name */
/* Of h: "mm2" ("mm3" where depth > 1), "mm", "1", "nats", or "q" and "q2" with q standing for the
 * stored unit of the feature's channel. A plug-in names its own. */
const char *fgf_feature_unit(const fgf_feature *feature);
int fgf_feature_channel(const fgf_feature *feature);

/* h(x) and, if v is not NULL, its gradient in x over the region (compact, zeroed first). `compact`
 * holds x at the region, [channel_count * N]. `work` has fgf_feature_work_size elements.
 * The sums run in double in raster order: the result depends on nothing but x and the region.
 * Where it is undefined, *h = NaN, v = 0 and the reason is returned; a region that does not cover
 * the feature's channel counts as empty, and an intensity that is not finite leaves nothing
 * defined. A gradient that is too large for fgf_real makes it undefined as well, which only a call
 * with v sees. Formulas: in each feature's file. */
fgf_undefined fgf_feature_evaluate(const fgf_feature *feature, const fgf_region *region,
                                   const fgf_real *compact, double *work, double *h, fgf_real *v);
/* The same of a list: h [count], reason [count] and, if v is not NULL, v [count][the region's
 * size]. What features of a family with equal settings are made of, as a co-occurrence matrix, is
 * computed once for all of them, so that together they take far less time; the bits are the same.
 * `work` has the greatest fgf_feature_work_size of them. */
void fgf_features_evaluate(fgf_feature *const *features, size_t count, const fgf_region *region,
                           const fgf_real *compact, double *work, double *h, fgf_undefined *reason,
                           fgf_real *v);

/* Of this region; where region->pixel is NULL, of any with no more pixels in a box no larger than
 * region->shape (fgf_region_extent). */
size_t fgf_feature_work_size(const fgf_feature *feature, const fgf_region *region);
/* The same for regions of up to pixel_count in a box of `extent`, in images of `shape`, of an item
 * that is no feature yet. */
size_t fgf_feature_item_work_size(const fgf_item *item, fgf_shape shape, fgf_shape extent,
                                  size_t pixel_count);

#endif
