#include "image.h"

#include "child.h"
#include "disk.h"
#include "element.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const image_axis_scale[FGF_AXIS_COUNT] = {
    FGF_SCALE_CASE, FGF_SCALE_FEATURE, FGF_SCALE_NOISE, FGF_SCALE_DRAW, FGF_SCALE_EPOCH};
const char *const image_axis_name[FGF_AXIS_COUNT] = {"case", "feature", "noise", "draw", "epoch"};

enum {
    ANY = -1,
    OPENINGS_MOST = 16,
    PROBE_SECONDS = 60 /* after which a damaged file has led libhdf5 into a loop */
};

/* A dataset that must be there; element_size 0 and extents ANY fit whatever there is. */
static fgf_status require(const store_image *image, const char *path, fgf_element type,
                          size_t element_size, int rank, long first, long second,
                          const catalog_entry **out)
{
    fgf_status status = FGF_OK;
    const catalog_entry *entry = catalog_find(&image->catalog, path);
    *out = entry;
    if (!entry)
        FGF_FAIL(FGF_DATA, "%s is no results file: it has no dataset %s", image->path, path);
    bool fits = entry->type == type && entry->rank == rank &&
                (element_size == 0 || entry->element_bytes == element_size) &&
                (rank < 1 || first == ANY || entry->extent[0] == (size_t)first) &&
                (rank < 2 || second == ANY || entry->extent[1] == (size_t)second);
    if (!fits)
        FGF_FAIL(FGF_DATA, "%s is damaged: dataset %s has another type or shape than ours",
                 image->path, path);
done:
    return status;
}

fgf_status image_read_all(const store_image *image, const catalog_entry *entry, void **out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_allocate_bytes(entry->bytes, 1, out));
    FGF_TRY(disk_read(image->descriptor, image->path, *out, entry->bytes, entry->offset));
done:
    return status;
}

/* Reads a dataset [trial] of hashes; the texts end in zeros whatever the file says. */
static fgf_status read_hashes(const store_image *image, const char *path, long count, size_t *found,
                              fgf_hash **out)
{
    fgf_status status = FGF_OK;
    const catalog_entry *entry = NULL;
    void *data = NULL;
    FGF_TRY(require(image, path, FGF_TEXT, FGF_HASH_TEXT, 1, count, ANY, &entry));
    FGF_TRY(image_read_all(image, entry, &data));
    *out = data;
    *found = entry->extent[0];
    for (size_t i = 0; i < *found; i++)
        (*out)[i].text[FGF_HASH_TEXT - 1] = 0;
done:
    return status;
}

static fgf_status open_trials(store_image *image)
{
    fgf_status status = FGF_OK;
    size_t count = 0;
    const struct {
        const char *path;
        fgf_element type;
        size_t bytes;
        uint64_t *offset;
    } own[] = {{PATH_STATUS, FGF_I8, 0, &image->status_offset},
               {PATH_CHECKSUM, FGF_I64, 0, &image->checksum_offset},
               {PATH_SEAL, FGF_I64, 0, &image->seal_offset},
               {PATH_CRASHES, FGF_I8, 0, &image->crashes_offset},
               {PATH_COMMITTED, FGF_F64, 0, &image->head_offset[0]},
               {PATH_RUN, FGF_I32, 0, &image->head_offset[1]},
               {PATH_WEIGHTS_ROW, FGF_I32, 0, &image->head_offset[2]},
               {PATH_ERROR, FGF_TEXT, FGF_ERROR_TEXT, &image->head_offset[3]}};
    FGF_TRY(read_hashes(image, FGF_SCALE_TRIAL, ANY, &image->trial_count, &image->ids));
    FGF_TRY(read_hashes(image, PATH_ARCHITECTURE, (long)image->trial_count, &count,
                        &image->architectures));
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const catalog_entry *entry = NULL;
        FGF_TRY(require(image, own[i].path, own[i].type, own[i].bytes, 1, (long)image->trial_count,
                        ANY, &entry));
        *own[i].offset = entry->offset;
    }
done:
    return status;
}

