#include "fgf/memory.h"
#include "fgf/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool is_zero(const void *block, size_t bytes)
{
    const unsigned char *byte = block;
    for (size_t k = 0; k < bytes; k++) {
        if (byte[k])
            return false;
    }
    return true;
}

static void blocks_are_zeroed_and_aligned(void **state)
{
    (void)state;
    for (size_t count = 0; count < 300; count += 7) {
        double *block = NULL;
        assert_int_equal(FGF_ALLOCATE(count, &block), FGF_OK);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        assert_true(is_zero(block, count * sizeof *block));
        memset(block, 0xff, count * sizeof *block); /* so that memory used again is not zero */
        fgf_free(block);
    }
    fgf_free(NULL);
}

static void impossible_sizes_are_refused(void **state)
{
    void *block = &block;
    (void)state;
    assert_int_equal(fgf_allocate_bytes(SIZE_MAX / 2 + 2, 2, &block), FGF_MEMORY);
    assert_null(block);
    assert_non_null(strstr(fgf_last_error()->message, "overflows"));
    block = &block;
    assert_int_equal(fgf_allocate_bytes(SIZE_MAX, 1, &block), FGF_MEMORY);
    assert_null(block);
#if !defined(__SANITIZE_ADDRESS__)
    block = &block;
    assert_int_equal(fgf_allocate_bytes((size_t)1 << 60, 1, &block), FGF_MEMORY);
    assert_null(block);
    assert_non_null(strstr(fgf_last_error()->message, "1152921504606846976 bytes"));
#endif
}

static void failures_are_injected_once(void **state)
{
    char *text = NULL;
    (void)state;
    fgf_allocation_fail_at(2);
    assert_int_equal(fgf_copy_text("first", &text), FGF_OK);
    assert_string_equal(text, "first");
    fgf_free(text);
    assert_int_equal(fgf_copy_text("second", &text), FGF_MEMORY);
    assert_null(text);
    assert_int_equal(fgf_copy_text("", &text), FGF_OK);
    assert_string_equal(text, "");
    fgf_free(text);
}

static void arenas_give_pieces_and_take_them_back(void **state)
{
    fgf_arena *arena = NULL;
    double *first = NULL, *second = NULL;
    char *third = NULL;
    (void)state;
    assert_int_equal(fgf_arena_piece(0, 8), 0);
    assert_int_equal(fgf_arena_piece(1, 1), 64);
    assert_int_equal(fgf_arena_piece(8, 8), 64);
    assert_int_equal(fgf_arena_piece(9, 8), 128);
    assert_int_equal(fgf_arena_create(192, &arena), FGF_OK);
    assert_int_equal(FGF_TAKE(arena, 9, &first), FGF_OK);
    memset(first, 0xff, 9 * sizeof *first);
    size_t mark = fgf_arena_mark(arena);
    assert_int_equal(FGF_TAKE(arena, 8, &second), FGF_OK);
    assert_ptr_equal((char *)second, (char *)first + 128);
    assert_int_equal((uintptr_t)second % 64, 0);
    memset(second, 0xff, 64);
    assert_int_equal(FGF_TAKE(arena, 1, &third), FGF_INTERNAL);
    assert_null(third);
    fgf_arena_rewind(arena, mark);
    assert_int_equal(FGF_TAKE(arena, 64, &third), FGF_OK);
    assert_ptr_equal(third, (char *)second);
    assert_true(is_zero(third, 64));
    assert_true(first[8] != 0);
    fgf_arena_rewind(arena, 0);
    assert_int_equal(fgf_arena_mark(arena), 0);
    assert_int_equal(fgf_arena_high_water(arena), 192);
    /* Products that overflow must not look small. */
    assert_int_equal(fgf_arena_take(arena, SIZE_MAX / 8 + 2, 8, (void **)&first), FGF_INTERNAL);
    assert_int_equal(fgf_arena_take(arena, SIZE_MAX, 1, (void **)&first), FGF_INTERNAL);
    fgf_arena_destroy(&arena);
    assert_null(arena);
    fgf_arena_destroy(&arena);
}

