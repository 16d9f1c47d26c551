/* Paths that lead into a list: to an item, its settings or one of them. */
#include "cell.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && strncmp(text, name, length) == 0;
}

static bool find_item(const char *text, size_t length, const char *const *names, size_t count,
                      size_t *index)
{
    if (strspn(text, "0123456789") == length) {
        *index = length < 10 ? strtoul(text, NULL, 10) : count;
        return *index < count;
    }
    for (*index = 0; *index < count; (*index)++)
        if (same(text, length, names[*index]))
            return true;
    return false;
}

bool spec_inside_resolve(const char *inside, const char *const *kinds, const char *const *names,
                         size_t count, spec_inside *out)
{
    size_t length = strcspn(inside, ".");
    *out = (spec_inside){0};
    if (!find_item(inside, length, names, count, &out->index))
        return false;
    out->rest = inside[length] ? inside + length + 1 : "";
    length = strcspn(out->rest, ".");
    if (length > 0 && same(out->rest, length, kinds[out->index])) {
        out->settings = out->rest[length] == '\0';
        out->rest += length + (out->settings ? 0 : 1);
    }
    return true;
}

static const spec_node *kind_of(const spec_node *item)
{
    if (item->kind == SPEC_MAPPING && item->count == 1)
        return item->entries[0].key;
    return item->kind == SPEC_SCALAR ? item : NULL;
}

/* Kinds and names as far as the items, not yet checked, have them. */
static fgf_status raw_names(spec_pool *pool, const spec_node *list, const char **kinds,
                            const char **names)
{
    fgf_status status = FGF_OK;
    const char **given = NULL;
    FGF_TRY(FGF_ALLOCATE(list->count, &given));
    for (size_t i = 0; i < list->count; i++) {
        const spec_node *item = list->entries[i].value, *kind = kind_of(item);
        kinds[i] = kind ? kind->text : "";
        if (kind && item->kind == SPEC_MAPPING) {
            const spec_node *name = spec_node_get(item->entries[0].value, "name", 4);
            given[i] = name && name->kind == SPEC_SCALAR ? name->text : NULL;
        }
    }
    FGF_TRY(spec_item_names(pool, kinds, given, list->count, names));
done:
    fgf_free(given);
    return status;
}

/* The item with its settings, or one of them, replaced. */
static fgf_status set_in_item(spec_pool *pool, const spec_node *item, const spec_inside *inside,
                              const spec_node *value, const spec_node **out)
{
    fgf_status status = FGF_OK;
    const spec_node *kind = kind_of(item), *key = NULL;
    const spec_node *settings = item->kind == SPEC_MAPPING ? item->entries[0].value : NULL;
    const spec_node *changed = value;
    if (!inside->settings) {
        if (!settings || settings->kind != SPEC_MAPPING)
            FGF_TRY(spec_node_collection(pool, item->place, SPEC_MAPPING, NULL, 0, &settings));
        FGF_TRY(
            spec_node_scalar(pool, value->place, inside->rest, strlen(inside->rest), false, &key));
        FGF_TRY(spec_node_with(pool, settings, key, value, &changed));
    }
    spec_entry entry = {kind, changed};
    FGF_TRY(spec_node_collection(pool, item->place, SPEC_MAPPING, &entry, 1, out));
done:
    return status;
}

static void report_no_item(const spec_context *context, const spec_path *path,
                           const spec_node *node, const spec_node *value, const char *const *names,
                           size_t count)
{
    size_t length = strcspn(path->inside, ".");
    char given[64];
    snprintf(given, sizeof given, "%.*s", length < 60 ? (int)length : 60, path->inside);
    const char *nearest = fgf_nearest_name(given, names, count);
    if (strspn(given, "0123456789") == strlen(given))
        spec_fault(context->report, value->place, "%s: there is no item %s; the list has %zu%s",
                   path->text, given, count, count > 0 ? ", counted from 0" : "");
    else
        spec_fault(context->report, value->place, "%s: there is no item '%s' in the list%s%s%s%s",
                   path->text, given, node ? "" : " (it is empty)",
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

fgf_status spec_inside_set(const spec_context *context, const spec_path *path,
                           const spec_node *node, const spec_node *value, const spec_node **out)
{
    fgf_status status = FGF_OK;
    const char **kinds = NULL, **names = NULL;
    const spec_node *item = NULL;
    spec_inside inside;
    *out = NULL;
    size_t count = node && node->kind == SPEC_SEQUENCE ? node->count : 0;
    if (count > SPEC_ITEMS_MOST)
        count = 0;
    FGF_TRY(FGF_ALLOCATE(count, &kinds));
    FGF_TRY(FGF_ALLOCATE(count, &names));
    if (count > 0)
        FGF_TRY(raw_names(context->pool, node, kinds, names));
    if (!spec_inside_resolve(path->inside, kinds, names, count, &inside)) {
        report_no_item(context, path, node, value, names, count);
    } else if (inside.rest[0] == '\0' && !inside.settings) {
        FGF_TRY(spec_node_with_element(context->pool, node, inside.index, value, out));
    } else if (!kind_of(node->entries[inside.index].value) || strchr(inside.rest, '.')) {
        spec_fault(context->report, value->place, "%s: there is nothing at this path", path->text);
    } else {
        FGF_TRY(
            set_in_item(context->pool, node->entries[inside.index].value, &inside, value, &item));
        FGF_TRY(spec_node_with_element(context->pool, node, inside.index, item, out));
    }
done:
    fgf_free(kinds);
    fgf_free(names);
    return status;
}
