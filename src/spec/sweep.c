/* Reading a specification: document, command line, sweep; and its public handle. */
#include "sweep.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static fgf_status set_folder(fgf_sweep *sweep, const char *name)
{
    fgf_status status = FGF_OK;
    const char *slash = strrchr(name, '/');
    size_t length = slash ? (size_t)(slash - name) + 1 : 0;
    FGF_TRY(spec_pool_text(&sweep->pool, name, length, &sweep->cells.context.folder));
done:
    return status;
}

static int override_order(size_t index)
{
    return (int)index + 1;
}

/* "key=value": *key and *value NULL where it is not of this form or the value is not YAML. */
static fgf_status read_override(fgf_sweep *sweep, const char *given, size_t index,
                                const spec_node **key, const spec_node **value)
{
    fgf_status status = FGF_OK;
    spec_report *report = sweep->cells.context.report;
    spec_source *source = NULL;
    fgf_buffer name = {0};
    const char *equals = strchr(given, '=');
    FGF_TRY(SPEC_TAKE(&sweep->pool, 1, &source));
    fgf_buffer_add(&name, "command line: %s", given);
    FGF_TRY(name.status);
    FGF_TRY(spec_pool_text(&sweep->pool, name.text, name.length, &source->name));
    source->order = override_order(index);
    spec_place place = {source, 0, 0};
    if (!equals || equals == given) {
        spec_fault(report, place, "expected key=value");
        goto done;
    }
    FGF_TRY(spec_node_scalar(&sweep->pool, place, given, (size_t)(equals - given), false, key));
    if (equals[1] == '\0')
        FGF_TRY(spec_node_scalar(&sweep->pool, place, "", 0, true, value));
    else
        FGF_TRY(
            spec_yaml_read(equals + 1, strlen(equals + 1), source, &sweep->pool, report, value));
done:
    fgf_buffer_clear(&name);
    return status;
}

static fgf_status read_overrides(fgf_sweep *sweep, const char *const *overrides, size_t count)
{
    fgf_status status = FGF_OK;
    FGF_TRY(SPEC_TAKE(&sweep->pool, count, &sweep->typed));
    for (size_t i = 0; i < count; i++) {
        const spec_node *key = NULL, *value = NULL;
        spec_named_path *path = NULL;
        FGF_TRY(read_override(sweep, overrides[i], i, &key, &value));
        if (!key || !value)
            continue;
        FGF_TRY(spec_sweep_path(sweep, key, &path));
        if (!path)
            continue;
        path->typed = true;
        FGF_TRY(spec_sweep_check(sweep, &path->path, value));
        sweep->typed[sweep->typed_count++] = (spec_override){&path->path, value};
    }
done:
    return status;
}

static fgf_status add_axis(fgf_sweep *sweep, const char *path)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < sweep->axis_count; i++)
        if (strcmp(sweep->axes[i], path) == 0)
            return FGF_OK;
    FGF_TRY(SPEC_GROW(&sweep->axes, sweep->axis_count, &sweep->axis_capacity));
    sweep->axes[sweep->axis_count++] = path;
done:
    return status;
}

/* Paths were first named in the order of the sweep, conditions among them. A swept section stands
 * as everything in it. */
static fgf_status list_axes(fgf_sweep *sweep)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < sweep->path_count; i++) {
        const spec_named_path *named = sweep->paths[i];
        if (!named->swept || named->typed)
            continue;
        if (named->path.kind != SPEC_PATH_SECTION)
            FGF_TRY(add_axis(sweep, named->path.text));
        for (size_t slot = 0; named->path.kind == SPEC_PATH_SECTION && slot < sweep->layout.count;
             slot++)
            if (sweep->layout.slots[slot].identity &&
                spec_path_touches(&sweep->layout, &named->path, slot))
                FGF_TRY(add_axis(sweep, sweep->layout.slots[slot].path));
    }
done:
    return status;
}

static fgf_status read_document(fgf_sweep *sweep, const char *text, size_t bytes,
                                const char *const *overrides, size_t override_count)
{
    fgf_status status = FGF_OK;
    spec_report *report = sweep->cells.context.report;
    const spec_layout *layout = &sweep->layout;
    FGF_TRY(spec_yaml_read(text, bytes, &sweep->file, &sweep->pool, report, &sweep->root));
    sweep->cells.root = sweep->root;
    if (!sweep->root)
        return FGF_OK;
    FGF_TRY(spec_layout_check(layout, sweep->root, "", report));
    if (sweep->root->kind != SPEC_MAPPING)
        return FGF_OK;
    FGF_TRY(read_overrides(sweep, overrides, override_count));
    const spec_node *plan = spec_node_get(sweep->root, "sweep", 5);
    if (plan && layout->schema->sweepable)
        FGF_TRY(spec_plan_read(sweep, plan));
    FGF_TRY(SPEC_TAKE(&sweep->pool, layout->count, &sweep->base));
    FGF_TRY(spec_sweep_expand(sweep));
    FGF_TRY(report->status);
    FGF_TRY(sweep->notes.status);
    if (report->count == 0) {
        FGF_TRY(list_axes(sweep));
        FGF_TRY(FGF_ALLOCATE(sweep->trial_count, &sweep->canonical));
    }
done:
    return status;
}

