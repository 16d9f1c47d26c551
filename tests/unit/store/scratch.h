/* A folder for one test program's files, checks on rows, and bytes to damage. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "sample.h"

#include "fgf/memory.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char scratch_folder[64], scratch_path[128];

/* Names "<folder>/<name>", empty; borrowed until the next call. */
static inline const char *scratch_file(const char *name)
{
    if (!scratch_folder[0]) {
        snprintf(scratch_folder, sizeof scratch_folder, "/tmp/fgf_store_XXXXXX");
        assert_non_null(mkdtemp(scratch_folder));
    }
    snprintf(scratch_path, sizeof scratch_path, "%s/%.40s", scratch_folder, name);
    unlink(scratch_path);
    return scratch_path;
}

static inline int scratch_remove(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", scratch_folder);
    return scratch_folder[0] ? system(command) : 0;
}

static inline size_t scratch_size(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return (size_t)about.st_size;
}

/* Turns over bits of one byte of a file. */
static inline void scratch_damage(const char *path, size_t offset, unsigned char bits)
{
    unsigned char byte = 0;
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, (off_t)offset), 1);
    byte ^= bits;
    assert_int_equal(pwrite(file, &byte, 1, (off_t)offset), 1);
    close(file);
}

/* Prepares the file and commits what is not done; *prepared is the caller's to clear. */
static inline void scratch_run(const char *path, const sample *s, fgf_prepare_result *prepared)
{
    fgf_store *store = NULL;
    int run_row = -1;
    const fgf_run_record record = {.command_line = "a test", .ranks = 3};
    assert_int_equal(fgf_store_prepare(path, &s->layout, (fgf_prepare_options){false}, prepared),
                     FGF_OK);
    assert_int_equal(fgf_store_open(path, &store), FGF_OK);
    assert_int_equal(fgf_store_begin_run(store, &record, &run_row), FGF_OK);
    for (size_t t = 0; t < prepared->trial_count; t++)
        if (prepared->status[t] == FGF_TRIAL_EMPTY)
            assert_int_equal(sample_commit(s, store, t, run_row, 1.5), FGF_OK);
    fgf_store_close(&store);
}

/* Position of a feature's label in the file, -1 = absent. */
static inline int scratch_label(fgf_store_reader *reader, int feature)
{
    char labels[SAMPLE_FEATURES * 32], wanted[24];
    size_t index = fgf_store_reader_find_dataset(reader, FGF_SCALE_FEATURE);
    fgf_dataset_view view = fgf_store_reader_dataset(reader, index);
    assert_true(view.bytes <= sizeof labels);
    assert_int_equal(fgf_store_reader_read(reader, index, labels), FGF_OK);
    snprintf(wanted, sizeof wanted, "feature%d", feature);
    for (size_t i = 0; i < view.extent[0]; i++)
        if (strcmp(labels + i * view.text_bytes, wanted) == 0)
            return (int)i;
    return -1;
}

/* A trial's row of a column that has features: values where it has them, else NaN. */
static inline void scratch_check_features(fgf_store_reader *reader, size_t row, int trial,
                                          const int *features)
{
    size_t column = fgf_store_reader_find_column(reader, "/alignment/cosine_input");
    fgf_column_view view = fgf_store_reader_column(reader, column);
    double cells[SAMPLE_CELLS];
    assert_int_equal(fgf_store_reader_row(reader, column, row, cells), FGF_OK);
    for (size_t i = 0; i < view.extent[0]; i++) {
        size_t known = 0;
        for (size_t k = 0; k < view.extent[1]; k++)
            known += !isnan(cells[i * view.extent[1] + k]);
        size_t count = 0;
        for (; features[count] >= 0; count++) {
            int at = scratch_label(reader, features[count]);
            assert_true(at >= 0);
            double found = cells[i * view.extent[1] + (size_t)at];
            if (!sample_fails(trial))
                assert_true(found == sample_value(trial, column, (int)i, features[count], 0));
        }
        assert_int_equal(known, sample_fails(trial) ? 0 : count);
    }
}

/* The row of a trial in a file holds what the sample committed for these features (ending in -1)
 * and epochs, bit for bit. */
static inline void scratch_check(fgf_store_reader *reader, int trial, const int *features,
                                 size_t epochs)
{
    size_t row = 0, count = 0;
    char found[SAMPLE_CELLS * sizeof(double)];
    double expected[SAMPLE_CELLS];
    char error[FGF_ERROR_TEXT];
    float *weights = NULL, wanted[5];
    fgf_hash architecture;
    int run_row = -1;
    while (row < fgf_store_reader_trial_count(reader) &&
           strcmp(fgf_store_reader_trial_id(reader, row), sample_id(trial).text) != 0)
        row++;
    assert_true(row < fgf_store_reader_trial_count(reader));
    for (size_t c = 0; c < SAMPLE_COLUMNS; c++) {
        if (c == 1 || c == 5)
            continue;
        size_t column = fgf_store_reader_find_column(reader, sample_columns[c].path);
        fgf_column_view view = fgf_store_reader_column(reader, column);
        size_t cells = sample_row(trial, c, features, 0, epochs, expected);
        assert_int_equal(fgf_store_reader_row(reader, column, row, found), FGF_OK);
        assert_true(cells <= view.row_items);
        assert_memory_equal(found, expected, cells * (view.row_bytes / view.row_items));
        for (size_t i = cells; i < view.row_items; i++)
            assert_true(isnan(((float *)found)[i])); /* epochs that another trial has */
    }
    scratch_check_features(reader, row, trial, features);
    assert_int_equal(fgf_store_reader_origin(reader, row, &run_row, error), FGF_OK);
    assert_string_equal(error, sample_fails(trial) ? "loss is infinite" : "");
    assert_int_equal(fgf_store_reader_weights(reader, row, &architecture, &weights, &count),
                     FGF_OK);
    assert_string_equal(architecture.text, fgf_hash_bytes(trial % 2 ? "odd" : "even", 3).text);
    assert_int_equal(count, sample_has_weights(trial) ? sample_parameters(trial) : 0);
    sample_weights(trial, wanted);
    if (count)
        assert_memory_equal(weights, wanted, count * sizeof *wanted);
    fgf_free(weights);
}

/* Opening fails with FGF_DATA and one line that names the file. */
static inline void scratch_refused(const char *path)
{
    fgf_store_reader *reader = NULL;
    assert_int_equal(fgf_store_reader_open(path, &reader), FGF_DATA);
    assert_null(reader);
    assert_non_null(strstr(fgf_last_error()->message, path));
    assert_null(strchr(fgf_last_error()->message, '\n'));
}

#endif
