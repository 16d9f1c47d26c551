/* What a dataset keeps of its import. */
#include "fgf/import.h"
#include "fgf/memory.h"
#include "fgf/spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The overrides that an import keeps behind its manifest; cuts `origin` into lines. */
static size_t list_overrides(char *origin, const char **list, size_t most)
{
    static const char mark[] = "# command line: ";
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(origin, "\n", &rest); line && count < most;
         line = strtok_r(NULL, "\n", &rest))
        if (strncmp(line, mark, sizeof mark - 1) == 0)
            list[count++] = line + sizeof mark - 1;
    return count;
}

/* The value of a setting that is kept on a line of its own, where names are hidden; NULL = none. */
static const char *told_value(const char *origin, const char *setting)
{
    const size_t length = strlen(setting);
    const char *line = origin;
    while (line && strncmp(line, setting, length) != 0) {
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return line ? line + length : NULL;
}

static double told_horizon(const char *origin)
{
    const char *event = told_value(origin, "table.event = ");
    const char *horizon = told_value(origin, "table.horizon = ");
    return event && strncmp(event, "\"\"", 2) != 0 && horizon ? strtod(horizon, NULL) : -1;
}

fgf_status fgf_import_horizon(const fgf_dataset *dataset, double *out)
{
    enum { OVERRIDES = 256 };
    fgf_status status = FGF_OK;
    fgf_sweep *manifest = NULL;
    fgf_faults faults = {0};
    char *overrides = NULL;
    const char *list[OVERRIDES];
    const char *origin = fgf_dataset_origin(dataset);
    *out = -1;
    FGF_TRY(fgf_copy_text(origin, &overrides));
    const size_t count = list_overrides(overrides, list, OVERRIDES);
    status = fgf_sweep_examine(origin, strlen(origin), "origin", fgf_import_schema(), list, count,
                               &faults, &manifest);
    if (status == FGF_OK) {
        const fgf_config *config = fgf_sweep_trial(manifest, 0);
        const char *event = fgf_config_value(config, "table.event");
        const char *horizon = fgf_config_value(config, "table.horizon");
        if (event && strcmp(event, "\"\"") != 0 && horizon)
            *out = strtod(horizon, NULL);
    } else if (status == FGF_USAGE) { /* no manifest: settings on lines, or nothing */
        *out = told_horizon(origin);
        status = FGF_OK;
    }
done:
    fgf_sweep_destroy(&manifest);
    fgf_faults_clear(&faults);
    fgf_free(overrides);
    return status;
}
