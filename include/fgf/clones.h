/* Compiles a function once for each instruction set and picks at run time. The bits do not change:
 * without fused multiply-add a wider vector only does more elements at a time. Sanitizers run
 * before such a choice can be made, and clang's form differs: both get the plain function. */
#ifndef FGF_CLONES_H
#define FGF_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FGF_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FGF_CLONES
#endif
#define FGF_INLINE static inline __attribute__((always_inline))

#endif
