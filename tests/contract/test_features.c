/* Every feature of the registry: its gradient against finite differences, zero on other channels,
 * zero and NaN where it is undefined, on odd, prime and tiny regions in two and three dimensions.
 */
#include "feature_private.h"
#include "unit/feature/feature_test.h"

#include <unistd.h>

/* x is a multiple of 2^-12 and the step 2^-16, so that x + step is exact in float as well and h,
 * which is double in both builds, differences cleanly; the gradient is rounded to fgf_real. */
static const double step = 0x1p-16;
#ifdef FGF_REAL_DOUBLE
static const double tolerance = 1e-7;
#else
static const double tolerance = 1e-6;
#endif

enum region_kind { EMPTY, ONE_PIXEL, TWO_PIXELS, SPARSE, MOST, WHOLE, REGION_KINDS };

static const fgf_shape shapes[] = {{1, 1, 1, 1},   {1, 1, 1, 7}, {2, 1, 5, 3},
                                   {1, 1, 13, 11}, {3, 3, 5, 7}, {1, 4, 1, 3},
                                   {1, 5, 3, 7},   {2, 2, 5, 4}, {1, 9, 1, 1}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* Plug-ins that stand for all others, built beside the test: the example, which needs a core within
 * a rim, and one with a value everywhere. */
static const char *plugin_for(fgf_shape shape)
{
    return shape.height >= 3 && shape.width >= 3 ? "./rim_contrast.so" : "./plugin_faulty.so";
}

static const fgf_units units[] = {{350, -50}, {-1000, 500}, {2.5, 0.25}};

typedef struct setting {
    fgf_region_owner owner;
    fgf_real *x, *v;
    double *work;
    uint64_t seed;
} setting;

static void make_setting(setting *s, const fgf_feature *feature, fgf_shape shape,
                         enum region_kind kind, bool all_channels, int channel, uint64_t seed)
{
    const double spacing[3] = {2.5, 0.8, 1.3};
    int channels[3] = {0, 1, 2};
    size_t pixels = (size_t)fgf_shape_pixels(shape);
    s->seed = seed + (uint64_t)channel + fgf_text_key(fgf_feature_name(feature));
    uint8_t *mask = calloc(pixels, 1);
    fgf_stream stream = fgf_stream_open(seed, FGF_PURPOSE_TEST, kind, pixels);
    for (size_t i = 0; i < pixels; i++)
        mask[i] = kind >= SPARSE && fgf_stream_below(&stream, 10) < (kind == SPARSE ? 4 : 8);
    for (int i = 0; i < (int)kind && kind <= TWO_PIXELS; i++)
        mask[((size_t)i + pixels / 2) % pixels] = 1;
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, kind == WHOLE,
                                       all_channels ? channels : &channel,
                                       all_channels ? (size_t)shape.channels : 1, &s->owner),
                     FGF_OK);
    free(mask);
    size_t n = fgf_region_size(&s->owner.region);
    s->x = calloc(n + 1, sizeof *s->x);
    s->v = calloc(n + 1, sizeof *s->v);
    s->work = calloc(fgf_feature_work_size(feature, &s->owner.region), sizeof *s->work);
    for (size_t i = 0; i < n; i++)
        s->x[i] = (fgf_real)(1 + fgf_stream_below(&stream, 4095)) / 4096;
}

static void clear_setting(setting *s)
{
    fgf_region_clear(&s->owner);
    free(s->x);
    free(s->v);
    free(s->work);
}

static double at_offset(const fgf_feature *feature, setting *s, size_t i, double offset)
{
    fgf_real kept = s->x[i];
    s->x[i] = (fgf_real)(kept + offset);
    double h = value_of(feature, &s->owner.region, s->x);
    s->x[i] = kept;
    return h;
}

/* Five-point difference: the error is of the step's fourth power. */
static double difference(const fgf_feature *feature, setting *s, size_t i)
{
    double near = at_offset(feature, s, i, step) - at_offset(feature, s, i, -step);
    double far = at_offset(feature, s, i, 2 * step) - at_offset(feature, s, i, -2 * step);
    return (8 * near - far) / (12 * step);
}

