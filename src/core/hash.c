#include "fgf/hash.h"
#include "fgf/random.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

fgf_hash fgf_hash_bytes(const void *data, size_t bytes)
{
    XXH128_hash_t h = XXH3_128bits(data, bytes);
    fgf_hash hash;
    snprintf(hash.text, sizeof hash.text, "%016llx%016llx", (unsigned long long)h.high64,
             (unsigned long long)h.low64);
    return hash;
}

unsigned long long fgf_checksum(const void *data, size_t bytes, unsigned long long seed)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

uint64_t fgf_text_key(const char *text) { return XXH3_64bits(text, strlen(text)); }
