/* The `sweep` mapping: what it says, before it is multiplied out. */
#include "fgf/memory.h"
#include "fgf/random.h"
#include "sweep.h"

#include <string.h>

static fgf_status unknown_path(fgf_sweep *sweep, const spec_node *key)
{
    fgf_status status = FGF_OK;
    fgf_buffer hint = {0};
    spec_add_hint(&hint,
                  fgf_nearest_name(key->text, sweep->layout.names, sweep->layout.name_count));
    fgf_buffer_add(&hint, "%s", "");
    FGF_TRY(hint.status);
    spec_fault(sweep->cells.context.report, key->place, "there is no key '%.80s'%s", key->text,
               hint.text);
done:
    fgf_buffer_clear(&hint);
    return status;
}

fgf_status spec_sweep_path(fgf_sweep *sweep, const spec_node *key, spec_named_path **out)
{
    fgf_status status = FGF_OK;
    spec_path path;
    spec_named_path *named = NULL;
    size_t probe = 0, index = 0;
    uint64_t text_key = fgf_text_key(key->text);
    *out = NULL;
    while (spec_table_next(&sweep->path_index, text_key, &probe, &index)) {
        if (strcmp(sweep->paths[index]->path.text, key->text) == 0) {
            *out = sweep->paths[index];
            return FGF_OK;
        }
    }
    if (!spec_layout_find(&sweep->layout, key->text, &path)) {
        FGF_TRY(unknown_path(sweep, key));
        return FGF_OK;
    }
    FGF_TRY(SPEC_TAKE(&sweep->pool, 1, &named));
    named->path = path;
    FGF_TRY(SPEC_GROW(&sweep->paths, sweep->path_count, &sweep->path_capacity));
    sweep->paths[sweep->path_count] = named;
    FGF_TRY(spec_table_add(&sweep->path_index, text_key, sweep->path_count));
    sweep->path_count++;
    *out = named;
done:
    return status;
}

fgf_status spec_sweep_check(fgf_sweep *sweep, const spec_path *path, const spec_node *value)
{
    fgf_status status = FGF_OK;
    const spec_override override = {path, value};
    const spec_cell *unused = NULL;
    if (path->kind == SPEC_PATH_ITEM)
        return FGF_OK;
    if (path->kind == SPEC_PATH_SECTION)
        FGF_TRY(spec_layout_check(&sweep->layout, value, path->text, sweep->cells.context.report));
    for (size_t slot = 0; slot < sweep->layout.count; slot++)
        if (spec_path_touches(&sweep->layout, path, slot))
            FGF_TRY(spec_cells_get(&sweep->cells, slot, &override, 1, SPEC_LENIENT, &unused));
done:
    return status;
}

bool spec_claim_path(fgf_sweep *sweep, spec_named_path *path, const spec_node *key,
                     size_t dimension)
{
    spec_report *report = sweep->cells.context.report;
    const spec_slot *slot = &sweep->layout.slots[path->path.slot];
    if (path->path.kind == SPEC_PATH_KEY && !slot->identity) {
        spec_fault(
            report, key->place,
            "%s cannot be swept: it is not part of what makes a trial; set it in its section",
            key->text);
        return false;
    }
    if (dimension != 0 && path->dimension != 0 && path->dimension != dimension) {
        spec_fault(report, key->place, "%s is swept twice; leave it out of one of the axes",
                   key->text);
        return false;
    }
    path->swept = true;
    if (dimension != 0)
        path->dimension = dimension;
    return true;
}

fgf_status spec_point_add(fgf_sweep *sweep, spec_named_path *path, const spec_node *value,
                          spec_point *point)
{
    fgf_status status = FGF_OK;
    FGF_TRY(spec_sweep_check(sweep, &path->path, value));
    if (path->typed) {
        if (!path->noted)
            fgf_buffer_add(
                &sweep->notes,
                "%s is given on the command line, which replaces its values in the sweep\n",
                path->path.text);
        path->noted = true;
        return sweep->notes.status;
    }
    point->values[point->count++] = (spec_override){&path->path, value};
done:
    return status;
}

