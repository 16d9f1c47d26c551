/* The scheduler on real ranks against its simulation: real_schedule JOBS MEAN_SECONDS GROUP_SIZE
 *
 * Jobs sleep, so that ranks may outnumber cores. Costs are what the jobs take, times a factor
 * between 0.7 and 1.3. MEAN_SECONDS 0: empty jobs, for the server's time an answer. Prints a JSON
 * object. */
#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/par.h"
#include "fgf/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double *seconds, *cost; /* [jobs] */

static fgf_status work(void *context, size_t job, fgf_group *group)
{
    double rest = seconds[job] / fgf_group_speed(group->size);
    struct timespec pause = {(time_t)rest, (long)((rest - floor(rest)) * 1e9)};
    (void)context;
    fgf_status status = fgf_group_agree(group, FGF_OK);
    while (rest > 0 && nanosleep(&pause, &pause) != 0)
        ;
    return fgf_group_agree(group, status);
}

static fgf_status run(fgf_par *par, size_t jobs, double mean, int group_size)
{
    fgf_status status = FGF_OK;
    fgf_schedule_report report = {0};
    fgf_simulation foreseen;
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, 0, 0);
    FGF_TRY(FGF_ALLOCATE(jobs, &seconds));
    FGF_TRY(FGF_ALLOCATE(jobs, &cost));
    for (size_t job = 0; job < jobs; job++) {
        seconds[job] = mean * (2.0 / 3 + 2.0 / 3 * fgf_stream_uniform(&stream));
        cost[job] = mean * (0.7 + 0.6 * fgf_stream_uniform(&stream)) * seconds[job];
    }
    FGF_TRY(fgf_schedule_run(par, cost, jobs, group_size, work, NULL, &report));
    double busy = 0;
    for (int rank = 0; rank < report.ranks; rank++)
        busy += report.busy_seconds[rank];
    FGF_TRY(fgf_schedule_simulate(cost, seconds, jobs, report.ranks, group_size, 0, &foreseen));
    if (fgf_par_rank(par) == 0)
        printf("{\"ranks\": %d, \"jobs\": %zu, \"groups\": %d, \"bound\": %.6g, \"simulated\": "
               "%.6g, \"real\": %.6g, \"busy\": %.6g, \"microseconds_a_job\": %.4g}\n",
               report.ranks, jobs, group_size, foreseen.bound, foreseen.makespan, report.seconds,
               busy, 1e6 * report.seconds / (double)jobs);
done:
    fgf_schedule_report_clear(&report);
    fgf_free(seconds);
    fgf_free(cost);
    return status;
}

int main(int argc, char **argv)
{
    fgf_par *par = NULL;
    if (fgf_par_start(&argc, &argv, &par) != FGF_OK)
        return 1;
    if (argc != 4 || run(par, (size_t)atol(argv[1]), atof(argv[2]), atoi(argv[3])) != FGF_OK)
        fgf_par_abort(par, 1);
    fgf_par_finish(&par);
    return 0;
}
