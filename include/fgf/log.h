/* Messages to stderr. Only the rank that may print does (set once at start); results go to stdout
 * and not through here. */
#ifndef FGF_LOG_H
#define FGF_LOG_H

#include "fgf/status.h"

/* Sets whether this process prints at all (rank 0 does), and whether errors tell where in the
 * program they arose (FGF_DEBUG in the environment). */
void fgf_log_setup(bool prints, bool debug);

void fgf_log(const char *format, ...) FGF_PRINTF(1, 2);  /* "fgf: ..." */
void fgf_warn(const char *format, ...) FGF_PRINTF(1, 2); /* "fgf: warning: ..." */

/* The same on any rank: for what rank 0 may be unable to say. */
void fgf_warn_always(const char *format, ...) FGF_PRINTF(1, 2);

/* "fgf: error: " and this thread's error; with debug on, the places it came through too. Prints
 * even where fgf_log does not, when `always`. */
void fgf_log_error(bool always);

/* A line that overwrites itself, only on a terminal; an empty text clears it. */
void fgf_progress(const char *format, ...) FGF_PRINTF(1, 2);

/* Wall clock, seconds, monotonic. */
double fgf_seconds(void);

#endif
