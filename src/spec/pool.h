/* Memory of one specification: pieces are taken and all given back at once, so nothing of it can
 * leak; and a hash table from 64-bit keys to indices. */
#ifndef SPEC_POOL_H
#define SPEC_POOL_H

#include "fgf/status.h"

#include <stdint.h>

/* `{0}` is empty. */
typedef struct spec_pool {
    struct spec_block *newest;
} spec_pool;

/* A zeroed piece, 16-byte aligned, valid until the pool is cleared. */
fgf_status spec_pool_take(spec_pool *pool, size_t count, size_t size, void **out) FGF_CHECKED;
#define SPEC_TAKE(pool, count, pointer)                                                            \
    spec_pool_take((pool), (size_t)(count), sizeof **(pointer), (void **)(pointer))

/* A copy of `length` bytes with a final 0. */
fgf_status spec_pool_text(spec_pool *pool, const char *bytes, size_t length,
                          const char **out) FGF_CHECKED;

void spec_pool_clear(spec_pool *pool);

/* Keys may repeat; who asks compares what the indices stand for. `{0}` is empty. */
typedef struct spec_table {
    uint64_t *keys;
    uint32_t *values; /* index + 1; 0 = free */
    size_t capacity, count;
} spec_table;

/* The next index stored under `key`; *probe starts at 0. False: no more. */
bool spec_table_next(const spec_table *table, uint64_t key, size_t *probe, size_t *value);
fgf_status spec_table_add(spec_table *table, uint64_t key, size_t value) FGF_CHECKED;
void spec_table_clear(spec_table *table);

/* Makes room for one more element in a growing array of fgf_allocate. */
fgf_status spec_grow(void **items, size_t count, size_t *capacity, size_t size) FGF_CHECKED;
#define SPEC_GROW(items, count, capacity)                                                          \
    spec_grow((void **)(items), (count), (capacity), sizeof **(items))

#endif
