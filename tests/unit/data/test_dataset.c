#include "fgf/dataset.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { CASES = 5, CHANNELS = 2, DEPTH = 2, HEIGHT = 3, WIDTH = 4, PIXELS = DEPTH * HEIGHT * WIDTH };

static char folder[] = "/tmp/fgf_dataset_XXXXXX";
static char path[128], part[160];

static fgf_cohort make_cohort(void)
{
    fgf_cohort cohort;
    memset(&cohort, 0, sizeof cohort);
    snprintf(cohort.name, sizeof cohort.name, "five");
    cohort.shape = (fgf_shape){CHANNELS, DEPTH, HEIGHT, WIDTH};
    cohort.spacing[0] = 3;
    cohort.spacing[1] = cohort.spacing[2] = 0.5;
    cohort.masked = true;
    for (int c = 0; c < CHANNELS; c++) {
        fgf_channel *channel = &cohort.channel[c];
        snprintf(channel->name, sizeof channel->name, c ? "pet" : "ct");
        snprintf(channel->unit, sizeof channel->unit, c ? "SUV" : "HU");
        channel->window[0] = -50 + c;
        channel->window[1] = 300 + c;
        channel->units.slope = 350;
        channel->units.intercept = -50 + c;
    }
    cohort.preprocessing = "window = [-50, 300]\n";
    return cohort;
}

static float value(size_t k, size_t c, size_t p)
{
    return (float)(k * 1000 + c * 100 + p) / 7.0f;
}

static fgf_case make_case(size_t k)
{
    fgf_case one;
    memset(&one, 0, sizeof one);
    snprintf(one.id, sizeof one.id, "case-%zu", k);
    snprintf(one.patient, sizeof one.patient, "patient-%zu", k / 2);
    snprintf(one.centre, sizeof one.centre, "C%zu", k % 2);
    one.label = (int8_t)((int)(k % 3) - 1);
    one.event = k == 4 ? (double)NAN : (double)(k % 2);
    one.time = 10.5 * (double)k;
    one.follow_up = 100.0 + (double)k;
    snprintf(one.mask_source, sizeof one.mask_source, "file");
    snprintf(one.source, sizeof one.source, "a%zu.png;b%zu.png", k, k);
    one.slice = (int32_t)k - 1;
    return one;
}

static fgf_status write_cases(const char *target, size_t count)
{
    fgf_status status = FGF_OK;
    fgf_cohort cohort = make_cohort();
    fgf_dataset_writer *writer = NULL;
    fgf_case cases[CASES];
    const char *ids[] = {"bad-1"}, *reasons[] = {"bad-1.png: truncated"};
    FGF_TRY(fgf_dataset_writer_create(target, &cohort, count, "origin: text\n", &writer));
    for (size_t i = 0; i < count; i++) {
        size_t k = count - 1 - i; /* any order */
        float image[CHANNELS * PIXELS];
        uint8_t mask[PIXELS];
        for (size_t c = 0; c < CHANNELS; c++)
            for (size_t p = 0; p < PIXELS; p++)
                image[c * PIXELS + p] = value(k, c, p);
        for (size_t p = 0; p < PIXELS; p++)
            mask[p] = p <= k;
        cases[k] = make_case(k);
        FGF_TRY(fgf_dataset_writer_put(writer, k, image, mask));
    }
    FGF_TRY(fgf_dataset_writer_finish(writer, cases, 1, ids, reasons));
done:
    fgf_dataset_writer_destroy(&writer);
    return status;
}

