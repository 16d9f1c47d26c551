#include "layout.h"
#include "fgf/memory.h"

#include <string.h>

const fgf_key *spec_find_key(const fgf_key *keys, const char *name)
{
    for (const fgf_key *key = keys; key && key->name; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

void spec_add_hint(fgf_buffer *out, const char *nearest)
{
    if (nearest)
        fgf_buffer_add(out, "; did you mean '%s'?", nearest);
}

static bool is_below(const char *path, const char *container)
{
    size_t length = strlen(container);
    return length == 0 || (strncmp(path, container, length) == 0 && path[length] == '.');
}

static fgf_status join(spec_pool *pool, const char *section, const char *name, const char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    fgf_buffer_add(&path, "%s%s%s", section, section[0] ? "." : "", name);
    FGF_TRY(path.status);
    FGF_TRY(spec_pool_text(pool, path.text, path.length, out));
done:
    fgf_buffer_clear(&path);
    return status;
}

static fgf_status check_kinds(const fgf_schema_list *list, const spec_context *context)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < list->kind_count; i++) {
        const fgf_item_kind *kind = list->kinds[i];
        if (spec_find_key(kind->keys, "name"))
            FGF_FAIL(FGF_INTERNAL, "schema: kind '%s' has a key 'name', which every item has",
                     kind->name);
        for (const fgf_key *key = kind->keys; key && key->name; key++) {
            spec_value unused;
            if (key->fallback)
                FGF_TRY(spec_value_default(context, key, key->name, &unused));
        }
    }
done:
    return status;
}

static fgf_status add_sections(spec_layout *layout, const spec_context *context)
{
    fgf_status status = FGF_OK;
    const fgf_schema *schema = layout->schema;
    for (size_t s = 0; s < schema->section_count; s++) {
        const fgf_schema_section *section = &schema->sections[s];
        for (const fgf_key *key = section->keys; key && key->name; key++) {
            spec_slot *slot = &layout->slots[layout->count++];
            *slot = (spec_slot){.section = section, .key = key, .identity = section->identity};
            FGF_TRY(join(context->pool, section->path, key->name, &slot->path));
            if (key->fallback)
                FGF_TRY(spec_value_default(context, key, slot->path, &slot->fallback));
        }
    }
done:
    return status;
}

static fgf_status check_distinct(const spec_layout *layout)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < layout->count; i++)
        for (size_t j = 0; j < layout->count; j++)
            if (i != j && (strcmp(layout->slots[i].path, layout->slots[j].path) == 0 ||
                           is_below(layout->slots[i].path, layout->slots[j].path)))
                FGF_FAIL(FGF_INTERNAL, "schema: '%s' and '%s' contradict each other",
                         layout->slots[i].path, layout->slots[j].path);
done:
    return status;
}

fgf_status spec_layout_make(const fgf_schema *schema, const spec_context *context, spec_layout *out)
{
    fgf_status status = FGF_OK;
    size_t count = schema->list_count;
    *out = (spec_layout){.schema = schema};
    for (size_t s = 0; s < schema->section_count; s++)
        for (const fgf_key *key = schema->sections[s].keys; key && key->name; key++)
            count++;
    FGF_TRY(SPEC_TAKE(context->pool, count, &out->slots));
    FGF_TRY(SPEC_TAKE(context->pool, count + schema->section_count, &out->names));
    FGF_TRY(add_sections(out, context));
    for (size_t l = 0; l < schema->list_count; l++) {
        const fgf_schema_list *list = &schema->lists[l];
        FGF_TRY(check_kinds(list, context));
        out->slots[out->count++] = (spec_slot){.path = list->path, .list = list, .identity = true};
    }
    FGF_TRY(check_distinct(out));
    for (size_t i = 0; i < out->count; i++)
        out->names[out->name_count++] = out->slots[i].path;
    for (size_t s = 0; s < schema->section_count; s++)
        if (schema->sections[s].path[0] != '\0')
            out->names[out->name_count++] = schema->sections[s].path;
done:
    return status;
}

static bool is_container(const spec_layout *layout, const char *path)
{
    for (size_t i = 0; i < layout->count; i++)
        if (is_below(layout->slots[i].path, path))
            return true;
    for (size_t s = 0; s < layout->schema->section_count; s++)
        if (strcmp(layout->schema->sections[s].path, path) == 0)
            return true;
    return false;
}

bool spec_layout_find(const spec_layout *layout, const char *text, spec_path *out)
{
    *out = (spec_path){.text = text, .kind = SPEC_PATH_SECTION, .depth = 1};
    for (const char *c = text; *c; c++)
        out->depth += *c == '.';
    for (size_t i = 0; i < layout->count; i++) {
        const spec_slot *slot = &layout->slots[i];
        out->slot = i;
        if (strcmp(slot->path, text) == 0) {
            out->kind = slot->key ? SPEC_PATH_KEY : SPEC_PATH_LIST;
            return true;
        }
        if (slot->list && is_below(text, slot->path)) {
            out->kind = SPEC_PATH_ITEM;
            out->inside = text + strlen(slot->path) + 1;
            return true;
        }
    }
    return text[0] != '\0' && is_container(layout, text);
}