/* Numbers are for the builds without sanitizers; with them every way through the code is enough. */
#ifdef __SANITIZE_ADDRESS__
enum { LOOKED_AT = 4 };
#else
enum { LOOKED_AT = 30 };
#endif

/* Returns 1 where the feature was defined. */
static int check_one(const fgf_feature *feature, setting *s)
{
    const fgf_region *region = &s->owner.region;
    size_t n = fgf_region_size(region), N = region->pixel_count;
    double h, alone, greatest = 0;
    fgf_stream pick = fgf_stream_open(s->seed, FGF_PURPOSE_TEST, N, n);
    for (size_t i = 0; i < n; i++)
        s->v[i] = NAN; /* whatever was there is overwritten */
    for (size_t i = 0; i < fgf_feature_work_size(feature, region); i++)
        s->work[i] = NAN; /* and so is work */
    fgf_undefined reason = fgf_feature_evaluate(feature, region, s->x, s->work, &h, s->v);
    assert_int_equal(fgf_feature_evaluate(feature, region, s->x, s->work, &alone, NULL), reason);
    if (reason != FGF_UNDEFINED_DEFINED) {
        assert_true(isnan(h) && isnan(alone));
        for (size_t i = 0; i < n; i++)
            assert_true(s->v[i] == 0);
        return 0;
    }
    assert_true(isfinite(h) && h == alone);
    for (size_t i = 0; i < n; i++)
        greatest = fmax(greatest, fabs((double)s->v[i]));
    for (size_t i = 0; i < n; i++) {
        if (region->channel[i / N] != fgf_feature_channel(feature)) {
            assert_true(s->v[i] == 0);
            continue;
        }
        /* All of a small region, of a larger one as many, other ones in each setting. */
        if (N > LOOKED_AT && fgf_stream_below(&pick, (uint32_t)N) >= LOOKED_AT)
            continue;
        double expected = difference(feature, s, i);
        /* 6e-15 / step: rounding of h itself, for gradients that are zero. */
        double room = tolerance * greatest + 6e-15 * fmax(1, fabs(h)) / step;
        if (!(fabs(s->v[i] - expected) <= room))
            fail_msg("%s, element %zu of %zu: gradient %.12g, difference %.12g",
                     fgf_feature_name(feature), i, n, (double)s->v[i], expected);
    }
    return 1;
}

static const feature_ops *ops_of(const fgf_item_kind *kind)
{
    return (const feature_ops *)(const void *)((const char *)kind - offsetof(feature_ops, kind));
}

static bool volumes_only(const fgf_item_kind *kind)
{
    return ops_of(kind)->volumes_only;
}

/* With its defaults, or with one key changed. */
static int check_shape(const char *name, fgf_shape shape, const char *map, const char *key,
                       const char *text)
{
    int defined = 0;
    char channel_text[16];
    if (map)
        write_map(map, shape);
    for (int channel = 0; channel < shape.channels; channel++) {
        test_item item;
        fgf_feature *feature = NULL;
        set_defaults(&item, name, strcmp(name, "plugin") == 0 ? plugin_for(shape) : map);
        snprintf(channel_text, sizeof channel_text, "%d", channel);
        set_key(item.item.kind, item.settings, "channel", channel_text);
        if (key)
            set_key(item.item.kind, item.settings, key, text);
        if (volumes_only(item.item.kind) && shape.depth == 1) {
            assert_int_equal(fgf_feature_create(&item.item, shape, units, &feature), FGF_USAGE);
            assert_null(feature);
            return 0;
        }
        assert_int_equal(fgf_feature_create(&item.item, shape, units, &feature), FGF_OK);
        assert_string_equal(fgf_feature_name(feature), name);
        assert_int_equal(fgf_feature_channel(feature), channel);
        for (int kind = 0; kind < REGION_KINDS; kind++)
            for (int all = 0; all < 2; all++) {
                setting s;
                make_setting(&s, feature, shape, (enum region_kind)kind, all, channel,
                             11 + (uint64_t)all);
                defined += check_one(feature, &s);
                clear_setting(&s);
            }
        fgf_feature_destroy(&feature);
        assert_null(feature);
    }
    return defined;
}

