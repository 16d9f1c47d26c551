/* What a folder of DICOM files holds. */
#include "fgf/file_bytes.h"
#include "fgf/memory.h"
#include "head.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MOST = 31 };

/* A file of interest. */
typedef struct found {
    char *path;
    dicom_head head;
} found;

typedef struct folder {
    fgf_dicom_folder seen; /* first: what the caller holds */
    size_t count, capacity;
    found *file;
    const char **path; /* [count] in order of the entries */
    dicom_head *head;
} folder;

/* ---- walking ---- */

/* A preamble and "DICM", or the first element of an old file without them. */
static bool looks_like_dicom(const unsigned char *start, size_t count)
{
    if (count >= 132 && memcmp(start + 128, "DICM", 4) == 0)
        return true;
    if (count < 16)
        return false;
    const bool little = (start[0] == 2 || start[0] == 8) && start[1] == 0 && start[3] == 0;
    const bool big = start[0] == 0 && start[1] == 8 && start[2] == 0;
    const bool explicit_type = isupper(start[4]) && isupper(start[5]);
    const bool implicit_length = start[5] == 0 && start[6] == 0 && start[7] == 0;
    return (little && (explicit_type || implicit_length)) || (big && explicit_type);
}

static fgf_status is_dicom(const char *path, bool *yes)
{
    fgf_status status = FGF_OK;
    unsigned char start[132];
    FILE *file = fopen(path, "rb");
    if (!file)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be opened: %s", path, strerror(errno));
    const size_t count = fread(start, 1, sizeof start, file);
    if (ferror(file))
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read: %s", path, strerror(errno));
    *yes = looks_like_dicom(start, count);
done:
    if (file)
        fclose(file);
    return status;
}

static fgf_status grow(folder *f)
{
    fgf_status status = FGF_OK;
    found *more = NULL;
    if (f->count < f->capacity)
        goto done;
    const size_t capacity = f->capacity ? 2 * f->capacity : 64;
    FGF_TRY(FGF_ALLOCATE(capacity, &more));
    if (f->count)
        memcpy(more, f->file, f->count * sizeof *more);
    fgf_free(f->file);
    f->file = more;
    f->capacity = capacity;
done:
    return status;
}

static fgf_status look_into(folder *f, const char *path)
{
    fgf_status status = FGF_OK;
    dicom_file *file = NULL;
    dicom_head head = {0};
    bool yes;
    FGF_TRY(is_dicom(path, &yes));
    if (yes) {
        FGF_TRY(dicom_file_open(path, &file));
        FGF_TRY(dicom_head_read(file, &head));
    }
    if (!yes || head.what == DICOM_WHAT_OTHER) {
        f->seen.other_files++;
        goto done;
    }
    FGF_TRY(grow(f));
    FGF_TRY(fgf_copy_text(path, &f->file[f->count].path));
    f->file[f->count++].head = head;
    head.frame = NULL;
done:
    dicom_file_close(&file);
    dicom_head_clear(&head);
    return status;
}

