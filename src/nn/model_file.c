#include "fgf/model_file.h"
#include "fgf/file_bytes.h"
#include "fgf/memory.h"
#include "model_catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ---- */

/* Reads rank and dims of an open dataset; false if its values are not floating point. */
static bool dataset_shape(hid_t dataset, int *rank, uint64_t dims[SHAPE_RANK])
{
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hsize_t extent[SHAPE_RANK] = {0};
    bool usable = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_FLOAT &&
                  H5Sget_simple_extent_type(space) != H5S_NULL;
    if (usable) {
        *rank = H5Sget_simple_extent_ndims(space);
        if (*rank > SHAPE_RANK)
            *rank = -1;
        else
            H5Sget_simple_extent_dims(space, extent, NULL);
        for (int i = 0; i < *rank; i++)
            dims[i] = extent[i];
    }
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    return usable;
}

/* What the visit of a file's links fills. */
typedef struct visit {
    catalogue list;
    fgf_status status;
} visit;

static herr_t visit_link(hid_t file, const char *path, const H5L_info_t *link, void *data)
{
    visit *found = data;
    uint64_t dims[SHAPE_RANK] = {0};
    int rank = 0;
    if (link->type != H5L_TYPE_HARD)
        return 0;
    hid_t object = H5Oopen(file, path, H5P_DEFAULT);
    if (object < 0)
        return -1;
    if (H5Iget_type(object) == H5I_DATASET && dataset_shape(object, &rank, dims))
        found->status = catalogue_add(&found->list, path, rank, dims);
    H5Oclose(object);
    return found->status == FGF_OK ? 0 : 1;
}

static fgf_status read_array(const char *path, hid_t file, const char *name, const fgf_model *model,
                             size_t k, double *values, fgf_real *parameters)
{
    fgf_status status = FGF_OK;
    const fgf_parameter_array *array = fgf_model_array(model, k);
    uint64_t dims[SHAPE_RANK] = {0}, wanted[SHAPE_RANK];
    char found_text[SHAPE_TEXT], wanted_text[SHAPE_TEXT];
    int rank = 0;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (dataset < 0)
        FGF_FAIL(FGF_DATA, "%s: no dataset \"%s\" for %s", path, name, array->name);
    if (!dataset_shape(dataset, &rank, dims))
        FGF_FAIL(FGF_DATA, "%s: \"%s\" for %s does not hold floating-point numbers", path, name,
                 array->name);
    if (!catalogue_fits(array, rank, dims)) {
        int wanted_rank = catalogue_shape(array, wanted);
        FGF_FAIL(FGF_DATA, "%s: \"%s\" has shape %s, expected %s for %s", path, name,
                 catalogue_shape_text(rank, dims, found_text),
                 catalogue_shape_text(wanted_rank, wanted, wanted_text), array->name);
    }
    if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        FGF_FAIL(FGF_DATA, "%s: cannot read \"%s\"; is the file complete?", path, name);
    for (size_t i = 0; i < array->count; i++)
        if (!isfinite((fgf_real)values[i]))
            FGF_FAIL(FGF_DATA, "%s: \"%s\" holds %g at position %zu; weights must be finite", path,
                     name, values[i], i);
    fgf_model_import_array(model, k, values, parameters);
done:
    if (dataset >= 0)
        H5Dclose(dataset);
    return status;
}

static fgf_status read_arrays(const char *path, hid_t file, const fgf_model *model,
                              const fgf_texts *names, fgf_real *parameters)
{
    fgf_status status = FGF_OK;
    const size_t count = fgf_model_array_count(model);
    visit found = {{0}, FGF_OK};
    const candidate **of_array = NULL;
    double *values = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &of_array));
    FGF_TRY(FGF_ALLOCATE(fgf_model_parameter_count(model), &values));
    if (names && names->count != count)
        FGF_FAIL(FGF_DATA, "%s: %zu datasets named for a model of %zu parameter arrays", path,
                 names->count, count);
    if (!names) {
        herr_t visited = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, visit_link, &found);
        FGF_TRY(found.status);
        if (visited < 0)
            FGF_FAIL(FGF_DATA, "%s: cannot list its datasets; is the file complete?", path);
        FGF_TRY(catalogue_map(&found.list, path, model, of_array));
    }
    for (size_t k = 0; k < count; k++)
        FGF_TRY(read_array(path, file, names ? names->values[k] : of_array[k]->path, model, k,
                           values, parameters));
done:
    catalogue_clear(&found.list);
    fgf_free(of_array);
    fgf_free(values);
    return status;
}

/* Silences HDF5's own error print while this file's functions run, and gives it back. */
typedef struct quiet {
    H5E_auto2_t print;
    void *data;
} quiet;