static void gradients_match_differences(void **state)
{
    (void)state;
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    char map[64];
    snprintf(map, sizeof map, "test_features_map.%ld.csv", (long)getpid());
    assert_true(count >= 11);
    for (size_t k = 0; k < count; k++) {
        int defined = 0;
        for (size_t s = 0; s < SHAPES; s++)
            defined += check_shape(kinds[k]->name, shapes[s], map, NULL, NULL);
        assert_true(defined >= 20); /* the test looked at something */
    }
    remove(map);
}

/* Settings that take other ways through a feature's code. */
static void gradients_match_with_other_settings(void **state)
{
    (void)state;
    static const char *const changed[][3] = {
        {"perimeter", "blur", "0"},
        {"sphericity", "blur", "8"},
        {"surface_to_volume", "width", "40"},
        {"percentile", "percent", "3"},
        {"percentile", "width", "1"},
        {"interquartile_range", "width", "100"},
        {"maximum", "width", "20"},
        {"median_absolute_deviation", "width", "2"},
        {"entropy", "width", "3"},
        {"uniformity", "bins", "2"},
        {"histogram_kurtosis", "width", "60"},
        {"flatness", "threshold", "150"},
        {"major_axis", "width", "50"},
        {"centre_of_mass_shift", "zero", "-100"},
        {"centre_of_mass_shift", "smoothing", "3"},
        {"cooccurrence_correlation", "distance", "2"},
        {"cooccurrence_joint_entropy", "bins", "2"},
        {"cooccurrence_information_correlation_2", "width", "40"},
        {"run_entropy", "width", "15"},
        {"run_length_variance", "width", "30"},
        {"rim_core_difference", "thickness", "0.5"},
        {"fractal_dimension", "scales", "10"},
    };
    for (size_t k = 0; k < sizeof changed / sizeof changed[0]; k++) {
        int defined = 0;
        for (size_t s = 0; s < SHAPES; s++)
            defined += check_shape(changed[k][0], shapes[s], NULL, changed[k][1], changed[k][2]);
        assert_true(defined >= 20);
    }
}

/* Every kind twice, with its defaults and with one real key doubled, in an order that tears
 * families apart; a map and a plug-in are left out. */
enum { LISTED_MOST = 256 };
static size_t make_list(fgf_shape shape, test_item *items, fgf_feature **list)
{
    size_t kinds, count = 0, made = 0;
    const fgf_item_kind *const *kind = fgf_feature_kinds(&kinds);
    for (size_t k = 0; k < 2 * kinds; k++) {
        const fgf_item_kind *of = kind[k * 7 % kinds];
        if (strcmp(of->name, "linear") == 0 || strcmp(of->name, "plugin") == 0 ||
            (volumes_only(of) && shape.depth == 1))
            continue;
        test_item *item = &items[count++];
        set_defaults(item, of->name, NULL);
        for (const fgf_key *key = of->keys; k >= kinds && key->name; key++)
            if (strcmp(key->name, "width") == 0)
                *(double *)(void *)((char *)item->settings + key->offset) *= 2;
        assert_int_equal(fgf_feature_create(&item->item, shape, units, &list[made++]), FGF_OK);
    }
    return made;
}

