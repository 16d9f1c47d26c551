#include "fgf/text.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(fgf_buffer *buffer, size_t more)
{
    if (buffer->status != FGF_OK)
        return false;
    size_t needed = buffer->length + more + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = needed * 2;
    char *larger = NULL;
    buffer->status = FGF_ALLOCATE(capacity, &larger);
    if (buffer->status != FGF_OK)
        return false;
    if (buffer->text)
        memcpy(larger, buffer->text, buffer->length + 1);
    fgf_free(buffer->text);
    buffer->text = larger;
    buffer->capacity = capacity;
    return true;
}

void fgf_buffer_add_bytes(fgf_buffer *buffer, const char *bytes, size_t count)
{
    if (!make_room(buffer, count))
        return;
    memcpy(buffer->text + buffer->length, bytes, count);
    buffer->length += count;
    buffer->text[buffer->length] = '\0';
}

static void add_formatted(fgf_buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0 && make_room(buffer, (size_t)length)) {
        vsnprintf(buffer->text + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void fgf_buffer_add(fgf_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_formatted(buffer, format, arguments);
    va_end(arguments);
}

void fgf_buffer_clear(fgf_buffer *buffer)
{
    fgf_free(buffer->text);
    memset(buffer, 0, sizeof *buffer);
}

void fgf_buffer_add_json(fgf_buffer *buffer, const char *text)
{
    fgf_buffer_add_bytes(buffer, "\"", 1);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fgf_buffer_add(buffer, "\\%c", *c);
        else if (*c < 0x20)
            fgf_buffer_add(buffer, "\\u%04x", *c);
        else
            fgf_buffer_add_bytes(buffer, (const char *)c, 1);
    }
    fgf_buffer_add_bytes(buffer, "\"", 1);
}

void fgf_faults_add(fgf_faults *faults, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_formatted(&faults->lines, format, arguments);
    va_end(arguments);
    fgf_buffer_add_bytes(&faults->lines, "\n", 1);
    faults->count++;
}

void fgf_faults_clear(fgf_faults *faults)
{
    fgf_buffer_clear(&faults->lines);
    faults->count = 0;
}

fgf_status fgf_faults_report(const fgf_faults *faults, fgf_status code, const char *what)
{
    fgf_status status = FGF_OK;
    if (faults->count == 0)
        return FGF_OK;
    const char *line = faults->lines.text;
    while (line && *line) {
        const char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) : strlen(line);
        fgf_log("error: %.*s", (int)length, line);
        line += length + (end ? 1 : 0);
    }
    if (faults->lines.status != FGF_OK)
        FGF_FAIL(FGF_MEMORY, "%s: %zu faults, too little memory to list them all", what,
                 faults->count);
    FGF_FAIL(code, "%s: %zu fault%s", what, faults->count, faults->count == 1 ? "" : "s");
done:
    return status;
}

enum { NAME_BYTES = 64 };

/* Optimal string alignment: insert, delete, replace, swap neighbours. Names are short. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t cost[NAME_BYTES + 1][NAME_BYTES + 1];
    size_t length_a = strlen(a), length_b = strlen(b);
    if (length_a > NAME_BYTES || length_b > NAME_BYTES)
        return SIZE_MAX;
    for (size_t i = 0; i <= length_a; i++) {
        for (size_t j = 0; j <= length_b; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (cost[i - 1][j] + 1 < best)
                best = cost[i - 1][j] + 1;
            if (cost[i][j - 1] + 1 < best)
                best = cost[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cost[i - 2][j - 2] + 1 < best)
                best = cost[i - 2][j - 2] + 1;
            cost[i][j] = best;
        }
    }
    return cost[length_a][length_b];
}

const char *fgf_nearest_name(const char *given, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = strlen(given) / 3 + 2; /* further than this is another word, not a slip */
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(given, names[i]);
        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
