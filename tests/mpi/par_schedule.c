/* The scheduler: par_schedule GROUP_SIZE SECONDS MODE JOBS[,JOBS...] ...; test_par_schedule.sh says
 * what each mode is for. All are of one process; a stop, which holds for good, is the last. */
#include "check.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum mode { RUN, FAILING, FATAL, STOP, DELAY, CPU, SIGNAL, LATE };

struct scene {
    enum mode mode;
    fgf_par *par;
    size_t jobs;
    int group_size;
    double seconds;       /* DELAY, CPU: of the long job */
    unsigned char *ran;   /* [jobs] by rank 0 of the job's group, on this rank */
    unsigned char *sizes; /* [jobs] of the group, likewise */
    fgf_tree *tree;
    bool delayed;
};

static void pause_for(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&pause, &pause) != 0)
        ;
}

static void burn(double seconds)
{
    double end = fgf_seconds() + seconds;
    while (fgf_seconds() < end)
        ;
}

/* Every job adds 8 leaves on its group: groups that overlap in time must not mix their messages. */
static void sum_on_group(struct scene *scene, size_t job, fgf_group *group)
{
    fgf_real vector[16], result[16];
    fgf_tree_reset(scene->tree, 8);
    for (uint32_t leaf = 0; leaf < 8; leaf++) {
        for (size_t k = 0; k < 16; k++)
            vector[k] = (fgf_real)(job + leaf + k);
        if ((int)(leaf % (uint32_t)group->size) == group->rank)
            CHECK(fgf_tree_add(scene->tree, leaf, vector) == FGF_OK, "add");
    }
    CHECK(fgf_group_tree_sum(group, scene->tree, result) == FGF_OK, "sum");
    for (size_t k = 0; k < 16; k++)
        CHECK(result[k] == (fgf_real)(8 * (job + k) + 28), "job %zu, size %d", job, group->size);
}

static fgf_status work(void *context, size_t job, fgf_group *group)
{
    struct scene *scene = context;
    fgf_status mine = FGF_OK;
    bool last_of_group = group->rank == group->size - 1;
    if (group->rank == 0) {
        scene->ran[job]++;
        scene->sizes[job] = (unsigned char)group->size;
    }
    sum_on_group(scene, job, group);
    switch (scene->mode) {
    case FAILING:
        if (job % 3 == 0 && last_of_group)
            mine = fgf_fail(FGF_TRIAL, __FILE__, __LINE__, "job %zu failed", job);
        break;
    case FATAL:
        if (job == 2 && last_of_group)
            mine = fgf_fail(FGF_DATA, __FILE__, __LINE__, "job 2 is bad");
        pause_for(0.02);
        break;
    case STOP:
        if (job == 5)
            fgf_par_request_stop();
        pause_for(0.01);
        break;
    case SIGNAL:
        pause_for(0.05);
        break;
    case DELAY:
        if (fgf_par_rank(scene->par) == 0 && !scene->delayed)
            burn(scene->seconds);
        else
            pause_for(0.005);
        scene->delayed = true;
        break;
    case CPU:
        pause_for(job == 0 ? scene->seconds : 0);
        break;
    case LATE:
        pause_for(job == 1 ? scene->seconds : 0.3);
        break;
    case RUN:
        pause_for(0.0005 * (double)(job * 7 % 5));
        break;
    }
    return fgf_group_agree(group, mine);
}

/* How often each job ran, over all ranks: [jobs], in place. */
static void add_up(struct scene *scene, unsigned char *counts)
{
    size_t ranks = (size_t)fgf_par_size(scene->par), mine = (size_t)fgf_par_rank(scene->par);
    unsigned char *table = NULL;
    CHECK(FGF_ALLOCATE(ranks * scene->jobs, &table) == FGF_OK, "allocate");
    memcpy(table + mine * scene->jobs, counts, scene->jobs);
    CHECK(fgf_group_merge(fgf_par_world(scene->par), table, ranks * scene->jobs) == FGF_OK,
          "merge");
    memset(counts, 0, scene->jobs);
    for (size_t k = 0; k < ranks * scene->jobs; k++)
        counts[k % scene->jobs] = (unsigned char)(counts[k % scene->jobs] + table[k]);
    fgf_free(table);
}

static void check_run(struct scene *scene, fgf_status status, const fgf_schedule_report *report)
{
    int size = fgf_par_size(scene->par);
    size_t failing = scene->mode == FAILING ? (scene->jobs + 2) / 3 : 0;
    CHECK(status == (failing ? FGF_TRIAL : FGF_OK), "status %d", (int)status);
    CHECK(report->done == scene->jobs - failing && report->failed == failing && report->left == 0,
          "done %zu failed %zu left %zu", report->done, report->failed, report->left);
    CHECK(report->ranks == size, "ranks %d", report->ranks);
    for (int rank = 0; rank < size; rank++) {
        double sum = report->busy_seconds[rank] + report->idle_seconds[rank];
        CHECK(sum >= report->seconds * 0.999 && sum <= report->seconds * 1.5 + 0.1,
              "rank %d: %g + %g of %g s", rank, report->busy_seconds[rank],
              report->idle_seconds[rank], report->seconds);
    }
    int largest = 0;
    for (size_t job = 0; job < scene->jobs; job++) {
        int group = scene->sizes[job];
        CHECK(scene->ran[job] == 1, "job %zu ran %d times", job, scene->ran[job]);
        largest = group > largest ? group : largest;
        if (scene->group_size > 0) {
            int whole = scene->group_size < size ? scene->group_size : size;
            CHECK(group == whole || group == size % whole, "job %zu on %d ranks", job, group);
        }
    }
    if (scene->group_size == 0 && scene->jobs > 0 && 2 * scene->jobs <= (size_t)size)
        CHECK(largest > 1, "%zu jobs on %d ranks in groups of one", scene->jobs, size);
    if (failing)
        CHECK(strstr(fgf_last_error()->message, "jobs failed"), "message");
}

