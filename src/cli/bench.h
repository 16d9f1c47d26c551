/* What the two halves of `fgf bench` share: the lines are measured in bench_kernels.c and
 * bench_peak.c, and printed in command_bench.c. */
#ifndef FGF_CLI_BENCH_H
#define FGF_CLI_BENCH_H

#include "fgf/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_LINES_MOST = 160 };

/* One measurement. */
typedef struct bench_line {
    char subject[64];      /* "5x5 1 -> 32 @512, pool 4" */
    const char *operation; /* "forward" */
    double work;           /* operations, or values, of one call */
    bool flops;            /* work is in floating point operations */
    double seconds;        /* the fastest call, CPU time */
    double peak;           /* operations per second that it is held against; 0 = nothing */
} bench_line;

typedef struct bench_report {
    double seconds_a_line; /* how long each call is repeated */
    double peak;           /* of the instruction set in use, operations per second */
    double greatest_peak;  /* of this processor */
    bench_line line[BENCH_LINES_MOST];
    size_t count;
} bench_report;

/* Repeats work(state) for seconds_a_line of CPU time, at least 3 times, and adds the line. */
void bench_measure(bench_report *report, const char *subject, const char *operation, double work,
                   bool flops, double peak, void (*call)(void *state), void *state);

/* bench_peak.c: fused multiply-adds on registers alone. FMA of every instruction set that the
 * processor has; sets the two peaks. `in_use` is the set's name. */
void bench_peaks(bench_report *report, const char *in_use);

/* bench_kernels.c: matrix products of BLAS, then the network's own kernels. */
fgf_status bench_products(bench_report *report) FGF_CHECKED;
fgf_status bench_blocks(bench_report *report) FGF_CHECKED;
fgf_status bench_layers(bench_report *report) FGF_CHECKED;

#endif
