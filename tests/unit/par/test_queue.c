#include "queue.h"

#include "fgf/memory.h"
#include "fgf/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static fgf_queue *queue_of(const double *cost, size_t jobs, int ranks, int group_size)
{
    fgf_queue *queue = NULL;
    assert_int_equal(fgf_queue_create(cost, jobs, ranks, group_size, &queue), FGF_OK);
    return queue;
}

static void expect_job(fgf_queue *queue, double now, size_t job, int size, int first)
{
    fgf_assignment next;
    assert_true(fgf_queue_next(queue, now, &next));
    assert_int_equal(next.job, job);
    assert_int_equal(next.size, size);
    assert_int_equal(next.members[0], first);
    for (int k = 1; k < size; k++)
        assert_true(next.members[k] > next.members[k - 1]);
}

static void expect_nothing(fgf_queue *queue, double now)
{
    fgf_assignment next;
    assert_false(fgf_queue_next(queue, now, &next));
}

static void longest_first(void **state)
{
    static const double cost[] = {2, 5, NAN, 5, 7, -1};
    static const size_t order[] = {4, 1, 3, 0, 2, 5};
    (void)state;
    fgf_queue *queue = queue_of(cost, 6, 1, 0);
    expect_nothing(queue, 0);
    for (size_t k = 0; k < 6; k++) {
        assert_false(fgf_queue_closed(queue));
        fgf_queue_idle(queue, 0, FGF_OK, (double)k);
        expect_job(queue, (double)k, order[k], 1, 0);
        expect_nothing(queue, (double)k);
    }
    assert_true(fgf_queue_closed(queue));
    fgf_queue_idle(queue, 0, FGF_TRIAL, 7);
    fgf_queue_counts counts = fgf_queue_count(queue);
    assert_int_equal(counts.done, 5);
    assert_int_equal(counts.failed, 1);
    assert_int_equal(counts.left, 0);
    fgf_queue_destroy(&queue);
}

static void many_jobs_go_to_single_ranks(void **state)
{
    double cost[8];
    (void)state;
    for (size_t k = 0; k < 8; k++)
        cost[k] = (double)(10 - k);
    fgf_queue *queue = queue_of(cost, 8, 4, 0);
    for (int rank = 3; rank >= 0; rank--) {
        fgf_queue_idle(queue, rank, FGF_OK, 0);
        expect_job(queue, 0, (size_t)(3 - rank), 1, rank);
    }
    fgf_queue_destroy(&queue);
}

/* With few jobs nobody starts before the ranks for a group have come. Of three jobs on four ranks
 * two run in pairs and the third on all four: sooner than three side by side. */
static void few_jobs_share_the_ranks(void **state)
{
    static const double cost[] = {10, 10, 10};
    static const int size_of_first[] = {0, 4, 2, 2};
    (void)state;
    for (size_t jobs = 1; jobs <= 3; jobs++) {
        fgf_queue *queue = queue_of(cost, jobs, 4, 0);
        for (int rank = 0; rank < size_of_first[jobs]; rank++) {
            expect_nothing(queue, 0);
            fgf_queue_idle(queue, rank, FGF_OK, 0);
        }
        expect_job(queue, 0, 0, size_of_first[jobs], 0);
        for (int rank = size_of_first[jobs]; rank < 4; rank++)
            fgf_queue_idle(queue, rank, FGF_OK, 0);
        if (jobs > 1)
            expect_job(queue, 0, 1, 2, 2);
        expect_nothing(queue, 0);
        if (jobs > 2) {
            for (int rank = 0; rank < 4; rank++) {
                expect_nothing(queue, 5.5);
                fgf_queue_idle(queue, rank, FGF_OK, 5.5);
            }
            expect_job(queue, 5.5, 2, 4, 0);
        }
        fgf_queue_destroy(&queue);
    }
}

/* One job is as long as all others together: on a single rank it would end last by far. */
static void a_long_job_gets_a_group(void **state)
{
    double cost[41] = {400};
    (void)state;
    for (size_t k = 1; k < 41; k++)
        cost[k] = 10;
    fgf_queue *queue = queue_of(cost, 41, 8, 0);
    for (int rank = 0; rank < 8; rank++)
        fgf_queue_idle(queue, rank, FGF_OK, 0);
    expect_job(queue, 0, 0, 5,
               0); /* 400 (0.1 + 0.9 / 5) = 112 s; three ranks do the others in 133 */
    expect_job(queue, 0, 1, 1, 5);
    fgf_queue_destroy(&queue);
}

