/* One configuration: its canonical text, its hashes, its structs; and memory that runs out. */
#include "example.h"

#include <sys/stat.h>
#include <unistd.h>

static void test_canonical(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good("data: {dataset: ../cohort.h5}\n" EXAMPLE);
    const fgf_config *config = fgf_sweep_trial(sweep, 0);
    static const char expected[] = "title = \"\"\n"
                                   "data.dataset = ../cohort.h5\n"
                                   "data.note = \"\"\n"
                                   "train.lr = 0.1\n"
                                   "train.clip = .inf\n"
                                   "train.epochs = 80\n"
                                   "train.batch = 64\n"
                                   "train.seed = 1\n"
                                   "train.nesterov = false\n"
                                   "train.optimizer = sgd\n"
                                   "train.milestones = []\n"
                                   "train.sizes = [3, 5]\n"
                                   "train.tags = []\n"
                                   "align.lambda = 0\n"
                                   "align.warmup = 5\n"
                                   "output.keep = best\n"
                                   "model.layers.0 = conv\n"
                                   "model.layers.0.name = conv\n"
                                   "model.layers.0.conv.channels = 8\n"
                                   "model.layers.0.conv.kernel = 3\n"
                                   "model.layers.1 = conv\n"
                                   "model.layers.1.name = conv_2\n"
                                   "model.layers.1.conv.channels = 16\n"
                                   "model.layers.1.conv.kernel = 5\n"
                                   "model.layers.2 = flatten\n"
                                   "model.layers.2.name = flatten\n"
                                   "features.0 = size\n"
                                   "features.0.name = size\n"
                                   "features.0.size.threshold = 0\n"
                                   "features.0.size.width = 20\n"
                                   "features.1 = size\n"
                                   "features.1.name = big\n"
                                   "features.1.size.threshold = 40\n"
                                   "features.1.size.width = 20\n"
                                   "features.2 = mean\n"
                                   "features.2.name = mean\n";
    assert_string_equal(fgf_config_canonical(config), expected);
    assert_ptr_equal(fgf_config_canonical(config), fgf_config_canonical(config));
    fgf_sweep_destroy(&sweep);
}

static fgf_hash hash_of(const char *text)
{
    fgf_sweep *sweep = read_good(text);
    fgf_hash hash = fgf_config_hash(fgf_sweep_trial(sweep, 0));
    fgf_sweep_destroy(&sweep);
    return hash;
}

static void test_hash_is_of_the_meaning(void **state)
{
    (void)state;
    static const char *const same[] = {
        "features: [size, size: {name: big, threshold: 40}, mean]\n"
        "model: {layers: [conv: {channels: 8, kernel: 3}, conv: {kernel: 5, channels: 0x10},"
        " flatten: ]}\n"
        "train:   {seed: 1, lr: 0.10}\n",
        EXAMPLE "output: {keep: all}\n", "# a comment\n" EXAMPLE "align: {lambda: -0.0}\n",
        EXAMPLE "align: {warmup: 5.00e0}\n",
        EXAMPLE "sweep: {grid: {train.lr: [+.1], train.optimizer: ['sgd']}}\n"};
    static const char *const other[] = {
        EXAMPLE "align: {lambda: 1e-300}\n", EXAMPLE "title: \"x\"\n",
        "train: {lr: 0.1000000000000001}\nmodel: {layers: [flatten]}\n",
        EXAMPLE "data: {note: 'train.lr = 3'}\n"};
    fgf_hash first = hash_of(EXAMPLE);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_string_equal(hash_of(same[i]).text, first.text);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_string_not_equal(hash_of(other[i]).text, first.text);
}

