/* Reading a dataset file. Nothing in it is believed before it is checked: every extent, type and
 * size is compared with what the others say, and with the file's own size, before memory is taken.
 */
#include <hdf5.h>

#include "dataset_reader.h"
#include "fgf/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static fgf_status read_channels(fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    const hsize_t count = (hsize_t)dataset->cohort.shape.channels, windows[2] = {count, 2};
    char names[FGF_CHANNELS_MAX][sizeof((fgf_channel *)0)->name];
    char units[FGF_CHANNELS_MAX][sizeof((fgf_channel *)0)->unit];
    double window[FGF_CHANNELS_MAX][2], slope[FGF_CHANNELS_MAX], intercept[FGF_CHANNELS_MAX];
    FGF_TRY(fgf_dataset_read_texts(dataset, "/channel/name", sizeof names[0], count, names[0]));
    FGF_TRY(fgf_dataset_read_texts(dataset, "/channel/unit", sizeof units[0], count, units[0]));
    FGF_TRY(
        fgf_dataset_read_values(dataset, "/channel/window", H5T_NATIVE_DOUBLE, 2, windows, window));
    FGF_TRY(
        fgf_dataset_read_values(dataset, "/channel/slope", H5T_NATIVE_DOUBLE, 1, &count, slope));
    FGF_TRY(fgf_dataset_read_values(dataset, "/channel/intercept", H5T_NATIVE_DOUBLE, 1, &count,
                                    intercept));
    for (hsize_t c = 0; c < count; c++) {
        fgf_channel *channel = &dataset->cohort.channel[c];
        memcpy(channel->name, names[c], sizeof names[c]);
        memcpy(channel->unit, units[c], sizeof units[c]);
        memcpy(channel->window, window[c], sizeof window[c]);
        channel->units.slope = slope[c];
        channel->units.intercept = intercept[c];
    }
done:
    return status;
}

/* The extents of /image decide the cohort's shape, so they are checked against all limits. */
static fgf_status read_shape(fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    hsize_t extent[H5S_MAX_RANK], chunk[5] = {0};
    hid_t space = -1, layout = -1, image = H5Dopen2(dataset->file, "/image", H5P_DEFAULT);
    double size = 1;
    if (image < 0)
        DAMAGED(dataset, "/image is missing");
    space = H5Dget_space(image);
    layout = H5Dget_create_plist(image);
    if (H5Sget_simple_extent_ndims(space) != 5 ||
        H5Sget_simple_extent_dims(space, extent, NULL) < 0)
        DAMAGED(dataset, "/image has not 5 axes");
    for (int a = 1; a < 5; a++) {
        size *= (double)extent[a];
        if (extent[a] < 1 || extent[a] > FGF_DATASET_EXTENT_MOST)
            DAMAGED(dataset, "axis %d of /image is %llu long", a, (unsigned long long)extent[a]);
    }
    /* Each case has a row of fixed-length texts in the file, so a file of so many is longer. */
    if (extent[1] > FGF_CHANNELS_MAX || size > FGF_DATASET_ELEMENTS_MOST || extent[0] < 1 ||
        extent[0] > dataset->file_bytes / FGF_CASE_ID)
        DAMAGED(dataset, "/image says %llu cases of %g values", (unsigned long long)extent[0],
                size);
    if (H5Pget_layout(layout) != H5D_CHUNKED || H5Pget_chunk(layout, 5, chunk) != 5 ||
        chunk[0] != 1 || memcmp(chunk + 1, extent + 1, 4 * sizeof *chunk) != 0)
        DAMAGED(dataset, "a chunk of /image is not one case");
    dataset->count = (size_t)extent[0];
    dataset->cohort.shape =
        (fgf_shape){(int)extent[1], (int)extent[2], (int)extent[3], (int)extent[4]};
done:
    if (layout >= 0)
        H5Pclose(layout);
    if (space >= 0)
        H5Sclose(space);
    if (image >= 0)
        H5Dclose(image);
    return status;
}

