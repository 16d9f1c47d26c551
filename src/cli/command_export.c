/* fgf export: the numbers of a results file as text. */
#include "session.h"

#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CSV, JSON, COLUMN };

static const option options[] = {
    {"--csv", 0, NULL, "one line a trial, its single numbers and swept keys (default)"},
    {"--json", 0, NULL, "the same as JSON"},
    {"--column", 'c', "PATH", "one array instead, a line an element: --column /prediction/logit"},
    {0}};

static void print_element(const fgf_column *column, const void *row, size_t k, bool json)
{
    double number = NAN;
    fgf_buffer text = {0};
    switch (column->type) {
    case FGF_F64:
        number = ((const double *)row)[k];
        break;
    case FGF_F32:
        number = (double)((const float *)row)[k];
        break;
    case FGF_I64:
        number = (double)((const int64_t *)row)[k];
        break;
    case FGF_I32:
        number = ((const int32_t *)row)[k];
        break;
    case FGF_I8:
        number = ((const int8_t *)row)[k];
        break;
    case FGF_TEXT:
        /* JSON's quoting serves CSV as well but for the quote itself, which keys do not hold. */
        fgf_buffer_add_json(&text, (const char *)row + k * column->text_bytes);
        fputs(text.text ? text.text : "\"\"", stdout);
        fgf_buffer_clear(&text);
        return;
    }
    if (isnan(number) || (json && isinf(number)))
        fputs(json ? "null" : "", stdout);
    else
        printf("%.17g", number);
}

/* Trials in the file's order; columns that hold one number or text each. */
static fgf_status export_trials(fgf_store_reader *reader, bool json)
{
    fgf_status status = FGF_OK;
    static const char *const names[] = {"empty", "running", "done", "failed", "unasked"};
    void *row = NULL;
    size_t columns = fgf_store_reader_column_count(reader);
    bool comma = false;
    if (!json)
        printf("trial,id,status");
    for (size_t c = 0; c < columns && !json; c++) {
        fgf_column_view view = fgf_store_reader_column(reader, c);
        if (view.column.axis_count == 0)
            printf(",%s", view.column.path + strlen("/trial/"));
    }
    fputs(json ? "[" : "\n", stdout);
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++) {
        fgf_trial_status state = fgf_store_reader_status(reader, i);
        if (state != FGF_TRIAL_DONE && state != FGF_TRIAL_FAILED)
            continue;
        printf(json ? "%s\n  {\"trial\": %zu, \"id\": \"%s\", \"status\": \"%s\"" : "%s%zu,%s,%s",
               json && comma ? "," : "", i, fgf_store_reader_trial_id(reader, i), names[state]);
        comma = true;
        for (size_t c = 0; c < columns; c++) {
            fgf_column_view view = fgf_store_reader_column(reader, c);
            if (view.column.axis_count > 0)
                continue;
            FGF_TRY(fgf_allocate_bytes(view.row_bytes + 1, 1, &row));
            FGF_TRY(fgf_store_reader_row(reader, c, i, row));
            if (json)
                printf(", \"%s\": ", view.column.path + strlen("/trial/"));
            else
                fputs(",", stdout);
            print_element(&view.column, row, 0, json);
            fgf_free(row);
            row = NULL;
        }
        fputs(json ? "}" : "\n", stdout);
    }
    fputs(json ? "\n]\n" : "", stdout);
done:
    fgf_free(row);
    return status;
}

static fgf_status export_column(fgf_store_reader *reader, const char *path)
{
    fgf_status status = FGF_OK;
    static const char *const axis[FGF_AXIS_COUNT] = {"case", "feature", "noise", "draw", "epoch"};
    void *row = NULL;
    size_t c = fgf_store_reader_find_column(reader, path);
    if (c == SIZE_MAX)
        FGF_FAIL(FGF_USAGE, "the results file has no column %s; `h5ls -r` lists them", path);
    fgf_column_view view = fgf_store_reader_column(reader, c);
    printf("trial");
    for (int a = 0; a < view.column.axis_count; a++)
        printf(",%s", axis[view.column.axes[a]]);
    printf(",value\n");
    FGF_TRY(fgf_allocate_bytes(view.row_bytes + 1, 1, &row));
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++) {
        if (fgf_store_reader_status(reader, i) != FGF_TRIAL_DONE)
            continue;
        FGF_TRY(fgf_store_reader_row(reader, c, i, row));
        for (size_t k = 0; k < view.row_items; k++) {
            size_t stride = view.row_items, rest = k;
            printf("%zu", i);
            for (int a = 0; a < view.column.axis_count; a++) {
                stride /= view.extent[a];
                printf(",%zu", rest / stride);
                rest %= stride;
            }
            fputs(",", stdout);
            print_element(&view.column, row, k, false);
            fputs("\n", stdout);
        }
    }
done:
    fgf_free(row);
    return status;
}

static fgf_status run_export(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf export needs one results file; see `fgf help export`");
    if (given->value[CSV] && given->value[JSON])
        FGF_FAIL(FGF_USAGE, "fgf export: --csv or --json, not both");
    if (fgf_par_rank(par) != 0)
        return FGF_OK;
    FGF_TRY(fgf_store_reader_open(given->operand[0], &reader));
    if (given->value[COLUMN])
        FGF_TRY(export_column(reader, given->value[COLUMN]));
    else
        FGF_TRY(export_trials(reader, given->value[JSON] != NULL));
done:
    fgf_store_reader_close(&reader);
    return status;
}

const subcommand command_export = {.name = "export",
                                   .usage = "RESULTS.h5 [--csv | --json] [--column PATH]",
                                   .help = "prints results as CSV or JSON",
                                   .options = options,
                                   .run = run_export};
