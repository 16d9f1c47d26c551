/* Faults of a specification: each kind, with its place, and all of a file at once. */
#include "example.h"

static void test_all_faults_at_once(void **state)
{
    (void)state;
    expect_faults(
        "train:\n"
        "  lr: abc\n"
        "  epochs: 0\n"
        "  bacth: 8\n"
        "  optimizer: adm\n"
        "  nesterov: yes\n"
        "model: {layers: [conv: {kernel: 3}, convv: {}, flatten: 3]}\n"
        "algin: {lambda: 1}\n",
        "sweep.yaml:2:7: train.lr: found 'abc', expected a number in [0, 10]\n"
        "sweep.yaml:3:11: train.epochs: found '0', expected an integer in [1, 100000]\n"
        "sweep.yaml:4:3: train: unknown key 'bacth'; did you mean 'batch'?\n"
        "sweep.yaml:5:14: train.optimizer: found 'adm', expected one of sgd, adam, adamw\n"
        "sweep.yaml:6:13: train.nesterov: found 'yes', expected true or false; in YAML "
        "1.2 'yes', 'no', 'on' and 'off' are texts\n"
        "sweep.yaml:7:24: required key 'model.layers.0.conv.channels' is missing, "
        "expected an integer in [1, 512]\n"
        "sweep.yaml:7:37: model.layers.1: unknown kind 'convv'; did you mean 'conv'?\n"
        "sweep.yaml:7:57: model.layers.2.flatten: found '3', expected a mapping of "
        "settings\n"
        "sweep.yaml:8:1: unknown key 'algin'; did you mean 'align'?\n");
}

static void test_missing(void **state)
{
    (void)state;
    expect_faults(
        "title: x\n",
        "sweep.yaml:1:1: required key 'train.lr' is missing, expected a number in [0, 10]\n"
        "sweep.yaml:1:1: required list 'model.layers' is missing, expected at least 1 item\n");
    expect_faults(
        "title: x\ntrain:\n  epochs: 3\nmodel: {layers: []}\n",
        "sweep.yaml:3:3: required key 'train.lr' is missing, expected a number in [0, 10]\n"
        "sweep.yaml:4:17: model.layers: found 0 items, expected at least 1\n");
    expect_faults("train: 5\nmodel: {layers: {conv: 1}}\n",
                  "sweep.yaml:1:8: train: found '5', expected a mapping of keys\n"
                  "sweep.yaml:2:17: model.layers: found a mapping, expected a list of items, each "
                  "'- kind: {...}'\n");
}

/* One faulty value of a key of train, and what is said about it. */
static void expect_value_fault(const char *key, const char *value, const char *said)
{
    char text[256], expected[512];
    snprintf(text, sizeof text, "train: {lr: 1, %s: %s}\nmodel: {layers: [flatten]}\n", key, value);
    snprintf(expected, sizeof expected, "sweep.yaml:1:%zu: train.%s: found %s\n", 18 + strlen(key),
             key, said);
    expect_faults(text, expected);
}

static void test_values(void **state)
{
    (void)state;
    expect_value_fault("seed", "1.5", "'1.5', expected an integer");
    expect_value_fault("seed", "9223372036854775808",
                       "'9223372036854775808', expected an integer; it does not fit in 64 bits");
    expect_value_fault("seed", "'5'", "the text '5', expected an integer; leave the quotes out");
    expect_value_fault("seed", "~", "'~', expected an integer");
    expect_value_fault("seed", "[1]", "a list, expected an integer");
    expect_value_fault("seed", "0x", "'0x', expected an integer");
    expect_value_fault("clip", ".nan", "'.nan', expected a number of at least 0");
    expect_value_fault("clip", "-.inf", "'-.inf', expected a number of at least 0");
    expect_value_fault("clip", "1e999",
                       "'1e999', expected a number of at least 0; it does not fit in a double");
    expect_value_fault("clip", "1e-999",
                       "'1e-999', expected a number of at least 0; it does not fit in a double");
    expect_value_fault("clip", "1.0.0", "'1.0.0', expected a number of at least 0");
    expect_value_fault("clip", "0x1p3", "'0x1p3', expected a number of at least 0");
    expect_value_fault("nesterov", "1", "'1', expected true or false");
    expect_value_fault("nesterov", "'true'",
                       "the text 'true', expected true or false; leave the quotes out");
    expect_value_fault("milestones", ".inf", "'.inf', expected a list of numbers, each in [0, 1]");
    expect_value_fault("milestones", "{a: 1}",
                       "a mapping, expected a list of numbers, each in [0, 1]");
    expect_value_fault("tags", "", "nothing, expected a list of texts");
}

