/* Shares of work: a thread of the group's first rank owns the counter and answers the other ranks.
 *
 * So an answer never waits for a rank that computes. The first rank itself asks through a lock. The
 * thread lives from the opening of a share until all other ranks have closed it. */
#include "fgf/log.h"
#include "fgf/memory.h"
#include "message.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct request {
    uint64_t held;
    uint64_t closes; /* 1 = the rank's last message */
};

struct answer {
    uint64_t first, count, left;
};

/* The counter, on the first rank. */
struct counter {
    pthread_mutex_t lock;
    pthread_t thread;
    const fgf_group_mpi *group;
    size_t next, count; /* under the lock */
    bool *closed;       /* [ranks of the group] the thread's own */
    atomic_int open;    /* the first rank that has not closed; the group's size: none */
};

static struct answer hand_out(struct counter *counter, size_t held)
{
    struct answer answer = {0};
    pthread_mutex_lock(&counter->lock);
    size_t left = counter->count - counter->next;
    size_t limit = fgf_share_limit(left, counter->group->group.size);
    size_t most = limit > held ? limit - held : 0;
    answer.first = counter->next;
    answer.count = most < left ? most : left;
    counter->next += answer.count;
    answer.left = left - answer.count;
    pthread_mutex_unlock(&counter->lock);
    return answer;
}

/* Where all is handed out already this changes nothing. */
static void stop_handing_out(struct counter *counter)
{
    pthread_mutex_lock(&counter->lock);
    counter->next = counter->count;
    pthread_mutex_unlock(&counter->lock);
}

/* A rank that has to ask computes nothing meanwhile: look for it every millisecond at least. */
static void wait_for_request(MPI_Request *pending, MPI_Status *from)
{
    const double longest = 8e-3; /* fgf_message_pause sleeps an eighth of it */
    double start = fgf_seconds();
    int complete = 0;
    FGF_MPI(MPI_Test(pending, &complete, from));
    while (!complete) {
        double waited = fgf_seconds() - start;
        fgf_message_pause(waited < longest ? waited : longest);
        FGF_MPI(MPI_Test(pending, &complete, from));
    }
}

/* Rank `from` of the communicator has closed. */
static void note_closed(struct counter *counter, int from)
{
    int open = 1, size = counter->group->group.size;
    for (int rank = 1; rank < size; rank++)
        if (fgf_group_mpi_rank(counter->group, rank) == from)
            counter->closed[rank] = true;
    while (open < size && counter->closed[open])
        open++;
    atomic_store(&counter->open, open);
}

static void *serve(void *context)
{
    struct counter *counter = context;
    MPI_Comm communicator = counter->group->communicator;
    int tag = fgf_group_mpi_tag(counter->group, FGF_TAG_CLAIM);
    while (atomic_load(&counter->open) < counter->group->group.size) {
        struct request request;
        MPI_Request pending;
        MPI_Status from;
        FGF_MPI(MPI_Irecv(&request, sizeof request, MPI_BYTE, MPI_ANY_SOURCE, tag, communicator,
                          &pending));
        wait_for_request(&pending, &from);
        if (request.closes) {
            stop_handing_out(counter);
            note_closed(counter, from.MPI_SOURCE);
        } else {
            struct answer answer = hand_out(counter, (size_t)request.held);
            fgf_message_send(communicator, &answer, sizeof answer, from.MPI_SOURCE, tag);
        }
    }
    return NULL;
}

static void counter_destroy(struct counter *counter)
{
    if (counter) {
        pthread_mutex_destroy(&counter->lock);
        fgf_free(counter->closed);
        fgf_free(counter);
    }
}

static fgf_status start_counter(fgf_group_mpi *group, size_t count, struct counter **out)
{
    fgf_status status = FGF_OK;
    struct counter *counter = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &counter));
    counter->group = group;
    counter->count = count;
    counter->open = 1;
    pthread_mutex_init(&counter->lock, NULL);
    FGF_TRY(FGF_ALLOCATE(group->group.size, &counter->closed));
    int error = fgf_thread_start(&counter->thread, serve, counter);
    if (error != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "the thread that shares out work cannot be started: %s",
                 strerror(error));
    *out = counter;
    counter = NULL;
done:
    counter_destroy(counter);
    return status;
}

fgf_status fgf_share_mpi_open(fgf_group *group, fgf_share *share)
{
    struct counter *counter = NULL;
    fgf_status mine = FGF_OK;
    if (group->rank == 0)
        mine = start_counter(group->state, share->count, &counter);
    share->state = counter;
    return fgf_group_agree(group, mine); /* no other rank's can have failed */
}

void fgf_share_mpi_ask(fgf_share *share, size_t held)
{
    const fgf_group_mpi *group = share->group->state;
    struct answer answer;
    if (share->state) {
        answer = hand_out(share->state, held);
    } else {
        struct request request = {.held = held};
        int root = fgf_group_mpi_rank(group, 0), tag = fgf_group_mpi_tag(group, FGF_TAG_CLAIM);
        fgf_message_send(group->communicator, &request, sizeof request, root, tag);
        fgf_message_receive(group->communicator, &answer, sizeof answer, root, tag);
    }
    share->next = (size_t)answer.first;
    share->end = (size_t)(answer.first + answer.count);
    share->left = (size_t)answer.left;
}

/* Waits for the other ranks, each by its name, so that the watchdog knows for whom. */
static void await_closing(struct counter *counter)
{
    const double longest = 8e-3, start = fgf_seconds();
    int open = atomic_load(&counter->open), awaited = 0;
    while (open < counter->group->group.size) {
        double waited = fgf_seconds() - start;
        if (open != awaited)
            fgf_watch_await(fgf_group_mpi_rank(counter->group, open));
        awaited = open;
        fgf_message_pause(waited < longest ? waited : longest);
        open = atomic_load(&counter->open);
    }
    fgf_watch_proceed(FGF_AWAITS_NOBODY);
}

void fgf_share_mpi_close(fgf_share *share)
{
    const fgf_group_mpi *group = share->group->state;
    if (share->state) {
        struct counter *counter = share->state;
        stop_handing_out(counter);
        await_closing(counter);
        pthread_join(counter->thread, NULL);
        counter_destroy(counter);
    } else {
        struct request request = {.closes = 1};
        fgf_message_send(group->communicator, &request, sizeof request,
                         fgf_group_mpi_rank(group, 0), fgf_group_mpi_tag(group, FGF_TAG_CLAIM));
    }
}
