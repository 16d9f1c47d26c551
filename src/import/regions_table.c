/* Names of structures, case by case, out of tables: the patterns that a candidate has for its own.
 */
#include "candidates.h"
#include "fgf/memory.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_source_id(const void *key, const void *element)
{
    const fgf_candidate *const *candidate = element;
    return strcmp(key, (*candidate)->source_id);
}

static int candidates_by_source_id(const void *a, const void *b)
{
    const fgf_candidate *const *first = a, *const *second = b;
    return strcmp((*first)->source_id, (*second)->source_id);
}

/* "a, b" becomes "a + b": both are asked for, and joined. */
static void add_names(const char *cell, fgf_buffer *out)
{
    while (*cell) {
        size_t length = strcspn(cell, ",");
        const char *next = cell + length + (cell[length] == ',');
        while (length > 0 && (cell[0] == ' ' || cell[0] == '\t')) {
            cell++;
            length--;
        }
        while (length > 0 && (cell[length - 1] == ' ' || cell[length - 1] == '\t'))
            length--;
        if (length > 0)
            fgf_buffer_add(out, "%s%.*s", out->length ? " + " : "", (int)length, cell);
        cell = next;
    }
}

typedef struct regions_columns {
    size_t id, *names;
} regions_columns;

static fgf_status find_columns(const fgf_manifest *m, const fgf_table *table, regions_columns *out,
                               fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    const fgf_source_settings *source = &m->source;
    for (size_t k = 0; k <= source->regions_columns.count; k++) {
        const bool is_id = k == source->regions_columns.count;
        const char *name = is_id ? source->regions_id : source->regions_columns.values[k];
        status = fgf_table_column(table, name, is_id ? &out->id : &out->names[k]);
        if (status == FGF_DATA)
            fgf_faults_add(faults, "%s", fgf_last_error()->message);
        else
            FGF_TRY(status);
    }
    status = FGF_OK;
done:
    return status;
}

/* The names of a row as one pattern of the candidate; rows of other cases are passed over. */
static fgf_status take_row(const fgf_manifest *m, const fgf_table *table, const regions_columns *at,
                           size_t row, const fgf_candidates *all, fgf_candidate **sorted,
                           char **text, fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    fgf_buffer names = {0};
    const fgf_cell *id = fgf_table_cell(table, row, at->id);
    fgf_candidate **found = bsearch(id->text, sorted, all->count, sizeof *sorted, by_source_id);
    if (!found)
        goto done;
    const size_t index = (size_t)(*found - all->list);
    for (size_t k = 0; k < m->source.regions_columns.count; k++)
        add_names(fgf_table_cell(table, row, at->names[k])->text, &names);
    FGF_TRY(names.status);
    if (text[index])
        fgf_faults_add(faults, "%s:%d:%d: case \"%s\" has a row before this one", table->path,
                       id->line, id->column, id->text);
    else if (names.length > 0)
        FGF_TRY(fgf_copy_text(names.text, &text[index]));
done:
    fgf_buffer_clear(&names);
    return status;
}

static fgf_status read_tables(const fgf_manifest *m, const fgf_candidates *all, char **text,
                              fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    fgf_table *table = NULL;
    fgf_candidate **sorted = NULL;
    regions_columns at = {0};
    FGF_TRY(FGF_ALLOCATE(m->source.regions_columns.count, &at.names));
    FGF_TRY(FGF_ALLOCATE(all->count, &sorted));
    for (size_t i = 0; i < all->count; i++)
        sorted[i] = &all->list[i];
    qsort(sorted, all->count, sizeof *sorted, candidates_by_source_id);
    for (size_t t = 0; t < m->source.regions_table.count; t++) {
        const size_t before = faults->count;
        FGF_TRY(fgf_table_read(m->regions_file[t], fgf_delimiter("auto"), &table));
        FGF_TRY(find_columns(m, table, &at, faults));
        for (size_t row = 0; row < table->row_count && faults->count == before; row++)
            FGF_TRY(take_row(m, table, &at, row, all, sorted, text, faults));
        fgf_table_destroy(&table);
    }
done:
    fgf_table_destroy(&table);
    fgf_free(at.names);
    fgf_free(sorted);
    return status;
}

fgf_status fgf_candidates_add_regions(const fgf_manifest *m, fgf_candidates *candidates)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    const fgf_texts general = m->source.regions;
    const size_t most = general.count + 1;
    FGF_TRY(FGF_ALLOCATE(candidates->count, &candidates->text));
    candidates->text_count = candidates->count;
    FGF_TRY(FGF_ALLOCATE(candidates->count * most, &candidates->pattern));
    if (m->source.regions_table.count > 0)
        FGF_TRY(read_tables(m, candidates, candidates->text, &faults));
    FGF_TRY(fgf_candidates_report(m, candidates, &faults, "source.regions_table"));
    for (size_t i = 0; i < candidates->count; i++) {
        const char **pattern = candidates->pattern + i * most;
        size_t count = 0;
        if (candidates->text[i])
            pattern[count++] = candidates->text[i];
        for (size_t k = 0; k < general.count; k++)
            pattern[count++] = general.values[k];
        candidates->list[i].regions = (fgf_structure_choice){count, pattern};
    }
done:
    fgf_faults_clear(&faults);
    return status;
}
