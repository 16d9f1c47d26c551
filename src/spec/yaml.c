/* YAML through libyaml: its events become a tree of nodes. The only file that knows libyaml. */
#include "fgf/memory.h"
#include "fgf/random.h"
#include "node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A mapping or list whose end has not come yet; its children wait in `pending` from `first`. */
typedef struct open_node {
    spec_place place;
    spec_node_kind kind;
    size_t first, anchor; /* anchor: index + 1, 0 = none */
} open_node;

typedef struct anchor {
    const char *name;
    const spec_node *node; /* NULL until its end */
} anchor;

typedef struct builder {
    const spec_source *source;
    spec_pool *pool;
    spec_report *report;
    open_node open[SPEC_DEPTH_MOST];
    size_t depth;
    const spec_node **pending;
    size_t pending_count, pending_capacity;
    anchor *anchors;
    size_t anchor_count, anchor_capacity;
    spec_table anchor_index;
    const spec_node *root;
    size_t expanded, documents;
    bool stop; /* a fault after which reading on makes no sense */
} builder;

static spec_place place_of(const builder *b, yaml_mark_t mark)
{
    return (spec_place){b->source, mark.line + 1, mark.column + 1};
}

#define FATAL_FAULT(b, place, ...)                                                                 \
    do {                                                                                           \
        spec_fault((b)->report, (place), __VA_ARGS__);                                             \
        (b)->stop = true;                                                                          \
    } while (0)

/* Counts nodes as they would be with every alias written out: what an alias bomb multiplies. */
static void count_nodes(builder *b, spec_place place, size_t nodes)
{
    b->expanded += nodes;
    if (b->expanded > SPEC_NODES_MOST && !b->stop)
        FATAL_FAULT(b, place, "too large: more than %d values, aliases followed", SPEC_NODES_MOST);
}

static bool awaits_key(const builder *b)
{
    if (b->depth == 0)
        return false;
    const open_node *top = &b->open[b->depth - 1];
    return top->kind == SPEC_MAPPING && (b->pending_count - top->first) % 2 == 0;
}

static void check_key(builder *b, spec_place place, const spec_node *node)
{
    if (node->kind != SPEC_SCALAR)
        spec_fault(b->report, place, "found %s as a key, expected a name",
                   node->kind == SPEC_MAPPING ? "a mapping" : "a list");
    else if (!node->quoted && strcmp(node->text, "<<") == 0)
        spec_fault(b->report, place,
                   "merge keys (<<) are not supported; write the settings out, or use an alias for "
                   "the whole value");
}

static fgf_status add_child(builder *b, spec_place place, const spec_node *node)
{
    fgf_status status = FGF_OK;
    if (awaits_key(b))
        check_key(b, place, node);
    if (b->depth == 0) {
        b->root = node;
        return FGF_OK;
    }
    FGF_TRY(SPEC_GROW(&b->pending, b->pending_count, &b->pending_capacity));
    b->pending[b->pending_count++] = node;
done:
    return status;
}

static anchor *find_anchor(builder *b, const char *name)
{
    size_t probe = 0, index = 0;
    while (spec_table_next(&b->anchor_index, fgf_text_key(name), &probe, &index))
        if (strcmp(b->anchors[index].name, name) == 0)
            return &b->anchors[index];
    return NULL;
}

/* *out: index + 1 of the anchor, or 0 where there is no name. A repeated name means the newest. */
static fgf_status open_anchor(builder *b, const yaml_char_t *given, size_t *out)
{
    fgf_status status = FGF_OK;
    const char *name = (const char *)given;
    *out = 0;
    if (!name)
        return FGF_OK;
    anchor *known = find_anchor(b, name);
    if (!known) {
        FGF_TRY(SPEC_GROW(&b->anchors, b->anchor_count, &b->anchor_capacity));
        known = &b->anchors[b->anchor_count];
        FGF_TRY(spec_pool_text(b->pool, name, strlen(name), &known->name));
        FGF_TRY(spec_table_add(&b->anchor_index, fgf_text_key(name), b->anchor_count));
        b->anchor_count++;
    }
    known->node = NULL;
    *out = (size_t)(known - b->anchors) + 1;
done:
    return status;
}

