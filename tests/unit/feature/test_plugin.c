/* Plug-ins: what is loaded, what is refused and in which words. */
#include "unit/feature/feature_test.h"

static const fgf_units hounsfield = {350, -50};
static const fgf_shape slice = {1, 1, 20, 24}, volume = {1, 5, 9, 8};

static fgf_status create(const char *file, const char *setting, fgf_shape shape,
                         fgf_feature **feature)
{
    test_item item;
    set_defaults(&item, "plugin", file);
    if (setting)
        set_texts(item.item.kind, item.settings, "settings", &setting, 1);
    return fgf_feature_create(&item.item, shape, &hounsfield, feature);
}

/* Refused as the user's error, in one line that has each of the texts. */
static void refuses(const char *file, const char *setting, fgf_shape shape,
                    const char *const *texts)
{
    fgf_feature *feature = NULL;
    assert_int_equal(create(file, setting, shape, &feature), FGF_USAGE);
    assert_null(feature);
    const char *message = fgf_last_error()->message;
    assert_non_null(strstr(message, "sweep.yaml:7:3: feature 'plugin': "));
    assert_null(strchr(message, '\n'));
    for (; *texts; texts++)
        if (!strstr(message, *texts))
            fail_msg("'%s' lacks '%s'", message, *texts);
}

#define REFUSES(file, setting, shape, ...)                                                         \
    refuses(file, setting, shape, (const char *const[]){__VA_ARGS__, NULL})

static void the_example_has_its_value(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 1, 3, 3};
    const fgf_units identity = {1, 0};
    const int channel = 0;
    const double spacing[3] = {1, 1, 1};
    fgf_real x[9] = {1, 1, 1, 1, 5, 1, 1, 1, 1}, v[9];
    double work[64], h;
    fgf_feature *feature = NULL;
    fgf_region_owner owner;
    test_item item;
    set_defaults(&item, "plugin", "./rim_contrast.so");
    const char *setting = "scale=8";
    set_texts(item.item.kind, item.settings, "settings", &setting, 1);
    assert_int_equal(fgf_feature_create(&item.item, shape, &identity, &feature), FGF_OK);
    assert_int_equal(fgf_region_create(shape, spacing, NULL, 0, true, &channel, 1, &owner), FGF_OK);
    assert_true(fgf_feature_work_size(feature, &owner.region) <= 64);
    assert_int_equal(fgf_feature_evaluate(feature, &owner.region, x, work, &h, v),
                     FGF_UNDEFINED_DEFINED);
    const double t = tanh(-4.0 / 8);
    assert_true(fabs(h - 8 * t) < 1e-14);
    assert_true(fabs((double)v[4] + (1 - t * t)) < 2 * FGF_REAL_EPSILON);
    assert_true(fabs((double)v[0] - (1 - t * t) / 8) < 2 * FGF_REAL_EPSILON);
    assert_string_equal(fgf_feature_unit(feature), "q");
    fgf_region_clear(&owner);
    const uint8_t rim_only[9] = {1, 1, 1, 0, 0, 0, 0, 0, 0};
    assert_int_equal(fgf_region_create(shape, spacing, rim_only, 0, false, &channel, 1, &owner),
                     FGF_OK);
    assert_int_equal(fgf_feature_evaluate(feature, &owner.region, x, work, &h, v),
                     FGF_UNDEFINED_PLUGIN);
    assert_true(isnan(h));
    fgf_region_clear(&owner);
    fgf_feature_destroy(&feature);
}

static void right_ones_are_taken(void **state)
{
    (void)state;
    const fgf_shape shapes[] = {slice, volume, {1, 1, 5, 5}, {1, 3, 4, 4}};
    for (size_t i = 0; i < 4; i++) {
        fgf_feature *feature = NULL, *second = NULL;
        assert_int_equal(create("./rim_contrast.so", NULL, shapes[i], &feature), FGF_OK);
        assert_int_equal(create("rim_contrast.so", "scale=3", shapes[i], &second), FGF_OK);
        fgf_feature_destroy(&feature);
        fgf_feature_destroy(&second);
        assert_int_equal(create("plugin_faulty.so", NULL, shapes[i], &feature), FGF_OK);
        assert_int_equal(create("plugin_faulty.so", "fault=kinks", shapes[i], &second), FGF_OK);
        fgf_feature_destroy(&second);
        assert_string_equal(fgf_feature_unit(feature),
                            shapes[i].depth > 1 ? "HU in volumes" : "HU");
        fgf_feature_destroy(&feature);
    }
}

static void faults_are_named(void **state)
{
    (void)state;
    const fgf_shape shapes[] = {slice, volume};
    for (size_t i = 0; i < 2; i++) {
        const fgf_shape shape = shapes[i];
        REFUSES("plugin_faulty.so", "fault=gradient", shape,
                "plugin_faulty.so has a wrong gradient", "element 3 of ", "(slice ", "found ",
                "expected ", "central differences");
        REFUSES("plugin_faulty.so", "fault=left out", shape,
                "found nan in element 0 of a gradient");
        REFUSES("plugin_faulty.so", "fault=value", shape, "found h = inf", "a finite number");
        REFUSES("plugin_faulty.so", "fault=two values", shape,
                "another value without the gradient");
        REFUSES("plugin_faulty.so", "fault=undefined", shape, "no value on any of the");
        REFUSES("plugin_faulty.so", "fault=behind", shape, "writes behind the gradient");
        REFUSES("plugin_faulty.so", "fault=input", shape, "writes to the intensities");
    }
}

static void settings_are_pairs(void **state)
{
    (void)state;
    REFUSES("plugin_faulty.so", "fault", slice, "found the setting 'fault', expected key=value");
    REFUSES("plugin_faulty.so", "=3", slice, "found the setting '=3', expected key=value");
    REFUSES("plugin_faulty.so", "colour=3", slice,
            "refuses its settings: unknown setting 'colour'");
    REFUSES("rim_contrast.so", "scale=-1", slice, "scale=-1, expected a number above 0");
    fgf_feature *feature = NULL;
    assert_int_equal(create("plugin_faulty.so", "fault=", slice, &feature), FGF_OK);
    fgf_feature_destroy(&feature);
}

static void files_that_are_none(void **state)
{
    (void)state;
    REFUSES("plugin_other.so", NULL, slice, "found a plug-in of version 99", "expected version 1");
    REFUSES("nowhere.so", NULL, slice, "cannot open the plug-in nowhere.so");
    /* In the system's places, but not in this one. */
    REFUSES("libm.so.6", NULL, slice, "cannot open the plug-in libm.so.6");
    REFUSES(".", NULL, slice, "is not a file");
    FILE *file = fopen("test_plugin_text.so", "w");
    assert_non_null(file);
    fputs("not a shared object\n", file);
    assert_int_equal(fclose(file), 0);
    REFUSES("test_plugin_text.so", NULL, slice, "cannot be loaded: ", "test_plugin_text.so");
    remove("test_plugin_text.so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_has_its_value), cmocka_unit_test(right_ones_are_taken),
        cmocka_unit_test(faults_are_named),          cmocka_unit_test(settings_are_pairs),
        cmocka_unit_test(files_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
