/* From the sweep mapping to trials. */
#include "example.h"

#define SWEEP(text) EXAMPLE "sweep:\n" text

static void test_one_trial(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good(EXAMPLE);
    assert_int_equal(fgf_sweep_trial_count(sweep), 1);
    assert_int_equal(fgf_sweep_axis_count(sweep), 0);
    assert_string_equal(fgf_sweep_text(sweep), EXAMPLE);
    assert_null(fgf_sweep_trial(sweep, 1));
    fgf_sweep_destroy(&sweep);
    sweep = read_good(EXAMPLE "sweep: {}\n");
    assert_int_equal(fgf_sweep_trial_count(sweep), 1);
    fgf_sweep_destroy(&sweep);
    fgf_sweep_destroy(&sweep);
}

static void test_grid(void **state)
{
    (void)state;
    fgf_sweep *sweep =
        read_good(SWEEP("  grid: {align.lambda: [0, 0.1], train.seed: [1, 2, 3]}\n"));
    expect_column(sweep, "align.lambda", "0 0 0 0.1 0.1 0.1");
    expect_column(sweep, "train.seed", "1 2 3 1 2 3");
    expect_column(sweep, "train.lr", "0.1 0.1 0.1 0.1 0.1 0.1");
    assert_int_equal(fgf_sweep_axis_count(sweep), 2);
    assert_string_equal(fgf_sweep_axis(sweep, 0), "align.lambda");
    assert_string_equal(fgf_sweep_axis(sweep, 1), "train.seed");
    assert_null(fgf_sweep_axis(sweep, 2));
    assert_string_equal(fgf_config_where(fgf_sweep_trial(sweep, 3), "align.lambda"),
                        "sweep.yaml:9:28");
    assert_string_equal(fgf_config_where(fgf_sweep_trial(sweep, 3), "align.warmup"), "default");
    fgf_sweep_destroy(&sweep);
}

static void test_zip_and_list(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good(SWEEP("  zip: {train.lr: [1, 2], train.batch: [8, 16]}\n"
                                       "  list: [{align.lambda: 3}, {align.warmup: 4}]\n"));
    expect_column(sweep, "train.lr", "1 1 2 2");
    expect_column(sweep, "train.batch", "8 8 16 16");
    expect_column(sweep, "align.lambda", "3 0 3 0");
    expect_column(sweep, "align.warmup", "5 4 5 4");
    fgf_sweep_destroy(&sweep);
    sweep = read_good(SWEEP("  zip: [{train.lr: [1, 2]}, {train.batch: [8, 16]}]\n"));
    expect_column(sweep, "train.lr", "1 1 2 2");
    expect_column(sweep, "train.batch", "8 16 8 16");
    fgf_sweep_destroy(&sweep);
}

static void test_paths(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good(SWEEP("  grid:\n"
                                       "    model.layers.1.conv.channels: [4, 32]\n"
                                       "    features.big.threshold: [1, 2]\n"
                                       "    features.size.size: [{width: 3}]\n"
                                       "    features.2: [mean, size]\n"));
    expect_column(sweep, "model.layers.1.channels", "4 4 4 4 32 32 32 32");
    expect_column(sweep, "model.layers.conv_2.conv.kernel", "5 5 5 5 5 5 5 5");
    expect_column(sweep, "model.layers.0.channels", "8 8 8 8 8 8 8 8");
    expect_column(sweep, "features.big.size.threshold", "1 1 2 2 1 1 2 2");
    expect_column(sweep, "features.0.width", "3 3 3 3 3 3 3 3");
    expect_column(sweep, "features.2.name", "mean size_2 mean size_2 mean size_2 mean size_2");
    expect_column(sweep, "features.mean", "mean (none) mean (none) mean (none) mean (none)");
    assert_string_equal(fgf_config_where(fgf_sweep_trial(sweep, 4), "model.layers.1.channels"),
                        "sweep.yaml:10:39");
    fgf_sweep_destroy(&sweep);
}