static void check_tag(builder *b, spec_place place, const yaml_char_t *given, const char *own)
{
    static const char core[] = "tag:yaml.org,2002:";
    static const char *const scalars[] = {"str", "int", "float", "bool", "null"};
    const char *tag = (const char *)given;
    if (!tag || strcmp(tag, "!") == 0)
        return;
    if (strncmp(tag, core, sizeof core - 1) == 0) {
        const char *name = tag + sizeof core - 1;
        if (strcmp(name, own) == 0)
            return;
        for (size_t i = 0; own[0] == '\0' && i < sizeof scalars / sizeof scalars[0]; i++)
            if (strcmp(name, scalars[i]) == 0)
                return;
    }
    spec_fault(b->report, place, "tag '%.80s' is not supported here; leave it out", tag);
}

static fgf_status on_scalar(builder *b, const yaml_event_t *event)
{
    fgf_status status = FGF_OK;
    spec_place place = place_of(b, event->start_mark);
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    size_t length = event->data.scalar.length, opened = 0;
    bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
                  (tag && (strcmp(tag, "!") == 0 || strcmp(tag, YAML_STR_TAG) == 0));
    const spec_node *node = NULL;
    check_tag(b, place, event->data.scalar.tag, "");
    if (memchr(text, 0, length))
        spec_fault(b->report, place, "a text must not hold the character 0");
    FGF_TRY(open_anchor(b, event->data.scalar.anchor, &opened));
    FGF_TRY(spec_node_scalar(b->pool, place, text, length, quoted, &node));
    if (opened)
        b->anchors[opened - 1].node = node;
    count_nodes(b, place, 1);
    FGF_TRY(add_child(b, place, node));
done:
    return status;
}

