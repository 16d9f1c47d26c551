/* What must not be told: names of files, folders and patients taken out of messages. */
#ifndef FGF_IMPORT_HIDE_H
#define FGF_IMPORT_HIDE_H

#include "fgf/text.h"

/* Names that may not appear. `{0}` is empty. */
typedef struct fgf_names {
    char **name;
    size_t count, capacity;
} fgf_names;

/* Adds a copy of `name`; nothing for an empty one. */
fgf_status fgf_names_add(fgf_names *names, const char *name) FGF_CHECKED;
/* Adds a path, each of its parts, and its last part without endings. */
fgf_status fgf_names_add_path(fgf_names *names, const char *path) FGF_CHECKED;
void fgf_names_clear(fgf_names *names);

/* Appends what may be told of `text`: every name of the list, whatever its case, becomes
 * "(hidden)". Where `of_case` (may be NULL) is given, its names do too, and every word with a slash
 * in it and every UID. Check out->status. */
void fgf_hide(const fgf_names *names, const fgf_names *of_case, const char *text, fgf_buffer *out);

/* The same in place, in a text of `bytes`. One that fills its room, so that a name may have been
 * cut at its end, loses its second half. */
fgf_status fgf_hide_within(const fgf_names *names, const fgf_names *of_case, char *text,
                           size_t bytes) FGF_CHECKED;

#endif
