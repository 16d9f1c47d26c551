/* Keyed random numbers: Philox4x32-10 (Salmon et al., SC 2011), a counter-based generator.
 *
 * A draw is a function of what it is for (seed, purpose, epoch or index, case) and of nothing
 * else: not of the order of work, the rank, the trial's number or lambda. */
#ifndef FGF_RANDOM_H
#define FGF_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What a draw is for. The numbers are part of every result's identity: never reuse one. */
typedef enum fgf_purpose {
    FGF_PURPOSE_INITIAL_WEIGHTS = 1,
    FGF_PURPOSE_BATCH_ORDER = 2,
    FGF_PURPOSE_AUGMENTATION = 3,
    FGF_PURPOSE_DROPOUT = 4,
    FGF_PURPOSE_NOISE_MAP = 5,
    FGF_PURPOSE_SPLIT = 6,
    FGF_PURPOSE_SWEEP_AXIS = 7,
    FGF_PURPOSE_PHANTOM = 8,
    FGF_PURPOSE_BOOTSTRAP = 9,
    FGF_PURPOSE_TIE_BREAK = 10,
    FGF_PURPOSE_TEST = 11,
    FGF_PURPOSE_PLUGIN_CHECK = 20
} fgf_purpose;

/* A stream of draws: a key and a position. Copy it freely; a copy repeats the draws. */
typedef struct fgf_stream {
    uint32_t key[2], high[2]; /* key, and the upper half of the counter */
    uint64_t position;        /* draws taken, in 32-bit words */
    uint32_t block[4];        /* the block that holds word `position` */
    uint64_t block_index;     /* its number + 1; 0 = none yet */
} fgf_stream;

/* The stream of (seed, purpose, a, b); a is usually an epoch or index, b a case's key. */
fgf_stream fgf_stream_open(uint64_t seed, fgf_purpose purpose, uint64_t a, uint64_t b);

uint32_t fgf_stream_bits(fgf_stream *stream);                  /* 32 random bits */
double fgf_stream_uniform(fgf_stream *stream);                 /* in (0, 1), 53 bits */
double fgf_stream_normal(fgf_stream *stream);                  /* N(0, 1), Box-Muller */
uint32_t fgf_stream_below(fgf_stream *stream, uint32_t bound); /* 0 .. bound - 1, unbiased */
void fgf_stream_shuffle(fgf_stream *stream, uint32_t *items, uint32_t count); /* Fisher-Yates */

/* N(0, 1) number `index` of the stream's key, independent of its position: random access. */
double fgf_stream_normal_at(const fgf_stream *stream, uint64_t index);

/* out[i] = (float)fgf_stream_normal_at(stream, first + i), i < count, at half the cost. */
void fgf_stream_normal_fill(const fgf_stream *stream, uint64_t first, size_t count, float *out);

/* 64-bit key of a text, such as a case id (XXH3). */
uint64_t fgf_text_key(const char *text);

#endif
