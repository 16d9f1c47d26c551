/* Writing a dataset file; the layout is in include/fgf/dataset.h.
 *
 * Filtered chunks can be written in parallel by collective transfers only, so every put is one,
 * with an empty selection on ranks that have no case. Everything small is written by rank 0 alone.
 */
#define _GNU_SOURCE /* memfd_create */
#include <hdf5.h>

#include "dataset_writer.h"
#include "fgf/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

static fgf_status create_file(fgf_dataset_writer *writer, int64_t access_list)
{
    fgf_status status = FGF_OK;
    hid_t creation = -1,
          access = access_list ? H5Pcopy((hid_t)access_list) : H5Pcreate(H5P_FILE_ACCESS);
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

/* Several ranks write through MPI-IO, where a disk that fills up leaves them waiting for each other
 * inside HDF5. So room for the images as they are, not compressed, is demanded beforehand. */
static fgf_status check_room(const char *path, const fgf_cohort *cohort, size_t count)
{
    fgf_status status = FGF_OK;
    struct statvfs disk;
    char *folder = NULL;
    const double overhead = 1 << 20;
    double image = (double)fgf_shape_size(cohort->shape) * sizeof(float);
    double needed = (double)count * (image + (double)fgf_shape_pixels(cohort->shape)) + overhead;
    FGF_TRY(fgf_copy_text(path, &folder));
    if (statvfs(dirname(folder), &disk) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
    if ((double)disk.f_bavail * (double)disk.f_frsize < needed)
        FGF_FAIL(FGF_ENVIRONMENT,
                 "%s: %.1f MB are free, and several ranks need %.1f MB to write (the images before "
                 "compression); free some, or import on one rank",
                 path, (double)disk.f_bavail * (double)disk.f_frsize / 1e6, needed / 1e6);
done:
    fgf_free(folder);
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
    if (status == FGF_OK && writer->parallel)
        status = check_room(path, cohort, count);
    FGF_TRY(fgf_group_agree(group, status));
    writer->created = true; /* a creation that fails may leave a file all the same */
    status = create_file(writer, access_list);
    FGF_TRY(fgf_group_agree(group, status));
    status = fgf_dataset_add_layout(writer, origin ? origin : "");
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
        TRY_HDF5(writer, H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, extent, NULL),
                 what);
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
    hsize_t image[5] = {count, (hsize_t)s.channels, (hsize_t)s.depth, (hsize_t)s.height,
                        (hsize_t)s.width};
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

/* HDF5 crashes at its end after a close that failed, and a close fails while its cache cannot be
 * written. So the cache of a file that is given up goes to memory that nobody reads. */
static void give_up_file(fgf_dataset_writer *writer)
{
    int *descriptor = NULL;
    if (writer->file < 0 || writer->parallel ||
        H5Fget_vfd_handle(writer->file, H5P_DEFAULT, (void **)&descriptor) < 0)
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

/* The rows of all ranks, and a copy of the cases with their masks' sizes. */
static fgf_status gather_contents(fgf_dataset_writer *writer, const fgf_case *cases, fgf_case **out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(
        fgf_group_merge(writer->group, writer->contents, writer->count * sizeof *writer->contents));
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
        status = fgf_dataset_content_hash(&writer->cohort, counted, writer->contents, writer->count,
                                          &hash);
    FGF_TRY(fgf_group_agree(writer->group, status));
    status = fgf_dataset_add_case_table(writer, counted);
    FGF_TRY(fgf_group_agree(writer->group, status));
    status = fgf_dataset_add_excluded(writer, excluded, excluded_id, excluded_reason);
    if (status == FGF_OK)
        status = fgf_dataset_add_text_attribute(writer, writer->file, "hash", hash.text);
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
        give_up_file(writer);
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
