#include "fgf/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local fgf_error last_error;

const char *fgf_status_text(fgf_status status)
{
    switch (status) {
#define FGF_STATUS_CASE(name, exit_status, text)                                                   \
    case FGF_##name:                                                                               \
        return text;
        FGF_STATUS_TABLE(FGF_STATUS_CASE)
#undef FGF_STATUS_CASE
    case FGF_STATUS_COUNT:
        break;
    }
    return "unknown status";
}

int fgf_status_exit(fgf_status status)
{
    switch (status) {
#define FGF_STATUS_CASE(name, exit_status, text)                                                   \
    case FGF_##name:                                                                               \
        return exit_status;
        FGF_STATUS_TABLE(FGF_STATUS_CASE)
#undef FGF_STATUS_CASE
    case FGF_STATUS_COUNT:
        break;
    }
    return 4;
}

/* The trace shows the file's own name: the folder is in the build's paths, not in a reader's way. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

fgf_status fgf_fail(fgf_status status, const char *file, int line, const char *format, ...)
{
    /* Arguments may point into the record that is about to be overwritten. */
    char message[FGF_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    last_error.status = status;
    snprintf(last_error.message, sizeof last_error.message, "%s", message);
    snprintf(last_error.place, sizeof last_error.place, "%s:%d", base_name(file), line);
    return status;
}

fgf_status fgf_trace(fgf_status status, const char *file, int line)
{
    size_t used = strlen(last_error.place);
    snprintf(last_error.place + used, sizeof last_error.place - used, " < %s:%d", base_name(file),
             line);
    return status;
}

const fgf_error *fgf_last_error(void) { return &last_error; }

fgf_status fgf_adopt_error(const fgf_error *error)
{
    if (error != &last_error)
        last_error = *error;
    return last_error.status;
}

fgf_status fgf_prefix_error(const char *format, ...)
{
    char prefix[FGF_MESSAGE_BYTES], message[FGF_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    memcpy(message, last_error.message, sizeof message);
    int written = snprintf(last_error.message, sizeof last_error.message, "%s: ", prefix);
    size_t used = written < 0 ? 0 : (size_t)written;
    if (used < sizeof last_error.message)
        snprintf(last_error.message + used, sizeof last_error.message - used, "%s", message);
    return last_error.status;
}
