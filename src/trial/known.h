/* What one trial of a sweep teaches about the next: trials share their networks, splits and files.
 */
#ifndef FGF_TRIAL_KNOWN_H
#define FGF_TRIAL_KNOWN_H

#include "fgf/status.h"

#include <stdint.h>

/* Values of `item_bytes` each under 64-bit keys, a growing table. */
typedef struct known {
    size_t item_bytes;
    uint64_t *keys;
    char *items;
    size_t *slots; /* [capacity] index + 1 of what hashes there; 0 = nothing */
    size_t count, capacity;
} known;

/* The value under `key`, or NULL. Valid until the next known_add. */
void *known_find(const known *table, uint64_t key);
/* Adds a zeroed value under a key that is not there. */
fgf_status known_add(known *table, uint64_t key, void **out) FGF_CHECKED;
void known_clear(known *table);

/* A key for a block of bytes. Settings that were read from cells of one sweep point to the same
 * texts where these are the same, so that their bytes tell them apart. */
uint64_t known_key(const void *bytes, size_t count);

#endif
