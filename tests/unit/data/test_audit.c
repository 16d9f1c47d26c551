/* Each check of the audit: on a cohort with this one fault, and on one without any. */
#include "audit_cohort.h"

#include "fgf/phantom.h"

#include <math.h>

/* ---- none ---- */

static void clean(void **state)
{
    (void)state;
    finds("");
    assert_int_equal(fgf_audit_verdict(audit), FGF_VERDICT_OK);
    assert_string_equal(skipped("split_faults"), "no split is given");
    assert_int_equal(fgf_audit_tally(audit, FGF_VERDICT_SKIPPED), 4);
    assert_string_equal(fgf_verdict_name(FGF_VERDICT_WARNING), "warning");
}

static void clean_phantom(void **state)
{
    (void)state;
    static const char *const planted[] = {"mean"};
    const char *path = in_folder("phantom.h5");
    fgf_phantom_settings p = {.cases = 40,
                              .size = 48,
                              .spacing = 1,
                              .depth = 1,
                              .slice_spacing = 1,
                              .centres = 2,
                              .channels = 1,
                              .prevalence = 0.4,
                              .planted = {planted, 1},
                              .strength = 2,
                              .noise = 10,
                              .seed = 1};
    assert_int_equal(fgf_phantom_write(&p, path), FGF_OK);
    assert_int_equal(fgf_dataset_open(path, &dataset), FGF_OK);
    settings.horizon = -1;
    finds("");
}

/* ---- images ---- */

static void copy_image(int from, int to)
{
    memcpy(cohort.image[to], cohort.image[from], sizeof cohort.image[to]);
    memcpy(cohort.mask[to], cohort.mask[from], sizeof cohort.mask[to]);
}

static void duplicate_image(void **state)
{
    (void)state;
    copy_image(3, 8);
    finds("duplicate_images=fault:1");
    says("duplicate_images", 0, "case-08", "as case-03, another patient");
}

static void duplicate_image_of_a_patient(void **state)
{
    (void)state;
    copy_image(4, 7);
    strcpy(cohort.cases[7].patient, cohort.cases[4].patient);
    finds("duplicate_images=warning:1 several_cases=note:1");
    says("duplicate_images", 0, "case-07", "as case-04, the same patient");
    says("several_cases", 0, "patient-04", "2 cases");
}

/* The same lesion mirrored, turned and moved by two rows. */
static void duplicate_region(void **state)
{
    (void)state;
    memset(cohort.image[9], 0, sizeof cohort.image[9]);
    memset(cohort.mask[9], 0, sizeof cohort.mask[9]);
    for (int y = 2; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            const int from = x * SIZE + y, to = (y - 2) * SIZE + x;
            cohort.image[9][to] = cohort.image[2][from];
            cohort.mask[9][to] = cohort.mask[2][from];
        }
    finds("duplicate_regions=fault:1");
    says("duplicate_regions", 0, "case-09", "as case-02, another patient");
}

/* Two masks of few pixels may hold the same values by chance: they are tiny and no more. */
static void few_pixels_tell_nothing(void **state)
{
    (void)state;
    for (int i = 4; i <= 5; i++) {
        memset(cohort.image[i], 0, sizeof cohort.image[i]);
        memset(cohort.mask[i], 0, sizeof cohort.mask[i]);
        for (int p = 0; p < 24; p++) {
            const int at = (8 + p / 6) * SIZE + 4 + p % 6 + i;
            cohort.mask[i][at] = 1;
            cohort.image[i][at] = (float)(p + 1) / 30;
        }
    }
    finds("tiny_masks=warning:2");
    says("tiny_masks", 1, "case-05", "24 px");
    settings.tiny_pixels = 24;
    finds("duplicate_regions=fault:1");
}

static void duplicate_source(void **state)
{
    (void)state;
    strcpy(cohort.cases[6].source_hash, cohort.cases[1].source_hash);
    for (int i = 10; i < 14; i++)
        cohort.cases[i].source_hash[0] = '\0'; /* not recorded is not equal */
    finds("duplicate_sources=fault:1");
    says("duplicate_sources", 0, "case-06", "as case-01");
}

static void value_outside(void **state)
{
    (void)state;
    cohort.image[5][0] = 0.5f;
    finds("outside_mask=fault:1");
    says("outside_mask", 0, "case-05", "1 px");
}

static void value_outside_of_no_mask(void **state)
{
    (void)state;
    cohort.image[5][0] = 0.5f;
    cohort.masked = false;
    finds("");
    assert_string_equal(skipped("outside_mask"), "the cohort is not masked");
}

static void constant_image(void **state)
{
    (void)state;
    cohort.channels = 2;
    for (int p = 0; p < PIXELS; p++)
        if (cohort.mask[11][p])
            cohort.image[11][PIXELS + p] = 0.25f;
    finds("constant_images=fault:1");
    says("constant_images", 0, "case-11", "channel pet");
}

/* Without any contrast all images of one mask are alike, which is not told again as duplicates. */
static void constant_images(void **state)
{
    (void)state;
    for (int i = 3; i <= 12; i += 3)
        for (int p = 0; p < PIXELS; p++)
            cohort.image[i][p] = cohort.mask[i][p] ? 0.5f : 0;
    finds("constant_images=fault:4");
}

