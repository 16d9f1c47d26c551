/* A small results layout, with values that follow from trial, column and labels alone, for the
 * tests of the results file and for the driver that is killed inside its writes. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "fgf/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE_TRIALS = 16,
    SAMPLE_FEATURES = 6,
    SAMPLE_CASES = 7,
    SAMPLE_KINDS = 2,
    SAMPLE_DRAWS = 3,
    SAMPLE_EPOCHS = 8,
    SAMPLE_COLUMNS = 8,
    SAMPLE_CELLS = 256 /* no row of a column is longer */
};

static const fgf_column sample_columns[SAMPLE_COLUMNS] = {
    {"/trial/lambda", FGF_F64, 0, 0, {0}, "1", "weight of the regularizer", 0},
    {"/trial/seconds", FGF_F64, 0, 0, {0}, "s", "wall clock", 1},
    {"/trial/note", FGF_TEXT, 12, 0, {0}, "", "a text", 0},
    {"/trial/parameters", FGF_I64, 0, 0, {0}, "1", "a count", 0},
    {"/flow/steps", FGF_I32, 0, 1, {FGF_AXIS_CASE}, "1", "steps", 0},
    {"/alignment/cosine_input",
     FGF_F64,
     0,
     2,
     {FGF_AXIS_CASE, FGF_AXIS_FEATURE},
     "1",
     "cosine at x",
     0},
    {"/alignment/noise_draws",
     FGF_F32,
     0,
     3,
     {FGF_AXIS_CASE, FGF_AXIS_NOISE, FGF_AXIS_DRAW},
     "1",
     "noise scores",
     0},
    {"/history/loss", FGF_F32, 0, 1, {FGF_AXIS_EPOCH}, "1", "training loss", 0}};

typedef struct sample {
    fgf_layout layout;
    int trials[SAMPLE_TRIALS], features[SAMPLE_FEATURES];
    fgf_hash ids[SAMPLE_TRIALS];
    size_t trial_block[SAMPLE_TRIALS], trial_weights_row[SAMPLE_TRIALS];
    fgf_model_block blocks[2];
    char feature_text[SAMPLE_FEATURES][24], case_text[SAMPLE_CASES][24];
    const char *feature_labels[SAMPLE_FEATURES], *case_labels[SAMPLE_CASES];
    const char *noise_labels[SAMPLE_KINDS];
    double ages[SAMPLE_CASES];
    int8_t roles[2][SAMPLE_CASES];
    fgf_table tables[4];
    fgf_attribute attributes[1];
} sample;

static inline fgf_hash sample_id(int trial)
{
    return fgf_hash_bytes(&trial, sizeof trial);
}
static inline bool sample_fails(int trial)
{
    return trial % 5 == 4;
}
static inline bool sample_has_weights(int trial)
{
    return trial % 3 != 2;
}
static inline size_t sample_parameters(int trial)
{
    return trial % 2 ? 3 : 5;
}

static inline void sample_blocks(sample *s)
{
    for (int b = 0; b < 2; b++) {
        s->blocks[b] = (fgf_model_block){.architecture = fgf_hash_bytes(b ? "odd" : "even", 3),
                                         .parameter_count = b ? 3 : 5,
                                         .layer_table = b ? "[odd]" : "[even]"};
    }
    for (size_t t = 0; t < s->layout.trial_count; t++) {
        s->trial_block[t] = (size_t)(s->trials[t] % 2);
        s->trial_weights_row[t] = sample_has_weights(s->trials[t])
                                      ? s->blocks[s->trial_block[t]].trial_count++
                                      : SIZE_MAX;
    }
}

static inline void sample_tables(sample *s)
{
    for (int i = 0; i < SAMPLE_CASES; i++) {
        s->ages[i] = 40.5 + i;
        s->roles[0][i] = (int8_t)(i % 3);
        s->roles[1][i] = (int8_t)(2 - i % 3);
    }
    s->tables[0] = (fgf_table){.path = "/case/age",
                               .type = FGF_F64,
                               .rank = 1,
                               .extent = {SAMPLE_CASES},
                               .data = s->ages,
                               .unit = "years",
                               .long_name = "age",
                               .scale = {FGF_SCALE_CASE}};
    s->tables[1] = (fgf_table){.path = "/split/role",
                               .type = FGF_I8,
                               .rank = 2,
                               .extent = {2, SAMPLE_CASES},
                               .data = s->roles,
                               .scale = {"/split/name", FGF_SCALE_CASE}};
    s->tables[2] = (fgf_table){.path = "/split/name",
                               .type = FGF_TEXT,
                               .text_bytes = 8,
                               .rank = 1,
                               .extent = {2},
                               .data = "first\0\0\0second\0",
                               .is_scale = true};
    s->tables[3] = (fgf_table){
        .path = "/sweep/yaml", .type = FGF_TEXT, .text_bytes = 16, .data = "lambda: [0, 1]\0"};
    s->attributes[0] = (fgf_attribute){"fgf_version", "0.0 \xc3\xa9"};
    s->layout.tables = s->tables;
    s->layout.table_count = 4;
    s->layout.attributes = s->attributes;
    s->layout.attribute_count = 1;
}

