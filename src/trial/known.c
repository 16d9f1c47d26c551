#include "known.h"

#include "fgf/hash.h"
#include "fgf/memory.h"

#include <string.h>

uint64_t known_key(const void *bytes, size_t count)
{
    return fgf_checksum(bytes, count, 0);
}

/* The slot where `key` is, or where it would be. */
static size_t *slot_of(const known *table, uint64_t key)
{
    size_t at = (size_t)key & (table->capacity - 1);
    while (table->slots[at] && table->keys[table->slots[at] - 1] != key)
        at = (at + 1) & (table->capacity - 1);
    return &table->slots[at];
}

void *known_find(const known *table, uint64_t key)
{
    const size_t index = table->capacity ? *slot_of(table, key) : 0;
    return index ? table->items + (index - 1) * table->item_bytes : NULL;
}

/* Twice the room; half of the slots stay empty. */
static fgf_status grow(known *table)
{
    fgf_status status = FGF_OK;
    known larger = {.item_bytes = table->item_bytes,
                    .count = table->count,
                    .capacity = table->capacity ? 2 * table->capacity : 16};
    FGF_TRY(FGF_ALLOCATE(larger.capacity / 2, &larger.keys));
    FGF_TRY(fgf_allocate_bytes(larger.capacity / 2, larger.item_bytes, (void **)&larger.items));
    FGF_TRY(FGF_ALLOCATE(larger.capacity, &larger.slots));
    for (size_t i = 0; i < table->count; i++) {
        larger.keys[i] = table->keys[i];
        *slot_of(&larger, table->keys[i]) = i + 1;
    }
    if (table->count)
        memcpy(larger.items, table->items, table->count * table->item_bytes);
    known_clear(table);
    *table = larger;
    larger = (known){0};
done:
    known_clear(&larger);
    return status;
}

fgf_status known_add(known *table, uint64_t key, void **out)
{
    fgf_status status = FGF_OK;
    *out = NULL;
    if (2 * table->count >= table->capacity)
        FGF_TRY(grow(table));
    table->keys[table->count] = key;
    *slot_of(table, key) = table->count + 1;
    *out = table->items + table->count * table->item_bytes;
    table->count++;
done:
    return status;
}

void known_clear(known *table)
{
    fgf_free(table->keys);
    fgf_free(table->items);
    fgf_free(table->slots);
    *table = (known){.item_bytes = table->item_bytes};
}
