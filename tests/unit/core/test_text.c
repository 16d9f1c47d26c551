#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void buffers_grow(void **state)
{
    fgf_buffer buffer = {0};
    (void)state;
    for (int k = 0; k < 1000; k++)
        fgf_buffer_add(&buffer, "%03d,", k);
    assert_int_equal(buffer.status, FGF_OK);
    assert_int_equal(buffer.length, 4000);
    assert_int_equal(strlen(buffer.text), 4000);
    assert_memory_equal(buffer.text + 4 * 517, "517,518,", 8);
    fgf_buffer_add_bytes(&buffer, "a\0b", 3);
    assert_int_equal(buffer.length, 4003);
    assert_memory_equal(buffer.text + 4000, "a\0b\0", 4);
    fgf_buffer_clear(&buffer);
    assert_null(buffer.text);
    fgf_buffer_add(&buffer, "%s", "");
    assert_string_equal(buffer.text, "");
    fgf_buffer_clear(&buffer);
}

static void a_failed_growth_sticks(void **state)
{
    fgf_buffer buffer = {0};
    (void)state;
    fgf_buffer_add(&buffer, "kept");
    fgf_allocation_fail_at(1);
    fgf_buffer_add(&buffer, "%0100d", 1);
    fgf_allocation_fail_at(0);
    assert_int_equal(buffer.status, FGF_MEMORY);
    fgf_buffer_add(&buffer, "x");
    assert_string_equal(buffer.text, "kept");
    fgf_buffer_clear(&buffer);
}

static void json_strings_are_escaped(void **state)
{
    fgf_buffer buffer = {0};
    (void)state;
    fgf_buffer_add_json(&buffer, "a\"b\\c\n\x01\x1f \xc3\xa4");
    assert_string_equal(buffer.text, "\"a\\\"b\\\\c\\u000a\\u0001\\u001f \xc3\xa4\"");
    fgf_buffer_clear(&buffer);
    fgf_buffer_add_json(&buffer, "");
    assert_string_equal(buffer.text, "\"\"");
    fgf_buffer_clear(&buffer);
}

static void faults_are_counted(void **state)
{
    fgf_faults faults = {0};
    (void)state;
    fgf_log_setup(false, false);
    assert_int_equal(fgf_faults_report(&faults, FGF_USAGE, "sweep.yaml"), FGF_OK);
    fgf_faults_add(&faults, "sweep.yaml:%d:1: first", 3);
    assert_int_equal(fgf_faults_report(&faults, FGF_USAGE, "sweep.yaml"), FGF_USAGE);
    assert_string_equal(fgf_last_error()->message, "sweep.yaml: 1 fault");
    fgf_faults_add(&faults, "sweep.yaml:4:1: second");
    assert_string_equal(faults.lines.text, "sweep.yaml:3:1: first\nsweep.yaml:4:1: second\n");
    assert_int_equal(fgf_faults_report(&faults, FGF_DATA, "table"), FGF_DATA);
    assert_string_equal(fgf_last_error()->message, "table: 2 faults");
    fgf_faults_clear(&faults);
    assert_int_equal(faults.count, 0);

    fgf_allocation_fail_at(1);
    fgf_faults_add(&faults, "a fault that does not fit");
    fgf_allocation_fail_at(0);
    assert_int_equal(fgf_faults_report(&faults, FGF_DATA, "table"), FGF_MEMORY);
    fgf_faults_clear(&faults);
    fgf_log_setup(true, false);
}

static void the_nearest_name_is_found(void **state)
{
    static const char *const names[] = {"learning_rate", "batch",  "epochs", "momentum",
                                        "seed",          "lambda", "lr",     "kernel"};
    static const struct {
        const char *given, *nearest;
    } cases[] = {
        {"learning_rate", "learning_rate"},
        {"learning-rate", "learning_rate"},
        {"leraning_rate", "learning_rate"},
        {"batc", "batch"},
        {"epoch", "epochs"},
        {"sede", "seed"},
        {"lamda", "lambda"},
        {"rl", "lr"},
        {"", NULL},
        {"zzzzzz", NULL},
        {"optimizer", NULL},
    };
    enum { COUNT = sizeof names / sizeof names[0] };
    char giant[1000];
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const char *found = fgf_nearest_name(cases[k].given, names, COUNT);
        if (cases[k].nearest == NULL)
            assert_null(found);
        else
            assert_string_equal(found, cases[k].nearest);
    }
    memset(giant, 'x', sizeof giant - 1);
    giant[sizeof giant - 1] = '\0';
    assert_null(fgf_nearest_name(giant, names, COUNT));
    assert_null(fgf_nearest_name("seed", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_grow),
        cmocka_unit_test(a_failed_growth_sticks),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(faults_are_counted),
        cmocka_unit_test(the_nearest_name_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