/* The layout of these trials and features; both lists end in -1. The struct must stay where it is.
 */
static inline void sample_init(sample *s, const int *trials, const int *features, size_t epochs)
{
    size_t t = 0, f = 0;
    memset(s, 0, sizeof *s);
    for (; trials[t] >= 0; t++) {
        s->trials[t] = trials[t];
        s->ids[t] = sample_id(trials[t]);
    }
    for (; features[f] >= 0; f++) {
        s->features[f] = features[f];
        snprintf(s->feature_text[f], sizeof s->feature_text[f], "feature%d", features[f]);
        s->feature_labels[f] = s->feature_text[f];
    }
    for (int i = 0; i < SAMPLE_CASES; i++) {
        snprintf(s->case_text[i], sizeof s->case_text[i], "case%d", i);
        s->case_labels[i] = s->case_text[i];
    }
    s->noise_labels[0] = "white";
    s->noise_labels[1] = "smooth";
    s->layout = (fgf_layout){
        .schema_version = 1,
        .dataset = fgf_hash_bytes("phantom", 7),
        .columns = sample_columns,
        .column_count = SAMPLE_COLUMNS,
        .axis_length = {SAMPLE_CASES, f, SAMPLE_KINDS, SAMPLE_DRAWS, epochs},
        .axis_labels = {s->case_labels, s->feature_labels, s->noise_labels, NULL, NULL},
        .trial_ids = s->ids,
        .trial_count = t,
        .blocks = s->blocks,
        .block_count = 2,
        .trial_block = s->trial_block,
        .trial_weights_row = s->trial_weights_row,
        .run_capacity = 4};
    sample_blocks(s);
    sample_tables(s);
}

/* The value of a column at (case, feature label or noise kind, draw) of a trial. */
static inline double sample_value(int trial, size_t column, int i, int j, int k)
{
    return trial + 100.0 * (double)column + i / 8.0 + j / 64.0 + k / 512.0;
}

/* Puts value number `cell` of a column's type. */
static inline void sample_put(size_t column, void *to, size_t cell, double value)
{
    switch (sample_columns[column].type) {
    case FGF_F64:
        ((double *)to)[cell] = value;
        break;
    case FGF_F32:
        ((float *)to)[cell] = (float)value;
        break;
    case FGF_I64:
        ((int64_t *)to)[cell] = (int64_t)value;
        break;
    case FGF_I32:
        ((int32_t *)to)[cell] = (int32_t)value;
        break;
    default:
        snprintf(to, 12, "t%.1f", value);
        break;
    }
}

/* A column's row of a trial for the given feature labels; returns its number of cells. */
static inline size_t sample_row(int trial, size_t column, const int *features, size_t feature_count,
                                size_t epochs, void *to)
{
    const fgf_column *about = &sample_columns[column];
    size_t n[3] = {1, 1, 1}, cell = 0;
    const size_t lengths[] = {SAMPLE_CASES, feature_count, SAMPLE_KINDS, SAMPLE_DRAWS, epochs};
    for (int a = 0; a < about->axis_count; a++)
        n[a] = lengths[about->axes[a]];
    memset(to, 0, SAMPLE_CELLS * sizeof(double));
    for (size_t i = 0; i < n[0]; i++)
        for (size_t j = 0; j < n[1]; j++)
            for (size_t k = 0; k < n[2]; k++) {
                bool by_feature = about->axis_count > 1 && about->axes[1] == FGF_AXIS_FEATURE;
                int label = by_feature ? features[j] : (int)j;
                sample_put(column, to, cell++, sample_value(trial, column, (int)i, label, (int)k));
            }
    return cell;
}

static inline void sample_weights(int trial, float *to)
{
    for (size_t i = 0; i < sample_parameters(trial); i++)
        to[i] = (float)trial + (float)i / 16.0f;
}

/* Commits row `row` of the sample. `seconds` goes to the volatile column. */
static inline fgf_status sample_commit(const sample *s, fgf_store *store, size_t row, int run_row,
                                       double seconds)
{
    static double cells[SAMPLE_COLUMNS][SAMPLE_CELLS];
    const void *values[SAMPLE_COLUMNS];
    float weights[5];
    int trial = s->trials[row];
    for (size_t c = 0; c < SAMPLE_COLUMNS; c++) {
        sample_row(trial, c, s->features, s->layout.axis_length[FGF_AXIS_FEATURE],
                   s->layout.axis_length[FGF_AXIS_EPOCH], cells[c]);
        values[c] = cells[c];
    }
    cells[1][0] = seconds;
    sample_weights(trial, weights);
    if (sample_fails(trial))
        values[5] = NULL; /* a trial that failed has no scores */
    return fgf_store_commit(store, row, values, sample_has_weights(trial) ? weights : NULL, run_row,
                            sample_fails(trial), sample_fails(trial) ? "loss is infinite" : NULL);
}

#endif
