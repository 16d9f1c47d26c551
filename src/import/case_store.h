/* The folder OUTPUT.cases: what is finished of an import, a file a case, so that it can be
 * interrupted and gone on with, and ranks need not wait for each other. Not collective; several
 * ranks may save different cases at once. */
#ifndef FGF_IMPORT_CASE_STORE_H
#define FGF_IMPORT_CASE_STORE_H

#include "case_reader.h"

typedef struct fgf_case_store {
    char *folder;
} fgf_case_store;

/* Makes the folder where there is none. FGF_ENVIRONMENT. */
fgf_status fgf_case_store_open(const char *output, fgf_case_store *out) FGF_CHECKED;
void fgf_case_store_close(fgf_case_store *store);

/* Writes a case so that it is there whole, or not at all. FGF_ENVIRONMENT. */
fgf_status fgf_case_store_save(const fgf_case_store *store, const char *id, const char *key,
                               const fgf_case_outcome *outcome,
                               const fgf_packed_case *packed) FGF_CHECKED;

/* Whether the case is there, whole, with this key; then its outcome and, where asked for (not
 * NULL), the case itself, to be cleared. Errors: FGF_MEMORY. */
fgf_status fgf_case_store_load(const fgf_case_store *store, const char *id, const char *key,
                               bool *found, fgf_case_outcome *outcome,
                               fgf_packed_case *packed) FGF_CHECKED;

/* Whether there is a file of the case; it is not looked into. */
bool fgf_case_store_has(const fgf_case_store *store, const char *id);

/* Removes what an import left there, and the folder if nothing else is in it. */
void fgf_case_store_remove(const fgf_case_store *store);
/* Removes the folder where nothing is in it. */
void fgf_case_store_remove_empty(const fgf_case_store *store);

#endif
