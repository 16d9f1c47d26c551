#include "fgf/memory.h"
#include "fgf/par.h"
#include "fgf/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { RANKS = 4096, JOBS = 20000 };

static void expect_near(double value, double expected, double tolerance)
{
    if (fabs(value - expected) > tolerance)
        fail_msg("%.9g where %.9g was expected", value, expected);
}

static fgf_simulation simulate(const double *cost, const double *seconds, size_t jobs, int ranks,
                               int group_size, double answer_seconds)
{
    fgf_simulation s;
    assert_int_equal(
        fgf_schedule_simulate(cost, seconds, jobs, ranks, group_size, answer_seconds, &s), FGF_OK);
    return s;
}

static void small_schedules(void **state)
{
    static const double seconds[] = {3, 1, 2, 2};
    (void)state;
    fgf_simulation s = simulate(seconds, seconds, 4, 1, 0, 0);
    expect_near(s.makespan, 8, 1e-12);
    expect_near(s.busy, 8, 1e-12);
    expect_near(s.efficiency, 1, 1e-12);
    expect_near(s.tail, 0, 1e-12);

    s = simulate(seconds, seconds, 4, 2, 0, 0.25); /* 3 + 1 beside 2 + 2 */
    expect_near(s.bound, 4, 1e-12);
    expect_near(s.makespan, 4.75, 0.5);

    s = simulate(seconds, seconds, 4, 2, 2, 0); /* one after the other on both */
    expect_near(s.makespan, 8 / fgf_group_speed(2), 1e-12);
    expect_near(s.busy, 16 / fgf_group_speed(2), 1e-12);
    expect_near(s.longest_wait, 0, 1e-12);

    s = simulate(NULL, NULL, 0, 7, 0, 1e-5);
    expect_near(s.makespan, 0, 0);
}

/* Seconds of trials of 60 to 120 s; costs in other units, exact or all the same. */
static void draw(double *cost, double *seconds, bool exact)
{
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, 0, 0);
    for (size_t k = 0; k < JOBS; k++) {
        seconds[k] = 60 + 60 * fgf_stream_uniform(&stream);
        cost[k] = exact ? 3 * seconds[k] : 1;
    }
}

static void thousands_of_ranks_are_kept_busy(void **state)
{
    static double cost[JOBS], seconds[JOBS];
    static const struct {
        bool exact;
        int group_size;
        double least;
    } cases[] = {{true, 0, 0.965}, {false, 0, 0.95}, {true, 1, 0.95}, {false, 1, 0.85}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        draw(cost, seconds, cases[k].exact);
        fgf_simulation s = simulate(cost, seconds, JOBS, RANKS, cases[k].group_size, 1e-5);
        print_message("costs %s, %s: bound %.1f s, makespan %.1f s (%.1f %%), busy %.1f %%, tail "
                      "%.1f s, longest wait %.2f s\n",
                      cases[k].exact ? "known" : "unknown",
                      cases[k].group_size ? "single ranks" : "groups as needed", s.bound,
                      s.makespan, 100 * s.efficiency, 100 * s.busy / s.makespan / RANKS, s.tail,
                      s.longest_wait);
        assert_true(s.efficiency >= cases[k].least);
    }
}

/* One trial of ten is fifty times as long: groups end it with the rest. */
static void long_jobs_do_not_hold_up_the_rest(void **state)
{
    static double seconds[JOBS];
    (void)state;
    for (size_t k = 0; k < JOBS; k++)
        seconds[k] = k % 10 == 0 ? 5000 : 100;
    fgf_simulation s = simulate(seconds, seconds, JOBS, RANKS, 0, 1e-5);
    double load = 0;
    for (size_t k = 0; k < JOBS; k++)
        load += seconds[k] / RANKS;
    print_message("mean load %.0f s, makespan %.0f s\n", load, s.makespan);
    assert_true(s.makespan < 1.35 * load);
    assert_true(s.efficiency > 1);
}

/* The server is the bottleneck where a trial is shorter than its answers to all ranks. */
static void short_jobs_wait_for_the_server(void **state)
{
    static double seconds[JOBS];
    const double answer = 1e-5;
    (void)state;
    for (size_t k = 0; k < JOBS; k++)
        seconds[k] = 0.004;
    fgf_simulation s = simulate(seconds, seconds, JOBS, RANKS, 1, answer);
    expect_near(s.makespan, JOBS * answer + 0.004, 0.001);
    assert_true(s.longest_wait > 0.03);
    s = simulate(seconds, seconds, JOBS, 64, 1, answer);
    assert_true(s.efficiency > 0.9);
}

static void memory_failures_leave_nothing(void **state)
{
    static const double cost[] = {1, 2};
    fgf_simulation s;
    fgf_status status = FGF_MEMORY;
    (void)state;
    for (long n = 1; status == FGF_MEMORY; n++) {
        fgf_allocation_fail_at(n);
        status = fgf_schedule_simulate(cost, cost, 2, 3, 0, 0, &s);
        fgf_allocation_fail_at(0);
        assert_true(n < 20);
    }
    assert_int_equal(status, FGF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_schedules),
        cmocka_unit_test(thousands_of_ranks_are_kept_busy),
        cmocka_unit_test(long_jobs_do_not_hold_up_the_rest),
        cmocka_unit_test(short_jobs_wait_for_the_server),
        cmocka_unit_test(memory_failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
