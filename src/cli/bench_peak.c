/* The most that a core can do: products and sums on registers, nothing read or written. */
#include "bench.h"

#include "fgf/real.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* As many chains as hide the latency of an operation (4 cycles, 2 a cycle), and then some; rounds
 * of each chain in one call. */
enum { CHAINS = 12, ROUNDS = 20000 };

/* Where results go, so that no compiler finds that nobody wants them. */
static volatile fgf_real sink;

/* The body of all three: CHAINS vectors a = a x + y. */
#define RUN_CHAINS(vector, multiply_add, start, factor, term)                                      \
    vector chain[CHAINS];                                                                          \
    for (int k = 0; k < CHAINS; k++)                                                               \
        chain[k] = (start);                                                                        \
    for (int round = 0; round < ROUNDS; round++)                                                   \
        for (int k = 0; k < CHAINS; k++)                                                           \
            chain[k] = multiply_add(chain[k], (factor), (term));                                   \
    for (int k = 1; k < CHAINS; k++)                                                               \
        chain[0] += chain[k];                                                                      \
    sink = chain[0][0]

typedef fgf_real portable_vector __attribute__((vector_size(16)));

static inline portable_vector portable_multiply_add(portable_vector a, portable_vector b,
                                                    portable_vector c)
{
    return a * b + c;
}

static void run_portable(void *state)
{
    (void)state;
    const portable_vector zero = {0}, factor = zero + (fgf_real)0.999, term = zero + (fgf_real)0.5;
    RUN_CHAINS(portable_vector, portable_multiply_add, term, factor, term);
}

#if defined(__x86_64__)
#ifdef FGF_REAL_DOUBLE
#define VECTOR_256 __m256d
#define VECTOR_512 __m512d
#define FMA_256 _mm256_fmadd_pd
#define FMA_512 _mm512_fmadd_pd
#define SET_256 _mm256_set1_pd
#define SET_512 _mm512_set1_pd
#else
#define VECTOR_256 __m256
#define VECTOR_512 __m512
#define FMA_256 _mm256_fmadd_ps
#define FMA_512 _mm512_fmadd_ps
#define SET_256 _mm256_set1_ps
#define SET_512 _mm512_set1_ps
#endif

__attribute__((target("avx2,fma"))) static void run_avx2(void *state)
{
    (void)state;
    const VECTOR_256 factor = SET_256((fgf_real)0.999), term = SET_256((fgf_real)0.5);
    RUN_CHAINS(VECTOR_256, FMA_256, term, factor, term);
}

__attribute__((target("avx512f"))) static void run_avx512(void *state)
{
    (void)state;
    const VECTOR_512 factor = SET_512((fgf_real)0.999), term = SET_512((fgf_real)0.5);
    RUN_CHAINS(VECTOR_512, FMA_512, term, factor, term);
}
#endif

static void measure_peak(bench_report *report, const char *name, size_t vector_bytes,
                         void (*run)(void *state), const char *in_use)
{
    const double lanes = (double)(vector_bytes / sizeof(fgf_real));
    bench_measure(report, name, "multiply-add", 2 * lanes * CHAINS * ROUNDS, true, 0, run, NULL);
    const bench_line *line = &report->line[report->count - 1];
    const double peak = line->work / line->seconds;
    if (strcmp(name, in_use) == 0)
        report->peak = peak;
    if (peak > report->greatest_peak)
        report->greatest_peak = peak;
}

void bench_peaks(bench_report *report, const char *in_use)
{
    measure_peak(report, "portable", 16, run_portable, in_use);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        measure_peak(report, "avx2", 32, run_avx2, in_use);
    if (__builtin_cpu_supports("avx512f"))
        measure_peak(report, "avx512", 64, run_avx512, in_use);
#endif
}