/* Finds each trial's place for weights: its row of /model/<architecture>/weights. */
static fgf_status open_weights(store_image *image)
{
    fgf_status status = FGF_OK;
    const catalog_entry *entry = NULL;
    int32_t *rows = NULL;
    size_t longest = 0;
    FGF_TRY(require(image, PATH_LAYOUT_WEIGHTS_ROW, FGF_I32, 0, 1, (long)image->trial_count, ANY,
                    &entry));
    FGF_TRY(image_read_all(image, entry, (void **)&rows));
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &image->weights));
    for (size_t t = 0; t < image->trial_count; t++) {
        char path[FGF_HASH_TEXT + 32];
        image->weights[t].row = -1;
        if (rows[t] < 0)
            continue;
        snprintf(path, sizeof path, "/model/%s/weights", image->architectures[t].text);
        /* Trials of one architecture mostly stand together: look again only where it changes. */
        if (t == 0 || strcmp(entry->path, path) != 0)
            FGF_TRY(require(image, path, FGF_F32, 0, 2, ANY, ANY, &entry));
        if ((size_t)rows[t] >= entry->extent[0])
            FGF_FAIL(FGF_DATA, "%s is damaged: trial %zu has its weights outside %s", image->path,
                     t, path);
        size_t bytes = entry->extent[1] * sizeof(float);
        image->weights[t] = (image_weights){
            .offset = entry->offset + (size_t)rows[t] * bytes, .bytes = bytes, .row = rows[t]};
        longest = bytes > longest ? bytes : longest;
    }
    image->block_bytes = image->fixed_bytes + longest;
done:
    fgf_free(rows);
    return status;
}

/* One column: its dataset must have the extents that its axes have. */
static fgf_status open_column(store_image *image, const char *path, const int8_t *axes,
                              const int64_t *asked, image_column *column)
{
    fgf_status status = FGF_OK;
    const catalog_entry *entry = catalog_find(&image->catalog, path);
    if (!entry || entry->rank < 1 || entry->extent[0] != image->trial_count)
        FGF_FAIL(FGF_DATA, "%s is damaged: column %.200s is missing or has another shape",
                 image->path, path);
    column->about = (fgf_column){.path = entry->path,
                                 .type = entry->type,
                                 .text_bytes = entry->type == FGF_TEXT ? entry->element_bytes : 0,
                                 .axis_count = entry->rank - 1,
                                 .unit = entry->unit,
                                 .long_name = entry->long_name};
    column->element_bytes = column->row_bytes = entry->element_bytes;
    column->offset = entry->offset;
    for (int i = 0; i < entry->rank - 1; i++) {
        if (axes[i] < 0 || axes[i] >= FGF_AXIS_COUNT ||
            image->axis_length[axes[i]] != entry->extent[i + 1])
            FGF_FAIL(FGF_DATA, "%s is damaged: axis %d of column %s does not fit the layout",
                     image->path, i + 1, path);
        column->about.axes[i] = (fgf_axis)axes[i];
        column->extent[i] = entry->extent[i + 1];
        column->asked[i] = (size_t)asked[axes[i]];
        column->row_bytes *= column->extent[i];
    }
done:
    return status;
}

/* Each column's place in a row block: those of one value come first. */
static void place_columns(store_image *image)
{
    image->fixed_bytes = sizeof(image_head);
    for (int arrays = 0; arrays <= 1; arrays++) {
        for (size_t c = 0; c < image->column_count; c++) {
            image_column *column = &image->columns[c];
            if ((column->about.axis_count > 0) != (arrays == 1))
                continue;
            column->row_offset = image->fixed_bytes;
            image->fixed_bytes += column->row_bytes;
        }
        if (!arrays)
            image->small_bytes = image->fixed_bytes;
    }
}

static fgf_status open_columns(store_image *image)
{
    fgf_status status = FGF_OK;
    const catalog_entry *names = NULL, *entry = NULL;
    char *paths = NULL;
    int8_t *axes = NULL, *is_volatile = NULL;
    int64_t *lengths = NULL;
    FGF_TRY(require(image, PATH_LAYOUT_COLUMN, FGF_TEXT, 0, 1, ANY, ANY, &names));
    long count = (long)names->extent[0];
    FGF_TRY(image_read_all(image, names, (void **)&paths));
    FGF_TRY(require(image, PATH_LAYOUT_AXES, FGF_I8, 0, 2, count, FGF_COLUMN_AXES, &entry));
    FGF_TRY(image_read_all(image, entry, (void **)&axes));
    FGF_TRY(require(image, PATH_LAYOUT_VOLATILE, FGF_I8, 0, 1, count, ANY, &entry));
    FGF_TRY(image_read_all(image, entry, (void **)&is_volatile));
    FGF_TRY(require(image, PATH_LAYOUT_LENGTH, FGF_I64, 0, 2, 2, FGF_AXIS_COUNT, &entry));
    FGF_TRY(image_read_all(image, entry, (void **)&lengths));
    for (int a = 0; a < FGF_AXIS_COUNT; a++) {
        if (lengths[a] < 0 || lengths[a] > lengths[FGF_AXIS_COUNT + a])
            FGF_FAIL(FGF_DATA, "%s is damaged: %s holds an impossible length", image->path,
                     PATH_LAYOUT_LENGTH);
        image->axis_length[a] = (size_t)lengths[FGF_AXIS_COUNT + a];
    }
    FGF_TRY(FGF_ALLOCATE(count, &image->columns));
    image->column_count = (size_t)count;
    for (size_t c = 0; c < image->column_count; c++) {
        image_column *column = &image->columns[c];
        char *path = paths + c * names->element_bytes;
        path[names->element_bytes - 1] = 0;
        FGF_TRY(open_column(image, path, axes + c * FGF_COLUMN_AXES, lengths, column));
        column->about.volatile_value = is_volatile[c] != 0;
    }
    place_columns(image);
done:
    fgf_free(paths);
    fgf_free(axes);
    fgf_free(is_volatile);
    fgf_free(lengths);
    return status;
}

