#include "fgf/file_bytes.h"
#include "fgf/memory.h"
#include "split_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a message; the rest is for what is put before it, and for how many more there are. */
enum { TOLD_BYTES = FGF_MESSAGE_BYTES * 3 / 4 };

fgf_status fgf_split_refuse(const fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    if (faults->count == 0)
        return FGF_OK;
    FGF_TRY(faults->lines.status);
    const char *text = faults->lines.text;
    size_t told = strcspn(text, "\n"), left = faults->count - 1;
    for (size_t next; left > 0; told = next, left--) {
        next = told + 1 + strcspn(text + told + 1, "\n");
        if (next > TOLD_BYTES)
            break;
    }
    if (left == 0)
        FGF_FAIL(FGF_USAGE, "%.*s", (int)told, text);
    FGF_FAIL(FGF_USAGE, "%.*s\nsplit: and %zu more faults like these", (int)told, text, left);
done:
    return status;
}

static char *trimmed(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    return text;
}

static int role_of_name(const char *name)
{
    for (int role = 0; role < FGF_ROLE_COUNT; role++)
        if (strcmp(name, fgf_role_name((fgf_role)role)) == 0)
            return role;
    return -1;
}

/* An id of the cases with its place, sorted by id. */
typedef struct known_id {
    const char *id;
    size_t index;
} known_id;

static int by_id(const void *a, const void *b)
{
    return strcmp(((const known_id *)a)->id, ((const known_id *)b)->id);
}

/* What the reading of a split file goes on with from line to line. */
typedef struct split_file {
    const char *path;
    const known_id *ids;
    const char *const *names; /* the ids again, for the nearest one */
    size_t count;
    int *line_of; /* [count] where each id was named, 0 = not yet */
    int line;
    bool begun;
    fgf_faults *faults;
} split_file;

static void read_line(split_file *file, char *line, int8_t *role)
{
    char *text = trimmed(line);
    if (file->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    if (*text == '\0' || *text == '#')
        return;
    char *comma = strrchr(text, ',');
    if (!comma) {
        fgf_faults_add(file->faults, "%s:%d: expected \"id,role\", found \"%s\"", file->path,
                       file->line, text);
        return;
    }
    *comma = '\0';
    known_id wanted = {trimmed(text), 0};
    const char *role_name = trimmed(comma + 1);
    bool first = !file->begun;
    file->begun = true;
    if (first && strcmp(wanted.id, "id") == 0 && strcmp(role_name, "role") == 0)
        return;
    int found_role = role_of_name(role_name);
    if (found_role < 0)
        fgf_faults_add(file->faults,
                       "%s:%d: unknown role \"%s\"; expected train, validation, test or out",
                       file->path, file->line, role_name);
    const known_id *found =
        file->count ? bsearch(&wanted, file->ids, file->count, sizeof wanted, by_id) : NULL;
    if (!found) {
        const char *near = fgf_nearest_name(wanted.id, file->names, file->count);
        fgf_faults_add(file->faults, "%s:%d: no case has the id \"%s\"%s%s%s", file->path,
                       file->line, wanted.id, near ? ", did you mean \"" : "", near ? near : "",
                       near ? "\"?" : "");
        return;
    }
    int *line_of = &file->line_of[found->index];
    if (*line_of)
        fgf_faults_add(file->faults, "%s:%d: \"%s\" was given a role in line %d already",
                       file->path, file->line, wanted.id, *line_of);
    *line_of = file->line;
    if (found_role >= 0)
        role[found->index] = (int8_t)found_role;
}

fgf_status fgf_split_by_file(const fgf_split_settings *s, const fgf_case *const *cases,
                             size_t count, int8_t *role)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    known_id *ids = NULL;
    const char **names = NULL;
    char *line = NULL;
    size_t line_bytes = 0;
    FILE *stream = NULL;
    split_file file = {.path = s->file, .count = count, .faults = &faults};
    if (!s->file || !*s->file)
        FGF_FAIL(FGF_USAGE, "split.file: a split of kind fixed needs a file of lines \"id,role\"");
    FGF_TRY(FGF_ALLOCATE(count, &ids));
    FGF_TRY(FGF_ALLOCATE(count, &names));
    FGF_TRY(FGF_ALLOCATE(count, &file.line_of));
    for (size_t i = 0; i < count; i++) {
        ids[i] = (known_id){cases[i]->id, i};
        names[i] = cases[i]->id;
        role[i] = FGF_ROLE_OUT;
    }
    if (count)
        qsort(ids, count, sizeof *ids, by_id);
    file.ids = ids;
    file.names = names;
    stream = fopen(s->file, "r");
    if (!stream)
        FGF_FAIL(FGF_DATA, "%s: %s", s->file, strerror(errno));
    while (getline(&line, &line_bytes, stream) >= 0) {
        file.line++;
        read_line(&file, line, role);
    }
    if (ferror(stream))
        FGF_FAIL(FGF_DATA, "%s: %s", s->file, strerror(errno));
    FGF_TRY(fgf_split_refuse(&faults));
done:
    if (stream)
        fclose(stream);
    free(line);
    fgf_free(ids);
    fgf_free(names);
    fgf_free(file.line_of);
    fgf_faults_clear(&faults);
    return status;
}

/* ---- writing ---- */

/* Whether a line "id,role" gives this id back. */
static bool fits_line(const char *id)
{
    return id[0] != '\0' && id[0] != '#' && !strchr(" \t", id[0]) &&
           !strchr(" \t", id[strlen(id) - 1]) && !strpbrk(id, "\r\n") &&
           strncmp(id, "\xef\xbb\xbf", 3) != 0;
}

static void add_comment(const char *comment, fgf_buffer *text)
{
    for (const char *line = comment; line && *line;) {
        const size_t length = strcspn(line, "\n");
        fgf_buffer_add(text, "# %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

fgf_status fgf_split_write(const char *path, const fgf_dataset *dataset, const int8_t *role,
                           const char *comment)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    add_comment(comment, &text);
    fgf_buffer_add(&text, "id,role\n");
    for (size_t i = 0; i < fgf_dataset_case_count(dataset); i++) {
        const char *id = fgf_dataset_case(dataset, i)->id;
        if (!fits_line(id))
            FGF_FAIL(FGF_DATA, "%s: the id \"%s\" cannot stand in a line \"id,role\"", path, id);
        fgf_buffer_add(&text, "%s,%s\n", id, fgf_role_name((fgf_role)role[i]));
    }
    FGF_TRY(text.status);
    FGF_TRY(fgf_write_file(path, text.text, text.length, 0666));
done:
    fgf_buffer_clear(&text);
    return status;
}
