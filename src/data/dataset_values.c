/* Attributes and small datasets of a file that is being read: extent and type are checked first. */
#include <hdf5.h>

#include "dataset_reader.h"
#include "fgf/memory.h"

#include <stdarg.h>
#include <stdio.h>

fgf_status fgf_dataset_damaged(const fgf_dataset *dataset, int line, const char *format, ...)
{
    char what[256], reason[120];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (fgf_hdf5_system_reason(reason, sizeof reason))
        return fgf_fail(FGF_ENVIRONMENT, __FILE__, line, "%s: cannot be read: %s", dataset->path,
                        reason);
    return fgf_fail(FGF_DATA, __FILE__, line, "%s: not a whole dataset file: %s; make it again",
                    dataset->path, what);
}

fgf_status fgf_dataset_read_attribute(const fgf_dataset *dataset, const char *name, hid_t type,
                                      hssize_t count, void *values)
{
    fgf_status status = FGF_OK;
    hid_t space = -1, stored = -1, attribute = H5Aopen(dataset->file, name, H5P_DEFAULT);
    if (attribute < 0)
        DAMAGED(dataset, "attribute %s is missing", name);
    space = H5Aget_space(attribute);
    stored = H5Aget_type(attribute);
    H5T_class_t found = H5Tget_class(stored), wanted = H5Tget_class(type);
    if (found != wanted || H5Sget_simple_extent_npoints(space) != count ||
        (wanted == H5T_STRING &&
         (H5Tis_variable_str(stored) != 0 || H5Tget_size(stored) > H5Tget_size(type))))
        DAMAGED(dataset, "attribute %s has another type or extent", name);
    if (H5Aread(attribute, type, values) < 0)
        DAMAGED(dataset, "attribute %s cannot be read", name);
done:
    if (stored >= 0)
        H5Tclose(stored);
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return status;
}

fgf_status fgf_dataset_read_text_attribute(const fgf_dataset *dataset, const char *name, char *text,
                                           size_t bytes)
{
    fgf_status status = FGF_OK;
    hid_t type = fgf_text_type(bytes);
    FGF_TRY(fgf_dataset_read_attribute(dataset, name, type, 1, text));
    text[bytes - 1] = '\0';
done:
    H5Tclose(type);
    return status;
}

/* Opens a dataset and checks its kind of type and its extent (NULL: a scalar). */
fgf_status fgf_dataset_open_values(const fgf_dataset *dataset, const char *path, H5T_class_t wanted,
                                   int axes, const hsize_t *extent, hid_t *out)
{
    fgf_status status = FGF_OK;
    hsize_t found[H5S_MAX_RANK];
    hid_t space = -1, type = -1;
    *out = H5Dopen2(dataset->file, path, H5P_DEFAULT);
    if (*out < 0)
        DAMAGED(dataset, "%s is missing", path);
    space = H5Dget_space(*out);
    type = H5Dget_type(*out);
    if (H5Tget_class(type) != wanted || (wanted == H5T_STRING && H5Tis_variable_str(type) != 0))
        DAMAGED(dataset, "%s has another type", path);
    int found_axes = H5Sget_simple_extent_ndims(space);
    if (found_axes != axes || H5Sget_simple_extent_dims(space, found, NULL) < 0)
        DAMAGED(dataset, "%s has %d axes, expected %d", path, found_axes, axes);
    for (int a = 0; a < axes; a++)
        if (found[a] != extent[a])
            DAMAGED(dataset, "axis %d of %s is %llu long, expected %llu", a, path,
                    (unsigned long long)found[a], (unsigned long long)extent[a]);
done:
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (status != FGF_OK && *out >= 0) {
        H5Dclose(*out);
        *out = -1;
    }
    return status;
}

/* A small dataset into memory that is there already. */
fgf_status fgf_dataset_read_values(const fgf_dataset *dataset, const char *path, hid_t type,
                                   int axes, const hsize_t *extent, void *values)
{
    fgf_status status = FGF_OK;
    hid_t values_id = -1;
    FGF_TRY(fgf_dataset_open_values(dataset, path, H5Tget_class(type), axes, extent, &values_id));
    if (H5Dread(values_id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        DAMAGED(dataset, "%s cannot be read", path);
done:
    if (values_id >= 0)
        H5Dclose(values_id);
    return status;
}

/* A scalar text of unknown length. */
fgf_status fgf_dataset_read_text(const fgf_dataset *dataset, const char *path, char **out)
{
    fgf_status status = FGF_OK;
    hid_t stored = -1, type = -1, values = -1;
    FGF_TRY(fgf_dataset_open_values(dataset, path, H5T_STRING, 0, NULL, &values));
    stored = H5Dget_type(values);
    size_t bytes = H5Tget_size(stored);
    if (bytes == 0 || bytes > FGF_DATASET_TEXT_MOST || bytes > dataset->file_bytes)
        DAMAGED(dataset, "%s says that it is %zu bytes long", path, bytes);
    FGF_TRY(FGF_ALLOCATE(bytes + 1, out));
    type = fgf_text_type(bytes + 1);
    if (H5Dread(values, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *out) < 0)
        DAMAGED(dataset, "%s cannot be read", path);
done:
    if (type >= 0)
        H5Tclose(type);
    if (stored >= 0)
        H5Tclose(stored);
    if (values >= 0)
        H5Dclose(values);
    return status;
}

/* A column of fixed-length texts, each `bytes` long in memory. */
fgf_status fgf_dataset_read_texts(const fgf_dataset *dataset, const char *path, size_t bytes,
                                  size_t count, char *texts)
{
    fgf_status status = FGF_OK;
    const hsize_t extent = count;
    hid_t type = fgf_text_type(bytes);
    FGF_TRY(fgf_dataset_read_values(dataset, path, type, 1, &extent, texts));
    for (size_t i = 0; i < count; i++)
        texts[(i + 1) * bytes - 1] = '\0';
done:
    H5Tclose(type);
    return status;
}