static void test_hash_without(void **state)
{
    (void)state;
    static const char *const seed[] = {"train.seed"};
    static const char *const both[] = {"train.seed", "features.big.threshold"};
    static const char *const broad[] = {"train", "features", "no.such.path"};
    static const char *const nothing[] = {"no.such.path"};
    fgf_sweep *sweep = read_good(EXAMPLE "sweep: {grid: {train.seed: [1, 11], "
                                         "features.big.size.threshold: [4, 40]}}\n");
    fgf_hash hash[4][3];
    for (size_t t = 0; t < 4; t++) {
        const fgf_config *config = fgf_sweep_trial(sweep, t);
        hash[t][0] = fgf_config_hash_without(config, seed, 1);
        hash[t][1] = fgf_config_hash_without(config, both, 2);
        hash[t][2] = fgf_config_hash_without(config, broad, 3);
        assert_string_equal(fgf_config_hash_without(config, nothing, 1).text,
                            fgf_config_hash(config).text);
        assert_string_equal(fgf_config_hash_without(config, NULL, 0).text,
                            fgf_config_hash(config).text);
    }
    assert_string_equal(hash[0][0].text, hash[2][0].text);
    assert_string_not_equal(hash[0][0].text, hash[1][0].text);
    for (size_t t = 1; t < 4; t++) {
        assert_string_equal(hash[0][1].text, hash[t][1].text);
        assert_string_equal(hash[0][2].text, hash[t][2].text);
    }
    assert_string_not_equal(hash[0][0].text, hash[0][1].text);
    fgf_sweep_destroy(&sweep);
}

/* Item 1 is left out; item 10 is not. */
static void test_hash_without_an_item(void **state)
{
    (void)state;
    static const char *const item[] = {"features.1"};
    fgf_sweep *sweep =
        read_good("train: {lr: 1}\nmodel: {layers: [flatten]}\n"
                  "features: [mean, mean, mean, mean, mean, mean, mean, mean, mean,"
                  " mean, mean: {name: last}]\n"
                  "sweep: {grid: {features.10.name: [a, b],\n"
                  "               features.1: [mean: {name: c}, size: {name: d}]}}\n");
    fgf_hash hash[4];
    for (size_t t = 0; t < 4; t++)
        hash[t] = fgf_config_hash_without(fgf_sweep_trial(sweep, t), item, 1);
    assert_string_equal(hash[0].text, hash[1].text);
    assert_string_equal(hash[2].text, hash[3].text);
    assert_string_not_equal(hash[0].text, hash[2].text);
    fgf_sweep_destroy(&sweep);
}

static void test_structs(void **state)
{
    (void)state;
    fgf_sweep *sweep = NULL;
    const fgf_item *items = NULL;
    size_t count = 0;
    example_train train = {0};
    example_data data = {0};
    assert_int_equal(fgf_sweep_parse(EXAMPLE "data: {dataset: a/b.h5}\n", "some/where/s.yaml",
                                     &example_schema, NULL, 0, &sweep),
                     FGF_OK);
    const fgf_config *config = fgf_sweep_trial(sweep, 0);
    assert_int_equal(fgf_config_section(config, "train", &train), FGF_OK);
    assert_true(train.lr == 0.1 && isinf(train.clip) && train.epochs == 80 && train.optimizer == 0);
    assert_int_equal(train.sizes.count, 2);
    assert_int_equal(train.sizes.values[1], 5);
    assert_int_equal(train.milestones.count, 0);
    assert_int_equal(fgf_config_section(config, "data", &data), FGF_OK);
    assert_string_equal(data.dataset, "some/where/a/b.h5");
    assert_string_equal(data.note, "");
    assert_int_equal(fgf_config_section(config, "trian", &train), FGF_INTERNAL);
    assert_int_equal(fgf_config_items(config, "model.layers", &items, &count), FGF_OK);
    assert_int_equal(count, 3);
    assert_ptr_equal(items[1].kind, &kind_conv);
    assert_string_equal(items[1].name, "conv_2");
    assert_string_equal(items[1].where, "some/where/s.yaml:5:7");
    assert_int_equal(((const example_conv *)items[1].settings)->channels, 16);
    assert_int_equal(fgf_config_items(config, "model", &items, &count), FGF_INTERNAL);
    assert_null(fgf_config_value(config, "train"));
    assert_null(fgf_config_value(config, "train.none"));
    assert_null(fgf_config_value(config, "features.9.width"));
    assert_string_equal(fgf_config_value(config, "features"),
                        "[size: {threshold: 0, width: 20}, size: {name: big, threshold: 40, width: "
                        "20}, mean]");
    fgf_sweep_destroy(&sweep);
}

