/* The cell of a list: its items in order, their names, its canonical lines. */
#include "cell.h"
#include "fgf/memory.h"

#include <string.h>

static bool is_taken(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return true;
    return false;
}

fgf_status spec_item_names(spec_pool *pool, const char *const *kinds, const char *const *given,
                           size_t count, const char **names)
{
    fgf_status status = FGF_OK;
    fgf_buffer numbered = {0};
    if (count > 0)
        memcpy(names, given, count * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        if (given[i])
            continue;
        names[i] = NULL;
        if (!is_taken(kinds[i], names, count)) {
            names[i] = kinds[i];
            continue;
        }
        for (size_t number = 2; !names[i]; number++) {
            numbered.length = 0;
            fgf_buffer_add(&numbered, "%s_%zu", kinds[i], number);
            FGF_TRY(numbered.status);
            if (!is_taken(numbered.text, names, count))
                FGF_TRY(spec_pool_text(pool, numbered.text, numbered.length, &names[i]));
        }
    }
done:
    fgf_buffer_clear(&numbered);
    return status;
}

static bool check_names(const spec_slot *slot, const spec_part *const *parts, size_t count,
                        spec_report *report)
{
    bool valid = true;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i && parts[i]->name; j++) {
            if (!parts[j]->name || strcmp(parts[i]->name, parts[j]->name) != 0)
                continue;
            spec_fault(report, parts[i]->name_place,
                       "%s.%zu: name '%s' is already that of %s.%zu (line %zu)", slot->path, i,
                       parts[i]->name, slot->path, j, parts[j]->name_place.line);
            valid = false;
            break;
        }
    }
    return valid;
}

static fgf_status name_items(spec_pool *pool, const spec_part *const *parts, size_t count,
                             fgf_item *items)
{
    fgf_status status = FGF_OK;
    const char **kinds = NULL, **given = NULL, **names = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &kinds));
    FGF_TRY(FGF_ALLOCATE(count, &given));
    FGF_TRY(FGF_ALLOCATE(count, &names));
    for (size_t i = 0; i < count; i++) {
        kinds[i] = parts[i]->kind->name;
        given[i] = parts[i]->name;
    }
    FGF_TRY(spec_item_names(pool, kinds, given, count, names));
    for (size_t i = 0; i < count; i++)
        items[i] = (fgf_item){.kind = parts[i]->kind,
                              .name = names[i],
                              .settings = parts[i]->settings,
                              .where = parts[i]->where};
done:
    fgf_free(kinds);
    fgf_free(given);
    fgf_free(names);
    return status;
}

static void add_item_lines(const char *path, size_t index, const fgf_item *item,
                           const spec_part *part, fgf_buffer *out)
{
    fgf_buffer_add(out, "%s.%zu = %s\n", path, index, item->kind->name);
    fgf_buffer_add(out, "%s.%zu.name = %s\n", path, index, item->name);
    for (size_t k = 0; item->kind->keys && item->kind->keys[k].name; k++)
        fgf_buffer_add(out, "%s.%zu.%s.%s = %s\n", path, index, item->kind->name,
                       item->kind->keys[k].name, part->values[k].text);
}

static fgf_status write_list(spec_pool *pool, const spec_slot *slot, spec_cell *cell)
{
    fgf_status status = FGF_OK;
    fgf_buffer lines = {0}, text = {0};
    fgf_buffer_add(&text, "[");
    for (size_t i = 0; i < cell->count; i++) {
        add_item_lines(slot->path, i, &cell->items[i], cell->parts[i], &lines);
        fgf_buffer_add(&text, "%s%s", i ? ", " : "", cell->parts[i]->text);
    }
    fgf_buffer_add(&text, "]");
    if (cell->count == 0)
        fgf_buffer_add(&lines, "%s = []\n", slot->path);
    FGF_TRY(lines.status);
    FGF_TRY(text.status);
    FGF_TRY(spec_pool_text(pool, lines.text, lines.length, &cell->lines));
    FGF_TRY(spec_pool_text(pool, text.text, text.length, &cell->value.text));
    cell->length = lines.length;
done:
    fgf_buffer_clear(&lines);
    fgf_buffer_clear(&text);
    return status;
}

static bool check_form(const spec_slot *slot, const spec_node *node, spec_place place,
                       spec_mode mode, spec_report *report)
{
    char found[SPEC_FOUND_BYTES];
    size_t count = node && node->kind == SPEC_SEQUENCE ? node->count : 0;
    bool absent = !node || spec_node_is_null(node);
    if (!absent && node->kind != SPEC_SEQUENCE) {
        spec_fault(report, node->place,
                   "%s: found %s, expected a list of items, each '- kind: {...}'", slot->path,
                   spec_node_found(node, found));
        return false;
    }
    if (count > SPEC_ITEMS_MOST) {
        spec_fault(report, node->place, "%s: %zu items, expected at most %d", slot->path, count,
                   SPEC_ITEMS_MOST);
        return false;
    }
    if (count >= slot->list->least)
        return true;
    if (absent && mode == SPEC_STRICT)
        spec_fault(report, place, "required list '%s' is missing, expected at least %zu item%s",
                   slot->path, slot->list->least, slot->list->least == 1 ? "" : "s");
    else if (!absent)
        spec_fault(report, node->place, "%s: found %zu items, expected at least %zu", slot->path,
                   count, slot->list->least);
    return false;
}

static fgf_status read_items(spec_cells *cells, const spec_slot *slot, const spec_node *node,
                             spec_mode mode, spec_cell *cell, bool *valid)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    for (size_t i = 0; i < cell->count; i++) {
        path.length = 0;
        fgf_buffer_add(&path, "%s.%zu", slot->path, i);
        FGF_TRY(path.status);
        FGF_TRY(spec_part_read(cells, slot->list, path.text, node->entries[i].value, mode,
                               &cell->parts[i]));
        *valid = *valid && cell->parts[i];
    }
done:
    fgf_buffer_clear(&path);
    return status;
}

fgf_status spec_list_build(spec_cells *cells, const spec_slot *slot, const spec_node *node,
                           spec_place place, spec_mode mode, const spec_cell **out)
{
    fgf_status status = FGF_OK;
    spec_pool *pool = cells->context.pool;
    spec_report *report = mode == SPEC_QUIET ? NULL : cells->context.report;
    spec_cell *cell = NULL;
    fgf_item *items = NULL;
    fgf_buffer where = {0};
    bool valid = true;
    if (!check_form(slot, node, place, mode, report))
        return FGF_OK;
    FGF_TRY(SPEC_TAKE(pool, 1, &cell));
    cell->count = node && node->kind == SPEC_SEQUENCE ? node->count : 0;
    FGF_TRY(SPEC_TAKE(pool, cell->count, &cell->parts));
    FGF_TRY(SPEC_TAKE(pool, cell->count, &items));
    FGF_TRY(read_items(cells, slot, node, mode, cell, &valid));
    if (!valid || !check_names(slot, cell->parts, cell->count, report))
        return FGF_OK;
    FGF_TRY(name_items(pool, cell->parts, cell->count, items));
    cell->items = items;
    FGF_TRY(write_list(pool, slot, cell));
    spec_place_text(node ? node->place : (spec_place){0}, &where);
    FGF_TRY(where.status);
    FGF_TRY(spec_pool_text(pool, where.text, where.length, &cell->value.where));
    *out = cell;
done:
    fgf_buffer_clear(&where);
    return status;
}