/* What a family shares changes no bit, whatever stands between its members. */
static void lists_give_what_each_gives_alone(void **state)
{
    (void)state;
    static test_item items[LISTED_MOST];
    fgf_feature *list[LISTED_MOST];
    double h[LISTED_MOST], alone;
    fgf_undefined reason[LISTED_MOST];
    for (size_t s = 0; s < SHAPES; s++)
        for (int kind = 0; kind < REGION_KINDS; kind++) {
            const size_t count = make_list(shapes[s], items, list);
            setting one;
            size_t most = 0;
            make_setting(&one, list[0], shapes[s], (enum region_kind)kind, kind % 2, 0, 17);
            const fgf_region *region = &one.owner.region;
            const size_t n = fgf_region_size(region);
            for (size_t j = 0; j < count; j++) {
                const size_t size = fgf_feature_work_size(list[j], region);
                most = size > most ? size : most;
            }
            double *work = calloc(most + 1, sizeof *work);
            fgf_real *v = calloc(count * n + 1, sizeof *v);
            for (int with_gradient = 0; with_gradient < 2; with_gradient++) {
                for (size_t i = 0; i < most; i++)
                    work[i] = NAN;
                fgf_features_evaluate(list, count, region, one.x, work, h, reason,
                                      with_gradient ? v : NULL);
                for (size_t j = 0; j < count; j++) {
                    double *own = calloc(fgf_feature_work_size(list[j], region) + 1, sizeof *own);
                    assert_int_equal(fgf_feature_evaluate(list[j], region, one.x, own, &alone,
                                                          with_gradient ? one.v : NULL),
                                     reason[j]);
                    assert_memory_equal(&h[j], &alone, sizeof alone);
                    if (with_gradient)
                        assert_memory_equal(v + j * n, one.v, n * sizeof *v);
                    free(own);
                }
            }
            free(work);
            free(v);
            clear_setting(&one);
            for (size_t j = 0; j < count; j++)
                fgf_feature_destroy(&list[j]);
        }
}

/* A box of 3 x 4 x 5 voxels with a hole at `corner` of an image. */
static void make_block(fgf_shape shape, int corner, fgf_region_owner *out)
{
    const double spacing[3] = {2.5, 0.8, 1.3};
    const int channel = 0;
    uint8_t *mask = calloc((size_t)fgf_shape_pixels(shape), 1);
    for (int z = 0; z < 3; z++)
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 5; x++)
                mask[((z + corner) * shape.height + y + corner) * shape.width + x + corner] =
                    z != 1 || y != 2 || x != 2;
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, &channel, 1, out), FGF_OK);
    free(mask);
}

/* The image around a region costs no memory and changes no bit of what does not tell a place. */
static void work_is_of_the_region_and_not_of_the_image(void **state)
{
    (void)state;
    const fgf_shape tight = {1, 3, 4, 5}, wide = {1, 40, 50, 60};
    size_t kinds;
    const fgf_item_kind *const *kind = fgf_feature_kinds(&kinds);
    fgf_region_owner small, large;
    make_block(tight, 0, &small);
    make_block(wide, 11, &large);
    const size_t n = fgf_region_size(&small.region);
    assert_int_equal(n, 59);
    const fgf_shape extent = fgf_region_extent(&large.region);
    assert_true(extent.channels == 1 && extent.depth == 3 && extent.height == 4 &&
                extent.width == 5);
    fgf_real x[59], v[2][59];
    for (size_t i = 0; i < n; i++)
        x[i] = (fgf_real)(i * 37 % 59) / 64;
    for (size_t k = 0; k < kinds; k++) {
        const char *name = kind[k]->name;
        if (strcmp(name, "linear") == 0 || strcmp(name, "plugin") == 0)
            continue;
        test_item item;
        double h[2];
        const fgf_region *region[2] = {&small.region, &large.region};
        const fgf_shape shape[2] = {tight, wide};
        size_t size[2];
        set_defaults(&item, name, NULL);
        for (int r = 0; r < 2; r++) {
            fgf_feature *feature = NULL;
            assert_int_equal(fgf_feature_create(&item.item, shape[r], units, &feature), FGF_OK);
            size[r] = fgf_feature_work_size(feature, region[r]);
            assert_int_equal(fgf_feature_item_work_size(&item.item, shape[r], extent, n), size[r]);
            double *work = calloc(size[r], sizeof *work);
            (void)fgf_feature_evaluate(feature, region[r], x, work, &h[r], v[r]);
            free(work);
            fgf_feature_destroy(&feature);
        }
        assert_int_equal(size[0], size[1]);
        /* Places far from the origin are rounded otherwise. */
        if (strstr(name, "centr") || strstr(name, "axis") || strstr(name, "aspect") ||
            strcmp(name, "elongation") == 0 || strcmp(name, "flatness") == 0)
            continue;
        assert_memory_equal(&h[0], &h[1], sizeof h[0]);
        assert_memory_equal(v[0], v[1], sizeof v[0]);
    }
    fgf_region_clear(&small);
    fgf_region_clear(&large);
}

