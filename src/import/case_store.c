#include "case_store.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How a file begins. Then come the packed image and mask, and the checksum of all before it. */
typedef struct head {
    char title[16], key[FGF_HASH_TEXT], hash[FGF_HASH_TEXT];
    uint64_t image_bytes, mask_bytes;
    uint32_t image_skipped, mask_skipped;
    int64_t mask_pixels;
    fgf_case_outcome outcome;
} head;

/* Another form is another title: a file of form 1, with its values as they are, is not ours. */
static const char title[16] = "fgf case 2";

fgf_status fgf_case_store_open(const char *output, fgf_case_store *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer folder = {0};
    out->folder = NULL;
    fgf_buffer_add(&folder, "%s.cases", output);
    FGF_TRY(folder.status);
    if (mkdir(folder.text, 0777) != 0 && errno != EEXIST)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be made: %s", folder.text, strerror(errno));
    FGF_TRY(fgf_copy_text(folder.text, &out->folder));
done:
    fgf_buffer_clear(&folder);
    return status;
}

void fgf_case_store_close(fgf_case_store *store)
{
    fgf_free(store->folder);
    store->folder = NULL;
}

static fgf_status name_file(const fgf_case_store *store, const char *id, const char *ending,
                            char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    fgf_buffer_add(&path, "%s/%s.case%s", store->folder, id, ending);
    FGF_TRY(path.status);
    FGF_TRY(fgf_copy_text(path.text, out));
done:
    fgf_buffer_clear(&path);
    return status;
}

static fgf_status write_all(int file, const char *path, const void *data, size_t bytes,
                            unsigned long long *sum)
{
    fgf_status status = FGF_OK;
    const char *next = data;
    *sum = fgf_checksum(data, bytes, *sum);
    while (bytes > 0) {
        const ssize_t count = write(file, next, bytes);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            FGF_FAIL(FGF_ENVIRONMENT,
                     "%s: cannot be written: %s; what is finished is kept, run again to go on",
                     path, count < 0 ? strerror(errno) : "the disk takes no more");
        next += count;
        bytes -= (size_t)count;
    }
done:
    return status;
}

static void fill_head(const char *key, const fgf_case_outcome *outcome,
                      const fgf_packed_case *packed, head *h)
{
    memset(h, 0, sizeof *h); /* the padding too: it is in the checksum */
    memcpy(h->title, title, sizeof title);
    snprintf(h->key, sizeof h->key, "%s", key);
    memcpy(h->hash, packed->hash, sizeof h->hash);
    h->image_bytes = packed->image.count;
    h->mask_bytes = packed->mask.count;
    h->image_skipped = packed->image.skipped;
    h->mask_skipped = packed->mask.skipped;
    h->mask_pixels = packed->mask_pixels;
    memcpy(&h->outcome, outcome, sizeof *outcome);
}

fgf_status fgf_case_store_save(const fgf_case_store *store, const char *id, const char *key,
                               const fgf_case_outcome *outcome, const fgf_packed_case *packed)
{
    fgf_status status = FGF_OK;
    char *part = NULL, *path = NULL;
    unsigned long long sum = 0, unused = 0;
    head h;
    int file = -1;
    fill_head(key, outcome, packed, &h);
    FGF_TRY(name_file(store, id, ".part", &part));
    FGF_TRY(name_file(store, id, "", &path));
    file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be made: %s", part, strerror(errno));
    FGF_TRY(write_all(file, part, &h, sizeof h, &sum));
    FGF_TRY(write_all(file, part, packed->image.bytes, packed->image.count, &sum));
    FGF_TRY(write_all(file, part, packed->mask.bytes, packed->mask.count, &sum));
    FGF_TRY(write_all(file, part, &sum, sizeof sum, &unused));
    if (fsync(file) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written to disk: %s", part, strerror(errno));
    if (rename(part, path) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be renamed: %s", part, strerror(errno));
done:
    if (file >= 0)
        close(file);
    if (status != FGF_OK && part)
        (void)unlink(part);
    fgf_free(part);
    fgf_free(path);
    return status;
}

/* Whether the next `bytes` bytes are there. */
static bool read_all(FILE *file, void *data, size_t bytes, unsigned long long *sum)
{
    if (fread(data, 1, bytes, file) != bytes)
        return false;
    *sum = fgf_checksum(data, bytes, *sum);
    return true;
}

/* Whether the head is one of ours, for this key, and of a file that is as long as it says. */
static bool good_head(const head *h, const char *key, long long bytes)
{
    if (memcmp(h->title, title, sizeof title) != 0 || strncmp(h->key, key, sizeof h->key) != 0)
        return false;
    const double whole = (double)sizeof *h + (double)h->image_bytes + (double)h->mask_bytes +
                         (double)sizeof(unsigned long long);
    return whole == (double)bytes && h->outcome.state == FGF_CASE_GOOD;
}

static fgf_status make_room(const head *h, fgf_packed_case *out)
{
    fgf_status status = FGF_OK;
    out->shape = h->outcome.shape;
    memcpy(out->hash, h->hash, sizeof out->hash);
    out->mask_pixels = h->mask_pixels;
    out->image.skipped = h->image_skipped;
    out->mask.skipped = h->mask_skipped;
    FGF_TRY(fgf_allocate_bytes(h->image_bytes, 1, &out->image.bytes));
    FGF_TRY(fgf_allocate_bytes(h->mask_bytes, 1, &out->mask.bytes));
    out->image.count = h->image_bytes;
    out->mask.count = h->mask_bytes;
done:
    return status;
}

fgf_status fgf_case_store_load(const fgf_case_store *store, const char *id, const char *key,
                               bool *found, fgf_case_outcome *outcome, fgf_packed_case *packed)
{
    fgf_status status = FGF_OK;
    char *path = NULL;
    fgf_packed_case whole = {0};
    unsigned long long sum = 0, unused = 0, stored = 0;
    struct stat about;
    FILE *file = NULL;
    head h;
    *found = false;
    FGF_TRY(name_file(store, id, "", &path));
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) /* opening a pipe would wait */
        goto done;
    file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about) != 0 || !read_all(file, &h, sizeof h, &sum) ||
        !good_head(&h, key, (long long)about.st_size))
        goto done;
    FGF_TRY(make_room(&h, &whole));
    if (!read_all(file, whole.image.bytes, whole.image.count, &sum) ||
        !read_all(file, whole.mask.bytes, whole.mask.count, &sum) ||
        !read_all(file, &stored, sizeof stored, &unused) || stored != sum)
        goto done;
    *found = true;
    memcpy(outcome, &h.outcome, sizeof *outcome);
    if (packed) {
        *packed = whole;
        memset(&whole, 0, sizeof whole);
    }
done:
    if (file)
        fclose(file);
    fgf_free(path);
    fgf_packed_case_clear(&whole);
    return status;
}

bool fgf_case_store_has(const fgf_case_store *store, const char *id)
{
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/%s.case", store->folder, id);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

static bool is_ours(const char *name)
{
    const size_t length = strlen(name);
    return (length > 5 && strcmp(name + length - 5, ".case") == 0) ||
           (length > 10 && strcmp(name + length - 10, ".case.part") == 0);
}

void fgf_case_store_remove(const fgf_case_store *store)
{
    DIR *folder = opendir(store->folder);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_ours(entry->d_name))
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    if (rmdir(store->folder) != 0 && errno != ENOENT)
        fgf_warn("%s: cannot be removed: %s", store->folder, strerror(errno));
}

void fgf_case_store_remove_empty(const fgf_case_store *store)
{
    if (store->folder)
        (void)rmdir(store->folder);
}