/* Files are found beside the specification, whatever the working folder is. */
static void test_load(void **state)
{
    (void)state;
    fgf_sweep *sweep = NULL;
    example_data data = {0};
    char folder[] = "test_spec_XXXXXX", path[64], expected[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s.yaml", folder);
    snprintf(expected, sizeof expected, "%s/c.h5", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(EXAMPLE "data: {dataset: c.h5, note: /c.h5}\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(fgf_sweep_load(path, &example_schema, NULL, 0, &sweep), FGF_OK);
    assert_int_equal(fgf_config_section(fgf_sweep_trial(sweep, 0), "data", &data), FGF_OK);
    assert_string_equal(data.dataset, expected);
    assert_string_equal(value_of(sweep, 0, "data.dataset"), "c.h5");
    fgf_sweep_destroy(&sweep);
    unlink(path);
    rmdir(folder);
}

/* Everything once, good or faulty; returns the status. Leaks are the sanitizer's to find. */
static fgf_status use_everything(const char *text, const char *override)
{
    fgf_sweep *sweep = NULL;
    fgf_faults faults = {0};
    static const char *const without[] = {"train.seed", "features.big.width"};
    fgf_status status = fgf_sweep_examine(text, strlen(text), "s.yaml", &example_schema, &override,
                                          1, &faults, &sweep);
    assert_true((status == FGF_OK) == (sweep != NULL));
    if (sweep) {
        (void)fgf_config_canonical(fgf_sweep_trial(sweep, 0));
        (void)fgf_config_hash_without(fgf_sweep_trial(sweep, 0), without, 2);
        (void)fgf_config_value(fgf_sweep_trial(sweep, 0), "features.big.width");
    }
    fgf_sweep_destroy(&sweep);
    fgf_faults_clear(&faults);
    return status;
}

static void fail_each_allocation(const char *text, const char *override, fgf_status at_last)
{
    fgf_status status = FGF_MEMORY;
    long n = 0;
    while (status == FGF_MEMORY && n < 100000) {
        fgf_allocation_fail_at(++n);
        status = use_everything(text, override);
        /* Once reading succeeds, the failure falls into the questions, or beyond. */
        assert_true(status == FGF_MEMORY || status == at_last);
    }
    for (long more = 1; more < 30; more++) {
        fgf_allocation_fail_at(n + more);
        assert_int_equal(use_everything(text, override), at_last);
    }
    fgf_allocation_fail_at(0);
    assert_true(n > 20);
    assert_int_equal(status, at_last);
}

static void test_allocation_failures(void **state)
{
    (void)state;
    fail_each_allocation(EXAMPLE "sweep:\n"
                                 "  grid: {train.seed: [1, 2], features.big.width: [1, 2],\n"
                                 "         align: [{lambda: &x 1}, {lambda: *x, warmup: 2}]}\n"
                                 "  zip: {train.lr: [1, 2], train.batch: [8, 16]}\n"
                                 "  list: [{train.tags: [a]}, {train.tags: b}]\n"
                                 "  random: {count: 3, axes: {train.clip: {uniform: [0, 1]}}}\n"
                                 "  when: [{if: {train.lr: [1]}, set: {train.epochs: 3}}]\n"
                                 "  exclude: [{train.seed: 2, features.big.width: 1}]\n",
                         "data.dataset=x", FGF_OK);
    fail_each_allocation("train: {lr: x, bacth: 3}\n"
                         "model: {layers: [conv: {kernel: z, knrel: 1}, cnv, {a: 1, b: 2}]}\n"
                         "featurs: 3\n"
                         "sweep: {gird: 1, grid: {train.lrr: [1], features.4.width: [1]}}\n",
                         "train.bach=3", FGF_USAGE);
    fail_each_allocation("a: [1\nb: *c\n", "x", FGF_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_canonical),
                                       cmocka_unit_test(test_hash_is_of_the_meaning),
                                       cmocka_unit_test(test_hash_without),
                                       cmocka_unit_test(test_hash_without_an_item),
                                       cmocka_unit_test(test_structs),
                                       cmocka_unit_test(test_load),
                                       cmocka_unit_test(test_allocation_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
