/* One trial's configuration: what a caller may ask of it. */
#include "fgf/memory.h"
#include "sweep.h"

#include <string.h>

const spec_cell *spec_config_cell(const fgf_config *config, size_t slot)
{
    for (size_t i = 0; i < config->count; i++)
        if (config->changed[i].slot == slot)
            return config->changed[i].cell;
    return config->sweep->base[slot];
}

static void add_lines(const fgf_config *config, fgf_buffer *out)
{
    const spec_layout *layout = &config->sweep->layout;
    for (size_t slot = 0; slot < layout->count; slot++) {
        const spec_cell *cell = spec_config_cell(config, slot);
        fgf_buffer_add_bytes(out, cell->lines, cell->length);
    }
}

const char *fgf_config_canonical(const fgf_config *config)
{
    char **kept = &config->sweep->canonical[config->index];
    fgf_buffer lines = {0};
    if (*kept)
        return *kept;
    add_lines(config, &lines);
    fgf_buffer_add(&lines, "%s", "");
    if (lines.status != FGF_OK)
        fgf_buffer_clear(&lines);
    *kept = lines.text;
    return *kept;
}

fgf_hash fgf_config_hash(const fgf_config *config)
{
    return config->hash;
}

/* Which item of the list cell `path` leads to. */
static fgf_status resolve(const spec_cell *cell, const spec_path *path, spec_inside *out,
                          bool *found)
{
    fgf_status status = FGF_OK;
    const char **kinds = NULL, **names = NULL;
    FGF_TRY(FGF_ALLOCATE(cell->count, &kinds));
    FGF_TRY(FGF_ALLOCATE(cell->count, &names));
    for (size_t i = 0; i < cell->count; i++) {
        kinds[i] = cell->items[i].kind->name;
        names[i] = cell->items[i].name;
    }
    *found = spec_inside_resolve(path->inside, kinds, names, cell->count, out);
done:
    fgf_free(kinds);
    fgf_free(names);
    return status;
}

/* The text that begins the canonical lines of `path`, without what follows it (" = " or "."). */
static fgf_status line_prefix(const spec_slot *slot, const spec_cell *cell, const spec_path *path,
                              fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    spec_inside inside;
    bool found = false;
    out->length = 0;
    if (path->kind == SPEC_PATH_ITEM) {
        FGF_TRY(resolve(cell, path, &inside, &found));
        if (!found)
            return FGF_OK;
        fgf_buffer_add(out, "%s.%zu", slot->path, inside.index);
        if (inside.settings)
            fgf_buffer_add(out, ".%s", cell->items[inside.index].kind->name);
        else if (strcmp(inside.rest, "name") == 0)
            fgf_buffer_add(out, ".name");
        else if (inside.rest[0])
            fgf_buffer_add(out, ".%s.%s", cell->items[inside.index].kind->name, inside.rest);
    } else {
        fgf_buffer_add(out, "%s", slot->path);
    }
    FGF_TRY(out->status);
done:
    return status;
}

/* Adds the lines of one cell but those that begin with one of the prefixes. */
static void add_other_lines(const spec_cell *cell, const fgf_buffer *prefixes, size_t count,
                            fgf_buffer *out)
{
    const char *end = cell->lines + cell->length;
    for (const char *line = cell->lines; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)(newline - line) + 1;
        bool left_out = false;
        for (size_t i = 0; i < count && !left_out; i++) {
            size_t prefix = prefixes[i].length;
            left_out = prefix > 0 && prefix < length &&
                       memcmp(line, prefixes[i].text, prefix) == 0 &&
                       (line[prefix] == ' ' || line[prefix] == '.');
        }
        if (!left_out)
            fgf_buffer_add_bytes(out, line, length);
        line += length;
    }
}

/* What is left out of a hash: the paths that there are, and what lines of them begin with. */
typedef struct left_out {
    spec_path *paths;
    fgf_buffer *prefixes;
    size_t count;
} left_out;

static fgf_status find_left_out(const spec_layout *layout, const char *const *paths, size_t count,
                                left_out *out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(count, &out->paths));
    FGF_TRY(FGF_ALLOCATE(count, &out->prefixes));
    for (size_t i = 0; i < count; i++)
        out->count += spec_layout_find(layout, paths[i], &out->paths[out->count]);
done:
    return status;
}

static void left_out_clear(left_out *left)
{
    for (size_t i = 0; i < left->count; i++)
        fgf_buffer_clear(&left->prefixes[i]);
    fgf_free(left->prefixes);
    fgf_free(left->paths);
}