bool spec_path_touches(const spec_layout *layout, const spec_path *path, size_t slot)
{
    if (path->kind != SPEC_PATH_SECTION)
        return path->slot == slot;
    return is_below(layout->slots[slot].path, path->text);
}

/* The names that may stand in the mapping at `path`: first components below it. */
static fgf_status names_below(const spec_layout *layout, const char *path, spec_pool *pool,
                              const char ***names, size_t *count)
{
    fgf_status status = FGF_OK;
    size_t skip = path[0] ? strlen(path) + 1 : 0;
    *count = 0;
    FGF_TRY(SPEC_TAKE(pool, layout->count + 1, names));
    for (size_t i = 0; i < layout->count; i++) {
        if (!is_below(layout->slots[i].path, path))
            continue;
        const char *name = layout->slots[i].path + skip;
        FGF_TRY(spec_pool_text(pool, name, strcspn(name, "."), &(*names)[(*count)++]));
    }
    if (path[0] == '\0' && layout->schema->sweepable)
        (*names)[(*count)++] = "sweep";
done:
    return status;
}

/* A slot elsewhere whose last component is `name`: a key written in the wrong section. */
static const char *same_name_elsewhere(const spec_layout *layout, const char *name)
{
    for (size_t i = 0; i < layout->count; i++) {
        const char *dot = strrchr(layout->slots[i].path, '.');
        if (strcmp(dot ? dot + 1 : layout->slots[i].path, name) == 0)
            return layout->slots[i].path;
    }
    return NULL;
}

static fgf_status unknown_key(const spec_layout *layout, const spec_node *key, const char *path,
                              spec_report *report)
{
    fgf_status status = FGF_OK;
    spec_pool scratch = {0};
    fgf_buffer hint = {0};
    const char **names = NULL;
    size_t count = 0;
    spec_path written_flat;
    FGF_TRY(names_below(layout, path, &scratch, &names, &count));
    const char *nearest = fgf_nearest_name(key->text, names, count);
    if (path[0] == '\0' && strcmp(key->text, "sweep") == 0)
        fgf_buffer_add(&hint, "; this kind of file (%s) has no sweep", layout->schema->name);
    else if (strchr(key->text, '.') && spec_layout_find(layout, key->text, &written_flat))
        fgf_buffer_add(&hint, "; dotted paths are for sweeps and overrides, nest it here");
    else
        spec_add_hint(&hint, nearest ? nearest : same_name_elsewhere(layout, key->text));
    fgf_buffer_add(&hint, "%s", "");
    FGF_TRY(hint.status);
    spec_fault(report, key->place, "%s%sunknown key '%.80s'%s", path, path[0] ? ": " : "",
               key->text, hint.text);
done:
    fgf_buffer_clear(&hint);
    spec_pool_clear(&scratch);
    return status;
}

fgf_status spec_layout_check(const spec_layout *layout, const spec_node *node, const char *path,
                             spec_report *report)
{
    fgf_status status = FGF_OK;
    spec_pool scratch = {0};
    char found[SPEC_FOUND_BYTES];
    if (spec_node_is_null(node) && path[0] != '\0')
        return FGF_OK;
    if (node->kind != SPEC_MAPPING) {
        spec_fault(report, node->place, "%s: found %s, expected a mapping of keys",
                   path[0] ? path : layout->schema->name, spec_node_found(node, found));
        return FGF_OK;
    }
    for (size_t i = 0; i < node->count && !spec_report_full(report); i++) {
        const spec_node *key = node->entries[i].key;
        const char *full = NULL;
        spec_path known;
        if (path[0] == '\0' && strcmp(key->text, "sweep") == 0 && layout->schema->sweepable)
            continue;
        FGF_TRY(join(&scratch, path, key->text, &full));
        if (strchr(key->text, '.') || !spec_layout_find(layout, full, &known))
            FGF_TRY(unknown_key(layout, key, path, report));
        else if (known.kind == SPEC_PATH_SECTION)
            FGF_TRY(spec_layout_check(layout, node->entries[i].value, full, report));
    }
done:
    spec_pool_clear(&scratch);
    return status;
}

const spec_node *spec_layout_walk(const spec_node *root, const char *path, spec_place *place,
                                  bool *blocked)
{
    const spec_node *node = root;
    *blocked = false;
    while (node) {
        *place = node->place;
        if (spec_node_is_null(node))
            return NULL;
        if (node->kind != SPEC_MAPPING) {
            *blocked = true;
            return NULL;
        }
        size_t length = strcspn(path, ".");
        node = spec_node_get(node, path, length);
        if (path[length] == '\0')
            return node;
        path += length + 1;
    }
    return NULL;
}
