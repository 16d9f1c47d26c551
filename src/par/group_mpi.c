/* The group operations over point-to-point messages; the ordered sum is in ordered_sum.c,
 * shares of work are in share.c.
 *
 * They follow one binomial tree over the group's ranks: rank r takes from r + 1, r + 2, r + 4, ...
 * as long as the step is below r's lowest set bit, then gives to r minus that bit; rank 0 ends up
 * with everything and the answer goes back the same way. No operation allocates memory that another
 * rank's progress depends on. */
#include "message.h"

#include <string.h>

enum { GROUP_NUMBERS = 8000 }; /* times FGF_TAG_KINDS: MPI promises tags up to 32767 */

static fgf_group_mpi *of(fgf_group *group)
{
    return group->state;
}

int fgf_group_mpi_rank(const fgf_group_mpi *g, int rank)
{
    return g->members ? g->members[rank] : rank;
}

int fgf_group_mpi_tag(const fgf_group_mpi *g, int kind)
{
    return g->number * FGF_TAG_KINDS + kind;
}

static void give(const fgf_group_mpi *g, const void *data, size_t bytes, int to)
{
    fgf_message_send(g->communicator, data, bytes, fgf_group_mpi_rank(g, to),
                     fgf_group_mpi_tag(g, FGF_TAG_STEP));
}

static void take(const fgf_group_mpi *g, void *data, size_t bytes, int from)
{
    fgf_message_receive(g->communicator, data, bytes, fgf_group_mpi_rank(g, from),
                        fgf_group_mpi_tag(g, FGF_TAG_STEP));
}

/* The first step that leads no longer to a child: the lowest set bit of the rank, for rank 0 the
 * first power of two that is not below the size. */
static int top_step(int rank, int size)
{
    int step = 1;
    while (step < size && (rank & step) == 0)
        step <<= 1;
    return step;
}

void fgf_group_mpi_broadcast(fgf_group_mpi *g, void *data, size_t bytes, int root)
{
    int size = g->group.size;
    int rank = (g->group.rank - root + size) % size; /* as if the root were rank 0 */
    int step = top_step(rank, size);
    if (rank != 0)
        take(g, data, bytes, (rank - step + root) % size);
    for (step >>= 1; step > 0; step >>= 1) {
        if (rank + step < size)
            give(g, data, bytes, (rank + step + root) % size);
    }
}

/* ---- agree ---- */

/* The lesser comes first: a run that has to stop still reports what cannot be mended. */
static int severity(fgf_status status)
{
    switch (status) {
    case FGF_OK:
        return 0;
    case FGF_TRIAL:
        return 1;
    case FGF_NUMERIC:
        return 2;
    case FGF_STOPPED:
        return 3;
    case FGF_USAGE:
        return 4;
    case FGF_DATA:
        return 5;
    case FGF_ENVIRONMENT:
        return 6;
    case FGF_MEMORY:
        return 7;
    case FGF_INTERNAL:
    case FGF_STATUS_COUNT:
        break;
    }
    return 8;
}

struct verdict {
    int rank; /* in the group: whose error it is */
    fgf_error error;
};

static bool is_worse(const struct verdict *a, const struct verdict *b)
{
    int worse = severity(a->error.status) - severity(b->error.status);
    return worse > 0 || (worse == 0 && a->rank < b->rank);
}

static fgf_status mpi_agree(fgf_group *group, fgf_status mine)
{
    fgf_group_mpi *g = of(group);
    int step = top_step(group->rank, group->size);
    struct verdict worst, other;
    memset(&worst, 0, sizeof worst);
    worst.rank = group->rank;
    if (mine != FGF_OK)
        worst.error = *fgf_last_error();
    worst.error.status = mine;
    for (int child = 1; child < step; child <<= 1) {
        if (group->rank + child >= group->size)
            break;
        take(g, &other, sizeof other, group->rank + child);
        if (is_worse(&other, &worst))
            worst = other;
    }
    if (group->rank != 0)
        give(g, &worst, sizeof worst, group->rank - step);
    fgf_group_mpi_broadcast(g, &worst, sizeof worst, 0);
    return worst.error.status == FGF_OK ? FGF_OK : fgf_adopt_error(&worst.error);
}

/* ---- merge ---- */

enum { MERGE_BYTES = 16384 }; /* merged in pieces that fit the stack */

static void merge_piece(fgf_group_mpi *g, unsigned char *table, size_t bytes)
{
    unsigned char other[MERGE_BYTES];
    int rank = g->group.rank, size = g->group.size;
    int step = top_step(rank, size);
    for (int child = 1; child < step && rank + child < size; child <<= 1) {
        take(g, other, bytes, rank + child);
        for (size_t k = 0; k < bytes; k++)
            table[k] |= other[k];
    }
    if (rank != 0)
        give(g, table, bytes, rank - step);
}

static fgf_status mpi_merge(fgf_group *group, void *table, size_t bytes)
{
    unsigned char *items = table;
    for (size_t first = 0; first < bytes; first += MERGE_BYTES) {
        size_t rest = bytes - first;
        merge_piece(of(group), items + first, rest < MERGE_BYTES ? rest : MERGE_BYTES);
    }
    fgf_group_mpi_broadcast(of(group), table, bytes, 0);
    return FGF_OK;
}

static const fgf_group_ops mpi_ops = {fgf_ordered_sum,    mpi_agree,         mpi_merge,
                                      fgf_share_mpi_open, fgf_share_mpi_ask, fgf_share_mpi_close};

void fgf_group_mpi_init(fgf_group_mpi *out, MPI_Comm communicator, const int *members, int size,
                        int rank, unsigned long long number)
{
    out->group = (fgf_group){&mpi_ops, out, rank, size};
    out->communicator = communicator;
    out->members = members;
    out->number = (int)(number % GROUP_NUMBERS);
}
