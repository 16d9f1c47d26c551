/* Text: a growing buffer, lists of faults, and the nearest name to a misspelt one. */
#ifndef FGF_TEXT_H
#define FGF_TEXT_H

#include "fgf/status.h"

/* A growing text. `{0}` is empty; a failed growth sticks in `status` and later writes do nothing,
 * so a run of writes is checked once at its end. */
typedef struct fgf_buffer {
    char *text; /* final 0 kept; NULL while empty */
    size_t length, capacity;
    fgf_status status;
} fgf_buffer;

void fgf_buffer_add(fgf_buffer *buffer, const char *format, ...) FGF_PRINTF(2, 3);
void fgf_buffer_add_bytes(fgf_buffer *buffer, const char *bytes, size_t count);
void fgf_buffer_clear(fgf_buffer *buffer); /* releases the memory */

/* All faults of one input, so that a user sees every one at once. `{0}` is empty. */
typedef struct fgf_faults {
    fgf_buffer lines; /* a line each, newline at the end */
    size_t count;
} fgf_faults;

void fgf_faults_add(fgf_faults *faults, const char *format, ...) FGF_PRINTF(2, 3);
void fgf_faults_clear(fgf_faults *faults);

/* FGF_OK with no faults; else prints each on stderr (where logging prints) and fails with `code`
 * and "N faults in <what>". */
fgf_status fgf_faults_report(const fgf_faults *faults, fgf_status code,
                             const char *what) FGF_CHECKED;

/* The name in `names` (count of them) nearest to `given` by edit distance with transpositions, or
 * NULL where none is near enough to be what was meant. Borrowed. */
const char *fgf_nearest_name(const char *given, const char *const *names, size_t count);

/* Writes `text` as a JSON string, quotes included. */
void fgf_buffer_add_json(fgf_buffer *buffer, const char *text);

#endif
