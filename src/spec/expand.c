/* From dimensions and rules to trials. */
#include "fgf/memory.h"
#include "sweep.h"

#include <string.h>

/* One point while it is worked on. */
typedef struct workspace {
    spec_override *sequence; /* what is laid over the document, shorter paths first */
    size_t count, capacity;
    spec_override *gathered; /* those of one slot */
    size_t gathered_capacity;
    spec_changed *changed;
    bool *touched; /* by slot */
    fgf_buffer lines;
    size_t merged;
} workspace;

/* A later value of the same path replaces the earlier one. */
static fgf_status lay(workspace *w, spec_override value)
{
    fgf_status status = FGF_OK;
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < w->count; i++)
        if (w->sequence[i].path != value.path)
            w->sequence[kept++] = w->sequence[i];
    w->count = kept;
    FGF_TRY(SPEC_GROW(&w->sequence, w->count, &w->capacity));
    for (at = w->count; at > 0 && w->sequence[at - 1].path->depth > value.path->depth; at--)
        w->sequence[at] = w->sequence[at - 1];
    w->sequence[at] = value;
    w->count++;
done:
    return status;
}

/* The cell of `slot` at this point, with `more` laid on top where it is given. */
static fgf_status cell_at(fgf_sweep *sweep, workspace *w, size_t slot, const spec_override *more,
                          spec_mode mode, const spec_cell **out)
{
    fgf_status status = FGF_OK;
    size_t count = 0;
    for (size_t i = 0; i <= w->count; i++) {
        const spec_override *one = i < w->count ? &w->sequence[i] : more;
        if (!one || !spec_path_touches(&sweep->layout, one->path, slot))
            continue;
        FGF_TRY(SPEC_GROW(&w->gathered, count, &w->gathered_capacity));
        w->gathered[count++] = *one;
    }
    FGF_TRY(spec_cells_get(&sweep->cells, slot, w->gathered, count, mode, out));
done:
    return status;
}

/* Whether laying `asked` over the point would change nothing. */
static fgf_status holds_already(fgf_sweep *sweep, workspace *w, spec_override asked, bool *out)
{
    fgf_status status = FGF_OK;
    *out = true;
    for (size_t slot = 0; slot < sweep->layout.count && *out; slot++) {
        const spec_cell *now = NULL, *then = NULL;
        if (!spec_path_touches(&sweep->layout, asked.path, slot))
            continue;
        FGF_TRY(cell_at(sweep, w, slot, NULL, SPEC_QUIET, &now));
        FGF_TRY(cell_at(sweep, w, slot, &asked, SPEC_QUIET, &then));
        *out = now && then && strcmp(now->lines, then->lines) == 0;
    }
done:
    return status;
}

static fgf_status matches(fgf_sweep *sweep, workspace *w, const spec_point *condition, bool *out)
{
    fgf_status status = FGF_OK;
    *out = condition->count > 0;
    for (size_t i = 0; i < condition->count && *out; i++) {
        const spec_override asked = condition->values[i];
        FGF_TRY(holds_already(sweep, w, asked, out));
        if (asked.node->kind != SPEC_SEQUENCE || asked.path->kind == SPEC_PATH_LIST)
            continue;
        for (size_t v = 0; v < asked.node->count && !*out; v++)
            FGF_TRY(holds_already(sweep, w,
                                  (spec_override){asked.path, asked.node->entries[v].value}, out));
    }
done:
    return status;
}

static fgf_status apply_rules(fgf_sweep *sweep, workspace *w)
{
    fgf_status status = FGF_OK;
    for (size_t r = 0; r < sweep->plan.rule_count; r++) {
        spec_rule *rule = &sweep->plan.rules[r];
        bool applies = false;
        FGF_TRY(matches(sweep, w, &rule->condition, &applies));
        if (!applies)
            continue;
        rule->applied = true;
        for (size_t i = 0; i < rule->set.count; i++)
            FGF_TRY(lay(w, rule->set.values[i]));
    }
done:
    return status;
}

static fgf_status is_excluded(fgf_sweep *sweep, workspace *w, bool *out)
{
    fgf_status status = FGF_OK;
    *out = false;
    for (size_t e = 0; e < sweep->plan.exclusion_count && !*out; e++) {
        FGF_TRY(matches(sweep, w, &sweep->plan.exclusions[e].condition, out));
        sweep->plan.exclusions[e].applied = sweep->plan.exclusions[e].applied || *out;
    }
done:
    return status;
}

