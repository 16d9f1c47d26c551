/* Writing a dataset file; the layout is in include/fgf/dataset.h.
 *
 * Filtered chunks can be written in parallel by collective transfers only, so every put is one, with
 * an empty selection on ranks that have no case. Everything small is written by rank 0 alone. */
#include <hdf5.h>

#include "dataset_file.h"
#include "fgf/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFLATE_LEVEL = 4 };

struct fgf_dataset_writer {
    char *path, *part; /* final name, name while writing */
    char *preprocessing;
    fgf_cohort cohort; /* its preprocessing is ours */
    fgf_group *group;
    bool parallel, created;
    size_t count;
    fgf_case_content *contents; /* [count as announced]; a rank fills the rows of its own cases */
    hid_t file, image, mask, transfer;
};

/* Where HDF5 refuses: which file, what was being done, and HDF5's own reason. */
#define TRY_HDF5(writer, call, what)                                                               \
    do {                                                                                           \
        if ((call) < 0) {                                                                          \
            char reason[160];                                                                      \
            fgf_hdf5_reason(reason, sizeof reason);                                                \
            FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot write %s: %s", (writer)->part, (what), reason);  \
        }                                                                                          \
    } while (0)

static fgf_status add_attribute_text(fgf_dataset_writer *writer, hid_t object, const char *name,
                                     const char *value)
{
    fgf_status status = FGF_OK;
    hid_t space = H5Screate(H5S_SCALAR), type = fgf_text_type(strlen(value) + 1);
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    TRY_HDF5(writer, attribute, name);
    TRY_HDF5(writer, H5Awrite(attribute, type, value), name);
done:
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
    return status;
}

static fgf_status add_attribute(fgf_dataset_writer *writer, const char *name, hid_t type,
                                hsize_t count, const void *values)
{
    fgf_status status = FGF_OK;
    hid_t space = count == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, NULL);
    hid_t attribute = H5Acreate2(writer->file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    TRY_HDF5(writer, attribute, name);
    TRY_HDF5(writer, H5Awrite(attribute, type, values), name);
done:
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Sclose(space);
    return status;
}

/* A small dataset of known values; all ranks create it, rank 0 writes it. rank 0 = a scalar. */
static fgf_status add_values(fgf_dataset_writer *writer, const char *path, hid_t type, int axes,
                             const hsize_t *extent, const void *values, const char *unit,
                             const char *long_name)
{
    fgf_status status = FGF_OK;
    hid_t space = axes == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(axes, extent, NULL);
    hid_t dataset =
        H5Dcreate2(writer->file, path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    TRY_HDF5(writer, dataset, path);
    FGF_TRY(add_attribute_text(writer, dataset, "units", unit));
    FGF_TRY(add_attribute_text(writer, dataset, "long_name", long_name));
    bool empty = false;
    for (int a = 0; a < axes; a++)
        empty |= extent[a] == 0;
    if (writer->group->rank == 0 && !empty)
        TRY_HDF5(writer, H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), path);
done:
    if (dataset >= 0)
        H5Dclose(dataset);
    H5Sclose(space);
    return status;
}

static fgf_status add_text(fgf_dataset_writer *writer, const char *path, const char *text,
                           const char *long_name)
{
    fgf_status status = FGF_OK;
    hid_t type = fgf_text_type(strlen(text) + 1);
    FGF_TRY(add_values(writer, path, type, 0, NULL, text, "", long_name));
done:
    H5Tclose(type);
    return status;
}

static hid_t add_group(fgf_dataset_writer *writer, const char *path)
{
    return H5Gcreate2(writer->file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

static fgf_status add_channels(fgf_dataset_writer *writer)
{
    fgf_status status = FGF_OK;
    const hsize_t count = (hsize_t)writer->cohort.shape.channels, windows[2] = {count, 2};
    char names[FGF_CHANNELS_MAX][sizeof((fgf_channel *)0)->name];
    char units[FGF_CHANNELS_MAX][sizeof((fgf_channel *)0)->unit];
    double window[FGF_CHANNELS_MAX][2], slope[FGF_CHANNELS_MAX], intercept[FGF_CHANNELS_MAX];
    hid_t name_type = fgf_text_type(sizeof names[0]), unit_type = fgf_text_type(sizeof units[0]);
    hid_t group = add_group(writer, "/channel");
    TRY_HDF5(writer, group, "/channel");
    memset(names, 0, sizeof names);
    memset(units, 0, sizeof units);
    for (hsize_t c = 0; c < count; c++) {
        const fgf_channel *channel = &writer->cohort.channel[c];
        snprintf(names[c], sizeof names[c], "%s", channel->name);
        snprintf(units[c], sizeof units[c], "%s", channel->unit);
        memcpy(window[c], channel->window, sizeof window[c]);
        slope[c] = channel->units.slope;
        intercept[c] = channel->units.intercept;
    }
    FGF_TRY(add_values(writer, "/channel/name", name_type, 1, &count, names, "", "channel name"));
    FGF_TRY(add_values(writer, "/channel/unit", unit_type, 1, &count, units, "",
                       "unit of the stored values"));
    FGF_TRY(add_values(writer, "/channel/window", H5T_NATIVE_DOUBLE, 2, windows, window,
                       "channel unit", "stored values that became 0 and 1"));
    FGF_TRY(add_values(writer, "/channel/slope", H5T_NATIVE_DOUBLE, 1, &count, slope,
                       "channel unit", "stored value = slope * x + intercept"));
    FGF_TRY(add_values(writer, "/channel/intercept", H5T_NATIVE_DOUBLE, 1, &count, intercept,
                       "channel unit", "stored value = slope * x + intercept"));
done:
    if (group >= 0)
        H5Gclose(group);
    H5Tclose(name_type);
    H5Tclose(unit_type);
    return status;
}

/* /image or /mask: one case a chunk, compressed, with a checksum. */
static fgf_status add_cases(fgf_dataset_writer *writer, const char *path, hid_t type, int axes,
                            const hsize_t *extent, const char *axis_names, const char *long_name,
                            hid_t *out)
{
    fgf_status status = FGF_OK;
    hsize_t chunk[5];
    memcpy(chunk, extent, (size_t)axes * sizeof *chunk);
    chunk[0] = 1;
    hid_t space = H5Screate_simple(axes, extent, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    TRY_HDF5(writer, H5Pset_chunk(layout, axes, chunk), path);
    TRY_HDF5(writer, H5Pset_shuffle(layout), path);
    TRY_HDF5(writer, H5Pset_deflate(layout, DEFLATE_LEVEL), path);
    TRY_HDF5(writer, H5Pset_fletcher32(layout), path);
    *out = H5Dcreate2(writer->file, path, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    TRY_HDF5(writer, *out, path);
    FGF_TRY(add_attribute_text(writer, *out, "units", "1"));
    FGF_TRY(add_attribute_text(writer, *out, "long_name", long_name));
    FGF_TRY(add_attribute_text(writer, *out, "axes", axis_names));
done:
    H5Pclose(layout);
    H5Sclose(space);
    return status;
}

static fgf_status add_layout(fgf_dataset_writer *writer, const char *origin)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = &writer->cohort;
    const fgf_shape s = cohort->shape;
    const hsize_t image[5] = {(hsize_t)writer->count, (hsize_t)s.channels, (hsize_t)s.depth,
                              (hsize_t)s.height, (hsize_t)s.width};
    const hsize_t mask[4] = {image[0], image[2], image[3], image[4]};
    const int version = FGF_DATASET_VERSION, masked = cohort->masked;
    FGF_TRY(add_attribute_text(writer, writer->file, "schema", FGF_DATASET_SCHEMA));
    FGF_TRY(add_attribute(writer, "schema_version", H5T_NATIVE_INT, 0, &version));
    FGF_TRY(add_attribute_text(writer, writer->file, "name", cohort->name));
    FGF_TRY(add_attribute(writer, "spacing_mm", H5T_NATIVE_DOUBLE, 3, cohort->spacing));
    FGF_TRY(add_attribute(writer, "masked", H5T_NATIVE_INT, 0, &masked));
    FGF_TRY(add_text(writer, "/origin", origin, "what the file was made from, as given"));
    FGF_TRY(add_text(writer, "/preprocessing", cohort->preprocessing,
                     "what was done to the images; equal texts: comparable cohorts"));
    FGF_TRY(add_channels(writer));
    FGF_TRY(add_cases(writer, "/image", H5T_IEEE_F32LE, 5, image,
                      "case, channel, depth, height, width", "image with its window as [0, 1]",
                      &writer->image));
    FGF_TRY(add_cases(writer, "/mask", H5T_STD_U8LE, 4, mask, "case, depth, height, width",
                      "region Omega: not 0 inside", &writer->mask));
done:
    return status;
}

static fgf_status create_file(fgf_dataset_writer *writer, int64_t access_list)
{
    fgf_status status = FGF_OK;
    hid_t access = access_list ? H5Pcopy((hid_t)access_list) : H5Pcreate(H5P_FILE_ACCESS);
    TRY_HDF5(writer, access, "the file");
    TRY_HDF5(writer, H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "the file");
#if H5_VERSION_GE(1, 10, 7)
    TRY_HDF5(writer, H5Pset_file_locking(access, 0, 1), "the file");
#endif
    writer->transfer = H5Pcreate(H5P_DATASET_XFER);
#ifdef H5_HAVE_PARALLEL
    if (writer->parallel)
        TRY_HDF5(writer, H5Pset_dxpl_mpio(writer->transfer, H5FD_MPIO_COLLECTIVE), "the file");
#endif
    writer->file = H5Fcreate(writer->part, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    TRY_HDF5(writer, writer->file, "the file (is its folder there and writable?)");
done:
    if (access >= 0)
        H5Pclose(access);
    return status;
}

static fgf_status check_cohort(const fgf_cohort *cohort, size_t count, const char *path)
{
    fgf_status status = FGF_OK;
    const fgf_shape s = cohort->shape;
    if (count == 0)
        FGF_FAIL(FGF_DATA, "%s: there is no case to write", path);
    if (s.channels < 1 || s.channels > FGF_CHANNELS_MAX || s.depth < 1 || s.height < 1 ||
        s.width < 1 || s.depth > FGF_DATASET_EXTENT_MOST || s.height > FGF_DATASET_EXTENT_MOST ||
        s.width > FGF_DATASET_EXTENT_MOST ||
        (double)s.depth * s.height * s.width * s.channels > FGF_DATASET_ELEMENTS_MOST)
        FGF_FAIL(FGF_DATA, "%s: a case of %d channels x %d x %d x %d cannot be stored", path,
                 s.channels, s.depth, s.height, s.width);
done:
    return status;
}

static fgf_status start_writer(fgf_dataset_writer *writer, const char *path,
                               const fgf_cohort *cohort, size_t count)
{
    fgf_status status = FGF_OK;
    fgf_buffer part = {0};
    FGF_TRY(check_cohort(cohort, count, path));
    FGF_TRY(fgf_copy_text(path, &writer->path));
    fgf_buffer_add(&part, "%s.part", path);
    FGF_TRY(part.status);
    FGF_TRY(fgf_copy_text(part.text, &writer->part));
    FGF_TRY(fgf_copy_text(cohort->preprocessing ? cohort->preprocessing : "",
                          &writer->preprocessing));
    FGF_TRY(FGF_ALLOCATE(count, &writer->contents));
    writer->cohort = *cohort;
    writer->cohort.preprocessing = writer->preprocessing;
    writer->count = count;
done:
    fgf_buffer_clear(&part);
    return status;
}

fgf_status fgf_dataset_writer_create(const char *path, const fgf_cohort *cohort, size_t count,
                                     const char *origin, int64_t access_list, fgf_group *group,
                                     fgf_dataset_writer **out)
{
    fgf_status status = FGF_OK;
    fgf_dataset_writer *writer = NULL;
    *out = NULL;
    if (!group)
        group = fgf_group_serial();
    fgf_hdf5_quiet();
    status = FGF_ALLOCATE(1, &writer);
    if (status == FGF_OK) {
        writer->file = writer->image = writer->mask = writer->transfer = -1;
        writer->group = group;
        writer->parallel = access_list != 0;
        status = start_writer(writer, path, cohort, count);
    }
    FGF_TRY(fgf_group_agree(group, status));
    status = create_file(writer, access_list);
    writer->created = writer->file >= 0;
    FGF_TRY(fgf_group_agree(group, status));
    status = add_layout(writer, origin ? origin : "");
    FGF_TRY(fgf_group_agree(group, status));
    *out = writer;
    writer = NULL;
done:
    fgf_dataset_writer_destroy(&writer);
    return status;
}

/* One case of /image or /mask, or nothing, as one transfer. */
static fgf_status write_case(fgf_dataset_writer *writer, hid_t dataset, hid_t type, int axes,
                             size_t index, const void *values, const char *what)
{
    fgf_status status = FGF_OK;
    hsize_t extent[5], start[5] = {0};
    hid_t file_space = H5Dget_space(dataset), memory_space = -1;
    TRY_HDF5(writer, H5Sget_simple_extent_dims(file_space, extent, NULL), what);
    extent[0] = 1;
    memory_space = H5Screate_simple(axes, extent, NULL);
    TRY_HDF5(writer, memory_space, what);
    if (index == SIZE_MAX) {
        TRY_HDF5(writer, H5Sselect_none(file_space), what);
        TRY_HDF5(writer, H5Sselect_none(memory_space), what);
    } else {
        start[0] = index;
        TRY_HDF5(writer,
                 H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, extent, NULL), what);
    }
    /* HDF5 wants an address even for an empty selection. */
    const char nothing = 0;
    TRY_HDF5(writer,
             H5Dwrite(dataset, type, memory_space, file_space, writer->transfer,
                      values ? values : &nothing),
             what);
done:
    if (memory_space >= 0)
        H5Sclose(memory_space);
    if (file_space >= 0)
        H5Sclose(file_space);
    return status;
}

/* What can fail on one rank alone, before the collective part. */
static fgf_status check_put(fgf_dataset_writer *writer, size_t index, const float *image,
                            const uint8_t *mask)
{
    fgf_status status = FGF_OK;
    if (index == SIZE_MAX)
        goto done;
    if (index >= writer->count || writer->contents[index].hash[0])
        FGF_FAIL(FGF_INTERNAL, "%s: case %zu of %zu written twice or out of range", writer->part,
                 index, writer->count);
    FGF_TRY(fgf_case_content_of(writer->cohort.shape, image, mask, &writer->contents[index]));
done:
    return status;
}

fgf_status fgf_dataset_writer_put(fgf_dataset_writer *writer, size_t index, const float *image,
                                  const uint8_t *mask)
{
    fgf_status status = FGF_OK;
    if (index == SIZE_MAX && !writer->parallel && writer->group->size == 1)
        return FGF_OK;
    FGF_TRY(fgf_group_agree(writer->group, check_put(writer, index, image, mask)));
    status = write_case(writer, writer->image, H5T_NATIVE_FLOAT, 5, index, image, "/image");
    FGF_TRY(fgf_group_agree(writer->group, status));
    status = write_case(writer, writer->mask, H5T_NATIVE_UINT8, 4, index, mask, "/mask");
    FGF_TRY(fgf_group_agree(writer->group, status));
done:
    return status;
}

fgf_status fgf_dataset_writer_limit(fgf_dataset_writer *writer, size_t count)
{
    fgf_status status = FGF_OK;
    const fgf_shape s = writer->cohort.shape;
    hsize_t image[5] = {count,           (hsize_t)s.channels, (hsize_t)s.depth,
                        (hsize_t)s.height, (hsize_t)s.width};
    hsize_t mask[4] = {count, image[2], image[3], image[4]};
    if (count == writer->count)
        goto done;
    if (count == 0 || count > writer->count)
        FGF_FAIL(FGF_INTERNAL, "%s: %zu of %zu cases asked for", writer->part, count,
                 writer->count);
    TRY_HDF5(writer, H5Dset_extent(writer->image, image), "/image");
    TRY_HDF5(writer, H5Dset_extent(writer->mask, mask), "/mask");
    writer->count = count;
done:
    return fgf_group_agree(writer->group, status);
}

static fgf_status add_case_table(fgf_dataset_writer *writer, const fgf_case *cases)
{
    fgf_status status = FGF_OK;
    const hsize_t count = writer->count;
    char *values = NULL;
    hid_t type = -1, group = add_group(writer, "/case");
    TRY_HDF5(writer, group, "/case");
    for (size_t k = 0; k < fgf_case_column_count; k++) {
        const case_column *column = &fgf_case_columns[k];
        char path[64];
        snprintf(path, sizeof path, "/case/%s", column->name);
        fgf_free(values);
        FGF_TRY(FGF_ALLOCATE(writer->count * column->bytes, &values));
        for (size_t i = 0; i < writer->count; i++)
            memcpy(values + i * column->bytes, (const char *)&cases[i] + column->offset,
                   column->bytes);
        type = fgf_case_column_type(column);
        FGF_TRY(add_values(writer, path, type, 1, &count, values, column->unit,
                           column->long_name));
        H5Tclose(type);
        type = -1;
    }
    fgf_free(values);
    FGF_TRY(FGF_ALLOCATE(writer->count * FGF_HASH_TEXT, &values));
    for (size_t i = 0; i < writer->count; i++)
        memcpy(values + i * FGF_HASH_TEXT, writer->contents[i].hash, FGF_HASH_TEXT);
    type = fgf_text_type(FGF_HASH_TEXT);
    FGF_TRY(add_values(writer, "/case/content_hash", type, 1, &count, values, "",
                       "XXH3 hash of the case's image and mask"));
done:
    if (type >= 0)
        H5Tclose(type);
    if (group >= 0)
        H5Gclose(group);
    fgf_free(values);
    return status;
}

static fgf_status add_text_column(fgf_dataset_writer *writer, const char *path, size_t bytes,
                                  size_t count, const char *const *texts, const char *long_name)
{
    fgf_status status = FGF_OK;
    const hsize_t extent = count;
    char *values = NULL;
    hid_t type = fgf_text_type(bytes);
    FGF_TRY(FGF_ALLOCATE(count * bytes, &values));
    for (size_t i = 0; i < count; i++)
        snprintf(values + i * bytes, bytes, "%s", texts[i]);
    FGF_TRY(add_values(writer, path, type, 1, &extent, values, "", long_name));
done:
    H5Tclose(type);
    fgf_free(values);
    return status;
}

static fgf_status add_excluded(fgf_dataset_writer *writer, size_t count, const char *const *ids,
                               const char *const *reasons)
{
    fgf_status status = FGF_OK;
    hid_t group = add_group(writer, "/excluded");
    TRY_HDF5(writer, group, "/excluded");
    FGF_TRY(add_text_column(writer, "/excluded/id", FGF_CASE_ID, count, ids, "case id"));
    FGF_TRY(add_text_column(writer, "/excluded/reason", FGF_EXCLUDED_REASON, count, reasons,
                            "why the case is not in the cohort"));
done:
    if (group >= 0)
        H5Gclose(group);
    return status;
}

static fgf_status close_file(fgf_dataset_writer *writer)
{
    fgf_status status = FGF_OK;
    hid_t image = writer->image, mask = writer->mask, file = writer->file;
    writer->image = writer->mask = writer->file = -1;
    herr_t worst = 0;
    if (image >= 0)
        worst |= H5Dclose(image);
    if (mask >= 0)
        worst |= H5Dclose(mask);
    if (file >= 0)
        worst |= H5Fclose(file);
    TRY_HDF5(writer, worst, "the end of the file");
done:
    return status;
}

static fgf_status sync_path(const char *path, int flags)
{
    fgf_status status = FGF_OK;
    int file = open(path, flags);
    if (file < 0 || fsync(file) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be synced to disk: %s", path, strerror(errno));
done:
    if (file >= 0)
        close(file);
    return status;
}

/* The file under its final name, whole or not at all, whatever happens to the machine. */
static fgf_status publish(fgf_dataset_writer *writer)
{
    fgf_status status = FGF_OK;
    char *folder = NULL;
    FGF_TRY(fgf_copy_text(writer->path, &folder));
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    FGF_TRY(sync_path(writer->part, O_RDWR));
    if (rename(writer->part, writer->path) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be renamed to %s: %s", writer->part, writer->path,
                 strerror(errno));
    FGF_TRY(sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY));
done:
    fgf_free(folder);
    return status;
}

/* The rows of all ranks, and a copy of the cases with their masks' sizes. */
static fgf_status gather_contents(fgf_dataset_writer *writer, const fgf_case *cases,
                                  fgf_case **out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_group_merge(writer->group, writer->contents,
                            writer->count * sizeof *writer->contents));
    FGF_TRY(FGF_ALLOCATE(writer->count, out));
    for (size_t i = 0; i < writer->count; i++) {
        if (!writer->contents[i].hash[0])
            FGF_FAIL(FGF_INTERNAL, "%s: case %zu (%s) was never written", writer->part, i,
                     cases[i].id);
        (*out)[i] = cases[i];
        (*out)[i].mask_pixels = writer->contents[i].mask_pixels;
    }
done:
    return status;
}

fgf_status fgf_dataset_writer_finish(fgf_dataset_writer *writer, const fgf_case *cases,
                                     size_t excluded, const char *const *excluded_id,
                                     const char *const *excluded_reason)
{
    fgf_status status = FGF_OK;
    fgf_case *counted = NULL;
    fgf_hash hash;
    status = gather_contents(writer, cases, &counted);
    if (status == FGF_OK)
        status = fgf_dataset_content_hash(&writer->cohort, counted, writer->contents,
                                          writer->count, &hash);
    FGF_TRY(fgf_group_agree(writer->group, status));
    status = add_case_table(writer, counted);
    FGF_TRY(fgf_group_agree(writer->group, status));
    status = add_excluded(writer, excluded, excluded_id, excluded_reason);
    if (status == FGF_OK)
        status = add_attribute_text(writer, writer->file, "hash", hash.text);
    FGF_TRY(fgf_group_agree(writer->group, status));
    FGF_TRY(fgf_group_agree(writer->group, close_file(writer)));
    if (writer->group->rank == 0)
        status = publish(writer);
    FGF_TRY(fgf_group_agree(writer->group, status));
    writer->created = false;
done:
    fgf_free(counted);
    return status;
}

void fgf_dataset_writer_destroy(fgf_dataset_writer **out)
{
    fgf_dataset_writer *writer = *out;
    if (writer) {
        /* The error that led here is the one to keep. */
        fgf_error error = *fgf_last_error();
        (void)!close_file(writer);
        if (writer->transfer >= 0)
            H5Pclose(writer->transfer);
        if (writer->created && writer->group->rank == 0)
            (void)unlink(writer->part);
        fgf_adopt_error(&error);
        fgf_free(writer->path);
        fgf_free(writer->part);
        fgf_free(writer->preprocessing);
        fgf_free(writer->contents);
        fgf_free(writer);
    }
    *out = NULL;
}