/* Of free ranks those whose numbers lie closest together form a group. */
static void neighbours_form_groups(void **state)
{
    static const double cost[] = {14, 14, 10, 10, 10, 7, 7};
    static const int order[] = {1, 2, 0, 3, 4};
    (void)state;
    fgf_queue *queue = queue_of(cost, 7, 5, 0);
    for (size_t k = 0; k < 5; k++) {
        fgf_queue_idle(queue, order[k], FGF_OK, 0);
        expect_job(queue, 0, k, 1, order[k]);
    }
    for (size_t k = 2; k < 5; k++)
        fgf_queue_idle(queue, order[k], FGF_OK, 10);
    expect_job(queue, 10, 5, 2, 3);
    fgf_queue_destroy(&queue);
}

/* Ranks 0 and 1 end at the same time as measured so far: the last job waits for both when that is
 * worth it, and not for a rank that is late. */
static void the_tail_waits_where_it_pays(void **state)
{
    static const double cost[] = {10, 10, 8};
    (void)state;
    fgf_queue *queue = queue_of(cost, 3, 2, 0);
    fgf_queue_idle(queue, 0, FGF_OK, 0);
    expect_job(queue, 0, 0, 1, 0);
    fgf_queue_idle(queue, 1, FGF_OK, 0);
    expect_job(queue, 0, 1, 1, 1);
    fgf_queue_idle(queue, 0, FGF_OK, 9.9); /* rank 1 should be free within a tenth of a second */
    expect_nothing(queue, 9.9);
    fgf_queue_idle(queue, 1, FGF_OK, 10.1);
    expect_job(queue, 10.1, 2, 2, 0);
    fgf_queue_destroy(&queue);

    queue = queue_of(cost, 3, 2, 0);
    fgf_queue_idle(queue, 0, FGF_OK, 0);
    expect_job(queue, 0, 0, 1, 0);
    fgf_queue_idle(queue, 1, FGF_OK, 0);
    expect_job(queue, 0, 1, 1, 1);
    fgf_queue_idle(queue, 0, FGF_OK, 9.9);
    expect_nothing(queue, 9.9);
    expect_nothing(queue, 10.5);
    expect_job(queue, 14, 2, 1, 0); /* rank 1 does not come: enough waited */
    fgf_queue_destroy(&queue);
}

static void fixed_groups(void **state)
{
    static const double cost[] = {1, 1, 1, 1, 1, 1};
    (void)state;
    fgf_queue *queue = queue_of(cost, 6, 5, 2);
    fgf_queue_idle(queue, 1, FGF_OK, 0);
    fgf_queue_idle(queue, 2, FGF_OK, 0);
    expect_nothing(queue, 0); /* 1 and 2 are no neighbours of one group */
    fgf_queue_idle(queue, 4, FGF_OK, 0);
    expect_job(queue, 0, 0, 1, 4); /* the rank left over */
    fgf_queue_idle(queue, 0, FGF_OK, 0);
    expect_job(queue, 0, 1, 2, 0);
    fgf_queue_idle(queue, 3, FGF_OK, 0);
    expect_job(queue, 0, 2, 2, 2);
    fgf_queue_idle(queue, 3, FGF_OK, 1);
    expect_nothing(queue, 1);
    fgf_queue_idle(queue, 2, FGF_OK, 1);
    expect_job(queue, 1, 3, 2, 2);
    assert_int_equal(fgf_queue_count(queue).done, 1);
    fgf_queue_destroy(&queue);

    queue = queue_of(cost, 6, 3, 100);
    for (int rank = 0; rank < 3; rank++) {
        expect_nothing(queue, 0);
        fgf_queue_idle(queue, rank, FGF_OK, 0);
    }
    expect_job(queue, 0, 0, 3, 0);
    fgf_queue_destroy(&queue);
}

static void errors_close_the_queue(void **state)
{
    static const double cost[] = {1, 1, 1, 1, 1, 1};
    static const fgf_status stopping[] = {FGF_STOPPED, FGF_DATA, FGF_INTERNAL, FGF_MEMORY};
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        fgf_queue *queue = queue_of(cost, 6, 2, 2);
        fgf_queue_idle(queue, 0, FGF_OK, 0);
        fgf_queue_idle(queue, 1, FGF_OK, 0);
        expect_job(queue, 0, 0, 2, 0);
        fgf_queue_idle(queue, 0, stopping[k], 1);
        fgf_queue_idle(queue, 1, FGF_OK, 1);
        assert_true(fgf_queue_closed(queue));
        expect_nothing(queue, 1);
        assert_int_equal(fgf_queue_count(queue).left, 6);
        fgf_queue_destroy(&queue);
    }
    fgf_queue *queue = queue_of(cost, 6, 2, 0);
    fgf_queue_stop(queue);
    fgf_queue_idle(queue, 0, FGF_OK, 0);
    expect_nothing(queue, 0);
    assert_true(fgf_queue_closed(queue));
    fgf_queue_destroy(&queue);
    queue = queue_of(NULL, 0, 2, 0);
    assert_true(fgf_queue_closed(queue));
    fgf_queue_destroy(&queue);
}

