/* The outcome table turned into candidates. */
#include "fgf/log.h"
#include "fgf/memory.h"
#include "manifest.h"
#include "table.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ABSENT = -1 };

/* The columns that the manifest names, ABSENT where it names none. */
typedef struct columns {
    long id, event, time, follow_up, patient, centre;
} columns;

/* An event of which the time is not known. */
static int label_untimed(const fgf_table_settings *settings, double follow_up,
                         const char **out_because)
{
    if (settings->unknown_time == FGF_UNKNOWN_OUTSIDE)
        return 0;
    /* The event lies before the last follow-up, so a short one settles it. */
    if (settings->unknown_time == FGF_UNKNOWN_INFER && follow_up <= settings->horizon)
        return 1;
    *out_because = "the time of the event is not known";
    return -1;
}

int fgf_label(const fgf_table_settings *settings, double event, double time, double follow_up,
              const char **out_because)
{
    *out_because = NULL;
    if (!*settings->event)
        return -1;
    if (isnan(event)) {
        *out_because = "it is not known whether the event occurred";
        return -1;
    }
    if (settings->horizon == 0)
        return event != 0;
    if (event != 0)
        return isnan(time) ? label_untimed(settings, follow_up, out_because)
                           : time <= settings->horizon;
    if (!(follow_up >= settings->horizon)) {
        *out_because = isnan(follow_up) ? "no event and the follow-up is not known"
                                        : "no event, followed for less than the horizon";
        return -1;
    }
    return 0;
}

static fgf_status find_column(const fgf_table *table, const char *name, long *out)
{
    fgf_status status = FGF_OK;
    size_t column = 0;
    *out = ABSENT;
    if (*name) {
        FGF_TRY(fgf_table_column(table, name, &column));
        *out = (long)column;
    }
done:
    return status;
}

/* A name that is missing is one fault; the others are still looked for. */
static fgf_status find_columns(const fgf_table *table, const fgf_table_settings *settings,
                               columns *out, fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    const struct {
        const char *name;
        long *column;
    } wanted[] = {{settings->id, &out->id},           {settings->event, &out->event},
                  {settings->time, &out->time},       {settings->follow_up, &out->follow_up},
                  {settings->patient, &out->patient}, {settings->centre, &out->centre}};
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        status = find_column(table, wanted[k].name, wanted[k].column);
        if (status == FGF_DATA)
            fgf_faults_add(faults, "%s", fgf_last_error()->message);
        else
            FGF_TRY(status);
    }
    status = FGF_OK;
    if (!*settings->id)
        fgf_faults_add(faults, "%s: table.id names no column", table->path);
done:
    return status;
}

/* An id becomes part of file names: nothing in it may lead out of the folder. NULL = good. */
static const char *id_fault(const char *id)
{
    if (!*id)
        return "the id is empty";
    if (strlen(id) >= FGF_CASE_ID)
        return "the id is longer than 63 bytes";
    if (id[0] == '.')
        return "an id must not begin with a dot";
    for (const char *c = id; *c; c++)
        if (*c == '/' || *c == '\\' || (unsigned char)*c < ' ' || *c == 0x7f)
            return "an id must not hold a slash, a backslash or a control character";
    return NULL;
}

static void read_number(const fgf_table *table, size_t row, long column, char decimal,
                        double *value, fgf_faults *faults)
{
    *value = (double)NAN;
    if (column != ABSENT && fgf_table_number(table, fgf_table_cell(table, row, (size_t)column),
                                             decimal, value) != FGF_OK)
        fgf_faults_add(faults, "%s", fgf_last_error()->message);
}

static void copy_cell(const fgf_table *table, size_t row, long column, char *text, size_t bytes,
                      fgf_faults *faults)
{
    const fgf_cell *cell = fgf_table_cell(table, row, (size_t)column);
    if (strlen(cell->text) >= bytes)
        fgf_faults_add(faults, "%s:%d:%d: longer than %zu bytes", table->path, cell->line,
                       cell->column, bytes - 1);
    snprintf(text, bytes, "%s", cell->text);
}

static void read_centre(const fgf_table *table, const fgf_cell *id, const regex_t *pattern,
                        fgf_case *out, fgf_faults *faults)
{
    regmatch_t match[2];
    if (regexec(pattern, id->text, 2, match, 0) != 0 || match[1].rm_so < 0 ||
        match[1].rm_eo - match[1].rm_so >= FGF_CASE_TEXT) {
        fgf_faults_add(faults, "%s:%d:%d: table.centre_pattern finds no hospital in \"%.64s\"",
                       table->path, id->line, id->column, id->text);
        return;
    }
    snprintf(out->centre, sizeof out->centre, "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
             id->text + match[1].rm_so);
}

