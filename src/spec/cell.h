/* Cells: the checked value of one slot. Trials share them, so that a value is checked once however
 * many trials have it. */
#ifndef SPEC_CELL_H
#define SPEC_CELL_H

#include "layout.h"

enum { SPEC_ITEMS_MOST = 4096 }; /* of one list: naming them is quadratic */

/* One item's kind and settings, whatever its position. */
typedef struct spec_part {
    const fgf_item_kind *kind;
    const char *name; /* as given, else NULL */
    spec_place name_place;
    const spec_value *values; /* of the kind's keys */
    const void *settings;
    const char *text; /* "conv: {channels: 8}" or "flatten": as it would be written in full */
    const char *where;
} spec_part;

typedef struct spec_cell {
    const char *lines; /* "path = value\n", of a list several */
    size_t length;
    spec_value value;        /* of a list only text and where */
    const fgf_item *items;   /* of a list */
    const spec_part **parts; /* what they were made from */
    size_t count;
} spec_cell;

/* A value laid over the document. */
typedef struct spec_override {
    const spec_path *path;
    const spec_node *node;
} spec_override;

typedef enum spec_mode {
    SPEC_STRICT,  /* report every fault */
    SPEC_LENIENT, /* a missing key is no fault: something else may still give it */
    SPEC_QUIET    /* only ask */
} spec_mode;

/* All cells of a specification, found again by what they were made from. */
typedef struct spec_cells {
    spec_context context;
    const spec_layout *layout;
    const spec_node *root;
    struct spec_known *known;
    size_t known_count, known_capacity;
    spec_table known_index;
    struct spec_known_part *parts;
    size_t part_count, part_capacity;
    spec_table part_index;
} spec_cells;

/* The cell of `slot` with `sequence` laid over the document in order; only overrides that touch the
 * slot. *out is NULL where the value is not valid. */
fgf_status spec_cells_get(spec_cells *cells, size_t slot, const spec_override *sequence,
                          size_t count, spec_mode mode, const spec_cell **out) FGF_CHECKED;

void spec_cells_clear(spec_cells *cells);

/* --- lists (list.c) --- */

/* Builds the cell of a list from `node` (NULL = absent; then `place` is where it should be). */
fgf_status spec_list_build(spec_cells *cells, const spec_slot *slot, const spec_node *node,
                           spec_place place, spec_mode mode, const spec_cell **out) FGF_CHECKED;

/* --- items (item.c) --- */

/* Reads one item; *out NULL where it is not valid. `path` ("model.layers.0") is for messages. */
fgf_status spec_part_read(spec_cells *cells, const fgf_schema_list *list, const char *path,
                          const spec_node *node, spec_mode mode, const spec_part **out) FGF_CHECKED;

/* The names of items: as given, else the kind's, else the kind's with _2, _3, ... in `pool`. */
fgf_status spec_item_names(spec_pool *pool, const char *const *kinds, const char *const *given,
                           size_t count, const char **names) FGF_CHECKED;

/* --- what a path inside a list means (inside.c) --- */

typedef struct spec_inside {
    size_t index;
    const char *rest; /* after item and kind: a key's name, or "" */
    bool settings;    /* rest is "" because the path ends at the kind */
} spec_inside;

/* Resolves "0.conv.channels" among items of these kinds and names; false: no such item. */
bool spec_inside_resolve(const char *inside, const char *const *kinds, const char *const *names,
                         size_t count, spec_inside *out);

/* A copy of the list `node` with `value` at `path`; *out NULL and a fault where it has no place. */
fgf_status spec_inside_set(const spec_context *context, const spec_path *path,
                           const spec_node *node, const spec_node *value,
                           const spec_node **out) FGF_CHECKED;

#endif
