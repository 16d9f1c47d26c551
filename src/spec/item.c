/* One item of a list: its kind, its settings, its name. */
#include "cell.h"
#include "fgf/memory.h"

#include <string.h>

/* A part and the node it was read from: lists that differ in one item share the others. */
typedef struct spec_known_part {
    const spec_node *node;
    const fgf_schema_list *list;
    const spec_part *part;
} spec_known_part;

static uint64_t part_key(const spec_node *node)
{
    return (uint64_t)(uintptr_t)node >> 4;
}

static const spec_part *find_part(const spec_cells *cells, const fgf_schema_list *list,
                                  const spec_node *node, bool *found)
{
    size_t probe = 0, index = 0;
    *found = false;
    while (spec_table_next(&cells->part_index, part_key(node), &probe, &index)) {
        const spec_known_part *known = &cells->parts[index];
        if (known->node == node && known->list == list) {
            *found = true;
            return known->part;
        }
    }
    return NULL;
}

static fgf_status remember_part(spec_cells *cells, const fgf_schema_list *list,
                                const spec_node *node, const spec_part *part)
{
    fgf_status status = FGF_OK;
    FGF_TRY(SPEC_GROW(&cells->parts, cells->part_count, &cells->part_capacity));
    cells->parts[cells->part_count] = (spec_known_part){node, list, part};
    FGF_TRY(spec_table_add(&cells->part_index, part_key(node), cells->part_count));
    cells->part_count++;
done:
    return status;
}

/* What an item node says before its settings are looked at. */
typedef struct item_form {
    const spec_node *kind;     /* a scalar */
    const spec_node *settings; /* a mapping, or NULL */
} item_form;

static bool read_form(const char *path, const spec_node *node, spec_report *report, item_form *out)
{
    char found[SPEC_FOUND_BYTES];
    *out = (item_form){0};
    if (node->kind == SPEC_SCALAR && !spec_node_is_null(node)) {
        out->kind = node;
        return true;
    }
    if (node->kind != SPEC_MAPPING) {
        spec_fault(report, node->place, "%s: found %s, expected an item: 'kind' or 'kind: {...}'",
                   path, spec_node_found(node, found));
        return false;
    }
    if (node->count != 1) {
        spec_fault(report, node->place,
                   "%s: found %zu keys, expected one kind with its settings indented below it",
                   path, node->count);
        return false;
    }
    out->kind = node->entries[0].key;
    const spec_node *settings = node->entries[0].value;
    if (settings->kind == SPEC_MAPPING)
        out->settings = settings;
    else if (!spec_node_is_null(settings))
        spec_fault(report, settings->place, "%s.%s: found %s, expected a mapping of settings", path,
                   out->kind->text, spec_node_found(settings, found));
    return out->settings || spec_node_is_null(settings);
}

static fgf_status find_kind(const fgf_schema_list *list, const char *path, const spec_node *given,
                            spec_report *report, const fgf_item_kind **out)
{
    fgf_status status = FGF_OK;
    const char **names = NULL;
    fgf_buffer hint = {0};
    *out = NULL;
    for (size_t i = 0; i < list->kind_count; i++)
        if (strcmp(list->kinds[i]->name, given->text) == 0)
            *out = list->kinds[i];
    if (*out || !report)
        return FGF_OK;
    FGF_TRY(FGF_ALLOCATE(list->kind_count, &names));
    for (size_t i = 0; i < list->kind_count; i++)
        names[i] = list->kinds[i]->name;
    const char *nearest = fgf_nearest_name(given->text, names, list->kind_count);
    for (size_t i = 0; !nearest && i < list->kind_count; i++)
        fgf_buffer_add(&hint, "%s%s", i ? ", " : ", expected one of ", names[i]);
    spec_add_hint(&hint, nearest);
    fgf_buffer_add(&hint, "%s", "");
    FGF_TRY(hint.status);
    spec_fault(report, given->place, "%s: unknown kind '%.80s'%s", path, given->text, hint.text);
done:
    fgf_buffer_clear(&hint);
    fgf_free(names);
    return status;
}

static fgf_status unknown_setting(const fgf_item_kind *kind, const char *path, const spec_node *key,
                                  spec_report *report)
{
    fgf_status status = FGF_OK;
    const char **names = NULL;
    fgf_buffer hint = {0};
    size_t count = 0;
    for (const fgf_key *k = kind->keys; k && k->name; k++)
        count++;
    FGF_TRY(FGF_ALLOCATE(count + 1, &names));
    for (size_t i = 0; i < count; i++)
        names[i] = kind->keys[i].name;
    names[count] = "name";
    spec_add_hint(&hint, fgf_nearest_name(key->text, names, count + 1));
    fgf_buffer_add(&hint, "%s", "");
    FGF_TRY(hint.status);
    spec_fault(report, key->place, "%s.%s: unknown key '%.80s'%s", path, kind->name, key->text,
               hint.text);
done:
    fgf_buffer_clear(&hint);
    fgf_free(names);
    return status;
}

/* Names stand in paths and in the results file: no dots, no slashes, and not a number, which would
 * be an index. */
static bool is_good_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return name[0] != '\0' && name[strspn(name, allowed)] == '\0' &&
           name[strspn(name, "0123456789")] != '\0';
}

static bool read_name(const char *path, const spec_node *node, spec_report *report, spec_part *part)
{
    char found[SPEC_FOUND_BYTES];
    if (node->kind != SPEC_SCALAR || spec_node_is_null(node) || !is_good_name(node->text)) {
        spec_fault(report, node->place,
                   "%s: found %s, expected a name of letters, digits, _ and -, not only digits",
                   path, spec_node_found(node, found));
        return false;
    }
    part->name = node->text;
    part->name_place = node->place;
    return true;
}