static void check_delay(const struct scene *scene, const fgf_schedule_report *report)
{
    for (int rank = 1; rank < report->ranks; rank++) {
        if (fgf_par_rank(scene->par) == 0)
            printf("rank %d: %zu jobs, longest wait %.4f s\n", rank, report->jobs[rank],
                   report->longest_wait[rank]);
        CHECK(report->jobs[rank] > 20, "rank %d got %zu jobs", rank, report->jobs[rank]);
        CHECK(report->longest_wait[rank] < 0.5, "rank %d waited %g s while rank 0 computed", rank,
              report->longest_wait[rank]);
    }
    CHECK(report->busy_seconds[0] >= scene->seconds, "rank 0 was not delayed");
}

static double processor_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double cost_of(enum mode mode, size_t job)
{
    if (mode == LATE)
        return 0.3 - 0.03 * (double)job;
    if (mode == CPU || mode == DELAY)
        return 1;
    return 0.0005 * (double)(job * 7 % 5);
}

static void run(struct scene *scene)
{
    fgf_schedule_report report;
    double *cost = NULL;
    CHECK(FGF_ALLOCATE(scene->jobs, &cost) == FGF_OK &&
              FGF_ALLOCATE(scene->jobs, &scene->ran) == FGF_OK &&
              FGF_ALLOCATE(scene->jobs, &scene->sizes) == FGF_OK &&
              fgf_tree_create(16, &scene->tree) == FGF_OK,
          "allocate");
    for (size_t job = 0; job < scene->jobs; job++)
        cost[job] = cost_of(scene->mode, job);
    double processor = processor_seconds();
    fgf_status status =
        fgf_schedule_run(scene->par, cost, scene->jobs, scene->group_size, work, scene, &report);
    processor = processor_seconds() - processor;
    if (scene->jobs > 0) {
        add_up(scene, scene->ran);
        add_up(scene, scene->sizes);
    }
    size_t started = 0;
    for (size_t job = 0; job < scene->jobs; job++) {
        CHECK(scene->ran[job] <= 1, "job %zu ran %d times", job, scene->ran[job]);
        started += scene->ran[job];
    }
    switch (scene->mode) {
    case FATAL:
        CHECK(status == FGF_DATA, "status %d", (int)status);
        CHECK(strcmp(fgf_last_error()->message, "job 2 is bad") == 0, "message");
        CHECK(report.left == scene->jobs - started + 1 && report.left > 1, "left %zu", report.left);
        break;
    case SIGNAL:
    case STOP:
        CHECK(status == FGF_STOPPED, "status %d", (int)status);
        CHECK(report.left == scene->jobs - started && report.left > 0, "left %zu", report.left);
        break;
    default:
        check_run(scene, status, &report);
        if (scene->mode == DELAY)
            check_delay(scene, &report);
        if (scene->mode == LATE) /* the last job first waits for the late rank, then goes alone */
            CHECK(scene->sizes[2] == 1 && report.seconds < scene->seconds + 0.2,
                  "the last job ran on %d ranks, %g s", scene->sizes[2], report.seconds);
        if (scene->mode == CPU) {
            printf("rank %d: %.4f s of processor time in %.2f s, busy %.2f s\n",
                   fgf_par_rank(scene->par), processor, report.seconds,
                   report.busy_seconds[fgf_par_rank(scene->par)]);
            CHECK(processor < 0.03 * report.seconds, "waiting costs processor time");
        }
    }
    fgf_schedule_report_clear(&report);
    fgf_tree_destroy(&scene->tree);
    fgf_free(cost);
    fgf_free(scene->ran);
    fgf_free(scene->sizes);
}

static enum mode mode_of(const char *name)
{
    static const char *const modes[] = {"run",   "failing", "fatal",  "stop",
                                        "delay", "cpu",     "signal", "late"};
    size_t mode = 0, mode_count = sizeof modes / sizeof modes[0];
    while (mode < mode_count && strcmp(name, modes[mode]) != 0)
        mode++;
    CHECK(mode < mode_count, "there is no mode %s", name);
    return (enum mode)mode;
}

/* One schedule after the other, of so many jobs each. */
static void run_each(struct scene *scene, const char *jobs)
{
    for (char *at = NULL; *jobs; jobs = at + (*at == ',')) {
        scene->jobs = strtoul(jobs, &at, 10);
        CHECK(at > jobs && (*at == ',' || *at == '\0'), "%s: no numbers of jobs", jobs);
        run(scene);
    }
}

int main(int argc, char **argv)
{
    struct scene scene = {0};
    if (fgf_par_start(&argc, &argv, &scene.par) != FGF_OK)
        return 1;
    CHECK(argc >= 5 && argc % 2 == 1, "usage: GROUP_SIZE SECONDS MODE JOBS[,JOBS...] ...");
    scene.group_size = atoi(argv[1]);
    scene.seconds = atof(argv[2]);
    for (int k = 3; k + 1 < argc; k += 2) {
        scene.mode = mode_of(argv[k]);
        if (scene.mode == SIGNAL) {
            fgf_par_install_stop_signals();
            printf("ready %ld\n", (long)getpid());
            fflush(stdout);
        }
        run_each(&scene, argv[k + 1]);
    }
    fgf_par_finish(&scene.par);
    return 0;
}
