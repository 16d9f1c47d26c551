/* Longest job first, on groups of a fixed size or of the size that ends the job soonest. */
#include "queue.h"

#include "fgf/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum rank_state { RANK_UNKNOWN, RANK_FREE, RANK_RUNNING };

struct rank {
    enum rank_state state;
    size_t job;       /* while running */
    double available; /* estimate, for choose_size */
};

struct job {
    double cost, started;
    size_t index; /* the caller's number */
    int size;     /* ranks of its group, 0 = not started */
    int running;  /* ranks that have not come back */
    fgf_status result;
};

struct fgf_queue {
    struct job *jobs;      /* [job_count] longest first */
    struct rank *ranks;    /* [rank_count] */
    struct rank **arrival; /* [rank_count] the ranks by estimated availability */
    int *members;          /* [rank_count] of the assignment handed out last */
    size_t job_count, next;
    int rank_count, group_size, free_count;
    bool stopped;
    double rank_seconds, cost_done; /* their ratio turns costs into seconds */
    double hold_until;              /* nothing but a free rank changes the choice before this */
    fgf_queue_counts counts;
};

/* Share of a trial's time that more ranks do not shorten. */
static const double serial_share = 0.1;

/* Seconds. A job that is said to cost nothing still gains by more ranks. */
static const double least_cost = 1e-9;

double fgf_queue_speed(int size)
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

static int by_availability(const void *left, const void *right)
{
    const struct rank *a = *(struct rank *const *)left, *b = *(struct rank *const *)right;
    if (a->available != b->available)
        return a->available < b->available ? -1 : 1;
    if ((a->state == RANK_FREE) != (b->state == RANK_FREE))
        return a->state == RANK_FREE ? -1 : 1;
    return a < b ? -1 : a > b;
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
    FGF_TRY(FGF_ALLOCATE(ranks, &queue->ranks));
    FGF_TRY(FGF_ALLOCATE(ranks, &queue->arrival));
    FGF_TRY(FGF_ALLOCATE(ranks, &queue->members));
    for (size_t k = 0; k < job_count; k++)
        queue->jobs[k] =
            (struct job){.cost = cost[k] > least_cost ? cost[k] : least_cost, .index = k};
    qsort(queue->jobs, job_count, sizeof *queue->jobs, by_cost);
    queue->job_count = job_count;
    queue->counts.left = job_count;
    queue->rank_count = ranks;
    queue->group_size = group_size < ranks ? group_size : ranks;
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
        fgf_free((*queue)->ranks);
        fgf_free((*queue)->arrival);
        fgf_free((*queue)->members);
        fgf_free(*queue);
    }
    *queue = NULL;
}

static void end_job(fgf_queue *queue, const struct job *job, double now)
{
    if (job->result == FGF_OK || job->result == FGF_TRIAL) {
        queue->counts.left--;
        *(job->result == FGF_OK ? &queue->counts.done : &queue->counts.failed) += 1;
    } else {
        queue->stopped = true;
    }
    /* A failed job says little about speed: it may have ended early. */
    if (job->result == FGF_OK) {
        queue->rank_seconds += (now - job->started) * fgf_queue_speed(job->size);
        queue->cost_done += job->cost;
    }
}

void fgf_queue_idle(fgf_queue *queue, int rank, fgf_status result, double now)
{
    assert(rank >= 0 && rank < queue->rank_count && queue->ranks[rank].state != RANK_FREE);
    struct rank *r = &queue->ranks[rank];
    if (r->state == RANK_RUNNING) {
        struct job *job = &queue->jobs[r->job];
        if (job->result == FGF_OK || (job->result == FGF_TRIAL && result != FGF_OK))
            job->result = result;
        if (--job->running == 0)
            end_job(queue, job, now);
    }
    r->state = RANK_FREE;
    queue->free_count++;
    queue->hold_until = -HUGE_VAL;
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

/* Seconds of one rank per unit of cost, as measured so far. */
static double rate(const fgf_queue *queue)
{
    bool measured = queue->cost_done > 0 && queue->rank_seconds > 0;
    return measured ? queue->rank_seconds / queue->cost_done : 1.0;
}

/* Orders the ranks by the time at which each is likely to be free. */
static void estimate_arrivals(fgf_queue *queue, double now)
{
    for (int i = 0; i < queue->rank_count; i++) {
        struct rank *rank = &queue->ranks[i];
        rank->available = now;
        if (rank->state == RANK_RUNNING) {
            const struct job *job = &queue->jobs[rank->job];
            double end = job->started + rate(queue) * job->cost / fgf_queue_speed(job->size);
            /* A job that is late by t is taken to need another t, which ends any wait for it. */
            rank->available = now + fabs(end - now);
        }
        queue->arrival[i] = rank;
    }
    qsort(queue->arrival, (size_t)queue->rank_count, sizeof(struct rank *), by_availability);
}

/* How many of the ranks, in order of arrival, should run `job`: the number with which it ends
 * soonest. Ranks that come too late to be of much use are left out of account, the others are
 * shared evenly with the jobs that follow. */
static int choose_size(fgf_queue *queue, const struct job *job, double now)
{
    double alone = rate(queue) * job->cost;
    size_t jobs_left = queue->job_count - queue->next;
    size_t useful = 0;
    estimate_arrivals(queue, now);
    while (useful < (size_t)queue->rank_count &&
           queue->arrival[useful]->available <= now + alone / 2)
        useful++;
    size_t most = (useful + jobs_left - 1) / jobs_left;
    int best = 1;
    double soonest = HUGE_VAL;
    for (int size = 1; size == 1 || (size_t)size <= most; size++) {
        double end = queue->arrival[size - 1]->available + alone / fgf_queue_speed(size);
        if (end < soonest) {
            soonest = end;
            best = size;
        }
    }
    return best;
}

/* Fills `members` with a group for `job` and returns its size; 0 = wait. */
static int form_flexible_group(fgf_queue *queue, const struct job *job, double now)
{
    int size = 1, count = 0;
    if (queue->job_count - queue->next < (size_t)queue->rank_count) {
        if (now < queue->hold_until)
            return 0;
        size = choose_size(queue, job, now);
        if (size > queue->free_count) {
            double wait = queue->arrival[size - 1]->available - now;
            queue->hold_until = now + wait / 4;
            return 0;
        }
    }
    for (int i = 0; i < queue->rank_count && count < size; i++) {
        if (queue->ranks[i].state == RANK_FREE)
            queue->members[count++] = i;
    }
    return count;
}

/* The first block of group_size neighbours that is all free. */
static int form_fixed_group(fgf_queue *queue)
{
    for (int first = 0; first < queue->rank_count; first += queue->group_size) {
        int count = 0;
        int size = queue->rank_count - first;
        if (size > queue->group_size)
            size = queue->group_size;
        while (count < size && queue->ranks[first + count].state == RANK_FREE) {
            queue->members[count] = first + count;
            count++;
        }
        if (count == size)
            return size;
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
    for (int k = 0; k < size; k++) {
        struct rank *rank = &queue->ranks[queue->members[k]];
        rank->state = RANK_RUNNING;
        rank->job = queue->next;
    }
    job->started = now;
    job->size = job->running = size;
    queue->free_count -= size;
    queue->next++;
    *out = (fgf_assignment){job->index, queue->members, size};
    return true;
}