static fgf_status read_header(fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    char schema[64] = "";
    int version = 0, masked = 0;
    fgf_cohort *cohort = &dataset->cohort;
    FGF_TRY(fgf_dataset_read_text_attribute(dataset, "schema", schema, sizeof schema));
    if (strcmp(schema, FGF_DATASET_SCHEMA) != 0)
        FGF_FAIL(FGF_DATA, "%s: is a \"%s\" file, expected a dataset of fgf import or fgf phantom",
                 dataset->path, schema);
    FGF_TRY(fgf_dataset_read_attribute(dataset, "schema_version", H5T_NATIVE_INT, 1, &version));
    if (version != FGF_DATASET_VERSION)
        FGF_FAIL(FGF_DATA, "%s: dataset version %d, this program reads version %d; import it again",
                 dataset->path, version, FGF_DATASET_VERSION);
    FGF_TRY(fgf_dataset_read_text_attribute(dataset, "name", cohort->name, sizeof cohort->name));
    FGF_TRY(fgf_dataset_read_text_attribute(dataset, "hash", dataset->hash, sizeof dataset->hash));
    FGF_TRY(
        fgf_dataset_read_attribute(dataset, "spacing_mm", H5T_NATIVE_DOUBLE, 3, cohort->spacing));
    for (int a = 0; a < 3; a++)
        if (!(cohort->spacing[a] > 0 && cohort->spacing[a] < 1e6))
            DAMAGED(dataset, "spacing_mm[%d] is %g", a, cohort->spacing[a]);
    FGF_TRY(fgf_dataset_read_attribute(dataset, "masked", H5T_NATIVE_INT, 1, &masked));
    cohort->masked = masked != 0;
    FGF_TRY(fgf_dataset_read_text(dataset, "/origin", &dataset->origin));
    FGF_TRY(fgf_dataset_read_text(dataset, "/preprocessing", &dataset->preprocessing));
    cohort->preprocessing = dataset->preprocessing;
done:
    return status;
}

static fgf_status read_cases(fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    const hsize_t extent = dataset->count;
    char *values = NULL;
    hid_t type = -1;
    FGF_TRY(FGF_ALLOCATE(dataset->count, &dataset->cases));
    for (size_t k = 0; k < fgf_case_column_count; k++) {
        const case_column *column = &fgf_case_columns[k];
        char path[64];
        snprintf(path, sizeof path, "/case/%s", column->name);
        if (column->added && H5Lexists(dataset->file, path, H5P_DEFAULT) == 0) {
            for (size_t i = 0; i < dataset->count; i++)
                fgf_case_column_absent(column, &dataset->cases[i]);
            continue;
        }
        fgf_free(values);
        FGF_TRY(FGF_ALLOCATE(dataset->count * column->bytes, &values));
        if (column->element == CASE_TEXT) {
            FGF_TRY(fgf_dataset_read_texts(dataset, path, column->bytes, dataset->count, values));
        } else {
            type = fgf_case_column_type(column);
            FGF_TRY(fgf_dataset_read_values(dataset, path, type, 1, &extent, values));
            H5Tclose(type);
            type = -1;
        }
        for (size_t i = 0; i < dataset->count; i++)
            memcpy((char *)&dataset->cases[i] + column->offset, values + i * column->bytes,
                   column->bytes);
    }
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->cases[i].label < -1 || dataset->cases[i].label > 1)
            DAMAGED(dataset, "case %s has label %d", dataset->cases[i].id, dataset->cases[i].label);
    FGF_TRY(FGF_ALLOCATE(dataset->count * FGF_HASH_TEXT, &dataset->content_hashes));
    FGF_TRY(fgf_dataset_read_texts(dataset, "/case/content_hash", FGF_HASH_TEXT, dataset->count,
                                   dataset->content_hashes));
done:
    if (type >= 0)
        H5Tclose(type);
    fgf_free(values);
    return status;
}

