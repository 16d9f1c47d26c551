/* The scheduler on a cluster that SimGrid simulates: smpi_schedule TRIALS LAW JOBS GROUP_SIZE
 *
 * The last rank runs the server, which is a thread of rank 0 in fgf, the others ask it for work.
 * Computing is sleeping on the simulated clock; what is sent is sent through the simulated network.
 * All ranks live in one process, so what one of them puts into a global is there for all.
 * GROUP_SIZE as in fgf_schedule_run. */
#include "fgf/memory.h"
#include "server.h"
#include "trials.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct schedule {
    size_t jobs;
    int workers;
    double *cost, *seconds; /* [jobs] */
    double start, end, first_end, longest_wait, busy;
};

static struct schedule shared;

static _Noreturn void give_up(void)
{
    fprintf(stderr, "%s\n", fgf_last_error()->message);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

static void compute(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
    nanosleep(&pause, NULL);
}

/* Every job begins and ends as in fgf run: with an agreement of its group. */
static void run_task(const fgf_task *task, MPI_Comm comm)
{
    fgf_group_mpi group;
    double start = MPI_Wtime();
    double seconds = shared.seconds[task->job] / fgf_group_speed(task->size);
    fgf_group_mpi_init(&group, comm, task->members, task->size, task->place, task->group);
    if (task->size > 1 && fgf_group_agree(&group.group, FGF_OK) != FGF_OK)
        give_up();
    compute(seconds);
    if (task->size > 1 && fgf_group_agree(&group.group, FGF_OK) != FGF_OK)
        give_up();
    shared.busy += MPI_Wtime() - start;
    shared.end = fmax(shared.end, MPI_Wtime());
}

static void work(MPI_Comm queue_comm, MPI_Comm group_comm)
{
    fgf_client client;
    fgf_task task;
    if (fgf_client_init(queue_comm, shared.workers, shared.workers, &client) != FGF_OK)
        give_up();
    double asked = MPI_Wtime();
    while (fgf_client_ask(&client, FGF_OK, &task)) {
        shared.longest_wait = fmax(shared.longest_wait, MPI_Wtime() - asked);
        run_task(&task, group_comm);
        asked = MPI_Wtime();
    }
    shared.first_end = fmin(shared.first_end, asked);
    fgf_client_clear(&client);
}

static void serve(MPI_Comm queue_comm, int group_size)
{
    fgf_queue *queue = NULL;
    fgf_server *server = NULL;
    if (fgf_queue_create(shared.cost, shared.jobs, shared.workers, group_size, &queue) != FGF_OK ||
        fgf_server_create(queue_comm, queue, shared.workers, &server) != FGF_OK)
        give_up();
    fgf_server_run(server);
    fgf_server_destroy(&server);
    fgf_queue_destroy(&queue);
}

static void report(const char *law, const char *how)
{
    double load = 0, longest = 0;
    for (size_t job = 0; job < shared.jobs; job++) {
        load += shared.seconds[job] / shared.workers;
        longest = fmax(longest, shared.seconds[job]);
    }
    double makespan = shared.end - shared.start, bound = fmax(load, longest);
    printf("{\"law\": \"%s\", \"ranks\": %d, \"jobs\": %zu, \"groups\": \"%s\", \"load\": %.6g, "
           "\"longest\": %.6g, \"makespan\": %.6g, \"efficiency\": %.4f, \"busy\": %.4f, "
           "\"tail\": %.6g, \"longest_wait\": %.6g}\n",
           law, shared.workers, shared.jobs, how, load, longest, makespan, bound / makespan,
           shared.busy / makespan / shared.workers, shared.end - shared.first_end,
           shared.longest_wait);
}

int main(int argc, char **argv)
{
    int rank, size;
    MPI_Comm queue_comm, group_comm;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_dup(MPI_COMM_WORLD, &queue_comm);
    MPI_Comm_dup(MPI_COMM_WORLD, &group_comm);
    if (argc != 5)
        return 2;
    if (rank == 0) {
        shared.jobs = (size_t)atol(argv[3]);
        shared.workers = size - 1;
        shared.first_end = HUGE_VAL;
        if (FGF_ALLOCATE(shared.jobs, &shared.cost) != FGF_OK ||
            FGF_ALLOCATE(shared.jobs, &shared.seconds) != FGF_OK)
            give_up();
        trials_draw(argv[1], argv[2], shared.jobs, shared.cost, shared.seconds);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    shared.start = MPI_Wtime();
    if (rank < shared.workers)
        work(queue_comm, group_comm);
    else
        serve(queue_comm, atoi(argv[4]));
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0)
        report(argv[2], argv[4]);
    MPI_Finalize();
    return 0;
}
