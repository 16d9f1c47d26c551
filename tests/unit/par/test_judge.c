#include "watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The judge's clock stands at 1000 s, the limit is 100 s; ranks have just been heard. */
static const double now = 1000, limit = 100;

enum { NOBODY = FGF_AWAITS_NOBODY, WORK = FGF_AWAITS_WORK };

static fgf_sighting at_work(double quiet, int awaited)
{
    fgf_sighting rank = {.heard = now - 1, .sign = {.quiet = quiet, .awaited = awaited}};
    strcpy(rank.sign.task, "trial 17 (0f3a)");
    strcpy(rank.sign.phase, "train");
    strcpy(rank.sign.host, "node7");
    rank.sign.done = 12;
    rank.sign.total = 80;
    return rank;
}

static fgf_sighting idle(double quiet)
{
    fgf_sighting rank = at_work(quiet, WORK);
    rank.sign.task[0] = rank.sign.phase[0] = '\0';
    rank.sign.total = 0;
    return rank;
}

/* As at the end of a schedule: in no task, waiting for `awaited`. */
static fgf_sighting at_end(double quiet, int awaited)
{
    fgf_sighting rank = idle(quiet);
    rank.sign.awaited = awaited;
    return rank;
}

static fgf_sighting unheard(double seconds, fgf_sighting rank)
{
    rank.heard = now - seconds;
    return rank;
}

static void expect(const fgf_sighting *ranks, int count, fgf_trouble trouble, int rank, int waiting,
                   const char *text)
{
    char found[512];
    const fgf_verdict verdict = fgf_judge(ranks, count, now, limit);
    assert_int_equal(verdict.trouble, trouble);
    if (trouble == FGF_TROUBLE_NONE)
        return;
    assert_int_equal(verdict.rank, rank);
    assert_int_equal(verdict.waiting, waiting);
    fgf_verdict_text(&verdict, ranks, found, sizeof found);
    assert_string_equal(found, text);
}

static void progress_is_no_trouble(void **state)
{
    (void)state;
    /* Of a long trial that all others wait for, in their groups, for work, or at the end. */
    expect((fgf_sighting[]){at_work(99, NOBODY), at_work(900, 0), at_work(900, 1), idle(5000),
                            at_end(5000, 0)},
           5, FGF_TROUBLE_NONE, 0, 0, NULL);
    /* What is no task has no limit. */
    expect((fgf_sighting[]){at_end(900, NOBODY), at_end(900, 0)}, 2, FGF_TROUBLE_NONE, 0, 0, NULL);
    /* A rank that has just begun to wait, for one that is idle yet. */
    expect((fgf_sighting[]){at_work(1, 1), idle(900)}, 2, FGF_TROUBLE_NONE, 0, 0, NULL);
    /* A rank that has just become idle, of one that has waited for it for long. */
    expect((fgf_sighting[]){at_work(900, 1), idle(1)}, 2, FGF_TROUBLE_NONE, 0, 0, NULL);
    /* A rank whose watchdog has ended is not expected to give signs. */
    fgf_sighting ended = unheard(900, at_end(0, NOBODY));
    ended.sign.last = 1;
    expect((fgf_sighting[]){at_end(900, 1), ended}, 2, FGF_TROUBLE_NONE, 0, 0, NULL);
}

static void stuck_alone(void **state)
{
    (void)state;
    expect((fgf_sighting[]){at_work(101, NOBODY)}, 1, FGF_TROUBLE_STUCK, 0, 0,
           "rank 0 (node7) has been stuck for 101 s in trial 17 (0f3a), phase train 12/80");
    expect((fgf_sighting[]){idle(5000), at_work(3, NOBODY), at_work(200, NOBODY)}, 3,
           FGF_TROUBLE_STUCK, 2, 0,
           "rank 2 (node7) has been stuck for 200 s in trial 17 (0f3a), phase train 12/80");
}

static void stuck_in_group(void **state)
{
    (void)state;
    /* 3 waits for 2, 2 for 1, which computes or hangs. */
    fgf_sighting ranks[] = {idle(900), at_work(150, NOBODY), at_work(149, 1), at_work(148, 2)};
    ranks[1].sign.total = 0;
    strcpy(ranks[1].sign.phase, "commit");
    expect(ranks, 4, FGF_TROUBLE_STUCK, 1, 2,
           "rank 1 (node7) has been stuck for 150 s in trial 17 (0f3a), phase commit; 2 ranks wait "
           "for it");
}

