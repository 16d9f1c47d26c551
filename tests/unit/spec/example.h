/* A small schema with every type of key, and helpers, for the tests of the specification reader. */
#ifndef SPEC_EXAMPLE_H
#define SPEC_EXAMPLE_H

#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/spec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct example_train {
    double lr, clip;
    int64_t epochs, batch, seed;
    bool nesterov;
    int optimizer;
    fgf_reals milestones;
    fgf_integers sizes;
    fgf_texts tags;
} example_train;

typedef struct example_align {
    double lambda, warmup;
} example_align;

typedef struct example_data {
    const char *dataset, *note;
} example_data;

typedef struct example_conv {
    int64_t channels, kernel;
} example_conv;

typedef struct example_size {
    double threshold, width;
} example_size;

#define TRAIN(member) offsetof(example_train, member)
#define FOUND(text) text "\n"

static const fgf_key train_keys[] = {
    {"lr", FGF_KEY_REAL, TRAIN(lr), NULL, 0, 10, NULL, "1", "learning rate"},
    {"clip", FGF_KEY_REAL, TRAIN(clip), ".inf", 0, INFINITY, NULL, "1", "gradient norm"},
    {"epochs", FGF_KEY_INTEGER, TRAIN(epochs), "80", 1, 100000, NULL, "epochs", "passes"},
    {"batch", FGF_KEY_INTEGER, TRAIN(batch), "64", 1, 4096, NULL, "1", "cases a step"},
    {"seed", FGF_KEY_INTEGER, TRAIN(seed), "1", 0, 0, NULL, "", "seed"},
    {"nesterov", FGF_KEY_BOOL, TRAIN(nesterov), "false", 0, 0, NULL, "", "look ahead"},
    {"optimizer", FGF_KEY_CHOICE, TRAIN(optimizer), "sgd", 0, 0, "sgd|adam|adamw", "", "rule"},
    {"milestones", FGF_KEY_REALS, TRAIN(milestones), "", 0, 1, NULL, "1", "lr drops"},
    {"sizes", FGF_KEY_INTEGERS, TRAIN(sizes), "[3, 5]", 1, 9, NULL, "px", "sizes"},
    {"tags", FGF_KEY_TEXTS, TRAIN(tags), "", 0, 0, NULL, "", "labels | any"},
    {0}};

static const fgf_key align_keys[] = {
    {"lambda", FGF_KEY_REAL, offsetof(example_align, lambda), "0", 0, 1e6, NULL, "1", "weight"},
    {"warmup", FGF_KEY_REAL, offsetof(example_align, warmup), "5", 0, 1e6, NULL, "epochs", "rise"},
    {0}};

static const fgf_key data_keys[] = {
    {"dataset", FGF_KEY_FILE, offsetof(example_data, dataset), "", 0, 0, NULL, "", "cohort"},
    {"note", FGF_KEY_TEXT, offsetof(example_data, note), "", 0, 0, NULL, "", "free text"},
    {0}};

static const fgf_key output_keys[] = {
    {"keep", FGF_KEY_TEXT, 0, "best", 0, 0, NULL, "", "weights kept"}, {0}};

static const fgf_key top_keys[] = {{"title", FGF_KEY_TEXT, 0, "", 0, 0, NULL, "", "a name"}, {0}};

static const fgf_key conv_keys[] = {
    {"channels", FGF_KEY_INTEGER, offsetof(example_conv, channels), NULL, 1, 512, NULL, "1", "out"},
    {"kernel", FGF_KEY_INTEGER, offsetof(example_conv, kernel), "3", 1, 31, NULL, "px", "side"},
    {0}};

static const fgf_key size_keys[] = {
    {"threshold", FGF_KEY_REAL, offsetof(example_size, threshold), "0", -2000, 4000, NULL, "HU",
     "t"},
    {"width", FGF_KEY_REAL, offsetof(example_size, width), "20", 0.1, 1000, NULL, "HU", "w"},
    {0}};

static const fgf_item_kind kind_conv = {"conv", "convolution", conv_keys, sizeof(example_conv)};
static const fgf_item_kind kind_flatten = {"flatten", "to a vector", NULL, 0};
static const fgf_item_kind kind_size = {"size", "soft area", size_keys, sizeof(example_size)};
static const fgf_item_kind kind_mean = {"mean", "mean intensity", NULL, 0};
static const fgf_item_kind *const layer_kinds[] = {&kind_conv, &kind_flatten};
static const fgf_item_kind *const feature_kinds[] = {&kind_size, &kind_mean};

static const fgf_schema_section example_sections[] = {
    {"", top_keys, "the file", true},
    {"data", data_keys, "input", true},
    {"train", train_keys, "training", true},
    {"align", align_keys, "alignment", true},
    {"output", output_keys, "what is kept", false}};

static const fgf_schema_list example_lists[] = {{"model.layers", layer_kinds, 2, "layers", 1},
                                                {"features", feature_kinds, 2, "features", 0}};

static const fgf_schema example_schema = {"sweep", example_sections, 5, example_lists, 2, true};

/* A complete document without a sweep; tests append one. */
#define EXAMPLE                                                                                    \
    "train: {lr: 0.1}\n"                                                                           \
    "model:\n"                                                                                     \
    "  layers:\n"                                                                                  \
    "    - conv: {channels: 8}\n"                                                                  \
    "    - conv: {channels: 16, kernel: 5}\n"                                                      \
    "    - flatten\n"                                                                              \
    "features: [size, size: {name: big, threshold: 40}, mean]\n"

/* Reads `text`; its faults must be exactly `expected` ("" = none). */
static inline fgf_sweep *read_with(const char *text, const char *const *overrides, size_t count,
                                   const char *expected)
{
    fgf_sweep *sweep = NULL;
    fgf_faults faults = {0};
    fgf_status status = fgf_sweep_examine(text, strlen(text), "sweep.yaml", &example_schema,
                                          overrides, count, &faults, &sweep);
    const char *lines = faults.lines.text ? faults.lines.text : "";
    if (strcmp(lines, expected) != 0)
        fprintf(stderr, "expected faults:\n%sfound faults:\n%s", expected, lines);
    assert_true(strcmp(lines, expected) == 0);
    assert_int_equal(status, expected[0] ? FGF_USAGE : FGF_OK);
    fgf_faults_clear(&faults);
    return sweep;
}

static inline void expect_faults(const char *text, const char *expected)
{
    assert_null(read_with(text, NULL, 0, expected));
}

static inline fgf_sweep *read_good(const char *text)
{
    return read_with(text, NULL, 0, "");
}

static inline const char *value_of(const fgf_sweep *sweep, size_t trial, const char *path)
{
    const char *value = fgf_config_value(fgf_sweep_trial(sweep, trial), path);
    return value ? value : "(none)";
}

/* All trials' values of `path`, separated by blanks. */
static inline void expect_column(const fgf_sweep *sweep, const char *path, const char *expected)
{
    fgf_buffer column = {0};
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep); i++)
        fgf_buffer_add(&column, "%s%s", i ? " " : "", value_of(sweep, i, path));
    assert_string_equal(column.text, expected);
    fgf_buffer_clear(&column);
}

#endif