static void test_good_values(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good("train: {lr: 1e-1, seed: 0x1F, clip: .inf, nesterov: True,\n"
                                 "        milestones: [.5, 1], sizes: 7, tags: [a b, 'c, d', 5],\n"
                                 "        optimizer: adamw, epochs: +12, batch: 0o17}\n"
                                 "model: {layers: [flatten]}\n"
                                 "data: {note: \"two\\nlines\", dataset: x.h5}\n"
                                 "align:\n"); /* an empty section is one of defaults */
    expect_column(sweep, "train.lr", "0.1");
    expect_column(sweep, "train.seed", "31");
    expect_column(sweep, "train.batch", "15");
    expect_column(sweep, "train.epochs", "12");
    expect_column(sweep, "train.clip", ".inf");
    expect_column(sweep, "train.nesterov", "true");
    expect_column(sweep, "train.milestones", "[0.5, 1]");
    expect_column(sweep, "train.sizes", "[7]");
    expect_column(sweep, "train.tags", "[a b, \"c, d\", 5]");
    expect_column(sweep, "data.note", "\"two\\u000alines\"");
    expect_column(sweep, "align.warmup", "5");
    fgf_sweep_destroy(&sweep);
}

static void test_names(void **state)
{
    (void)state;
    expect_faults("train: {lr: 1}\n"
                  "model: {layers: [flatten]}\n"
                  "features:\n"
                  "  - size: {name: a}\n"
                  "  - mean: {name: a}\n"
                  "  - mean: {name: 12}\n"
                  "  - mean: {name: a.b}\n"
                  "  - size: {threshhold: 4}\n"
                  "  - size:\n"
                  "    threshold: 4\n"
                  "  - 4: {}\n"
                  "  - [mean]\n",
                  "sweep.yaml:6:18: features.2.mean.name: found '12', expected a name of letters, "
                  "digits, _ and -, not only digits\n"
                  "sweep.yaml:7:18: features.3.mean.name: found 'a.b', expected a name of letters, "
                  "digits, _ and -, not only digits\n"
                  "sweep.yaml:8:12: features.4.size: unknown key 'threshhold'; did you mean "
                  "'threshold'?\n"
                  "sweep.yaml:9:5: features.5: found 2 keys, expected one kind with its settings "
                  "indented below it\n"
                  "sweep.yaml:11:5: features.6: unknown kind '4', expected one of size, mean\n"
                  "sweep.yaml:12:5: features.7: found a list, expected an item: 'kind' or 'kind: "
                  "{...}'\n");
    expect_faults("train: {lr: 1}\n"
                  "model: {layers: [flatten]}\n"
                  "features: [size: {name: a}, mean: {name: a}]\n",
                  "sweep.yaml:3:42: features.1: name 'a' is already that of features.0 (line 3)\n");
}

static void test_hints(void **state)
{
    (void)state;
    expect_faults(EXAMPLE "warmup: 3\ntrain.epochs: 3\n",
                  "sweep.yaml:8:1: unknown key 'warmup'; did you mean 'align.warmup'?\n"
                  "sweep.yaml:9:1: unknown key 'train.epochs'; dotted paths are for sweeps and "
                  "overrides, nest it here\n");
}

