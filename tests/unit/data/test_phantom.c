#include "fgf/dataset.h"
#include "fgf/memory.h"
#include "fgf/phantom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const planted[] = {"size", "mean"}, *const correlated[] = {"texture"};

static fgf_phantom_settings plain(void)
{
    return (fgf_phantom_settings){.cases = 96,
                                  .size = 48,
                                  .spacing = 1,
                                  .depth = 1,
                                  .slice_spacing = 1,
                                  .centres = 2,
                                  .channels = 1,
                                  .prevalence = 0.4,
                                  .planted = {planted, 2},
                                  .strength = 3,
                                  .correlated = {correlated, 1},
                                  .correlation = 0.7,
                                  .noise = 5,
                                  .seed = 1};
}

static fgf_phantom init(fgf_phantom_settings settings)
{
    fgf_phantom phantom;
    if (fgf_phantom_init(&settings, &phantom) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    return phantom;
}

/* P(score of a 1 > score of a 0), by counting pairs. */
static double auc(const double *score, const int *label, int count)
{
    double wins = 0, pairs = 0;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            if (label[i] == 1 && label[j] == 0) {
                wins += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
                pairs++;
            }
    return wins / pairs;
}

static void test_label_depends_on_planted_traits(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    static double trait[FGF_TRAIT_COUNT][COUNT];
    static int label[COUNT];
    const fgf_phantom phantom = init(plain());
    double share = 0, product = 0;
    for (int i = 0; i < COUNT; i++) {
        const fgf_phantom_case truth = fgf_phantom_draw(&phantom, (uint64_t)i);
        label[i] = truth.label;
        share += truth.label;
        for (int t = 0; t < FGF_TRAIT_COUNT; t++)
            trait[t][i] = truth.trait[t];
        product += truth.trait[FGF_TRAIT_SIZE] * truth.trait[FGF_TRAIT_TEXTURE];
    }
    assert_true(fabs(share / COUNT - 0.4) < 0.03);
    assert_true(fabs(product / COUNT - 0.7) < 0.05);
    for (int t = 0; t < FGF_TRAIT_COUNT; t++) {
        double found = auc(trait[t], label, COUNT);
        if (t == FGF_TRAIT_SIZE || t == FGF_TRAIT_MEAN)
            assert_true(found > 0.75);
        else if (t == FGF_TRAIT_TEXTURE)
            assert_true(found > 0.6 && found < 0.75);
        else
            assert_true(fabs(found - 0.5) < 0.03);
    }
}

static double correlation(const double *a, const double *b, int count)
{
    double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < count; i++) {
        mean_a += a[i] / count;
        mean_b += b[i] / count;
    }
    for (int i = 0; i < count; i++) {
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
        ab += (a[i] - mean_a) * (b[i] - mean_b);
    }
    return ab / sqrt(aa * bb);
}

/* What is measured in the images follows the traits: area and mean to noise, others by rank. */
static void test_images_show_the_traits(void **state)
{
    (void)state;
    enum { COUNT = 200, SIDE = 48, PIXELS = SIDE * SIDE };
    static double area[COUNT], mean[COUNT], variance[COUNT], row[COUNT];
    static float image[PIXELS];
    static uint8_t mask[PIXELS];
    static double work[3 * PIXELS];
    static double trait[FGF_TRAIT_COUNT][COUNT];
    const fgf_phantom phantom = init(plain());
    assert_int_equal(fgf_phantom_work_size(&phantom), 3 * PIXELS);
    for (int i = 0; i < COUNT; i++) {
        const fgf_phantom_case truth = fgf_phantom_draw(&phantom, (uint64_t)i);
        int64_t inside = fgf_phantom_render(&phantom, &truth, image, mask, work);
        double count = 0, sum = 0, squares = 0, rows = 0;
        for (int p = 0; p < PIXELS; p++) {
            assert_true(image[p] >= 0 && image[p] <= 1 && (mask[p] || image[p] == 0));
            int r = p / SIDE, c = p % SIDE;
            assert_true(!mask[p] || (r > 0 && r < SIDE - 1 && c > 0 && c < SIDE - 1));
            count += mask[p];
            sum += (double)image[p];
            squares += (double)image[p] * (double)image[p];
            rows += mask[p] ? r : 0;
        }
        assert_true(count == (double)inside && count > 20);
        area[i] = log(count);
        mean[i] = sum / count * 350 - 50;
        variance[i] = log((squares / count - sum * sum / (count * count)) * 350 * 350);
        row[i] = rows / count;
        double expected = 75 + 25 * fmax(-2.5, fmin(2.5, truth.trait[FGF_TRAIT_MEAN]));
        assert_true(fabs(mean[i] - expected) < 8);
        for (int t = 0; t < FGF_TRAIT_COUNT; t++)
            trait[t][i] = truth.trait[t];
    }
    assert_true(correlation(trait[FGF_TRAIT_SIZE], area, COUNT) > 0.97);
    assert_true(correlation(trait[FGF_TRAIT_MEAN], mean, COUNT) > 0.97);
    assert_true(correlation(trait[FGF_TRAIT_TEXTURE], variance, COUNT) > 0.7);
    assert_true(correlation(trait[FGF_TRAIT_ROW], row, COUNT) > 0.9);
}