static void clipped(void **state)
{
    (void)state;
    int changed = 0;
    for (int p = 0; p < PIXELS && changed < 30; p++)
        if (cohort.mask[2][p]) {
            cohort.image[2][p] = changed < 10 ? 0 : 1;
            changed++;
        }
    finds("clipped=warning:1");
    says("clipped", 0, "case-02", "channel ct: 14 % at -50, 29 % at 300 HU");
    settings.clipped_share = 0.3;
    finds("");
}

static void changed_contents(void **state)
{
    (void)state;
    const char *path = in_folder("cohort.h5");
    assert_int_equal(write_sample(path), FGF_OK);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    char bytes[8] = {0};
    long at = 0;
    while (memcmp(bytes, "case-07", 7) != 0) {
        assert_int_equal(fseek(file, at++, SEEK_SET), 0);
        assert_int_equal(fread(bytes, 1, 7, file), 7);
    }
    assert_int_equal(fseek(file, at - 1, SEEK_SET), 0);
    assert_true(fputs("case-87", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(fgf_dataset_open(path, &dataset), FGF_OK);
    finds("contents=fault:1");
    says("contents", 0, "the table of cases", "is not what was written");
}

/* Every byte of compressed values is under a checksum. */
static void unreadable_case(void **state)
{
    (void)state;
    const char *path = in_folder("cohort.h5");
    assert_int_equal(write_sample(path), FGF_OK);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long bytes = ftell(file);
    bool found = false;
    /* HDF5's own tables, for whose damage it leaves memory behind, lie before the images. */
    for (long at = bytes / 4; at < bytes && !found; at += 512) {
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        const int was = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        fputc(was ^ 0x55, file);
        fflush(file);
        fgf_dataset_close(&dataset);
        if (fgf_dataset_open(path, &dataset) == FGF_OK) {
            look();
            const fgf_finding *f = finding("contents");
            found = f->count == 1 && strcmp(f->items[0].detail, "cannot be read") == 0;
            /* Nothing else is said of a case that nobody has seen. */
            if (found)
                assert_string_equal(told(), "contents=fault:1");
        }
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        fputc(was, file);
        fflush(file);
    }
    fclose(file);
    assert_true(found);
}

/* ---- masks ---- */

static void empty_mask(void **state)
{
    (void)state;
    memset(cohort.mask[3], 0, PIXELS);
    memset(cohort.image[3], 0, sizeof cohort.image[3]);
    memset(cohort.mask[4], 0, PIXELS);
    memset(cohort.image[4], 0, sizeof cohort.image[4]);
    finds("empty_masks=fault:2");
    says("empty_masks", 1, "case-04", "0 px");
}

static void set_pixel(int i, int y, int x, int inside)
{
    cohort.mask[i][y * SIZE + x] = (uint8_t)inside;
    cohort.image[i][y * SIZE + x] = inside ? 0.4f : 0;
}

static void border_mask(void **state)
{
    (void)state;
    for (int x = 10; x < SIZE; x++)
        set_pixel(6, 9, x, 1);
    finds("mask_border=warning:1");
    says("mask_border", 0, "case-06", "at the end of columns");
}

static void parts_and_holes(void **state)
{
    (void)state;
    set_pixel(6, 2, 2, 1);
    set_pixel(6, 3, 3, 1); /* corner to corner is one part */
    set_pixel(7, 9, 10, 0);
    set_pixel(7, 10, 11, 0); /* and two holes */
    finds("mask_parts=note:1 mask_holes=note:1");
    says("mask_parts", 0, "case-06", "2 parts, the largest 69 of 71 px");
    says("mask_holes", 0, "case-07", "2 holes");
}

static void far_spacing(void **state)
{
    (void)state;
    cohort.cases[2].source_spacing[0] = 6.5;
    cohort.cases[3].source_spacing[1] = 0.4;
    cohort.cases[4].source_spacing[2] = NAN;
    finds("spacing=warning:2");
    says("spacing", 0, "case-02", "slices 6.5 mm, the median is 3 mm");
    says("spacing", 1, "case-03", "rows 0.4 mm");
}

static void unknown_spacing(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        for (int a = 0; a < 3; a++)
            cohort.cases[i].source_spacing[a] = i % 2 ? (double)NAN : 0;
    finds("");
    assert_non_null(skipped("spacing"));
}

static void failed_allocations(void **state)
{
    (void)state;
    fgf_status status = FGF_MEMORY;
    copy_image(3, 8);
    open_sample();
    for (long n = 1; status != FGF_OK; n++) {
        fgf_allocation_fail_at(n);
        status = fgf_audit_create(dataset, &settings, NULL, fgf_group_serial(), NULL, &audit);
        fgf_allocation_fail_at(0);
        assert_true(status == FGF_OK || (status == FGF_MEMORY && !audit));
        assert_true(n < 1000);
    }
    assert_string_equal(told(), "duplicate_images=fault:1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_sample, clear_sample)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(clean),
                                       TEST(clean_phantom),
                                       TEST(duplicate_image),
                                       TEST(duplicate_image_of_a_patient),
                                       TEST(duplicate_region),
                                       TEST(few_pixels_tell_nothing),
                                       TEST(duplicate_source),
                                       TEST(value_outside),
                                       TEST(value_outside_of_no_mask),
                                       TEST(constant_image),
                                       TEST(constant_images),
                                       TEST(clipped),
                                       TEST(changed_contents),
                                       TEST(unreadable_case),
                                       TEST(empty_mask),
                                       TEST(border_mask),
                                       TEST(parts_and_holes),
                                       TEST(far_spacing),
                                       TEST(unknown_spacing),
                                       TEST(failed_allocations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
