#include "node.h"
#include "fgf/memory.h"
#include "fgf/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_MOST = 1000 };

const spec_node *spec_node_get(const spec_node *node, const char *key, size_t length)
{
    if (!node || node->kind != SPEC_MAPPING)
        return NULL;
    for (size_t i = 0; i < node->count; i++) {
        const char *text = node->entries[i].key->text;
        if (strncmp(text, key, length) == 0 && text[length] == '\0')
            return node->entries[i].value;
    }
    return NULL;
}

bool spec_node_is_null(const spec_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != SPEC_SCALAR || node->quoted)
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        if (strcmp(node->text, nulls[i]) == 0)
            return true;
    return false;
}

const char *spec_node_found(const spec_node *node, char text[SPEC_FOUND_BYTES])
{
    enum { SHOWN = 60 };
    if (node->kind == SPEC_SEQUENCE)
        return "a list";
    if (node->kind == SPEC_MAPPING)
        return "a mapping";
    if (!node->quoted && node->text[0] == '\0')
        return "nothing";
    int shown = (int)strcspn(node->text, "\n\r");
    bool cut = node->text[shown] != '\0' || shown > SHOWN;
    if (shown > SHOWN)
        for (shown = SHOWN; shown > 0 && ((unsigned char)node->text[shown] & 0xC0) == 0x80;)
            shown--;
    snprintf(text, SPEC_FOUND_BYTES, "%s'%.*s%s'", node->quoted ? "the text " : "", shown,
             node->text, cut ? "..." : "");
    return text;
}

fgf_status spec_node_scalar(spec_pool *pool, spec_place place, const char *text, size_t length,
                            bool quoted, const spec_node **out)
{
    fgf_status status = FGF_OK;
    spec_node *node = NULL;
    *out = NULL;
    FGF_TRY(SPEC_TAKE(pool, 1, &node));
    *node = (spec_node){.kind = SPEC_SCALAR, .quoted = quoted, .place = place, .expanded = 1};
    FGF_TRY(spec_pool_text(pool, text, length, &node->text));
    *out = node;
done:
    return status;
}

fgf_status spec_node_collection(spec_pool *pool, spec_place place, spec_node_kind kind,
                                const spec_entry *entries, size_t count, const spec_node **out)
{
    fgf_status status = FGF_OK;
    spec_node *node = NULL;
    spec_entry *copy = NULL;
    *out = NULL;
    FGF_TRY(SPEC_TAKE(pool, 1, &node));
    FGF_TRY(SPEC_TAKE(pool, count, &copy));
    *node = (spec_node){.kind = kind, .place = place, .entries = copy, .count = count};
    node->expanded = 1;
    for (size_t i = 0; i < count; i++) {
        copy[i] = entries[i];
        node->expanded += copy[i].value->expanded + (copy[i].key ? 1 : 0);
        if (copy[i].value->height + 1 > node->height)
            node->height = copy[i].value->height + 1;
    }
    *out = node;
done:
    return status;
}

fgf_status spec_node_with(spec_pool *pool, const spec_node *node, const spec_node *key,
                          const spec_node *value, const spec_node **out)
{
    fgf_status status = FGF_OK;
    spec_entry *entries = NULL;
    size_t i = 0;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(node->count + 1, &entries));
    if (node->count > 0)
        memcpy(entries, node->entries, node->count * sizeof *entries);
    while (i < node->count && strcmp(entries[i].key->text, key->text) != 0)
        i++;
    entries[i] = (spec_entry){key, value};
    FGF_TRY(spec_node_collection(pool, node->place, SPEC_MAPPING, entries,
                                 i < node->count ? node->count : node->count + 1, out));
done:
    fgf_free(entries);
    return status;
}

fgf_status spec_node_with_element(spec_pool *pool, const spec_node *node, size_t index,
                                  const spec_node *value, const spec_node **out)
{
    fgf_status status = FGF_OK;
    spec_entry *entries = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(node->count, &entries));
    memcpy(entries, node->entries, node->count * sizeof *entries);
    entries[index].value = value;
    FGF_TRY(spec_node_collection(pool, node->place, SPEC_SEQUENCE, entries, node->count, out));
done:
    fgf_free(entries);
    return status;
}

void spec_place_text(spec_place place, fgf_buffer *out)
{
    if (!place.source)
        fgf_buffer_add(out, "default");
    else if (place.source->has_lines)
        fgf_buffer_add(out, "%s:%zu:%zu", place.source->name, place.line, place.column);
    else
        fgf_buffer_add(out, "%s", place.source->name);
}

bool spec_report_full(const spec_report *report)
{
    return report->status != FGF_OK || report->count >= FAULTS_MOST;
}

typedef struct spec_fault {
    spec_place place;
    size_t number;
    const char *text;
} spec_fault_record;

static fgf_status keep(spec_report *report, spec_place place, const fgf_buffer *line)
{
    fgf_status status = FGF_OK;
    uint64_t key = fgf_text_key(line->text);
    size_t probe = 0, index = 0;
    while (spec_table_next(&report->seen, key, &probe, &index))
        if (strcmp(report->faults[index].text, line->text) == 0)
            return FGF_OK;
    FGF_TRY(SPEC_GROW(&report->faults, report->count, &report->capacity));
    spec_fault_record *record = &report->faults[report->count];
    FGF_TRY(spec_pool_text(&report->pool, line->text, line->length, &record->text));
    FGF_TRY(spec_table_add(&report->seen, key, report->count));
    record->place = place;
    record->number = report->count++;
done:
    return status;
}

void spec_fault(spec_report *report, spec_place place, const char *format, ...)
{
    fgf_buffer line = {0};
    char text[FGF_MESSAGE_BYTES];
    va_list arguments;
    if (!report || spec_report_full(report))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    spec_place_text(place, &line);
    fgf_buffer_add(&line, ": %s", text);
    report->status = line.status == FGF_OK ? keep(report, place, &line) : line.status;
    fgf_buffer_clear(&line);
}

const char *spec_report_first(const spec_report *report)
{
    return report->faults[0].text;
}

static int by_place(const void *left, const void *right)
{
    const spec_fault_record *a = left, *b = right;
    int order_a = a->place.source ? a->place.source->order : -1;
    int order_b = b->place.source ? b->place.source->order : -1;
    if (order_a != order_b)
        return order_a < order_b ? -1 : 1;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

void spec_report_finish(spec_report *report, fgf_faults *faults)
{
    if (report->count > 1)
        qsort(report->faults, report->count, sizeof *report->faults, by_place);
    for (size_t i = 0; i < report->count; i++)
        fgf_faults_add(faults, "%s", report->faults[i].text);
    if (report->count >= FAULTS_MOST)
        fgf_faults_add(faults, "there may be more: only the first %d are shown", FAULTS_MOST);
}

void spec_report_clear(spec_report *report)
{
    fgf_free(report->faults);
    spec_table_clear(&report->seen);
    spec_pool_clear(&report->pool);
    *report = (spec_report){0};
}
