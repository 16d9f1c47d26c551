/* The table of what trials share: everything is found again, through every growth. */
#include "known.h"

#include "fgf/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 5000 };

/* Keys that collide in their low bits. */
static uint64_t key_of(uint64_t i)
{
    return i << 20 | i % 3;
}

static void what_was_added_is_found(void **state)
{
    known table = {.item_bytes = sizeof(double)};
    (void)state;
    assert_null(known_find(&table, 0));
    for (uint64_t i = 0; i < MANY; i++) {
        void *value = NULL;
        assert_null(known_find(&table, key_of(i)));
        assert_int_equal(known_add(&table, key_of(i), &value), FGF_OK);
        assert_true(*(double *)value == 0);
        *(double *)value = (double)i + 0.5;
    }
    for (uint64_t i = 0; i < MANY; i++)
        assert_true(*(double *)known_find(&table, key_of(i)) == (double)i + 0.5);
    assert_null(known_find(&table, key_of(MANY)));
    known_clear(&table);
    assert_null(known_find(&table, key_of(0)));
    known_clear(&table);
}

static void a_failed_growth_loses_nothing(void **state)
{
    known table = {.item_bytes = 4};
    void *value = NULL;
    (void)state;
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(known_add(&table, i, &value), FGF_OK);
    for (int n = 1; n <= 3; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(known_add(&table, 8, &value), FGF_MEMORY);
        fgf_allocation_fail_at(0);
        for (uint64_t i = 0; i < 8; i++)
            assert_non_null(known_find(&table, i));
        assert_null(known_find(&table, 8));
    }
    assert_int_equal(known_add(&table, 8, &value), FGF_OK);
    known_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found),
        cmocka_unit_test(a_failed_growth_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
