/* Schedules on simulated ranks, by fgf_schedule_simulate: model TRIALS ANSWER_SECONDS MODE
 *
 *   table    laws of trial times x 64, 512, 4096 ranks x ways to schedule; 4.88 trials a rank
 *   answer   trials so short that the server's answers count: 4096 ranks
 *   share    512 ranks, from half a trial a rank to 20
 *   check    4096 ranks, 20,000 trials: exit 1 unless the schedule is at 95 % of the bound
 *
 * Prints a JSON object a line. */
#include "fgf/memory.h"
#include "fgf/par.h"
#include "trials.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 20000, RANKS = 4096 };

static double cost[JOBS], seconds[JOBS];

static fgf_simulation simulate(size_t jobs, int ranks, int group_size, double answer_seconds)
{
    fgf_simulation s;
    if (fgf_schedule_simulate(cost, seconds, jobs, ranks, group_size, answer_seconds, &s) !=
        FGF_OK) {
        fprintf(stderr, "%s\n", fgf_last_error()->message);
        exit(1);
    }
    return s;
}

static void print(const char *law, int ranks, size_t jobs, const char *how, double load,
                  const fgf_simulation *s)
{
    printf("{\"law\": \"%s\", \"ranks\": %d, \"jobs\": %zu, \"groups\": \"%s\", \"load\": %.6g, "
           "\"bound\": %.6g, \"makespan\": %.6g, \"efficiency\": %.4f, \"busy\": %.4f, \"tail\": "
           "%.6g, \"longest_wait\": %.6g}\n",
           law, ranks, jobs, how, load, s->bound, s->makespan, s->efficiency,
           s->busy / s->makespan / ranks, s->tail, s->longest_wait);
}

/* Each rank has every so many-th job from the beginning. */
static fgf_simulation split(size_t jobs, int ranks, double bound)
{
    fgf_simulation s = {.bound = bound};
    double first = HUGE_VAL;
    for (int rank = 0; rank < ranks; rank++) {
        double end = 0;
        for (size_t job = (size_t)rank; job < jobs; job += (size_t)ranks)
            end += seconds[job];
        s.busy += end;
        s.makespan = fmax(s.makespan, end);
        first = fmin(first, end);
    }
    s.efficiency = bound / s.makespan;
    s.tail = s.makespan - first;
    return s;
}

/* The makespan of trials that can be cut anywhere is the mean load; that of whole trials on single
 * ranks, all alike, is a whole number of them. */
static void print_rounding(const char *law, int ranks, size_t jobs, double load)
{
    double rounds = ceil((double)jobs / ranks), each = load * ranks / (double)jobs;
    printf("{\"law\": \"%s\", \"ranks\": %d, \"jobs\": %zu, \"groups\": \"rounding\", \"load\": "
           "%.6g, \"makespan\": %.6g, \"efficiency\": %.4f}\n",
           law, ranks, jobs, load, rounds * each, load / (rounds * each));
}

static void print_table(const char *trials, double answer_seconds)
{
    static const char *const laws[] = {"uniform:exact",  "uniform:off",       "uniform:none",
                                       "measured:exact", "measured:believed", "measured:none",
                                       "heavy:exact",    "heavy:off"};
    static const int sizes[] = {64, 512, RANKS};
    for (size_t l = 0; l < sizeof laws / sizeof *laws; l++) {
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            int ranks = sizes[k];
            size_t jobs = (size_t)JOBS * (size_t)ranks / RANKS;
            double load = 0;
            trials_draw(trials, laws[l], jobs, cost, seconds);
            for (size_t job = 0; job < jobs; job++)
                load += seconds[job] / ranks;
            fgf_simulation s = simulate(jobs, ranks, 0, answer_seconds);
            print(laws[l], ranks, jobs, "auto", load, &s);
            s = simulate(jobs, ranks, 1, answer_seconds);
            print(laws[l], ranks, jobs, "1", load, &s);
            s = split(jobs, ranks, s.bound);
            print(laws[l], ranks, jobs, "static", load, &s);
            print_rounding(laws[l], ranks, jobs, load);
        }
    }
}

static void print_answers(const char *trials, double answer_seconds)
{
    static const double means[] = {0.01, 0.03, 0.1, 0.3, 1, 10};
    for (size_t k = 0; k < sizeof means / sizeof *means; k++) {
        char law[32];
        double load = 0;
        snprintf(law, sizeof law, "%g s", means[k]);
        trials_draw(trials, "uniform:exact", JOBS, cost, seconds);
        for (size_t job = 0; job < JOBS; job++) {
            seconds[job] *= means[k] / 90;
            load += seconds[job] / RANKS;
        }
        fgf_simulation s = simulate(JOBS, RANKS, 0, answer_seconds);
        print(law, RANKS, JOBS, "auto", load, &s);
    }
}

static void print_shares(const char *trials, double answer_seconds)
{
    static const double share[] = {0.5, 1, 1.5, 2, 3, 5, 10, 20};
    static const char *const laws[] = {"measured:exact", "measured:believed"};
    for (size_t k = 0; k < sizeof share / sizeof *share; k++) {
        for (size_t l = 0; l < sizeof laws / sizeof *laws; l++) {
            size_t jobs = (size_t)(share[k] * 512);
            double load = 0;
            trials_draw(trials, laws[l], jobs, cost, seconds);
            for (size_t job = 0; job < jobs; job++)
                load += seconds[job] / 512;
            fgf_simulation s = simulate(jobs, 512, 0, answer_seconds);
            print(laws[l], 512, jobs, "auto", load, &s);
        }
    }
}

static int check(const char *trials, double answer_seconds)
{
    static const char *const laws[] = {"uniform:exact", "measured:exact", "measured:believed"};
    int worse = 0;
    for (size_t l = 0; l < sizeof laws / sizeof *laws; l++) {
        trials_draw(trials, laws[l], JOBS, cost, seconds);
        fgf_simulation s = simulate(JOBS, RANKS, 0, answer_seconds);
        print(laws[l], RANKS, JOBS, "auto", 0, &s);
        worse |= s.efficiency < 0.95;
    }
    return worse;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[3], "table") == 0)
        print_table(argv[1], atof(argv[2]));
    else if (argc == 4 && strcmp(argv[3], "answer") == 0)
        print_answers(argv[1], atof(argv[2]));
    else if (argc == 4 && strcmp(argv[3], "share") == 0)
        print_shares(argv[1], atof(argv[2]));
    else if (argc == 4 && strcmp(argv[3], "check") == 0)
        return check(argv[1], atof(argv[2]));
    else
        return 2;
    return 0;
}