/* Shorter paths are laid first, in whatever order they are written. */
static void test_whole_list_then_inside(void **state)
{
    (void)state;
    fgf_sweep *sweep =
        read_good(SWEEP("  grid:\n"
                        "    model.layers.0.channels: [4, 5]\n"
                        "    model.layers: [[conv: {channels: 1}], [conv: {channels: 2, kernel: 7},"
                        " flatten]]\n"));
    expect_column(sweep, "model.layers",
                  "[conv: {channels: 4, kernel: 3}] [conv: {channels: 4, kernel: 7}, flatten] "
                  "[conv: {channels: 5, kernel: 3}] [conv: {channels: 5, kernel: 7}, flatten]");
    fgf_sweep_destroy(&sweep);
}

/* What only the sweep gives is not missing; a section replaced loses what it does not name. */
static void test_required_from_sweep(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good("model: {layers: [conv: {kernel: 3}]}\n"
                                 "align: {warmup: 9, lambda: 2}\n"
                                 "sweep: {grid: {train.lr: [1, 2], model.layers.0.channels: [3],\n"
                                 "               align: [{lambda: 4}, {warmup: 7}]}}\n");
    expect_column(sweep, "train.lr", "1 1 2 2");
    expect_column(sweep, "align.warmup", "5 7 5 7");
    expect_column(sweep, "align.lambda", "4 0 4 0");
    assert_int_equal(fgf_sweep_axis_count(sweep), 4);
    assert_string_equal(fgf_sweep_axis(sweep, 2), "align.lambda");
    assert_string_equal(fgf_sweep_axis(sweep, 3), "align.warmup");
    fgf_sweep_destroy(&sweep);
    expect_faults(
        "model: {layers: [flatten]}\nsweep: {list: [{train.lr: 1}, {train.seed: 2}]}\n",
        "sweep.yaml:1:1: required key 'train.lr' is missing, expected a number in [0, 10]\n");
}

#define RANDOM(count)                                                                              \
    SWEEP("  seed: 7\n"                                                                            \
          "  random:\n"                                                                            \
          "    count: " count "\n"                                                                 \
          "    axes:\n"                                                                            \
          "      train.lr: {log_uniform: [1e-4, 1e-1]}\n"                                          \
          "      train.batch: {choice: [8, 16]}\n"                                                 \
          "      align.lambda: {uniform: [0, 1]}\n"                                                \
          "      train.epochs: {integer: [10, 50]}\n")

static void test_random_prefix(void **state)
{
    (void)state;
    fgf_sweep *few = read_good(RANDOM("20")), *many = read_good(RANDOM("400"));
    int above[3] = {0};
    assert_int_equal(fgf_sweep_trial_count(few), 20);
    assert_int_equal(fgf_sweep_trial_count(many), 400);
    for (size_t i = 0; i < 20; i++)
        assert_string_equal(fgf_config_hash(fgf_sweep_trial(few, i)).text,
                            fgf_config_hash(fgf_sweep_trial(many, i)).text);
    for (size_t i = 0; i < 400; i++) {
        example_train train = {0};
        example_align align = {0};
        assert_int_equal(fgf_config_section(fgf_sweep_trial(many, i), "train", &train), FGF_OK);
        assert_int_equal(fgf_config_section(fgf_sweep_trial(many, i), "align", &align), FGF_OK);
        assert_true(train.lr >= 1e-4 && train.lr <= 0.1);
        assert_true(align.lambda >= 0 && align.lambda <= 1);
        assert_true(train.epochs >= 10 && train.epochs <= 50);
        assert_true(train.batch == 8 || train.batch == 16);
        above[0] += train.lr > sqrt(1e-5);
        above[1] += align.lambda > 0.5;
        above[2] += train.epochs > 30;
    }
    for (int i = 0; i < 3; i++) /* 200 expected, standard deviation 10 */
        assert_in_range(above[i], 150, 250);
    fgf_sweep_destroy(&few);
    fgf_sweep_destroy(&many);
}

