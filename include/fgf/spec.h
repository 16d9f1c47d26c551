/* The specification: a YAML file, read against one table of keys, becomes a list of trials.
 *
 *     caller's tables (fgf_schema) + YAML text  ->  fgf_sweep: trials, each an fgf_config
 *
 * A schema is composed by the caller from sections (named groups of keys, one settings struct each)
 * and lists (of items such as layers or features, one settings struct per kind). Every key of every
 * section and item can be swept. Nothing here knows what a key means, and nothing is collective.
 *
 * Paths. "train.lr" is a key of section "train"; "model.layers" a list; an item of a list is named
 * by its index or its name, its settings with or without its kind: "model.layers.0.conv.channels",
 * "model.layers.0.channels", "features.size.threshold".
 *
 * The YAML file:
 *     train: {lr: 0.02, epochs: 80}
 *     model: {layers: [conv: {channels: 8}, flatten, dense: {name: last}]}
 *     sweep:                              # only where the schema is sweepable
 *       seed: 1                           # of the random axes
 *       grid: {align.lambda: [0, 0.1, 1], train.seed: [1, 2, 3]}
 *       zip:  {train.lr: [0.1, 0.2], train.batch: [8, 16]}    # a list of such maps: several zips
 *       list: [{train.lr: 0.1}, {train.lr: 0.2, model.layers: [...]}]
 *       random: {count: 20, axes: {train.lr: {log_uniform: [1e-4, 1e-1]},
 *                                  train.batch: {choice: [8, 16]}, align.lambda: {uniform: [0, 1]},
 *                                  train.epochs: {integer: [10, 50]}}}
 *       when: [{if: {align.lambda: 0}, set: {align.warmup: 0}}]
 *       exclude: [{align.lambda: 1, train.lr: 0.1}]
 * Points are the product of every grid axis, every zip, the list and the random draws, the last of
 * them varying fastest. A point's values are laid over the file, shorter paths first. `when` rules
 * are taken in order, each seeing what earlier ones set. A condition holds where putting its value
 * would change nothing; a list of values for a key that holds one value means any of them. Points
 * that come to the same trial are merged. Random numbers are drawn by (sweep seed, path, index) and
 * rounded to six digits; a longer list of draws begins with the shorter.
 *
 * Scalars are read as in the core schema of YAML 1.2: true and false are the only truth values. */
#ifndef FGF_SPEC_H
#define FGF_SPEC_H

#include "fgf/hash.h"
#include "fgf/key.h"
#include "fgf/text.h"

enum { FGF_SWEEP_TRIALS_MOST = 1000000 };

/* A named group of keys. Paths are distinct and may be nested ("data", "data.augmentation"). */
typedef struct fgf_schema_section {
    const char *path;    /* "train"; "" = the top level */
    const fgf_key *keys; /* ends with a NULL name; fallbacks must themselves be valid */
    const char *help;    /* one line */
    bool identity;       /* its keys are part of what a trial is, so of its hash; "output" is not */
} fgf_schema_section;

/* A list of items, always part of a trial's identity. Every item may have a `name`; the default is
 * its kind's name, and kind_2, kind_3 where that is taken. */
typedef struct fgf_schema_list {
    const char *path; /* "model.layers" */
    const fgf_item_kind *const *kinds;
    size_t kind_count;
    const char *help;
    size_t least; /* fewest items; 0 = the list may be absent */
} fgf_schema_list;

typedef struct fgf_schema {
    const char *name; /* what is described: "sweep", "import manifest" */
    const fgf_schema_section *sections;
    size_t section_count;
    const fgf_schema_list *lists;
    size_t list_count;
    bool sweepable; /* may have a top-level `sweep`; else there is exactly one configuration */
} fgf_schema;

/* A specification as read, and one trial's full configuration, owned by it. */
typedef struct fgf_sweep fgf_sweep;
typedef struct fgf_config fgf_config;

