/* The image of a results file: where each column's rows lie, and a trial's row as one block of
 * bytes. Committing, reading and rewriting all go through it.
 *
 * A row is committed in two steps, each made durable: its bytes; then its commitment, a status and
 * two checksums. /trial/checksum covers the whole block. /trial/seal covers what is small of it
 * (run, time, error, the columns of one value), the status and the checksum: it tells in no time,
 * for all trials of a file, which rows were on disk when they were committed. */
#ifndef FGF_STORE_IMAGE_H
#define FGF_STORE_IMAGE_H

#include "catalog.h"

#include "fgf/store.h"

/* Paths of the store's own datasets; FGF_SCALE_* are public. */
#define PATH_STATUS "/trial/status"
#define PATH_CHECKSUM "/trial/checksum"
#define PATH_SEAL "/trial/seal"
#define PATH_CRASHES "/trial/crashes"
#define PATH_COMMITTED "/trial/committed"
#define PATH_RUN "/trial/run"
#define PATH_ERROR "/trial/error"
#define PATH_ARCHITECTURE "/trial/architecture"
#define PATH_WEIGHTS_ROW "/trial/weights_row"
#define PATH_LAYOUT_COLUMN "/layout/column"
#define PATH_LAYOUT_AXES "/layout/axes"
#define PATH_LAYOUT_VOLATILE "/layout/volatile"
#define PATH_LAYOUT_LENGTH "/layout/axis_length"
#define PATH_LAYOUT_WEIGHTS_ROW "/layout/weights_row"

/* Which arrangement of a file this is; files of another are refused. */
#define STORE_VERSION "2"
#define STORE_VERSION_NAME "store_version"

/* The scale of each axis, and the name that tools show for it. */
extern const char *const image_axis_scale[FGF_AXIS_COUNT];
extern const char *const image_axis_name[FGF_AXIS_COUNT];

/* /run, in the order in which a row is written: `ranks` is last and says that the row is whole. */
enum { RUN_COLUMNS = 7, RUN_RANKS = RUN_COLUMNS - 1, RUN_CAPACITY = 256, RUN_BYTES = 2212 };
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

/* A row block begins with this; then come the columns of one value, the others, each in the order
 * of the layout, and the weights if there are any. */
typedef struct image_head {
    double committed; /* seconds since 1970 */
    int32_t run, weights_row;
    char error[FGF_ERROR_TEXT];
} image_head;
enum { HEAD_PARTS = 4 }; /* each is a dataset */

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
    uint64_t status_offset, checksum_offset, seal_offset, crashes_offset;
    uint64_t head_offset[HEAD_PARTS];
    uint64_t run_offsets[RUN_COLUMNS];
    size_t run_capacity;
    size_t small_bytes; /* of a row block's beginning, which the seal covers */
    size_t fixed_bytes; /* of a row block without weights */
    size_t block_bytes; /* with the longest ones */
} store_image;

/* What a row's commitment says beside the row. */
typedef struct image_commitment {
    int8_t said; /* fgf_trial_status, or anything in a damaged file */
    uint64_t checksum, seal;
} image_commitment;

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
 * FAILED or UNASKED and seal and checksum agree, else EMPTY; *broken where one does not agree. */
fgf_status image_load_row(const store_image *image, size_t trial, char *block,
                          fgf_trial_status *committed, bool *broken) FGF_CHECKED;

/* Small parts that are read at a time, in pieces large enough for any disk. */
enum { IMAGE_SMALL_ROWS = 1 << 14 };

/* The small parts of `count` rows from `first` on, in few large reads: blocks [count] of
 * small_bytes each, and what the file says of each. */
fgf_status image_load_small(const store_image *image, size_t first, size_t count, char *blocks,
                            image_commitment *said) FGF_CHECKED;
/* Whether a commitment is one of a row, and whether its seal fits the small part of its block. */
bool image_is_commitment(int8_t said);
bool image_is_sealed(const store_image *image, size_t trial, const char *block,
                     const image_commitment *said);

/* Writes a row: the block, then, once that is durable, checksum, seal and status, durable too. What
 * an earlier commitment said is taken back first. */
fgf_status image_store_row(const store_image *image, size_t trial, const char *block,
                           fgf_trial_status committed) FGF_CHECKED;
/* The two steps apart, for rows that share the waits for the disk: the block is written, what an
 * earlier commitment said taken back; *said is to be put once the block is durable. */
fgf_status image_begin_row(const store_image *image, size_t trial, const char *block,
                           fgf_trial_status committed, image_commitment *said) FGF_CHECKED;
fgf_status image_put_commitment(const store_image *image, size_t trial,
                                const image_commitment *said) FGF_CHECKED;
/* The same without waiting for the disk, for a file that is synced as a whole. */
fgf_status image_put_row(const store_image *image, size_t trial, const char *block,
                         fgf_trial_status committed) FGF_CHECKED;

/* Rows of /run as blocks of RUN_BYTES (start.c). A new row ends with what says that it is in use,
 * and is durable then. `texts` as in image_run_columns, NULL = "", cut where they are long. */
void image_run_block(const char *const *texts, int32_t ranks, char *block);
fgf_status image_read_run(const store_image *image, size_t row, char *block) FGF_CHECKED;
fgf_status image_add_run(const store_image *image, const char *block, size_t *row) FGF_CHECKED;

/* Rows of /run in use. */
fgf_status image_runs_used(const store_image *image, size_t *used) FGF_CHECKED;

#endif
