/* The value of one key: read from a node, checked, written canonically, stored in a struct. */
#ifndef SPEC_VALUE_H
#define SPEC_VALUE_H

#include "fgf/key.h"
#include "node.h"

/* What every reader of values needs. */
typedef struct spec_context {
    spec_pool *pool;
    spec_report *report; /* NULL: no faults wanted */
    const char *folder;  /* of the specification: "" or ending in '/' */
} spec_context;

typedef struct spec_value {
    const char *text;  /* canonical */
    const char *where; /* "file:line:column" or "default" */
    union {
        bool truth;
        int64_t integer;
        double real;
        int choice;
        const char *string;
        fgf_reals reals;
        fgf_integers integers;
        fgf_texts texts;
    } as;
} spec_value;

/* Reads `node` as the value of `key`; `path` is for messages. *valid false: a fault was reported.
 */
fgf_status spec_value_read(const spec_context *context, const fgf_key *key, const char *path,
                           const spec_node *node, spec_value *out, bool *valid) FGF_CHECKED;

/* The key's default; FGF_INTERNAL where its table is wrong. */
fgf_status spec_value_default(const spec_context *context, const fgf_key *key, const char *path,
                              spec_value *out) FGF_CHECKED;

/* Writes the value to the key's member of `settings`. */
void spec_value_store(const fgf_key *key, const spec_value *value, void *settings);

/* "a number in [0, 10]", "one of relu, tanh", ... */
void spec_value_expected(const fgf_key *key, fgf_buffer *out);

/* "[0, 10]", "at least 0", "" */
void spec_value_range(const fgf_key *key, fgf_buffer *out);

/* Adds the shortest decimal that reads back as `number`. */
void spec_add_number(fgf_buffer *out, double number);

/* Scalars of the core schema; false where the text is none. Overflow: true and *fits false. */
bool spec_read_integer(const char *text, int64_t *out, bool *fits);
bool spec_read_real(const char *text, double *out, bool *fits);

#endif
