/* The table that fgf features writes: what its columns are, and what they hold for one case. */
#ifndef FGF_CLI_FEATURE_TABLE_H
#define FGF_CLI_FEATURE_TABLE_H

#include "fgf/dataset.h"
#include "fgf/feature.h"
#include "fgf/radiomics.h"
#include "fgf/spec.h"
#include "fgf/text.h"

/* The hard feature that a kind of soft feature becomes as its widths go to 0
 * (feature_counterparts.c). */
typedef enum counterpart_view {
    VIEW_REGION, /* of the intensities of the region as they are */
    VIEW_MASK,   /* of the region's voxels above the item's threshold */
    VIEW_BINS    /* of the region in the item's bins */
} counterpart_view;
typedef struct counterpart {
    const char *kind; /* of soft features */
    const char *key;  /* of hard ones, without the suffix of directions */
    counterpart_view view;
    bool volumes_only;   /* a slice has no such hard value: a mesh is of a volume */
    bool in_nats;        /* the hard value is in bits */
    const char *differs; /* what keeps the limit from being the hard value, or NULL */
} counterpart;
/* NULL where there is none. */
const counterpart *counterpart_of(const char *kind);
/* The hard feature of an item in images of so many slices, or SIZE_MAX. */
size_t counterpart_feature(const fgf_item *item, int depth, const counterpart **which);
/* The number that an item's settings hold under a key; `fallback` where it has no such key. */
double item_number(const fgf_item *item, const char *key, double fallback);

/* What hard features are computed of: once for all that share it. */
typedef struct hard_view {
    counterpart_view view;
    int channel;
    double low, high;  /* VIEW_BINS: range; VIEW_MASK: threshold */
    int bins;          /* VIEW_BINS */
    bool all;          /* the view of --hard all, with settings of its own */
    unsigned families; /* what its columns need */
} hard_view;

typedef struct feature_column {
    char *name;  /* "entropy.hard [nats]" */
    size_t soft; /* index of the soft feature, or SIZE_MAX */
    size_t view; /* of a hard one: which view, and which value of it */
    size_t feature;
    double factor; /* that the value is multiplied by */
} feature_column;

typedef struct feature_table {
    const fgf_dataset *dataset;
    fgf_feature **soft;
    size_t soft_count;
    hard_view *view;
    size_t view_count;
    feature_column *column;
    size_t column_count, room;
    fgf_radiomics_settings all; /* of --hard all */
    bool whole;                 /* Omega: the whole crop */
    double dilate_mm;
} feature_table;

enum hard_choice { HARD_BESIDE, HARD_ALL, HARD_NONE };

/* Makes the columns: each soft item that `wanted` names ([wanted_count]; 0: all), its counterpart
 * beside it, and all hard features of `channel`. lenient: items that do not fit the images are left
 * out, and named in `left_out`. table->dataset, all, whole and dilate_mm are given. */
fgf_status feature_table_plan(feature_table *table, const fgf_item *items, size_t item_count,
                              const char *const *wanted, size_t wanted_count, enum hard_choice hard,
                              int channel, bool lenient, fgf_buffer *left_out) FGF_CHECKED;
void feature_table_clear(feature_table *table);

/* Why a cell is empty: 0 = it is not; a soft feature's reason; HARD_REASON + a hard one's. */
enum { HARD_REASON = 128 };
const char *feature_table_reason(uint8_t reason);

/* The row of one case: value and reason [column_count]. Values of undefined cells are 0. */
fgf_status feature_table_row(const feature_table *table, size_t index, double *value,
                             uint8_t *reason) FGF_CHECKED;

/* Prints the kinds of soft features, their keys and their hard counterparts (feature_list.c). */
fgf_status list_features(bool markdown) FGF_CHECKED;

#endif
