/* Start and end of MPI, and what all ranks do together. */
#include "fgf/par.h"

#include "fgf/hash.h"
#include "fgf/log.h"
#include "fgf/memory.h"
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FGF_VERSION
#error "src/par/CMakeLists.txt defines FGF_VERSION"
#endif

#ifdef FGF_REAL_DOUBLE
static const char program_version[] = FGF_VERSION " (double precision)";
#else
static const char program_version[] = FGF_VERSION;
#endif

/* Launchers speak PMIx or PMI; without one of these the process is alone. */
static bool has_launcher(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

/* MPI reads these in MPI_Init. The user's own settings come first.
 * ROMIO writes 4 to 6 times as fast as OMPIO; a rank that waits yields, or ranks that outnumber
 * the cores take milliseconds for a barrier; alone, MPI starts in 0.03 s instead of 0.4 s. */
static void set_environment(void)
{
    const int keep_users = 0;
    setenv("OMPI_MCA_io", "romio321", keep_users);
    setenv("OMPI_MCA_mpi_yield_when_idle", "1", keep_users);
    if (!has_launcher()) {
        /* No second process that could start further ranks, no search for networks. */
        setenv("OMPI_MCA_ess_singleton_isolated", "1", keep_users);
        /* Such processes would share one session folder, and the first to end take it from the
         * others while they start. */
        setenv("OMPI_MCA_orte_create_session_dirs", "0", keep_users);
        setenv("OMPI_MCA_pml", "ob1", keep_users);
        setenv("OMPI_MCA_btl", "self", keep_users);
    }
}

/* srun without an MPI plug-in starts processes that do not know of each other; each would run the
 * whole job. */
static fgf_status check_launcher(int size)
{
    fgf_status status = FGF_OK;
    const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
    if (size == 1 && !has_launcher() && tasks && atoi(tasks) > 1)
        FGF_FAIL(FGF_ENVIRONMENT,
                 "srun started %s tasks, but each finds itself alone: start them with "
                 "srun --mpi=pmix (srun --mpi=list shows what there is) or with mpirun",
                 tasks);
done:
    return status;
}

static void find_host(fgf_par *par)
{
    char name[MPI_MAX_PROCESSOR_NAME];
    int length = 0;
    FGF_MPI(MPI_Get_processor_name(name, &length));
    snprintf(par->host, sizeof par->host, "%.*s", (int)sizeof par->host - 1, name);
}

/* Writes "name x ranks" of every host of `names` [size][FGF_PAR_HOST_BYTES], each once. */
static void describe_hosts(fgf_buffer *out, const char *names, int size)
{
    for (int rank = 0; rank < size; rank++) {
        const char *name = names + (size_t)rank * FGF_PAR_HOST_BYTES;
        int before = 0, count = 0;
        for (int other = 0; other < size; other++) {
            bool same = strcmp(name, names + (size_t)other * FGF_PAR_HOST_BYTES) == 0;
            before += same && other < rank;
            count += same;
        }
        if (before == 0)
            fgf_buffer_add(out, "%s%s x %d", out->length ? ", " : "", name, count);
    }
}

static fgf_status gather_hosts(fgf_par *par)
{
    fgf_status status = FGF_OK;
    fgf_group *world = &par->everybody.group;
    char *names = NULL;
    FGF_TRY(fgf_par_agree(par, FGF_ALLOCATE((size_t)world->size * FGF_PAR_HOST_BYTES, &names)));
    memcpy(names + (size_t)world->rank * FGF_PAR_HOST_BYTES, par->host, FGF_PAR_HOST_BYTES);
    FGF_TRY(fgf_group_merge(world, names, (size_t)world->size * FGF_PAR_HOST_BYTES));
    describe_hosts(&par->hosts, names, world->size);
    FGF_TRY(fgf_par_agree(par, par->hosts.status));
done:
    fgf_free(names);
    return status;
}

static fgf_status connect(fgf_par *par)
{
    fgf_status status = FGF_OK;
    int rank = 0, size = 1;
    par->world = MPI_COMM_WORLD;
    FGF_MPI(MPI_Comm_set_errhandler(par->world, MPI_ERRORS_RETURN));
    FGF_MPI(MPI_Comm_rank(par->world, &rank));
    FGF_MPI(MPI_Comm_size(par->world, &size));
    FGF_MPI(MPI_Comm_dup(par->world, &par->group_comm));
    FGF_MPI(MPI_Comm_dup(par->world, &par->queue_comm));
    fgf_group_mpi_init(&par->everybody, par->group_comm, NULL, size, rank, 0);
    find_host(par);
    FGF_TRY(check_launcher(size));
    FGF_TRY(fgf_par_same_text(par, "the version of fgf", program_version,
                              "start the same program on every host"));
    FGF_TRY(gather_hosts(par));
done:
    return status;
}

fgf_status fgf_par_start(int *argc, char ***argv, fgf_par **out)
{
    fgf_status status = FGF_OK;
    fgf_par *par = NULL;
    int provided = MPI_THREAD_SINGLE;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &par));
    set_environment();
    if (MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) {
        fgf_free(par);
        par = NULL;
        FGF_FAIL(FGF_ENVIRONMENT, "MPI could not be started");
    }
    par->world = par->group_comm = par->queue_comm = MPI_COMM_NULL;
    if (provided < MPI_THREAD_MULTIPLE)
        FGF_FAIL(FGF_ENVIRONMENT,
                 "this MPI library offers thread level %d, fgf needs MPI_THREAD_MULTIPLE (%d): use "
                 "an MPI library that was built with support for threads",
                 provided, (int)MPI_THREAD_MULTIPLE);
    FGF_TRY(connect(par));
    *out = par;
    par = NULL;
