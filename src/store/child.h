/* Work that may take its process down, done in a child.
 *
 * libhdf5 crashes or loops on some damaged files, and crashes at exit after a close that failed
 * because the disk was full. In a child that leaves by _exit none of it reaches the job. The child
 * makes no MPI call. */
#ifndef FGF_STORE_CHILD_H
#define FGF_STORE_CHILD_H

#include "fgf/status.h"

typedef enum child_end {
    CHILD_ANSWERED,
    CHILD_DIED,   /* it crashed */
    CHILD_KILLED, /* by somebody else: for want of memory, say */
    CHILD_TIMED_OUT
} child_end;

/* Calls work(state) in a child process. *end tells how it went; after CHILD_ANSWERED the status
 * and its error are the work's, else FGF_OK. `seconds` 0 = no limit. FGF_ENVIRONMENT where no
 * child can be started. Changes that the work makes in memory are lost. */
fgf_status run_in_child(fgf_status (*work)(void *state), void *state, unsigned seconds,
                        child_end *end) FGF_CHECKED;

#endif
