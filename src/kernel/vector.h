/* The vectors that one instruction set works with, for sources that are compiled once for each:
 * they define FGF_VECTOR_BYTES (64, 32, 16) before including this. With AVX512 and AVX2 a product
 * and a sum are one fused operation, with one rounding; the portable set rounds both. */
#ifndef FGF_KERNEL_VECTOR_H
#define FGF_KERNEL_VECTOR_H

#include "fgf/real.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if FGF_VECTOR_BYTES > 16
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { LANES = FGF_VECTOR_BYTES / sizeof(fgf_real) };

#ifdef FGF_REAL_DOUBLE
typedef int64_t lane_integer;
#else
typedef int32_t lane_integer;
#endif

typedef fgf_real vector __attribute__((vector_size(FGF_VECTOR_BYTES)));
typedef lane_integer integers __attribute__((vector_size(FGF_VECTOR_BYTES)));
/* As it lies in memory: aligned no better than one value. */
typedef fgf_real vector_view
    __attribute__((vector_size(FGF_VECTOR_BYTES), aligned(sizeof(fgf_real)), may_alias));
typedef uint8_t bytes_view __attribute__((vector_size(LANES), aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* Unrolls the loop that follows, whose count is a constant, so that arrays become registers. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

INLINE vector load(const fgf_real *from)
{
    return (vector)(*(const vector_view *)from);
}

INLINE void store(fgf_real *to, vector value)
{
    *(vector_view *)to = (vector_view)value;
}

INLINE vector broadcast(fgf_real value)
{
    const vector zero = {0};
    return value - zero; /* x - 0 is x, -0 too: nothing is left of it */
}

INLINE integers broadcast_integer(int value)
{
    const integers zero = {0};
    return zero + (lane_integer)value;
}

/* a b + c. */
INLINE vector multiply_add(vector a, vector b, vector c)
{
#if FGF_VECTOR_BYTES == 64 && defined(FGF_REAL_DOUBLE)
    return (vector)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif FGF_VECTOR_BYTES == 64
    return (vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif FGF_VECTOR_BYTES == 32 && defined(FGF_REAL_DOUBLE)
    return (vector)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif FGF_VECTOR_BYTES == 32
    return (vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* ---- lanes chosen by a comparison ----
 *
 * With 64 bytes the compilers take comparisons apart lane by lane unless they are told of the
 * mask registers. */

#if FGF_VECTOR_BYTES == 64 && defined(FGF_REAL_DOUBLE)
typedef __mmask8 lane_mask;
INLINE lane_mask greater(vector a, vector b)
{
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_GT_OQ);
}
INLINE lane_mask is_nan(vector a)
{
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)a, _CMP_UNORD_Q);
}
INLINE lane_mask equal(integers a, integers b)
{
    return _mm512_cmpeq_epi64_mask((__m512i)a, (__m512i)b);
}
INLINE vector choose(lane_mask mask, vector a, vector b)
{
    return (vector)_mm512_mask_blend_pd(mask, (__m512d)b, (__m512d)a);
}
INLINE integers choose_integers(lane_mask mask, integers a, integers b)
{
    return (integers)_mm512_mask_blend_epi64(mask, (__m512i)b, (__m512i)a);
}
#elif FGF_VECTOR_BYTES == 64
typedef __mmask16 lane_mask;
INLINE lane_mask greater(vector a, vector b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
}
INLINE lane_mask is_nan(vector a)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
}
INLINE lane_mask equal(integers a, integers b)
{
    return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b);
}
INLINE vector choose(lane_mask mask, vector a, vector b)
{
    return (vector)_mm512_mask_blend_ps(mask, (__m512)b, (__m512)a);
}
INLINE integers choose_integers(lane_mask mask, integers a, integers b)
{
    return (integers)_mm512_mask_blend_epi32(mask, (__m512i)b, (__m512i)a);
}
#else
typedef integers lane_mask; /* all bits of a lane, or none */
INLINE lane_mask greater(vector a, vector b)
{
    return a > b;
}
INLINE lane_mask is_nan(vector a)
{
    return a != a;
}
INLINE lane_mask equal(integers a, integers b)
{
    return a == b;
}
INLINE integers choose_integers(lane_mask mask, integers a, integers b)
{
#if FGF_VECTOR_BYTES == 32
    return (integers)_mm256_blendv_epi8((__m256i)b, (__m256i)a, (__m256i)mask);
#else
    return (a & mask) | (b & ~mask);
#endif
}
INLINE vector choose(lane_mask mask, vector a, vector b)
{
    return (vector)choose_integers(mask, (integers)a, (integers)b);
}
#endif

INLINE bool any(lane_mask mask)
{
#if FGF_VECTOR_BYTES == 64
    return mask != 0;
#elif FGF_VECTOR_BYTES == 32
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
    typedef int64_t halves __attribute__((vector_size(16)));
    const halves both = (halves)mask;
    return (both[0] | both[1]) != 0;
#endif
}

