#include "hide.h"
#include "fgf/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char hidden[] = "(hidden)";

fgf_status fgf_names_add(fgf_names *names, const char *name)
{
    fgf_status status = FGF_OK;
    char **larger = NULL;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        goto done;
    if (names->count == names->capacity) {
        const size_t capacity = 2 * names->capacity + 16;
        FGF_TRY(FGF_ALLOCATE(capacity, &larger));
        if (names->count)
            memcpy(larger, names->name, names->count * sizeof *larger);
        fgf_free(names->name);
        names->name = larger;
        names->capacity = capacity;
    }
    FGF_TRY(fgf_copy_text(name, &names->name[names->count]));
    names->count++;
done:
    return status;
}

fgf_status fgf_names_add_path(fgf_names *names, const char *path)
{
    fgf_status status = FGF_OK;
    char *copy = NULL;
    FGF_TRY(fgf_names_add(names, path));
    FGF_TRY(fgf_copy_text(path, &copy));
    char *rest = copy;
    for (char *part; (part = strsep(&rest, "/"));) {
        FGF_TRY(fgf_names_add(names, part));
        char *dot = rest ? NULL : strchr(part + (*part == '.'), '.');
        if (dot) {
            *dot = '\0';
            FGF_TRY(fgf_names_add(names, part));
        }
    }
done:
    fgf_free(copy);
    return status;
}

void fgf_names_clear(fgf_names *names)
{
    for (size_t k = 0; k < names->count; k++)
        fgf_free(names->name[k]);
    fgf_free(names->name);
    memset(names, 0, sizeof *names);
}

/* The longest name of the list that stands at `at`, not in the middle of a longer word. */
static size_t longest_name(const fgf_names *names, const char *at)
{
    size_t longest = 0;
    for (size_t k = 0; names && k < names->count; k++) {
        const size_t length = strlen(names->name[k]);
        if (length > longest && strncasecmp(at, names->name[k], length) == 0 &&
            !isalnum((unsigned char)at[length]))
            longest = length;
    }
    return longest;
}

/* The length of a word that tells a path or a UID; 0 = it may be told. */
static size_t telling_word(const char *at)
{
    size_t length = strcspn(at, " \t\n\"'()<>;");
    const size_t numeric = strspn(at, "0123456789.");
    size_t dots = 0;
    for (size_t k = 0; k < numeric; k++)
        dots += at[k] == '.';
    if (dots >= 4)
        return numeric;
    while (length > 0 && strchr(":,.", at[length - 1]))
        length--;
    return memchr(at, '/', length) ? length : 0;
}

void fgf_hide(const fgf_names *names, const fgf_names *of_case, const char *text, fgf_buffer *out)
{
    bool inside = false; /* a word whose beginning has been looked at */
    for (const char *at = text; *at;) {
        size_t length = 0;
        if (!inside) {
            const size_t one = longest_name(names, at), other = longest_name(of_case, at);
            length = one > other ? one : other;
            if (length == 0 && of_case)
                length = telling_word(at);
        }
        if (length > 0)
            fgf_buffer_add(out, "%s", hidden);
        else
            fgf_buffer_add_bytes(out, at, length = 1);
        at += length;
        inside = isalnum((unsigned char)at[-1]);
    }
}

fgf_status fgf_hide_within(const fgf_names *names, const fgf_names *of_case, char *text,
                           size_t bytes)
{
    fgf_status status = FGF_OK;
    fgf_buffer out = {0};
    const bool cut = strlen(text) + 16 >= bytes;
    fgf_hide(names, of_case, text, &out);
    FGF_TRY(out.status);
    snprintf(text, bytes, "%s", out.text ? out.text : "");
    if (cut && strlen(text) > bytes / 2)
        text[bytes / 2] = '\0';
done:
    fgf_buffer_clear(&out);
    return status;
}
