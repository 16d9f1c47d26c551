/* Parts of a sweep that are run apart, as tasks of a job array: task.c, command_merge.c. */
#ifndef FGF_CLI_TASK_H
#define FGF_CLI_TASK_H

#include "session.h"

/* "K/N", 1 <= K <= N, as `what` (an option, a file) gives it. */
fgf_status parse_task(const char *what, const char *text, int *task, int *count) FGF_CHECKED;

/* RESULTS.task-K-of-N.h5 for RESULTS.h5; owned by the caller. */
fgf_status task_output(const char *results, int task, int count, char **out) FGF_CHECKED;

/* status[i] = DONE for the session's trials that the file at `path`, if there is one, has done. */
fgf_status mark_done_elsewhere(const session *session, const char *path, uint8_t *status,
                               size_t *count) FGF_CHECKED;

#endif