static void check_contents(const fgf_dataset *dataset, size_t count)
{
    fgf_real x[CHANNELS * PIXELS];
    uint8_t mask[PIXELS];
    assert_int_equal(fgf_dataset_case_count(dataset), count);
    for (size_t k = 0; k < count; k++) {
        const fgf_case *found = fgf_dataset_case(dataset, k);
        fgf_case expected = make_case(k);
        assert_string_equal(found->id, expected.id);
        assert_string_equal(found->patient, expected.patient);
        assert_string_equal(found->centre, expected.centre);
        assert_string_equal(found->source, expected.source);
        assert_int_equal(found->label, expected.label);
        assert_int_equal(found->slice, expected.slice);
        assert_int_equal(found->mask_pixels, k + 1);
        assert_true(found->time == expected.time && found->follow_up == expected.follow_up);
        assert_true(k == 4 ? isnan(found->event) : found->event == expected.event);
        assert_int_equal(fgf_dataset_read(dataset, k, x, mask), FGF_OK);
        for (size_t p = 0; p < PIXELS; p++) {
            assert_int_equal(mask[p], p <= k);
            for (size_t c = 0; c < CHANNELS; c++)
                assert_true(x[p * CHANNELS + c] == (fgf_real)value(k, c, p));
        }
    }
}

static void round_trip(void **state)
{
    (void)state;
    fgf_dataset *dataset = NULL;
    const char *id, *reason;
    assert_int_equal(write_cases(path, CASES), FGF_OK);
    assert_int_not_equal(access(part, F_OK), 0);
    assert_int_equal(fgf_dataset_open(path, &dataset), FGF_OK);
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    assert_string_equal(cohort->name, "five");
    assert_string_equal(cohort->preprocessing, "window = [-50, 300]\n");
    assert_string_equal(fgf_dataset_origin(dataset), "origin: text\n");
    assert_true(cohort->masked && cohort->spacing[0] == 3 && cohort->spacing[2] == 0.5);
    assert_string_equal(cohort->channel[1].unit, "SUV");
    assert_true(cohort->channel[1].window[1] == 301 && cohort->channel[1].units.slope == 350);
    check_contents(dataset, CASES);
    assert_int_equal(fgf_dataset_excluded_count(dataset), 1);
    fgf_dataset_excluded(dataset, 0, &id, &reason);
    assert_string_equal(id, "bad-1");
    assert_string_equal(reason, "bad-1.png: truncated");
    assert_int_equal(fgf_dataset_verify(dataset), FGF_OK);
    fgf_dataset_close(&dataset);
}

static size_t load(const char *name, char **bytes)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t count = (size_t)ftell(file);
    rewind(file);
    *bytes = malloc(count);
    assert_int_equal(fread(*bytes, 1, count, file), count);
    fclose(file);
    return count;
}

/* A case that was packed elsewhere is the same bytes as one that is put. */
static void packed_elsewhere(void **state)
{
    (void)state;
    const fgf_cohort cohort = make_cohort();
    const float image[CHANNELS * PIXELS] = {1, 2, 0.5f};
    const uint8_t mask[PIXELS] = {1, 0, 1};
    const fgf_case one = make_case(0);
    char *bytes[2] = {NULL, NULL};
    size_t count[2];
    for (int packed_first = 0; packed_first < 2; packed_first++) {
        fgf_dataset_writer *writer = NULL;
        fgf_packed_case packed = {0};
        assert_int_equal(fgf_dataset_writer_create(path, &cohort, 1, "", &writer), FGF_OK);
        if (packed_first) {
            assert_int_equal(fgf_dataset_pack(cohort.shape, image, mask, &packed), FGF_OK);
            assert_int_equal(packed.mask_pixels, 2);
            assert_int_equal(fgf_dataset_writer_put_packed(writer, 0, &packed), FGF_OK);
        } else {
            assert_int_equal(fgf_dataset_writer_put(writer, 0, image, mask), FGF_OK);
        }
        assert_int_equal(fgf_dataset_writer_finish(writer, &one, 0, NULL, NULL), FGF_OK);
        fgf_dataset_writer_destroy(&writer);
        fgf_packed_case_clear(&packed);
        count[packed_first] = load(path, &bytes[packed_first]);
    }
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(bytes[0], bytes[1], count[0]);
    free(bytes[0]);
    free(bytes[1]);
}

