/* The outcome tables turned into candidates. */
#include "candidates.h"
#include "fgf/log.h"
#include "fgf/memory.h"
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

/* One table and where its columns are; tables of one list may order them differently. */
typedef struct outcome_table {
    fgf_table *table;
    columns at;
    size_t first; /* its first row among the candidates as read */
} outcome_table;

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
static fgf_status find_columns(outcome_table *in, const fgf_table_settings *settings,
                               fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    columns *out = &in->at;
    const struct {
        const char *name;
        long *column;
    } wanted[] = {{settings->id, &out->id},           {settings->event, &out->event},
                  {settings->time, &out->time},       {settings->follow_up, &out->follow_up},
                  {settings->patient, &out->patient}, {settings->centre, &out->centre}};
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        status = find_column(in->table, wanted[k].name, wanted[k].column);
        if (status == FGF_DATA)
            fgf_faults_add(faults, "%s", fgf_last_error()->message);
        else
            FGF_TRY(status);
    }
    status = FGF_OK;
    if (!*settings->id)
        fgf_faults_add(faults, "%s: table.id names no column", in->table->path);
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

static void read_row(const fgf_manifest *m, const outcome_table *in, size_t row,
                     const regex_t *pattern, fgf_candidate *out, fgf_faults *faults)
{
    static const char decimals[] = {0, '.', ','};
    const char decimal = decimals[m->table.decimal];
    const fgf_table *table = in->table;
    const columns *at = &in->at;
    fgf_case *known = &out->known;
    const fgf_cell *id = fgf_table_cell(table, row, (size_t)at->id);
    const char *fault = id_fault(id->text);
    if (fault)
        fgf_faults_add(faults, "%s:%d:%d: %s: \"%.64s\"", table->path, id->line, id->column, fault,
                       id->text);
    snprintf(known->id, sizeof known->id, "%s", id->text);
    snprintf(out->source_id, sizeof out->source_id, "%s", id->text);
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
    for (int a = 0; a < 3; a++)
        known->source_spacing[a] = (double)NAN;
}

static int by_id(const void *a, const void *b)
{
    const fgf_candidate *first = a, *second = b;
    return strcmp(first->known.id, second->known.id);
}

/* Every row with this id; the place of the first is named with each further one. */
static void name_duplicates(const outcome_table *tables, size_t table_count, const char *id,
                            fgf_faults *faults)
{
    const fgf_cell *first = NULL;
    const fgf_table *home = NULL;
    for (size_t t = 0; t < table_count; t++) {
        const fgf_table *table = tables[t].table;
        for (size_t row = 0; row < table->row_count; row++) {
            const fgf_cell *cell = fgf_table_cell(table, row, (size_t)tables[t].at.id);
            if (strcmp(cell->text, id) != 0)
                continue;
            if (first)
                fgf_faults_add(faults, "%s:%d:%d: case \"%s\" is in line %d%s%s already",
                               table->path, cell->line, cell->column, id, first->line,
                               home == table ? "" : " of ", home == table ? "" : home->path);
            else
                home = table;
            first = first ? first : cell;
        }
    }
}

