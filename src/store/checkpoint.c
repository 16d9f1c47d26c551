#include "fgf/checkpoint.h"

#include "disk.h"

#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ending[] = ".checkpoint", part_ending[] = ".checkpoint.part";

/* The folder, or with `name` a file in it; owned by the caller. */
static fgf_status make_path(const char *results, const char *name, const char *end, char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    fgf_buffer_add(&path, "%s.checkpoints", results);
    if (name)
        fgf_buffer_add(&path, "/%s%s", name, end);
    FGF_TRY(path.status);
    *out = path.text;
done:
    return status;
}

static fgf_status make_folder(const char *results)
{
    fgf_status status = FGF_OK;
    char *folder = NULL;
    FGF_TRY(make_path(results, NULL, "", &folder));
    if (mkdir(folder, 0777) == 0)
        FGF_TRY(disk_sync_entry(folder));
    else if (errno != EEXIST)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot make the folder %s: %s", folder, strerror(errno));
done:
    fgf_free(folder);
    return status;
}

fgf_status fgf_checkpoint_write(const char *results, const char *id, const void *bytes, size_t size)
{
    fgf_status status = FGF_OK;
    char *path = NULL, *part = NULL;
    int descriptor = -1;
    FGF_TRY(make_path(results, id, ending, &path));
    FGF_TRY(make_path(results, id, part_ending, &part));
    FGF_TRY(make_folder(results));
    descriptor = open(part, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
    if (descriptor < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot create %s: %s", part, strerror(errno));
    FGF_TRY(disk_write(descriptor, part, bytes, size, 0));
    FGF_TRY(disk_replace(part, path));
done:
    /* Half a checkpoint is of no use, and the disk may be full. */
    if (status != FGF_OK && descriptor >= 0)
        (void)unlink(part);
    disk_close(&descriptor);
    fgf_free(path);
    fgf_free(part);
    return status;
}

fgf_status fgf_checkpoint_read(const char *results, const char *id, void **bytes, size_t *size)
{
    fgf_status status = FGF_OK;
    char *path = NULL;
    void *block = NULL;
    uint64_t length = 0;
    int descriptor = -1;
    *bytes = NULL;
    *size = 0;
    FGF_TRY(make_path(results, id, ending, &path));
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        goto done;
    FGF_TRY(disk_open(path, false, &descriptor));
    FGF_TRY(disk_size(descriptor, path, &length));
    FGF_TRY(fgf_allocate_bytes((size_t)length, 1, &block));
    FGF_TRY(disk_read(descriptor, path, block, (size_t)length, 0));
    *bytes = block;
    *size = (size_t)length;
    block = NULL;
done:
    disk_close(&descriptor);
    fgf_free(block);
    fgf_free(path);
    return status;
}

void fgf_checkpoint_remove(const char *results, const char *id)
{
    char *path = NULL;
    if (make_path(results, id, ending, &path) == FGF_OK)
        (void)unlink(path);
    fgf_free(path);
}

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), most = strlen(end);
    return length >= most && strcmp(name + length - most, end) == 0;
}

fgf_status fgf_checkpoint_count(const char *results, size_t *count)
{
    fgf_status status = FGF_OK;
    char *folder = NULL;
    *count = 0;
    FGF_TRY(make_path(results, NULL, "", &folder));
    DIR *open_folder = opendir(folder);
    for (const struct dirent *entry; open_folder && (entry = readdir(open_folder)) != NULL;)
        *count += ends_in(entry->d_name, ending);
    if (open_folder)
        closedir(open_folder);
done:
    fgf_free(folder);
    return status;
}

/* ---- tidying ---- */

static int by_text(const void *left, const void *right)
{
    const fgf_hash *a = left, *b = right;
    return strcmp(a->text, b->text);
}

/* Whether the file `name` is the checkpoint of one of the trials, which are in order. */
static bool is_wanted(const char *name, const fgf_hash *wanted, size_t count)
{
    fgf_hash id;
    const size_t length = strlen(name) - strlen(ending);
    if (!ends_in(name, ending) || length >= sizeof id.text)
        return false;
    memcpy(id.text, name, length);
    id.text[length] = '\0';
    return count > 0 && bsearch(&id, wanted, count, sizeof id, by_text) != NULL;
}

/* What cannot be looked at or removed does no harm where it is. */
static fgf_status tidy_folder(const char *folder, const fgf_hash *wanted, size_t count,
                              size_t *kept)
{
    fgf_status status = FGF_OK;
    DIR *open_folder = opendir(folder);
    char *path = NULL;
    if (!open_folder) {
        if (errno != ENOENT && errno != ENOTDIR)
            fgf_warn("cannot read the folder %s: %s", folder, strerror(errno));
        return FGF_OK;
    }
    for (const struct dirent *entry; (entry = readdir(open_folder)) != NULL;) {
        fgf_buffer name = {0};
        if (is_wanted(entry->d_name, wanted, count)) {
            (*kept)++;
            continue;
        }
        if (!ends_in(entry->d_name, ending) && !ends_in(entry->d_name, part_ending))
            continue;
        fgf_buffer_add(&name, "%s/%s", folder, entry->d_name);
        FGF_TRY(name.status);
        fgf_free(path);
        path = name.text;
        if (unlink(path) != 0 && errno != ENOENT)
            fgf_warn("cannot remove %s: %s", path, strerror(errno));
    }
    /* Somebody's own files keep the folder. */
    if (*kept == 0)
        (void)rmdir(folder);
done:
    closedir(open_folder);
    fgf_free(path);
    return status;
}

fgf_status fgf_checkpoint_tidy(const char *results, const fgf_hash *wanted, size_t count,
                               size_t *kept)
{
    fgf_status status = FGF_OK;
    char *folder = NULL;
    fgf_hash *sorted = NULL;
    *kept = 0;
    FGF_TRY(make_path(results, NULL, "", &folder));
    FGF_TRY(FGF_ALLOCATE(count, &sorted));
    if (count > 0)
        memcpy(sorted, wanted, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_text);
    FGF_TRY(tidy_folder(folder, sorted, count, kept));
done:
    fgf_free(folder);
    fgf_free(sorted);
    return status;
}