static fgf_status read_excluded(fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    hsize_t extent = 0;
    hid_t space = -1, ids = H5Dopen2(dataset->file, "/excluded/id", H5P_DEFAULT);
    if (ids < 0)
        DAMAGED(dataset, "/excluded/id is missing");
    space = H5Dget_space(ids);
    if (H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &extent, NULL) < 0 ||
        extent > dataset->file_bytes / FGF_CASE_ID)
        DAMAGED(dataset, "/excluded/id has another extent");
    if (extent == 0)
        goto done;
    FGF_TRY(FGF_ALLOCATE(extent * FGF_CASE_ID, &dataset->excluded_ids));
    FGF_TRY(FGF_ALLOCATE(extent * FGF_EXCLUDED_REASON, &dataset->excluded_reasons));
    FGF_TRY(fgf_dataset_read_texts(dataset, "/excluded/id", FGF_CASE_ID, extent,
                                   dataset->excluded_ids));
    FGF_TRY(fgf_dataset_read_texts(dataset, "/excluded/reason", FGF_EXCLUDED_REASON, extent,
                                   dataset->excluded_reasons));
    dataset->excluded_count = extent;
done:
    if (space >= 0)
        H5Sclose(space);
    if (ids >= 0)
        H5Dclose(ids);
    return status;
}

/* Whether the file begins as a whole dataset file does. */
static fgf_status check_prefix(const fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    char expected[FGF_DATASET_PREFIX], found[FGF_DATASET_PREFIX] = {0};
    static const char name[] = FGF_DATASET_SCHEMA " ";
    FILE *file = fopen(dataset->path, "rb");
    if (!file)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be opened: %s", dataset->path, strerror(errno));
    const size_t count = fread(found, 1, sizeof found, file);
    fgf_dataset_prefix(dataset->file_bytes, expected);
    if (count < sizeof found || memcmp(found, name, sizeof name - 1) != 0)
        FGF_FAIL(FGF_DATA, "%s: not a dataset file of fgf import or fgf phantom", dataset->path);
    const long version = strtol(found + sizeof name - 1, NULL, 10);
    if (version != FGF_DATASET_VERSION)
        FGF_FAIL(FGF_DATA, "%s: dataset version %ld, this program reads version %d; make it again",
                 dataset->path, version, FGF_DATASET_VERSION);
    if (memcmp(found, expected, sizeof found) != 0)
        DAMAGED(dataset, "it is %zu bytes long, not as long as it was written",
                dataset->file_bytes);
done:
    if (file)
        fclose(file);
    return status;
}

static fgf_status open_file(fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    struct stat about;
    hid_t access = -1;
    if (stat(dataset->path, &about) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be opened: %s", dataset->path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        FGF_FAIL(FGF_DATA, "%s: is not a file", dataset->path);
    dataset->file_bytes = (size_t)about.st_size;
    FGF_TRY(check_prefix(dataset));
    access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    (void)H5Pset_file_locking(access, 0, 1);
#endif
    dataset->file = H5Fopen(dataset->path, H5F_ACC_RDONLY, access);
    if (dataset->file < 0) {
        char reason[120];
        fgf_hdf5_reason(reason, sizeof reason);
        DAMAGED(dataset, "HDF5 cannot open it (%s)", reason);
    }
done:
    if (access >= 0)
        H5Pclose(access);
    return status;
}

fgf_status fgf_dataset_open(const char *path, fgf_dataset **out)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    *out = NULL;
    fgf_hdf5_quiet();
    FGF_TRY(FGF_ALLOCATE(1, &dataset));
    dataset->file = dataset->image = dataset->mask = -1;
    FGF_TRY(fgf_copy_text(path, &dataset->path));
    FGF_TRY(open_file(dataset));
    FGF_TRY(read_header(dataset));
    FGF_TRY(read_shape(dataset));
    FGF_TRY(read_channels(dataset));
    FGF_TRY(read_cases(dataset));
    FGF_TRY(read_excluded(dataset));
    const fgf_shape s = dataset->cohort.shape;
    const hsize_t image[5] = {dataset->count, (hsize_t)s.channels, (hsize_t)s.depth,
                              (hsize_t)s.height, (hsize_t)s.width};
    const hsize_t mask[4] = {image[0], image[2], image[3], image[4]};
    FGF_TRY(fgf_dataset_open_values(dataset, "/image", H5T_FLOAT, 5, image, &dataset->image));
    FGF_TRY(fgf_dataset_open_values(dataset, "/mask", H5T_INTEGER, 4, mask, &dataset->mask));
    FGF_TRY(FGF_ALLOCATE(fgf_shape_size(s), &dataset->planar));
    *out = dataset;
    dataset = NULL;
done:
    fgf_dataset_close(&dataset);
    return status;
}