static fgf_status walk(folder *f, const char *path, int depth)
{
    fgf_status status = FGF_OK;
    struct dirent **name = NULL;
    fgf_buffer inner = {0};
    struct stat about;
    int count = scandir(path, &name, NULL, alphasort);
    if (count < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: the folder cannot be read: %s", path, strerror(errno));
    if (depth > DEPTH_MOST)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: folders are nested more than %d deep", path, DEPTH_MOST);
    for (int k = 0; k < count; k++) {
        const char *base = name[k]->d_name;
        if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
            continue;
        inner.length = 0;
        fgf_buffer_add(&inner, "%s/%s", path, base);
        FGF_TRY(inner.status);
        if (stat(inner.text, &about) != 0)
            FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read: %s", inner.text, strerror(errno));
        if (S_ISDIR(about.st_mode))
            FGF_TRY(walk(f, inner.text, depth + 1));
        else if (S_ISREG(about.st_mode))
            FGF_TRY(look_into(f, inner.text));
        else
            f->seen.other_files++;
    }
done:
    for (int k = 0; k < count; k++)
        free(name[k]);
    free(name);
    fgf_buffer_clear(&inner);
    return status;
}

/* ---- sorting into entries ---- */

/* What makes files one entry: the series of images, the instance of everything else. */
static const char *uid_of(const found *file)
{
    return file->head.what == DICOM_WHAT_IMAGE ? file->head.series : file->head.instance;
}

static int by_entry(const void *left, const void *right)
{
    const found *a = left, *b = right;
    if (a->head.what != b->head.what)
        return a->head.what < b->head.what ? -1 : 1;
    const int uid = strcmp(uid_of(a), uid_of(b));
    return uid != 0 ? uid : strcmp(a->path, b->path);
}

static bool same_entry(const found *a, const found *b)
{
    return a->head.what == b->head.what && strcmp(uid_of(a), uid_of(b)) == 0 &&
           (a->head.what == DICOM_WHAT_IMAGE || *uid_of(a));
}

/* Structure sets and segmentations that are there twice: one stays if they are the same. */
static fgf_status drop_copies(folder *f)
{
    fgf_status status = FGF_OK;
    size_t kept = 0;
    for (size_t k = 0; k < f->count; k++) {
        found *a = kept ? &f->file[kept - 1] : NULL, *b = &f->file[k];
        if (!a || b->head.what == DICOM_WHAT_IMAGE || !same_entry(a, b)) {
            if (kept != k) {
                f->file[kept] = *b;
                *b = (found){0};
            }
            kept++;
            continue;
        }
        fgf_hash hash[2];
        FGF_TRY(fgf_hash_file(a->path, &hash[0]));
        FGF_TRY(fgf_hash_file(b->path, &hash[1]));
        if (strcmp(hash[0].text, hash[1].text) != 0)
            FGF_FAIL(FGF_DATA,
                     "%s and %s have the same SOPInstanceUID and different contents; leave one of "
                     "them out",
                     dicom_base_name(a->path), dicom_base_name(b->path));
        fgf_free(b->path);
        dicom_head_clear(&b->head);
        *b = (found){0};
        f->seen.other_files++;
    }
    f->count = kept;
done:
    return status;
}

static void describe(const dicom_head *head, fgf_dicom_entry *out)
{
    snprintf(out->modality, sizeof out->modality, "%s", head->modality);
    snprintf(out->series, FGF_UID, "%s", head->series);
    snprintf(out->frame_of_reference, FGF_UID, "%s", head->frame_of_reference);
    snprintf(out->referenced_series, FGF_UID, "%s", head->referenced_series);
    out->kind = head->what == DICOM_WHAT_IMAGE           ? FGF_DICOM_IMAGE
                : head->what == DICOM_WHAT_STRUCTURE_SET ? FGF_DICOM_STRUCTURE_SET
                                                         : FGF_DICOM_SEGMENTATION;
    out->rows = head->layout.rows;
    out->columns = head->layout.columns;
}

static fgf_status make_entries(folder *f)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(f->count, &f->path));
    FGF_TRY(FGF_ALLOCATE(f->count, &f->head));
    FGF_TRY(FGF_ALLOCATE(f->count, &f->seen.entry));
    for (size_t k = 0; k < f->count; k++) {
        f->path[k] = f->file[k].path;
        f->head[k] = f->file[k].head; /* its frames stay owned by `file` */
        if (k == 0 || !same_entry(&f->file[k - 1], &f->file[k])) {
            fgf_dicom_entry *entry = &f->seen.entry[f->seen.entry_count++];
            describe(&f->head[k], entry);
            entry->file = &f->path[k];
            entry->heads = &f->head[k];
        }
        fgf_dicom_entry *entry = &f->seen.entry[f->seen.entry_count - 1];
        entry->file_count++;
        entry->slice_count += entry->kind == FGF_DICOM_STRUCTURE_SET ? 0 : f->head[k].layout.frames;
    }
done:
    return status;
}

fgf_status fgf_dicom_folder_read(const char *path, fgf_dicom_folder **out)
{
    fgf_status status = FGF_OK;
    folder *f = NULL;
    struct stat about;
    *out = NULL;
    if (stat(path, &about) != 0)
        FGF_FAIL(errno == ENOENT || errno == ENOTDIR ? FGF_DATA : FGF_ENVIRONMENT,
                 "%s: cannot be read: %s", path, strerror(errno));
    FGF_TRY(FGF_ALLOCATE(1, &f));
    *out = &f->seen;
    if (S_ISREG(about.st_mode))
        FGF_TRY(look_into(f, path));
    else
        FGF_TRY(walk(f, path, 0));
    if (f->count > 1)
        qsort(f->file, f->count, sizeof *f->file, by_entry);
    FGF_TRY(drop_copies(f));
    FGF_TRY(make_entries(f));
done:
    if (status != FGF_OK)
        fgf_dicom_folder_destroy(out);
    return status;
}

void fgf_dicom_folder_destroy(fgf_dicom_folder **out)
{
    folder *f = (folder *)*out;
    *out = NULL;
    if (!f)
        return;
    for (size_t k = 0; k < f->count; k++) {
        fgf_free(f->file[k].path);
        dicom_head_clear(&f->file[k].head);
    }
    fgf_free(f->file);
    fgf_free(f->path);
    fgf_free(f->head);
    fgf_free(f->seen.entry);
    fgf_free(f);
}

bool fgf_dicom_available(void)
{
    return true;
}
