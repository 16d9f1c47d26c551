/* A client posts the receive for its answer, then asks; the server answers when the queue has a job
 * for it. So an answer never waits for a rank that computes, whatever that rank does. */
#include "server.h"

#include "fgf/log.h"
#include "fgf/memory.h"

enum { TAG_REQUEST = 1, TAG_ANSWER = 2 };

struct request {
    int32_t result; /* of the job that the rank ran last */
    int32_t stop;   /* a request to stop is pending on the rank */
};

/* An answer is an array of 64-bit words: these, then the members. size 0 = no more work. */
enum { ANSWER_JOB, ANSWER_GROUP, ANSWER_SIZE, ANSWER_MEMBERS };

/* ---- the server ---- */

struct fgf_server {
    MPI_Comm comm;
    fgf_queue *queue;
    int clients;
    int dismissed;      /* clients that were told that there is no more work */
    bool *waiting;      /* [clients] */
    int64_t *answer;    /* [ANSWER_MEMBERS + clients] */
    MPI_Request *sends; /* [clients] */
    int64_t groups;     /* formed so far */
};

fgf_status fgf_server_create(MPI_Comm comm, fgf_queue *queue, int clients, fgf_server **out)
{
    fgf_status status = FGF_OK;
    fgf_server *server = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &server));
    server->comm = comm;
    server->queue = queue;
    server->clients = clients;
    FGF_TRY(FGF_ALLOCATE(clients, &server->waiting));
    FGF_TRY(FGF_ALLOCATE(ANSWER_MEMBERS + clients, &server->answer));
    FGF_TRY(FGF_ALLOCATE(clients, &server->sends));
    *out = server;
    server = NULL;
done:
    fgf_server_destroy(&server);
    return status;
}

void fgf_server_destroy(fgf_server **server)
{
    if (*server) {
        fgf_free((*server)->waiting);
        fgf_free((*server)->answer);
        fgf_free((*server)->sends);
        fgf_free(*server);
    }
    *server = NULL;
}

/* Sends the answer to `count` ranks: those of `ranks`, or rank `only` where that is NULL. */
static void send_answer(fgf_server *server, const int *ranks, int count, int only)
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

static void hand_out(fgf_server *server)
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
    for (int rank = 0; rank < server->clients; rank++) {
        if (server->waiting[rank]) {
            send_answer(server, NULL, 1, rank);
            server->dismissed++;
        }
    }
}

static void accept_request(fgf_server *server, const struct request *request, int rank)
{
    if (request->stop)
        fgf_queue_stop(server->queue);
    server->waiting[rank] = true;
    fgf_queue_idle(server->queue, rank, (fgf_status)request->result, fgf_seconds());
}

void fgf_server_run(fgf_server *server)
{
    double last_event = fgf_seconds();
    while (server->dismissed < server->clients) {
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
}

/* ---- the clients ---- */

fgf_status fgf_client_init(MPI_Comm comm, int server, int clients, fgf_client *out)
{
    fgf_status status = FGF_OK;
    *out = (fgf_client){.comm = comm, .server = server, .clients = clients};
    FGF_TRY(FGF_ALLOCATE(ANSWER_MEMBERS + clients, &out->answer));
    FGF_TRY(FGF_ALLOCATE(clients, &out->members));
done:
    return status;
}

void fgf_client_clear(fgf_client *client)
{
    fgf_free(client->answer);
    fgf_free(client->members);
    client->answer = NULL;
    client->members = NULL;
}

bool fgf_client_ask(fgf_client *client, fgf_status result, fgf_task *next)
{
    MPI_Request pending;
    const int64_t *answer = client->answer;
    struct request request = {(int32_t)result, fgf_par_stop_requested()};
    int rank = 0;
    FGF_MPI(MPI_Comm_rank(client->comm, &rank));
    FGF_MPI(MPI_Irecv(client->answer, ANSWER_MEMBERS + client->clients, MPI_INT64_T, client->server,
                      TAG_ANSWER, client->comm, &pending));
    fgf_message_send(client->comm, &request, sizeof request, client->server, TAG_REQUEST);
    fgf_message_wait(&pending);
    *next = (fgf_task){.job = (size_t)answer[ANSWER_JOB],
                       .members = client->members,
                       .size = (int)answer[ANSWER_SIZE],
                       .group = (unsigned long long)answer[ANSWER_GROUP]};
    for (int k = 0; k < next->size; k++) {
        client->members[k] = (int)answer[ANSWER_MEMBERS + k];
        if (client->members[k] == rank)
            next->place = k;
    }
    return next->size > 0;
}
