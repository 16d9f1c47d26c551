/* fgf bench: how fast the kernels are on this machine, against what the machine can do. */
#include "bench.h"
#include "command.h"

#include "fgf/file_bytes.h"
#include "fgf/kernel.h"
#include "fgf/memory.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INSTRUCTION_SET, SECONDS, JSON };

static const option options[] = {
    {"--instruction-set", 'i', "NAME",
     "portable, avx2 or avx512, in place of FGF_INSTRUCTION_SET or the best that there is"},
    {"--seconds", 's', "S", "how long each line is repeated, CPU time (default 0.2)"},
    {"--json", 0, "FILE", "the same numbers as JSON"},
    {0}};

static const char *instruction_set(void)
{
    const char *slash = strchr(fgf_kernel_signature(), '/');
    return slash ? slash + 1 : "";
}

static void print_table(const bench_report *report)
{
    printf("%s, %s; fastest of the calls of %g s each, CPU time of one core\n\n",
           fgf_kernel_signature(), sizeof(fgf_real) == sizeof(float) ? "float32" : "float64",
           report->seconds_a_line);
    printf("%-36s %-12s %10s %10s  %-9s %7s\n", "", "", "ms", "rate", "", "of peak");
    for (size_t k = 0; k < report->count; k++) {
        const bench_line *l = &report->line[k];
        printf("%-36s %-12s %10.4f %10.2f  %-9s", l->subject, l->operation, 1e3 * l->seconds,
               1e-9 * l->work / l->seconds, l->flops ? "GFLOP/s" : "Gvalue/s");
        if (l->peak > 0)
            printf(" %5.1f %%", 100 * l->work / l->seconds / l->peak);
        printf("\n");
    }
    printf("\nPeak: multiply-adds on registers with the kernels' instruction set; for BLAS, which "
           "chooses\nits own, the highest. Behind a pool, tangent, backward and weights count the "
           "work of the winners.\n");
}

static void add_json(const bench_report *report, fgf_buffer *out)
{
    fgf_buffer_add(out,
                   "{\"program\": \"fgf bench\", \"version\": \"%s\", \"commit\": \"%s\",\n"
                   " \"signature\": \"%s\", \"instruction_set\": \"%s\", \"precision\": "
                   "\"float%zu\",\n \"seconds_a_line\": %g, \"peak_flops\": %.6g,\n \"lines\": [",
                   FGF_VERSION, FGF_COMMIT, fgf_kernel_signature(), instruction_set(),
                   8 * sizeof(fgf_real), report->seconds_a_line, report->peak);
    for (size_t k = 0; k < report->count; k++) {
        const bench_line *l = &report->line[k];
        fgf_buffer_add(out,
                       "%s\n  {\"subject\": \"%s\", \"operation\": \"%s\", \"work\": %.17g, "
                       "\"unit\": \"%s\", \"seconds\": %.6g, \"rate\": %.6g",
                       k ? "," : "", l->subject, l->operation, l->work, l->flops ? "flop" : "value",
                       l->seconds, l->work / l->seconds);
        if (l->peak > 0)
            fgf_buffer_add(out, ", \"share_of_peak\": %.4g", l->work / l->seconds / l->peak);
        fgf_buffer_add(out, "}");
    }
    fgf_buffer_add(out, "\n ]}\n");
}

static fgf_status write_json(const bench_report *report, const char *path)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    add_json(report, &text);
    FGF_TRY(text.status);
    FGF_TRY(fgf_write_file(path, text.text, text.length, 0666));
done:
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status measure(const arguments *given, double seconds)
{
    fgf_status status = FGF_OK;
    bench_report *report = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &report));
    report->seconds_a_line = seconds;
    bench_peaks(report, instruction_set());
    FGF_TRY(bench_products(report));
    FGF_TRY(bench_blocks(report));
    FGF_TRY(bench_layers(report));
    if (given->value[JSON])
        FGF_TRY(write_json(report, given->value[JSON]));
    print_table(report);
done:
    fgf_free(report);
    return status;
}

static fgf_status run_bench(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    const char *set = given->value[INSTRUCTION_SET];
    double seconds = 0.2;
    if (given->operand_count > 0)
        FGF_FAIL(FGF_USAGE, "fgf bench takes options alone, found '%s'; see `fgf help bench`",
                 given->operand[0]);
    if (given->value[SECONDS])
        FGF_TRY(parse_real("--seconds", given->value[SECONDS], 0, 3600, &seconds));
    if (set && strcmp(set, "portable") != 0 && strcmp(set, "avx2") != 0 &&
        strcmp(set, "avx512") != 0)
        FGF_FAIL(FGF_USAGE, "--instruction-set: found '%s', expected portable, avx2 or avx512",
                 set);
    if (given->value[JSON])
        FGF_TRY(fgf_par_agree(par, fgf_output_check(given->value[JSON])));
    if (set && setenv("FGF_INSTRUCTION_SET", set, 1) != 0)
        FGF_FAIL(FGF_MEMORY, "no room for an environment variable");
    if (set)
        FGF_TRY(fgf_kernel_start());
    /* One rank measures: the others of its host would take turns with it. */
    if (fgf_par_rank(par) == 0)
        FGF_TRY(measure(given, seconds));
done:
    return status;
}

const subcommand command_bench = {
    .name = "bench",
    .usage = "[--instruction-set NAME] [--seconds S] [--json FILE]",
    .help = "measures the kernels against this machine's peak",
    .options = options,
    .run = run_bench,
    .more = "Convolution blocks forward, tangent, backward to the data and to the weights, pools,\n"
            "activations and dense layers, on the shapes of the networks in docs/performance.md,\n"
            "beside BLAS and a loop of multiply-adds on registers. One core; nothing is written\n"
            "but what --json names.\n"};