static void test_a_larger_cohort_begins_with_the_smaller(void **state)
{
    (void)state;
    fgf_phantom_settings more = plain();
    more.cases = 1000;
    const fgf_phantom small = init(plain()), large = init(more);
    for (uint64_t i = 0; i < 96; i++) {
        const fgf_phantom_case a = fgf_phantom_draw(&small, i), b = fgf_phantom_draw(&large, i);
        assert_memory_equal(a.trait, b.trait, sizeof a.trait);
        assert_int_equal(a.label, b.label);
    }
}

static void refused(fgf_phantom_settings settings, const char *part)
{
    fgf_phantom phantom;
    assert_int_equal(fgf_phantom_init(&settings, &phantom), FGF_USAGE);
    if (!strstr(fgf_last_error()->message, part))
        fail_msg("\"%s\" does not say \"%s\"", fgf_last_error()->message, part);
}

static void test_refused(void **state)
{
    (void)state;
    const char *const slip[] = {"txture"}, *const both[] = {"size"};
    fgf_phantom_settings s = plain();
    s.size = 15;
    refused(s, "phantom.size: 15 px");
    s = plain();
    s.planted = (fgf_texts){slip, 1};
    refused(s, "rim; did you mean \"texture\"?");
    s = plain();
    s.correlated = (fgf_texts){both, 1};
    refused(s, "both planted and correlated");
    s = plain();
    s.planted.count = 0;
    refused(s, "no planted trait to follow");
    s = plain();
    s.cases = 0;
    s.prevalence = 1;
    refused(s, "phantom.prevalence");
    refused(s, "phantom.cases");
}

/* ---- files ---- */

