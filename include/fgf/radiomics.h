/* Radiomic features by the definitions of the Image Biomarker Standardisation Initiative (IBSI):
 * the hard values, without gradients, that a reader of the literature expects.
 *
 * Source of every formula and of the tags: Zwanenburg et al., "Image biomarker standardisation
 * initiative", reference manual, arXiv:1612.07003; Radiology 295 (2020) 328. Not collective. */
#ifndef FGF_RADIOMICS_H
#define FGF_RADIOMICS_H

#include "fgf/real.h"
#include "fgf/status.h"

#include <stdint.h>

/* ---- what goes in ---- */

/* A volume [depth][height][width] in memory; a slice is depth 1. All borrowed. */
typedef struct fgf_radiomics_volume {
    int depth, height, width;
    double spacing[3];         /* mm: z, y, x */
    const double *value;       /* intensities, in stored units; finite inside the masks */
    const uint8_t *shape_mask; /* the morphological mask: where the region is; non-zero inside */
    const uint8_t *intensity_mask; /* the intensity mask: what re-segmentation left of it; NULL =
                                      shape_mask */
} fgf_radiomics_volume;

enum { FGF_RADIOMICS_LEVELS = 1024 };

/* How intensities become grey levels 1 .. N_g of histogram and texture. */
typedef enum fgf_discretisation {
    FGF_DISCRETISATION_NONE,  /* they are whole numbers from 1 on already */
    FGF_DISCRETISATION_COUNT, /* fixed bin number between the region's extremes */
    FGF_DISCRETISATION_WIDTH, /* fixed bin size from `lowest` on */
    FGF_DISCRETISATION_RANGE  /* `bins` equal bins of [lowest, highest], whatever of them is empty;
                                 what lies outside belongs to the outermost */
} fgf_discretisation;

/* The families of features, in the order of the table. */
#define FGF_RADIOMICS_FAMILIES(X)                                                                  \
    X(MORPHOLOGY, "morphology")                                                                    \
    X(LOCAL_INTENSITY, "local intensity")                                                          \
    X(STATISTICS, "intensity-based statistics")                                                    \
    X(HISTOGRAM, "intensity histogram")                                                            \
    X(VOLUME_HISTOGRAM, "intensity-volume histogram")                                              \
    X(COOCCURRENCE, "grey level co-occurrence matrix")                                             \
    X(RUN_LENGTH, "grey level run length matrix")                                                  \
    X(SIZE_ZONE, "grey level size zone matrix")                                                    \
    X(DISTANCE_ZONE, "grey level distance zone matrix")                                            \
    X(TONE_DIFFERENCE, "neighbourhood grey tone difference matrix")                                \
    X(LEVEL_DEPENDENCE, "neighbouring grey level dependence matrix")
typedef enum fgf_radiomics_family {
#define FGF_RADIOMICS_FAMILY_NAME(name, text) FGF_RADIOMICS_##name,
    FGF_RADIOMICS_FAMILIES(FGF_RADIOMICS_FAMILY_NAME)
#undef FGF_RADIOMICS_FAMILY_NAME
        FGF_RADIOMICS_FAMILY_COUNT
} fgf_radiomics_family;
enum { FGF_RADIOMICS_ALL = (1 << FGF_RADIOMICS_FAMILY_COUNT) - 1 };

typedef struct fgf_radiomics_settings {
    unsigned families; /* bits 1 << family; what is not asked for is not computed */
    fgf_discretisation discretisation;
    int bins;         /* COUNT, RANGE: 1 .. FGF_RADIOMICS_LEVELS */
    double bin_width; /* WIDTH: > 0, stored units */
    double lowest;    /* WIDTH: where bin 1 begins; NaN = the region's least intensity */
    double highest;   /* RANGE */
    /* Intensity-volume histogram: bins of `volume_width` from volume_range[0] to volume_range[1],
     * their centres being its intensities; width 0: the intensities are discrete as they are, in
     * steps of 1. A NaN of the range stands for the region's extreme. */
    double volume_width, volume_range[2];
} fgf_radiomics_settings;

/* All families, 32 bins, the region's own range. */
fgf_radiomics_settings fgf_radiomics_defaults(void);

/* ---- what comes out ---- */

/* How a texture matrix of many slices and directions becomes one number (IBSI 3.6): features of
 * each matrix averaged, or the matrices merged first. Zone, difference and dependence matrices have
 * no directions: by slice and averaged (2D), slices merged (2.5D), or of the volume (3D). */
