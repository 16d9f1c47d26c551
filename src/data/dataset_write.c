/* Writing a dataset file; the layout is in include/fgf/dataset.h. One process writes it, so that a
 * disk that fills up is an error and nobody waits for anybody. */
#define _GNU_SOURCE /* memfd_create */
#include <hdf5.h>

#include "dataset_writer.h"
#include "fgf/file_bytes.h"
#include "fgf/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static fgf_status create_file(fgf_dataset_writer *writer)
{
    fgf_status status = FGF_OK;
    hid_t creation = -1, access = H5Pcreate(H5P_FILE_ACCESS);
    TRY_HDF5(writer, access, "the file");
    TRY_HDF5(writer, H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "the file");
#if H5_VERSION_GE(1, 10, 7)
    TRY_HDF5(writer, H5Pset_file_locking(access, 0, 1), "the file");
#endif
    creation = H5Pcreate(H5P_FILE_CREATE);
    TRY_HDF5(writer, H5Pset_userblock(creation, FGF_DATASET_PREFIX), "the file");
    writer->file = H5Fcreate(writer->part, H5F_ACC_TRUNC, creation, access);
    TRY_HDF5(writer, writer->file, "the file (is its folder there and writable?)");
done:
    if (creation >= 0)
        H5Pclose(creation);
    if (access >= 0)
        H5Pclose(access);
    return status;
}

static fgf_status start_writer(fgf_dataset_writer *writer, const char *path,
                               const fgf_cohort *cohort, size_t count)
{
    fgf_status status = FGF_OK;
    fgf_buffer part = {0};
    if (count == 0)
        FGF_FAIL(FGF_DATA, "%s: there is no case to write", path);
    status = fgf_dataset_shape_check(cohort->shape);
    if (status != FGF_OK)
        FGF_TRY(fgf_prefix_error("%s", path));
    FGF_TRY(fgf_output_file(path, &writer->path));
    fgf_buffer_add(&part, "%s.part", writer->path);
    FGF_TRY(part.status);
    FGF_TRY(fgf_copy_text(part.text, &writer->part));
    FGF_TRY(
        fgf_copy_text(cohort->preprocessing ? cohort->preprocessing : "", &writer->preprocessing));
    FGF_TRY(FGF_ALLOCATE(count, &writer->contents));
    writer->cohort = *cohort;
    writer->cohort.preprocessing = writer->preprocessing;
    writer->count = count;
done:
    fgf_buffer_clear(&part);
    return status;
}

fgf_status fgf_dataset_writer_create(const char *path, const fgf_cohort *cohort, size_t count,
                                     const char *origin, fgf_dataset_writer **out)
{
    fgf_status status = FGF_OK;
    fgf_dataset_writer *writer = NULL;
    *out = NULL;
    fgf_hdf5_quiet();
    FGF_TRY(FGF_ALLOCATE(1, &writer));
    writer->file = writer->image = writer->mask = -1;
    FGF_TRY(start_writer(writer, path, cohort, count));
    writer->created = true; /* a creation that fails may leave a file all the same */
    FGF_TRY(create_file(writer));
    FGF_TRY(fgf_dataset_add_layout(writer, origin ? origin : ""));
    *out = writer;
    writer = NULL;
done:
    fgf_dataset_writer_destroy(&writer);
    return status;
}

static fgf_status write_values(fgf_dataset_writer *writer, hid_t dataset, size_t index,
                               const fgf_packed_values *values, const char *what)
{
    fgf_status status = FGF_OK;
    const hsize_t start[5] = {index};
    TRY_HDF5(
        writer,
        H5Dwrite_chunk(dataset, H5P_DEFAULT, values->skipped, start, values->count, values->bytes),
        what);
done:
    return status;
}