/* An axis keeps its draws when another one joins it. */
static void test_random_axes_independent(void **state)
{
    (void)state;
    fgf_sweep *one =
        read_good(SWEEP("  random: {count: 5, axes: {train.lr: {uniform: [0, 1]}}}\n"));
    fgf_sweep *two = read_good(SWEEP("  random: {count: 5, axes: {train.clip: {uniform: [0, 1]},"
                                     " train.lr: {uniform: [0, 1]}}}\n"));
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(value_of(one, i, "train.lr"), value_of(two, i, "train.lr"));
        assert_string_not_equal(value_of(two, i, "train.clip"), value_of(two, i, "train.lr"));
    }
    fgf_sweep_destroy(&one);
    fgf_sweep_destroy(&two);
}

static void test_when(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good(SWEEP("  grid: {align.lambda: [0, 1.0, 2], train.seed: [1, 2]}\n"
                                       "  when:\n"
                                       "    - {if: {align.lambda: 0}, set: {align.warmup: 0}}\n"
                                       "    - if: {align.lambda: [1, 2], train.seed: 2}\n"
                                       "      set: {train.epochs: 3, features.big.width: 9}\n"
                                       "    - {if: {align.warmup: 0}, set: {train.batch: 2}}\n"));
    expect_column(sweep, "align.warmup", "0 0 5 5 5 5");
    expect_column(sweep, "train.epochs", "80 80 80 3 80 3");
    expect_column(sweep, "features.big.width", "20 20 20 9 20 9");
    expect_column(sweep, "train.batch", "2 2 64 64 64 64");
    assert_int_equal(fgf_sweep_axis_count(sweep), 6);
    assert_string_equal(fgf_sweep_axis(sweep, 2), "align.warmup");
    fgf_sweep_destroy(&sweep);
}

static void test_exclude_and_merge(void **state)
{
    (void)state;
    fgf_sweep *sweep =
        read_good(SWEEP("  grid: {align.lambda: [0, 1, 1.0], train.seed: [1, 2, 3]}\n"
                        "  exclude: [{align.lambda: 1, train.seed: [2, 3]}, {train.lr: 5}]\n"));
    expect_column(sweep, "align.lambda", "0 0 0 1");
    expect_column(sweep, "train.seed", "1 2 3 1");
    fgf_sweep_destroy(&sweep);
    expect_faults(SWEEP("  grid: {align.lambda: [0, 1]}\n  exclude: [{train.lr: 0.10}]\n"),
                  "sweep.yaml:10:13: sweep: every point is excluded\n");
}

static void test_overrides(void **state)
{
    (void)state;
    static const char *const overrides[] = {"align.lambda=7", "train.lr=0.5",
                                            "features.big.threshold=3", "train.tags=[a, b]",
                                            "data.dataset=here.h5"};
    fgf_sweep *sweep =
        read_with(SWEEP("  grid: {align.lambda: [0, 1], train.seed: [1, 2]}\n"), overrides, 5, "");
    expect_column(sweep, "align.lambda", "7 7");
    expect_column(sweep, "train.seed", "1 2");
    expect_column(sweep, "train.lr", "0.5 0.5");
    expect_column(sweep, "features.1.threshold", "3 3");
    expect_column(sweep, "train.tags", "[a, b] [a, b]");
    assert_int_equal(fgf_sweep_axis_count(sweep), 1);
    assert_string_equal(fgf_config_where(fgf_sweep_trial(sweep, 0), "align.lambda"),
                        "command line: align.lambda=7");
    example_data data = {0};
    assert_int_equal(fgf_config_section(fgf_sweep_trial(sweep, 0), "data", &data), FGF_OK);
    assert_string_equal(data.dataset, "here.h5");
    fgf_sweep_destroy(&sweep);
    /* A whole section on the command line, refined by an axis; the later of two equals wins. */
    static const char *const section[] = {"align={lambda: 3}", "train.seed=4", "train.seed=5"};
    sweep = read_with(SWEEP("  grid: {align.warmup: [1, 2]}\n"), section, 3, "");
    expect_column(sweep, "align.lambda", "3 3");
    expect_column(sweep, "align.warmup", "1 2");
    expect_column(sweep, "train.seed", "5 5");
    fgf_sweep_destroy(&sweep);
    /* It also silences the zip's member and the rule that would set it. */
    static const char *const typed[] = {"train.batch=4"};
    sweep = read_with(SWEEP("  zip: {train.lr: [1, 2], train.batch: [8, 16]}\n"
                            "  when: [{if: {train.lr: 2}, set: {train.batch: 32}}]\n"),
                      typed, 1, "");
    expect_column(sweep, "train.batch", "4 4");
    expect_column(sweep, "train.lr", "1 2");
    fgf_sweep_destroy(&sweep);
}

