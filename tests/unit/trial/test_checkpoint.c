/* Trainings that are stopped and go on: the same bits as without a pause, and no use of bytes that
 * are torn, of another trial, of other numerics or of another version. */
#include "trial_internal.h"

#include "fgf/hash.h"
#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/phantom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static fgf_dataset *dataset;

static int make_dataset(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/fgf_training_XXXXXX");
    int file = mkstemp(path);
    if (file < 0)
        return -1;
    close(file);
    const fgf_phantom_settings settings = {.cases = 24,
                                           .size = 16,
                                           .spacing = 1,
                                           .depth = 1,
                                           .slice_spacing = 1,
                                           .centres = 1,
                                           .channels = 1,
                                           .prevalence = 0.5,
                                           .strength = 1,
                                           .noise = 5,
                                           .seed = 4};
    if (fgf_phantom_write(&settings, path) != FGF_OK || fgf_dataset_open(path, &dataset) != FGF_OK)
        return -1;
    return 0;
}

static int remove_dataset(void **state)
{
    (void)state;
    fgf_dataset_close(&dataset);
    return unlink(path);
}

/* One trial with everything that has a memory, and what may stop it. */
typedef struct world {
    fgf_sweep *sweep;
    fgf_axes *axes;
    fgf_context *context;
    void *bytes; /* the checkpoint */
    size_t size;
    int saves, asked, stop_at; /* stop_at: the n-th time it is asked */
    bool due, late;
    const char *numerics;
    char line[256];
    bool warned;
    double left; /* seconds, as the hook says */
    /* In its place, at the call numbered `brink`: enough for another epoch by all that is known;
     * from then on that epoch is late. */
    int calls, calls_of_first, brink;
    double began;
} world;

static void world_init(world *w, const char *optimizer, const char *more)
{
    char yaml[2048];
    memset(w, 0, sizeof *w);
    w->numerics = "core/set";
    w->left = HUGE_VAL;
    snprintf(yaml, sizeof yaml,
             "data: {path: %s}\n"
             "split: {kind: kfold, folds: 3, validation: 0.25}\n"
             "model: {layers: [conv: {channels: 2, kernel: 3}, prelu, flatten, dropout: {p: 0.2}, "
             "dense: {units: 1}]}\n"
             "train:\n"
             "  epochs: 6\n"
             "  batch: 5\n"
             "  microbatch: 2\n"
             "  augment: {flip_row: true, noise: 0.01}\n"
             "  optimizer: {%s}\n"
             "features: [size, mean]\n"
             "align: {lambda: 0.3, warmup_epochs: 3}\n"
             "flow: {greatest_length: 0.2, step: 0.05}\n"
             "noise: {draws: 3}\n"
             "score: {cases: test, resamples: 3}\n",
             path, optimizer);
    const char *overrides[] = {more};
    assert_int_equal(
        fgf_sweep_parse(yaml, "test.yaml", fgf_trial_schema(), overrides, more ? 1 : 0, &w->sweep),
        FGF_OK);
    assert_int_equal(fgf_axes_create(w->sweep, dataset, &w->axes), FGF_OK);
    assert_int_equal(fgf_context_create(dataset, 1 << 20, &w->context), FGF_OK);
}

static void world_clear(world *w)
{
    fgf_free(w->bytes);
    fgf_context_destroy(&w->context);
    fgf_axes_destroy(&w->axes);
    fgf_sweep_destroy(&w->sweep);
}

static bool stop(void *state)
{
    world *w = state;
    return ++w->asked == w->stop_at;
}

static double seconds_left(void *state)
{
    world *w = state;
    const struct timespec step = {0, 20000000};
    w->calls++;
    if (w->asked < 2)
        w->calls_of_first = w->calls; /* up to the second question whether to stop */
    if (w->brink == 0)
        return w->left;
    if (w->calls == 1)
        w->began = fgf_seconds();
    if (w->calls > w->brink)
        return -1;
    if (w->calls == w->brink)
        return 1.4 * 1.2 * (fgf_seconds() - w->began);
    if (w->calls > 1)
        nanosleep(&step, NULL); /* epochs long enough to be told from what lies between them */
    return HUGE_VAL;
}

static bool due(void *state)
{
    return ((world *)state)->due;
}

static void save(void *state, const void *bytes, size_t size)
{
    world *w = state;
    fgf_free(w->bytes);
    assert_int_equal(fgf_allocate_bytes(size, 1, &w->bytes), FGF_OK);
    memcpy(w->bytes, bytes, size);
    w->size = size;
    w->saves++;
}