/* Values that do not compress at all, and a case larger than HDF5's cache for chunks. */
static void packed_noise(void **state)
{
    (void)state;
    enum { SIDE = 640 };
    fgf_cohort cohort = make_cohort();
    cohort.shape = (fgf_shape){1, 1, SIDE, SIDE};
    fgf_dataset_writer *writer = NULL;
    fgf_dataset *dataset = NULL;
    const fgf_case one = make_case(0);
    float *image = malloc(SIDE * SIDE * sizeof *image);
    uint8_t *mask = malloc(SIDE * SIDE);
    fgf_real *x = malloc(SIDE * SIDE * sizeof *x);
    uint32_t bits = 1;
    for (size_t p = 0; p < SIDE * SIDE; p++) {
        bits = bits * 1664525u + 1013904223u;
        const uint32_t finite = (bits ^ bits >> 15) & 0xbfffffffu;
        memcpy(&image[p], &finite, sizeof finite);
        mask[p] = (uint8_t)(bits >> 24);
    }
    assert_int_equal(fgf_dataset_writer_create(path, &cohort, 1, "", &writer), FGF_OK);
    assert_int_equal(fgf_dataset_writer_put(writer, 0, image, mask), FGF_OK);
    assert_int_equal(fgf_dataset_writer_finish(writer, &one, 0, NULL, NULL), FGF_OK);
    fgf_dataset_writer_destroy(&writer);
    assert_int_equal(fgf_dataset_open(path, &dataset), FGF_OK);
    assert_int_equal(fgf_dataset_verify(dataset), FGF_OK);
    assert_int_equal(fgf_dataset_read(dataset, 0, x, NULL), FGF_OK);
    for (size_t p = 0; p < SIDE * SIDE; p++)
        assert_true(x[p] == (fgf_real)image[p]);
    fgf_dataset_close(&dataset);
    free(image);
    free(mask);
    free(x);
}

static void pack_refuses(void **state)
{
    (void)state;
    const float image[2] = {0, INFINITY};
    const uint8_t mask[2] = {0};
    fgf_packed_case packed;
    assert_int_equal(fgf_dataset_pack((fgf_shape){1, 1, 1, 2}, image, mask, &packed), FGF_DATA);
    assert_non_null(strstr(fgf_last_error()->message, "value 1 of the image is not finite"));
    assert_int_equal(fgf_dataset_pack((fgf_shape){1, 1, 1 << 15, 1 << 15}, image, mask, &packed),
                     FGF_DATA);
    assert_non_null(strstr(fgf_last_error()->message, "cannot be stored"));
    assert_null(packed.image.bytes);
}

static void unfinished_leaves_nothing(void **state)
{
    (void)state;
    fgf_cohort cohort = make_cohort();
    fgf_dataset_writer *writer = NULL;
    float image[CHANNELS * PIXELS] = {0};
    uint8_t mask[PIXELS] = {0};
    fgf_case cases[2] = {make_case(0), make_case(1)};
    unlink(path);
    assert_int_equal(fgf_dataset_writer_create(path, &cohort, 2, "", &writer), FGF_OK);
    assert_int_equal(fgf_dataset_writer_put(writer, 0, image, mask), FGF_OK);
    assert_int_equal(fgf_dataset_writer_put(writer, 0, image, mask), FGF_INTERNAL);
    image[3] = NAN;
    assert_int_equal(fgf_dataset_writer_put(writer, 1, image, mask), FGF_DATA);
    image[3] = 0;
    assert_int_equal(fgf_dataset_writer_finish(writer, cases, 0, NULL, NULL), FGF_INTERNAL);
    fgf_dataset_writer_destroy(&writer);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(part, F_OK), 0);
    assert_int_equal(fgf_dataset_writer_create("/nonexistent/x.h5", &cohort, 2, "", &writer),
                     FGF_ENVIRONMENT);
    assert_null(writer);
}