done:
    fgf_par_finish(&par);
    return status;
}

void fgf_par_finish(fgf_par **par)
{
    fgf_par *p = *par;
    if (p) {
        if (p->queue_comm != MPI_COMM_NULL)
            FGF_MPI(MPI_Comm_free(&p->queue_comm));
        if (p->group_comm != MPI_COMM_NULL)
            FGF_MPI(MPI_Comm_free(&p->group_comm));
        FGF_MPI(MPI_Finalize());
        fgf_buffer_clear(&p->hosts);
        fgf_free(p);
    }
    *par = NULL;
}

int fgf_par_rank(const fgf_par *par)
{
    return par->everybody.group.rank;
}

int fgf_par_size(const fgf_par *par)
{
    return par->everybody.group.size;
}

const char *fgf_par_hosts(const fgf_par *par)
{
    return par->hosts.text;
}

const char *fgf_par_host(const fgf_par *par)
{
    return par->host;
}

fgf_group *fgf_par_world(fgf_par *par)
{
    return &par->everybody.group;
}

fgf_status fgf_par_agree(fgf_par *par, fgf_status mine)
{
    return fgf_group_agree(fgf_par_world(par), mine);
}

void fgf_par_broadcast(fgf_par *par, void *data, size_t bytes, int root)
{
    fgf_group_mpi_broadcast(&par->everybody, data, bytes, root);
}

enum { TEXT_BYTES = 1024 };

fgf_status fgf_par_gather_text(fgf_par *par, const char *text, fgf_buffer *lines)
{
    char line[TEXT_BYTES] = "";
    int tag = fgf_group_mpi_tag(&par->everybody, FGF_TAG_STEP);
    snprintf(line, sizeof line, "%s", text);
    if (fgf_par_rank(par) != 0) {
        fgf_message_send(par->group_comm, line, sizeof line, 0, tag);
        return fgf_par_agree(par, FGF_OK);
    }
    for (int rank = 0; rank < fgf_par_size(par); rank++) {
        if (rank > 0)
            fgf_message_receive(par->group_comm, line, sizeof line, rank, tag);
        fgf_buffer_add(lines, "%s\n", line);
    }
    return fgf_par_agree(par, lines->status);
}

/* What rank 0 says it has; of long texts the checksum tells them apart. */
struct claim {
    unsigned long long checksum;
    char text[256], host[FGF_PAR_HOST_BYTES];
};

fgf_status fgf_par_same_text(fgf_par *par, const char *label, const char *text, const char *advice)
{
    fgf_status status = FGF_OK;
    struct claim mine, first;
    memset(&mine, 0, sizeof mine);
    mine.checksum = fgf_checksum(text, strlen(text), 0);
    snprintf(mine.text, sizeof mine.text, "%s", text);
    memcpy(mine.host, par->host, sizeof mine.host);
    first = mine;
    fgf_par_broadcast(par, &first, sizeof first, 0);
    if (first.checksum != mine.checksum)
        status = fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__,
                          "%s differs between ranks: %s on host %s (rank 0), %s on host %s (rank "
                          "%d); %s",
                          label, first.text, first.host, mine.text, mine.host, fgf_par_rank(par),
                          advice);
    FGF_TRY(fgf_par_agree(par, status));
done:
    return status;
}
