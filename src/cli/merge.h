/* A merge under way: merge_parts.c reads the parts and takes their rows over, command_merge.c tells
 * what has come of it. One process. */
#ifndef FGF_CLI_MERGE_H
#define FGF_CLI_MERGE_H

#include "task.h"

/* A trial by its identity. */
typedef struct named_trial {
    const char *id;
    size_t trial;
} named_trial;

typedef struct merging {
    session *session;
    const char *output;
    const char *const *part;
    size_t part_count;
    int *part_task; /* [part_count] K of the part's task; 0 = it is none */
    bool *finished; /* [part_count] all of its trials are in the merged file */
    int task_count; /* N, where all tasks agree; 0 = they do not */
    size_t run_rows;
    named_trial *by_id;          /* [trial_count] sorted */
    fgf_prepare_result prepared; /* its statuses follow what is merged */
    size_t merged, broken;
} merging;

/* FGF_USAGE with one line where the parts do not belong together; nothing is written. */
fgf_status examine_parts(merging *m) FGF_CHECKED;

/* Prepares the file to merge into, whose lock is held, and commits the rows of the parts to it.
 * `holder` names this job in the locks of the parts. */
fgf_status merge_parts(merging *m, const char *holder) FGF_CHECKED;

#endif
