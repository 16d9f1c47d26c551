/* The results file: one HDF5 file whose whole layout exists before the first result.
 *
 * The layout is written once, by one process, under a temporary name, and renamed. From then on
 * nothing but raw writes into preallocated contiguous datasets happens: no metadata of HDF5 ever
 * changes, so a process killed at any moment leaves a file that every HDF5 tool opens. A trial's
 * row counts only if its status stands under a seal that agrees, which is written once the row is
 * on the disk; its checksum covers the row itself, for all who read it.
 *
 * Who calls what: rank 0 takes the lock and prepares the file; after a barrier every rank opens it
 * and commits the rows it owns; rank 0 adds the row of /run. Nothing here is collective. */
#ifndef FGF_STORE_H
#define FGF_STORE_H

#include "fgf/column.h"
#include "fgf/hash.h"
#include "fgf/status.h"

#include <stdint.h>

/* ---- What the file shall hold ---------------------------------------------------------------- */

/* A dataset that is known before the run and written when the file is created: /case/age,
 * /split/role, /sweep/yaml. Texts have fixed length and end in zeros. */
typedef struct fgf_table {
    const char *path;
    fgf_element type;
    size_t text_bytes; /* TEXT: bytes of each item, final 0 included */
    int rank;          /* 0 (one value) to 3 */
    size_t extent[3];
    const void *data; /* row-major; NULL = fill values */
    const char *unit, *long_name;
    const char *scale[3]; /* path of the dimension scale of each axis, or NULL */
    bool is_scale;
} fgf_table;

/* A root attribute. Only what never changes: the file is not touched by HDF5 after creation. */
typedef struct fgf_attribute {
    const char *name, *text;
} fgf_attribute;

/* The trained networks of one architecture: /model/<architecture>/weights [trial_count, parameter]
 * float32, and its layer table beside it. */
typedef struct fgf_model_block {
    fgf_hash architecture;
    size_t parameter_count;
    const char *layer_table; /* YAML or JSON text */
    size_t trial_count;      /* rows to preallocate; 0 = the layer table alone */
} fgf_model_block;

/* The dimension scales the store makes itself, from trial_ids and axis_labels (numbers 0, 1, ..
 * where an axis has no labels). Tables name these paths in `scale`, and have no such path. */
#define FGF_SCALE_TRIAL "/trial/id"
#define FGF_SCALE_CASE "/case/id"
#define FGF_SCALE_FEATURE "/feature/name"
#define FGF_SCALE_NOISE "/noise/kind"
#define FGF_SCALE_DRAW "/noise/draw"
#define FGF_SCALE_EPOCH "/history/epoch"

/* The whole layout. Everything is borrowed for the call.
 *
 * The store adds by itself, on the scale /trial/id: /trial/status (int8, fgf_trial_status),
 * /trial/checksum and /trial/seal (uint64), /trial/crashes (int8), /trial/committed (seconds since
 * 1970), /trial/run (int32, the row of /run), /trial/error (text), /trial/architecture (text) and
 * /trial/weights_row (int32, the row in /model/<architecture>/weights, -1 = none kept);
 * /run/<column>; /layout/<what a writer needs>; attributes store_version, schema_version,
 * dataset_hash and layout_hash. */
typedef struct fgf_layout {
    int schema_version; /* of the columns' meaning: files of another version are not continued */
    fgf_hash dataset;   /* results of another dataset are not continued */
    const fgf_column *columns;
    size_t column_count;
    size_t axis_length[FGF_AXIS_COUNT];
    const char *const
        *axis_labels[FGF_AXIS_COUNT]; /* names along an axis, unique; NULL = 0, 1, .. */
    const fgf_hash *trial_ids;        /* [trial_count], unique */
    size_t trial_count;
    const fgf_table *tables;
    size_t table_count;
    const fgf_attribute *attributes;
    size_t attribute_count;
    const fgf_model_block *blocks;
    size_t block_count;
    const size_t *trial_block;       /* [trial_count] index in blocks or SIZE_MAX; NULL = none */
    const size_t *trial_weights_row; /* [trial_count] its own row there or SIZE_MAX; NULL = none */
    size_t run_capacity;             /* rows of /run; 0 = 256; grows at a later start */
} fgf_layout;