/* An intensity that is no number, or has no end, is the reason, and no other that it may look like.
 */
static void what_is_not_finite_is_told(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 3, 4, 5};
    static test_item items[LISTED_MOST];
    fgf_feature *list[LISTED_MOST];
    const size_t count = make_list(shape, items, list);
    fgf_region_owner block;
    make_block(shape, 0, &block);
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t b = 0; b < 3; b++)
        for (size_t j = 0; j < count; j++) {
            fgf_real x[59] = {0}, v[59];
            double h, *work = calloc(fgf_feature_work_size(list[j], &block.region), sizeof *work);
            x[30] = (fgf_real)bad[b];
            assert_int_equal(fgf_feature_evaluate(list[j], &block.region, x, work, &h, v),
                             FGF_UNDEFINED_NOT_FINITE);
            assert_true(isnan(h));
            for (size_t i = 0; i < 59; i++)
                assert_true(v[i] == 0);
            free(work);
        }
    fgf_region_clear(&block);
    for (size_t j = 0; j < count; j++)
        fgf_feature_destroy(&list[j]);
}

/* Each kind has what the registry demands, keys with help and units, and a name of its own. */
static void registry_is_complete(void **state)
{
    (void)state;
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        const feature_ops *ops = ops_of(kinds[i]);
        assert_non_null(ops->evaluate);
        assert_non_null(ops->unit);
        assert_true(kinds[i]->settings_bytes >= sizeof(feature_settings));
        assert_string_equal(kinds[i]->keys[0].name, "channel");
        for (const fgf_key *key = kinds[i]->keys; key->name; key++) {
            assert_non_null(key->help);
            assert_non_null(key->unit);
            assert_true(key->offset < kinds[i]->settings_bytes);
        }
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(kinds[i]->name, kinds[j]->name);
    }
}

/* Inner product of the gradient with x (scale) or with ones (shift), over one channel. */
static double derivative_along(const char *name, bool along_x, const char *map)
{
    const fgf_shape shape = {1, 3, 9, 7};
    test_item item;
    fgf_feature *feature = NULL;
    setting s;
    double h, sum = 0, size = 0;
    write_map(map, shape);
    set_defaults(&item, name, map);
    assert_int_equal(fgf_feature_create(&item.item, shape, units, &feature), FGF_OK);
    make_setting(&s, feature, shape, MOST, true, 0, 5);
    assert_int_equal(fgf_feature_evaluate(feature, &s.owner.region, s.x, s.work, &h, s.v),
                     FGF_UNDEFINED_DEFINED);
    for (size_t i = 0; i < fgf_region_size(&s.owner.region); i++) {
        double term = (double)s.v[i] * (along_x ? (double)s.x[i] : 1.0);
        sum += term;
        size += fabs(term);
    }
    clear_setting(&s);
    fgf_feature_destroy(&feature);
    return sum / size;
}

static void gradients_know_the_invariances(void **state)
{
    (void)state;
    char map[64];
    const double room = 100 * FGF_REAL_EPSILON;
    const char *const shift[] = {"variance", "skewness", "kurtosis", "edge_strength"};
    const char *const scale[] = {"centroid_row", "centroid_column", "log_aspect_ratio"};
    snprintf(map, sizeof map, "test_features_shift.%ld.csv", (long)getpid());
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(derivative_along(shift[i], false, map)) < room);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(derivative_along(scale[i], true, map)) < room);
    assert_true(fabs(derivative_along("mean", false, map) - 1) < room);
    assert_true(fabs(derivative_along("size", false, map) - 1) < room);
    remove(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry_is_complete),
        cmocka_unit_test(gradients_match_differences),
        cmocka_unit_test(gradients_match_with_other_settings),
        cmocka_unit_test(gradients_know_the_invariances),
        cmocka_unit_test(lists_give_what_each_gives_alone),
        cmocka_unit_test(work_is_of_the_region_and_not_of_the_image),
        cmocka_unit_test(what_is_not_finite_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