static void test_documents(void **state)
{
    (void)state;
    expect_faults("", "sweep.yaml:1:1: the document is empty\n");
    expect_faults("# nothing\n", "sweep.yaml:1:1: the document is empty\n");
    expect_faults("---\n", "sweep.yaml:2:1: sweep: found nothing, expected a mapping of keys\n");
    expect_faults("[1]\n", "sweep.yaml:1:1: sweep: found a list, expected a mapping of keys\n");
    expect_faults("a: 1\n---\nb: 2\n",
                  "sweep.yaml:2:1: a second document starts here; expected one document a file\n");
    expect_faults("a: 1\nb: 2\na: 3\n",
                  "sweep.yaml:3:1: key 'a' is given twice; the other one is at "
                  "line 1, column 1\n");
    expect_faults(
        "[a, b]: 1\n{c: 1}: 2\n<<: {x: 1}\n",
        "sweep.yaml:1:1: found a list as a key, expected a name\n"
        "sweep.yaml:2:1: found a mapping as a key, expected a name\n"
        "sweep.yaml:3:1: merge keys (<<) are not supported; write the settings out, or use "
        "an alias for the whole value\n");
    expect_faults(
        "a: !secret 1\nb: !!set {x}\n",
        "sweep.yaml:1:4: tag '!secret' is not supported here; leave it out\n"
        "sweep.yaml:2:4: tag 'tag:yaml.org,2002:set' is not supported here; leave it out\n");
    expect_faults("a: *b\n", "sweep.yaml:1:4: alias '*b' has no anchor before it\n");
    expect_faults("a: &b [1, *b]\n",
                  "sweep.yaml:1:11: alias '*b' stands inside the value that it names\n");
    expect_faults("a: \"x\\0y\"\n", "sweep.yaml:1:4: a text must not hold the character 0\n");
    expect_faults("a: [1, 2\nb: 3\n", "sweep.yaml:2:2: YAML syntax: did not find expected ',' or "
                                      "']' while parsing a flow sequence (from line 1 on)\n");
    expect_faults("a: \xff\n", "sweep.yaml:1:4: YAML syntax: invalid leading UTF-8 octet\n");
}

static void test_byte_order_mark_and_zero(void **state)
{
    (void)state;
    fgf_faults faults = {0};
    fgf_sweep *sweep = NULL;
    static const char zero[] = "title: a\0b\n";
    expect_faults("\xEF\xBB\xBF"
                  "lr: 1\n" EXAMPLE,
                  "sweep.yaml:1:1: unknown key 'lr'; did you mean 'train.lr'?\n");
    assert_int_equal(fgf_sweep_examine(zero, sizeof zero - 1, "z.yaml", &example_schema, NULL, 0,
                                       &faults, &sweep),
                     FGF_USAGE);
    assert_string_equal(faults.lines.text,
                        "z.yaml:1:9: YAML syntax: control characters are not allowed\n");
    fgf_faults_clear(&faults);
}

/* Nine levels of nine aliases each: 9^9 values from 200 bytes. */
static void test_limits(void **state)
{
    (void)state;
    fgf_buffer bomb = {0}, deep = {0};
    fgf_buffer_add(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++) {
        fgf_buffer_add(&bomb, "a%d: &a%d [", i, i);
        for (int j = 0; j < 9; j++)
            fgf_buffer_add(&bomb, "%s*a%d", j ? "," : "", i - 1);
        fgf_buffer_add(&bomb, "]\n");
    }
    expect_faults(bomb.text, "sweep.yaml:7:10: too large: more than 1000000 values, aliases "
                             "followed\n");
    for (int i = 0; i < 100000; i++)
        fgf_buffer_add(&deep, "[");
    expect_faults(deep.text, "sweep.yaml:1:65: nested too deeply: more than 64 levels\n");
    fgf_buffer_clear(&bomb);
    fgf_buffer_clear(&deep);
    for (int i = 0; i < 40; i++)
        fgf_buffer_add(&deep, "%s", i ? "[" : "a: &a [");
    for (int i = 0; i < 40; i++)
        fgf_buffer_add(&deep, "]");
    fgf_buffer_add(&deep, "\nb: ");
    for (int i = 0; i < 40; i++)
        fgf_buffer_add(&deep, "[");
    fgf_buffer_add(&deep, "*a");
    expect_faults(deep.text, "sweep.yaml:2:44: nested too deeply: more than 64 levels\n");
    fgf_buffer_clear(&deep);
    for (int i = 0; i < (5 << 20) / 8; i++)
        fgf_buffer_add_bytes(&deep, "# 12345\n", 8);
    expect_faults(deep.text,
                  "sweep.yaml:1:1: too large: 5242880 bytes, at most 4194304 are read\n");
    fgf_buffer_clear(&deep);
}

static void test_aliases(void **state)
{
    (void)state;
    fgf_sweep *sweep = read_good("train: {lr: &x 0.5, clip: *x}\n"
                                 "model: {layers: [&c {conv: {channels: 4}}, *c, flatten]}\n");
    expect_column(sweep, "train.clip", "0.5");
    expect_column(sweep, "model.layers.conv_2.channels", "4");
    fgf_sweep_destroy(&sweep);
}

