#include "fgf/random.h"

#include <Random123/philox.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

fgf_stream fgf_stream_open(uint64_t seed, fgf_purpose purpose, uint64_t a, uint64_t b)
{
    /* Four 64-bit words do not fit a 64-bit key and half a counter: they are hashed to 128 bits. */
    const uint64_t words[4] = {seed, (uint64_t)purpose, a, b};
    XXH128_hash_t h = XXH3_128bits(words, sizeof words);
    fgf_stream stream;
    memset(&stream, 0, sizeof stream);
    stream.key[0] = (uint32_t)h.low64;
    stream.key[1] = (uint32_t)(h.low64 >> 32);
    stream.high[0] = (uint32_t)h.high64;
    stream.high[1] = (uint32_t)(h.high64 >> 32);
    return stream;
}

static void philox_block(const fgf_stream *stream, uint64_t index, uint32_t out[4])
{
    philox4x32_ctr_t counter = {
        {(uint32_t)index, (uint32_t)(index >> 32), stream->high[0], stream->high[1]}};
    philox4x32_key_t key = {{stream->key[0], stream->key[1]}};
    philox4x32_ctr_t block = philox4x32(counter, key);
    memcpy(out, block.v, 4 * sizeof out[0]);
}

uint32_t fgf_stream_bits(fgf_stream *stream)
{
    uint64_t index = stream->position / 4;
    if (stream->block_index != index + 1) {
        philox_block(stream, index, stream->block);
        stream->block_index = index + 1;
    }
    return stream->block[stream->position++ % 4];
}

/* 53 bits, shifted by half a step so that neither 0 nor 1 occurs and a logarithm is safe. */
static double uniform_of(uint32_t low, uint32_t high)
{
    uint64_t bits = ((uint64_t)high << 21) | (low >> 11);
    return ((double)bits + 0.5) * 0x1p-53;
}

double fgf_stream_uniform(fgf_stream *stream)
{
    uint32_t low = fgf_stream_bits(stream);
    uint32_t high = fgf_stream_bits(stream);
    double u = uniform_of(low, high);
    return u < 1.0 ? u : 0x1.fffffffffffffp-1;
}

static double box_muller(double radius_draw, double angle_draw, int which)
{
    const double two_pi = 6.283185307179586476925;
    double radius = sqrt(-2.0 * log(radius_draw));
    return radius * (which ? sin(two_pi * angle_draw) : cos(two_pi * angle_draw));
}

double fgf_stream_normal(fgf_stream *stream)
{
    double radius_draw = fgf_stream_uniform(stream);
    double angle_draw = fgf_stream_uniform(stream);
    return box_muller(radius_draw, angle_draw, 0);
}

/* Both normals of block `index`. Never inlined: were the compiler to see that one of them is not
 * used, it might call another function of the mathematics library and get other last bits. */
__attribute__((noinline)) static void normal_pair(const fgf_stream *stream, uint64_t index,
                                                  double pair[2])
{
    uint32_t block[4];
    philox_block(stream, index, block);
    double radius_draw = uniform_of(block[0], block[1]);
    double angle_draw = uniform_of(block[2], block[3]);
    radius_draw = radius_draw < 1.0 ? radius_draw : 0x1.fffffffffffffp-1;
    pair[0] = box_muller(radius_draw, angle_draw, 0);
    pair[1] = box_muller(radius_draw, angle_draw, 1);
}

double fgf_stream_normal_at(const fgf_stream *stream, uint64_t index)
{
    double pair[2];
    normal_pair(stream, index / 2, pair);
    return pair[index % 2];
}

void fgf_stream_normal_fill(const fgf_stream *stream, uint64_t first, size_t count, float *out)
{
    double pair[2];
    size_t i = 0;
    if (first % 2 && count > 0)
        out[i++] = (float)fgf_stream_normal_at(stream, first);
    for (; i + 1 < count; i += 2) {
        normal_pair(stream, (first + i) / 2, pair);
        out[i] = (float)pair[0];
        out[i + 1] = (float)pair[1];
    }
    if (i < count)
        out[i] = (float)fgf_stream_normal_at(stream, first + i);
}

uint32_t fgf_stream_below(fgf_stream *stream, uint32_t bound)
{
    /* Draws at or above the largest multiple of the bound would favour small values. */
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    uint32_t bits = fgf_stream_bits(stream);
    while (bits >= limit)
        bits = fgf_stream_bits(stream);
    return bits % bound;
}

void fgf_stream_shuffle(fgf_stream *stream, uint32_t *items, uint32_t count)
{
    for (uint32_t left = count; left > 1; left--) {
        uint32_t pick = fgf_stream_below(stream, left);
        uint32_t swap = items[left - 1];
        items[left - 1] = items[pick];
        items[pick] = swap;
    }
}
