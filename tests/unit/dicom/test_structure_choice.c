#include "fgf/contour.h"
#include "fgf/memory.h"
#include "fgf/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 16 };

/* Chooses among names and gives those taken, joined by '|'; patterns and names end with NULL. */
static fgf_status choose(const char *const *patterns, const char *const *names, char *taken,
                         fgf_buffer *report)
{
    bool chosen[MOST] = {false};
    fgf_structure_choice choice = {.pattern = patterns};
    size_t count = 0;
    while (patterns[choice.count])
        choice.count++;
    while (names[count])
        count++;
    const fgf_status status = fgf_structures_choose(&choice, count, names, chosen, report);
    taken[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (chosen[i]) {
            strcat(taken, taken[0] ? "|" : "");
            strcat(taken, names[i]);
        }
    return status;
}

#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

#define TAKES(patterns, names, expected)                                                           \
    do {                                                                                           \
        char taken[256];                                                                           \
        assert_int_equal(choose(patterns, names, taken, NULL), FGF_OK);                            \
        assert_string_equal(taken, expected);                                                      \
    } while (0)

/* As radiologists of four hospitals wrote them. */
static void names_in_their_variety(void **state)
{
    (void)state;
    TAKES(LIST("GTV"), LIST("GTV et GG", "gtv ", "CTV"), "gtv ");
    TAKES(LIST("gtv et gg"), LIST("GTV  et\tGG", "GTV"), "GTV  et\tGG");
    TAKES(LIST("GTV T et N+"), LIST("GTV T et N+", "GTV T"), "GTV T et N+");
    TAKES(LIST("GTV T et N >1 cm"), LIST("GTV", "gtv T et N >1 CM"), "gtv T et N >1 CM");
    TAKES(LIST("GTV_67.5Gy"), LIST("GTV_67.5GY", "GTV_67x5GY"), "GTV_67.5GY");
    TAKES(LIST("/^gtv[_ ]*6[0-9](\\.[0-9]+)? *(gy)?$/"),
          LIST("GTV_67.5GY", "GTV  66 Gy", "GTV 67", "GTV 70"), "GTV_67.5GY|GTV  66 Gy|GTV 67");
    TAKES(LIST("/^gtv *prim(aire|ary)/"), LIST("GTV Primaire 70", "GTV primary_70GY", "GTV GGS"),
          "GTV Primaire 70|GTV primary_70GY");
    TAKES(LIST("/^GTV[^a-z]*$/"), LIST("GTV1", "GTV GG", "GTV-2"), "GTV1|GTV-2");
}

static void order_and_joins(void **state)
{
    (void)state;
    /* The first pattern that fits decides, the rest is not asked. */
    TAKES(LIST("GTVp", "GTV", "/gtv/"), LIST("GTV", "GTV GG", "CTV"), "GTV");
    TAKES(LIST("GTVp", "/^gtv/"), LIST("GTV", "GTV GG", "CTV"), "GTV|GTV GG");
    TAKES(LIST("GTV + GTV1"), LIST("GTV1", "GTV2", "GTV"), "GTV1|GTV");
    /* A join wants all its parts. */
    TAKES(LIST("GTV + GTV1", "GTV"), LIST("GTV2", "GTV"), "GTV");
    TAKES(LIST("GTVp G + GTVp D + /gtvgg/"), LIST("GTVp D", "GTVggG", "GTVggD", "GTVp G", "GTV"),
          "GTVp D|GTVggG|GTVggD|GTVp G");
    /* Of two structures of one name both. */
    TAKES(LIST("GTV"), LIST("GTV", "GTV"), "GTV|GTV");
    /* A name with a plus in it, before it is read as a join; expressions with blanks and slashes.
     */
    TAKES(LIST("GTV + GTV1"), LIST("gtv  +  gtv1", "GTV", "GTV1"), "gtv  +  gtv1");
    TAKES(LIST("/a +b/"), LIST("a  b", "a + b"), "a  b");
    TAKES(LIST("/gtv/ctv/ + /x\\/y/"), LIST("GTV/CTV", "GTV", "x/y"), "GTV/CTV|x/y");
    TAKES(LIST("N+"), LIST("N+", "N"), "N+");
}

static void letters_and_accents(void **state)
{
    (void)state;
    TAKES(LIST("reperage"), LIST("rep\xC3\xA9rage"), "rep\xC3\xA9rage"); /* e acute, UTF-8 */
    TAKES(LIST("REP\xC3\x89RAGE"), LIST("rep\xE9rage"), "rep\xE9rage");  /* against Latin-1 */
    TAKES(LIST("rep\xE9rage"), LIST("REPERAGE"), "REPERAGE");            /* pattern in Latin-1 */
    TAKES(LIST("r\xC3\xA9p"), LIST("re\xCC\x81p"), "re\xCC\x81p");       /* a combining accent */
    TAKES(LIST("coeur"), LIST("C\xC5\x92ur"), "C\xC5\x92ur");            /* ligature */
    TAKES(LIST("grosse"),
          LIST("Gr\xC3\xB6\xC3\x9F"
               "e"),
          "Gr\xC3\xB6\xC3\x9F"
          "e"); /* o with dots, sharp s */
    TAKES(LIST("zolty"), LIST("\xC5\xBC\xC3\xB3\xC5\x82ty"), "\xC5\xBC\xC3\xB3\xC5\x82ty");
    TAKES(LIST("GTV p"), LIST("GTV\xC2\xA0p"), "GTV\xC2\xA0p"); /* a blank that does not break */
    TAKES(LIST("\xCE\xB1"), LIST("\xCE\x91"), "\xCE\x91");      /* alpha */
    TAKES(LIST("/^r.p.rage$/"), LIST("r\xC3\xA9p\xC3\xA9rage"), "r\xC3\xA9p\xC3\xA9rage");
    TAKES(LIST("/r[\xC3\xA9\xC3\xA8]p/"), LIST("REP"), "REP");
    TAKES(LIST("\xD0\x81\xD0\x96"), LIST("\xD1\x91\xD0\xB6"), "\xD1\x91\xD0\xB6"); /* yo, zhe */
    TAKES(LIST("GTV p"), LIST(" GTV  p"), " GTV  p");
    /* An expression keeps the case of its escapes. */
    TAKES(LIST("/gtv\\W/"), LIST("GTVp", "GTV-p"), "GTV-p");
    /* Bytes that are neither stand for themselves. */
    TAKES(LIST("a\x80"), LIST("A\x80"), "A\x80");
}

static void what_is_said(void **state)
{
    (void)state;
    char taken[256];
    fgf_buffer report = {0};
    assert_int_equal(
        choose(LIST("GTVp", "/^gtv/"), LIST("GTV", "CTV", "GTV rep\xE9rage"), taken, &report),
        FGF_OK);
    assert_string_equal(report.text,
                        "'/^gtv/' took \"GTV\", \"GTV rep\xC3\xA9rage\" of 3 structures");
    fgf_buffer_clear(&report);

    assert_int_equal(choose(LIST("GTV tumor"), LIST("BODY", "GTV tumour"), taken, &report),
                     FGF_DATA);
    assert_string_equal(taken, "");
    assert_string_equal(fgf_last_error()->message,
                        "no structure fits 'GTV tumor'; the nearest is \"GTV tumour\"; there are "
                        "2: \"BODY\", \"GTV tumour\"");
    assert_string_equal(report.text, fgf_last_error()->message);
    fgf_buffer_clear(&report);

    /* The shortest with the pattern's first word. */
    assert_int_equal(choose(LIST("/\\<gtv$/"), LIST("GTV primaire", "GTV t", "PTV"), taken, NULL),
                     FGF_DATA);
    assert_non_null(strstr(fgf_last_error()->message, "the nearest is \"GTV t\""));
    assert_int_equal(choose(LIST("GTV"), LIST("lung"), taken, NULL), FGF_DATA);
    assert_null(strstr(fgf_last_error()->message, "nearest"));
    assert_int_equal(choose(LIST("GTV"), (const char *const[]){NULL}, taken, NULL), FGF_DATA);
    assert_non_null(strstr(fgf_last_error()->message, "no structures"));
}

/* A long list is cut in the message and whole in the report. */
static void long_lists(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    char text[COUNT][32];
    const char *names[COUNT];
    bool chosen[COUNT];
    const char *const patterns[] = {"GTV"};
    const fgf_structure_choice choice = {1, patterns};
    fgf_buffer report = {0};
    for (int i = 0; i < COUNT; i++) {
        snprintf(text[i], sizeof text[i], "structure number %d", i);
        names[i] = text[i];
    }
    assert_int_equal(fgf_structures_choose(&choice, COUNT, names, chosen, &report), FGF_DATA);
    assert_non_null(strstr(fgf_last_error()->message, " more"));
    assert_non_null(strstr(report.text, "\"structure number 99\""));
    fgf_buffer_clear(&report);
}

static void patterns_that_are_none(void **state)
{
    (void)state;
    char taken[256];
    const char *const bad[] = {"", "  ", "/gtv", "//", "/gtv(/", "GTV + /", "GTV + // + x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(choose(LIST("GTV", bad[i]), LIST("GTV"), taken, NULL), FGF_USAGE);
        assert_non_null(strstr(fgf_last_error()->message, "pattern"));
    }
}

static bool is_plain_utf8(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        int more = *at < 0x80 ? 0 : *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : *at >= 0xC2 ? 1 : -1;
        if (*at < 0x20 || *at == 0x7F || more < 0)
            return false;
        for (at++; more > 0; more--, at++)
            if ((*at & 0xC0) != 0x80)
                return false;
    }
    return true;
}

