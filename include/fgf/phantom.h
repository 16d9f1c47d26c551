/* The phantom: a synthetic cohort whose labels depend in a known way on chosen traits of the
 * lesions, so that it can be asked whether the method finds what was planted.
 *
 * Each case is a blob with an irregular boundary, given by independent standard normal traits:
 *
 *   size        area                      measured by the feature size
 *   mean        mean intensity            mean
 *   texture     amplitude of the texture  variance, edge_strength, entropy
 *   elongation  log of the axes' ratio    log_aspect_ratio
 *   row, column position in the image     centroid_row, centroid_column
 *   rim         border against core       variance
 *
 * In a volume the lesion is round along the slices too, its height following the size trait, and
 * the texture is one of three dimensions.
 *
 * Planted traits drive the label: logit = strength * (sum of planted traits) + intercept, the
 * intercept set so that the expected share of label 1 is the prevalence. A correlated trait follows
 * the first planted one with the given correlation and has no effect of its own. All others are
 * distractors. */
#ifndef FGF_PHANTOM_H
#define FGF_PHANTOM_H

#include "fgf/key.h"
#include "fgf/real.h"
#include "fgf/status.h"

#include <stdint.h>

#define FGF_TRAIT_TABLE(X)                                                                         \
    X(SIZE, "size", "size")                                                                        \
    X(MEAN, "mean", "mean")                                                                        \
    X(TEXTURE, "texture", "variance, edge_strength, entropy")                                      \
    X(ELONGATION, "elongation", "log_aspect_ratio")                                                \
    X(ROW, "row", "centroid_row")                                                                  \
    X(COLUMN, "column", "centroid_column")                                                         \
    X(RIM, "rim", "variance")
typedef enum fgf_trait {
#define FGF_TRAIT_NAME(name, text, features) FGF_TRAIT_##name,
    FGF_TRAIT_TABLE(FGF_TRAIT_NAME)
#undef FGF_TRAIT_NAME
        FGF_TRAIT_COUNT
} fgf_trait;

enum { FGF_PHANTOM_LEAST_SIZE = 16, FGF_PHANTOM_LEAST_DEPTH = 8 };
#define FGF_PHANTOM_WINDOW_LOW (-50.0) /* HU that is x = 0 */
#define FGF_PHANTOM_WINDOW_HIGH 300.0  /* HU that is x = 1 */

typedef struct fgf_phantom_settings {
    int64_t cases, size;  /* size in pixels, at least FGF_PHANTOM_LEAST_SIZE */
    double spacing;       /* mm */
    int64_t depth;        /* slices: 1, or at least FGF_PHANTOM_LEAST_DEPTH */
    double slice_spacing; /* mm */
    int64_t centres, channels;
    double prevalence;
    fgf_texts planted;
    double strength; /* log-odds for one standard deviation of a planted trait */
    fgf_texts correlated;
    double correlation;
    double noise;      /* standard deviation of white noise inside the lesion, HU */
    double unlabelled; /* share of cases */
    int64_t seed;
} fgf_phantom_settings;
extern const fgf_key fgf_phantom_keys[];

/* Settings with their names looked up: what rendering needs. */
typedef struct fgf_phantom {
    fgf_phantom_settings settings; /* borrows its texts */
    bool planted[FGF_TRAIT_COUNT], correlated[FGF_TRAIT_COUNT];
    int leader; /* the trait that correlated ones follow; -1 = none */
    double intercept;
} fgf_phantom;

/* What is true of one case. */
typedef struct fgf_phantom_case {
    uint64_t index;
    double trait[FGF_TRAIT_COUNT]; /* standard normal */
    double logit;
    int8_t label; /* 0, 1, -1 = withheld */
    int centre;   /* 0 .. centres - 1, in turn */
} fgf_phantom_case;

/* Checks the settings. FGF_USAGE: a trait that does not exist (with the nearest name), a trait both
 * planted and correlated, a number out of range. Allocates nothing; no clearing needed. */
fgf_status fgf_phantom_init(const fgf_phantom_settings *settings, fgf_phantom *out) FGF_CHECKED;

/* Case `index`: a function of (seed, index) and of the settings that name traits; not of the
 * number of cases, so that a larger cohort begins with a smaller one. */
fgf_phantom_case fgf_phantom_draw(const fgf_phantom *phantom, uint64_t index);

/* The case's image [channel][depth][size][size], the window as [0, 1], zero outside the mask,
 * and its mask [depth][size][size]. Channels after the first are texture alone. `work` has
 * fgf_phantom_work_size elements. Returns the pixels in the mask. */
int64_t fgf_phantom_render(const fgf_phantom *phantom, const fgf_phantom_case *truth, float *image,
                           uint8_t *mask, double *work);
size_t fgf_phantom_work_size(const fgf_phantom *phantom);

/* Writes the cohort as a dataset file; its origin text (YAML) tells the settings and the truth:
 * planted, correlated and distractor traits. Errors of fgf_phantom_init and of the writer. Serial:
 * one rank calls it. */
fgf_status fgf_phantom_write(const fgf_phantom_settings *settings, const char *path) FGF_CHECKED;

#endif
