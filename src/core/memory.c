#include "fgf/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static long fail_countdown = 0;

void fgf_allocation_fail_at(long n) { fail_countdown = n; }

fgf_status fgf_allocate_bytes(size_t count, size_t size, void **out)
{
    fgf_status status = FGF_OK;
    size_t bytes = 0;
    *out = NULL;
    if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size)
        FGF_FAIL(FGF_MEMORY, "cannot allocate %zu x %zu bytes: the product overflows", count, size);
    bytes = count * size;
    if (fail_countdown > 0 && --fail_countdown == 0)
        FGF_FAIL(FGF_MEMORY, "cannot allocate %zu bytes (failure injected)", bytes);
    /* aligned_alloc wants a multiple of the alignment, and never 0. */
    size_t rounded = bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    *out = aligned_alloc(ALIGNMENT, rounded);
    if (!*out)
        FGF_FAIL(FGF_MEMORY, "cannot allocate %zu bytes", bytes);
    memset(*out, 0, rounded);
done:
    return status;
}

void fgf_free(void *block) { free(block); }

fgf_status fgf_copy_text(const char *text, char **out)
{
    fgf_status status = FGF_OK;
    size_t bytes = strlen(text) + 1;
    FGF_TRY(FGF_ALLOCATE(bytes, out));
    memcpy(*out, text, bytes);
done:
    return status;
}

struct fgf_arena {
    char *base;
    size_t bytes, used, high_water;
};

size_t fgf_arena_piece(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size)
        return SIZE_MAX; /* more than any arena holds */
    return (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

fgf_status fgf_arena_create(size_t bytes, fgf_arena **out)
{
    fgf_status status = FGF_OK;
    fgf_arena *arena = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &arena));
    FGF_TRY(FGF_ALLOCATE(bytes, &arena->base));
    arena->bytes = bytes;
    *out = arena;
    arena = NULL;
done:
    fgf_arena_destroy(&arena);
    return status;
}

void fgf_arena_destroy(fgf_arena **arena)
{
    if (*arena)
        fgf_free((*arena)->base);
    fgf_free(*arena);
    *arena = NULL;
}

fgf_status fgf_arena_take(fgf_arena *arena, size_t count, size_t size, void **out)
{
    fgf_status status = FGF_OK;
    size_t bytes = fgf_arena_piece(count, size);
    *out = NULL;
    if (bytes > arena->bytes - arena->used)
        FGF_FAIL(FGF_INTERNAL, "arena of %zu bytes has %zu left, %zu asked for", arena->bytes,
                 arena->bytes - arena->used, bytes);
    *out = arena->base + arena->used;
    memset(*out, 0, bytes);
    arena->used += bytes;
    if (arena->used > arena->high_water)
        arena->high_water = arena->used;
done:
    return status;
}

size_t fgf_arena_mark(const fgf_arena *arena) { return arena->used; }

void fgf_arena_rewind(fgf_arena *arena, size_t mark) { arena->used = mark; }

size_t fgf_arena_high_water(const fgf_arena *arena) { return arena->high_water; }
