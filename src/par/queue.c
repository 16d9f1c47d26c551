/* Longest job first, on groups of a fixed size or on as few ranks as let the job end with the rest.
 *
 * For the latter the queue foresees the time by which all can end: from the costs, from the rate at
 * which costs have turned into seconds, and from what groups cost. A job that a single rank would
 * end later than that gets a group. So groups appear where they are needed: for jobs far longer
 * than the others, at the end, and where there are fewer jobs than ranks. */
#include "queue.h"

#include "fgf/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct job {
    double cost, started;
    double end;   /* foreseen */
    size_t index; /* the caller's number */
    int size;     /* ranks of its group, 0 = not started */
    int out;      /* ranks that have not come back */
    fgf_status result;
};

struct fgf_queue {
    struct job *jobs;     /* [job_count] longest first */
    struct job **job_of;  /* [rank_count] that the rank runs, else NULL */
    struct job **running; /* [running_jobs] the one foreseen to end first comes first */
    int *free;            /* [free_count] ranks, increasing */
    int *members;         /* [rank_count] of the assignment handed out last */
    size_t job_count, next;
    int rank_count, group_size;
    int largest;                                 /* group, where group_size is 0 */
    int running_jobs, running_ranks, free_count; /* ranks that are neither have not come yet */
    bool stopped;
    double began;          /* time of the first job, infinite before */
    double hold_until;     /* nothing but a free rank changes the choice before this */
    double cost_left;      /* of jobs not started */
    double end_sum;        /* of the foreseen ends of all running ranks */
    double end, end_valid; /* by which all can end; until when this is taken for true */
    double rate;           /* with which the ends were foreseen */
    double cost_done, seconds_done, square_done; /* of jobs: costs c, rank-seconds s, s^2 / c */
    fgf_queue_counts counts;
};

/* Share of a trial's time that more ranks do not shorten. */
static const double serial_share = 0.1;

/* More ranks than this are of no use: nine tenths of what could be gained is gained, and the cases
 * of a step do not go round. */
static const int largest_group = 64;

/* Seconds. A job that is said to cost nothing still gains by more ranks. */
static const double least_cost = 1e-9;

/* Of the whole time: by so much a job may end after the time by which all can. Groups cost
 * rank-time, so the last hundredths are had more cheaply by single ranks. */
static const double slack = 0.02;

/* In standard deviations: how much longer than foreseen a job is taken to last. */
static const double spread_margin = 1;

/* How far the rate may move before the endings are foreseen anew. */
static const double rate_tolerance = 0.05;

double fgf_group_speed(int size)
{
    return 1.0 / (serial_share + (1.0 - serial_share) / size);
}

static int by_cost(const void *left, const void *right)
{
    const struct job *a = left, *b = right;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

fgf_status fgf_queue_create(const double *cost, size_t job_count, int ranks, int group_size,
                            fgf_queue **out)
{
    fgf_status status = FGF_OK;
    fgf_queue *queue = NULL;
    assert(ranks > 0 && group_size >= 0);
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &queue));
    FGF_TRY(FGF_ALLOCATE(job_count, &queue->jobs));
    FGF_TRY(FGF_ALLOCATE(ranks, &queue->job_of));
    FGF_TRY(FGF_ALLOCATE(ranks, &queue->free));
    FGF_TRY(FGF_ALLOCATE(ranks, &queue->members));
    FGF_TRY(FGF_ALLOCATE(ranks, &queue->running));
    for (size_t k = 0; k < job_count; k++) {
        queue->jobs[k] =
            (struct job){.cost = cost[k] > least_cost ? cost[k] : least_cost, .index = k};
        queue->cost_left += queue->jobs[k].cost;
    }
    qsort(queue->jobs, job_count, sizeof *queue->jobs, by_cost);
    queue->job_count = job_count;
    queue->counts.left = job_count;
    queue->rank_count = ranks;
    queue->group_size = group_size < ranks ? group_size : ranks;
    queue->largest = largest_group < ranks ? largest_group : ranks;
    queue->began = HUGE_VAL;
    queue->hold_until = queue->end_valid = -HUGE_VAL;
    *out = queue;
    queue = NULL;
done:
    fgf_queue_destroy(&queue);
    return status;
}

void fgf_queue_destroy(fgf_queue **queue)
{
    if (*queue) {
        fgf_free((*queue)->jobs);
        fgf_free((*queue)->job_of);
        fgf_free((*queue)->free);
        fgf_free((*queue)->members);
        fgf_free((*queue)->running);
        fgf_free(*queue);
    }
    *queue = NULL;
}

void fgf_queue_stop(fgf_queue *queue)
{
    queue->stopped = true;
}

bool fgf_queue_closed(const fgf_queue *queue)
{
    return queue->stopped || queue->next == queue->job_count;
}

fgf_queue_counts fgf_queue_count(const fgf_queue *queue)
{
    return queue->counts;
}

double fgf_queue_wake(const fgf_queue *queue)
{
    bool holds = queue->free_count > 0 && queue->hold_until > -HUGE_VAL;
    return holds ? queue->hold_until : HUGE_VAL;
}