static void memory_failures_leave_nothing(void **state)
{
    static const double cost[] = {1, 2};
    fgf_queue *queue = NULL;
    fgf_status status = FGF_MEMORY;
    (void)state;
    for (long n = 1; status == FGF_MEMORY; n++) {
        fgf_allocation_fail_at(n);
        status = fgf_queue_create(cost, 2, 3, 0, &queue);
        fgf_allocation_fail_at(0);
        assert_true((status == FGF_OK) == (queue != NULL));
    }
    fgf_queue_destroy(&queue);
}

/* ---- simulation ---- */

struct simulation {
    fgf_queue *queue;
    int ranks;
    double *end;        /* [ranks] when its job ends; infinite while free */
    unsigned char *ran; /* [jobs] */
    const double *seconds;
};

static void start_jobs(struct simulation *sim, double now)
{
    fgf_assignment next;
    while (fgf_queue_next(sim->queue, now, &next)) {
        sim->ran[next.job]++;
        for (int k = 0; k < next.size; k++) {
            assert_true(isinf(sim->end[next.members[k]]));
            sim->end[next.members[k]] = now + sim->seconds[next.job] / fgf_group_speed(next.size);
        }
    }
}

/* The time at which all jobs have ended. Looks at the queue every `tick` seconds as well. */
static double simulate(const double *cost, const double *seconds, size_t jobs, int ranks,
                       int group_size, double tick)
{
    struct simulation sim = {queue_of(cost, jobs, ranks, group_size), ranks, NULL, NULL, seconds};
    double now = 0;
    assert_int_equal(FGF_ALLOCATE(ranks, &sim.end), FGF_OK);
    assert_int_equal(FGF_ALLOCATE(jobs, &sim.ran), FGF_OK);
    for (int rank = 0; rank < ranks; rank++) {
        sim.end[rank] = INFINITY;
        fgf_queue_idle(sim.queue, rank, FGF_OK, 0);
        start_jobs(&sim, 0);
    }
    while (fgf_queue_count(sim.queue).left > 0) {
        double first = INFINITY;
        for (int rank = 0; rank < ranks; rank++)
            first = sim.end[rank] < first ? sim.end[rank] : first;
        now = first < now + tick ? first : now + tick;
        for (int rank = 0; rank < ranks; rank++) {
            if (sim.end[rank] <= now) {
                sim.end[rank] = INFINITY;
                fgf_queue_idle(sim.queue, rank, FGF_OK, now);
            }
        }
        start_jobs(&sim, now);
    }
    for (size_t job = 0; job < jobs; job++)
        assert_int_equal(sim.ran[job], 1);
    fgf_queue_destroy(&sim.queue);
    fgf_free(sim.end);
    fgf_free(sim.ran);
    return now;
}

/* Costs that are wrong by a factor of three and a spread of 20 %: every job still runs once, and
 * the makespan is near the mean load. */
static void a_simulated_cluster_is_kept_busy(void **state)
{
    static const struct {
        size_t jobs;
        int ranks, group_size;
        double efficiency; /* at least */
    } cases[] = {
        {2000, 256, 0, 0.96}, {300, 256, 0, 0.85}, {100, 256, 0, 0.60}, {7, 4, 0, 0.85},
        {41, 8, 0, 0.95},     {500, 60, 4, 0.70},  {1, 8, 0, 0.55},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        double cost[2000], seconds[2000], load = 0;
        fgf_stream stream = fgf_stream_open(k, FGF_PURPOSE_TEST, 0, 0);
        for (size_t job = 0; job < cases[k].jobs; job++) {
            cost[job] = 20 + 20 * fgf_stream_uniform(&stream);
            seconds[job] = 3 * cost[job] * (0.9 + 0.2 * fgf_stream_uniform(&stream));
            load += seconds[job] / cases[k].ranks;
        }
        double makespan =
            simulate(cost, seconds, cases[k].jobs, cases[k].ranks, cases[k].group_size, 0.5);
        print_message(
            "%zu jobs, %d ranks, groups of %d: mean load %.0f s, makespan %.0f s (%.0f %%)\n",
            cases[k].jobs, cases[k].ranks, cases[k].group_size, load, makespan,
            100 * load / makespan);
        assert_true(load / makespan >= cases[k].efficiency);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_first),
        cmocka_unit_test(many_jobs_go_to_single_ranks),
        cmocka_unit_test(few_jobs_share_the_ranks),
        cmocka_unit_test(a_long_job_gets_a_group),
        cmocka_unit_test(neighbours_form_groups),
        cmocka_unit_test(the_tail_waits_where_it_pays),
        cmocka_unit_test(fixed_groups),
        cmocka_unit_test(errors_close_the_queue),
        cmocka_unit_test(memory_failures_leave_nothing),
        cmocka_unit_test(a_simulated_cluster_is_kept_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