fgf_status fgf_dataset_writer_put_packed(fgf_dataset_writer *writer, size_t index,
                                         const fgf_packed_case *packed)
{
    fgf_status status = FGF_OK;
    const fgf_shape a = packed->shape, b = writer->cohort.shape;
    if (index >= writer->count || writer->contents[index].hash[0])
        FGF_FAIL(FGF_INTERNAL, "%s: case %zu of %zu written twice or out of range", writer->part,
                 index, writer->count);
    if (a.channels != b.channels || a.depth != b.depth || a.height != b.height ||
        a.width != b.width)
        FGF_FAIL(FGF_INTERNAL, "%s: case %zu has another shape than the cohort", writer->part,
                 index);
    FGF_TRY(write_values(writer, writer->image, index, &packed->image, "/image"));
    FGF_TRY(write_values(writer, writer->mask, index, &packed->mask, "/mask"));
    memcpy(writer->contents[index].hash, packed->hash, sizeof packed->hash);
    writer->contents[index].mask_pixels = packed->mask_pixels;
done:
    return status;
}

fgf_status fgf_dataset_writer_put(fgf_dataset_writer *writer, size_t index, const float *image,
                                  const uint8_t *mask)
{
    fgf_status status = FGF_OK;
    fgf_packed_case packed = {0};
    FGF_TRY(fgf_dataset_pack(writer->cohort.shape, image, mask, &packed));
    FGF_TRY(fgf_dataset_writer_put_packed(writer, index, &packed));
done:
    fgf_packed_case_clear(&packed);
    return status;
}

/* HDF5 crashes at its end after a close that failed, and a close fails while its cache cannot be
 * written. So the cache of a file that is given up goes to memory that nobody reads. */
static void give_up_file(fgf_dataset_writer *writer)
{
    int *descriptor = NULL;
    if (writer->file < 0 || H5Fget_vfd_handle(writer->file, H5P_DEFAULT, (void **)&descriptor) < 0)
        return;
    int nowhere = memfd_create("fgf", 0);
    if (nowhere >= 0) {
        (void)dup2(nowhere, *descriptor);
        close(nowhere);
    }
}

static fgf_status close_file(fgf_dataset_writer *writer)
{
    fgf_status status = FGF_OK;
    if (writer->file >= 0)
        TRY_HDF5(writer, H5Fflush(writer->file, H5F_SCOPE_LOCAL), "the end of the file");
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

/* Writes the prefix of the closed file and brings all of it to disk. */
static fgf_status seal(const char *path)
{
    fgf_status status = FGF_OK;
    char prefix[FGF_DATASET_PREFIX];
    int file = open(path, O_RDWR);
    const off_t bytes = file < 0 ? -1 : lseek(file, 0, SEEK_END);
    if (bytes < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be opened again: %s", path, strerror(errno));
    fgf_dataset_prefix((unsigned long long)bytes, prefix);
    if (pwrite(file, prefix, sizeof prefix, 0) != (ssize_t)sizeof prefix || fsync(file) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written to disk: %s", path, strerror(errno));
done:
    if (file >= 0)
        close(file);
    return status;
}

static fgf_status sync_folder(const char *path)
{
    fgf_status status = FGF_OK;
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    if (folder < 0 || fsync(folder) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written to disk: %s", path, strerror(errno));
done:
    if (folder >= 0)
        close(folder);
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
    FGF_TRY(seal(writer->part));
    if (rename(writer->part, writer->path) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be renamed to %s: %s", writer->part, writer->path,
                 strerror(errno));
    FGF_TRY(sync_folder(slash ? folder : "."));
done:
    fgf_free(folder);
    return status;
}

/* A copy of the cases with their masks' sizes. */
static fgf_status count_pixels(const fgf_dataset_writer *writer, const fgf_case *cases,
                               fgf_case **out)
{
    fgf_status status = FGF_OK;
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
    FGF_TRY(count_pixels(writer, cases, &counted));
    FGF_TRY(
        fgf_dataset_content_hash(&writer->cohort, counted, writer->contents, writer->count, &hash));
    FGF_TRY(fgf_dataset_add_case_table(writer, counted));
    FGF_TRY(fgf_dataset_add_excluded(writer, excluded, excluded_id, excluded_reason));
    FGF_TRY(fgf_dataset_add_text_attribute(writer, writer->file, "hash", hash.text));
    FGF_TRY(close_file(writer));
    FGF_TRY(publish(writer));
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
        give_up_file(writer);
        (void)!close_file(writer);
        if (writer->created)
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
