/* Memory: checked allocation, and the arena that a trial plans once and then never leaves. */
#ifndef FGF_MEMORY_H
#define FGF_MEMORY_H

#include "fgf/status.h"

/* Allocates count * size bytes of zeros, 64-byte aligned; *out gets the block, owned by the
 * caller, released with fgf_free. count * size = 0 gives a valid block. FGF_MEMORY on overflow or
 * exhaustion, naming the bytes asked for. */
fgf_status fgf_allocate_bytes(size_t count, size_t size, void **out) FGF_CHECKED;

/* Releases a block of fgf_allocate_bytes; NULL is fine. */
void fgf_free(void *block);

/* FGF_TRY(FGF_ALLOCATE(count, &pointer)): a typed, zeroed array. */
#define FGF_ALLOCATE(count, pointer)                                                               \
    fgf_allocate_bytes((size_t)(count), sizeof **(pointer), (void **)(pointer))

/* Makes the n-th allocation from now on fail (1 = the next), for tests; 0 switches it off. */
void fgf_allocation_fail_at(long n);

/* Copies a string; *out is owned by the caller, released with fgf_free. */
fgf_status fgf_copy_text(const char *text, char **out) FGF_CHECKED;

/* One block cut into aligned pieces. Not thread-safe. */
typedef struct fgf_arena fgf_arena;

/* An arena of `bytes`; *out NULL on failure. */
fgf_status fgf_arena_create(size_t bytes, fgf_arena **out) FGF_CHECKED;
void fgf_arena_destroy(fgf_arena **arena);

/* The bytes that an arena needs for a piece of count * size (64-byte rounding included). */
size_t fgf_arena_piece(size_t count, size_t size);

/* The next piece, zeroed, 64-byte aligned; valid until the arena is rewound or destroyed. */
fgf_status fgf_arena_take(fgf_arena *arena, size_t count, size_t size, void **out) FGF_CHECKED;
#define FGF_TAKE(arena, count, pointer)                                                            \
    fgf_arena_take((arena), (size_t)(count), sizeof **(pointer), (void **)(pointer))

/* Bytes in use now; rewinding to such a mark gives everything after it back. */
size_t fgf_arena_mark(const fgf_arena *arena);
void fgf_arena_rewind(fgf_arena *arena, size_t mark);
size_t fgf_arena_high_water(const fgf_arena *arena);

#endif