/* ---- what is foreseen ---- */

/* Seconds of one rank per unit of cost, as measured so far. */
static double rate(const fgf_queue *queue)
{
    bool measured = queue->cost_done > 0 && queue->seconds_done > 0;
    return measured ? queue->seconds_done / queue->cost_done : 1.0;
}

/* The standard deviation of rates, in units of their mean. */
static double spread(const fgf_queue *queue)
{
    if (queue->cost_done <= 0 || queue->seconds_done <= 0)
        return 0;
    double square = queue->square_done * queue->cost_done;
    return sqrt(fmax(square / (queue->seconds_done * queue->seconds_done) - 1, 0));
}

static int by_end(const void *left, const void *right)
{
    const struct job *a = *(struct job *const *)left, *b = *(struct job *const *)right;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void foresee_job(const fgf_queue *queue, struct job *job)
{
    job->end = job->started + queue->rate * job->cost / fgf_group_speed(job->size);
}

/* Follows the rate once it has moved. */
static void foresee_running(fgf_queue *queue)
{
    double now = rate(queue);
    if (fabs(now - queue->rate) <= rate_tolerance * queue->rate)
        return;
    queue->rate = now;
    queue->end_sum = 0;
    for (int k = 0; k < queue->running_jobs; k++) {
        foresee_job(queue, queue->running[k]);
        queue->end_sum += queue->running[k]->out * queue->running[k]->end;
    }
    qsort(queue->running, (size_t)queue->running_jobs, sizeof(struct job *), by_end);
}

/* The first of the running jobs that does not come before `key`. */
static int place_of(const fgf_queue *queue, const struct job *key)
{
    int low = 0, high = queue->running_jobs;
    while (low < high) {
        int middle = (low + high) / 2;
        if (by_end(&queue->running[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_running(fgf_queue *queue, struct job *job)
{
    foresee_job(queue, job);
    int place = place_of(queue, job);
    memmove(queue->running + place + 1, queue->running + place,
            (size_t)(queue->running_jobs++ - place) * sizeof job);
    queue->running[place] = job;
    queue->running_ranks += job->size;
    queue->end_sum += job->size * job->end;
}

static void remove_running(fgf_queue *queue, const struct job *job)
{
    int place = place_of(queue, job);
    assert(queue->running[place] == job);
    memmove(queue->running + place, queue->running + place + 1,
            (size_t)(--queue->running_jobs - place) * sizeof job);
}

/* ---- ranks come back ---- */

static void end_job(fgf_queue *queue, const struct job *job, double now)
{
    remove_running(queue, job);
    if (job->result == FGF_OK || job->result == FGF_TRIAL) {
        queue->counts.left--;
        *(job->result == FGF_OK ? &queue->counts.done : &queue->counts.failed) += 1;
    } else {
        queue->stopped = true;
    }
    /* A failed job says little about speed: it may have ended early. */
    if (job->result == FGF_OK) {
        double seconds = (now - job->started) * fgf_group_speed(job->size);
        queue->cost_done += job->cost;
        queue->seconds_done += seconds;
        queue->square_done += seconds * seconds / job->cost;
    }
}

static void add_free(fgf_queue *queue, int rank)
{
    int place = queue->free_count++;
    for (; place > 0 && queue->free[place - 1] > rank; place--)
        queue->free[place] = queue->free[place - 1];
    queue->free[place] = rank;
}

void fgf_queue_idle(fgf_queue *queue, int rank, fgf_status result, double now)
{
    assert(rank >= 0 && rank < queue->rank_count && queue->free_count < queue->rank_count);
    struct job *job = queue->job_of[rank];
    if (job) {
        if (job->result == FGF_OK || (job->result == FGF_TRIAL && result != FGF_OK))
            job->result = result;
        queue->job_of[rank] = NULL;
        queue->running_ranks--;
        queue->end_sum -= job->end;
        if (--job->out == 0)
            end_job(queue, job, now);
    }
    add_free(queue, rank);
    queue->hold_until = -HUGE_VAL;
}

/* ---- ranks go ---- */

/* The least number of ranks with which `seconds` of one rank end within `limit`; at most `most`. */
static int least_size(double seconds, double limit, int most)
{
    double share = limit / seconds - serial_share;
    if (share >= 1 - serial_share)
        return 1;
    return share * most <= 1 - serial_share ? most : (int)ceil((1 - serial_share) / share);
}

/* Rank-seconds of the jobs not started where each is to end within `limit` seconds of its start. */
static double work_within(const fgf_queue *queue, double limit)
{
    double work = 0, cost = queue->cost_left, seconds_per_cost = rate(queue);
    for (size_t k = queue->next; k < queue->job_count; k++) {
        double seconds = seconds_per_cost * queue->jobs[k].cost;
        if (seconds <= limit)
            break;
        int size = least_size(seconds, limit, queue->largest);
        work += size * seconds / fgf_group_speed(size);
        cost -= queue->jobs[k].cost;
    }
    return work + seconds_per_cost * cost;
}

/* Foresees the time by which all can end: so many rank-seconds from now on as the running jobs, the
 * others and what their groups cost take. Running jobs that are late count as early as they are
 * late, which makes up for those that end before their time. */
static void foresee_end(fgf_queue *queue, double now)
{
    double running = queue->end_sum - queue->running_ranks * now;
    double least = fmax(running + work_within(queue, HUGE_VAL), 0) / queue->rank_count;
    double most = fmax(least, rate(queue) * queue->jobs[queue->next].cost);
    while (most - least > most / 64) {
        double middle = (least + most) / 2;
        if (running + work_within(queue, middle) > middle * queue->rank_count)
            least = middle;
        else
            most = middle;
    }
    queue->end = now + most;
    queue->end_valid = now + most / 64;
}

/* The number of ranks, of those free and the next to come, at most `most`, with which a job of
 * `seconds` on one rank ends soonest; *wait seconds from now. */
static int soonest_size(const fgf_queue *queue, double seconds, int most, double now, double *wait)
{
    int unknown = queue->rank_count - queue->free_count - queue->running_ranks;
    int count = queue->free_count + unknown, best = count < most ? count : most;
    int after = place_of(queue, &(struct job){.end = now}), before = after;
    double soonest = seconds / fgf_group_speed(best);
    *wait = 0;
    while (count < most && (before > 0 || after < queue->running_jobs)) {
        /* A job that is late by t is taken to need another t, which ends any wait for it. */
        double late = before > 0 ? now - queue->running[before - 1]->end : HUGE_VAL;
        double early = after < queue->running_jobs ? queue->running[after]->end - now : HUGE_VAL;
        double come = fmin(late, early);
        count += queue->running[late < early ? --before : after++]->out;
        int size = count < most ? count : most;
        if (come + seconds / fgf_group_speed(size) < soonest) {
            soonest = come + seconds / fgf_group_speed(size);
            best = size;
            *wait = come;
        }
    }
    return best;
}

/* How many ranks `job` should have: as few as let it end with the rest. 0 = wait. */
static int choose_size(fgf_queue *queue, const struct job *job, double now)
{
    double seconds = rate(queue) * job->cost, wait;
    foresee_running(queue);
    if (now >= queue->end_valid)
        foresee_end(queue, now);
    double limit = queue->end - now + slack * (queue->end - fmin(queue->began, now));
    int most = least_size(seconds * (1 + spread_margin * spread(queue)), limit, queue->largest);
    if (most <= queue->free_count)
        return most;
    int size = soonest_size(queue, seconds, most, now, &wait);
    if (size <= queue->free_count)
        return size;
    queue->hold_until = now + fmax(wait, seconds / 256) / 4;
    return 0;
}

/* Takes `size` free ranks from place `first` on. */
static void take_ranks(fgf_queue *queue, int first, int size)
{
    memcpy(queue->members, queue->free + first, (size_t)size * sizeof *queue->free);
    queue->free_count -= size;
    memmove(queue->free + first, queue->free + first + size,
            (size_t)(queue->free_count - first) * sizeof *queue->free);
}

/* Fills `members` with a group for `job` and returns its size; 0 = wait. */
static int form_flexible_group(fgf_queue *queue, const struct job *job, double now)
{
    int best = 0, size = now < queue->hold_until ? 0 : choose_size(queue, job, now);
    if (size == 0)
        return 0;
    /* Those whose numbers lie closest together: neighbours share a node. */
    for (int first = 1; first + size <= queue->free_count; first++) {
        if (queue->free[first + size - 1] - queue->free[first] <
            queue->free[best + size - 1] - queue->free[best])
            best = first;
    }
    take_ranks(queue, best, size);
    return size;
}

/* The first block of group_size neighbours that is all free. */
static int form_fixed_group(fgf_queue *queue)
{
    for (int k = 0; k < queue->free_count; k++) {
        int first = queue->free[k], rest = queue->rank_count - first;
        int size = rest < queue->group_size ? rest : queue->group_size;
        if (first % queue->group_size == 0 && k + size <= queue->free_count &&
            queue->free[k + size - 1] == first + size - 1) {
            take_ranks(queue, k, size);
            return size;
        }
    }
    return 0;
}

bool fgf_queue_next(fgf_queue *queue, double now, fgf_assignment *out)
{
    if (fgf_queue_closed(queue) || queue->free_count == 0)
        return false;
    struct job *job = &queue->jobs[queue->next];
    int size =
        queue->group_size > 0 ? form_fixed_group(queue) : form_flexible_group(queue, job, now);
    if (size == 0)
        return false;
    for (int k = 0; k < size; k++)
        queue->job_of[queue->members[k]] = job;
    queue->began = fmin(queue->began, now);
    job->started = now;
    job->size = job->out = size;
    queue->cost_left -= job->cost;
    add_running(queue, job);
    queue->next++;
    *out = (fgf_assignment){job->index, queue->members, size};
    return true;
}
