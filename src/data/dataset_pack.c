/* A case as it stands in a dataset file: compressed, with a checksum.
 *
 * HDF5's filters have no interface of their own, so a case goes through a file in memory, made as
 * the dataset is: the bytes are those that HDF5 would write itself, whoever packs them and
 * wherever.
 */
#include <hdf5.h>

#include "dataset_file.h"
#include "fgf/memory.h"

#include <string.h>

enum { DEFLATE_LEVEL = 4, MEMORY_STEP = 1 << 16 };

hid_t fgf_dataset_case_layout(int axes, const hsize_t *extent)
{
    hsize_t chunk[5] = {1};
    for (int a = 1; a < axes; a++)
        chunk[a] = extent[a];
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    if (H5Pset_obj_track_times(layout, false) < 0 || H5Pset_chunk(layout, axes, chunk) < 0 ||
        H5Pset_shuffle(layout) < 0 || H5Pset_deflate(layout, DEFLATE_LEVEL) < 0 ||
        H5Pset_fletcher32(layout) < 0) {
        H5Pclose(layout);
        return -1;
    }
    return layout;
}

fgf_status fgf_dataset_shape_check(fgf_shape s)
{
    fgf_status status = FGF_OK;
    if (s.channels < 1 || s.channels > FGF_CHANNELS_MAX || s.depth < 1 || s.height < 1 ||
        s.width < 1 || s.depth > FGF_DATASET_EXTENT_MOST || s.height > FGF_DATASET_EXTENT_MOST ||
        s.width > FGF_DATASET_EXTENT_MOST ||
        (double)s.depth * s.height * s.width * s.channels > FGF_DATASET_ELEMENTS_MOST)
        FGF_FAIL(FGF_DATA, "a case of %d channels x %d x %d x %d cannot be stored", s.channels,
                 s.depth, s.height, s.width);
done:
    return status;
}

#define TRY_PACK(call)                                                                             \
    do {                                                                                           \
        if ((call) < 0) {                                                                          \
            char reason[160];                                                                      \
            fgf_hdf5_reason(reason, sizeof reason);                                                \
            FGF_FAIL(FGF_ENVIRONMENT, "a case cannot be compressed: %s", reason);                  \
        }                                                                                          \
    } while (0)

/* A dataset of this one case, and its one chunk back. */
static fgf_status pack(hid_t file, const char *name, hid_t in_memory, hid_t in_file, int axes,
                       const hsize_t *extent, const void *values, fgf_packed_values *out)
{
    fgf_status status = FGF_OK;
    const hsize_t first[5] = {0};
    hsize_t bytes = 0;
    hid_t space = -1, dataset = -1, layout = fgf_dataset_case_layout(axes, extent);
    TRY_PACK(layout);
    TRY_PACK(space = H5Screate_simple(axes, extent, NULL));
    TRY_PACK(dataset = H5Dcreate2(file, name, in_file, space, H5P_DEFAULT, layout, H5P_DEFAULT));
    TRY_PACK(H5Dwrite(dataset, in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
    TRY_PACK(H5Fflush(file, H5F_SCOPE_LOCAL));
    TRY_PACK(H5Dget_chunk_storage_size(dataset, first, &bytes));
    FGF_TRY(fgf_allocate_bytes((size_t)bytes, 1, &out->bytes));
    out->count = (size_t)bytes;
    TRY_PACK(H5Dread_chunk(dataset, H5P_DEFAULT, first, &out->skipped, out->bytes));
done:
    if (dataset >= 0)
        H5Dclose(dataset);
    if (space >= 0)
        H5Sclose(space);
    if (layout >= 0)
        H5Pclose(layout);
    return status;
}

fgf_status fgf_dataset_pack(fgf_shape shape, const float *image, const uint8_t *mask,
                            fgf_packed_case *out)
{
    fgf_status status = FGF_OK;
    fgf_case_content content;
    hid_t access = -1, file = -1;
    *out = (fgf_packed_case){.shape = shape};
    fgf_hdf5_quiet();
    FGF_TRY(fgf_dataset_shape_check(shape));
    const hsize_t extent[5] = {1, (hsize_t)shape.channels, (hsize_t)shape.depth,
                               (hsize_t)shape.height, (hsize_t)shape.width};
    const hsize_t mask_extent[4] = {1, extent[2], extent[3], extent[4]};
    FGF_TRY(fgf_case_content_of(shape, image, mask, &content));
    memcpy(out->hash, content.hash, sizeof out->hash);
    out->mask_pixels = content.mask_pixels;
    TRY_PACK(access = H5Pcreate(H5P_FILE_ACCESS));
    TRY_PACK(H5Pset_fapl_core(access, MEMORY_STEP, false));
    TRY_PACK(file = H5Fcreate("a case", H5F_ACC_TRUNC, H5P_DEFAULT, access));
    FGF_TRY(pack(file, "image", H5T_NATIVE_FLOAT, H5T_IEEE_F32LE, 5, extent, image, &out->image));
    FGF_TRY(pack(file, "mask", H5T_NATIVE_UINT8, H5T_STD_U8LE, 4, mask_extent, mask, &out->mask));
done:
    if (file >= 0)
        H5Fclose(file);
    if (access >= 0)
        H5Pclose(access);
    if (status != FGF_OK)
        fgf_packed_case_clear(out);
    return status;
}

void fgf_packed_case_clear(fgf_packed_case *packed)
{
    fgf_free(packed->image.bytes);
    fgf_free(packed->mask.bytes);
    memset(packed, 0, sizeof *packed);
}