static void no_sign_of_life(void **state)
{
    (void)state;
    /* Its last word is that it waited, or had no work, or was in no task. */
    const fgf_sighting last_words[] = {at_work(5, NOBODY), at_work(5, 0)};
    for (size_t k = 0; k < 2; k++)
        expect((fgf_sighting[]){at_work(300, 1), unheard(301, last_words[k])}, 2,
               FGF_TROUBLE_SILENT, 1, 1,
               "rank 1 (node7) has given no sign of life for 301 s in trial 17 (0f3a), phase train "
               "12/80; 1 rank waits for it");
    /* It had not yet told of its task; who waits for it does. */
    expect((fgf_sighting[]){at_work(300, 1), unheard(301, at_end(0, NOBODY))}, 2,
           FGF_TROUBLE_SILENT, 1, 1,
           "rank 1 (node7) has given no sign of life for 301 s in trial 17 (0f3a), phase train "
           "12/80; 1 rank waits for it");
    expect((fgf_sighting[]){at_work(1, NOBODY), unheard(200, idle(0))}, 2, FGF_TROUBLE_SILENT, 1, 0,
           "rank 1 (node7) has given no sign of life for 200 s");
}

static void the_longest_counts(void **state)
{
    (void)state;
    const fgf_sighting ranks[] = {at_work(120, NOBODY), at_work(130, NOBODY),
                                  unheard(125, at_work(1, NOBODY)), at_work(130, NOBODY)};
    const fgf_verdict verdict = fgf_judge(ranks, 4, now, limit);
    assert_int_equal(verdict.trouble, FGF_TROUBLE_STUCK);
    assert_int_equal(verdict.rank, 1);
}

static void asleep_in_a_collective_call(void **state)
{
    (void)state;
    fgf_sighting ranks[] = {at_work(202, NOBODY), at_work(201, NOBODY), at_work(200, NOBODY)};
    ranks[0].sign.state = 'R';
    ranks[1].sign.state = 'D';
    expect(ranks, 3, FGF_TROUBLE_STUCK, 1, 0,
           "rank 1 (node7) has been stuck for 201 s in trial 17 (0f3a), phase train 12/80, where "
           "it waits for the system (a disk, a file server)");
    assert_true(fgf_watch_state() == 'R' || fgf_watch_state() == 0);
}

static void different_steps(void **state)
{
    (void)state;
    expect((fgf_sighting[]){at_work(1, NOBODY), at_work(200, 2), idle(198)}, 3,
           FGF_TROUBLE_ELSEWHERE, 2, 1,
           "rank 2 (node7) is awaited for 198 s by rank 1 in trial 17 (0f3a), phase train 12/80, "
           "and waits for work itself");
    /* 4 waits for the circle of 1, 3 and 2. */
    expect((fgf_sighting[]){at_work(1, NOBODY), at_work(200, 3), at_work(200, 1), at_work(198, 2),
                            at_work(197, 3)},
           5, FGF_TROUBLE_ELSEWHERE, 1, 3,
           "rank 1 (node7) is awaited for 200 s by rank 2 in trial 17 (0f3a), phase train 12/80, "
           "and waits for rank 3 itself");
    /* A rank that waits for itself or for a rank that there is not waits for nobody's progress. */
    expect((fgf_sighting[]){at_work(1, NOBODY), at_work(200, 7)}, 2, FGF_TROUBLE_NONE, 0, 0, NULL);
    expect((fgf_sighting[]){idle(150), idle(200), idle(120)}, 3, FGF_TROUBLE_ELSEWHERE, 0, 0,
           "rank 0 (node7) has handed out no work for 150 s, and all ranks wait for it");
}

static void long_names(void **state)
{
    (void)state;
    fgf_sighting rank = at_work(200, NOBODY);
    char text[48];
    memset(rank.sign.task, 'x', sizeof rank.sign.task - 1);
    memset(rank.sign.phase, 'y', sizeof rank.sign.phase - 1);
    memset(rank.sign.host, 'z', sizeof rank.sign.host - 1);
    rank.sign.done = rank.sign.total = UINT64_MAX;
    const fgf_verdict verdict = fgf_judge(&rank, 1, now, limit);
    fgf_verdict_text(&verdict, &rank, text, sizeof text);
    assert_int_equal(strlen(text), sizeof text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_is_no_trouble), cmocka_unit_test(stuck_alone),
        cmocka_unit_test(stuck_in_group),         cmocka_unit_test(no_sign_of_life),
        cmocka_unit_test(the_longest_counts),     cmocka_unit_test(asleep_in_a_collective_call),
        cmocka_unit_test(different_steps),        cmocka_unit_test(long_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
