/* How large a batch job is. */
#ifndef FGF_CLI_JOB_SIZE_H
#define FGF_CLI_JOB_SIZE_H

#include "estimate.h"

enum { JOB_RANKS_MOST = 1000000 }; /* of all tasks together */

/* What is asked for, 0 where it is left to the estimate; size_job fills in the rest. */
typedef struct job_size {
    long ranks, nodes; /* nodes: 0 = Slurm's choice */
    long tasks;        /* of a job array; 1 = none */
    long links;        /* of a chain; 1 = none */
    long group_size;   /* as of fgf_schedule_run; -1 = the fastest */
    long seconds;      /* of a job, */
    long most_seconds; /* and at most; 0 = no limit is known */
    long signal_seconds;
    long merge_seconds; /* of the job that merges an array */
    long megabytes;     /* of a rank */
    bool requeue;
    estimate_run run; /* what is expected of all tasks together */
} job_size;

/* FGF_USAGE where what is asked for does not fit. Rank 0. */
fgf_status size_job(const estimate *estimate, job_size *size) FGF_CHECKED;

/* What was planned, in sentences, a line each. */
void describe_job_size(const estimate *estimate, const job_size *size, fgf_buffer *out);

#endif