static bool expect(fgf_sweep *sweep, const spec_node *node, spec_node_kind kind, const char *what,
                   const char *expected)
{
    char found[SPEC_FOUND_BYTES];
    if (node->kind == kind && node->count > 0)
        return true;
    if (node->kind == kind)
        spec_fault(sweep->cells.context.report, node->place, "%s: it is empty, expected %s", what,
                   expected);
    else
        spec_fault(sweep->cells.context.report, node->place, "%s: found %s, expected %s", what,
                   spec_node_found(node, found), expected);
    return false;
}

/* A condition may list several values of a key that has one: each is checked, not the list. */
static bool is_any_of(const fgf_sweep *sweep, const spec_path *path, const spec_node *value)
{
    fgf_key_type type =
        path->kind == SPEC_PATH_KEY ? sweep->layout.slots[path->slot].key->type : FGF_KEY_REALS;
    return value->kind == SPEC_SEQUENCE && type != FGF_KEY_REALS && type != FGF_KEY_INTEGERS &&
           type != FGF_KEY_TEXTS;
}

static fgf_status add_condition(fgf_sweep *sweep, const spec_path *path, const spec_node *value,
                                spec_point *point)
{
    fgf_status status = FGF_OK;
    if (is_any_of(sweep, path, value)) {
        for (size_t i = 0; i < value->count; i++)
            FGF_TRY(spec_sweep_check(sweep, path, value->entries[i].value));
    } else {
        FGF_TRY(spec_sweep_check(sweep, path, value));
    }
    point->values[point->count++] = (spec_override){path, value};
done:
    return status;
}

fgf_status spec_point_read(fgf_sweep *sweep, const spec_node *node, size_t dimension, bool swept,
                           spec_point *out)
{
    fgf_status status = FGF_OK;
    *out = (spec_point){0};
    if (!expect(sweep, node, SPEC_MAPPING, "sweep", "a mapping of paths to values"))
        return FGF_OK;
    FGF_TRY(SPEC_TAKE(&sweep->pool, node->count, &out->values));
    for (size_t i = 0; i < node->count; i++) {
        const spec_entry *entry = &node->entries[i];
        spec_named_path *path = NULL;
        FGF_TRY(spec_sweep_path(sweep, entry->key, &path));
        if (!path)
            continue;
        if (!swept)
            FGF_TRY(add_condition(sweep, &path->path, entry->value, out));
        else if (spec_claim_path(sweep, path, entry->key, dimension))
            FGF_TRY(spec_point_add(sweep, path, entry->value, out));
    }
done:
    return status;
}

/* Keeps a dimension unless the command line has left nothing of it. */
static fgf_status add_dimension(fgf_sweep *sweep, const spec_dimension *dimension)
{
    fgf_status status = FGF_OK;
    spec_plan *plan = &sweep->plan;
    bool sets_anything = false;
    for (size_t i = 0; i < dimension->count && !sets_anything; i++)
        sets_anything = dimension->points[i].count > 0;
    if (!sets_anything)
        return FGF_OK;
    FGF_TRY(SPEC_GROW(&plan->dimensions, plan->dimension_count, &plan->dimension_capacity));
    plan->dimensions[plan->dimension_count++] = *dimension;
done:
    return status;
}

static fgf_status make_points(fgf_sweep *sweep, size_t count, size_t values_each,
                              spec_dimension *out)
{
    fgf_status status = FGF_OK;
    *out = (spec_dimension){.count = count};
    FGF_TRY(SPEC_TAKE(&sweep->pool, count, &out->points));
    for (size_t i = 0; i < count; i++)
        FGF_TRY(SPEC_TAKE(&sweep->pool, values_each, &out->points[i].values));
done:
    return status;
}

