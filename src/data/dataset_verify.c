/* Whether a dataset file holds what was written: the hashes of its cases, and of the whole. */
#include <hdf5.h>

#include "dataset_reader.h"
#include "fgf/memory.h"

#include <string.h>

const char *fgf_dataset_case_hash(const fgf_dataset *dataset, size_t index)
{
    return dataset->content_hashes + index * FGF_HASH_TEXT;
}

/* x [pixel][channel] as it stands in the file, [channel][pixel]. */
static void as_written(fgf_shape shape, const fgf_real *x, float *planar)
{
    const size_t pixels = (size_t)fgf_shape_pixels(shape), channels = (size_t)shape.channels;
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++)
            planar[c * pixels + p] = (float)x[p * channels + c];
}

fgf_status fgf_dataset_case_agrees(const fgf_dataset *dataset, size_t index, const fgf_real *x,
                                   const uint8_t *mask, bool *agrees)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = dataset->cohort.shape;
    fgf_case_content content;
    as_written(shape, x, dataset->planar);
    *agrees = false;
    status = fgf_case_content_of(shape, dataset->planar, mask, &content);
    if (status == FGF_DATA) /* no such number was ever written */
        return FGF_OK;
    FGF_TRY(status);
    *agrees = strcmp(content.hash, fgf_dataset_case_hash(dataset, index)) == 0 &&
              content.mask_pixels == dataset->cases[index].mask_pixels;
done:
    return status;
}

fgf_status fgf_dataset_table_agrees(const fgf_dataset *dataset, bool *agrees)
{
    fgf_status status = FGF_OK;
    fgf_case_content *contents = NULL;
    fgf_hash hash;
    FGF_TRY(FGF_ALLOCATE(dataset->count, &contents));
    for (size_t i = 0; i < dataset->count; i++) {
        memcpy(contents[i].hash, fgf_dataset_case_hash(dataset, i), FGF_HASH_TEXT);
        contents[i].mask_pixels = dataset->cases[i].mask_pixels;
    }
    FGF_TRY(fgf_dataset_content_hash(&dataset->cohort, dataset->cases, contents, dataset->count,
                                     &hash));
    *agrees = strcmp(hash.text, dataset->hash) == 0;
done:
    fgf_free(contents);
    return status;
}

fgf_status fgf_dataset_verify(const fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = dataset->cohort.shape;
    fgf_real *x = NULL;
    uint8_t *mask = NULL;
    bool agrees = false;
    FGF_TRY(FGF_ALLOCATE(fgf_shape_size(shape), &x));
    FGF_TRY(FGF_ALLOCATE(fgf_shape_pixels(shape), &mask));
    for (size_t i = 0; i < dataset->count; i++) {
        FGF_TRY(fgf_dataset_read(dataset, i, x, mask));
        FGF_TRY(fgf_dataset_case_agrees(dataset, i, x, mask, &agrees));
        if (!agrees)
            FGF_FAIL(FGF_DATA, "%s: case %s is not what was written (its hash was %s)",
                     dataset->path, dataset->cases[i].id, fgf_dataset_case_hash(dataset, i));
    }
    FGF_TRY(fgf_dataset_table_agrees(dataset, &agrees));
    if (!agrees)
        FGF_FAIL(FGF_DATA, "%s: the table of cases is not what was written (its hash was %s)",
                 dataset->path, dataset->hash);
done:
    fgf_free(x);
    fgf_free(mask);
    return status;
}
