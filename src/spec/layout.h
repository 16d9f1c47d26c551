/* The schema as the reader uses it: one slot for each key of a section and one for each list. */
#ifndef SPEC_LAYOUT_H
#define SPEC_LAYOUT_H

#include "fgf/spec.h"
#include "value.h"

typedef struct spec_slot {
    const char *path;                  /* "train.lr", "model.layers" */
    const fgf_schema_section *section; /* of a key, else NULL */
    const fgf_key *key;
    const fgf_schema_list *list; /* else this */
    bool identity;
    spec_value fallback; /* of a key that has one */
} spec_slot;

typedef struct spec_layout {
    const fgf_schema *schema;
    spec_slot *slots;
    size_t count;
    const char **names; /* every path that may be swept: slots, then sections */
    size_t name_count;
} spec_layout;

typedef enum spec_path_kind {
    SPEC_PATH_KEY,
    SPEC_PATH_LIST,
    SPEC_PATH_ITEM,   /* something inside a list */
    SPEC_PATH_SECTION /* a mapping that holds several slots */
} spec_path_kind;

typedef struct spec_path {
    const char *text;
    spec_path_kind kind;
    size_t depth;       /* components */
    size_t slot;        /* all but SECTION */
    const char *inside; /* ITEM: the rest after the list's path, "0.conv.channels" */
} spec_path;

/* Lays the schema out in `pool`; FGF_INTERNAL where its tables contradict themselves. */
fgf_status spec_layout_make(const fgf_schema *schema, const spec_context *context,
                            spec_layout *out) FGF_CHECKED;

/* What `text` names; false: nothing. out->text borrows `text`. */
bool spec_layout_find(const spec_layout *layout, const char *text, spec_path *out);

/* Whether a value put at `path` can change slot `slot`. */
bool spec_path_touches(const spec_layout *layout, const spec_path *path, size_t slot);

/* Reports unknown keys and what is no mapping but should be, in `node`, which stands at `path` (""
 * = the whole document). */
fgf_status spec_layout_check(const spec_layout *layout, const spec_node *node, const char *path,
                             spec_report *report) FGF_CHECKED;

/* The node at `path` below `root`, or NULL. *place: of the innermost mapping on the way; *blocked:
 * something on the way is no mapping, which spec_layout_check reports. */
const spec_node *spec_layout_walk(const spec_node *root, const char *path, spec_place *place,
                                  bool *blocked);

/* "; did you mean 'x'?" where `nearest` is given, else "". */
void spec_add_hint(fgf_buffer *out, const char *nearest);

/* Finds the key called `name`, or NULL. `keys` may be NULL. */
const fgf_key *spec_find_key(const fgf_key *keys, const char *name);

#endif
