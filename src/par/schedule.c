/* The scheduler: a thread of rank 0 owns the queue and answers all ranks, its own included; see
 * server.h. */
#include "fgf/log.h"
#include "fgf/memory.h"
#include "server.h"

#include <pthread.h>
#include <string.h>

/* ---- every rank ---- */

struct worker {
    fgf_par *par;
    fgf_work *work;
    void *context;
    fgf_schedule_report *report;
    fgf_status fatal; /* and its error, kept apart from what comes after */
    fgf_error error;
};

static fgf_status run_job(struct worker *worker, size_t job, fgf_group *group)
{
    int rank = fgf_par_rank(worker->par);
    double start = fgf_seconds();
    fgf_status result = worker->work(worker->context, job, group);
    worker->report->busy_seconds[rank] += fgf_seconds() - start;
    worker->report->jobs[rank]++;
    bool fatal = result != FGF_OK && result != FGF_TRIAL && result != FGF_STOPPED;
    if (fatal && worker->fatal == FGF_OK) {
        worker->fatal = result;
        worker->error = *fgf_last_error();
        worker->error.status = result;
    }
    return result;
}

static fgf_status run_task(struct worker *worker, const fgf_task *task)
{
    fgf_group_mpi group;
    if (task->size == 1)
        return run_job(worker, task->job, fgf_group_serial());
    fgf_group_mpi_init(&group, worker->par->group_comm, task->members, task->size, task->place,
                       task->group);
    return run_job(worker, task->job, &group.group);
}

/* Asks the queue until it has no more work. */
static void work_for_queue(struct worker *worker, fgf_client *client)
{
    double *longest = &worker->report->longest_wait[fgf_par_rank(worker->par)];
    fgf_status result = FGF_OK;
    fgf_task task;
    for (;;) {
        double start = fgf_seconds();
        fgf_watch_await(FGF_AWAITS_WORK);
        bool more = fgf_client_ask(client, result, &task);
        fgf_watch_proceed(FGF_AWAITS_WORK);
        if (!more)
            return;
        double waited = fgf_seconds() - start;
        *longest = waited > *longest ? waited : *longest;
        result = run_task(worker, &task);
    }
}

/* The same without threads and messages, where there is one rank. */
static void work_alone(struct worker *worker, fgf_queue *queue)
{
    fgf_assignment next;
    fgf_queue_idle(queue, 0, FGF_OK, fgf_seconds());
    for (;;) {
        if (fgf_par_stop_requested())
            fgf_queue_stop(queue);
        if (!fgf_queue_next(queue, fgf_seconds(), &next))
            return;
        fgf_status result = run_job(worker, next.job, fgf_group_serial());
        fgf_queue_idle(queue, 0, result, fgf_seconds());
    }
}

static void *serve(void *server)
{
    fgf_server_run(server);
    return NULL;
}

static fgf_status start_server(fgf_par *par, fgf_queue *queue, fgf_server **server,
                               pthread_t *thread)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_server_create(par->queue_comm, queue, fgf_par_size(par), server));
    int error = fgf_thread_start(thread, serve, *server);
    if (error != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "the scheduler's thread cannot be started: %s", strerror(error));
done:
    if (status != FGF_OK)
        fgf_server_destroy(server);
    return status;
}

static fgf_status work_with_server(struct worker *worker, fgf_queue *queue)
{
    fgf_status status = FGF_OK;
    fgf_par *par = worker->par;
    fgf_server *server = NULL; /* its thread runs where this is set */
    fgf_client client = {0};
    pthread_t thread;
    FGF_TRY(fgf_par_agree(par, fgf_client_init(par->queue_comm, 0, fgf_par_size(par), &client)));
    FGF_TRY(fgf_par_agree(par, queue ? start_server(par, queue, &server, &thread) : FGF_OK));
    work_for_queue(worker, &client);
    if (server)
        pthread_join(thread, NULL);
done:
    fgf_server_destroy(&server);
    fgf_client_clear(&client);
    return status;
}

/* ---- report and result ---- */

