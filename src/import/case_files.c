#include "case_files.h"
#include "fgf/memory.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As deep as DICOM files are looked for. */
enum { FOLDERS_DEEP = 32 };

static fgf_status add_file(fgf_case_files *files, const char *path)
{
    fgf_status status = FGF_OK;
    struct stat about;
    fgf_case_file *larger = NULL;
    if (files->count == files->capacity) {
        const size_t capacity = 2 * files->capacity + 8;
        FGF_TRY(FGF_ALLOCATE(capacity, &larger));
        if (files->count)
            memcpy(larger, files->file, files->count * sizeof *larger);
        fgf_free(files->file);
        files->file = larger;
        files->capacity = capacity;
    }
    fgf_case_file *file = &files->file[files->count];
    FGF_TRY(fgf_copy_text(path, &file->path));
    files->count++;
    file->bytes = file->changed = -1;
    if (stat(path, &about) == 0) {
        file->bytes = (long long)about.st_size;
        file->changed = (long long)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
        files->bytes += (double)about.st_size;
    }
done:
    return status;
}

static fgf_status add_below(fgf_case_files *files, const char *path, int depth)
{
    fgf_status status = FGF_OK;
    struct stat about;
    struct dirent **entries = NULL;
    fgf_buffer name = {0};
    int count = 0;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
        FGF_TRY(add_file(files, path));
        goto done;
    }
    if (depth == FOLDERS_DEEP)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: more than %d folders in each other", path, FOLDERS_DEEP);
    count = scandir(path, &entries, NULL, alphasort);
    if (count < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: the folder cannot be read: %s", path, strerror(errno));
    for (int k = 0; k < count; k++) {
        const char *entry = entries[k]->d_name;
        if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0)
            continue;
        name.length = 0;
        fgf_buffer_add(&name, "%s/%s", path, entry);
        FGF_TRY(name.status);
        FGF_TRY(add_below(files, name.text, depth + 1));
    }
done:
    for (int k = 0; k < count; k++)
        free(entries[k]);
    free(entries);
    fgf_buffer_clear(&name);
    return status;
}

/* Appends a text that stands for itself in a pattern of glob. */
static void add_literal(const char *text, bool escaped, fgf_buffer *out)
{
    for (; *text; text++)
        fgf_buffer_add(out, "%s%c", escaped && strchr("*?[]\\", *text) ? "\\" : "", *text);
}

static void fill_in(const fgf_manifest *m, const char *pattern, const char *id, bool escaped,
                    fgf_buffer *out)
{
    out->length = 0;
    add_literal(*m->source.folder ? m->source.folder : ".", escaped, out);
    fgf_buffer_add(out, "/");
    for (const char *mark; (mark = strstr(pattern, "{id}")); pattern = mark + 4) {
        fgf_buffer_add_bytes(out, pattern, (size_t)(mark - pattern));
        add_literal(id, escaped, out);
    }
    fgf_buffer_add(out, "%s", pattern);
}

fgf_status fgf_case_path(const fgf_manifest *m, const char *pattern, const char *id,
                         fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    glob_t found = {0};
    struct stat about;
    const bool wild = strpbrk(pattern, "*?") != NULL;
    fill_in(m, pattern, id, wild, out);
    FGF_TRY(out->status);
    const int answer = wild ? glob(out->text, 0, NULL, &found) : GLOB_NOMATCH;
    if (answer == GLOB_NOSPACE)
        FGF_FAIL(FGF_MEMORY, "no memory to look for %s", out->text);
    if (answer == 0 && found.gl_pathc > 1)
        FGF_FAIL(FGF_DATA, "%s: %zu files or folders fit, %s and %s among them; one is expected",
                 out->text, (size_t)found.gl_pathc, found.gl_pathv[0], found.gl_pathv[1]);
    fill_in(m, pattern, id, false, out);
    if (answer == 0) {
        out->length = 0;
        fgf_buffer_add(out, "%s", found.gl_pathv[0]);
    }
    FGF_TRY(out->status);
    /* Opening a pipe would wait for someone who writes into it. */
    if (stat(out->text, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        FGF_FAIL(FGF_DATA, "%s: neither a file nor a folder", out->text);
done:
    globfree(&found);
    return status;
}

fgf_status fgf_case_files_list(const fgf_manifest *m, const fgf_candidate *candidate,
                               fgf_case_files *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    char *data = NULL;
    memset(out, 0, sizeof *out);
    for (int k = 0; k <= m->channel_count; k++) {
        const char *pattern = k < m->channel_count ? m->pattern[k] : m->source.mask;
        if (!*pattern)
            continue;
        status = fgf_case_path(m, pattern, candidate->source_id, &path);
        if (status == FGF_DATA) { /* several fit: reading the case will say so */
            status = FGF_OK;
            continue;
        }
        FGF_TRY(status);
        FGF_TRY(add_below(out, path.text, 0));
        fgf_free(data);
        data = NULL;
        /* A header that cannot be read is for the reader of the case to tell of. */
        if (m->source.kind == FGF_SOURCE_NRRD && fgf_nrrd_data_file(path.text, &data) == FGF_OK &&
            data)
            FGF_TRY(add_file(out, data));
    }
done:
    fgf_free(data);
    fgf_buffer_clear(&path);
    if (status != FGF_OK)
        fgf_case_files_clear(out);
    return status;
}

void fgf_case_files_clear(fgf_case_files *files)
{
    for (size_t k = 0; k < files->count; k++)
        fgf_free(files->file[k].path);
    fgf_free(files->file);
    memset(files, 0, sizeof *files);
}

fgf_status fgf_case_key(const fgf_manifest *m, const fgf_candidate *candidate,
                        const fgf_case_files *files, const char *salt, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    fgf_buffer_add(&text, "%s\n%s\n%s\nmodality %s\nmissing %d\n", salt, candidate->known.id,
                   m->preprocessing, m->source.modality, m->source.missing);
    for (size_t k = 0; k < candidate->regions.count; k++)
        fgf_buffer_add(&text, "region %s\n", candidate->regions.pattern[k]);
    for (size_t k = 0; k < files->count; k++)
        fgf_buffer_add(&text, "%s %lld %lld\n", files->file[k].path, files->file[k].bytes,
                       files->file[k].changed);
    FGF_TRY(text.status);
    *out = fgf_hash_bytes(text.text, text.length);
done:
    fgf_buffer_clear(&text);
    return status;
}