static quiet quiet_begin(void)
{
    quiet saved = {NULL, NULL};
    H5Eget_auto2(H5E_DEFAULT, &saved.print, &saved.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return saved;
}

static void quiet_end(quiet saved)
{
    H5Eset_auto2(H5E_DEFAULT, saved.print, saved.data);
}

fgf_status fgf_model_file_read(const char *path, const fgf_model *model, const fgf_texts *names,
                               fgf_real *parameters)
{
    fgf_status status = FGF_OK;
    quiet saved = quiet_begin();
    hid_t file = -1;
    /* HDF5 says no more than "cannot open"; a missing or closed file deserves its own reason. */
    if (access(path, R_OK) != 0)
        FGF_FAIL(FGF_DATA, "%s: %s", path, strerror(errno));
    file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
        FGF_FAIL(FGF_DATA, "%s: not an HDF5 file, or not a complete one", path);
    FGF_TRY(read_arrays(path, file, model, names, parameters));
done:
    if (file >= 0)
        H5Fclose(file);
    quiet_end(saved);
    return status;
}

/* ---- writing ---- */

static bool write_array(hid_t file, const char *name, int rank, const uint64_t *dims,
                        const double *values)
{
    const hid_t stored = sizeof(fgf_real) == sizeof(double) ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    hsize_t extent[SHAPE_RANK] = {0};
    for (int i = 0; i < rank; i++)
        extent[i] = dims[i];
    hid_t space = H5Screate_simple(rank, extent, NULL);
    hid_t dataset = -1;
    bool good = links >= 0 && space >= 0 && H5Pset_create_intermediate_group(links, 1) >= 0;
    if (good)
        dataset = H5Dcreate2(file, name, stored, space, links, H5P_DEFAULT, H5P_DEFAULT);
    good = dataset >= 0 &&
           H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (dataset >= 0)
        good = H5Dclose(dataset) >= 0 && good;
    if (space >= 0)
        H5Sclose(space);
    if (links >= 0)
        H5Pclose(links);
    return good;
}

static bool write_text(hid_t file, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), dataset = -1;
    bool good = type >= 0 && space >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0 &&
                H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
    if (good)
        dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    good = dataset >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0;
    if (dataset >= 0)
        good = H5Dclose(dataset) >= 0 && good;
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

static fgf_status write_arrays(const char *path, hid_t file, const fgf_model *model,
                               const fgf_real *parameters)
{
    fgf_status status = FGF_OK;
    fgf_buffer layers = {0};
    double *values = NULL;
    uint64_t dims[SHAPE_RANK];
    FGF_TRY(FGF_ALLOCATE(fgf_model_parameter_count(model), &values));
    for (size_t k = 0; k < fgf_model_array_count(model); k++) {
        const fgf_parameter_array *array = fgf_model_array(model, k);
        fgf_model_export_array(model, k, parameters, values);
        int rank = catalogue_shape(array, dims);
        if (!write_array(file, array->name, rank, dims, values))
            FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot write dataset \"%s\"", path, array->name);
    }
    fgf_model_describe(model, &layers);
    FGF_TRY(layers.status);
    if (!write_text(file, "layers", layers.text ? layers.text : ""))
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot write dataset \"layers\"", path);
done:
    fgf_buffer_clear(&layers);
    fgf_free(values);
    return status;
}

/* Syncs the finished `part`, gives it its name, and syncs the folder that knows the name. */
static fgf_status put_in_place(const char *part, const char *path)
{
    fgf_status status = FGF_OK;
    char *folder = NULL;
    int descriptor = open(part, O_RDONLY);
    if (descriptor < 0 || fsync(descriptor) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot sync: %s", part, strerror(errno));
    if (rename(part, path) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot rename to %s: %s", part, path, strerror(errno));
    FGF_TRY(fgf_copy_text(path, &folder));
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    close(descriptor);
    descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
    /* Some file systems cannot sync a folder (EINVAL); the rename itself has succeeded. */
    if (descriptor >= 0 && fsync(descriptor) != 0 && errno != EINVAL)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot sync its folder: %s", path, strerror(errno));
done:
    if (descriptor >= 0)
        close(descriptor);
    fgf_free(folder);
    return status;
}

fgf_status fgf_model_file_write(const char *path, const fgf_model *model,
                                const fgf_real *parameters)
{
    fgf_status status = FGF_OK;
    quiet saved = quiet_begin();
    fgf_buffer part = {0};
    char *target = NULL;
    hid_t file = -1;
    bool created = false;
    FGF_TRY(fgf_output_file(path, &target));
    fgf_buffer_add(&part, "%s.part", target);
    FGF_TRY(part.status);
    file = H5Fcreate(part.text, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot create: %s", part.text, strerror(errno));
    created = true;
    FGF_TRY(write_arrays(part.text, file, model, parameters));
    herr_t closed = H5Fclose(file);
    file = -1;
    if (closed < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot finish writing: %s", part.text, strerror(errno));
    FGF_TRY(put_in_place(part.text, target));
    created = false;
done:
    if (file >= 0)
        H5Fclose(file);
    if (created)
        unlink(part.text);
    fgf_buffer_clear(&part);
    fgf_free(target);
    quiet_end(saved);
    return status;
}