static fgf_status open_runs(store_image *image)
{
    fgf_status status = FGF_OK;
    const catalog_entry *entry = NULL;
    FGF_TRY(require(image, PATH_RUN_NUMBER, FGF_I32, 0, 1, ANY, ANY, &entry));
    image->run_capacity = entry->extent[0];
    for (int c = 0; c < RUN_COLUMNS; c++) {
        const run_column *column = &image_run_columns[c];
        FGF_TRY(require(image, column->path, column->type, column->text_bytes, 1,
                        (long)image->run_capacity, ANY, &entry));
        image->run_offsets[c] = entry->offset;
    }
done:
    return status;
}

/* Files of another arrangement say so, or lack the attribute: the first one had none. */
static fgf_status check_version(const store_image *image)
{
    fgf_status status = FGF_OK;
    const char *there = catalog_attribute_text(&image->catalog, STORE_VERSION_NAME);
    const char *program = catalog_attribute_text(&image->catalog, "fgf_version");
    const bool ours = catalog_attribute_text(&image->catalog, "layout_hash") != NULL;
    if (ours && strcmp(there ? there : "1", STORE_VERSION) != 0)
        FGF_FAIL(FGF_DATA,
                 "%s is a results file of version %.20s, written by fgf %.40s; this fgf reads and "
                 "writes version " STORE_VERSION ": use the fgf it was made with, or another file",
                 image->path, there ? there : "1", program ? program : "of an unknown version");
done:
    return status;
}

static fgf_status open_parts(const char *path, bool writable, store_image *out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(catalog_read(path, &out->catalog));
    FGF_TRY(check_version(out));
    FGF_TRY(disk_open(path, writable, &out->descriptor));
done:
    return status;
}

/* All parts are of one file, though a job that starts may put a new one in its place just then:
 * what was read of both, or failed over it, does not count. */
static fgf_status open_file(const char *path, bool writable, store_image *out)
{
    fgf_status status = FGF_OK;
    struct stat before, after;
    bool replaced = true;
    for (int tries = 0; replaced && tries < OPENINGS_MOST; tries++) {
        catalog_clear(&out->catalog);
        disk_close(&out->descriptor);
        const bool there = stat(path, &before) == 0;
        status = open_parts(path, writable, out);
        replaced = there && stat(path, &after) == 0 &&
                   (before.st_ino != after.st_ino || before.st_dev != after.st_dev);
    }
    FGF_TRY(status);
    if (replaced)
        FGF_FAIL(FGF_ENVIRONMENT, "%s is replaced again and again while it is opened", path);
done:
    return status;
}

fgf_status image_open(const char *path, bool writable, store_image *out)
{
    fgf_status status = FGF_OK;
    *out = (store_image){.descriptor = -1};
    FGF_TRY(fgf_copy_text(path, &out->path));
    FGF_TRY(open_file(path, writable, out));
    FGF_TRY(open_trials(out));
    FGF_TRY(open_columns(out));
    FGF_TRY(open_weights(out));
    FGF_TRY(open_runs(out));
done:
    if (status != FGF_OK)
        image_close(out);
    return status;
}

static fgf_status open_once(void *path)
{
    store_image found;
    return image_open(path, false, &found);
}

fgf_status image_probe(const char *path)
{
    fgf_status status = FGF_OK;
    child_end end;
    char *copy = NULL;
    FGF_TRY(fgf_copy_text(path, &copy));
    FGF_TRY(run_in_child(open_once, copy, PROBE_SECONDS, &end));
    if (end == CHILD_KILLED)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot read %s: the process that examines it was killed", path);
    if (end != CHILD_ANSWERED)
        FGF_FAIL(FGF_DATA, "%s is damaged: the HDF5 library %s on it", path,
                 end == CHILD_TIMED_OUT ? "does not come to an end" : "crashes");
done:
    fgf_free(copy);
    return status;
}

void image_close(store_image *image)
{
    disk_close(&image->descriptor);
    catalog_clear(&image->catalog);
    fgf_free(image->path);
    fgf_free(image->ids);
    fgf_free(image->architectures);
    fgf_free(image->weights);
    fgf_free(image->columns);
    memset(image, 0, sizeof *image);
    image->descriptor = -1;
}