/* Axes that run together: a zip, or with one axis a factor of the grid. */
static fgf_status read_axes(fgf_sweep *sweep, const spec_entry *axes, size_t axis_count,
                            size_t dimension)
{
    fgf_status status = FGF_OK;
    spec_dimension made;
    size_t length = axes[0].value->count;
    for (size_t a = 0; a < axis_count; a++) {
        const spec_node *values = axes[a].value;
        if (!expect(sweep, values, SPEC_SEQUENCE, axes[a].key->text, "a list of values"))
            return FGF_OK;
        if (values->count != length) {
            spec_fault(sweep->cells.context.report, values->place,
                       "%s: %zu values, but %s has %zu; the axes of a zip run together",
                       axes[a].key->text, values->count, axes[0].key->text, length);
            return FGF_OK;
        }
    }
    FGF_TRY(make_points(sweep, length, axis_count, &made));
    for (size_t a = 0; a < axis_count; a++) {
        spec_named_path *path = NULL;
        FGF_TRY(spec_sweep_path(sweep, axes[a].key, &path));
        if (!path || !spec_claim_path(sweep, path, axes[a].key, dimension))
            continue;
        for (size_t i = 0; i < length; i++)
            FGF_TRY(spec_point_add(sweep, path, axes[a].value->entries[i].value, &made.points[i]));
    }
    FGF_TRY(add_dimension(sweep, &made));
done:
    return status;
}

static fgf_status read_grid(fgf_sweep *sweep, const spec_node *node, size_t *dimension)
{
    fgf_status status = FGF_OK;
    if (!expect(sweep, node, SPEC_MAPPING, "sweep.grid", "a mapping of paths to lists of values"))
        return FGF_OK;
    for (size_t i = 0; i < node->count; i++)
        FGF_TRY(read_axes(sweep, &node->entries[i], 1, ++*dimension));
done:
    return status;
}

static fgf_status read_zips(fgf_sweep *sweep, const spec_node *node, size_t *dimension)
{
    fgf_status status = FGF_OK;
    static const char expected[] = "a mapping of paths to lists of values";
    if (node->kind != SPEC_SEQUENCE) {
        if (expect(sweep, node, SPEC_MAPPING, "sweep.zip", expected))
            FGF_TRY(read_axes(sweep, node->entries, node->count, ++*dimension));
        return status;
    }
    for (size_t i = 0; i < node->count; i++) {
        const spec_node *zip = node->entries[i].value;
        if (expect(sweep, zip, SPEC_MAPPING, "sweep.zip", expected))
            FGF_TRY(read_axes(sweep, zip->entries, zip->count, ++*dimension));
    }
done:
    return status;
}

static fgf_status read_list(fgf_sweep *sweep, const spec_node *node, size_t dimension)
{
    fgf_status status = FGF_OK;
    spec_dimension made;
    if (!expect(sweep, node, SPEC_SEQUENCE, "sweep.list", "a list of mappings"))
        return FGF_OK;
    FGF_TRY(make_points(sweep, node->count, 0, &made));
    for (size_t i = 0; i < node->count; i++)
        FGF_TRY(spec_point_read(sweep, node->entries[i].value, dimension, true, &made.points[i]));
    FGF_TRY(add_dimension(sweep, &made));
done:
    return status;
}

static fgf_status read_rule(fgf_sweep *sweep, const spec_node *node, spec_rule *rule)
{
    fgf_status status = FGF_OK;
    const spec_node *condition = spec_node_get(node, "if", 2), *set = spec_node_get(node, "set", 3);
    if (!condition || !set || node->count != 2) {
        spec_fault(sweep->cells.context.report, node->place,
                   "sweep.when: expected {if: {path: value}, set: {path: value}}");
        return FGF_OK;
    }
    FGF_TRY(spec_point_read(sweep, condition, 0, false, &rule->condition));
    FGF_TRY(spec_point_read(sweep, set, 0, true, &rule->set));
done:
    return status;
}