static void test_override_faults(void **state)
{
    (void)state;
    static const char *const overrides[] = {"align.lamda=x",
                                            "train.lr=x",
                                            "nothing",
                                            "train.batch=[1",
                                            "model.layers.9.kernel=3",
                                            "features.bgi.width=3",
                                            "train={lr: 1, epocs: 2}",
                                            "train.seed=",
                                            "data.note="};
    assert_null(read_with(
        EXAMPLE, overrides, 9,
        "command line: align.lamda=x: there is no key 'align.lamda'; did you mean 'align.lambda'?\n"
        "command line: train.lr=x: train.lr: found 'x', expected a number in [0, 10]\n"
        "command line: nothing: expected key=value\n"
        "command line: train.batch=[1: YAML syntax: did not find expected ',' or ']' while parsing "
        "a flow sequence\n"
        "command line: model.layers.9.kernel=3: model.layers.9.kernel: there is no item 9; the "
        "list "
        "has 3, counted from 0\n"
        "command line: features.bgi.width=3: features.bgi.width: there is no item 'bgi' in the "
        "list; "
        "did you mean 'big'?\n"
        "command line: train={lr: 1, epocs: 2}: train: unknown key 'epocs'; did you mean "
        "'epochs'?\n"
        "command line: train.seed=: train.seed: found the text '', expected an integer; leave the "
        "quotes out\n"));
}

static void test_sweep_faults(void **state)
{
    (void)state;
    expect_faults(
        SWEEP("  gird: {}\n"
              "  seed: -1\n"
              "  grid:\n"
              "    align.lamda: [1]\n"
              "    train.lr: [1, abc, 11]\n"
              "    train.batch: 3\n"
              "    train.seed: []\n"
              "    output.keep: [all]\n"
              "    train.clip: [1]\n"
              "    features.big.widht: [1]\n"
              "  zip: {train.epochs: [1, 2], train.clip: [1]}\n"
              "  list: [{train.clip: 2}, {align: {wramup: 1}}]\n"
              "  random: {count: 0, axes: {a: 1}}\n"
              "  when: [{if: {train.optimizer: [adm]}}, {if: {align.warmup: -1}, set: {x: 1}}]\n"
              "  exclude: [{}]\n"),
        "sweep.yaml:9:3: sweep: unknown key 'gird'; did you mean 'grid'?\n"
        "sweep.yaml:10:9: sweep.seed: found '-1', expected an integer of at least 0\n"
        "sweep.yaml:12:5: there is no key 'align.lamda'; did you mean 'align.lambda'?\n"
        "sweep.yaml:13:19: train.lr: found 'abc', expected a number in [0, 10]\n"
        "sweep.yaml:13:24: train.lr: found '11', expected a number in [0, 10]\n"
        "sweep.yaml:14:18: train.batch: found '3', expected a list of values\n"
        "sweep.yaml:15:17: train.seed: it is empty, expected a list of values\n"
        "sweep.yaml:16:5: output.keep cannot be swept: it is not part of what makes a trial; set "
        "it "
        "in its section\n"
        "sweep.yaml:18:26: features.1.size: unknown key 'widht'; did you mean 'width'?\n"
        "sweep.yaml:19:43: train.clip: 1 values, but train.epochs has 2; the axes of a zip run "
        "together\n"
        "sweep.yaml:20:11: train.clip is swept twice; leave it out of one of the axes\n"
        "sweep.yaml:20:36: align: unknown key 'wramup'; did you mean 'warmup'?\n"
        "sweep.yaml:21:19: sweep.random.count: found '0', expected an integer in [1, 1000000]\n"
        "sweep.yaml:22:10: sweep.when: expected {if: {path: value}, set: {path: value}}\n"
        "sweep.yaml:22:62: align.warmup: found '-1', expected a number in [0, 1000000]\n"
        "sweep.yaml:22:73: there is no key 'x'\n"
        "sweep.yaml:23:13: sweep: it is empty, expected a mapping of paths to values\n");
    expect_faults(
        SWEEP("  random: {count: 2, axes: {train.lr: {log_uniform: [0, 1]},\n"
              "    train.epochs: {integer: [5, 4]}, train.clip: {normal: [0, 1]}}}\n"),
        "sweep.yaml:9:53: train.lr: log_uniform needs [low, high] with 0 < low, in order\n"
        "sweep.yaml:10:29: train.epochs: integer needs [first, last], in order\n"
        "sweep.yaml:10:50: train.clip: found a mapping, expected one of uniform, "
        "log_uniform, integer, choice, as in {uniform: [0, 1]}\n");
}

