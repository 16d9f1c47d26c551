#include "create_dataset.h"

#include "fgf/memory.h"

#include <hdf5_hl.h>
#include <string.h>

fgf_status create_text_attribute(const creation *c, hid_t object, const char *name,
                                 const char *text)
{
    fgf_status status = FGF_OK;
    hid_t space = -1, attribute = -1;
    size_t bytes = strlen(text) + 1;
    hid_t type = element_to_hdf5(FGF_TEXT, bytes);
    TRY_HDF5(type);
    TRY_HDF5(space = H5Screate(H5S_SCALAR));
    TRY_HDF5(attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    TRY_HDF5(H5Awrite(attribute, type, text));
done:
    if (attribute >= 0)
        H5Aclose(attribute);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return status;
}

/* Contiguous, allocated and filled at once. No times: they would make equal files differ. */
static fgf_status creation_list(const creation *c, const plan *p, hid_t type, hid_t *out)
{
    fgf_status status = FGF_OK;
    char *fill = NULL;
    size_t bytes = fgf_element_bytes(p->type, p->text_bytes);
    TRY_HDF5(*out = H5Pcreate(H5P_DATASET_CREATE));
    FGF_TRY(FGF_ALLOCATE(bytes, &fill));
    if (!p->fill_zero)
        element_fill(p->type, bytes, 1, fill);
    TRY_HDF5(H5Pset_layout(*out, H5D_CONTIGUOUS));
    TRY_HDF5(H5Pset_alloc_time(*out, H5D_ALLOC_TIME_EARLY));
    TRY_HDF5(H5Pset_fill_value(*out, type, fill));
    TRY_HDF5(H5Pset_fill_time(*out, p->data ? H5D_FILL_TIME_NEVER : H5D_FILL_TIME_ALLOC));
    TRY_HDF5(H5Pset_obj_track_times(*out, false));
done:
    fgf_free(fill);
    return status;
}

static fgf_status attach_scales(const creation *c, const plan *p, hid_t dataset)
{
    fgf_status status = FGF_OK;
    hid_t scale = -1;
    for (int i = 0; i < p->rank; i++) {
        if (!p->scale[i])
            continue;
        scale = H5Dopen2(c->file, p->scale[i], H5P_DEFAULT);
        if (scale < 0)
            FGF_FAIL(FGF_INTERNAL, "%s has the dimension scale %s, which the layout has not",
                     p->path, p->scale[i]);
        TRY_HDF5(H5DSattach_scale(dataset, scale, (unsigned)i));
        TRY_HDF5(H5Dclose(scale));
        scale = -1;
    }
done:
    if (scale >= 0)
        H5Dclose(scale);
    return status;
}

fgf_status create_dataset(const creation *c, const plan *p)
{
    fgf_status status = FGF_OK;
    hid_t type = -1, space = -1, list = -1, dataset = -1;
    hsize_t dims[CATALOG_RANK] = {0};
    for (int i = 0; i < p->rank; i++)
        dims[i] = p->extent[i];
    TRY_HDF5(type = p->is_unsigned ? H5Tcopy(H5T_NATIVE_UINT64)
                                   : element_to_hdf5(p->type, p->text_bytes));
    TRY_HDF5(space = p->rank ? H5Screate_simple(p->rank, dims, NULL) : H5Screate(H5S_SCALAR));
    FGF_TRY(creation_list(c, p, type, &list));
    dataset = H5Dcreate2(c->file, p->path, type, space, c->links, list, H5P_DEFAULT);
    if (dataset < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot write %s: dataset %s: %s", c->path, p->path,
                 hdf5_reason());
    if (p->data && H5Sget_simple_extent_npoints(space) > 0)
        TRY_HDF5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, p->data));
    FGF_TRY(create_text_attribute(c, dataset, "units", p->unit ? p->unit : "1"));
    FGF_TRY(create_text_attribute(c, dataset, "long_name", p->long_name ? p->long_name : p->path));
    if (p->scale_name)
        TRY_HDF5(H5DSset_scale(dataset, p->scale_name));
    FGF_TRY(attach_scales(c, p, dataset));
done:
    if (dataset >= 0 && H5Dclose(dataset) < 0 && status == FGF_OK)
        status = fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__, "cannot write %s: %s", c->path,
                          hdf5_reason());
    if (list >= 0)
        H5Pclose(list);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return status;
}

fgf_status create_index_scale(const creation *c, const char *path, const char *name, size_t count)
{
    fgf_status status = FGF_OK;
    int32_t *numbers = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &numbers));
    for (size_t i = 0; i < count; i++)
        numbers[i] = (int32_t)i;
    FGF_TRY(create_dataset(c, &(plan){.path = path,
                                      .type = FGF_I32,
                                      .rank = 1,
                                      .extent = {count},
                                      .data = numbers,
                                      .long_name = name,
                                      .scale_name = name}));
done:
    fgf_free(numbers);
    return status;
}

fgf_status create_texts(const creation *c, plan p, const char *const *texts, size_t count)
{
    fgf_status status = FGF_OK;
    char *block = NULL;
    p.type = FGF_TEXT;
    p.text_bytes = 1;
    p.rank = 1;
    p.extent[0] = count;
    for (size_t i = 0; i < count; i++)
        if (strlen(texts[i]) + 1 > p.text_bytes)
            p.text_bytes = strlen(texts[i]) + 1;
    FGF_TRY(fgf_allocate_bytes(count, p.text_bytes, (void **)&block));
    for (size_t i = 0; i < count; i++)
        memcpy(block + i * p.text_bytes, texts[i], strlen(texts[i]));
    p.data = block;
    FGF_TRY(create_dataset(c, &p));
done:
    fgf_free(block);
    return status;
}