enum { FGF_ERROR_TEXT = 256 }; /* bytes of /trial/error */

/* Bytes that the file of a layout takes, all of them from its creation on. */
double fgf_layout_bytes(const fgf_layout *layout);

/* ---- One job at a time ----------------------------------------------------------------------- */

typedef struct fgf_lock fgf_lock;

/* Takes the lock of the results file at `path` (a file beside it, path + ".lock"), which dies with
 * the process. `holder` is one line that names this job ("fgf run sweep.yaml"); host, process id
 * and time are added. FGF_ENVIRONMENT, naming the holder, if another process has it; what a dead
 * process left is taken over with a note. *out is released with fgf_store_unlock. */
fgf_status fgf_store_lock(const char *path, const char *holder, fgf_lock **out) FGF_CHECKED;
void fgf_store_unlock(fgf_lock **lock);

/* ---- Preparing (one process, under the lock) --------------------------------------------------
 */

typedef enum fgf_trial_status {
    FGF_TRIAL_EMPTY = 0,
    FGF_TRIAL_RUNNING = 1, /* its process is at it, or ended without a word */
    FGF_TRIAL_DONE = 2,
    FGF_TRIAL_FAILED = 3,
    FGF_TRIAL_UNASKED = 4 /* done or failed (error is not empty), no longer in the sweep */
} fgf_trial_status;

typedef enum fgf_prepared {
    FGF_STORE_CREATED,
    FGF_STORE_RESUMED,
    FGF_STORE_REWRITTEN
} fgf_prepared;

typedef struct fgf_prepare_options {
    bool drop_unasked;      /* do not keep rows that the layout no longer asks for */
    bool check_rows;        /* hold every row against its checksum, however many there are */
    size_t read_back_bytes; /* else of the newest rows so much; 0 = FGF_READ_BACK_BYTES */
    size_t run_rows;        /* rows of /run that will be added; 0 = 1 */
} fgf_prepare_options;

/* Of the newest rows, what a resume reads back at most, and for how long at most. */
#define FGF_READ_BACK_BYTES ((size_t)1 << 30)
#define FGF_READ_BACK_SECONDS 0.3

typedef struct fgf_prepare_result {
    fgf_prepared how;
    size_t trial_count; /* of the layout; its trial k is row k of the file */
    size_t done_count, failed_count;
    size_t unasked_count; /* rows kept behind them */
    size_t broken_count;  /* rows said to be done or failed whose seal or checksum did not agree */
    uint8_t *status;      /* [trial_count] fgf_trial_status: EMPTY, DONE or FAILED; owned */
    uint8_t *crashes; /* [trial_count] how often a process ended at the trial, up to 127; owned */
} fgf_prepare_result;

/* Makes the file at `path` ready for `layout`. No file: creates it. A file of the same layout:
 * counts what is done, by the seals; reads the newest rows back; makes a row that is still RUNNING
 * EMPTY, with a crash more, and one that turned out broken EMPTY. A file of other trials, axis
 * lengths or tables: writes the new layout under path + ".part", copies the committed rows by trial
 * hash (cases, features and noise kinds by label) and the crashes, keeps rows no longer asked for
 * at the end, and puts it in the old one's place in one step. Another dataset or schema version, or
 * a `path` that is no place for a file (fgf_output_file; links are followed): FGF_USAGE.
 * Not one of our files, or of another store version: FGF_DATA. No room: FGF_ENVIRONMENT. *out is
 * released with fgf_prepare_result_clear. Call on one process only, holding the lock. */
fgf_status fgf_store_prepare(const char *path, const fgf_layout *layout,
                             fgf_prepare_options options, fgf_prepare_result *out) FGF_CHECKED;
void fgf_prepare_result_clear(fgf_prepare_result *result);

/* ---- Writing ----------------------------------------------------------------------------------
 */