static void read_row(const fgf_manifest *m, const fgf_table *table, const columns *at, size_t row,
                     const regex_t *pattern, fgf_candidate *out, fgf_faults *faults)
{
    static const char decimals[] = {0, '.', ','};
    const char decimal = decimals[m->table.decimal];
    fgf_case *known = &out->known;
    const fgf_cell *id = fgf_table_cell(table, row, (size_t)at->id);
    const char *fault = id_fault(id->text);
    if (fault)
        fgf_faults_add(faults, "%s:%d:%d: %s: \"%.64s\"", table->path, id->line, id->column, fault,
                       id->text);
    snprintf(known->id, sizeof known->id, "%s", id->text);
    snprintf(known->patient, sizeof known->patient, "%s", id->text);
    if (at->patient != ABSENT)
        copy_cell(table, row, at->patient, known->patient, sizeof known->patient, faults);
    if (at->centre != ABSENT)
        copy_cell(table, row, at->centre, known->centre, sizeof known->centre, faults);
    else if (pattern)
        read_centre(table, id, pattern, known, faults);
    read_number(table, row, at->time, decimal, &known->time, faults);
    read_number(table, row, at->follow_up, decimal, &known->follow_up, faults);
    read_number(table, row, at->event, decimal, &known->event, faults);
    if (!isnan(known->event) && known->event != 0 && known->event != 1) {
        const fgf_cell *cell = fgf_table_cell(table, row, (size_t)at->event);
        fgf_faults_add(faults, "%s:%d:%d: event \"%.40s\" of case %s, expected 0 or 1", table->path,
                       cell->line, cell->column, cell->text, known->id);
    }
    known->label = (int8_t)fgf_label(&m->table, known->event, known->time, known->follow_up,
                                     &out->out_because);
    if (m->table.outside_rule == FGF_OUTSIDE_UNLABELLED)
        out->out_because = NULL;
    known->slice = -1;
}

static int by_id(const void *a, const void *b)
{
    const fgf_candidate *first = a, *second = b;
    return strcmp(first->known.id, second->known.id);
}

/* Each id once; the line of the second and of the first are both named. */
static void check_duplicates(const fgf_table *table, const columns *at, const fgf_candidate *sorted,
                             size_t count, fgf_faults *faults)
{
    for (size_t i = 1; i < count; i++) {
        const char *id = sorted[i].known.id;
        if (strcmp(id, sorted[i - 1].known.id) != 0)
            continue;
        const fgf_cell *first = NULL;
        for (size_t row = 0; row < count; row++) {
            const fgf_cell *cell = fgf_table_cell(table, row, (size_t)at->id);
            if (strcmp(cell->text, id) != 0)
                continue;
            if (first)
                fgf_faults_add(faults, "%s:%d:%d: case \"%s\" is in line %d already", table->path,
                               cell->line, cell->column, id, first->line);
            first = first ? first : cell;
        }
        while (i + 1 < count && strcmp(id, sorted[i + 1].known.id) == 0)
            i++;
    }
}

static void warn_untimed(const fgf_table_settings *settings, const fgf_candidate *candidates,
                         size_t count)
{
    for (size_t i = 0; i < count && settings->horizon > 0; i++) {
        const fgf_case *known = &candidates[i].known;
        if (known->label == 0 && known->event == 1 && isnan(known->time))
            fgf_warn("case %s: event without a time, label 0 (table.unknown_time: outside)",
                     known->id);
    }
}

static fgf_status compile_pattern(const fgf_manifest *m, regex_t *pattern, bool *compiled)
{
    fgf_status status = FGF_OK;
    char reason[128];
    const char *text = m->table.centre_pattern;
    *compiled = false;
    if (!*text)
        goto done;
    int error = regcomp(pattern, text, REG_EXTENDED);
    *compiled = error == 0;
    if (error) {
        regerror(error, pattern, reason, sizeof reason);
        FGF_FAIL(FGF_USAGE, "%s: table.centre_pattern: \"%s\": %s",
                 fgf_config_where(fgf_sweep_trial(m->sweep, 0), "table.centre_pattern"), text,
                 reason);
    }
    if (pattern->re_nsub < 1)
        FGF_FAIL(FGF_USAGE, "%s: table.centre_pattern: \"%s\" has no group ( )",
                 fgf_config_where(fgf_sweep_trial(m->sweep, 0), "table.centre_pattern"), text);
done:
    return status;
}

fgf_status fgf_candidates_read(const fgf_manifest *manifest, fgf_candidate **out, size_t *count)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    fgf_table *table = NULL;
    fgf_candidate *candidates = NULL;
    regex_t pattern;
    bool compiled = false;
    columns at;
    *out = NULL;
    *count = 0;
    const char *delimiter = manifest->table.delimiter;
    FGF_TRY(compile_pattern(manifest, &pattern, &compiled));
    FGF_TRY(fgf_table_read(manifest->table.file,
                           strcmp(delimiter, "auto") == 0  ? '\0'
                           : strcmp(delimiter, "tab") == 0 ? '\t'
                                                           : delimiter[0],
                           &table));
    FGF_TRY(find_columns(table, &manifest->table, &at, &faults));
    FGF_TRY(fgf_faults_report(&faults, FGF_DATA, table->path));
    if (table->row_count == 0)
        FGF_FAIL(FGF_DATA, "%s: a header and no rows", table->path);
    FGF_TRY(FGF_ALLOCATE(table->row_count, &candidates));
    for (size_t row = 0; row < table->row_count; row++)
        read_row(manifest, table, &at, row, compiled ? &pattern : NULL, &candidates[row], &faults);
    qsort(candidates, table->row_count, sizeof *candidates, by_id);
    check_duplicates(table, &at, candidates, table->row_count, &faults);
    FGF_TRY(fgf_faults_report(&faults, FGF_DATA, table->path));
    warn_untimed(&manifest->table, candidates, table->row_count);
    *count = table->row_count;
    *out = candidates;
    candidates = NULL;
done:
    if (compiled)
        regfree(&pattern);
    fgf_faults_clear(&faults);
    fgf_table_destroy(&table);
    fgf_free(candidates);
    return status;
}