static void an_arena_without_memory_is_null(void **state)
{
    (void)state;
    for (long n = 1; n <= 2; n++) {
        fgf_arena *arena = NULL;
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_arena_create(100, &arena), FGF_MEMORY);
        assert_null(arena);
    }
    fgf_allocation_fail_at(0);
}

static fgf_status inner(int value)
{
    fgf_status status = FGF_OK;
    if (value > 2)
        FGF_FAIL(FGF_DATA, "value %d is over 2", value);
done:
    return status;
}

static fgf_status outer(int value)
{
    fgf_status status = FGF_OK;
    FGF_TRY(inner(value));
done:
    return status;
}

static void errors_keep_their_message_and_way(void **state)
{
    (void)state;
    assert_int_equal(outer(2), FGF_OK);
    assert_int_equal(outer(3), FGF_DATA);
    assert_string_equal(fgf_last_error()->message, "value 3 is over 2");
    assert_int_equal(fgf_last_error()->status, FGF_DATA);
    const char *place = fgf_last_error()->place;
    assert_non_null(strstr(place, "test_memory.c:"));
    assert_non_null(strstr(place, " < test_memory.c:"));
    assert_null(strchr(place, '/'));
    fgf_error kept = *fgf_last_error();
    assert_int_equal(fgf_prefix_error("case %d", 7), FGF_DATA);
    assert_string_equal(fgf_last_error()->message, "case 7: value 3 is over 2");
    assert_int_equal(outer(4), FGF_DATA);
    assert_int_equal(fgf_adopt_error(&kept), FGF_DATA);
    assert_string_equal(fgf_last_error()->message, "value 3 is over 2");
    /* A message may quote the one before it. */
    assert_int_equal(fgf_fail(FGF_USAGE, __FILE__, __LINE__, "then: %s", fgf_last_error()->message),
                     FGF_USAGE);
    assert_string_equal(fgf_last_error()->message, "then: value 3 is over 2");
}

static void long_errors_are_cut(void **state)
{
    char text[3000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(fgf_fail(FGF_DATA, __FILE__, __LINE__, "%s", text), FGF_DATA);
    assert_int_equal(strlen(fgf_last_error()->message), FGF_MESSAGE_BYTES - 1);
    assert_int_equal(fgf_prefix_error("%s", text), FGF_DATA);
    assert_int_equal(strlen(fgf_last_error()->message), FGF_MESSAGE_BYTES - 1);
    for (int k = 0; k < 100; k++)
        assert_int_equal(fgf_trace(FGF_DATA, __FILE__, k), FGF_DATA);
    assert_int_equal(strlen(fgf_last_error()->place), FGF_PLACE_BYTES - 1);
}

static void exit_statuses_are_the_contract_s(void **state)
{
    static const int expected[FGF_STATUS_COUNT] = {0, 1, 2, 3, 4, 4, 1, 4, 75};
    (void)state;
    for (int k = 0; k < FGF_STATUS_COUNT; k++) {
        assert_int_equal(fgf_status_exit((fgf_status)k), expected[k]);
        assert_true(strlen(fgf_status_text((fgf_status)k)) > 0);
    }
    assert_int_equal(fgf_status_exit(FGF_STATUS_COUNT), 4);
    assert_string_equal(fgf_status_text(FGF_STATUS_COUNT), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_and_aligned),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(failures_are_injected_once),
        cmocka_unit_test(arenas_give_pieces_and_take_them_back),
        cmocka_unit_test(an_arena_without_memory_is_null),
        cmocka_unit_test(errors_keep_their_message_and_way),
        cmocka_unit_test(long_errors_are_cut),
        cmocka_unit_test(exit_statuses_are_the_contract_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