static fgf_status on_alias(builder *b, const yaml_event_t *event)
{
    fgf_status status = FGF_OK;
    spec_place place = place_of(b, event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    const anchor *known = find_anchor(b, name);
    if (!known || !known->node)
        FATAL_FAULT(b, place,
                    known ? "alias '*%.80s' stands inside the value that it names"
                          : "alias '*%.80s' has no anchor before it",
                    name);
    else if (b->depth + known->node->height > SPEC_DEPTH_MOST)
        FATAL_FAULT(b, place, "nested too deeply: more than %d levels", SPEC_DEPTH_MOST);
    if (b->stop)
        return FGF_OK;
    count_nodes(b, place, known->node->expanded);
    FGF_TRY(add_child(b, place, known->node));
done:
    return status;
}

static fgf_status on_start(builder *b, spec_place place, spec_node_kind kind,
                           const yaml_char_t *name)
{
    fgf_status status = FGF_OK;
    if (b->depth == SPEC_DEPTH_MOST) {
        FATAL_FAULT(b, place, "nested too deeply: more than %d levels", SPEC_DEPTH_MOST);
        return FGF_OK;
    }
    open_node *top = &b->open[b->depth];
    *top = (open_node){.place = place, .kind = kind, .first = b->pending_count};
    FGF_TRY(open_anchor(b, name, &top->anchor));
    b->depth++;
    count_nodes(b, place, 1);
done:
    return status;
}

static int by_text(const void *left, const void *right)
{
    const spec_node *const *a = left, *const *b = right;
    int order = strcmp((*a)->text, (*b)->text);
    if (order != 0)
        return order;
    if ((*a)->place.line != (*b)->place.line)
        return (*a)->place.line < (*b)->place.line ? -1 : 1;
    return (*a)->place.column < (*b)->place.column ? -1 : 1;
}

/* Sorted, since comparing each key with each would be quadratic in the size of a hostile file. */
static fgf_status check_duplicates(builder *b, const spec_entry *entries, size_t count)
{
    fgf_status status = FGF_OK;
    const spec_node **keys = NULL;
    size_t scalars = 0;
    FGF_TRY(FGF_ALLOCATE(count, &keys));
    for (size_t i = 0; i < count; i++)
        if (entries[i].key->kind == SPEC_SCALAR)
            keys[scalars++] = entries[i].key;
    if (scalars > 1)
        qsort(keys, scalars, sizeof *keys, by_text);
    for (size_t i = 1; i < scalars; i++)
        if (strcmp(keys[i - 1]->text, keys[i]->text) == 0)
            spec_fault(b->report, keys[i]->place,
                       "key '%.80s' is given twice; the other one is at line %zu, column %zu",
                       keys[i]->text, keys[i - 1]->place.line, keys[i - 1]->place.column);
done:
    fgf_free(keys);
    return status;
}

static fgf_status on_end(builder *b)
{
    fgf_status status = FGF_OK;
    spec_entry *entries = NULL;
    const spec_node *node = NULL;
    const open_node top = b->open[--b->depth];
    size_t waiting = b->pending_count - top.first;
    size_t step = top.kind == SPEC_MAPPING ? 2 : 1;
    const spec_node *const *children = b->pending + top.first;
    FGF_TRY(FGF_ALLOCATE(waiting / step, &entries));
    for (size_t i = 0; i < waiting / step; i++)
        entries[i] =
            (spec_entry){step == 2 ? children[step * i] : NULL, children[step * i + step - 1]};
    if (step == 2)
        FGF_TRY(check_duplicates(b, entries, waiting / step));
    FGF_TRY(spec_node_collection(b->pool, top.place, top.kind, entries, waiting / step, &node));
    b->pending_count = top.first;
    if (top.anchor)
        b->anchors[top.anchor - 1].node = node;
    FGF_TRY(add_child(b, top.place, node));
done:
    fgf_free(entries);
    return status;
}

static fgf_status on_event(builder *b, const yaml_event_t *event)
{
    spec_place place = place_of(b, event->start_mark);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ > 0)
            FATAL_FAULT(b, place, "a second document starts here; expected one document a file");
        return FGF_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_ALIAS_EVENT:
        return on_alias(b, event);
    case YAML_SEQUENCE_START_EVENT:
        check_tag(b, place, event->data.sequence_start.tag, "seq");
        return on_start(b, place, SPEC_SEQUENCE, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        check_tag(b, place, event->data.mapping_start.tag, "map");
        return on_start(b, place, SPEC_MAPPING, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    case YAML_STREAM_END_EVENT:
        b->stop = true;
        return FGF_OK;
    default:
        return FGF_OK;
    }
}

/* libyaml gives bytes, not lines, for what it cannot decode. */
static spec_place place_of_byte(const spec_source *source, const char *text, size_t offset)
{
    spec_place place = {source, 1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

static fgf_status parser_failed(builder *b, const yaml_parser_t *parser, const char *text,
                                size_t bytes)
{
    fgf_status status = FGF_OK;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    spec_place place = place_of(b, parser->problem_mark);
    b->stop = true;
    if (parser->error == YAML_MEMORY_ERROR)
        FGF_FAIL(FGF_MEMORY, "%s: libyaml is out of memory", b->source->name);
    if (parser->error == YAML_READER_ERROR)
        place = place_of_byte(b->source, text,
                              parser->problem_offset < bytes ? parser->problem_offset : bytes);
    if (parser->context && b->source->has_lines &&
        parser->context_mark.line != parser->problem_mark.line)
        spec_fault(b->report, place, "YAML syntax: %s %s (from line %zu on)", problem,
                   parser->context, parser->context_mark.line + 1);
    else
        spec_fault(b->report, place, "YAML syntax: %s%s%s", problem, parser->context ? " " : "",
                   parser->context ? parser->context : "");
done:
    return status;
}

fgf_status spec_yaml_read(const char *text, size_t bytes, const spec_source *source,
                          spec_pool *pool, spec_report *report, const spec_node **root)
{
    fgf_status status = FGF_OK;
    yaml_parser_t parser;
    bool ready = false;
    size_t faults_before = report->count;
    builder b = {.source = source, .pool = pool, .report = report};
    spec_place start = {source, 1, 1};
    *root = NULL;
    if (bytes > SPEC_BYTES_MOST) {
        spec_fault(report, start, "too large: %zu bytes, at most %d are read", bytes,
                   SPEC_BYTES_MOST);
        return FGF_OK;
    }
    if (bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        bytes -= 3;
    }
    if (!yaml_parser_initialize(&parser))
        FGF_FAIL(FGF_MEMORY, "%s: libyaml is out of memory", source->name);
    ready = true;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
    while (!b.stop) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            FGF_TRY(parser_failed(&b, &parser, text, bytes));
            break;
        }
        status = on_event(&b, &event);
        yaml_event_delete(&event);
        FGF_TRY(status);
    }
    if (!b.root && report->count == faults_before)
        spec_fault(report, start, "the document is empty");
    if (report->count == faults_before)
        *root = b.root;
done:
    if (ready)
        yaml_parser_delete(&parser);
    fgf_free(b.pending);
    fgf_free(b.anchors);
    spec_table_clear(&b.anchor_index);
    return status;
}
