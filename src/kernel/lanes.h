/* Some values side by side, in the compilers' own vector notation. 32 bytes: one register with AVX,
 * two with SSE; comparisons of 64 bytes are taken apart lane by lane by gcc 12. Loops over small
 * arrays in its place were unrolled before the compiler saw that they are vectors, at a quarter of
 * the speed. */
#ifndef FGF_KERNEL_LANES_H
#define FGF_KERNEL_LANES_H

#include "fgf/real.h"

#include <stdint.h>

#ifdef FGF_REAL_DOUBLE
typedef int64_t fgf_lane_integer;
#define FGF_LANE_NUMBERS                                                                           \
    {                                                                                              \
        0, 1, 2, 3                                                                                 \
    }
#else
typedef int32_t fgf_lane_integer;
#define FGF_LANE_NUMBERS                                                                           \
    {                                                                                              \
        0, 1, 2, 3, 4, 5, 6, 7                                                                     \
    }
#endif

enum { FGF_LANES = 32 / sizeof(fgf_real) };

typedef fgf_real fgf_lanes __attribute__((vector_size(32)));
typedef fgf_lane_integer fgf_lane_integers __attribute__((vector_size(32)));
/* As they lie in memory: aligned no better than one value. */
typedef fgf_real fgf_lanes_view
    __attribute__((vector_size(32), aligned(sizeof(fgf_real)), may_alias));
typedef int32_t fgf_lanes_of_int32
    __attribute__((vector_size(32 / sizeof(fgf_real) * 4), aligned(4), may_alias));

#define FGF_LOAD(pointer) ((fgf_lanes)(*(const fgf_lanes_view *)(pointer)))
#define FGF_STORE(pointer, value) (*(fgf_lanes_view *)(pointer) = (value))
/* Lane integers as int32_t in memory. */
#define FGF_STORE_INT32(pointer, value)                                                            \
    (*(fgf_lanes_of_int32 *)(pointer) = __builtin_convertvector(value, fgf_lanes_of_int32))

/* where mask (all bits or none a lane): a, else b. */
#define FGF_SELECT(mask, a, b)                                                                     \
    ((fgf_lanes)(((fgf_lane_integers)(a) & (mask)) | ((fgf_lane_integers)(b) & ~(mask))))
#define FGF_SELECT_INTEGERS(mask, a, b) (((a) & (mask)) | ((b) & ~(mask)))

#endif