/* Cells of every slot; *valid false where one has a fault. */
static fgf_status find_cells(fgf_sweep *sweep, workspace *w, size_t *count, bool *valid)
{
    fgf_status status = FGF_OK;
    *valid = true;
    *count = 0;
    memset(w->touched, 0, sweep->layout.count * sizeof *w->touched);
    for (size_t i = 0; i < w->count; i++) {
        const spec_path *path = w->sequence[i].path;
        if (path->kind != SPEC_PATH_SECTION)
            w->touched[path->slot] = true;
        for (size_t slot = 0; path->kind == SPEC_PATH_SECTION && slot < sweep->layout.count; slot++)
            if (spec_path_touches(&sweep->layout, path, slot))
                w->touched[slot] = true;
    }
    for (size_t slot = 0; slot < sweep->layout.count; slot++) {
        const spec_cell *cell = sweep->base[slot];
        if (w->touched[slot]) {
            FGF_TRY(cell_at(sweep, w, slot, NULL, SPEC_STRICT, &cell));
            w->changed[(*count)++] = (spec_changed){slot, cell};
        } else if (!cell) {
            FGF_TRY(spec_cells_get(&sweep->cells, slot, NULL, 0, SPEC_STRICT, &cell));
            sweep->base[slot] = cell;
        }
        *valid = *valid && cell;
    }
done:
    return status;
}

static fgf_hash hash_point(const fgf_sweep *sweep, workspace *w, size_t count)
{
    size_t next = 0;
    w->lines.length = 0;
    for (size_t slot = 0; slot < sweep->layout.count; slot++) {
        bool changed = next < count && w->changed[next].slot == slot;
        const spec_cell *cell = changed ? w->changed[next++].cell : sweep->base[slot];
        if (sweep->layout.slots[slot].identity)
            fgf_buffer_add_bytes(&w->lines, cell->lines, cell->length);
    }
    return fgf_hash_bytes(w->lines.text ? w->lines.text : "", w->lines.length);
}

static fgf_status add_trial(fgf_sweep *sweep, workspace *w, size_t count)
{
    fgf_status status = FGF_OK;
    fgf_hash hash = hash_point(sweep, w, count);
    spec_changed *changed = NULL;
    uint64_t key = fgf_checksum(&hash, sizeof hash, 0);
    size_t probe = 0, index = 0;
    FGF_TRY(w->lines.status);
    while (spec_table_next(&sweep->trial_index, key, &probe, &index)) {
        if (strcmp(sweep->trials[index].hash.text, hash.text) == 0) {
            w->merged++;
            return FGF_OK;
        }
    }
    FGF_TRY(SPEC_TAKE(&sweep->pool, count, &changed));
    if (count > 0)
        memcpy(changed, w->changed, count * sizeof *changed);
    FGF_TRY(SPEC_GROW(&sweep->trials, sweep->trial_count, &sweep->trial_capacity));
    FGF_TRY(spec_table_add(&sweep->trial_index, key, sweep->trial_count));
    sweep->trials[sweep->trial_count] = (fgf_config){.sweep = sweep,
                                                     .index = sweep->trial_count,
                                                     .hash = hash,
                                                     .changed = changed,
                                                     .count = count};
    sweep->trial_count++;
done:
    return status;
}

static fgf_status expand_point(fgf_sweep *sweep, workspace *w, const size_t *odometer)
{
    fgf_status status = FGF_OK;
    bool excluded = false, valid = false;
    size_t count = 0;
    w->count = 0;
    for (size_t i = 0; i < sweep->typed_count; i++)
        FGF_TRY(lay(w, sweep->typed[i]));
    for (size_t d = 0; d < sweep->plan.dimension_count; d++) {
        const spec_point *point = &sweep->plan.dimensions[d].points[odometer[d]];
        for (size_t i = 0; i < point->count; i++)
            FGF_TRY(lay(w, point->values[i]));
    }
    FGF_TRY(apply_rules(sweep, w));
    FGF_TRY(find_cells(sweep, w, &count, &valid));
    if (!valid)
        return FGF_OK;
    FGF_TRY(is_excluded(sweep, w, &excluded));
    if (!excluded)
        FGF_TRY(add_trial(sweep, w, count));
done:
    return status;
}

static bool advance(const spec_plan *plan, size_t *odometer)
{
    for (size_t d = plan->dimension_count; d-- > 0;) {
        if (++odometer[d] < plan->dimensions[d].count)
            return true;
        odometer[d] = 0;
    }
    return false;
}

