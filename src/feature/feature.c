/* The registry, and what all features share: units, channels, the reasons for being undefined. */
#include "feature_private.h"
#include "fgf/memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A new feature is one file and one line here. */
#define FEATURE_TABLE(X)                                                                           \
    X(size)                                                                                        \
    X(mean)                                                                                        \
    X(variance)                                                                                    \
    X(skewness)                                                                                    \
    X(kurtosis)                                                                                    \
    X(centroid_slice)                                                                              \
    X(centroid_row)                                                                                \
    X(centroid_column)                                                                             \
    X(log_aspect_ratio)                                                                            \
    X(coefficient_of_variation)                                                                    \
    X(energy)                                                                                      \
    X(root_mean_square)                                                                            \
    X(mean_absolute_deviation)                                                                     \
    X(median_absolute_deviation)                                                                   \
    X(percentile)                                                                                  \
    X(interquartile_range)                                                                         \
    X(quartile_dispersion)                                                                         \
    X(minimum)                                                                                     \
    X(maximum)                                                                                     \
    X(range)                                                                                       \
    X(entropy)                                                                                     \
    X(uniformity)                                                                                  \
    X(histogram_mean)                                                                              \
    X(histogram_variance)                                                                          \
    X(histogram_skewness)                                                                          \
    X(histogram_kurtosis)                                                                          \
    X(integrated_intensity)                                                                        \
    X(perimeter)                                                                                   \
    X(surface_to_volume)                                                                           \
    X(sphericity)                                                                                  \
    X(compactness)                                                                                 \
    X(major_axis)                                                                                  \
    X(minor_axis)                                                                                  \
    X(least_axis)                                                                                  \
    X(elongation)                                                                                  \
    X(flatness)                                                                                    \
    X(centre_of_mass_shift)                                                                        \
    X(edge_strength)                                                                               \
    X(cooccurrence_contrast)                                                                       \
    X(cooccurrence_dissimilarity)                                                                  \
    X(cooccurrence_inverse_difference)                                                             \
    X(cooccurrence_inverse_difference_normalised)                                                  \
    X(cooccurrence_inverse_difference_moment)                                                      \
    X(cooccurrence_inverse_difference_moment_normalised)                                           \
    X(cooccurrence_inverse_variance)                                                               \
    X(cooccurrence_difference_variance)                                                            \
    X(cooccurrence_joint_average)                                                                  \
    X(cooccurrence_joint_variance)                                                                 \
    X(cooccurrence_autocorrelation)                                                                \
    X(cooccurrence_correlation)                                                                    \
    X(cooccurrence_cluster_tendency)                                                               \
    X(cooccurrence_cluster_shade)                                                                  \
    X(cooccurrence_cluster_prominence)                                                             \
    X(cooccurrence_angular_second_moment)                                                          \
    X(cooccurrence_joint_entropy)                                                                  \
    X(cooccurrence_difference_entropy)                                                             \
    X(cooccurrence_sum_entropy)                                                                    \
    X(cooccurrence_information_correlation_1)                                                      \
    X(cooccurrence_information_correlation_2)                                                      \
    X(run_short_emphasis)                                                                          \
    X(run_long_emphasis)                                                                           \
    X(run_low_grey_emphasis)                                                                       \
    X(run_high_grey_emphasis)                                                                      \
    X(run_short_low_grey_emphasis)                                                                 \
    X(run_short_high_grey_emphasis)                                                                \
    X(run_long_low_grey_emphasis)                                                                  \
    X(run_long_high_grey_emphasis)                                                                 \
    X(run_grey_nonuniformity)                                                                      \
    X(run_grey_nonuniformity_normalised)                                                           \
    X(run_length_nonuniformity)                                                                    \
    X(run_length_nonuniformity_normalised)                                                         \
    X(run_percentage)                                                                              \
    X(run_grey_variance)                                                                           \
    X(run_length_variance)                                                                         \
    X(run_entropy)                                                                                 \
    X(rim_mean)                                                                                    \
    X(core_mean)                                                                                   \
    X(rim_core_difference)                                                                         \
    X(hurst_exponent)                                                                              \
    X(fractal_dimension)                                                                           \
    X(linear)                                                                                      \
    X(plugin)

#define FEATURE_DECLARED(name) extern const feature_ops fgf_feature_##name;
FEATURE_TABLE(FEATURE_DECLARED)

#define FEATURE_OPS(name) &fgf_feature_##name,
#define FEATURE_KIND(name) &fgf_feature_##name.kind,
static const feature_ops *const all_ops[] = {FEATURE_TABLE(FEATURE_OPS)};
static const fgf_item_kind *const all_kinds[] = {FEATURE_TABLE(FEATURE_KIND)};
enum { FEATURE_COUNT = sizeof all_ops / sizeof all_ops[0] };

