/* 128-bit content hashes (XXH3), written as 32 hexadecimal digits. */
#ifndef FGF_HASH_H
#define FGF_HASH_H

#include <stddef.h>

enum { FGF_HASH_TEXT = 33 }; /* 32 digits and the final 0 */

typedef struct fgf_hash {
    char text[FGF_HASH_TEXT];
} fgf_hash;

/* The hash of `bytes` bytes at `data`. */
fgf_hash fgf_hash_bytes(const void *data, size_t bytes);

/* 64 bits of the same, for row checksums. */
unsigned long long fgf_checksum(const void *data, size_t bytes, unsigned long long seed);

#endif