static char folder[] = "/tmp/fgf-phantom-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static fgf_dataset *write_and_open(const fgf_phantom_settings *settings, char path[256])
{
    fgf_dataset *dataset = NULL;
    snprintf(path, 256, "%s/phantom.h5", folder);
    if (fgf_phantom_write(settings, path) != FGF_OK || fgf_dataset_open(path, &dataset) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    return dataset;
}

static void test_file(void **state)
{
    (void)state;
    char path[256];
    fgf_phantom_settings settings = plain();
    settings.channels = 2;
    settings.unlabelled = 0.25;
    fgf_dataset *dataset = write_and_open(&settings, path);
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    assert_int_equal(fgf_dataset_case_count(dataset), 96);
    assert_int_equal(cohort->shape.channels, 2);
    assert_true(cohort->masked && cohort->spacing[2] == 1);
    assert_true(cohort->channel[0].units.slope == 350 && cohort->channel[0].units.intercept == -50);
    assert_non_null(strstr(fgf_dataset_origin(dataset), "planted: [size, mean]"));
    assert_non_null(strstr(fgf_dataset_origin(dataset), "correlated: [texture]"));
    assert_non_null(
        strstr(fgf_dataset_origin(dataset), "distractors: [elongation, row, column, rim]"));
    int unlabelled = 0;
    for (size_t i = 0; i < 96; i++) {
        const fgf_case *item = fgf_dataset_case(dataset, i);
        unlabelled += item->label < 0;
        assert_int_equal(item->centre[0], i % 2 ? 'B' : 'A');
    }
    assert_in_range(unlabelled, 10, 40);
    char hash[FGF_HASH_TEXT];
    snprintf(hash, sizeof hash, "%s", fgf_dataset_hash(dataset));
    fgf_dataset_close(&dataset);
    assert_int_equal(unlink(path), 0);
    dataset = write_and_open(&settings, path); /* the same bits again */
    assert_string_equal(fgf_dataset_hash(dataset), hash);
    fgf_dataset_close(&dataset);
    assert_int_equal(unlink(path), 0);
    settings.seed = 2;
    dataset = write_and_open(&settings, path);
    assert_string_not_equal(fgf_dataset_hash(dataset), hash);
    fgf_dataset_close(&dataset);
    assert_int_equal(unlink(path), 0);
}

static void test_one_small_case(void **state)
{
    (void)state;
    char path[256];
    fgf_phantom_settings settings = plain();
    settings.cases = 1;
    settings.size = FGF_PHANTOM_LEAST_SIZE;
    settings.planted.count = settings.correlated.count = 0;
    fgf_dataset *dataset = write_and_open(&settings, path);
    assert_int_equal(fgf_dataset_case_count(dataset), 1);
    assert_true(fgf_dataset_case(dataset, 0)->mask_pixels > 0);
    fgf_dataset_close(&dataset);
    assert_int_equal(unlink(path), 0);
}

/* A lesion of a volume: inside on all sides, thickest in the middle, and as large as its outline
 * and height say. */
static void test_volume(void **state)
{
    (void)state;
    char path[256];
    enum { SIDE = 40, DEPTH = 12 };
    static uint8_t mask[DEPTH][SIDE * SIDE];
    static fgf_real x[DEPTH * SIDE * SIDE];
    fgf_phantom_settings settings = plain();
    settings.cases = 12;
    settings.size = SIDE;
    settings.depth = DEPTH;
    settings.slice_spacing = 3;
    fgf_dataset *dataset = write_and_open(&settings, path);
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    assert_int_equal(cohort->shape.depth, DEPTH);
    assert_true(cohort->spacing[0] == 3 && cohort->spacing[1] == 1);
    assert_non_null(strstr(fgf_dataset_origin(dataset), "depth: 12"));
    const fgf_phantom phantom = init(settings);
    for (size_t i = 0; i < 12; i++) {
        int64_t inside[DEPTH] = {0}, all = 0;
        assert_int_equal(fgf_dataset_read(dataset, i, x, &mask[0][0]), FGF_OK);
        for (int z = 0; z < DEPTH; z++)
            for (int p = 0; p < SIDE * SIDE; p++) {
                inside[z] += mask[z][p];
                assert_true(mask[z][p] || x[z * SIDE * SIDE + p] == 0);
            }
        for (int z = 0; z < DEPTH; z++) {
            all += inside[z];
            assert_true(z == 0 || z > DEPTH / 2 ? true : inside[z] >= inside[z - 1]);
            assert_true(inside[z] == inside[DEPTH - 1 - z]);
        }
        assert_true(inside[0] == 0 && inside[DEPTH / 2] > 0);
        assert_int_equal(all, fgf_dataset_case(dataset, i)->mask_pixels);
        /* A cone of ellipses: 4/3 of the middle area times half the height. */
        const double size = fgf_phantom_draw(&phantom, i).trait[FGF_TRAIT_SIZE];
        const double height = 0.28 * DEPTH * exp(0.2 * size),
                     radius = 0.16 * SIDE * exp(0.2 * size);
        const double expected = 4.0 / 3 * 3.141592653589793 * radius * radius * height;
        assert_true(fabs((double)all / expected - 1) < 0.12);
    }
    fgf_dataset_close(&dataset);
    assert_int_equal(unlink(path), 0);
    settings.depth = 3;
    refused(settings, "phantom.depth: 3 slices");
}

static void test_fast(void **state)
{
    (void)state;
    char path[256];
    fgf_phantom_settings settings = plain();
    settings.cases = 1000;
    settings.size = 64;
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    fgf_dataset *dataset = write_and_open(&settings, path);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    fgf_dataset_close(&dataset);
    assert_int_equal(unlink(path), 0);
    double seconds = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
    print_message("1000 cases of 64 x 64: %.2f s\n", seconds);
    assert_true(seconds < 20); /* 1 s or so; a sanitizer takes its time */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_label_depends_on_planted_traits),
        cmocka_unit_test(test_images_show_the_traits),
        cmocka_unit_test(test_a_larger_cohort_begins_with_the_smaller),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_one_small_case),
        cmocka_unit_test(test_volume),
        cmocka_unit_test(test_fast),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
