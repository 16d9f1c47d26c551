/* The image of a results file: where each column's rows lie, and a trial's row as one block of
 * bytes. Committing, reading and rewriting all go through it. */
#ifndef FGF_STORE_IMAGE_H
#define FGF_STORE_IMAGE_H

#include "catalog.h"

#include "fgf/store.h"

/* Paths of the store's own datasets; FGF_SCALE_* are public. */
#define PATH_STATUS "/trial/status"
#define PATH_CHECKSUM "/trial/checksum"
#define PATH_RUN "/trial/run"
#define PATH_ERROR "/trial/error"
#define PATH_ARCHITECTURE "/trial/architecture"
#define PATH_WEIGHTS_ROW "/trial/weights_row"
#define PATH_LAYOUT_COLUMN "/layout/column"
#define PATH_LAYOUT_AXES "/layout/axes"
#define PATH_LAYOUT_VOLATILE "/layout/volatile"
#define PATH_LAYOUT_LENGTH "/layout/axis_length"
#define PATH_LAYOUT_WEIGHTS_ROW "/layout/weights_row"

/* The scale of each axis, and the name that tools show for it. */
extern const char *const image_axis_scale[FGF_AXIS_COUNT];
extern const char *const image_axis_name[FGF_AXIS_COUNT];

/* /run, in the order in which a row is written: `ranks` is last and says that the row is whole. */
enum { RUN_COLUMNS = 7, RUN_RANKS = RUN_COLUMNS - 1, RUN_CAPACITY = 256 };
typedef struct run_column {
    const char *path, *long_name;
    fgf_element type;
    size_t text_bytes;
} run_column;
extern const run_column image_run_columns[RUN_COLUMNS];
#define PATH_RUN_NUMBER "/run/number"

typedef struct image_column {
    fgf_column about;               /* texts borrowed from the catalog */
    size_t extent[FGF_COLUMN_AXES]; /* in the file */
    size_t asked[FGF_COLUMN_AXES];  /* as the layout asked: what a commit hands over */
    size_t element_bytes, row_bytes;
    uint64_t offset;   /* of trial 0 in the file */
    size_t row_offset; /* in the row block */
} image_column;

/* Where a trial's weights have their place; bytes 0 = nowhere. */
typedef struct image_weights {
    uint64_t offset;
    size_t bytes;
    int32_t row;
} image_weights;

typedef struct store_image {
    char *path;
    int descriptor;
    store_catalog catalog;
    size_t trial_count, column_count;
    fgf_hash *ids;           /* [trial_count] */
    fgf_hash *architectures; /* [trial_count]; text "" = none */
    image_weights *weights;  /* [trial_count] */
    image_column *columns;
    size_t axis_length[FGF_AXIS_COUNT];
    uint64_t status_offset, checksum_offset, run_offset, error_offset, weights_row_offset;
    uint64_t run_offsets[RUN_COLUMNS];
    size_t run_capacity;
    size_t fixed_bytes; /* of a row block without weights */
    size_t block_bytes; /* with the longest ones */
} store_image;

/* A row block begins with this; the columns follow, in order, then the weights if there are any. */
typedef struct image_head {
    int32_t run, weights_row;
    char error[FGF_ERROR_TEXT];
} image_head;

/* Opens and checks a file in a child process, its result thrown away: FGF_DATA where that fails or
 * kills the child, as damaged files can. Before image_open on any file not made by this job. */
fgf_status image_probe(const char *path) FGF_CHECKED;

/* Opens and checks a results file. FGF_DATA with one line where anything in it does not fit. */
fgf_status image_open(const char *path, bool writable, store_image *out) FGF_CHECKED;
void image_close(store_image *image);

/* Reads a whole dataset; *out is owned by the caller. */
fgf_status image_read_all(const store_image *image, const catalog_entry *entry,
                          void **out) FGF_CHECKED;

/* Reads a trial's row into `block` (block_bytes). *committed is its status where that is DONE,
 * FAILED or UNASKED and the checksum agrees, else EMPTY; *broken where it does not agree. */
fgf_status image_load_row(const store_image *image, size_t trial, char *block,
                          fgf_trial_status *committed, bool *broken) FGF_CHECKED;

/* Writes a row: the block, then, once that is durable, checksum and status, durable too. */
fgf_status image_store_row(const store_image *image, size_t trial, const char *block,
                           fgf_trial_status committed) FGF_CHECKED;
/* The same without waiting for the disk, for a file that is synced as a whole. */
fgf_status image_put_row(const store_image *image, size_t trial, const char *block,
                         fgf_trial_status committed) FGF_CHECKED;

/* Copies a row of a column between extents: element (i, j, k) of `from` goes to (map[0][i],
 * map[1][j], map[2][k]) of `to`; a NULL map is the identity; SIZE_MAX or beyond the end = dropped.
 * What nothing maps to stays as it is in `to`. */
void image_spread(int axis_count, size_t element, const size_t *from_extent, const void *from,
                  const size_t *to_extent, void *to, const size_t *const *map);

/* Rows of /run in use. */
fgf_status image_runs_used(const store_image *image, size_t *used) FGF_CHECKED;

#endif