static fgf_status read_rules(fgf_sweep *sweep, const spec_node *node, bool exclude,
                             spec_rule **rules, size_t *count)
{
    fgf_status status = FGF_OK;
    if (!expect(sweep, node, SPEC_SEQUENCE, exclude ? "sweep.exclude" : "sweep.when",
                exclude ? "a list of mappings" : "a list of {if: {...}, set: {...}}"))
        return FGF_OK;
    FGF_TRY(SPEC_TAKE(&sweep->pool, node->count, rules));
    *count = node->count;
    for (size_t i = 0; i < node->count; i++) {
        const spec_node *one = node->entries[i].value;
        (*rules)[i].place = one->place;
        if (exclude)
            FGF_TRY(spec_point_read(sweep, one, 0, false, &(*rules)[i].condition));
        else
            FGF_TRY(read_rule(sweep, one, &(*rules)[i]));
    }
done:
    return status;
}

static uint64_t read_seed(fgf_sweep *sweep, const spec_node *node)
{
    int64_t seed = 1;
    bool fits = true;
    char found[SPEC_FOUND_BYTES];
    if (!node)
        return 1;
    if (node->kind != SPEC_SCALAR || node->quoted || !spec_read_integer(node->text, &seed, &fits) ||
        !fits || seed < 0)
        spec_fault(sweep->cells.context.report, node->place,
                   "sweep.seed: found %s, expected an integer of at least 0",
                   spec_node_found(node, found));
    return (uint64_t)seed;
}

static fgf_status check_keys(fgf_sweep *sweep, const spec_node *node)
{
    static const char *const names[] = {"seed", "grid", "zip", "list", "random", "when", "exclude"};
    fgf_status status = FGF_OK;
    fgf_buffer hint = {0};
    enum { COUNT = sizeof names / sizeof names[0] };
    for (size_t i = 0; i < node->count; i++) {
        const spec_node *key = node->entries[i].key;
        size_t known = 0;
        while (known < COUNT && strcmp(names[known], key->text) != 0)
            known++;
        if (known < COUNT)
            continue;
        hint.length = 0;
        fgf_buffer_add(&hint, "%s", "");
        spec_add_hint(&hint, fgf_nearest_name(key->text, names, COUNT));
        FGF_TRY(hint.status);
        spec_fault(sweep->cells.context.report, key->place, "sweep: unknown key '%.80s'%s",
                   key->text, hint.text);
    }
done:
    fgf_buffer_clear(&hint);
    return status;
}

fgf_status spec_plan_read(fgf_sweep *sweep, const spec_node *node)
{
    fgf_status status = FGF_OK;
    spec_plan *plan = &sweep->plan;
    const spec_node *part = NULL;
    size_t dimension = 0;
    plan->place = node->place;
    bool empty = node->kind == SPEC_MAPPING && node->count == 0;
    if (empty || spec_node_is_null(node) ||
        !expect(sweep, node, SPEC_MAPPING, "sweep", "a mapping"))
        return FGF_OK;
    FGF_TRY(check_keys(sweep, node));
    uint64_t seed = read_seed(sweep, spec_node_get(node, "seed", 4));
    if ((part = spec_node_get(node, "grid", 4)))
        FGF_TRY(read_grid(sweep, part, &dimension));
    if ((part = spec_node_get(node, "zip", 3)))
        FGF_TRY(read_zips(sweep, part, &dimension));
    if ((part = spec_node_get(node, "list", 4)))
        FGF_TRY(read_list(sweep, part, ++dimension));
    if ((part = spec_node_get(node, "random", 6))) {
        spec_dimension drawn = {0};
        FGF_TRY(spec_random_read(sweep, part, seed, ++dimension, &drawn));
        FGF_TRY(add_dimension(sweep, &drawn));
    }
    if ((part = spec_node_get(node, "when", 4)))
        FGF_TRY(read_rules(sweep, part, false, &plan->rules, &plan->rule_count));
    if ((part = spec_node_get(node, "exclude", 7)))
        FGF_TRY(read_rules(sweep, part, true, &plan->exclusions, &plan->exclusion_count));
done:
    return status;
}
