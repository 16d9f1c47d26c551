#include "cell.h"
#include "fgf/hash.h"
#include "fgf/memory.h"

#include <string.h>

/* A cell and what it was made from. */
typedef struct spec_known {
    size_t slot;
    const spec_override *sequence;
    size_t count;
    const spec_cell *cell; /* NULL = not valid, and reported */
} spec_known;

static uint64_t sequence_key(size_t slot, const spec_override *sequence, size_t count)
{
    uint64_t key = slot;
    for (size_t i = 0; i < count; i++) {
        const void *made_from[2] = {sequence[i].path, sequence[i].node};
        key = fgf_checksum(made_from, sizeof made_from, key);
    }
    return fgf_checksum(&key, sizeof key, count);
}

static const spec_known *find_known(const spec_cells *cells, uint64_t key, size_t slot,
                                    const spec_override *sequence, size_t count)
{
    size_t probe = 0, index = 0;
    while (spec_table_next(&cells->known_index, key, &probe, &index)) {
        const spec_known *known = &cells->known[index];
        bool same = known->slot == slot && known->count == count;
        for (size_t i = 0; same && i < count; i++)
            same = known->sequence[i].path == sequence[i].path &&
                   known->sequence[i].node == sequence[i].node;
        if (same)
            return known;
    }
    return NULL;
}

static fgf_status remember(spec_cells *cells, uint64_t key, size_t slot,
                           const spec_override *sequence, size_t count, const spec_cell *cell)
{
    fgf_status status = FGF_OK;
    spec_override *copy = NULL;
    FGF_TRY(SPEC_GROW(&cells->known, cells->known_count, &cells->known_capacity));
    FGF_TRY(SPEC_TAKE(cells->context.pool, count, &copy));
    if (count > 0)
        memcpy(copy, sequence, count * sizeof *copy);
    cells->known[cells->known_count] =
        (spec_known){.slot = slot, .sequence = copy, .count = count, .cell = cell};
    FGF_TRY(spec_table_add(&cells->known_index, key, cells->known_count));
    cells->known_count++;
done:
    return status;
}

static fgf_status add_line(spec_cells *cells, const spec_slot *slot, spec_cell *cell)
{
    fgf_status status = FGF_OK;
    fgf_buffer line = {0};
    fgf_buffer_add(&line, "%s = %s\n", slot->path, cell->value.text);
    FGF_TRY(line.status);
    FGF_TRY(spec_pool_text(cells->context.pool, line.text, line.length, &cell->lines));
    cell->length = line.length;
done:
    fgf_buffer_clear(&line);
    return status;
}

static void report_missing(spec_cells *cells, const spec_slot *slot, spec_place place)
{
    fgf_buffer expected = {0};
    spec_value_expected(slot->key, &expected);
    if (expected.status == FGF_OK)
        spec_fault(cells->context.report, place, "required key '%s' is missing, expected %s",
                   slot->path, expected.text);
    else
        cells->context.report->status = expected.status;
    fgf_buffer_clear(&expected);
}

static fgf_status build_key(spec_cells *cells, const spec_slot *slot, const spec_node *node,
                            spec_place place, spec_mode mode, const spec_cell **out)
{
    fgf_status status = FGF_OK;
    spec_cell *cell = NULL;
    spec_context context = cells->context;
    bool valid = true;
    if (mode == SPEC_QUIET)
        context.report = NULL;
    if (!node && !slot->key->fallback) {
        if (mode == SPEC_STRICT)
            report_missing(cells, slot, place);
        return FGF_OK;
    }
    FGF_TRY(SPEC_TAKE(context.pool, 1, &cell));
    cell->value = slot->fallback;
    if (node)
        FGF_TRY(spec_value_read(&context, slot->key, slot->path, node, &cell->value, &valid));
    if (valid) {
        FGF_TRY(add_line(cells, slot, cell));
        *out = cell;
    }
done:
    return status;
}

/* The slot's node with the sequence laid over the document. *blocked: it has none, and why has been
 * reported. `first_whole`: the sequence begins with a value for the whole slot. */
static fgf_status lay_over(spec_cells *cells, const spec_slot *slot, const spec_override *sequence,
                           size_t count, bool first_whole, spec_mode mode, const spec_node **node,
                           spec_place *place, bool *blocked)
{
    fgf_status status = FGF_OK;
    spec_context context = cells->context;
    *blocked = false;
    if (mode == SPEC_QUIET)
        context.report = NULL;
    if (!first_whole) {
        *node = spec_layout_walk(cells->root, slot->path, place, blocked);
    } else if (sequence[0].path->kind == SPEC_PATH_SECTION) {
        const char *below = slot->path + strlen(sequence[0].path->text) + 1;
        *node = spec_layout_walk(sequence[0].node, below, place, blocked);
    } else {
        *node = sequence[0].node;
        *place = (*node)->place;
    }
    for (size_t i = first_whole ? 1 : 0; i < count && !*blocked; i++) {
        const spec_node *changed = NULL;
        FGF_TRY(spec_inside_set(&context, sequence[i].path, *node, sequence[i].node, &changed));
        *blocked = changed == NULL;
        *node = changed;
    }
done:
    return status;
}

fgf_status spec_cells_get(spec_cells *cells, size_t slot_index, const spec_override *sequence,
                          size_t count, spec_mode mode, const spec_cell **out)
{
    fgf_status status = FGF_OK;
    const spec_slot *slot = &cells->layout->slots[slot_index];
    const spec_node *node = NULL;
    spec_place place = cells->root->place;
    bool blocked = false, first_whole = false;
    *out = NULL;
    for (size_t i = count; i-- > 0 && !first_whole;) {
        if (sequence[i].path->kind == SPEC_PATH_ITEM)
            continue;
        first_whole = true;
        sequence += i;
        count -= i;
    }
    uint64_t key = sequence_key(slot_index, sequence, count);
    const spec_known *known = find_known(cells, key, slot_index, sequence, count);
    if (known) {
        *out = known->cell;
        return FGF_OK;
    }
    FGF_TRY(lay_over(cells, slot, sequence, count, first_whole, mode, &node, &place, &blocked));
    if (!blocked && slot->key)
        FGF_TRY(build_key(cells, slot, node, place, mode, out));
    else if (!blocked)
        FGF_TRY(spec_list_build(cells, slot, node, place, mode, out));
    if (*out || mode == SPEC_STRICT)
        FGF_TRY(remember(cells, key, slot_index, sequence, count, *out));
done:
    return status;
}

void spec_cells_clear(spec_cells *cells)
{
    fgf_free(cells->known);
    spec_table_clear(&cells->known_index);
    fgf_free(cells->parts);
    spec_table_clear(&cells->part_index);
    *cells = (spec_cells){0};
}
