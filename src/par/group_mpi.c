/* The group operations over point-to-point messages.
 *
 * All follow one binomial tree over the group's ranks: rank r takes from r + 1, r + 2, r + 4, ...
 * as long as the step is below r's lowest set bit, then gives to r minus that bit; rank 0 ends up
 * with everything and the answer goes back the same way. No operation allocates memory that another
 * rank's progress depends on. */
#include "message.h"

#include <string.h>

enum { GROUP_TAGS = 32000 }; /* MPI promises tags up to 32767 */

static fgf_group_mpi *of(fgf_group *group)
{
    return group->state;
}

static int world_rank(const fgf_group_mpi *g, int rank)
{
    return g->members ? g->members[rank] : rank;
}

static void give(const fgf_group_mpi *g, const void *data, size_t bytes, int to)
{
    fgf_message_send(g->communicator, data, bytes, world_rank(g, to), g->tag);
}

static void take(const fgf_group_mpi *g, void *data, size_t bytes, int from)
{
    fgf_message_receive(g->communicator, data, bytes, world_rank(g, from), g->tag);
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

/* ---- tree sum ---- */

struct node_name {
    uint32_t level, index;
};

/* `landing` is a vector of the tree's length: with it a rank that has run out of memory can still
 * take what its children send, so that nobody hangs. */
static fgf_status take_nodes(fgf_group_mpi *g, fgf_tree *tree, fgf_real *landing, int from)
{
    fgf_status status = FGF_OK;
    uint64_t count = 0;
    take(g, &count, sizeof count, from);
    for (uint64_t k = 0; k < count; k++) {
        struct node_name name;
        take(g, &name, sizeof name, from);
        take(g, landing, fgf_tree_length(tree) * sizeof *landing, from);
        if (status == FGF_OK)
            status = fgf_tree_add_node(tree, name.level, name.index, landing);
    }
    return status;
}

static void give_nodes(fgf_group_mpi *g, fgf_tree *tree, int to)
{
    uint64_t count = fgf_tree_node_count(tree);
    give(g, &count, sizeof count, to);
    for (uint64_t k = 0; k < count; k++) {
        struct node_name name;
        const fgf_real *vector = fgf_tree_node(tree, (size_t)k, &name.level, &name.index);
        give(g, &name, sizeof name, to);
        give(g, vector, fgf_tree_length(tree) * sizeof *vector, to);
    }
}

static fgf_status mpi_tree_sum(fgf_group *group, fgf_tree *tree, fgf_real *result)
{
    fgf_status status = FGF_OK, mine = FGF_OK;
    fgf_group_mpi *g = of(group);
    int step = top_step(group->rank, group->size);
    for (int child = 1; child < step && group->rank + child < group->size; child <<= 1) {
        fgf_status taken = take_nodes(g, tree, result, group->rank + child);
        if (mine == FGF_OK)
            mine = taken;
    }
    if (group->rank != 0)
        give_nodes(g, tree, group->rank - step);
    const fgf_real *root = group->rank == 0 ? fgf_tree_root(tree) : NULL;
    if (group->rank == 0 && mine == FGF_OK && !root)
        mine = fgf_fail(FGF_INTERNAL, __FILE__, __LINE__,
                        "a summation tree was summed before all its leaves were in");
    FGF_TRY(mpi_agree(group, mine));
    if (root)
        memcpy(result, root, fgf_tree_length(tree) * sizeof *result);
    fgf_group_mpi_broadcast(g, result, fgf_tree_length(tree) * sizeof *result, 0);
done:
    return status;
}

static const fgf_group_ops mpi_ops = {mpi_tree_sum, mpi_agree, mpi_merge};

void fgf_group_mpi_init(fgf_group_mpi *out, MPI_Comm communicator, const int *members, int size,
                        int rank, unsigned long long number)
{
    out->group = (fgf_group){&mpi_ops, out, rank, size};
    out->communicator = communicator;
    out->members = members;
    out->tag = (int)(number % GROUP_TAGS);
}
