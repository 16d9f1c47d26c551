/* Keys: the one description of a setting, from which validation, help and reference pages come.
 *
 * A module describes its settings as a static const table of keys, each naming a member of the
 * module's settings struct. The specification reader (spec/) fills the struct from YAML; the module
 * sees only the struct. So a new layer or feature brings its settings along in its own file. */
#ifndef FGF_KEY_H
#define FGF_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum fgf_key_type {
    FGF_KEY_BOOL,     /* member: bool */
    FGF_KEY_INTEGER,  /* member: int64_t, in [least, greatest] */
    FGF_KEY_REAL,     /* member: double, in [least, greatest] */
    FGF_KEY_CHOICE,   /* member: int, the index in `choices` ("a|b|c") */
    FGF_KEY_TEXT,     /* member: const char *, borrowed from the configuration */
    FGF_KEY_FILE,     /* as TEXT; a path, relative to the file that names it */
    FGF_KEY_REALS,    /* member: fgf_reals; one number is a list of one */
    FGF_KEY_INTEGERS, /* member: fgf_integers */
    FGF_KEY_TEXTS     /* member: fgf_texts */
} fgf_key_type;

typedef struct fgf_reals {
    const double *values;
    size_t count;
} fgf_reals;
typedef struct fgf_integers {
    const int64_t *values;
    size_t count;
} fgf_integers;
typedef struct fgf_texts {
    const char *const *values;
    size_t count;
} fgf_texts;

typedef struct fgf_key {
    const char *name; /* NULL ends a table */
    fgf_key_type type;
    size_t offset;          /* of the member in the settings struct */
    const char *fallback;   /* the default as YAML text; NULL = the key is required */
    double least, greatest; /* range of numbers; both 0 = any */
    const char *choices;    /* CHOICE: "a|b|c" */
    const char *unit;       /* "1", "mm", "HU", "px", "epochs"; "" where none applies */
    const char *help;       /* one line */
} fgf_key;

/* A kind of item that a list of the specification may hold: a layer, a feature. */
typedef struct fgf_item_kind {
    const char *name;
    const char *help;      /* one line */
    const fgf_key *keys;   /* its settings; NULL = none */
    size_t settings_bytes; /* size of its settings struct; 0 = none */
} fgf_item_kind;

/* One item of such a list as read: what layers and features are built from. */
typedef struct fgf_item {
    const fgf_item_kind *kind;
    const char *name;     /* of this item: its `name` key or its kind's name; unique in the list */
    const void *settings; /* filled struct, borrowed */
    const char *where;    /* "file:line:column" */
} fgf_item;

#endif