static void save(const char *name, const char *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static fgf_status open_and_verify(const char *name)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    FGF_TRY(fgf_dataset_open(name, &dataset));
    FGF_TRY(fgf_dataset_verify(dataset));
done:
    fgf_dataset_close(&dataset);
    return status;
}

static void truncated_and_foreign(void **state)
{
    (void)state;
    char *bytes, damaged[160];
    assert_int_equal(write_cases(path, CASES), FGF_OK);
    size_t count = load(path, &bytes);
    snprintf(damaged, sizeof damaged, "%s/damaged.h5", folder);
    for (size_t k = 0; k < 40; k++) {
        save(damaged, bytes, count * k / 40);
        assert_int_equal(open_and_verify(damaged), FGF_DATA);
        assert_null(strchr(fgf_last_error()->message, '\n'));
    }
    save(damaged, "id;label\n1;2\n", 13);
    assert_int_equal(open_and_verify(damaged), FGF_DATA);
    assert_int_equal(open_and_verify(folder), FGF_DATA);
    snprintf(damaged, sizeof damaged, "%s/absent.h5", folder);
    assert_int_equal(open_and_verify(damaged), FGF_ENVIRONMENT);
    free(bytes);
}

/* A changed byte of a case's values does not pass: the chunk's checksum or the content hash sees
 * it. */
static void changed_values(void **state)
{
    (void)state;
    char *bytes, damaged[160];
    fgf_dataset *dataset = NULL;
    assert_int_equal(write_cases(path, CASES), FGF_OK);
    size_t count = load(path, &bytes);
    snprintf(damaged, sizeof damaged, "%s/damaged.h5", folder);
    char *id = NULL;
    for (size_t i = 0; i + 6 < count && !id; i++)
        if (memcmp(bytes + i, "case-3", 6) == 0)
            id = bytes + i;
    assert_non_null(id);
    id[5] = '7';
    save(damaged, bytes, count);
    assert_int_equal(open_and_verify(damaged), FGF_DATA);
    assert_int_equal(fgf_dataset_open(damaged, &dataset), FGF_OK);
    fgf_dataset_close(&dataset);
    free(bytes);
}

/* What HDF5 itself would look at is damaged behind an intact beginning and length. */
static void damaged_inside(void **state)
{
    (void)state;
    char *bytes, damaged[160];
    assert_int_equal(write_cases(path, CASES), FGF_OK);
    size_t count = load(path, &bytes);
    snprintf(damaged, sizeof damaged, "%s/damaged.h5", folder);
    for (size_t at = 512; at < count; at += count / 37) {
        char *changed = malloc(count);
        memcpy(changed, bytes, count);
        memset(changed + at, 0, count - at);
        save(damaged, changed, count);
        assert_int_equal(open_and_verify(damaged), FGF_DATA);
        free(changed);
    }
    save(damaged, bytes + 512, count - 512); /* plain HDF5, and without the prefix not ours */
    assert_int_equal(open_and_verify(damaged), FGF_DATA);
    free(bytes);
}

static void failed_allocations(void **state)
{
    (void)state;
    fgf_status status = FGF_MEMORY;
    for (long n = 1; status != FGF_OK; n++) {
        fgf_allocation_fail_at(n);
        status = write_cases(path, CASES);
        if (status == FGF_OK)
            status = open_and_verify(path);
        fgf_allocation_fail_at(0);
        assert_true(status == FGF_OK || status == FGF_MEMORY);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(packed_elsewhere),
        cmocka_unit_test(packed_noise),
        cmocka_unit_test(pack_refuses),
        cmocka_unit_test(unfinished_leaves_nothing),
        cmocka_unit_test(truncated_and_foreign),
        cmocka_unit_test(changed_values),
        cmocka_unit_test(damaged_inside),
        cmocka_unit_test(failed_allocations),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/five.h5", folder);
    snprintf(part, sizeof part, "%s.part", path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 ? 1 : failed;
}