/* Numbers below 256 are bytes in memory. Compilers take widening and narrowing apart lane by lane
 * in some places where they are not told of the instructions. */
INLINE integers load_bytes(const uint8_t *from)
{
#if FGF_VECTOR_BYTES == 32 && !defined(FGF_REAL_DOUBLE)
    return (integers)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from));
#elif FGF_VECTOR_BYTES == 16 && defined(__SSE2__) && !defined(FGF_REAL_DOUBLE)
    const __m128i zero = _mm_setzero_si128();
    int32_t four;
    memcpy(&four, from, sizeof four);
    return (integers)_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero), zero);
#else
    return __builtin_convertvector(*(const bytes_view *)from, integers);
#endif
}

/* ---- the first `count` lanes, 1 ... LANES; loads leave zeros in the others ---- */

#if FGF_VECTOR_BYTES == 64
INLINE unsigned lanes_below(int count)
{
    return (1u << count) - 1;
}
#ifdef FGF_REAL_DOUBLE
INLINE vector load_first(const fgf_real *from, int count)
{
    return (vector)_mm512_maskz_loadu_pd((__mmask8)lanes_below(count), from);
}
INLINE void store_first(fgf_real *to, vector value, int count)
{
    _mm512_mask_storeu_pd(to, (__mmask8)lanes_below(count), (__m512d)value);
}
INLINE integers load_first_bytes(const uint8_t *from, int count)
{
    return (integers)_mm512_cvtepu8_epi64(
        _mm_maskz_loadu_epi8((__mmask16)lanes_below(count), from));
}
INLINE void store_first_bytes(uint8_t *to, integers value, int count)
{
    _mm512_mask_cvtepi64_storeu_epi8(to, (__mmask8)lanes_below(count), (__m512i)value);
}
#else
INLINE vector load_first(const fgf_real *from, int count)
{
    return (vector)_mm512_maskz_loadu_ps((__mmask16)lanes_below(count), from);
}
INLINE void store_first(fgf_real *to, vector value, int count)
{
    _mm512_mask_storeu_ps(to, (__mmask16)lanes_below(count), (__m512)value);
}
INLINE integers load_first_bytes(const uint8_t *from, int count)
{
    return (integers)_mm512_cvtepu8_epi32(
        _mm_maskz_loadu_epi8((__mmask16)lanes_below(count), from));
}
INLINE void store_first_bytes(uint8_t *to, integers value, int count)
{
    _mm512_mask_cvtepi32_storeu_epi8(to, (__mmask16)lanes_below(count), (__m512i)value);
}
#endif
#else
/* In pieces of half the lanes, a quarter, ... each a move of its own. */
INLINE void copy_first(char *to, const char *from, int count, size_t size)
{
    for (int piece = LANES / 2; piece > 0; piece /= 2)
        if (count & piece) {
            memcpy(to, from, (size_t)piece * size);
            to += (size_t)piece * size;
            from += (size_t)piece * size;
        }
}
INLINE vector load_first(const fgf_real *from, int count)
{
    vector value = {0};
    if (count == LANES)
        return load(from);
    copy_first((char *)&value, (const char *)from, count, sizeof *from);
    return value;
}
INLINE void store_first(fgf_real *to, vector value, int count)
{
    if (count == LANES)
        store(to, value);
    else
        copy_first((char *)to, (const char *)&value, count, sizeof *to);
}
INLINE integers load_first_bytes(const uint8_t *from, int count)
{
    uint8_t bytes[LANES] = {0};
    if (count == LANES)
        return load_bytes(from);
    copy_first((char *)bytes, (const char *)from, count, 1);
    return load_bytes(bytes);
}
INLINE bytes_view narrowed(integers value)
{
#if FGF_VECTOR_BYTES == 32 && !defined(FGF_REAL_DOUBLE)
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)value),
                                          _mm256_extracti128_si256((__m256i)value, 1));
    return (bytes_view)_mm_cvtsi128_si64(_mm_packus_epi16(words, words));
#elif FGF_VECTOR_BYTES == 16 && defined(__SSE2__) && !defined(FGF_REAL_DOUBLE)
    const __m128i words = _mm_packs_epi32((__m128i)value, (__m128i)value);
    return (bytes_view)_mm_cvtsi128_si32(_mm_packus_epi16(words, words));
#else
    return __builtin_convertvector(value, bytes_view);
#endif
}
INLINE void store_first_bytes(uint8_t *to, integers value, int count)
{
    const bytes_view bytes = narrowed(value);
    if (count == LANES)
        *(bytes_view *)to = bytes;
    else
        copy_first((char *)to, (const char *)&bytes, count, 1);
}
#endif

/* gcc takes a conversion of bytes apart lane by lane. */
#endif
