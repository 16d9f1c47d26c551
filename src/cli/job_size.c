/* The resources of a batch job, from the estimate of its sweep. */
#include "job_size.h"

#include "job_script.h"

#include <math.h>

enum {
    TARGET_SECONDS = 4 * 3600, /* of a job whose ranks nobody chose */
    CHOSEN_RANKS_MOST = 1024,  /* of it */
    SIGNAL_LEAST = 60,
    OVERHEAD_SECONDS = 120 /* of a job: starting the ranks, opening and closing the files */
};

/* Nodes differ from the machine that timed the trials, and neighbours are noisy. */
static const double time_headroom = 1.5, memory_headroom = 1.25;

/* The time of a job that does all that `run` expects. */
static double seconds_needed(const estimate_run *run)
{
    return time_headroom * run->makespan + OVERHEAD_SECONDS;
}

/* All ranks of all tasks together, as the scheduler would use them: tasks are dealt their shares as
 * evenly. */
static fgf_status expect_run(const estimate *e, const job_size *size, estimate_run *out)
{
    const int ranks = (int)(size->ranks * size->tasks);
    if (size->group_size >= 0)
        return estimate_run_of(e, ranks, (int)size->group_size, out);
    return estimate_best_run(e, ranks, out);
}

/* The fewest ranks, a power of two, that end in time; where none do, the most that are still busy
 * for four fifths of it. */
static fgf_status choose_ranks(const estimate *e, job_size *size)
{
    fgf_status status = FGF_OK;
    const int group_size = size->group_size > 0 ? (int)size->group_size : 0;
    const double target = size->most_seconds > 0 ? (double)size->most_seconds : TARGET_SECONDS;
    long busy = 1;
    for (size->ranks = 1; size->ranks <= CHOSEN_RANKS_MOST; size->ranks *= 2) {
        estimate_run run;
        FGF_TRY(estimate_run_of(e, (int)(size->ranks * size->tasks), group_size, &run));
        if (run.efficiency >= 0.8)
            busy = size->ranks;
        if (seconds_needed(&run) <= target)
            break;
    }
    if (size->ranks > CHOSEN_RANKS_MOST)
        size->ranks = busy;
    if (size->ranks < size->nodes)
        size->ranks = size->nodes;
done:
    return status;
}

/* Two epochs, the longest that was timed: time to end the one under way and to write it down. */
static long choose_signal(const estimate *e, long job_seconds)
{
    double epoch = 0;
    for (size_t k = 0; k < e->shape_count; k++)
        epoch = fmax(epoch, e->shapes[k].timing.epoch);
    const double wanted = fmin(fmax(SIGNAL_LEAST, 2 * epoch), 65535);
    return (long)fmin(ceil(wanted / 10) * 10, (double)(job_seconds / 3));
}

/* The time limit in round numbers, and how many jobs of it the sweep takes. */
static void size_time(const estimate *e, const estimate_run *run, job_size *size)
{
    const double needed = seconds_needed(run);
    const bool chosen = size->seconds > 0;
    if (!chosen) {
        const double share =
            size->links > 1 ? needed / (double)size->links + OVERHEAD_SECONDS : needed;
        const long round = share < 3 * 3600 ? 600 : 1800;
        size->seconds = ((long)share / round + 1) * round;
        if (size->most_seconds > 0 && size->seconds > size->most_seconds)
            size->seconds = size->most_seconds;
    }
    if (size->signal_seconds == 0)
        size->signal_seconds = choose_signal(e, size->seconds);
    if (size->links == 0) {
        const double useful =
            fmax((double)(size->seconds - size->signal_seconds - OVERHEAD_SECONDS),
                 (double)size->seconds / 4);
        const bool longer = size->most_seconds > 0 && needed > (double)size->seconds;
        size->links =
            longer && !size->requeue && size->tasks == 1 ? (long)ceil(needed / useful) : 1;
    }
}

/* Every row is read, written and read back, on a file system that others use. */
static long size_merge(const estimate *e)
{
    const double bytes_a_second = 20e6;
    return 600 * (1 + (long)(e->file_bytes / bytes_a_second / 600));
}

static long size_memory(const estimate *e)
{
    const double megabytes = memory_headroom * (double)e->memory_bytes / 1e6 + 100;
    return 100 * (long)ceil(megabytes / 100);
}

/* ---- all of it ---- */

fgf_status size_job(const estimate *e, job_size *size)
{
    fgf_status status = FGF_OK;
    if ((size_t)size->tasks > e->trial_count)
        FGF_FAIL(FGF_USAGE, "--array %ld is more than the sweep has trials: %zu", size->tasks,
                 e->trial_count);
    if (size->ranks == 0)
        FGF_TRY(choose_ranks(e, size));
    if (size->ranks * size->tasks > JOB_RANKS_MOST)
        FGF_FAIL(FGF_USAGE,
                 "%ld ranks in each of %ld tasks are more than the %d that fgf plans for",
                 size->ranks, size->tasks, JOB_RANKS_MOST);
    FGF_TRY(expect_run(e, size, &size->run));
    size->group_size = size->run.group_size < size->ranks ? size->run.group_size : size->ranks;
    size_time(e, &size->run, size);
    if (size->signal_seconds >= size->seconds)
        FGF_FAIL(FGF_USAGE, "--signal %ld is no less than the job's time of %ld s",
                 size->signal_seconds, size->seconds);
    size->merge_seconds = size_merge(e);
    size->megabytes = size_memory(e);
done:
    return status;
}

/* How the times of most of the work are known. */
static const char *describe_source(const estimate *e)
{
    for (size_t k = 0; k < e->shape_count; k++) {
        if (e->shapes[k].source == ESTIMATE_RESULTS)
            return "as measured in the results file";
        if (e->shapes[k].source == ESTIMATE_TIMED)
            return "timed where this was written";
    }
    return "guessed, to a factor of a few";
}

void describe_job_size(const estimate *e, const job_size *size, fgf_buffer *out)
{
    const estimate_run *run = &size->run;
    fgf_buffer_add(out, "Planned: %zu of %zu trials, %.3g core-hours (%s).\n", e->left_count,
                   e->trial_count, e->trial_seconds / 3600, describe_source(e));
    fgf_buffer_add(out, "%ld rank%s", size->ranks, size->ranks == 1 ? "" : "s");
    if (size->tasks > 1)
        fgf_buffer_add(out, " in each of %ld tasks", size->tasks);
    fgf_buffer_add(out, " need%s about ", size->ranks == 1 && size->tasks == 1 ? "s" : "");
    add_job_time(out, (long)ceil(run->makespan));
    fgf_buffer_add(out, " and %.0f MB each; the results file has %.1f MB.\n",
                   (double)e->memory_bytes / 1e6, e->file_bytes / 1e6);
    if (size->links > 1)
        fgf_buffer_add(out, "More than one job's time: a chain of %ld jobs.\n", size->links);
    else if (seconds_needed(run) > (double)size->seconds)
        fgf_buffer_add(out, "That may be more than the job's time: %s.\n",
                       size->requeue ? "it is requeued until all is done"
                                     : "submit again to go on, or use --requeue");
}
