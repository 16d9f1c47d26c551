/* The reference of all keys, from the tables that the reader itself uses. */
#include "fgf/memory.h"
#include "layout.h"

#include <string.h>

static void add_default(const fgf_key *key, fgf_buffer *out)
{
    if (!key->fallback)
        fgf_buffer_add(out, "required");
    else if (key->fallback[0] == '\0')
        fgf_buffer_add(out, "none");
    else
        fgf_buffer_add(out, "%s", key->fallback);
}

/* In a Markdown table a bar would end the cell. */
static void add_cell(const char *text, fgf_buffer *out)
{
    for (const char *c = text; *c; c++)
        fgf_buffer_add(out, *c == '|' ? "\\%c" : "%c", *c);
}

static bool has_unit(const fgf_key *key)
{
    return key->unit && key->unit[0] != '\0' && strcmp(key->unit, "1") != 0;
}

static void add_key(const char *prefix, const fgf_key *key, bool markdown, fgf_buffer *out)
{
    fgf_buffer expected = {0}, fallback = {0};
    spec_value_expected(key, &expected);
    add_default(key, &fallback);
    fgf_buffer_add(&expected, "%s%s", has_unit(key) ? ", " : "", has_unit(key) ? key->unit : "");
    if (expected.status != FGF_OK || fallback.status != FGF_OK) {
        out->status = FGF_MEMORY;
    } else if (markdown) {
        fgf_buffer_add(out, "| `%s%s%s` | ", prefix, prefix[0] ? "." : "", key->name);
        add_cell(expected.text, out);
        fgf_buffer_add(out, " | `");
        add_cell(fallback.text, out);
        fgf_buffer_add(out, "` | ");
        add_cell(key->help ? key->help : "", out);
        fgf_buffer_add(out, " |\n");
    } else {
        fgf_buffer_add(out, "  %s%s%s\n      %s (default: %s)\n      %s\n", prefix,
                       prefix[0] ? "." : "", key->name, expected.text, fallback.text,
                       key->help ? key->help : "");
    }
    fgf_buffer_clear(&expected);
    fgf_buffer_clear(&fallback);
}

static bool is_wanted(const char *path, const char *filter)
{
    size_t length = filter ? strlen(filter) : 0;
    return length == 0 ||
           (strncmp(path, filter, length) == 0 && (path[length] == '\0' || path[length] == '.'));
}

static void add_heading(const char *title, const char *help, bool markdown, fgf_buffer *out)
{
    fgf_buffer_add(out, markdown ? "## %s\n\n%s\n\n" : "%s: %s\n", title, help ? help : "");
}

static void add_table_head(bool markdown, fgf_buffer *out)
{
    if (markdown)
        fgf_buffer_add(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
}

static void add_section(const fgf_schema_section *section, const char *filter, bool markdown,
                        fgf_buffer *out)
{
    bool whole = is_wanted(section->path, filter), begun = false;
    for (const fgf_key *key = section->keys; key && key->name; key++) {
        fgf_buffer path = {0};
        fgf_buffer_add(&path, "%s%s%s", section->path, section->path[0] ? "." : "", key->name);
        if (path.status != FGF_OK)
            out->status = path.status;
        else if (whole || is_wanted(path.text, filter)) {
            if (!begun) {
                add_heading(section->path[0] ? section->path : "top level", section->help, markdown,
                            out);
                add_table_head(markdown, out);
            }
            begun = true;
            add_key(section->path, key, markdown, out);
        }
        fgf_buffer_clear(&path);
    }
    if (begun)
        fgf_buffer_add(out, "\n");
}

static void add_list(const fgf_schema_list *list, const char *filter, bool markdown,
                     fgf_buffer *out)
{
    bool whole = is_wanted(list->path, filter), begun = false;
    size_t length = strlen(list->path);
    for (size_t i = 0; i < list->kind_count; i++) {
        const fgf_item_kind *kind = list->kinds[i];
        bool asked = filter && strncmp(filter, list->path, length) == 0 && filter[length] == '.' &&
                     strcmp(filter + length + 1, kind->name) == 0;
        if (!whole && !asked)
            continue;
        if (!begun)
            add_heading(list->path, list->help, markdown, out);
        begun = true;
        fgf_buffer_add(out, markdown ? "### `- %s`\n\n%s\n\n" : "  - %s: %s\n", kind->name,
                       kind->help ? kind->help : "");
        if (kind->keys && kind->keys[0].name)
            add_table_head(markdown, out);
        for (const fgf_key *key = kind->keys; key && key->name; key++)
            add_key(kind->name, key, markdown, out);
        fgf_buffer_add(out, "\n");
    }
}

void fgf_schema_help(const fgf_schema *schema, const char *filter, bool markdown, fgf_buffer *out)
{
    for (size_t s = 0; s < schema->section_count; s++)
        add_section(&schema->sections[s], filter, markdown, out);
    for (size_t l = 0; l < schema->list_count; l++)
        add_list(&schema->lists[l], filter, markdown, out);
}