typedef struct fgf_store fgf_store;

/* Opens a prepared file for committing: every rank for itself, with its own descriptor. */
fgf_status fgf_store_open(const char *path, fgf_store **out) FGF_CHECKED;
void fgf_store_close(fgf_store **store);

/* One start of the program. NULL texts are "". Long ones are cut. */
typedef struct fgf_run_record {
    const char *command_line;
    const char *started; /* "2024-05-01T12:00:00Z" */
    const char *hosts;
    int ranks;
    const char *blas_core, *instruction_set, *version;
} fgf_run_record;

/* Adds a row to /run and hands out its number. Rank 0 only, once a start. */
fgf_status fgf_store_begin_run(fgf_store *store, const fgf_run_record *run,
                               int *run_row) FGF_CHECKED;

/* Marks a trial as running, durably: for readers of the live file, and so that the next preparation
 * counts a crash where nothing was committed. By the rank that owns the row, as the next three. */
fgf_status fgf_store_mark_running(fgf_store *store, size_t trial) FGF_CHECKED;
/* Takes that back: the trial was left in good order, to be run another time. */
fgf_status fgf_store_mark_stopped(fgf_store *store, size_t trial) FGF_CHECKED;
/* Counts one crash more for a trial. For the handler of a fatal signal: one pread and one pwrite,
 * nothing else, errors are passed over. */
void fgf_store_note_crash(const fgf_store *store, size_t trial);
/* Sets a trial's crashes to a number from 0 to 127. */
fgf_status fgf_store_set_crashes(fgf_store *store, size_t trial, int crashes) FGF_CHECKED;

/* Writes a trial's row and makes it durable, then its checksum and status, and makes those durable.
 *
 * values[c] is the row of column c of the layout, of the extents the layout asked for (texts:
 * text_bytes each, ending in zeros), or NULL for fill values. weights: the parameters of the
 * trial's architecture, or NULL where none are kept; ignored where the layout has no row for them.
 * A failed trial has an error text. On FGF_ENVIRONMENT (disk full, ...) the row does not count;
 * all earlier ones do. By the rank that owns the row. */
fgf_status fgf_store_commit(fgf_store *store, size_t trial, const void *const *values,
                            const float *weights, int run_row, bool failed,
                            const char *error) FGF_CHECKED;

/* ---- Reading ----------------------------------------------------------------------------------
 */

typedef struct fgf_store_reader fgf_store_reader;

/* Opens a results file for reading, whole or damaged, also while a job writes to it. FGF_DATA with
 * one line where it is no results file of ours, is cut off, or makes the HDF5 library crash (it is
 * tried in a child process first). */
fgf_status fgf_store_reader_open(const char *path, fgf_store_reader **out) FGF_CHECKED;
void fgf_store_reader_close(fgf_store_reader **reader);

size_t fgf_store_reader_trial_count(const fgf_store_reader *reader); /* unasked ones included */
const char *fgf_store_reader_trial_id(const fgf_store_reader *reader, size_t trial); /* borrowed */

/* The status of a trial as read at opening. DONE, FAILED and UNASKED stand under a seal: the row
 * was on disk when that was written. Where the seal does not agree the trial counts as EMPTY; there
 * are `unsealed` of those. What has become of a row since, fgf_store_reader_verify tells. */
fgf_trial_status fgf_store_reader_status(const fgf_store_reader *reader, size_t trial);
size_t fgf_store_reader_unsealed(const fgf_store_reader *reader);
/* How often a process ended at the trial, up to 127; one that is RUNNING not counted. */
int fgf_store_reader_crashes(const fgf_store_reader *reader, size_t trial);

/* *intact: the row is committed and its checksum agrees. Read once, then remembered. */
fgf_status fgf_store_reader_verify(fgf_store_reader *reader, size_t trial,
                                   bool *intact) FGF_CHECKED;
/* Verifies every row; the number committed, and of those the number that do not agree. */
fgf_status fgf_store_reader_verify_all(fgf_store_reader *reader, size_t *committed,
                                       size_t *broken) FGF_CHECKED;