/* Names of any bytes are taken as they are: each fits itself, and what is said is UTF-8. */
static void any_bytes(void **state)
{
    (void)state;
    fgf_stream stream = fgf_stream_open(20230713, FGF_PURPOSE_TEST, 4, 0);
    for (int trial = 0; trial < 2000; trial++) {
        char name[24] = "x"; /* a letter, so that it is not empty */
        const uint32_t length = 1 + fgf_stream_below(&stream, 22);
        for (uint32_t k = 1; k < length; k++)
            name[k] = (char)(1 + fgf_stream_below(&stream, 255));
        char taken[256];
        fgf_buffer report = {0};
        assert_int_equal(choose(LIST(name), LIST("y", name), taken, &report), FGF_OK);
        assert_string_equal(taken, name);
        assert_true(is_plain_utf8(report.text));
        fgf_buffer_clear(&report);
        if (choose(LIST("gtv"), LIST(name), taken, &report) != FGF_OK)
            assert_true(is_plain_utf8(fgf_last_error()->message));
        fgf_buffer_clear(&report);
    }
}

static void memory_that_fails(void **state)
{
    (void)state;
    char taken[256];
    fgf_status status = FGF_MEMORY;
    for (long n = 1; status == FGF_MEMORY; n++) {
        fgf_buffer report = {0};
        fgf_allocation_fail_at(n);
        status = choose(LIST("x + /y/", "/gtv/"), LIST("GTV", "CTV"), taken, &report);
        fgf_allocation_fail_at(0);
        fgf_buffer_clear(&report);
        assert_true(n < 100);
    }
    assert_int_equal(status, FGF_OK);
    status = FGF_MEMORY;
    for (long n = 1; status == FGF_MEMORY; n++) {
        fgf_buffer report = {0};
        fgf_allocation_fail_at(n);
        status = choose(LIST("x + /y/", "/gtw/"), LIST("GTV", "CTV"), taken, &report);
        fgf_allocation_fail_at(0);
        fgf_buffer_clear(&report);
    }
    assert_int_equal(status, FGF_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_their_variety),
        cmocka_unit_test(order_and_joins),
        cmocka_unit_test(letters_and_accents),
        cmocka_unit_test(what_is_said),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(patterns_that_are_none),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(memory_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
