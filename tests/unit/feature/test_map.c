/* The map file of the feature `linear`: what is read, and what is refused with its line. */
#include "unit/feature/feature_test.h"

#include "fgf/memory.h"

#include <unistd.h>

static const fgf_shape shape = {1, 2, 2, 3};
static const fgf_units units = {350, -50};
static char path[64];

static fgf_status create(const char *text, fgf_feature **feature)
{
    test_item item;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    set_defaults(&item, "linear", path);
    return fgf_feature_create(&item.item, shape, &units, feature);
}

static void reads_any_separator(void **state)
{
    (void)state;
    const char *const texts[] = {
        "1,2,3\n4,5,6\n7,8,9\n10,11,12\n",
        "# weights\n1 2\t3\r\n\n 4; 5; 6 \n# next slice\n7 8 9,\n1e1 +11 12.0",
    };
    const fgf_real x[12] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0};
    const int channel = 0;
    const double spacing[3] = {1, 1, 1};
    double work[24], h;
    fgf_real v[12];
    fgf_region_owner owner;
    assert_int_equal(fgf_region_create(shape, spacing, NULL, 0, true, &channel, 1, &owner), FGF_OK);
    for (size_t t = 0; t < 2; t++) {
        fgf_feature *feature = NULL;
        assert_int_equal(create(texts[t], &feature), FGF_OK);
        assert_int_equal(fgf_feature_evaluate(feature, &owner.region, x, work, &h, v),
                         FGF_UNDEFINED_DEFINED);
        assert_true(h == 1 + 2 * 11);
        for (int i = 0; i < 12; i++)
            assert_true(v[i] == (fgf_real)(i + 1));
        fgf_feature_destroy(&feature);
    }
    fgf_region_clear(&owner);
}

static void refuses(const char *text, const char *place, const char *part)
{
    fgf_feature *feature = NULL;
    char wanted[128];
    assert_int_equal(create(text, &feature), FGF_USAGE);
    assert_null(feature);
    snprintf(wanted, sizeof wanted, "%s:%s", path, place);
    if (!strstr(fgf_last_error()->message, wanted) || !strstr(fgf_last_error()->message, part))
        fail_msg("'%s' does not say '%s' and '%s'", fgf_last_error()->message, wanted, part);
}

static void refuses_with_the_line(void **state)
{
    (void)state;
    refuses("1,2,3\n4,5\n", "2:", "2 numbers in this row");
    refuses("1,2,3\n4,5,6,7\n", "2:", "4 numbers in this row");
    refuses("1,2,3\n\n4,five,6\n", "3:", "'five' is not a finite number");
    refuses("1,2,3\n4,5x,6\n", "2:", "'5x'");
    refuses("1,2,nan\n", "1:", "not a finite number");
    refuses("1,2,1e999\n", "1:", "not a finite number");
    refuses("1,2,3\n4,5,6\n7,8,9\n", "3:", "ends after 3 rows");
    refuses("1,2,3\n4,5,6\n7,8,9\n1,2,3\n4,5,6\n", "5:", "a row too many");
    refuses("", "0:", "ends after 0 rows");
}

static void refuses_a_missing_file(void **state)
{
    (void)state;
    test_item item;
    fgf_feature *feature = NULL;
    set_defaults(&item, "linear", "no such folder/map.csv");
    assert_int_equal(fgf_feature_create(&item.item, shape, &units, &feature), FGF_USAGE);
    assert_non_null(strstr(fgf_last_error()->message, "sweep.yaml:7:3"));
    assert_non_null(strstr(fgf_last_error()->message, "no such folder/map.csv"));
}

static void survives_failed_allocations(void **state)
{
    (void)state;
    fgf_feature *feature = NULL;
    for (long n = 1; n <= 4; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(create("1,2,3\n4,5,6\n7,8,9\n10,11,12\n", &feature), FGF_MEMORY);
        assert_null(feature);
    }
    fgf_allocation_fail_at(0);
}

static int remove_file(void **state)
{
    (void)state;
    remove(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_any_separator),
        cmocka_unit_test(refuses_with_the_line),
        cmocka_unit_test(refuses_a_missing_file),
        cmocka_unit_test(survives_failed_allocations),
    };
    snprintf(path, sizeof path, "test_feature_map.%ld.csv", (long)getpid());
    return cmocka_run_group_tests(tests, NULL, remove_file);
}
