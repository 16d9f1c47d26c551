/* Batch scripts of Slurm as texts: a head with the settings of one sweep, and below it what the
 * templates in slurm/ have below theirs. Nothing here is collective. */
#ifndef FGF_CLI_JOB_SCRIPT_H
#define FGF_CLI_JOB_SCRIPT_H

#include "fgf/text.h"

/* What a script says. Texts are borrowed; NULL or 0 leaves a line out. */
typedef struct job_settings {
    const char *name;   /* of the job and its log: see add_job_name */
    const char *title;  /* comment: what it is for and how it was written, ... */
    const char *plan;   /* comment: what was planned; several lines */
    const char *submit; /* comment: the command that submits it */
    const char *sweep;  /* as `fgf run` gets them */
    const char *results;
    const char *data;
    const char *const *override; /* [override_count] */
    size_t override_count;
    long ranks, nodes;
    long group_size; /* 0 = the scheduler's choice */
    long tasks;      /* of the array; 1 = no array */
    long links;      /* of the chain; 1 = no chain */
    long seconds, signal_seconds, merge_seconds;
    const char *memory; /* of a rank, "2400M" */
    bool mpirun, requeue;
    const char *partition, *account, *qos, *constraint, *mail;
} job_settings;

/* The job itself, alone or as a job array. Check out->status. */
void add_job_script(fgf_buffer *out, const job_settings *job);
/* The job that merges the results of an array. */
void add_merge_script(fgf_buffer *out, const job_settings *job);
/* What submits `script` as a chain of jobs. */
void add_chain_script(fgf_buffer *out, const job_settings *job, const char *script);

/* A word as a shell reads it back, in quotes where it needs any. */
void add_shell_word(fgf_buffer *out, const char *word);
/* The file's name without folder and suffix, every character that a job's name may not have as _.
 */
void add_job_name(fgf_buffer *out, const char *path);

/* A time as Slurm writes it: "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours",
 * "days-hours:minutes", "days-hours:minutes:seconds". FGF_USAGE names `option`. */
fgf_status parse_job_time(const char *option, const char *text, long *seconds) FGF_CHECKED;
/* "02:30:00", "3-00:00:00". */
void add_job_time(fgf_buffer *out, long seconds);

/* Whether a script can be written at `path` (fgf_output_file). FGF_USAGE too where a file is there
 * that is not `text`, unless `force`: a script that somebody has changed is not lost by mistake. */
fgf_status check_script(const char *path, const fgf_buffer *text, bool force) FGF_CHECKED;
/* Writes it, and says so on stdout. */
fgf_status write_script(const char *path, const fgf_buffer *text) FGF_CHECKED;
/* Runs the command that submits them, which prints the jobs' numbers. */
fgf_status submit_scripts(const char *command) FGF_CHECKED;

#endif
