/* The objects of a dataset file. */
#include <hdf5.h>

#include "dataset_writer.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

fgf_status fgf_dataset_add_text_attribute(fgf_dataset_writer *writer, hid_t object,
                                          const char *name, const char *value)
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

/* Objects without the time of their making: equal cohorts are equal files. */
static hid_t timeless(void)
{
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    (void)H5Pset_obj_track_times(layout, false);
    return layout;
}

/* A small dataset of known values. axes 0 = a scalar. */
static fgf_status add_values(fgf_dataset_writer *writer, const char *path, hid_t type, int axes,
                             const hsize_t *extent, const void *values, const char *unit,
                             const char *long_name)
{
    fgf_status status = FGF_OK;
    hid_t space = axes == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(axes, extent, NULL);
    hid_t layout = timeless();
    hid_t dataset = H5Dcreate2(writer->file, path, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    TRY_HDF5(writer, dataset, path);
    FGF_TRY(fgf_dataset_add_text_attribute(writer, dataset, "units", unit));
    FGF_TRY(fgf_dataset_add_text_attribute(writer, dataset, "long_name", long_name));
    bool empty = false;
    for (int a = 0; a < axes; a++)
        empty |= extent[a] == 0;
    if (!empty)
        TRY_HDF5(writer, H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), path);
done:
    if (dataset >= 0)
        H5Dclose(dataset);
    H5Pclose(layout);
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

/* /image or /mask. */
static fgf_status add_cases(fgf_dataset_writer *writer, const char *path, hid_t type, int axes,
                            const hsize_t *extent, const char *axis_names, const char *long_name,
                            hid_t *out)
{
    fgf_status status = FGF_OK;
    hid_t space = H5Screate_simple(axes, extent, NULL);
    hid_t layout = fgf_dataset_case_layout(axes, extent);
    TRY_HDF5(writer, layout, path);
    *out = H5Dcreate2(writer->file, path, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    TRY_HDF5(writer, *out, path);
    FGF_TRY(fgf_dataset_add_text_attribute(writer, *out, "units", "1"));
    FGF_TRY(fgf_dataset_add_text_attribute(writer, *out, "long_name", long_name));
    FGF_TRY(fgf_dataset_add_text_attribute(writer, *out, "axes", axis_names));
done:
    if (layout >= 0)
        H5Pclose(layout);
    H5Sclose(space);
    return status;
}

fgf_status fgf_dataset_add_layout(fgf_dataset_writer *writer, const char *origin)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = &writer->cohort;
    const fgf_shape s = cohort->shape;
    const hsize_t image[5] = {(hsize_t)writer->count, (hsize_t)s.channels, (hsize_t)s.depth,
                              (hsize_t)s.height, (hsize_t)s.width};
    const hsize_t mask[4] = {image[0], image[2], image[3], image[4]};
    const int version = FGF_DATASET_VERSION, masked = cohort->masked;
    FGF_TRY(fgf_dataset_add_text_attribute(writer, writer->file, "schema", FGF_DATASET_SCHEMA));
    FGF_TRY(add_attribute(writer, "schema_version", H5T_NATIVE_INT, 0, &version));
    FGF_TRY(fgf_dataset_add_text_attribute(writer, writer->file, "name", cohort->name));
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

fgf_status fgf_dataset_add_case_table(fgf_dataset_writer *writer, const fgf_case *cases)
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
        FGF_TRY(add_values(writer, path, type, 1, &count, values, column->unit, column->long_name));
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

fgf_status fgf_dataset_add_excluded(fgf_dataset_writer *writer, size_t count,
                                    const char *const *ids, const char *const *reasons)
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
