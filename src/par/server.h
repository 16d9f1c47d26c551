/* The two sides of the scheduler: a server owns the queue and answers, clients ask for work.
 *
 * In fgf the server is a thread of rank 0 and every rank is a client. Nothing here depends on that:
 * on a simulated cluster, where there are no threads, the server is a rank of its own. */
#ifndef FGF_PAR_SERVER_H
#define FGF_PAR_SERVER_H

#include "message.h"
#include "queue.h"

typedef struct fgf_server fgf_server;

/* A server for ranks 0 .. clients - 1 of `comm`; the queue is borrowed. *out NULL on failure. */
fgf_status fgf_server_create(MPI_Comm comm, fgf_queue *queue, int clients,
                             fgf_server **out) FGF_CHECKED;
void fgf_server_destroy(fgf_server **server);

/* Answers until every client has been told that there is no more work. */
void fgf_server_run(fgf_server *server);

/* One asking rank. */
typedef struct fgf_client {
    MPI_Comm comm;
    int server, clients; /* the server's rank; how many clients there are */
    int64_t *answer;
    int *members; /* [clients] */
} fgf_client;

/* What a client is to do. */
typedef struct fgf_task {
    size_t job;
    const int *members; /* [size] clients, increasing; borrowed until the next question */
    int size;
    int place;                /* of this client among the members */
    unsigned long long group; /* a number that no other group has */
} fgf_task;

fgf_status fgf_client_init(MPI_Comm comm, int server, int clients, fgf_client *out) FGF_CHECKED;
void fgf_client_clear(fgf_client *client);

/* Says how the last job ended (FGF_OK at first) and waits for the next; false = no more work. */
bool fgf_client_ask(fgf_client *client, fgf_status result, fgf_task *next);

#endif
