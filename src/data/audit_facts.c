/* What one look at an image tells. */
#include "audit_private.h"

#include <stdio.h>
#include <string.h>

/* A mixed-up word: the finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t word)
{
    word ^= word >> 30;
    word *= 0xbf58476d1ce4e5b9u;
    word ^= word >> 27;
    word *= 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

/* All channels of a pixel in one word. */
static uint64_t pixel_word(const fgf_real *x, int channels)
{
    uint64_t word = 0;
    for (int c = 0; c < channels; c++) {
        double value = (double)x[c] + 0.0; /* minus zero is zero */
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        word = mix(word + bits + (uint64_t)c + 1);
    }
    return word;
}

static void look_at_values(fgf_shape shape, const fgf_real *x, const uint8_t *mask, case_facts *out)
{
    const size_t pixels = (size_t)fgf_shape_pixels(shape), channels = (size_t)shape.channels;
    size_t first = pixels; /* in the mask */
    out->constant = ~(uint32_t)0;
    for (size_t p = 0; p < pixels; p++) {
        const fgf_real *here = x + p * channels;
        bool any = false;
        for (size_t c = 0; c < channels; c++) {
            any |= !(here[c] >= 0 && here[c] <= 0);
            if (!mask[p])
                continue;
            out->low[c] += here[c] <= 0;
            out->high[c] += here[c] >= 1;
            if (first < pixels && memcmp(&here[c], &x[first * channels + c], sizeof *x) != 0)
                out->constant &= ~((uint32_t)1 << c);
        }
        out->pixels += mask[p] != 0;
        out->outside += !mask[p] && any;
        if (mask[p] && first == pixels)
            first = p;
    }
    out->constant &= ((uint32_t)1 << channels) - 1;
    if (out->pixels == 0)
        out->constant = 0;
}

/* Sums of mixed words do not depend on where the pixels lie: a region that was moved, mirrored or
 * turned has the same hash, and no other real one has. */
static void hash_region(fgf_shape shape, const fgf_real *x, const uint8_t *mask, case_facts *out)
{
    const size_t pixels = (size_t)fgf_shape_pixels(shape), channels = (size_t)shape.channels;
    uint64_t sum[2] = {0, 0};
    char text[96];
    for (size_t p = 0; p < pixels; p++) {
        if (!mask[p])
            continue;
        const uint64_t word = pixel_word(x + p * channels, shape.channels);
        sum[0] += word;
        sum[1] += mix(word);
    }
    snprintf(text, sizeof text, "%lld %016llx %016llx", (long long)out->pixels,
             (unsigned long long)sum[0], (unsigned long long)sum[1]);
    memcpy(out->region, fgf_hash_bytes(text, strlen(text)).text, FGF_HASH_TEXT);
}

void fgf_audit_look(fgf_shape shape, const fgf_real *x, const uint8_t *mask, void *work,
                    case_facts *out)
{
    look_at_values(shape, x, mask, out);
    hash_region(shape, x, mask, out);
    memcpy(out->image, fgf_hash_bytes(x, (size_t)fgf_shape_size(shape) * sizeof *x).text,
           FGF_HASH_TEXT);
    fgf_audit_look_at_mask(shape, mask, work, out);
}
