#include "fgf/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void one_rank_takes_everything_in_order(void **state)
{
    fgf_share share;
    size_t index = 0;
    (void)state;
    for (size_t count = 0; count < 5; count++) {
        assert_int_equal(fgf_share_open(fgf_group_serial(), count, &share), FGF_OK);
        for (size_t k = 0; k < count; k++) {
            assert_true(fgf_share_take(&share, k, &index)); /* however much it holds */
            assert_int_equal(index, k);
        }
        assert_false(fgf_share_take(&share, 0, &index));
        fgf_share_close(&share);
    }
}

static void closing_what_was_never_opened_is_fine(void **state)
{
    fgf_share share = {0};
    (void)state;
    fgf_share_close(&share);
    fgf_share_close(&share);
}

/* A group of `size` whose counter is here. */
struct counter {
    size_t next, count;
    int asked;
};

static fgf_status open_counter(fgf_group *group, fgf_share *share)
{
    share->state = group->state;
    return FGF_OK;
}

static void ask_counter(fgf_share *share, size_t held)
{
    struct counter *counter = share->state;
    size_t left = counter->count - counter->next;
    size_t limit = fgf_share_limit(left, share->group->size);
    size_t most = limit > held ? limit - held : 0, count = most < left ? most : left;
    share->next = counter->next;
    counter->next += count;
    share->end = counter->next;
    share->left = left - count;
    counter->asked++;
}

static void close_counter(fgf_share *share)
{
    (void)share;
}

/* One of three ranks that works at up to four at a time, in a world where nobody else takes any. */
static void a_rank_holds_its_part_and_asks_seldom(void **state)
{
    static const fgf_group_ops ops = {
        .share_open = open_counter, .share_ask = ask_counter, .share_close = close_counter};
    struct counter counter = {.count = 100};
    fgf_group group = {&ops, &counter, 1, 3};
    fgf_share share;
    size_t held = 0, taken = 0, index = 0;
    (void)state;
    assert_int_equal(fgf_share_open(&group, counter.count, &share), FGF_OK);
    while (taken < counter.count) {
        while (held < 4 && fgf_share_take(&share, held, &index)) {
            assert_int_equal(index, taken);
            taken++;
            held++;
        }
        assert_true(held > 0); /* never waits while something is left */
        if (share.next == share.end)
            assert_true(held <= fgf_share_limit(share.left, group.size) + 4);
        if (share.left == 0 && share.next == share.end && taken == counter.count)
            break;
        held--;
    }
    assert_false(fgf_share_take(&share, 0, &index));
    assert_true(counter.asked < 50);
    fgf_share_close(&share);
}

static void the_limit_shrinks_to_one(void **state)
{
    (void)state;
    assert_int_equal(fgf_share_limit(0, 2), 1);
    assert_int_equal(fgf_share_limit(4, 2), 1);
    assert_int_equal(fgf_share_limit(5, 2), 2);
    assert_int_equal(fgf_share_limit(300, 2), 75);
    assert_int_equal(fgf_share_limit(300, 4), 38);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_takes_everything_in_order),
        cmocka_unit_test(closing_what_was_never_opened_is_fine),
        cmocka_unit_test(a_rank_holds_its_part_and_asks_seldom),
        cmocka_unit_test(the_limit_shrinks_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