/* Adds the identity lines of one slot without those of the paths that touch it. */
static fgf_status add_slot_without(const fgf_config *config, size_t slot, const left_out *left,
                                   fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    const spec_layout *layout = &config->sweep->layout;
    const spec_cell *cell = spec_config_cell(config, slot);
    bool touched = false;
    for (size_t i = 0; i < left->count; i++) {
        left->prefixes[i].length = 0;
        if (!spec_path_touches(layout, &left->paths[i], slot))
            continue;
        touched = true;
        FGF_TRY(line_prefix(&layout->slots[slot], cell, &left->paths[i], &left->prefixes[i]));
    }
    if (touched)
        add_other_lines(cell, left->prefixes, left->count, out);
    else
        fgf_buffer_add_bytes(out, cell->lines, cell->length);
done:
    return status;
}

fgf_hash fgf_config_hash_without(const fgf_config *config, const char *const *paths, size_t count)
{
    fgf_status status = FGF_OK;
    const spec_layout *layout = &config->sweep->layout;
    fgf_buffer lines = {0};
    left_out left = {0};
    fgf_hash hash;
    FGF_TRY(find_left_out(layout, paths, count, &left));
    for (size_t slot = 0; slot < layout->count; slot++)
        if (layout->slots[slot].identity)
            FGF_TRY(add_slot_without(config, slot, &left, &lines));
    status = lines.status;
done:
    hash = fgf_hash_bytes(lines.text ? lines.text : "", status == FGF_OK ? lines.length : 0);
    left_out_clear(&left);
    fgf_buffer_clear(&lines);
    return hash;
}

fgf_status fgf_config_section(const fgf_config *config, const char *path, void *settings)
{
    fgf_status status = FGF_OK;
    const spec_layout *layout = &config->sweep->layout;
    const fgf_schema_section *section = NULL;
    for (size_t s = 0; s < layout->schema->section_count; s++)
        if (strcmp(layout->schema->sections[s].path, path) == 0)
            section = &layout->schema->sections[s];
    if (!section)
        FGF_FAIL(FGF_INTERNAL, "schema '%s' has no section '%s'", layout->schema->name, path);
    for (size_t slot = 0; slot < layout->count; slot++)
        if (layout->slots[slot].section == section)
            spec_value_store(layout->slots[slot].key, &spec_config_cell(config, slot)->value,
                             settings);
done:
    return status;
}

fgf_status fgf_config_items(const fgf_config *config, const char *path, const fgf_item **items,
                            size_t *count)
{
    fgf_status status = FGF_OK;
    spec_path found;
    const spec_layout *layout = &config->sweep->layout;
    *items = NULL;
    *count = 0;
    if (!spec_layout_find(layout, path, &found) || found.kind != SPEC_PATH_LIST)
        FGF_FAIL(FGF_INTERNAL, "schema '%s' has no list '%s'", layout->schema->name, path);
    const spec_cell *cell = spec_config_cell(config, found.slot);
    *items = cell->items;
    *count = cell->count;
done:
    return status;
}

/* Text and place of whatever has a value at `path`; both NULL where nothing has. */
static void look_up(const fgf_config *config, const char *path, const char **text,
                    const char **where)
{
    spec_path found;
    spec_inside inside;
    bool there = false;
    *text = *where = NULL;
    if (!spec_layout_find(&config->sweep->layout, path, &found) || found.kind == SPEC_PATH_SECTION)
        return;
    const spec_cell *cell = spec_config_cell(config, found.slot);
    if (found.kind != SPEC_PATH_ITEM) {
        *text = cell->value.text;
        *where = cell->value.where;
        return;
    }
    if (resolve(cell, &found, &inside, &there) != FGF_OK || !there)
        return;
    const spec_part *part = cell->parts[inside.index];
    const fgf_key *key = spec_find_key(part->kind->keys, inside.rest);
    if (key) {
        *text = part->values[key - part->kind->keys].text;
        *where = part->values[key - part->kind->keys].where;
    } else if (strcmp(inside.rest, "name") == 0) {
        *text = cell->items[inside.index].name;
        *where = part->where;
    } else if (inside.rest[0] == '\0') {
        *text = part->text;
        *where = part->where;
    }
}

const char *fgf_config_value(const fgf_config *config, const char *path)
{
    const char *text = NULL, *where = NULL;
    look_up(config, path, &text, &where);
    return text;
}

const char *fgf_config_where(const fgf_config *config, const char *path)
{
    const char *text = NULL, *where = NULL;
    look_up(config, path, &text, &where);
    return where;
}
