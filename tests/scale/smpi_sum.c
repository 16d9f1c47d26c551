/* The ordered sum on a cluster that SimGrid simulates: smpi_sum LENGTH LEAVES
 *
 * One group of all ranks adds LEAVES vectors of LENGTH numbers (0 = one a rank), leaf k by rank
 * k * ranks / LEAVES, as a training step does; then MPI's own all-reduce of as many numbers. Prints
 * the simulated seconds of both. The additions themselves take no simulated time. */
#include "fgf/memory.h"
#include "message.h"

#include <stdio.h>
#include <stdlib.h>

static fgf_real *vector, *result; /* [length] shared by all ranks: what is in it does not matter */

static _Noreturn void give_up(void)
{
    fprintf(stderr, "%s\n", fgf_last_error()->message);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

/* Seconds of the second of two sums: the first one's memory is there then. */
static double time_ordered(fgf_group *group, size_t length, int leaves)
{
    double start = 0;
    fgf_tree *tree = NULL;
    if (fgf_tree_create(length, &tree) != FGF_OK)
        give_up();
    for (int round = 0; round < 2; round++) {
        fgf_tree_reset(tree, (uint32_t)leaves);
        for (int leaf = 0; leaf < leaves; leaf++) {
            if ((int)((long)leaf * group->size / leaves) == group->rank &&
                fgf_tree_add(tree, (uint32_t)leaf, vector) != FGF_OK)
                give_up();
        }
        MPI_Barrier(MPI_COMM_WORLD);
        start = MPI_Wtime();
        if (fgf_group_tree_sum(group, tree, result) != FGF_OK)
            give_up();
    }
    MPI_Barrier(MPI_COMM_WORLD);
    fgf_tree_destroy(&tree);
    return MPI_Wtime() - start;
}

static double time_plain(size_t length)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    MPI_Allreduce(vector, result, (int)length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Wtime() - start;
}

static double time_agree(fgf_group *group)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    if (fgf_group_agree(group, FGF_OK) != FGF_OK)
        give_up();
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Wtime() - start;
}

int main(int argc, char **argv)
{
    int rank, size;
    MPI_Comm comm;
    fgf_group_mpi group;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    if (argc != 3)
        return 2;
    size_t length = (size_t)atol(argv[1]);
    int leaves = atoi(argv[2]) > 0 ? atoi(argv[2]) : size;
    if (rank == 0 &&
        (FGF_ALLOCATE(length, &vector) != FGF_OK || FGF_ALLOCATE(length, &result) != FGF_OK))
        give_up();
    fgf_group_mpi_init(&group, comm, NULL, size, rank, 1);
    double agree = time_agree(&group.group);
    double plain = time_plain(length);
    double ordered = time_ordered(&group.group, length, leaves);
    if (rank == 0)
        printf("{\"ranks\": %d, \"length\": %zu, \"leaves\": %d, \"ordered\": %.6g, \"plain\": "
               "%.6g, \"agree\": %.6g}\n",
               size, length, leaves, ordered, plain, agree);
    MPI_Finalize();
    return 0;
}
