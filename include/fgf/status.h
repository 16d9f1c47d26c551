/* Status codes and the error record.
 *
 * Every function that can fail returns an fgf_status. The first place that notices an error
 * describes it with FGF_FAIL; every caller passes it on with FGF_TRY, which leaves through the
 * one label `done:` of its function. Both need a local `fgf_status status = FGF_OK;`.
 * The description lives in thread-local storage, so that no error path allocates. */
#ifndef FGF_STATUS_H
#define FGF_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/* name, process exit status, text. The exit statuses are part of the command line's contract. */
#define FGF_STATUS_TABLE(X)                                                                        \
    X(OK, 0, "success")                                                                            \
    X(TRIAL, 1, "some trials failed")                                                              \
    X(USAGE, 2, "usage or specification error")                                                    \
    X(DATA, 3, "data error")                                                                       \
    X(ENVIRONMENT, 4, "environment error (MPI, file system)")                                      \
    X(MEMORY, 4, "out of memory")                                                                  \
    X(NUMERIC, 1, "a number is not finite")                                                        \
    X(INTERNAL, 4, "internal error")                                                               \
    X(STOPPED, 75, "stopped on request; run again to go on")

typedef enum fgf_status {
#define FGF_STATUS_NAME(name, exit_status, text) FGF_##name,
    FGF_STATUS_TABLE(FGF_STATUS_NAME)
#undef FGF_STATUS_NAME
        FGF_STATUS_COUNT
} fgf_status;

#define FGF_CHECKED __attribute__((warn_unused_result))
#define FGF_PRINTF(index, first) __attribute__((format(printf, index, first)))

enum { FGF_MESSAGE_BYTES = 1024, FGF_PLACE_BYTES = 192 };

/* What went wrong, for a person (message) and for the developer (place). Plain bytes: it may be
 * sent to other ranks as it is. */
typedef struct fgf_error {
    fgf_status status;
    char message[FGF_MESSAGE_BYTES];
    char place[FGF_PLACE_BYTES]; /* "file.c:12 < file.c:34": where it arose and who passed it on */
} fgf_error;

/* The fixed text of a status; never NULL. Not collective. */
const char *fgf_status_text(fgf_status status);

/* The process exit status that stands for `status` (0, 1, 2, 3, 4 or 75). */
int fgf_status_exit(fgf_status status);

/* Records an error in this thread and returns `status`. Use through FGF_FAIL. */
fgf_status fgf_fail(fgf_status status, const char *file, int line, const char *format, ...)
    FGF_PRINTF(4, 5);

/* Appends a place to the trace of this thread's error and returns `status`. Through FGF_TRY. */
fgf_status fgf_trace(fgf_status status, const char *file, int line);

/* This thread's last error; borrowed, valid until the next failure in the thread. */
const fgf_error *fgf_last_error(void);

/* Makes `error` this thread's last error, as when it came from another rank. */
fgf_status fgf_adopt_error(const fgf_error *error);

/* Puts "context: " before the message of this thread's error and returns its status. */
fgf_status fgf_prefix_error(const char *format, ...) FGF_PRINTF(1, 2);

#define FGF_FAIL(code, ...)                                                                        \
    do {                                                                                           \
        status = fgf_fail((code), __FILE__, __LINE__, __VA_ARGS__);                                \
        goto done;                                                                                 \
    } while (0)

#define FGF_TRY(call)                                                                              \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != FGF_OK) {                                                                    \
            status = fgf_trace(status, __FILE__, __LINE__);                                        \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

#endif