static void test_many_faults(void **state)
{
    (void)state;
    fgf_buffer text = {0};
    fgf_faults faults = {0};
    fgf_sweep *sweep = NULL;
    for (int i = 0; i < 50000; i++)
        fgf_buffer_add(&text, "key%d: 1\n", i);
    assert_int_equal(
        fgf_sweep_examine(text.text, text.length, "s", &example_schema, NULL, 0, &faults, &sweep),
        FGF_USAGE);
    assert_int_equal(faults.count, 1001);
    fgf_faults_clear(&faults);
    fgf_buffer_clear(&text);
}

static void test_no_sweep(void **state)
{
    (void)state;
    fgf_schema manifest = example_schema;
    fgf_faults faults = {0};
    fgf_sweep *sweep = NULL;
    static const char text[] = EXAMPLE "sweep: {}\n";
    manifest.sweepable = false;
    manifest.name = "manifest";
    assert_int_equal(
        fgf_sweep_examine(text, sizeof text - 1, "m", &manifest, NULL, 0, &faults, &sweep),
        FGF_USAGE);
    assert_string_equal(faults.lines.text,
                        "m:8:1: unknown key 'sweep'; this kind of file (manifest) has no sweep\n");
    fgf_faults_clear(&faults);
    assert_int_equal(fgf_sweep_parse(EXAMPLE, "m", &manifest, NULL, 0, &sweep), FGF_OK);
    assert_int_equal(fgf_sweep_trial_count(sweep), 1);
    fgf_sweep_destroy(&sweep);
}

static void test_wrong_schema(void **state)
{
    (void)state;
    static const fgf_key keys[] = {{"n", FGF_KEY_INTEGER, 0, "x", 0, 0, NULL, "", ""}, {0}};
    static const fgf_schema_section sections[] = {{"a", keys, "", true}, {"a", keys, "", true}};
    const fgf_schema bad_default = {"s", sections, 1, NULL, 0, false};
    const fgf_schema twice = {"s", sections, 2, NULL, 0, false};
    fgf_sweep *sweep = NULL;
    assert_int_equal(fgf_sweep_parse("a: {n: 1}", "s", &bad_default, NULL, 0, &sweep),
                     FGF_INTERNAL);
    assert_non_null(strstr(fgf_last_error()->message, "default of a.n"));
    assert_int_equal(fgf_sweep_parse("a: {n: 1}", "s", &twice, NULL, 0, &sweep), FGF_INTERNAL);
    assert_null(sweep);
}

static void test_no_file(void **state)
{
    (void)state;
    fgf_sweep *sweep = NULL;
    assert_int_equal(fgf_sweep_load("no/such/file.yaml", &example_schema, NULL, 0, &sweep),
                     FGF_USAGE);
    assert_int_equal(fgf_sweep_load("/", &example_schema, NULL, 0, &sweep), FGF_ENVIRONMENT);
}

static void test_help(void **state)
{
    (void)state;
    fgf_buffer out = {0};
    fgf_schema_help(&example_schema, "train.lr", false, &out);
    assert_string_equal(out.text,
                        "train: training\n  train.lr\n      a number in [0, 10] (default: "
                        "required)\n      learning rate\n\n");
    fgf_buffer_clear(&out);
    fgf_schema_help(&example_schema, NULL, true, &out);
    assert_non_null(strstr(out.text,
                           "| `train.epochs` | an integer in [1, 100000], epochs | `80` | "
                           "passes |\n"));
    assert_non_null(strstr(out.text, "labels \\| any"));
    assert_non_null(strstr(out.text, "### `- conv`\n\nconvolution\n"));
    fgf_buffer_clear(&out);
    fgf_schema_help(&example_schema, "model.layers.conv", false, &out);
    assert_non_null(strstr(out.text, "conv.channels"));
    assert_null(strstr(out.text, "flatten"));
    fgf_buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_faults_at_once),
                                       cmocka_unit_test(test_missing),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_good_values),
                                       cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_hints),
                                       cmocka_unit_test(test_documents),
                                       cmocka_unit_test(test_byte_order_mark_and_zero),
                                       cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_aliases),
                                       cmocka_unit_test(test_many_faults),
                                       cmocka_unit_test(test_no_sweep),
                                       cmocka_unit_test(test_wrong_schema),
                                       cmocka_unit_test(test_no_file),
                                       cmocka_unit_test(test_help)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
