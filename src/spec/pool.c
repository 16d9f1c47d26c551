#include "pool.h"
#include "fgf/memory.h"

#include <string.h>

enum { ALIGNMENT = 16, SMALLEST_BLOCK = 16 << 10, LARGEST_BLOCK = 1 << 20, SMALLEST_TABLE = 64 };

typedef struct spec_block {
    struct spec_block *older;
    size_t used, capacity;
    char *bytes;
} spec_block;

static fgf_status add_block(spec_pool *pool, size_t least)
{
    fgf_status status = FGF_OK;
    spec_block *block = NULL;
    size_t capacity = pool->newest ? pool->newest->capacity * 2 : SMALLEST_BLOCK;
    if (capacity > LARGEST_BLOCK)
        capacity = LARGEST_BLOCK;
    if (capacity < least)
        capacity = least;
    FGF_TRY(FGF_ALLOCATE(1, &block));
    FGF_TRY(FGF_ALLOCATE(capacity, &block->bytes));
    block->capacity = capacity;
    block->older = pool->newest;
    pool->newest = block;
    block = NULL;
done:
    fgf_free(block);
    return status;
}

fgf_status spec_pool_take(spec_pool *pool, size_t count, size_t size, void **out)
{
    fgf_status status = FGF_OK;
    *out = NULL;
    if (size != 0 && count > (SIZE_MAX / 4) / size)
        FGF_FAIL(FGF_MEMORY, "cannot allocate %zu x %zu bytes: the product overflows", count, size);
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes == 0)
        bytes = ALIGNMENT;
    if (!pool->newest || pool->newest->capacity - pool->newest->used < bytes)
        FGF_TRY(add_block(pool, bytes));
    *out = pool->newest->bytes + pool->newest->used;
    pool->newest->used += bytes;
done:
    return status;
}

fgf_status spec_pool_text(spec_pool *pool, const char *bytes, size_t length, const char **out)
{
    fgf_status status = FGF_OK;
    char *copy = NULL;
    *out = NULL;
    FGF_TRY(SPEC_TAKE(pool, length + 1, &copy));
    if (length > 0)
        memcpy(copy, bytes, length);
    *out = copy;
done:
    return status;
}

void spec_pool_clear(spec_pool *pool)
{
    while (pool->newest) {
        spec_block *older = pool->newest->older;
        fgf_free(pool->newest->bytes);
        fgf_free(pool->newest);
        pool->newest = older;
    }
}

bool spec_table_next(const spec_table *table, uint64_t key, size_t *probe, size_t *value)
{
    while (*probe < table->capacity) {
        size_t slot = (size_t)(key + (*probe)++) & (table->capacity - 1);
        if (table->values[slot] == 0)
            return false;
        if (table->keys[slot] == key) {
            *value = table->values[slot] - 1;
            return true;
        }
    }
    return false;
}

static void put(spec_table *table, uint64_t key, uint32_t stored)
{
    size_t slot = (size_t)key & (table->capacity - 1);
    while (table->values[slot] != 0)
        slot = (slot + 1) & (table->capacity - 1);
    table->keys[slot] = key;
    table->values[slot] = stored;
    table->count++;
}

fgf_status spec_table_add(spec_table *table, uint64_t key, size_t value)
{
    fgf_status status = FGF_OK;
    spec_table larger = {0};
    if (2 * (table->count + 1) > table->capacity) {
        larger.capacity = table->capacity ? table->capacity * 2 : SMALLEST_TABLE;
        FGF_TRY(FGF_ALLOCATE(larger.capacity, &larger.keys));
        FGF_TRY(FGF_ALLOCATE(larger.capacity, &larger.values));
        for (size_t i = 0; i < table->capacity; i++)
            if (table->values[i] != 0)
                put(&larger, table->keys[i], table->values[i]);
        spec_table_clear(table);
        *table = larger;
        larger = (spec_table){0};
    }
    put(table, key, (uint32_t)(value + 1));
done:
    spec_table_clear(&larger);
    return status;
}

void spec_table_clear(spec_table *table)
{
    fgf_free(table->keys);
    fgf_free(table->values);
    *table = (spec_table){0};
}

fgf_status spec_grow(void **items, size_t count, size_t *capacity, size_t size)
{
    fgf_status status = FGF_OK;
    if (count < *capacity)
        return FGF_OK;
    size_t larger = *capacity ? *capacity * 2 : 16;
    void *moved = NULL;
    FGF_TRY(fgf_allocate_bytes(larger, size, &moved));
    if (count > 0)
        memcpy(moved, *items, count * size);
    fgf_free(*items);
    *items = moved;
    *capacity = larger;
done:
    return status;
}
