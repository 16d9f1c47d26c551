/* A specification as a whole: the document, its sweep as dimensions and rules, and its trials. */
#ifndef SPEC_SWEEP_H
#define SPEC_SWEEP_H

#include "cell.h"

/* What one point of a dimension sets, or what a condition asks for. */
typedef struct spec_point {
    spec_override *values;
    size_t count;
} spec_point;

/* One factor of the product: a grid axis, a zip, the list, the random draws. */
typedef struct spec_dimension {
    spec_point *points;
    size_t count;
} spec_dimension;

/* `when` (if, set), and `exclude` (if alone). */
typedef struct spec_rule {
    spec_point condition, set;
    spec_place place;
    bool applied; /* to any point */
} spec_rule;

typedef struct spec_plan {
    spec_dimension *dimensions;
    size_t dimension_count, dimension_capacity;
    spec_rule *rules, *exclusions;
    size_t rule_count, exclusion_count;
    spec_place place; /* of the sweep */
} spec_plan;

/* A path that the sweep or the command line names; kept once, so that pointers compare. */
typedef struct spec_named_path {
    spec_path path;
    bool swept;       /* by a dimension or a rule */
    bool typed;       /* on the command line */
    bool noted;       /* that the command line replaces its axis */
    size_t dimension; /* + 1, the one that sweeps it; 0 = none */
} spec_named_path;

typedef struct spec_changed {
    size_t slot;
    const spec_cell *cell;
} spec_changed;

struct fgf_config {
    const fgf_sweep *sweep;
    size_t index;
    fgf_hash hash;
    const spec_changed *changed; /* cells that are not the document's own, by slot */
    size_t count;
};

struct fgf_sweep {
    spec_pool pool;
    spec_source file;
    const char *text;
    spec_layout layout;
    spec_cells cells;
    const spec_node *root;
    spec_named_path **paths;
    size_t path_count, path_capacity;
    spec_table path_index;
    spec_override *typed; /* from the command line */
    size_t typed_count;
    spec_plan plan;
    const spec_cell **base; /* by slot: without the sweep; NULL where no trial has it */
    fgf_config *trials;
    size_t trial_count, trial_capacity;
    spec_table trial_index;
    const char **axes;
    size_t axis_count, axis_capacity;
    char **canonical; /* by trial, NULL until asked for */
    fgf_buffer notes; /* lines for the user */
};

/* The path that `key` names, kept once; *out NULL and a fault where there is none. */
fgf_status spec_sweep_path(fgf_sweep *sweep, const spec_node *key,
                           spec_named_path **out) FGF_CHECKED;

/* Checks a value on its own, as far as that can be done without the rest of its point: inside a
 * list it cannot. */
fgf_status spec_sweep_check(fgf_sweep *sweep, const spec_path *path,
                            const spec_node *value) FGF_CHECKED;

/* Reads the `sweep` mapping into sweep->plan (plan.c). */
fgf_status spec_plan_read(fgf_sweep *sweep, const spec_node *node) FGF_CHECKED;

/* Reads "path: value" pairs of a mapping. `dimension` (+ 1) sets them; 0 = a condition or a rule's
 * consequence, which `swept` tells apart. */
fgf_status spec_point_read(fgf_sweep *sweep, const spec_node *node, size_t dimension, bool swept,
                           spec_point *out) FGF_CHECKED;

/* Appends one value to a point, unless the command line has taken the path (plan.c). */
fgf_status spec_point_add(fgf_sweep *sweep, spec_named_path *path, const spec_node *value,
                          spec_point *point) FGF_CHECKED;

/* Reports a path that `dimension` may not sweep; true where it may. */
bool spec_claim_path(fgf_sweep *sweep, spec_named_path *path, const spec_node *key,
                     size_t dimension);

/* Reads `random` as dimension `dimension` + 1 (draw.c). */
fgf_status spec_random_read(fgf_sweep *sweep, const spec_node *node, uint64_t seed,
                            size_t dimension, spec_dimension *out) FGF_CHECKED;

/* Makes the trials of the plan (expand.c). */
fgf_status spec_sweep_expand(fgf_sweep *sweep) FGF_CHECKED;

/* The cell of `slot` in a configuration (config.c). */
const spec_cell *spec_config_cell(const fgf_config *config, size_t slot);

#endif
