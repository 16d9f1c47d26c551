/* Cases read and augmented ahead: the same bits whoever loads them and whatever is kept in memory,
 * errors told by the microbatch that they stand in, and an end at any time. */
#include "loader.h"

#include "fgf/memory.h"
#include "fgf/phantom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { CASES = 14, SIDE = 32, GREATEST = 4, LISTS = 5, EPOCHS = 3, IMAGE = 2 * SIDE * SIDE };

static char path[64];
static fgf_dataset *dataset;
static uint64_t key[CASES];

/* Microbatches of 4, 4, 1, 4 and 1 cases. */
static const uint32_t order[CASES] = {3, 9, 0, 13, 7, 1, 12, 5, 2, 11, 4, 10, 8, 6};
static const case_list plan[LISTS] = {
    {order, 4}, {order + 4, 4}, {order + 8, 1}, {order + 9, 4}, {order + 13, 1}};

static int make_dataset(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/fgf_loader_XXXXXX");
    int file = mkstemp(path);
    if (file < 0)
        return -1;
    close(file);
    const fgf_phantom_settings settings = {.cases = CASES,
                                           .size = SIDE,
                                           .spacing = 1,
                                           .depth = 1,
                                           .slice_spacing = 1,
                                           .centres = 1,
                                           .channels = 2,
                                           .prevalence = 0.5,
                                           .strength = 1,
                                           .noise = 5,
                                           .seed = 4};
    if (fgf_phantom_write(&settings, path) != FGF_OK || fgf_dataset_open(path, &dataset) != FGF_OK)
        return -1;
    for (size_t i = 0; i < CASES; i++)
        key[i] = fgf_text_key(fgf_dataset_case(dataset, i)->id);
    return 0;
}

static int remove_dataset(void **state)
{
    (void)state;
    fgf_dataset_close(&dataset);
    return unlink(path);
}

static trial make_trial(size_t memory_bytes, bool spare_core, bool augmented)
{
    trial t = {.key = key, .case_count = CASES};
    assert_int_equal(fgf_context_create(dataset, memory_bytes, &t.context), FGF_OK);
    fgf_context_set_spare_core(t.context, spare_core);
    t.settings.train.seed = 9;
    if (augmented)
        t.settings.augment = (fgf_augment_settings){
            .flip_row = true, .rotation_degrees = 20, .shift_pixels = 3, .noise = 0.1};
    return t;
}

/* What the file holds of a case, augmented. */
static void expected_case(const trial *t, size_t index, int64_t epoch, fgf_real *x, uint8_t *mask)
{
    static fgf_real stored[IMAGE];
    static uint8_t stored_mask[SIDE * SIDE];
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    assert_int_equal(fgf_dataset_read(dataset, index, stored, stored_mask), FGF_OK);
    fgf_augment(&t->settings.augment,
                fgf_stream_open(9, FGF_PURPOSE_AUGMENTATION, (uint64_t)epoch, key[index]),
                cohort->shape, stored, stored_mask, cohort->masked, x, mask);
}

static void expect_epochs(size_t memory_bytes, bool spare_core, bool augmented)
{
    static fgf_real x[IMAGE], got[LISTS * GREATEST * IMAGE];
    static uint8_t mask[SIDE * SIDE], got_mask[LISTS * GREATEST * SIDE * SIDE];
    static fgf_box got_box[LISTS * GREATEST];
    trial t = make_trial(memory_bytes, spare_core, augmented);
    loader *load = NULL;
    assert_int_equal(loader_create(&t, GREATEST, &load), FGF_OK);
    for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
        size_t first = 0;
        assert_int_equal(loader_plan(load, plan, LISTS, epoch), FGF_OK);
        for (size_t m = 0; m < LISTS; m++) {
            loaded_cases loaded;
            assert_int_equal(loader_next(load, &loaded), FGF_OK);
            memcpy(got + first * IMAGE, loaded.x, plan[m].count * sizeof x);
            memcpy(got_mask + first * sizeof mask, loaded.mask, plan[m].count * sizeof mask);
            memcpy(got_box + first, loaded.box, plan[m].count * sizeof *got_box);
            first += plan[m].count;
        }
        assert_int_equal(first, CASES);
        for (size_t k = 0; k < CASES; k++) {
            expected_case(&t, order[k], epoch, x, mask);
            assert_memory_equal(got + k * IMAGE, x, sizeof x);
            assert_memory_equal(got_mask + k * sizeof mask, mask, sizeof mask);
            const fgf_box box = box_of_case(fgf_dataset_cohort(dataset)->shape, x, mask);
            assert_memory_equal(&got_box[k], &box, sizeof box);
        }
    }
    loader_destroy(&load);
    assert_null(load);
    fgf_context_destroy(&t.context);
}