static fgf_status read_setting(const spec_context *context, const fgf_key *key, const char *path,
                               const spec_node *given, const spec_node *settings, spec_mode mode,
                               spec_value *out, bool *valid)
{
    fgf_status status = FGF_OK;
    fgf_buffer full = {0}, expected = {0};
    *valid = true;
    fgf_buffer_add(&full, "%s.%s", path, key->name);
    FGF_TRY(full.status);
    if (given) {
        FGF_TRY(spec_value_read(context, key, full.text, given, out, valid));
    } else if (key->fallback) {
        FGF_TRY(spec_value_default(context, key, full.text, out));
    } else {
        *valid = false;
        spec_value_expected(key, &expected);
        FGF_TRY(expected.status);
        if (mode == SPEC_STRICT)
            spec_fault(context->report, settings->place,
                       "required key '%s' is missing, expected %s", full.text, expected.text);
    }
done:
    fgf_buffer_clear(&expected);
    fgf_buffer_clear(&full);
    return status;
}

/* Fills the part's values and settings; *valid false where one is not right. */
static fgf_status read_settings(const spec_context *context, const char *path,
                                const spec_node *node, const item_form *form, spec_mode mode,
                                spec_part *part, bool *valid)
{
    fgf_status status = FGF_OK;
    const fgf_key *keys = part->kind->keys;
    spec_value *values = NULL;
    void *settings = NULL;
    size_t count = 0;
    while (keys && keys[count].name)
        count++;
    FGF_TRY(SPEC_TAKE(context->pool, count, &values));
    FGF_TRY(spec_pool_take(context->pool, 1, part->kind->settings_bytes, &settings));
    for (size_t i = 0; i < count; i++) {
        const spec_node *given =
            form->settings ? spec_node_get(form->settings, keys[i].name, strlen(keys[i].name))
                           : NULL;
        bool fine = false;
        FGF_TRY(read_setting(context, &keys[i], path, given, form->settings ? form->settings : node,
                             mode, &values[i], &fine));
        if (fine)
            spec_value_store(&keys[i], &values[i], settings);
        *valid = *valid && fine;
    }
    part->values = values;
    part->settings = settings;
done:
    return status;
}

static fgf_status check_settings(const spec_context *context, const char *path,
                                 const spec_node *settings, spec_part *part, bool *valid)
{
    fgf_status status = FGF_OK;
    fgf_buffer full = {0};
    fgf_buffer_add(&full, "%s.%s.name", path, part->kind->name);
    FGF_TRY(full.status);
    for (size_t i = 0; settings && i < settings->count; i++) {
        const spec_node *key = settings->entries[i].key;
        if (strcmp(key->text, "name") == 0) {
            if (!read_name(full.text, settings->entries[i].value, context->report, part))
                *valid = false;
        } else if (!spec_find_key(part->kind->keys, key->text)) {
            *valid = false;
            if (context->report)
                FGF_TRY(unknown_setting(part->kind, path, key, context->report));
        }
    }
done:
    fgf_buffer_clear(&full);
    return status;
}

static fgf_status write_texts(spec_pool *pool, const spec_node *node, spec_part *part)
{
    fgf_status status = FGF_OK;
    const fgf_key *keys = part->kind->keys;
    bool any = part->name || (keys && keys[0].name);
    fgf_buffer text = {0}, where = {0};
    fgf_buffer_add(&text, any ? "%s: {" : "%s", part->kind->name);
    if (part->name)
        fgf_buffer_add(&text, "name: %s%s", part->name, keys && keys[0].name ? ", " : "");
    for (size_t k = 0; keys && keys[k].name; k++)
        fgf_buffer_add(&text, "%s%s: %s", k ? ", " : "", keys[k].name, part->values[k].text);
    fgf_buffer_add(&text, "%s", any ? "}" : "");
    spec_place_text(node->place, &where);
    FGF_TRY(text.status);
    FGF_TRY(where.status);
    FGF_TRY(spec_pool_text(pool, text.text, text.length, &part->text));
    FGF_TRY(spec_pool_text(pool, where.text, where.length, &part->where));
done:
    fgf_buffer_clear(&where);
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status read_part(const spec_context *context, const fgf_schema_list *list,
                            const char *path, const spec_node *node, spec_mode mode,
                            const spec_part **out)
{
    fgf_status status = FGF_OK;
    item_form form;
    spec_part *part = NULL;
    fgf_buffer full = {0};
    bool valid = true;
    if (!read_form(path, node, context->report, &form))
        return FGF_OK;
    FGF_TRY(SPEC_TAKE(context->pool, 1, &part));
    FGF_TRY(find_kind(list, path, form.kind, context->report, &part->kind));
    if (!part->kind)
        return FGF_OK;
    FGF_TRY(check_settings(context, path, form.settings, part, &valid));
    fgf_buffer_add(&full, "%s.%s", path, part->kind->name);
    FGF_TRY(full.status);
    FGF_TRY(read_settings(context, full.text, node, &form, mode, part, &valid));
    if (!valid)
        goto done;
    FGF_TRY(write_texts(context->pool, node, part));
    *out = part;
done:
    fgf_buffer_clear(&full);
    return status;
}

fgf_status spec_part_read(spec_cells *cells, const fgf_schema_list *list, const char *path,
                          const spec_node *node, spec_mode mode, const spec_part **out)
{
    fgf_status status = FGF_OK;
    spec_context context = cells->context;
    bool found = false;
    *out = find_part(cells, list, node, &found);
    if (found)
        return FGF_OK;
    if (mode == SPEC_QUIET)
        context.report = NULL;
    FGF_TRY(read_part(&context, list, path, node, mode, out));
    if (*out || mode == SPEC_STRICT)
        FGF_TRY(remember_part(cells, list, node, *out));
done:
    return status;
}
