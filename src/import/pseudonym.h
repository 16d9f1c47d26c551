/* Pseudonyms: HMAC-SHA-256 of an id under a secret key, so that who has the key can make them again
 * and join cohorts, and who has not can neither undo them nor try ids until one fits. The primitive
 * is OpenSSL's. Not collective. */
#ifndef FGF_IMPORT_PSEUDONYM_H
#define FGF_IMPORT_PSEUDONYM_H

#include "candidates.h"

enum {
    FGF_PSEUDONYM_KEY = 32, /* bytes: 256 bits */
    FGF_PSEUDONYM = 22      /* "P", 20 hexadecimal digits (80 bits) and the final 0 */
};

typedef struct fgf_pseudonym_key {
    unsigned char byte[FGF_PSEUDONYM_KEY];
} fgf_pseudonym_key;

/* Makes a key file of the system's random bytes, mode 600, where there is none. FGF_ENVIRONMENT. */
fgf_status fgf_pseudonym_key_ensure(const char *path) FGF_CHECKED;
/* FGF_USAGE: no key file, or one that others may read. */
fgf_status fgf_pseudonym_key_read(const char *path, fgf_pseudonym_key *out) FGF_CHECKED;

/* The pseudonym of `text`: the same for the same key and text. */
fgf_status fgf_pseudonym_of(const fgf_pseudonym_key *key, const char *text,
                            char out[FGF_PSEUDONYM]) FGF_CHECKED;

/* Ids and patients become pseudonyms (source ids stay), and the order is that of the new ids.
 * FGF_DATA: two of them come to the same pseudonym. */
fgf_status fgf_candidates_pseudonymize(fgf_candidates *candidates,
                                       const fgf_pseudonym_key *key) FGF_CHECKED;

#endif
