/* Which trials are taken to last equally long: what changes a trial's time, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fgf/log.h"
#include "fgf/trial.h"

static const char text[] =
    "data: {path: nowhere.h5}\n"
    "model: {layers: [conv: {channels: 3, kernel: 3}, prelu, flatten, dense: {units: 1}]}\n"
    "split: {kind: kfold, folds: 3}\n"
    "features: [size, mean]\n";

/* The shape of that trial with an override, or as it is. */
static fgf_hash shape_of(const char *override)
{
    fgf_sweep *sweep = NULL;
    fgf_hash shape;
    assert_int_equal(FGF_OK, fgf_sweep_parse(text, "text", fgf_trial_schema(), &override,
                                             override ? 1 : 0, &sweep));
    assert_int_equal(FGF_OK, fgf_trial_shape(fgf_sweep_trial(sweep, 0), &shape));
    fgf_sweep_destroy(&sweep);
    return shape;
}

static void assert_same(const char *left, const char *right, bool same)
{
    const fgf_hash a = shape_of(left), b = shape_of(right);
    if ((strcmp(a.text, b.text) == 0) != same)
        fail_msg("%s and %s should have %s", left ? left : "the trial", right,
                 same ? "one shape" : "two shapes");
}

static void test_of_no_consequence(void **state)
{
    (void)state;
    static const char *const same[] = {"train.seed=17",
                                       "train.optimizer.learning_rate=0.5",
                                       "train.optimizer.momentum=0",
                                       "train.optimizer.schedule=cosine",
                                       "train.balanced=true",
                                       "train.class_weights=[1, 3]",
                                       "split.fold=2",
                                       "split.seed=5",
                                       "noise.seed=9",
                                       "agreement.rank_tolerance=1e-3",
                                       "align.warmup_epochs=3",
                                       "output.weights=none"};
    for (size_t k = 0; k < sizeof same / sizeof *same; k++)
        assert_same(NULL, same[k], true);
    assert_same("align.lambda=0.1", "align.lambda=3", true);
    assert_same("train.augment.rotation_degrees=5", "train.augment.rotation_degrees=90", true);
    assert_same("train.augment.shift_pixels=1", "train.augment.shift_pixels=4", true);
}

static void test_of_consequence(void **state)
{
    (void)state;
    static const char *const other[] = {"align.lambda=0.1",
                                        "align.features=[mean]",
                                        "train.epochs=3",
                                        "train.batch=8",
                                        "train.microbatch=2",
                                        "train.patience=2",
                                        "train.optimizer.method=adam",
                                        "train.augment.flip_row=true",
                                        "train.augment.rotation_degrees=5",
                                        "train.augment.shift_pixels=1",
                                        "train.augment.noise=0.1",
                                        "split.folds=5",
                                        "omega.dilate_mm=2",
                                        "flow.step=0.1",
                                        "noise.draws=7",
                                        "score.cases=none",
                                        "score.lanes=2",
                                        "model.layers.0.channels=5",
                                        "features=[mean]"};
    for (size_t k = 0; k < sizeof other / sizeof *other; k++)
        assert_same(NULL, other[k], false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_of_no_consequence),
                                       cmocka_unit_test(test_of_consequence)};
    fgf_log_setup(true, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