const fgf_item_kind *const *fgf_feature_kinds(size_t *count)
{
    *count = FEATURE_COUNT;
    return all_kinds;
}

const char *fgf_undefined_text(fgf_undefined reason)
{
    static const char *const texts[] = {
#define UNDEFINED_TEXT(name, text) text,
        FGF_UNDEFINED_TABLE(UNDEFINED_TEXT)
#undef UNDEFINED_TEXT
    };
    size_t index = (size_t)reason;
    return index < sizeof texts / sizeof texts[0] ? texts[index] : "unknown reason";
}

static const feature_ops *find_ops(const fgf_item *item)
{
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        if (all_kinds[i] == item->kind)
            return all_ops[i];
    return NULL;
}

static fgf_status ops_of(const fgf_item *item, const feature_ops **out)
{
    fgf_status status = FGF_OK;
    *out = find_ops(item);
    if (!*out)
        FGF_FAIL(FGF_INTERNAL, "%s: '%s' is not a kind of feature", item->where, item->name);
    if (!(*out)->evaluate || !(*out)->unit || !item->kind->keys ||
        item->kind->settings_bytes < sizeof(feature_settings))
        FGF_FAIL(FGF_INTERNAL, "feature '%s' lacks a required part", item->kind->name);
done:
    return status;
}

fgf_status fgf_feature_create(const fgf_item *item, fgf_shape shape, const fgf_units *units,
                              fgf_feature **out)
{
    fgf_status status = FGF_OK;
    fgf_feature *feature = NULL;
    const feature_ops *ops = NULL;
    int64_t channel = 0;
    *out = NULL;
    FGF_TRY(ops_of(item, &ops));
    channel = ((const feature_settings *)item->settings)->channel;
    if (channel < 0 || channel >= shape.channels)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s' reads channel %lld, the images have channels 0 to %d",
                 item->where, item->name, (long long)channel, shape.channels - 1);
    if (ops->volumes_only && shape.depth == 1)
        FGF_FAIL(FGF_USAGE,
                 "%s: feature '%s' is of volumes, the images have one slice; leave it out",
                 item->where, item->name);
    FGF_TRY(FGF_ALLOCATE(1, &feature));
    feature->ops = ops;
    feature->unit = shape.depth > 1 && ops->unit_volume ? ops->unit_volume : ops->unit;
    feature->shape = shape;
    feature->channel = (int)channel;
    feature->units = units[channel];
    FGF_TRY(fgf_copy_text(item->name, &feature->name));
    FGF_TRY(fgf_allocate_bytes(1, item->kind->settings_bytes, &feature->settings));
    memcpy(feature->settings, item->settings, item->kind->settings_bytes);
    if (ops->prepare)
        FGF_TRY(ops->prepare(feature, item));
    *out = feature;
    feature = NULL;
done:
    fgf_feature_destroy(&feature);
    return status;
}

void fgf_feature_destroy(fgf_feature **feature)
{
    if (*feature) {
        if ((*feature)->ops->clear)
            (*feature)->ops->clear(*feature);
        fgf_free((*feature)->name);
        fgf_free((*feature)->settings);
        fgf_free((*feature)->map);
    }
    fgf_free(*feature);
    *feature = NULL;
}

const char *fgf_feature_name(const fgf_feature *feature)
{
    return feature->name;
}

const char *fgf_feature_unit(const fgf_feature *feature)
{
    return feature->unit;
}

int fgf_feature_channel(const fgf_feature *feature)
{
    return feature->channel;
}

size_t fgf_feature_work_size(const fgf_feature *feature, const fgf_region *region)
{
    const feature_ops *ops = feature->ops;
    fgf_region of = *region;
    if (region->pixel || region->pixel_count == 0)
        of.shape = fgf_region_extent(region);
    return 2 * region->pixel_count + (ops->work ? ops->work(feature, &of) : 0);
}

size_t fgf_feature_item_work_size(const fgf_item *item, fgf_shape shape, fgf_shape extent,
                                  size_t pixel_count)
{
    const fgf_feature feature = {
        .ops = find_ops(item), .settings = (void *)item->settings, .shape = shape};
    const fgf_region region = {.shape = extent, .pixel_count = pixel_count};
    return feature.ops ? fgf_feature_work_size(&feature, &region) : 0;
}

/* Where a channel's pixels begin in a compact vector; false if the region does not cover it. */
static bool find_channel(const fgf_region *region, int channel, size_t *start)
{
    for (size_t c = 0; c < region->channel_count; c++)
        if (region->channel[c] == channel) {
            *start = c * region->pixel_count;
            return true;
        }
    return false;
}