static fgf_status load(void *state, void **bytes, size_t *size)
{
    const world *w = state;
    *bytes = NULL;
    *size = w->size;
    if (!w->bytes)
        return FGF_OK;
    if (fgf_allocate_bytes(w->size, 1, bytes) != FGF_OK)
        return FGF_MEMORY;
    memcpy(*bytes, w->bytes, w->size);
    return FGF_OK;
}

static void say(void *state, bool warning, const char *line)
{
    world *w = state;
    w->warned = warning;
    snprintf(w->line, sizeof w->line, "%s", line);
}

/* Runs the trial into *row, the caller's; `keeps` = with checkpoints. */
static fgf_status run(world *w, bool keeps, fgf_row **row)
{
    const fgf_trial_hooks hooks = {.state = w,
                                   .stop = stop,
                                   .seconds_left = seconds_left,
                                   .due = keeps ? due : NULL,
                                   .save = keeps ? save : NULL,
                                   .load = keeps ? load : NULL,
                                   .say = say,
                                   .numerics = w->numerics};
    w->asked = w->calls = 0;
    w->line[0] = '\0';
    w->warned = false;
    assert_int_equal(fgf_row_create(w->axes, row), FGF_OK);
    return fgf_trial_run(w->context, fgf_sweep_trial(w->sweep, 0), fgf_group_serial(), &hooks,
                         *row);
}

static void expect_same(const fgf_row *a, const fgf_row *b)
{
    for (size_t c = 0; c < a->axes->column_count; c++)
        if (!a->axes->columns[c].volatile_value)
            assert_memory_equal(a->value[c], b->value[c],
                                fgf_axes_elements(a->axes, c) *
                                    fgf_column_element_bytes(&a->axes->columns[c]));
    assert_int_equal(a->parameter_count, b->parameter_count);
    assert_memory_equal(a->parameters, b->parameters, a->parameter_count * sizeof *a->parameters);
}

/* Stopped at its `every`-th question again and again until it is through. */
static int interrupt(world *w, int every, const fgf_row *expected)
{
    fgf_row *row = NULL;
    int starts = 0;
    fgf_status status = FGF_STOPPED;
    fgf_free(w->bytes);
    w->bytes = NULL;
    while (status == FGF_STOPPED) {
        /* Scoring is not saved in parts: from there on it must get more time. */
        w->stop_at = strcmp(w->line, "goes on with the scoring") == 0 ? 0 : every;
        fgf_row_destroy(&row);
        status = run(w, true, &row);
        assert_true(++starts < 20);
    }
    assert_int_equal(status, FGF_OK);
    expect_same(expected, row);
    fgf_row_destroy(&row);
    return starts;
}

static void goes_on(const char *optimizer, const char *more)
{
    world w;
    fgf_row *undisturbed = NULL;
    world_init(&w, optimizer, more);
    assert_int_equal(run(&w, false, &undisturbed), FGF_OK);
    assert_true(interrupt(&w, 2, undisturbed) >= 3);
    (void)interrupt(&w, 3, undisturbed);
    (void)interrupt(&w, 5, undisturbed);
    (void)interrupt(&w, 8, undisturbed);
    fgf_row_destroy(&undisturbed);
    world_clear(&w);
}

static void with_momentum(void **state)
{
    (void)state;
    goes_on("method: sgd, momentum: 0.9, schedule: cosine, warmup_epochs: 2", NULL);
}

static void with_adam(void **state)
{
    (void)state;
    goes_on("method: adam, learning_rate: 0.01, schedule: step, step_epochs: 2", NULL);
}

static void with_early_stopping(void **state)
{
    (void)state;
    goes_on("method: adamw, learning_rate: 0.05", "train.patience=2");
}

/* Killed at any time, it goes on from the last one that was due. */
static void from_a_regular_checkpoint(void **state)
{
    world w;
    fgf_row *undisturbed = NULL, *row = NULL;
    (void)state;
    world_init(&w, "method: sgd", NULL);
    assert_int_equal(run(&w, false, &undisturbed), FGF_OK);
    w.due = true;
    assert_int_equal(run(&w, true, &row), FGF_OK);
    expect_same(undisturbed, row);
    assert_int_equal(w.saves, 6); /* after each epoch but the last, and of the network */
    fgf_row_destroy(&row);
    assert_int_equal(run(&w, true, &row), FGF_OK);
    assert_string_equal(w.line, "goes on with the scoring");
    assert_false(w.warned);
    expect_same(undisturbed, row);
    fgf_row_destroy(&row);
    fgf_row_destroy(&undisturbed);
    world_clear(&w);
}

