/* Messages between ranks. Every MPI call of this folder goes through FGF_MPI, and every wait
 * through fgf_message_wait: the one that sleeps. */
#ifndef FGF_PAR_MESSAGE_H
#define FGF_PAR_MESSAGE_H

#include "fgf/par.h"

#include <mpi.h>

enum { FGF_PAR_HOST_BYTES = 64, FGF_PAR_FAILURE_EXIT = 4 };

/* A group on some ranks of a communicator. Point-to-point messages under a tag of its own, not an
 * MPI communicator: so it costs nothing to form, only its members take part, and none of them can
 * be held up by another one that still computes. */
typedef struct fgf_group_mpi {
    fgf_group group;
    MPI_Comm communicator;
    const int *members; /* [size] ranks of the communicator, increasing; borrowed; NULL = all */
    int tag;
} fgf_group_mpi;

struct fgf_par {
    MPI_Comm world;      /* of all ranks, for parallel files */
    MPI_Comm group_comm; /* what groups say to each other */
    MPI_Comm queue_comm; /* what ranks say to the queue's thread */
    fgf_group_mpi everybody;
    fgf_buffer hosts;
    char host[FGF_PAR_HOST_BYTES];
};

/* Makes `out` the group of `size` members; `rank` is this process's place in it. Groups that exist
 * at the same time or one after the other have different numbers. Not collective. */
void fgf_group_mpi_init(fgf_group_mpi *out, MPI_Comm communicator, const int *members, int size,
                        int rank, unsigned long long number);

/* `bytes` at `data` of the group's rank `root` to all its ranks. Collective over the group. */
void fgf_group_mpi_broadcast(fgf_group_mpi *group, void *data, size_t bytes, int root);

/* Ends the job where MPI reports an error: nothing else can be done inside a collective call. */
void fgf_message_check(int code, const char *call, const char *file, int line);
#define FGF_MPI(call) fgf_message_check((call), #call, __FILE__, __LINE__)

/* How long to sleep after `waited` seconds of waiting: an eighth of them, at most four
 * milliseconds, so that a short wait stays short and a long one costs next to no processor time. */
void fgf_message_pause(double waited);

/* Completes a request, sleeping between looks. */
void fgf_message_wait(MPI_Request *request);

/* Sends or receives exactly `bytes`; any size. */
void fgf_message_send(MPI_Comm communicator, const void *data, size_t bytes, int to, int tag);
void fgf_message_receive(MPI_Comm communicator, void *data, size_t bytes, int from, int tag);

#endif
