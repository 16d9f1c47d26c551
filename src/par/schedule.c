/* The scheduler: a thread of rank 0 owns the queue and answers all ranks, its own included.
 *
 * A rank posts the receive for its answer, then asks; the thread answers when the queue has a job
 * for it. So an answer never waits for a rank that computes, whatever that rank does. */
#include "fgf/log.h"
#include "fgf/memory.h"
#include "message.h"
#include "queue.h"

#include <pthread.h>
#include <string.h>

enum { TAG_REQUEST = 1, TAG_ANSWER = 2 };

struct request {
    int32_t result; /* of the job that the rank ran last */
    int32_t stop;   /* a request to stop is pending on the rank */
};

/* An answer is an array of 64-bit words: these, then the members. size 0 = no more work. */
enum { ANSWER_JOB, ANSWER_GROUP, ANSWER_SIZE, ANSWER_MEMBERS };

/* ---- rank 0's thread ---- */

struct server {
    MPI_Comm comm;
    fgf_queue *queue;
    int size;
    int dismissed;      /* ranks that were told that there is no more work */
    bool *waiting;      /* [size] */
    int64_t *answer;    /* [ANSWER_MEMBERS + size] */
    MPI_Request *sends; /* [size] */
    int64_t groups;     /* formed so far */
};

/* Sends the answer to `count` ranks: those of `ranks`, or rank `only` where that is NULL. */
static void send_answer(struct server *server, const int *ranks, int count, int only)
{
    int words = ANSWER_MEMBERS + (int)server->answer[ANSWER_SIZE];
    for (int k = 0; k < count; k++) {
        int to = ranks ? ranks[k] : only;
        server->waiting[to] = false;
        FGF_MPI(MPI_Isend(server->answer, words, MPI_INT64_T, to, TAG_ANSWER, server->comm,
                          &server->sends[k]));
    }
    for (int k = 0; k < count; k++)
        fgf_message_wait(&server->sends[k]);
}

static void hand_out(struct server *server)
{
    fgf_assignment next;
    if (fgf_par_stop_requested())
        fgf_queue_stop(server->queue);
    while (fgf_queue_next(server->queue, fgf_seconds(), &next)) {
        server->answer[ANSWER_JOB] = (int64_t)next.job;
        server->answer[ANSWER_GROUP] = ++server->groups;
        server->answer[ANSWER_SIZE] = next.size;
        for (int k = 0; k < next.size; k++)
            server->answer[ANSWER_MEMBERS + k] = next.members[k];
        send_answer(server, next.members, next.size, 0);
    }
    if (!fgf_queue_closed(server->queue))
        return;
    server->answer[ANSWER_SIZE] = 0;
    for (int rank = 0; rank < server->size; rank++) {
        if (server->waiting[rank]) {
            send_answer(server, NULL, 1, rank);
            server->dismissed++;
        }
    }
}

static void accept_request(struct server *server, const struct request *request, int rank)
{
    if (request->stop)
        fgf_queue_stop(server->queue);
    server->waiting[rank] = true;
    fgf_queue_idle(server->queue, rank, (fgf_status)request->result, fgf_seconds());
}

static void *serve(void *context)
{
    struct server *server = context;
    double last_event = fgf_seconds();
    while (server->dismissed < server->size) {
        struct request request;
        MPI_Request pending;
        MPI_Status from;
        int complete = 0;
        FGF_MPI(MPI_Irecv(&request, sizeof request, MPI_BYTE, MPI_ANY_SOURCE, TAG_REQUEST,
                          server->comm, &pending));
        FGF_MPI(MPI_Test(&pending, &complete, &from));
        while (!complete) {
            fgf_message_pause(fgf_seconds() - last_event);
            hand_out(server); /* time alone may end a hold, or a stop be requested */
            FGF_MPI(MPI_Test(&pending, &complete, &from));
        }
        accept_request(server, &request, from.MPI_SOURCE);
        hand_out(server);
        last_event = fgf_seconds();
    }
    return NULL;
}

