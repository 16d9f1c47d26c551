/* The tree of a YAML document, with the place of every node, and the faults found in it. */
#ifndef SPEC_NODE_H
#define SPEC_NODE_H

#include "fgf/text.h"
#include "pool.h"

enum { SPEC_DEPTH_MOST = 64, SPEC_NODES_MOST = 1000000, SPEC_BYTES_MOST = 4 << 20 };

/* Where nodes come from: a file, or one override of the command line, which has no lines. */
typedef struct spec_source {
    const char *name; /* "sweep.yaml", "command line: train.lr=0.1" */
    bool has_lines;
    int order; /* of its faults among those of other sources */
} spec_source;

typedef struct spec_place {
    const spec_source *source;
    size_t line, column; /* from 1 */
} spec_place;

typedef enum spec_node_kind { SPEC_SCALAR, SPEC_SEQUENCE, SPEC_MAPPING } spec_node_kind;

typedef struct spec_node spec_node;

typedef struct spec_entry {
    const spec_node *key; /* a scalar; NULL in a sequence */
    const spec_node *value;
} spec_entry;

/* Immutable once read. */
struct spec_node {
    spec_node_kind kind;
    bool quoted; /* a scalar in quotes, a block scalar or tagged !!str: a text, never a number */
    unsigned height;  /* levels below */
    spec_place place; /* of an alias: of what it stands for */
    const char *text; /* of a scalar */
    const spec_entry *entries;
    size_t count;    /* of entries */
    size_t expanded; /* nodes in its tree, aliases followed */
};

/* The value of `key` in a mapping, or NULL (also where `node` is NULL or no mapping). */
const spec_node *spec_node_get(const spec_node *node, const char *key, size_t length);

/* Whether it is the null of YAML: nothing, ~ or null. */
bool spec_node_is_null(const spec_node *node);

/* "a mapping", "a list", "nothing" or "'text'" (cut if long), in a buffer of the caller. */
enum { SPEC_FOUND_BYTES = 96 };
const char *spec_node_found(const spec_node *node, char text[SPEC_FOUND_BYTES]);

/* New nodes in `pool`, at a given place. */
fgf_status spec_node_scalar(spec_pool *pool, spec_place place, const char *text, size_t length,
                            bool quoted, const spec_node **out) FGF_CHECKED;
fgf_status spec_node_collection(spec_pool *pool, spec_place place, spec_node_kind kind,
                                const spec_entry *entries, size_t count,
                                const spec_node **out) FGF_CHECKED;

/* A copy of `node` (a mapping) with `key` set to `value`, the rest shared. */
fgf_status spec_node_with(spec_pool *pool, const spec_node *node, const spec_node *key,
                          const spec_node *value, const spec_node **out) FGF_CHECKED;

/* A copy of `node` (a sequence) with element `index` replaced. */
fgf_status spec_node_with_element(spec_pool *pool, const spec_node *node, size_t index,
                                  const spec_node *value, const spec_node **out) FGF_CHECKED;

/* "sweep.yaml:12:7" or "command line: ...". */
void spec_place_text(spec_place place, fgf_buffer *out);

/* Faults, each kept once; the first thousand. A failure of memory sticks in `status`. */
typedef struct spec_report {
    struct spec_fault *faults;
    size_t count, capacity;
    spec_table seen;
    spec_pool pool;
    fgf_status status;
} spec_report;

/* A NULL report takes nothing: for questions whose answer may be no. */
void spec_fault(spec_report *report, spec_place place, const char *format, ...) FGF_PRINTF(3, 4);

/* Whether it takes no more. */
bool spec_report_full(const spec_report *report);

/* Its first line, for a message; there must be one. */
const char *spec_report_first(const spec_report *report);

/* Appends all, ordered by place. */
void spec_report_finish(spec_report *report, fgf_faults *faults);
void spec_report_clear(spec_report *report);

/* Reads one document. *root is NULL where it has faults. `source` is borrowed by the nodes. */
fgf_status spec_yaml_read(const char *text, size_t bytes, const spec_source *source,
                          spec_pool *pool, spec_report *report, const spec_node **root) FGF_CHECKED;

#endif