/* The columns in the layout's order. */
size_t fgf_store_reader_column_count(const fgf_store_reader *reader);
typedef struct fgf_column_view {
    fgf_column column;              /* texts borrowed from the reader */
    size_t extent[FGF_COLUMN_AXES]; /* of the row, axis by axis */
    size_t row_items, row_bytes;
} fgf_column_view;
fgf_column_view fgf_store_reader_column(const fgf_store_reader *reader, size_t column);
/* SIZE_MAX if there is none of this path. */
size_t fgf_store_reader_find_column(const fgf_store_reader *reader, const char *path);

/* Copies one trial's row of a column to `out` (row_bytes). FGF_DATA if the trial is not committed,
 * or if what covers the column does not agree: the seal where it holds one value a trial (these are
 * read in large pieces: all trials of a file in no time), else the checksum of the whole row. */
fgf_status fgf_store_reader_row(fgf_store_reader *reader, size_t column, size_t trial,
                                void *out) FGF_CHECKED;
/* Where a committed trial comes from: the row of /run, and the error text ("" = none; at least
 * FGF_ERROR_TEXT bytes). */
fgf_status fgf_store_reader_origin(fgf_store_reader *reader, size_t trial, int *run_row,
                                   char *error) FGF_CHECKED;
/* A committed trial's architecture ("" = none) and weights; *weights is owned by the caller
 * (fgf_free), NULL where none are kept. */
fgf_status fgf_store_reader_weights(fgf_store_reader *reader, size_t trial, fgf_hash *architecture,
                                    float **weights, size_t *count) FGF_CHECKED;

/* Every dataset of the file that this library could have written, tables and columns alike. */
typedef struct fgf_dataset_view {
    const char *path; /* borrowed, as the texts below */
    fgf_element type; /* /trial/checksum is unsigned and given as I64 */
    size_t text_bytes;
    int rank;
    size_t extent[4];
    size_t bytes;
    const char *unit, *long_name;
} fgf_dataset_view;
size_t fgf_store_reader_dataset_count(const fgf_store_reader *reader);
fgf_dataset_view fgf_store_reader_dataset(const fgf_store_reader *reader, size_t index);
/* SIZE_MAX if there is none of this path. */
size_t fgf_store_reader_find_dataset(const fgf_store_reader *reader, const char *path);
/* All bytes of a dataset, as stored, to `out` (view.bytes). No row is verified. */
fgf_status fgf_store_reader_read(fgf_store_reader *reader, size_t index, void *out) FGF_CHECKED;

/* A root attribute's text, borrowed, or NULL. */
const char *fgf_store_reader_attribute(const fgf_store_reader *reader, const char *name);

/* ---- Merging -----------------------------------------------------------------------------------
 */

/* Rows of one results file on their way into another. */
typedef struct fgf_adoption fgf_adoption;

/* Begins to take rows from `from` to `store`, both borrowed. The starts in /run of `from` are
 * copied where `store` has them not yet; the preparation must have made room for them
 * (fgf_prepare_options.run_rows). *out is released with fgf_store_adoption_destroy. */
fgf_status fgf_store_adoption_create(fgf_store *store, fgf_store_reader *from,
                                     fgf_adoption **out) FGF_CHECKED;
void fgf_store_adoption_destroy(fgf_adoption **adoption);

/* Commits row `row` of the other file as that of `trial` of this one, done or failed as it was, its
 * start with it. Written as by fgf_store_commit, but that some rows share the two waits for the
 * disk: what was adopted is committed for certain after fgf_store_adoption_finish. FGF_DATA where
 * the row is not committed or not whole. */
fgf_status fgf_store_adopt(fgf_adoption *adoption, size_t trial, size_t row) FGF_CHECKED;
fgf_status fgf_store_adoption_finish(fgf_adoption *adoption) FGF_CHECKED;

/* Rows of /run that a file holds. */
fgf_status fgf_store_reader_run_count(fgf_store_reader *reader, size_t *count) FGF_CHECKED;

#endif
