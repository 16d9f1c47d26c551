/* Layouts: checked, hashed, extended by what an older file still holds, written as a new file. */
#ifndef FGF_STORE_LAYOUT_H
#define FGF_STORE_LAYOUT_H

#include "image.h"

/* FGF_INTERNAL where the layout contradicts itself (a programming error), FGF_USAGE where it is
 * empty. */
fgf_status layout_check(const fgf_layout *layout) FGF_CHECKED;

/* The hash of all that shapes the file, attributes and the capacity of /run left out: two layouts
 * of one hash may share a file. */
fgf_status layout_hash(const fgf_layout *layout, fgf_hash *out) FGF_CHECKED;

/* Refuses, with FGF_ENVIRONMENT, a layout that finds no room beside `path`; tells of a large one.
 */
fgf_status layout_check_room(const char *path, const fgf_layout *layout) FGF_CHECKED;

/* Writes the empty file of a layout to `path`, replacing what is there. `asked` are the axis
 * lengths that commits use; the layout's own may be longer. */
fgf_status layout_create(const char *path, const fgf_layout *layout, const size_t *asked,
                         const fgf_hash *hash) FGF_CHECKED;

/* A layout together with rows of an older file that it does not ask for: those rows' trials,
 * labels, epochs and weights are added behind its own. */
typedef struct extension {
    fgf_layout layout;
    size_t asked_count;
    size_t *old_row; /* [layout.trial_count] the row in the old file, SIZE_MAX = none */
    size_t *same_id; /* [layout.trial_count] the same, but of rows too that are not committed */
    /* What `layout` points to, owned. */
    fgf_hash *ids;
    const char **labels[FGF_AXIS_COUNT];
    char *old_labels[FGF_AXIS_COUNT];
    fgf_table *tables;
    void **table_data;
    fgf_model_block *blocks;
    char **layer_tables;
    size_t *trial_block, *trial_weights_row;
} extension;

/* `committed[t]`: the status of the old file's row t, EMPTY where it is not to be taken along. */
fgf_status extension_create(const fgf_layout *layout, const store_image *old,
                            const uint8_t *committed, bool drop_unasked,
                            extension *out) FGF_CHECKED;
void extension_clear(extension *e);

#endif