/* Stops after three epochs and hands out what it saved then. */
static void save_three_epochs(world *w)
{
    fgf_row *row = NULL;
    w->stop_at = 4;
    assert_int_equal(run(w, true, &row), FGF_STOPPED);
    assert_int_equal(w->saves, 1);
    w->stop_at = 0;
    fgf_row_destroy(&row);
}

static void stops_where_time_is_short(void **state)
{
    world w;
    fgf_row *row = NULL;
    (void)state;
    world_init(&w, "method: sgd", NULL);
    /* Nothing is known of an epoch's length before the first. */
    w.left = 1e-9;
    assert_int_equal(run(&w, true, &row), FGF_STOPPED);
    assert_int_equal(w.saves, 1);
    fgf_row_destroy(&row);
    assert_int_equal(run(&w, true, &row), FGF_STOPPED);
    assert_string_equal(w.line, "goes on at epoch 2 of 6");
    assert_int_equal(w.saves, 2);
    fgf_row_destroy(&row);
    /* No time at all: nothing is begun, and nothing saved that is saved already. */
    w.left = 0;
    assert_int_equal(run(&w, true, &row), FGF_STOPPED);
    assert_int_equal(w.saves, 2);
    fgf_row_destroy(&row);
    world_clear(&w);
}

/* An epoch that should have ended in time and does not takes nothing along but itself. */
static void saves_before_the_brink(void **state)
{
    world w;
    fgf_row *row = NULL;
    (void)state;
    world_init(&w, "method: sgd", NULL);
    assert_int_equal(run(&w, false, &row), FGF_OK);
    fgf_row_destroy(&row);
    w.brink = w.calls_of_first;
    assert_int_equal(run(&w, true, &row), FGF_STOPPED);
    assert_non_null(strstr(fgf_last_error()->message, "out of time in epoch 1"));
    assert_int_equal(w.saves, 1);
    fgf_row_destroy(&row);
    world_clear(&w);
}

static void expect_refused(world *w, const char *reason)
{
    fgf_row *row = NULL;
    w->stop_at = 1; /* before the first epoch: nothing is saved over it */
    assert_int_equal(run(w, true, &row), FGF_STOPPED);
    assert_true(w->warned);
    if (!strstr(w->line, reason))
        fail_msg("'%s' where '%s' was expected", w->line, reason);
    assert_int_equal(*fgf_row_i32(row, FGF_COLUMN_EPOCHS), -1);
    fgf_row_destroy(&row);
}

static void is_refused(void **state)
{
    world w, other;
    fgf_row *undisturbed = NULL, *row = NULL;
    (void)state;
    world_init(&w, "method: adam", NULL);
    assert_int_equal(run(&w, false, &undisturbed), FGF_OK);
    save_three_epochs(&w);
    unsigned char *bytes = w.bytes;
    const size_t whole = w.size;

    /* Every byte counts, and every length. */
    for (size_t k = 0; k < whole; k += k < 300 ? 1 : 97) {
        bytes[k] ^= 0x10;
        expect_refused(&w, "is trained from the start: its checkpoint ");
        bytes[k] ^= 0x10;
    }
    for (size_t size = 0; size < whole; size += size < 300 ? 7 : 131) {
        w.size = size;
        if (size > 0)
            expect_refused(&w, "torn");
    }
    w.size = whole;

    bytes[8]++; /* the version */
    expect_refused(&w, "version 2, this fgf writes version 1");
    bytes[8]--;
    w.numerics = "other/set";
    expect_refused(&w, "was computed with core/set");
    w.numerics = "core/set";
    world_init(&other, "method: adam", "train.seed=77");
    other.bytes = w.bytes;
    other.size = w.size;
    expect_refused(&other, "is of another trial");
    other.bytes = NULL;
    world_clear(&other);

    /* A training that starts anew ends as it should. */
    bytes[whole / 2] ^= 1;
    w.stop_at = 0;
    assert_int_equal(run(&w, true, &row), FGF_OK);
    assert_true(w.warned);
    expect_same(undisturbed, row);
    fgf_row_destroy(&row);
    fgf_row_destroy(&undisturbed);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_momentum),
        cmocka_unit_test(with_adam),
        cmocka_unit_test(with_early_stopping),
        cmocka_unit_test(from_a_regular_checkpoint),
        cmocka_unit_test(stops_where_time_is_short),
        cmocka_unit_test(saves_before_the_brink),
        cmocka_unit_test(is_refused),
    };
    return cmocka_run_group_tests(tests, make_dataset, remove_dataset);
}
