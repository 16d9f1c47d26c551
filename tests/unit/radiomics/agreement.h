/* Values held against published ones: reading volumes and tables, counting by family, and the lines
 * of the table that docs/features.md shows. */
#ifndef FGF_TEST_AGREEMENT_H
#define FGF_TEST_AGREEMENT_H

#include "fgf/file_bytes.h"
#include "fgf/image.h"
#include "fgf/memory.h"
#include "fgf/radiomics.h"
#include "fgf/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AGREEMENT_PATH = 4096 };

/* Finds a file or folder of the shared data: $FGF_SHARED, else a folder `shared` on the way up. */
static inline bool find_shared(const char *rest, char path[AGREEMENT_PATH])
{
    const char *given = getenv("FGF_SHARED");
    char up[64] = "";
    for (int k = 0; k < 12; k++) {
        int length = snprintf(path, AGREEMENT_PATH, "%s%s/%s", given ? "" : up,
                              given ? given : "shared", rest);
        if (length > 0 && length < AGREEMENT_PATH && access(path, R_OK) == 0)
            return true;
        if (given)
            break;
        strcat(up, "../");
    }
    return false;
}

/* A volume and its mask, in memory. */
typedef struct example {
    fgf_radiomics_volume volume;
    double *value;
    uint8_t *mask;
} example;

static inline void example_clear(example *e)
{
    fgf_free(e->value);
    fgf_free(e->mask);
    memset(e, 0, sizeof *e);
}

static inline fgf_status read_all(fgf_volume *volume, double **out)
{
    fgf_status status = FGF_OK;
    const fgf_grid *grid = fgf_volume_grid(volume);
    size_t plane = (size_t)grid->extent[0] * (size_t)grid->extent[1];
    FGF_TRY(FGF_ALLOCATE(plane * (size_t)grid->extent[2], out));
    for (int z = 0; z < grid->extent[2]; z++)
        FGF_TRY(fgf_volume_next(volume, *out + (size_t)z * plane));
done:
    return status;
}

typedef fgf_status open_volume(const char *path, fgf_volume **out);

/* Image and mask of two files; inside: mask value 1 / at least 1/2. */
static inline fgf_status example_read(open_volume *open, const char *image, const char *mask,
                                      example *out)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    double *inside = NULL;
    memset(out, 0, sizeof *out);
    FGF_TRY(open(image, &volume));
    fgf_grid grid = *fgf_volume_grid(volume);
    FGF_TRY(read_all(volume, &out->value));
    fgf_volume_close(&volume);
    FGF_TRY(open(mask, &volume));
    FGF_TRY(read_all(volume, &inside));
    size_t voxels = (size_t)grid.extent[0] * (size_t)grid.extent[1] * (size_t)grid.extent[2];
    FGF_TRY(FGF_ALLOCATE(voxels, &out->mask));
    for (size_t k = 0; k < voxels; k++)
        out->mask[k] = inside[k] >= 0.5;
    out->volume =
        (fgf_radiomics_volume){.depth = grid.extent[2],
                               .height = grid.extent[1],
                               .width = grid.extent[0],
                               .spacing = {grid.spacing[2], grid.spacing[1], grid.spacing[0]},
                               .value = out->value,
                               .shape_mask = out->mask};
done:
    fgf_volume_close(&volume);
    fgf_free(inside);
    return status;
}

/* Counts of one comparison, by family. */
typedef struct agreement {
    size_t held[FGF_RADIOMICS_FAMILY_COUNT], agreed[FGF_RADIOMICS_FAMILY_COUNT];
    size_t processing_held, processing_agreed; /* of the image processing before */
    fgf_buffer outside;                        /* a line of Markdown for each that does not agree */
} agreement;

/* To three significant digits, as the published values are. */
static inline double three_digits(double value)
{
    char text[64];
    snprintf(text, sizeof text, "%.2e", value);
    return strtod(text, NULL);
}

static inline void agreement_add(agreement *a, size_t feature, bool agrees, double value,
                                 double reference, double tolerance)
{
    char key[FGF_RADIOMICS_KEY_BYTES];
    fgf_radiomics_family family = fgf_radiomics_feature_at(feature).family;
    a->held[family]++;
    a->agreed[family] += agrees;
    if (agrees)
        return;
    fgf_radiomics_key(feature, key);
    fgf_buffer_add(&a->outside, "| %s | %.6g | %.6g | %.3g |\n", key, value, reference, tolerance);
}

static inline size_t agreement_total(const size_t counts[FGF_RADIOMICS_FAMILY_COUNT])
{
    size_t total = 0;
    for (int f = 0; f < FGF_RADIOMICS_FAMILY_COUNT; f++)
        total += counts[f];
    return total;
}

static inline void agreement_add_processing(agreement *a, const char *key, bool agrees,
                                            double value, double reference, double tolerance)
{
    a->processing_held++;
    a->processing_agreed += agrees;
    if (!agrees)
        fgf_buffer_add(&a->outside, "| %s | %.6g | %.6g | %.3g |\n", key, value, reference,
                       tolerance);
}

#endif
