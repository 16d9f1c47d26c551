/* The ordered sum of one vector a rank against MPI's own all-reduce of it.
 *
 *     mpirun -n RANKS bench_reduction LENGTH ROUNDS
 *
 * Both in turns, each between barriers; prints the seconds of every round, those of the slowest
 * rank, as JSON. The ordered sum is all that a training step does: empty the tree, add this rank's
 * leaf, sum over ranks. */
#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/par.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct measurement {
    fgf_group *group;
    fgf_tree *tree;
    size_t length;
    fgf_real *vector, *sum; /* [length] */
} measurement;

static fgf_status sum_in_order(measurement *m)
{
    fgf_status status = FGF_OK;
    fgf_tree_reset(m->tree, (uint32_t)m->group->size);
    FGF_TRY(fgf_tree_add(m->tree, (uint32_t)m->group->rank, m->vector));
    FGF_TRY(fgf_group_tree_sum(m->group, m->tree, m->sum));
done:
    return status;
}

static fgf_status sum_plainly(measurement *m)
{
    MPI_Allreduce(m->vector, m->sum, (int)m->length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    return FGF_OK;
}

/* The slowest rank's seconds of one sum, on every rank. */
static fgf_status time_sum(measurement *m, fgf_status (*sum)(measurement *), double *seconds)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = fgf_seconds();
    fgf_status status = sum(m);
    double mine = fgf_seconds() - start;
    MPI_Allreduce(&mine, seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return status;
}

static void print_list(const char *name, const double *seconds, size_t count, const char *end)
{
    printf("\"%s\": [", name);
    for (size_t k = 0; k < count; k++)
        printf("%s%.9g", k ? ", " : "", seconds[k]);
    printf("]%s", end);
}

static fgf_status measure(fgf_par *par, size_t length, size_t rounds)
{
    fgf_status status = FGF_OK;
    measurement m = {.group = fgf_par_world(par), .length = length};
    double *ordered = NULL, *plain = NULL, unused;
    FGF_TRY(fgf_tree_create(length, &m.tree));
    FGF_TRY(FGF_ALLOCATE(length, &m.vector));
    FGF_TRY(FGF_ALLOCATE(length, &m.sum));
    FGF_TRY(FGF_ALLOCATE(rounds, &ordered));
    FGF_TRY(FGF_ALLOCATE(rounds, &plain));
    for (size_t i = 0; i < length; i++)
        m.vector[i] = (fgf_real)(i % 1000) * (fgf_real)(m.group->rank + 1);
    FGF_TRY(time_sum(&m, sum_in_order, &unused)); /* memory is taken, connections are made */
    FGF_TRY(time_sum(&m, sum_plainly, &unused));
    for (size_t k = 0; k < rounds; k++) {
        FGF_TRY(time_sum(&m, sum_in_order, &ordered[k]));
        FGF_TRY(time_sum(&m, sum_plainly, &plain[k]));
    }
    if (m.group->rank == 0) {
        printf("{");
        print_list("ordered", ordered, rounds, ", ");
        print_list("plain", plain, rounds, "}\n");
    }
done:
    fgf_tree_destroy(&m.tree);
    fgf_free(m.vector);
    fgf_free(m.sum);
    fgf_free(ordered);
    fgf_free(plain);
    return status;
}

int main(int argc, char **argv)
{
    fgf_par *par = NULL;
    fgf_status status = fgf_par_start(&argc, &argv, &par);
    if (status == FGF_OK && argc == 3) {
        fgf_log_setup(fgf_par_rank(par) == 0, false);
        status = measure(par, strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10));
    }
    if (status != FGF_OK)
        fgf_log_error(true);
    else if (argc != 3)
        fprintf(stderr, "usage: bench_reduction LENGTH ROUNDS\n");
    fgf_par_finish(&par);
    return status != FGF_OK || argc != 3;
}