static bool check_size(fgf_sweep *sweep)
{
    double points = 1;
    for (size_t d = 0; d < sweep->plan.dimension_count; d++)
        points *= (double)sweep->plan.dimensions[d].count;
    if (points <= FGF_SWEEP_TRIALS_MOST)
        return true;
    spec_fault(sweep->cells.context.report, sweep->plan.place, "sweep: %.15g points, at most %d",
               points, FGF_SWEEP_TRIALS_MOST);
    return false;
}

static void write_notes(fgf_sweep *sweep, const workspace *w)
{
    if (w->merged > 0)
        fgf_buffer_add(&sweep->notes,
                       "%zu point%s of the sweep came to the same trial as another "
                       "one and %s merged\n",
                       w->merged, w->merged == 1 ? "" : "s", w->merged == 1 ? "was" : "were");
    for (size_t i = 0; i < sweep->plan.rule_count + sweep->plan.exclusion_count; i++) {
        bool when = i < sweep->plan.rule_count;
        const spec_rule *rule =
            when ? &sweep->plan.rules[i] : &sweep->plan.exclusions[i - sweep->plan.rule_count];
        if (rule->applied)
            continue;
        spec_place_text(rule->place, &sweep->notes);
        fgf_buffer_add(&sweep->notes, ": this %s rule applies to no point\n",
                       when ? "when" : "exclude");
    }
}

/* Values inside a list are checked against the document's own list, unless that is swept itself. */
static fgf_status check_inside(fgf_sweep *sweep, const spec_point *point)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < point->count; i++) {
        const spec_path *path = point->values[i].path;
        const spec_cell *unused = NULL;
        bool replaced = false;
        for (size_t p = 0; p < sweep->path_count && !replaced; p++)
            replaced = sweep->paths[p]->path.kind != SPEC_PATH_ITEM &&
                       spec_path_touches(&sweep->layout, &sweep->paths[p]->path, path->slot);
        if (path->kind == SPEC_PATH_ITEM && !replaced)
            FGF_TRY(spec_cells_get(&sweep->cells, path->slot, &point->values[i], 1, SPEC_LENIENT,
                                   &unused));
    }
done:
    return status;
}

/* Before anything is multiplied out: values that the sweep hides are checked all the same, and what
 * it does not touch must be complete. */
static fgf_status check_document(fgf_sweep *sweep)
{
    fgf_status status = FGF_OK;
    for (size_t slot = 0; slot < sweep->layout.count; slot++) {
        const spec_cell *unused = NULL;
        bool touched = false;
        for (size_t p = 0; p < sweep->path_count && !touched; p++)
            touched = spec_path_touches(&sweep->layout, &sweep->paths[p]->path, slot);
        FGF_TRY(spec_cells_get(&sweep->cells, slot, NULL, 0, touched ? SPEC_LENIENT : SPEC_STRICT,
                               &unused));
    }
    FGF_TRY(check_inside(sweep, &(spec_point){sweep->typed, sweep->typed_count}));
    for (size_t d = 0; d < sweep->plan.dimension_count; d++)
        for (size_t i = 0; i < sweep->plan.dimensions[d].count; i++)
            FGF_TRY(check_inside(sweep, &sweep->plan.dimensions[d].points[i]));
done:
    return status;
}

fgf_status spec_sweep_expand(fgf_sweep *sweep)
{
    fgf_status status = FGF_OK;
    spec_report *report = sweep->cells.context.report;
    size_t *odometer = NULL;
    workspace w = {0};
    FGF_TRY(check_document(sweep));
    FGF_TRY(report->status);
    if (report->count > 0 || !check_size(sweep))
        return FGF_OK;
    FGF_TRY(FGF_ALLOCATE(sweep->plan.dimension_count, &odometer));
    FGF_TRY(FGF_ALLOCATE(sweep->layout.count, &w.changed));
    FGF_TRY(FGF_ALLOCATE(sweep->layout.count, &w.touched));
    do {
        FGF_TRY(expand_point(sweep, &w, odometer));
    } while (!spec_report_full(report) && advance(&sweep->plan, odometer));
    FGF_TRY(report->status);
    if (sweep->trial_count == 0 && report->count == 0)
        spec_fault(report, sweep->plan.exclusions[0].place, "sweep: every point is excluded");
    write_notes(sweep, &w);
done:
    fgf_free(odometer);
    fgf_free(w.sequence);
    fgf_free(w.gathered);
    fgf_free(w.changed);
    fgf_free(w.touched);
    fgf_buffer_clear(&w.lines);
    return status;
}
