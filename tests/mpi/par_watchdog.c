/* The watchdog: par_watchdog LIMIT MODE; test_watchdog.sh says what each is for. Rank 1, or the one
 * that there is, holds up the others at the second of three jobs, which are for all ranks. */
#include "check.h"
#include "fgf/log.h"

#include <string.h>
#include <time.h>

enum mode { FINE, STUCK, ELSEWHERE, LEAVES };

struct scene {
    enum mode mode;
    double limit;
    fgf_watchdog *watchdog;
};

static void pause_for(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&pause, &pause) != 0)
        ;
}

static fgf_status work(void *context, size_t job, fgf_group *group)
{
    struct scene *scene = context;
    bool odd = group->rank == 1 || group->size == 1;
    fgf_watch_task("job %zu", job);
    CHECK(fgf_group_agree(group, FGF_OK) == FGF_OK, "agree");
    if (job == 1 && odd && scene->mode == STUCK) {
        fgf_watch_phase("sleep", 1, 2);
        pause_for(100);
    }
    /* Back to the queue, with the others in the next step. */
    if (job == 1 && odd && scene->mode == ELSEWHERE)
        return FGF_OK;
    /* Longer than twice the limit, of one rank; the others wait for it. */
    for (int k = 0; k < 25 && odd && scene->mode == FINE; k++) {
        fgf_watch_phase("step", (size_t)k, 25);
        pause_for(scene->limit / 10);
    }
    CHECK(fgf_group_agree(group, FGF_OK) == FGF_OK, "agree");
    fgf_watch_task("%s", "");
    return FGF_OK;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"fine", "stuck", "elsewhere", "leaves"};
    const double cost[3] = {3, 2, 1};
    struct scene scene = {0};
    fgf_par *par = NULL;
    if (fgf_par_start(&argc, &argv, &par) != FGF_OK)
        return 1;
    CHECK(argc == 3, "usage: LIMIT MODE");
    fgf_log_setup(fgf_par_rank(par) == 0, false);
    scene.limit = atof(argv[1]);
    size_t mode = 0;
    while (mode < 4 && strcmp(argv[2], modes[mode]) != 0)
        mode++;
    CHECK(mode < 4, "there is no mode %s", argv[2]);
    scene.mode = (enum mode)mode;
    for (int round = 0; round < 2; round++) { /* a process may have one after the other */
        CHECK(fgf_watchdog_start(par, scene.limit, &scene.watchdog) == FGF_OK, "start");
        CHECK(fgf_schedule_run(par, cost, 3, fgf_par_size(par), work, &scene, NULL) == FGF_OK,
              "run");
        if (scene.mode == LEAVES && round == 0 && fgf_par_rank(par) == fgf_par_size(par) - 1)
            pause_for(3 * scene.limit); /* in no task: nobody is alarmed */
        fgf_watchdog_stop(&scene.watchdog);
        CHECK(!scene.watchdog, "stop");
        scene.mode = LEAVES;
    }
    fgf_par_finish(&par);
    return 0;
}