static void same_bits_whoever_loads(void **state)
{
    (void)state;
    /* All in memory, a few, none. */
    const size_t memory[] = {1 << 30, 3 * IMAGE * sizeof(fgf_real) / 2, 0};
    for (int augmented = 0; augmented < 2; augmented++)
        for (int spare_core = 0; spare_core < 2; spare_core++)
            for (size_t m = 0; m < 3; m++)
                expect_epochs(memory[m], spare_core, augmented);
}

/* A case of zeros outside its tumour takes the tumour's room: more fit than four. */
static void keeps_what_is_not_zero(void **state)
{
    (void)state;
    trial t = make_trial(4 * IMAGE * sizeof(fgf_real), false, false);
    case_view view;
    size_t kept = 0;
    for (size_t turn = 0; turn < 2 * CASES; turn++) {
        static fgf_real x[IMAGE];
        static uint8_t mask[SIDE * SIDE];
        const size_t i = turn % CASES;
        assert_true(turn >= CASES || !context_holds(t.context, i));
        assert_int_equal(context_case(t.context, i, &view), FGF_OK);
        assert_int_equal(fgf_dataset_read(dataset, i, x, mask), FGF_OK);
        assert_memory_equal(view.x, x, sizeof x);
        assert_memory_equal(view.mask, mask, sizeof mask);
        kept += turn < CASES && context_holds(t.context, i);
    }
    assert_in_range(kept, 8, CASES);
    fgf_context_destroy(&t.context);
}

/* Stops in the middle of a plan, and begins another before the first is through. */
static void ends_at_any_time(void **state)
{
    (void)state;
    for (size_t taken = 0; taken <= LISTS; taken++) {
        trial t = make_trial(0, true, true);
        loader *load = NULL;
        loaded_cases loaded;
        assert_int_equal(loader_create(&t, GREATEST, &load), FGF_OK);
        for (int64_t epoch = 0; epoch < 2; epoch++) {
            assert_int_equal(loader_plan(load, plan, LISTS, epoch), FGF_OK);
            for (size_t m = 0; m < taken; m++)
                assert_int_equal(loader_next(load, &loaded), FGF_OK);
        }
        if (taken == LISTS)
            assert_int_equal(loader_next(load, &loaded), FGF_INTERNAL);
        loader_destroy(&load);
        fgf_context_destroy(&t.context);
    }
    loader *none = NULL;
    loader_destroy(&none);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    trial t = make_trial(0, true, true);
    for (long n = 1; n < 20; n++) {
        loader *load = NULL;
        fgf_allocation_fail_at(n);
        fgf_status status = loader_create(&t, GREATEST, &load);
        fgf_allocation_fail_at(0);
        assert_true(status == FGF_OK || status == FGF_MEMORY);
        assert_true((status == FGF_OK) == (load != NULL));
        loader_destroy(&load);
        if (status == FGF_OK)
            break;
        assert_true(n < 10);
    }
    fgf_context_destroy(&t.context);
}

/* A file that is cut while it is in use: the microbatches that can be read are served, the first
 * one that cannot says which case it was, in this thread. */
static void errors_reach_the_step(void **state)
{
    (void)state;
    static fgf_real x[IMAGE];
    static uint8_t mask[SIDE * SIDE];
    static uint32_t natural[CASES];
    struct stat about;
    case_list lists[CASES / 2];
    size_t bad = 0;
    /* Opened anew, with nothing in HDF5's caches. */
    fgf_dataset_close(&dataset);
    assert_int_equal(fgf_dataset_open(path, &dataset), FGF_OK);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(truncate(path, about.st_size / 2), 0);
    for (uint32_t i = 0; i < CASES; i++)
        natural[i] = i;
    for (size_t m = 0; m < CASES / 2; m++)
        lists[m] = (case_list){natural + 2 * m, 2};
    while (bad < CASES && fgf_dataset_read(dataset, bad, x, mask) == FGF_OK)
        bad++;
    assert_in_range(bad, 4, CASES - 1);
    for (int spare_core = 0; spare_core < 2; spare_core++) {
        trial t = make_trial(0, spare_core, spare_core);
        loader *load = NULL;
        loaded_cases loaded;
        assert_int_equal(loader_create(&t, GREATEST, &load), FGF_OK);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(loader_plan(load, lists, CASES / 2, 0), FGF_OK);
            for (size_t m = 0; m < bad / 2; m++)
                assert_int_equal(loader_next(load, &loaded), FGF_OK);
            assert_int_equal(fgf_fail(FGF_USAGE, "", 1, "an older error"), FGF_USAGE);
            assert_int_equal(loader_next(load, &loaded), FGF_DATA);
            assert_non_null(strstr(fgf_last_error()->message, path));
            assert_non_null(strstr(fgf_last_error()->message, fgf_dataset_case(dataset, bad)->id));
        }
        loader_destroy(&load);
        fgf_context_destroy(&t.context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_whoever_loads), cmocka_unit_test(keeps_what_is_not_zero),
        cmocka_unit_test(ends_at_any_time),        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(errors_reach_the_step),
    };
    return cmocka_run_group_tests(tests, make_dataset, remove_dataset);
}