fgf_status fgf_sweep_examine(const char *text, size_t bytes, const char *name,
                             const fgf_schema *schema, const char *const *overrides,
                             size_t override_count, fgf_faults *faults, fgf_sweep **out)
{
    fgf_status status = FGF_OK;
    fgf_sweep *sweep = NULL;
    spec_report report = {0};
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &sweep));
    sweep->cells.context = (spec_context){.pool = &sweep->pool, .report = &report};
    sweep->file = (spec_source){.has_lines = true};
    FGF_TRY(spec_pool_text(&sweep->pool, name, strlen(name), &sweep->file.name));
    FGF_TRY(spec_pool_text(&sweep->pool, text, bytes, &sweep->text));
    FGF_TRY(set_folder(sweep, name));
    FGF_TRY(spec_layout_make(schema, &sweep->cells.context, &sweep->layout));
    sweep->cells.layout = &sweep->layout;
    FGF_TRY(read_document(sweep, text, bytes, overrides, override_count));
    FGF_TRY(report.status);
    spec_report_finish(&report, faults);
    FGF_TRY(faults->lines.status);
    if (report.count > 0)
        FGF_FAIL(FGF_USAGE, "%s: %zu fault%s", name, report.count, report.count == 1 ? "" : "s");
    sweep->cells.context.report = NULL;
    *out = sweep;
    sweep = NULL;
done:
    fgf_sweep_destroy(&sweep);
    spec_report_clear(&report);
    return status;
}

static void print_notes(const fgf_sweep *sweep)
{
    for (const char *line = sweep->notes.text; line && *line;) {
        size_t length = strcspn(line, "\n");
        fgf_log("%.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static fgf_status read_and_report(const char *text, size_t bytes, const char *name,
                                  const fgf_schema *schema, const char *const *overrides,
                                  size_t override_count, fgf_sweep **out)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    status = fgf_sweep_examine(text, bytes, name, schema, overrides, override_count, &faults, out);
    if (status == FGF_USAGE)
        status = fgf_faults_report(&faults, FGF_USAGE, name);
    FGF_TRY(status);
    print_notes(*out);
done:
    fgf_faults_clear(&faults);
    return status;
}

fgf_status fgf_sweep_parse(const char *text, const char *name, const fgf_schema *schema,
                           const char *const *overrides, size_t override_count, fgf_sweep **out)
{
    return read_and_report(text, strlen(text), name, schema, overrides, override_count, out);
}

/* At most one byte over the limit: enough to see that the file is too large. */
static fgf_status read_file(const char *path, char **text, size_t *bytes)
{
    fgf_status status = FGF_OK;
    FILE *file = NULL;
    *bytes = 0;
    FGF_TRY(FGF_ALLOCATE(SPEC_BYTES_MOST + 1, text));
    errno = 0;
    file = fopen(path, "rb");
    if (!file)
        FGF_FAIL(errno == ENOENT ? FGF_USAGE : FGF_ENVIRONMENT, "%s: cannot be opened: %s", path,
                 strerror(errno));
    *bytes = fread(*text, 1, SPEC_BYTES_MOST + 1, file);
    if (ferror(file))
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read: %s", path, strerror(errno));
done:
    if (file)
        fclose(file);
    return status;
}

fgf_status fgf_sweep_load(const char *path, const fgf_schema *schema, const char *const *overrides,
                          size_t override_count, fgf_sweep **out)
{
    fgf_status status = FGF_OK;
    char *text = NULL;
    size_t bytes = 0;
    *out = NULL;
    FGF_TRY(read_file(path, &text, &bytes));
    FGF_TRY(read_and_report(text, bytes, path, schema, overrides, override_count, out));
done:
    fgf_free(text);
    return status;
}

void fgf_sweep_destroy(fgf_sweep **handle)
{
    fgf_sweep *sweep = *handle;
    if (!sweep)
        return;
    for (size_t i = 0; sweep->canonical && i < sweep->trial_count; i++)
        fgf_free(sweep->canonical[i]);
    fgf_free(sweep->canonical);
    fgf_free(sweep->paths);
    spec_table_clear(&sweep->path_index);
    fgf_free(sweep->plan.dimensions);
    fgf_free(sweep->trials);
    spec_table_clear(&sweep->trial_index);
    fgf_free(sweep->axes);
    fgf_buffer_clear(&sweep->notes);
    spec_cells_clear(&sweep->cells);
    spec_pool_clear(&sweep->pool);
    fgf_free(sweep);
    *handle = NULL;
}

size_t fgf_sweep_trial_count(const fgf_sweep *sweep)
{
    return sweep->trial_count;
}

const fgf_config *fgf_sweep_trial(const fgf_sweep *sweep, size_t trial)
{
    return trial < sweep->trial_count ? &sweep->trials[trial] : NULL;
}

const char *fgf_sweep_text(const fgf_sweep *sweep)
{
    return sweep->text;
}

size_t fgf_sweep_axis_count(const fgf_sweep *sweep)
{
    return sweep->axis_count;
}

const char *fgf_sweep_axis(const fgf_sweep *sweep, size_t axis)
{
    return axis < sweep->axis_count ? sweep->axes[axis] : NULL;
}