#define FGF_RADIOMICS_AGGREGATIONS(X)                                                              \
    X(NONE, "", "")                                                                                \
    X(2D_AVERAGED, "_2D_avg", "2D, averaged over slices and directions")                           \
    X(2D_SLICE_MERGED, "_2D_comb", "2D, directions merged by slice, averaged over slices")         \
    X(25D_DIRECTION_MERGED, "_2_5D_avg", "2.5D, slices merged by direction, averaged")             \
    X(25D_MERGED, "_2_5D_comb", "2.5D, all merged")                                                \
    X(3D_AVERAGED, "_3D_avg", "3D, averaged over directions")                                      \
    X(3D_MERGED, "_3D_comb", "3D, directions merged")                                              \
    X(2D, "_2D", "2D, averaged over slices")                                                       \
    X(25D, "_2_5D", "2.5D, slices merged")                                                         \
    X(3D, "_3D", "3D")
typedef enum fgf_radiomics_aggregation {
#define FGF_RADIOMICS_AGGREGATION_NAME(name, suffix, text) FGF_AGGREGATION_##name,
    FGF_RADIOMICS_AGGREGATIONS(FGF_RADIOMICS_AGGREGATION_NAME)
#undef FGF_RADIOMICS_AGGREGATION_NAME
        FGF_AGGREGATION_NAMES
} fgf_radiomics_aggregation;

typedef struct fgf_radiomics_feature {
    fgf_radiomics_family family;
    const char *key;  /* "cm_contrast": unique with the aggregation's suffix, which it lacks */
    const char *name; /* IBSI's: "contrast" */
    const char *tag;  /* IBSI's: "ACUI" */
    const char *unit; /* "mm3", "1"; q stands for the stored unit */
    fgf_radiomics_aggregation aggregation;
} fgf_radiomics_feature;

/* The table of all features, the same for every volume: FGF_RADIOMICS_COUNT of them. */
enum { FGF_RADIOMICS_COUNT = 487, FGF_RADIOMICS_KEY_BYTES = 48 };
fgf_radiomics_feature fgf_radiomics_feature_at(size_t index);
/* "cm_contrast_3D_avg", the name of a column. */
void fgf_radiomics_key(size_t index, char key[FGF_RADIOMICS_KEY_BYTES]);
/* The index of such a key, or SIZE_MAX. */
size_t fgf_radiomics_find(const char *key);
const char *fgf_radiomics_family_text(fgf_radiomics_family family);
const char *fgf_radiomics_aggregation_text(fgf_radiomics_aggregation aggregation);

/* Why a value is missing. */
#define FGF_RADIOMICS_MISSING_TABLE(X)                                                             \
    X(NOT, "defined")                                                                              \
    X(UNASKED, "not asked for")                                                                    \
    X(EMPTY, "empty region")                                                                       \
    X(FLAT, "one intensity or grey level only")                                                    \
    X(ZERO, "a denominator is 0")                                                                  \
    X(NEIGHBOURS, "no neighbouring voxels inside the region")                                      \
    X(LEVEL, "no intensity that so small a part of the region reaches")
typedef enum fgf_radiomics_missing {
#define FGF_RADIOMICS_MISSING_NAME(name, text) FGF_RADIOMICS_MISSING_##name,
    FGF_RADIOMICS_MISSING_TABLE(FGF_RADIOMICS_MISSING_NAME)
#undef FGF_RADIOMICS_MISSING_NAME
} fgf_radiomics_missing;
const char *fgf_radiomics_missing_text(fgf_radiomics_missing reason);

typedef struct fgf_radiomics_value {
    double value; /* NaN where missing */
    fgf_radiomics_missing missing;
} fgf_radiomics_value;

/* Computes the families asked for into values [FGF_RADIOMICS_COUNT]. The same bits for the same
 * input. FGF_USAGE: settings that cannot be (also: grey levels that are no whole numbers from 1 on
 * where discretisation is none, more than FGF_RADIOMICS_LEVELS of them). FGF_DATA: an intensity
 * inside a mask that is not finite. FGF_MEMORY. */
fgf_status fgf_radiomics_compute(const fgf_radiomics_volume *volume,
                                 const fgf_radiomics_settings *settings,
                                 fgf_radiomics_value *values) FGF_CHECKED;

/* ---- what goes before: IBSI's image processing ---- */

/* The intensity mask: the shape mask where lowest <= value <= highest (range re-segmentation).
 * `out` as large as the volume. */
void fgf_radiomics_resegment(const fgf_radiomics_volume *volume, double lowest, double highest,
                             uint8_t *out);

/* Image and mask on a grid of `spacing` (z, y, x), trilinear, the grids' centres together, extents
 * rounded up, edge voxels repeated outside; intensities rounded to whole numbers where asked; the
 * mask is where its interpolated value is at least 1/2. Both arrays and *out's pointers are owned
 * by the caller, who frees *value and *mask. */
fgf_status fgf_radiomics_resample(const fgf_radiomics_volume *volume, const double spacing[3],
                                  bool round_intensities, fgf_radiomics_volume *out, double **value,
                                  uint8_t **mask) FGF_CHECKED;

#endif
