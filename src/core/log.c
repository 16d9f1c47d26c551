#include "fgf/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool log_prints = true;
static bool log_debug = false;
static atomic_bool progress_shown; /* threads beside the main one print errors */

void fgf_log_setup(bool prints, bool debug)
{
    log_prints = prints;
    log_debug = debug;
}

static void clear_progress(void)
{
    if (atomic_exchange(&progress_shown, false))
        fputs("\r\033[K", stderr);
}

static void print_line(const char *prefix, const char *format, va_list arguments)
{
    clear_progress();
    fputs(prefix, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void fgf_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (log_prints)
        print_line("fgf: ", format, arguments);
    va_end(arguments);
}

void fgf_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (log_prints)
        print_line("fgf: warning: ", format, arguments);
    va_end(arguments);
}

void fgf_warn_always(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("fgf: warning: ", format, arguments);
    va_end(arguments);
}

void fgf_log_error(bool always)
{
    const fgf_error *error = fgf_last_error();
    if (!log_prints && !always)
        return;
    clear_progress();
    fprintf(stderr, "fgf: error: %s\n",
            error->message[0] ? error->message : fgf_status_text(error->status));
    if (log_debug)
        fprintf(stderr, "fgf: debug: raised at %s\n", error->place);
}

void fgf_progress(const char *format, ...)
{
    if (!log_prints || !isatty(STDERR_FILENO))
        return;
    va_list arguments;
    clear_progress();
    va_start(arguments, format);
    int written = vfprintf(stderr, format, arguments);
    va_end(arguments);
    progress_shown = written > 0;
    fflush(stderr);
}

double fgf_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