static void test_too_many(void **state)
{
    (void)state;
    expect_faults(SWEEP("  random: {count: 1000, axes: {train.lr: {uniform: [0, 1]}}}\n"
                        "  grid: &g {train.seed: &s [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,"
                        "19,20,21,22,23,24,25,26,27,28,29,30,31,32], align.lambda: *s}\n"),
                  "sweep.yaml:9:3: sweep: 1024000 points, at most 1000000\n");
}

/* A fault of one value is said once, however many trials have it. */
static void test_said_once(void **state)
{
    (void)state;
    expect_faults(SWEEP("  grid: {features.big.width: [1, 0], train.seed: [1, 2, 3, 4]}\n"),
                  "sweep.yaml:9:34: features.1.size.width: found '0', expected a number in [0.1, "
                  "1000]\n");
    expect_faults(SWEEP("  list: [{train.lr: &x 11}, {train.lr: *x, train.seed: 2}]\n"),
                  "sweep.yaml:9:21: train.lr: found '11', expected a number in [0, 10]\n");
}

static void test_twenty_thousand(void **state)
{
    (void)state;
    double start = fgf_seconds();
    fgf_sweep *sweep =
        read_good(SWEEP("  random: {count: 5000, axes: {train.lr: {uniform: [0, 1]},\n"
                        "                                model.layers.1.channels: {integer: [1, "
                        "500]}}}\n"
                        "  grid: {train.seed: [1, 2, 3, 4]}\n"
                        "  when: [{if: {train.seed: 4}, set: {align.lambda: 1}}]\n"
                        "  exclude: [{train.seed: 4, align.lambda: 0}]\n"));
    assert_int_equal(fgf_sweep_trial_count(sweep), 20000);
    double seconds = fgf_seconds() - start;
    print_message("20000 trials in %.2f s\n", seconds);
    assert_true(seconds < 20); /* with sanitizers too */
    fgf_sweep_destroy(&sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_trial),
                                       cmocka_unit_test(test_grid),
                                       cmocka_unit_test(test_zip_and_list),
                                       cmocka_unit_test(test_paths),
                                       cmocka_unit_test(test_whole_list_then_inside),
                                       cmocka_unit_test(test_required_from_sweep),
                                       cmocka_unit_test(test_random_prefix),
                                       cmocka_unit_test(test_random_axes_independent),
                                       cmocka_unit_test(test_when),
                                       cmocka_unit_test(test_exclude_and_merge),
                                       cmocka_unit_test(test_overrides),
                                       cmocka_unit_test(test_override_faults),
                                       cmocka_unit_test(test_sweep_faults),
                                       cmocka_unit_test(test_too_many),
                                       cmocka_unit_test(test_said_once),
                                       cmocka_unit_test(test_twenty_thousand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