/* Each id once. `sorted` by id. */
static void check_duplicates(const outcome_table *tables, size_t table_count,
                             const fgf_candidates *sorted, fgf_faults *faults)
{
    for (size_t i = 1; i < sorted->count; i++) {
        const char *id = sorted->list[i].known.id;
        if (strcmp(id, sorted->list[i - 1].known.id) != 0)
            continue;
        name_duplicates(tables, table_count, id, faults);
        while (i + 1 < sorted->count && strcmp(id, sorted->list[i + 1].known.id) == 0)
            i++;
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

/* Opens all tables; counts their rows. */
static fgf_status read_tables(const fgf_manifest *m, outcome_table *tables, size_t *rows,
                              fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    const char delimiter = fgf_delimiter(m->table.delimiter);
    *rows = 0;
    for (size_t t = 0; t < m->table.file.count; t++) {
        FGF_TRY(fgf_table_read(m->table_file[t], delimiter, &tables[t].table));
        FGF_TRY(find_columns(&tables[t], &m->table, faults));
        if (tables[t].table->row_count == 0)
            fgf_faults_add(faults, "%s: a header and no rows", m->table_file[t]);
        tables[t].first = *rows;
        *rows += tables[t].table->row_count;
    }
done:
    return status;
}

/* What no message may tell: where the files are, and every id and patient. */
static fgf_status hide_paths(const fgf_manifest *m, fgf_names *secrets)
{
    fgf_status status = FGF_OK;
    for (size_t t = 0; t < m->table.file.count; t++)
        FGF_TRY(fgf_names_add_path(secrets, m->table_file[t]));
    for (size_t t = 0; t < m->source.regions_table.count; t++)
        FGF_TRY(fgf_names_add_path(secrets, m->regions_file[t]));
    FGF_TRY(fgf_names_add_path(secrets, m->source.folder));
done:
    return status;
}

static fgf_status hide_ids(const outcome_table *in, fgf_names *secrets)
{
    fgf_status status = FGF_OK;
    const long telling[] = {in->at.id, in->at.patient};
    for (size_t row = 0; row < in->table->row_count; row++)
        for (size_t k = 0; k < 2; k++)
            if (telling[k] != ABSENT)
                FGF_TRY(fgf_names_add(secrets,
                                      fgf_table_cell(in->table, row, (size_t)telling[k])->text));
done:
    return status;
}

fgf_status fgf_candidates_report(const fgf_manifest *m, const fgf_candidates *candidates,
                                 const fgf_faults *faults, const char *what)
{
    fgf_status status = FGF_OK;
    fgf_faults told = {.count = faults->count};
    if (m->hides_names && faults->count > 0) {
        fgf_hide(&candidates->secrets, NULL, faults->lines.text, &told.lines);
        FGF_TRY(told.lines.status);
    }
    FGF_TRY(fgf_faults_report(m->hides_names ? &told : faults, FGF_DATA, what));
done:
    fgf_faults_clear(&told);
    return status;
}

fgf_status fgf_candidates_read(const fgf_manifest *manifest, fgf_candidates *out)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    const size_t table_count = manifest->table.file.count;
    outcome_table *tables = NULL;
    const char *what =
        table_count > 1 || manifest->hides_names ? "table.file" : manifest->table_file[0];
    regex_t pattern;
    bool compiled = false;
    memset(out, 0, sizeof *out);
    if (manifest->hides_names)
        FGF_TRY(hide_paths(manifest, &out->secrets));
    FGF_TRY(compile_pattern(manifest, &pattern, &compiled));
    FGF_TRY(FGF_ALLOCATE(table_count, &tables));
    FGF_TRY(read_tables(manifest, tables, &out->count, &faults));
    FGF_TRY(fgf_candidates_report(manifest, out, &faults,
                                  what)); /* of columns: the rows cannot be read without them */
    for (size_t t = 0; t < table_count && manifest->hides_names; t++)
        FGF_TRY(hide_ids(&tables[t], &out->secrets));
    FGF_TRY(FGF_ALLOCATE(out->count, &out->list));
    for (size_t t = 0; t < table_count; t++)
        for (size_t row = 0; row < tables[t].table->row_count; row++)
            read_row(manifest, &tables[t], row, compiled ? &pattern : NULL,
                     &out->list[tables[t].first + row], &faults);
    qsort(out->list, out->count, sizeof *out->list, by_id);
    check_duplicates(tables, table_count, out, &faults);
    FGF_TRY(fgf_candidates_report(manifest, out, &faults, what));
    FGF_TRY(fgf_candidates_add_regions(manifest, out));
done:
    if (compiled)
        regfree(&pattern);
    for (size_t t = 0; tables && t < table_count; t++)
        fgf_table_destroy(&tables[t].table);
    fgf_free(tables);
    fgf_faults_clear(&faults);
    return status;
}

void fgf_candidates_warn(const fgf_manifest *manifest, const fgf_candidates *candidates)
{
    for (size_t i = 0; i < candidates->count && manifest->table.horizon > 0; i++) {
        const fgf_case *known = &candidates->list[i].known;
        if (known->label == 0 && known->event == 1 && isnan(known->time))
            fgf_warn("case %s: event without a time, label 0 (table.unknown_time: outside)",
                     known->id);
    }
}

void fgf_candidates_clear(fgf_candidates *candidates)
{
    for (size_t k = 0; k < candidates->text_count; k++)
        fgf_free(candidates->text[k]);
    fgf_free(candidates->text);
    fgf_free(candidates->pattern);
    fgf_free(candidates->list);
    fgf_names_clear(&candidates->secrets);
    memset(candidates, 0, sizeof *candidates);
}