static fgf_status report_init(fgf_schedule_report *report, int ranks)
{
    fgf_status status = FGF_OK;
    memset(report, 0, sizeof *report);
    report->ranks = ranks;
    FGF_TRY(FGF_ALLOCATE(ranks, &report->busy_seconds));
    FGF_TRY(FGF_ALLOCATE(ranks, &report->idle_seconds));
    FGF_TRY(FGF_ALLOCATE(ranks, &report->longest_wait));
    FGF_TRY(FGF_ALLOCATE(ranks, &report->jobs));
done:
    return status;
}

void fgf_schedule_report_clear(fgf_schedule_report *report)
{
    fgf_free(report->busy_seconds);
    fgf_free(report->idle_seconds);
    fgf_free(report->longest_wait);
    fgf_free(report->jobs);
    memset(report, 0, sizeof *report);
}

/* Gives every rank the others' part of the report. */
static fgf_status report_merge(fgf_schedule_report *report, fgf_par *par, double start,
                               const fgf_queue *queue)
{
    fgf_status status = FGF_OK;
    fgf_group *world = fgf_par_world(par);
    size_t ranks = (size_t)report->ranks;
    fgf_queue_counts counts = {0};
    if (queue)
        counts = fgf_queue_count(queue);
    fgf_par_broadcast(par, &counts, sizeof counts, 0);
    report->done = counts.done;
    report->failed = counts.failed;
    report->left = counts.left;
    report->seconds = fgf_seconds() - start;
    fgf_par_broadcast(par, &report->seconds, sizeof report->seconds, 0);
    double idle = report->seconds - report->busy_seconds[world->rank];
    report->idle_seconds[world->rank] = idle > 0 ? idle : 0;
    FGF_TRY(fgf_group_merge(world, report->busy_seconds, ranks * sizeof(double)));
    FGF_TRY(fgf_group_merge(world, report->idle_seconds, ranks * sizeof(double)));
    FGF_TRY(fgf_group_merge(world, report->longest_wait, ranks * sizeof(double)));
    FGF_TRY(fgf_group_merge(world, report->jobs, ranks * sizeof(size_t)));
done:
    return status;
}

/* The schedule's status, from numbers and an error that all ranks share. */
static fgf_status conclude(const struct worker *worker, size_t job_count)
{
    fgf_status status = FGF_OK;
    const fgf_schedule_report *report = worker->report;
    if (worker->fatal != FGF_OK)
        status = fgf_adopt_error(&worker->error);
    FGF_TRY(fgf_par_agree(worker->par, status));
    if (report->left > 0)
        FGF_FAIL(FGF_STOPPED, "stopped on request with %zu of %zu jobs left: run again to go on",
                 report->left, job_count);
    if (report->failed > 0)
        FGF_FAIL(FGF_TRIAL, "%zu of %zu jobs failed", report->failed, job_count);
done:
    return status;
}

static fgf_status prepare(struct worker *worker, const double *cost, size_t job_count,
                          int group_size, fgf_queue **queue)
{
    fgf_status status = FGF_OK;
    int size = fgf_par_size(worker->par);
    FGF_TRY(report_init(worker->report, size));
    if (fgf_par_rank(worker->par) == 0)
        FGF_TRY(fgf_queue_create(cost, job_count, size, group_size, queue));
done:
    return status;
}

fgf_status fgf_schedule_run(fgf_par *par, const double *cost, size_t job_count, int group_size,
                            fgf_work *work, void *context, fgf_schedule_report *report)
{
    fgf_status status = FGF_OK;
    fgf_schedule_report own;
    fgf_queue *queue = NULL;
    struct worker worker = {.par = par, .work = work, .context = context};
    worker.report = report ? report : &own;
    FGF_TRY(fgf_par_agree(par, prepare(&worker, cost, job_count, group_size, &queue)));
    double start = fgf_seconds();
    if (fgf_par_size(par) == 1)
        work_alone(&worker, queue);
    else
        FGF_TRY(work_with_server(&worker, queue));
    FGF_TRY(report_merge(worker.report, par, start, queue));
    FGF_TRY(conclude(&worker, job_count));
done:
    if (!report)
        fgf_schedule_report_clear(&own);
    fgf_queue_destroy(&queue);
    return status;
}