static fgf_status server_init(struct server *server, fgf_par *par, fgf_queue *queue)
{
    fgf_status status = FGF_OK;
    server->comm = par->queue_comm;
    server->queue = queue;
    server->size = fgf_par_size(par);
    FGF_TRY(FGF_ALLOCATE(server->size, &server->waiting));
    FGF_TRY(FGF_ALLOCATE(ANSWER_MEMBERS + server->size, &server->answer));
    FGF_TRY(FGF_ALLOCATE(server->size, &server->sends));
done:
    return status;
}

static void server_clear(struct server *server)
{
    fgf_free(server->waiting);
    fgf_free(server->answer);
    fgf_free(server->sends);
}

/* ---- every rank ---- */

struct worker {
    fgf_par *par;
    fgf_work *work;
    void *context;
    fgf_schedule_report *report;
    fgf_status fatal; /* and its error, kept apart from what comes after */
    fgf_error error;
    int64_t *answer; /* [ANSWER_MEMBERS + size] */
    int *members;    /* [size] */
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

/* Runs the job of worker->answer on its group. */
static fgf_status run_answer(struct worker *worker)
{
    int size = (int)worker->answer[ANSWER_SIZE], mine = 0;
    size_t job = (size_t)worker->answer[ANSWER_JOB];
    fgf_group_mpi group;
    if (size == 1)
        return run_job(worker, job, fgf_group_serial());
    for (int k = 0; k < size; k++) {
        worker->members[k] = (int)worker->answer[ANSWER_MEMBERS + k];
        if (worker->members[k] == fgf_par_rank(worker->par))
            mine = k;
    }
    fgf_group_mpi_init(&group, worker->par->group_comm, worker->members, size, mine,
                       (unsigned long long)worker->answer[ANSWER_GROUP]);
    return run_job(worker, job, &group.group);
}

/* Asks the queue until it has no more work. */
static void work_for_queue(struct worker *worker)
{
    int rank = fgf_par_rank(worker->par), size = fgf_par_size(worker->par);
    double *longest = &worker->report->longest_wait[rank];
    MPI_Comm comm = worker->par->queue_comm;
    struct request request = {FGF_OK, 0};
    for (;;) {
        MPI_Request pending;
        double start = fgf_seconds();
        request.stop = fgf_par_stop_requested();
        FGF_MPI(MPI_Irecv(worker->answer, ANSWER_MEMBERS + size, MPI_INT64_T, 0, TAG_ANSWER, comm,
                          &pending));
        fgf_message_send(comm, &request, sizeof request, 0, TAG_REQUEST);
        fgf_message_wait(&pending);
        if (worker->answer[ANSWER_SIZE] == 0)
            return;
        double waited = fgf_seconds() - start;
        *longest = waited > *longest ? waited : *longest;
        request.result = run_answer(worker);
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

static fgf_status work_with_server(struct worker *worker, fgf_queue *queue)
{
    fgf_status status = FGF_OK, mine = FGF_OK;
    struct server server = {0};
    pthread_t thread;
    bool owner = fgf_par_rank(worker->par) == 0, started = false;
    if (owner) {
        mine = server_init(&server, worker->par, queue);
        if (mine == FGF_OK) {
            int error = pthread_create(&thread, NULL, serve, &server);
            started = error == 0;
            if (error != 0)
                mine = fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__,
                                "the scheduler's thread cannot be started: %s", strerror(error));
        }
    }
    FGF_TRY(fgf_par_agree(worker->par, mine));
    work_for_queue(worker);
done:
    if (started)
        pthread_join(thread, NULL);
    server_clear(&server);
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
    FGF_TRY(FGF_ALLOCATE(ANSWER_MEMBERS + size, &worker->answer));
    FGF_TRY(FGF_ALLOCATE(size, &worker->members));
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
    fgf_free(worker.answer);
    fgf_free(worker.members);
    fgf_queue_destroy(&queue);
    return status;
}