/* v = the gradient in x; false where an element is not finite (v is then zero again). */
static bool store_gradient(const double *gradient, double slope, size_t count, fgf_real *v)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        v[i] = (fgf_real)(gradient[i] * slope);
        finite = finite && isfinite(v[i]);
    }
    if (!finite)
        memset(v, 0, count * sizeof *v);
    return finite;
}

/* Whether what `share` makes for one is the other's as well. */
static bool are_related(const fgf_feature *a, const fgf_feature *b)
{
    const size_t bytes = a->ops->kind.settings_bytes;
    return a->ops->share && a->ops->share == b->ops->share &&
           bytes == b->ops->kind.settings_bytes && memcmp(a->settings, b->settings, bytes) == 0 &&
           a->units.slope == b->units.slope && a->units.intercept == b->units.intercept;
}

/* h, and the gradient from `value` and what is shared. v: of the feature's channel, zero. */
static fgf_undefined finish(const fgf_feature *feature, const fgf_region *region, double *work,
                            double *h, fgf_real *v)
{
    const feature_ops *ops = feature->ops;
    const size_t count = region->pixel_count;
    const double slope = ops->stored_units ? feature->units.slope : 1;
    double *value = work, *gradient = v ? work + count : NULL;
    fgf_undefined reason = ops->evaluate(feature, region, value, work + 2 * count, h, gradient);
    if (reason == FGF_UNDEFINED_DEFINED && !isfinite(*h))
        reason = FGF_UNDEFINED_NOT_FINITE;
    if (reason == FGF_UNDEFINED_DEFINED && v && !store_gradient(gradient, slope, count, v))
        reason = FGF_UNDEFINED_NOT_FINITE;
    if (reason != FGF_UNDEFINED_DEFINED)
        *h = NAN;
    return reason;
}

/* x at the region in the units that the feature takes; false where one of them is not finite. */
static bool take_values(const fgf_feature *feature, const fgf_real *x, size_t count, double *value)
{
    const double slope = feature->ops->stored_units ? feature->units.slope : 1;
    const double intercept = feature->ops->stored_units ? feature->units.intercept : 0;
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        value[i] = slope * (double)x[i] + intercept;
        finite &= isfinite(value[i]) != 0;
    }
    return finite;
}

/* The feature and those behind it that are related to it. */
static void evaluate_related(fgf_feature *const *features, size_t count, const fgf_region *region,
                             const fgf_real *compact, double *work, double *h,
                             fgf_undefined *reason, fgf_real *v)
{
    const fgf_feature *first = features[0];
    const size_t pixels = region->pixel_count, size = fgf_region_size(region);
    size_t start = 0;
    const bool covered = find_channel(region, first->channel, &start);
    assert(fgf_shape_pixels(region->shape) == fgf_shape_pixels(first->shape));
    const bool finite = !covered || take_values(first, compact + start, pixels, work);
    if (covered && finite && pixels > 0 && first->ops->share)
        first->ops->share(first, region, work, work + 2 * pixels, v != NULL);
    for (size_t j = 0; j < count; j++) {
        if (j > 0 && !are_related(first, features[j]))
            continue;
        fgf_real *own = v ? v + j * size : NULL;
        if (own)
            memset(own, 0, size * sizeof *own);
        h[j] = NAN;
        if (!covered || (pixels == 0 && !features[j]->ops->defined_when_empty))
            reason[j] = FGF_UNDEFINED_EMPTY;
        else if (!finite)
            reason[j] = FGF_UNDEFINED_NOT_FINITE;
        else
            reason[j] = finish(features[j], region, work, &h[j], own ? own + start : NULL);
    }
}

void fgf_features_evaluate(fgf_feature *const *features, size_t count, const fgf_region *region,
                           const fgf_real *compact, double *work, double *h, fgf_undefined *reason,
                           fgf_real *v)
{
    for (size_t j = 0; j < count; j++) {
        bool done = false;
        for (size_t k = 0; k < j && !done; k++)
            done = are_related(features[k], features[j]);
        if (!done)
            evaluate_related(features + j, count - j, region, compact, work, h + j, reason + j,
                             v ? v + j * fgf_region_size(region) : NULL);
    }
}

fgf_undefined fgf_feature_evaluate(const fgf_feature *feature, const fgf_region *region,
                                   const fgf_real *compact, double *work, double *h, fgf_real *v)
{
    fgf_feature *const alone = (fgf_feature *)feature;
    fgf_undefined reason;
    fgf_features_evaluate(&alone, 1, region, compact, work, h, &reason, v);
    return reason;
}