void fgf_dataset_close(fgf_dataset **out)
{
    fgf_dataset *dataset = *out;
    if (dataset) {
        if (dataset->image >= 0)
            H5Dclose(dataset->image);
        if (dataset->mask >= 0)
            H5Dclose(dataset->mask);
        if (dataset->file >= 0)
            H5Fclose(dataset->file);
        fgf_free(dataset->path);
        fgf_free(dataset->origin);
        fgf_free(dataset->preprocessing);
        fgf_free(dataset->cases);
        fgf_free(dataset->content_hashes);
        fgf_free(dataset->excluded_ids);
        fgf_free(dataset->excluded_reasons);
        fgf_free(dataset->planar);
        fgf_free(dataset);
    }
    *out = NULL;
}

const fgf_cohort *fgf_dataset_cohort(const fgf_dataset *dataset)
{
    return &dataset->cohort;
}

size_t fgf_dataset_case_count(const fgf_dataset *dataset)
{
    return dataset->count;
}

const fgf_case *fgf_dataset_case(const fgf_dataset *dataset, size_t index)
{
    return &dataset->cases[index];
}

const char *fgf_dataset_hash(const fgf_dataset *dataset)
{
    return dataset->hash;
}

const char *fgf_dataset_origin(const fgf_dataset *dataset)
{
    return dataset->origin;
}

size_t fgf_dataset_excluded_count(const fgf_dataset *dataset)
{
    return dataset->excluded_count;
}

void fgf_dataset_excluded(const fgf_dataset *dataset, size_t index, const char **id,
                          const char **reason)
{
    *id = dataset->excluded_ids + index * FGF_CASE_ID;
    *reason = dataset->excluded_reasons + index * FGF_EXCLUDED_REASON;
}

static fgf_status read_chunk(const fgf_dataset *dataset, hid_t values, hid_t type, int axes,
                             size_t index, void *out, const char *what)
{
    fgf_status status = FGF_OK;
    hsize_t extent[5], start[5] = {index};
    hid_t memory = -1, space = H5Dget_space(values);
    if (space < 0 || H5Sget_simple_extent_dims(space, extent, NULL) < 0)
        DAMAGED(dataset, "%s has no extent", what);
    extent[0] = 1;
    memory = H5Screate_simple(axes, extent, NULL);
    if (memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL) < 0 ||
        H5Dread(values, type, memory, space, H5P_DEFAULT, out) < 0)
        DAMAGED(dataset, "%s of case %s cannot be read", what, dataset->cases[index].id);
done:
    if (memory >= 0)
        H5Sclose(memory);
    if (space >= 0)
        H5Sclose(space);
    return status;
}

fgf_status fgf_dataset_read(const fgf_dataset *dataset, size_t index, fgf_real *x, uint8_t *mask)
{
    fgf_status status = FGF_OK;
    const fgf_shape s = dataset->cohort.shape;
    const size_t pixels = (size_t)fgf_shape_pixels(s), channels = (size_t)s.channels;
    if (index >= dataset->count)
        FGF_FAIL(FGF_INTERNAL, "%s: case %zu of %zu", dataset->path, index, dataset->count);
    if (x) {
        FGF_TRY(read_chunk(dataset, dataset->image, H5T_NATIVE_FLOAT, 5, index, dataset->planar,
                           "/image"));
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++)
                x[p * channels + c] = (fgf_real)dataset->planar[c * pixels + p];
    }
    if (mask)
        FGF_TRY(read_chunk(dataset, dataset->mask, H5T_NATIVE_UINT8, 4, index, mask, "/mask"));
done:
    return status;
}
