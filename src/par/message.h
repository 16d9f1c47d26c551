/* Messages between ranks. Every MPI call of this folder goes through FGF_MPI, and every wait
 * through fgf_message_wait: the one that sleeps. */
#ifndef FGF_PAR_MESSAGE_H
#define FGF_PAR_MESSAGE_H

#include "watch.h"

#include <mpi.h>
#include <pthread.h>

enum { FGF_PAR_FAILURE_EXIT = 4 };

/* A group on some ranks of a communicator. Point-to-point messages under a tag of its own, not an
 * MPI communicator: so it costs nothing to form, only its members take part, and none of them can
 * be held up by another one that still computes. */
typedef struct fgf_group_mpi {
    fgf_group group;
    MPI_Comm communicator;
    const int *members; /* [size] ranks of the communicator, increasing; borrowed; NULL = all */
    int number;         /* of the group, modulo as many as there are tags for */
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

/* Messages of different kinds have different tags, so that none is taken for another. */
enum fgf_tag_kind { FGF_TAG_STEP, FGF_TAG_NODE, FGF_TAG_SUM, FGF_TAG_CLAIM, FGF_TAG_KINDS };
int fgf_group_mpi_tag(const fgf_group_mpi *group, int kind);

/* The communicator's number of the group's rank. */
int fgf_group_mpi_rank(const fgf_group_mpi *group, int rank);

/* The group's tree_sum. */
fgf_status fgf_ordered_sum(fgf_group *group, fgf_tree *tree, fgf_real *result) FGF_CHECKED;

/* The group's share_open, share_ask and share_close. */
fgf_status fgf_share_mpi_open(fgf_group *group, fgf_share *share) FGF_CHECKED;
void fgf_share_mpi_ask(fgf_share *share, size_t held);
void fgf_share_mpi_close(fgf_share *share);

/* `bytes` at `data` of the group's rank `root` to all its ranks. Collective over the group. */
void fgf_group_mpi_broadcast(fgf_group_mpi *group, void *data, size_t bytes, int root);

/* Ends the job where MPI reports an error: nothing else can be done inside a collective call. */
void fgf_message_check(int code, const char *call, const char *file, int line);
#define FGF_MPI(call) fgf_message_check((call), #call, __FILE__, __LINE__)

/* Starts a thread that no signal interrupts but those of its own faults: a request to stop reaches
 * the thread that computes. Returns an error number, as pthread_create does. */
int fgf_thread_start(pthread_t *thread, void *(*run)(void *), void *context);

/* How long to sleep after `waited` seconds of waiting: an eighth of them, at most four
 * milliseconds, so that a short wait stays short and a long one costs next to no processor time. */
void fgf_message_pause(double waited);

/* Completes a request, sleeping between looks: for threads that serve other ranks, and for waits
 * whose end is nobody's in particular. */
void fgf_message_wait(MPI_Request *request);

/* Completes `count` requests, likewise; request k is to or from rank peers[k] of the world, which
 * the watchdog names if it takes too long. */
void fgf_message_wait_all(MPI_Request *requests, const int *peers, int count);

/* Sends or receives exactly `bytes`; any size. All communicators here number the ranks as the world
 * does, so that `to` and `from` are what the watchdog calls them. */
void fgf_message_send(MPI_Comm communicator, const void *data, size_t bytes, int to, int tag);
void fgf_message_receive(MPI_Comm communicator, void *data, size_t bytes, int from, int tag);

#endif
