/* The schedule of jobs on simulated ranks: the queue of schedule.c in a discrete-event loop.
 *
 * The only events are requests for work. One server answers them in order of their times; the jobs
 * that it starts give the times of the requests to come. */
#include "fgf/memory.h"
#include "fgf/par.h"
#include "queue.h"

#include <math.h>
#include <string.h>

struct request {
    double time;
    int rank;
};

struct simulation {
    fgf_queue *queue;
    const double *seconds;
    struct request *pending; /* [ranks] heap, the earliest first */
    int pending_count;
    double *asked; /* [ranks] time of the last request */
    fgf_simulation *out;
};

static bool is_before(struct request a, struct request b)
{
    return a.time < b.time || (a.time == b.time && a.rank < b.rank);
}

static void push(struct simulation *sim, struct request request)
{
    struct request *heap = sim->pending;
    int place = sim->pending_count++;
    while (place > 0 && is_before(request, heap[(place - 1) / 2])) {
        heap[place] = heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap[place] = request;
}

static struct request pop(struct simulation *sim)
{
    struct request *heap = sim->pending;
    struct request first = heap[0], last = heap[--sim->pending_count];
    int place = 0, child = 1;
    while (child < sim->pending_count) {
        if (child + 1 < sim->pending_count && is_before(heap[child + 1], heap[child]))
            child++;
        if (!is_before(heap[child], last))
            break;
        heap[place] = heap[child];
        place = child;
        child = 2 * place + 1;
    }
    heap[place] = last;
    return first;
}

/* Starts what the queue hands out at `now`. */
static void start_jobs(struct simulation *sim, double now)
{
    fgf_assignment next;
    while (fgf_queue_next(sim->queue, now, &next)) {
        double duration = sim->seconds[next.job] / fgf_group_speed(next.size);
        for (int k = 0; k < next.size; k++) {
            int rank = next.members[k];
            sim->out->longest_wait = fmax(sim->out->longest_wait, now - sim->asked[rank]);
            sim->asked[rank] = now + duration;
            push(sim, (struct request){now + duration, rank});
        }
        sim->out->makespan = fmax(sim->out->makespan, now + duration);
        sim->out->busy += duration * next.size;
    }
}

static void run(struct simulation *sim, double answer_seconds)
{
    double now = 0; /* when the server has answered all before */
    while (!fgf_queue_closed(sim->queue)) {
        double next = sim->pending_count > 0 ? sim->pending[0].time : HUGE_VAL;
        double wake = fgf_queue_wake(sim->queue);
        if (wake < next) {
            now = fmax(now, wake);
        } else {
            struct request request = pop(sim);
            now = fmax(now, request.time) + answer_seconds;
            fgf_queue_idle(sim->queue, request.rank, FGF_OK, now);
        }
        start_jobs(sim, now);
    }
}

fgf_status fgf_schedule_simulate(const double *cost, const double *seconds, size_t job_count,
                                 int ranks, int group_size, double answer_seconds,
                                 fgf_simulation *out)
{
    fgf_status status = FGF_OK;
    struct simulation sim = {.seconds = seconds, .out = out};
    double load = 0, longest = 0, first_left = HUGE_VAL;
    memset(out, 0, sizeof *out);
    FGF_TRY(FGF_ALLOCATE(ranks, &sim.pending));
    FGF_TRY(FGF_ALLOCATE(ranks, &sim.asked));
    FGF_TRY(fgf_queue_create(cost, job_count, ranks, group_size, &sim.queue));
    for (int rank = 0; rank < ranks; rank++)
        push(&sim, (struct request){0, rank});
    run(&sim, answer_seconds);
    for (size_t job = 0; job < job_count; job++) {
        load += seconds[job] / ranks;
        longest = fmax(longest, seconds[job]);
    }
    for (int rank = 0; rank < ranks; rank++)
        first_left = fmin(first_left, sim.asked[rank]);
    out->bound = fmax(longest, load);
    out->efficiency = out->makespan > 0 ? out->bound / out->makespan : 1;
    out->tail = out->makespan - first_left;
done:
    fgf_queue_destroy(&sim.queue);
    fgf_free(sim.pending);
    fgf_free(sim.asked);
    return status;
}