/* Reads the file at `path` with `override_count` overrides "key=value" (the value is YAML) laid
 * over it; an override of a swept key replaces its axis. *out is owned by the caller and borrows
 * `schema`. All faults of the file are printed at once, then FGF_USAGE; FGF_ENVIRONMENT where it
 * exists but cannot be read; FGF_INTERNAL where the schema itself is wrong. A document that is no
 * sweep (an import manifest) is read in the same way with `sweepable` false: one configuration. */
fgf_status fgf_sweep_load(const char *path, const fgf_schema *schema, const char *const *overrides,
                          size_t override_count, fgf_sweep **out) FGF_CHECKED;

/* The same from memory; `name` stands in messages and its folder is where files are looked for. */
fgf_status fgf_sweep_parse(const char *text, const char *name, const fgf_schema *schema,
                           const char *const *overrides, size_t override_count,
                           fgf_sweep **out) FGF_CHECKED;

/* As fgf_sweep_parse with `bytes` bytes of text (which may hold a 0), but the faults are appended
 * to `faults`, ordered by place, and nothing is printed. FGF_USAGE where there were any. */
fgf_status fgf_sweep_examine(const char *text, size_t bytes, const char *name,
                             const fgf_schema *schema, const char *const *overrides,
                             size_t override_count, fgf_faults *faults,
                             fgf_sweep **out) FGF_CHECKED;

void fgf_sweep_destroy(fgf_sweep **sweep);

/* Trials, in order of the points; at least one. Borrowed. */
size_t fgf_sweep_trial_count(const fgf_sweep *sweep);
const fgf_config *fgf_sweep_trial(const fgf_sweep *sweep, size_t trial);

/* The YAML text as read. Overrides are not in it. */
const char *fgf_sweep_text(const fgf_sweep *sweep);

/* The paths whose values may differ between trials, in order: grid, zip, list, random, when. A
 * swept section stands as its keys and lists, so fgf_config_value knows every one (NULL only where
 * an item is missing from a trial's list). */
size_t fgf_sweep_axis_count(const fgf_sweep *sweep);
const char *fgf_sweep_axis(const fgf_sweep *sweep, size_t axis);

/* The whole configuration: "path = value" a line, every key in the order of the schema, defaults
 * filled in, numbers in the shortest form that reads back as the same number, file names as they
 * were given. Made at the first call and kept (so the first calls are not thread-safe); borrowed.
 * NULL only where memory is exhausted. */
const char *fgf_config_canonical(const fgf_config *config);

/* The hash of those lines that are part of the trial's identity. */
fgf_hash fgf_config_hash(const fgf_config *config);

/* The same without the lines of `count` paths and whatever is below them: equal for trials that
 * differ in nothing else (a seed, a fold). A hash of nothing where memory is exhausted. Unknown
 * paths leave nothing out. */
fgf_hash fgf_config_hash_without(const fgf_config *config, const char *const *paths, size_t count);

/* Fills the settings struct of section `path` by the offsets of its keys; members that no key names
 * are left alone. Texts and lists are borrowed from the configuration. A file is relative to the
 * folder of the specification (of the working folder if it came from the command line) unless it
 * is absolute or empty. FGF_INTERNAL: no such section. */
fgf_status fgf_config_section(const fgf_config *config, const char *path,
                              void *settings) FGF_CHECKED;

/* The items of list `path`, settings filled; all borrowed. FGF_INTERNAL: no such list. */
fgf_status fgf_config_items(const fgf_config *config, const char *path, const fgf_item **items,
                            size_t *count) FGF_CHECKED;

/* The canonical text of one key, list or item; NULL where there is none (a section has none). */
const char *fgf_config_value(const fgf_config *config, const char *path);

/* Where that value was given: "file:line:column", "command line: key=value", or "default". NULL
 * where there is none. */
const char *fgf_config_where(const fgf_config *config, const char *path);

/* Appends the reference of all keys whose path is `filter` or below it (NULL = all): name, type,
 * unit, range, default, help; as Markdown tables or as plain text. Check out->status. */
void fgf_schema_help(const fgf_schema *schema, const char *filter, bool markdown, fgf_buffer *out);

#endif
