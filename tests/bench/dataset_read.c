/* Seconds to read every case of a dataset file, again and again.
 *
 *     bench_dataset_read DATASET ROUNDS
 *
 * One pass that is not counted brings the file into memory: what is timed is HDF5 and this
 * program, not the disk. Prints the seconds of every round, the cases and their bytes as JSON. */
#include "fgf/dataset.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>

static fgf_status read_all(const fgf_dataset *dataset, fgf_real *x, uint8_t *mask)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < fgf_dataset_case_count(dataset); i++)
        FGF_TRY(fgf_dataset_read(dataset, i, x, mask));
done:
    return status;
}

static fgf_status measure(const char *path, size_t rounds)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    fgf_real *x = NULL;
    uint8_t *mask = NULL;
    FGF_TRY(fgf_dataset_open(path, &dataset));
    fgf_shape shape = fgf_dataset_cohort(dataset)->shape;
    size_t size = (size_t)fgf_shape_size(shape), pixels = (size_t)fgf_shape_pixels(shape);
    FGF_TRY(FGF_ALLOCATE(size, &x));
    FGF_TRY(FGF_ALLOCATE(pixels, &mask));
    FGF_TRY(read_all(dataset, x, mask));
    printf("{\"cases\": %zu, \"bytes\": %zu, \"seconds\": [", fgf_dataset_case_count(dataset),
           fgf_dataset_case_count(dataset) * (size * sizeof *x + pixels));
    for (size_t k = 0; k < rounds; k++) {
        double start = fgf_seconds();
        FGF_TRY(read_all(dataset, x, mask));
        printf("%s%.9g", k ? ", " : "", fgf_seconds() - start);
    }
    printf("]}\n");
done:
    fgf_dataset_close(&dataset);
    fgf_free(x);
    fgf_free(mask);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_dataset_read DATASET ROUNDS\n");
        return 2;
    }
    fgf_log_setup(true, false);
    if (measure(argv[1], strtoul(argv[2], NULL, 10)) == FGF_OK)
        return 0;
    fgf_log_error(true);
    return 1;
}
