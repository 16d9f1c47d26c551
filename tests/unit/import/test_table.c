#include "unit/data/files.h"

#include "fgf/memory.h"
#include "table.h"

static fgf_table *read_table(const char *text, char delimiter)
{
    fgf_table *table = NULL;
    fgf_status status = fgf_table_read(write_text("t.csv", text), delimiter, &table);
    if (status != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    return table;
}

static void refuse_table(const char *text, size_t count, const char *part)
{
    fgf_table *table = NULL;
    const char *path = write_file("t.csv", text, count);
    assert_int_equal(fgf_table_read(path, 0, &table), FGF_DATA);
    assert_null(table);
    assert_message(part);
    assert_message(path);
}

static void table_delimiters(void **state)
{
    (void)state;
    const char marks[] = ",;\t|";
    for (const char *mark = marks; *mark; mark++) {
        char text[64];
        snprintf(text, sizeof text, "\xEF\xBB\xBFid%cv w%cx\r\n\r\n a %c \"1\"%c2\r\nb%c%c3", *mark,
                 *mark, *mark, *mark, *mark, *mark);
        fgf_table *table = read_table(text, 0);
        assert_int_equal(table->delimiter, *mark);
        assert_int_equal(table->row_count, 2);
        assert_int_equal(table->column_count, 3);
        assert_string_equal(table->cells[0].text, "id");
        assert_string_equal(fgf_table_cell(table, 0, 0)->text, "a");
        assert_string_equal(fgf_table_cell(table, 0, 1)->text, "1");
        assert_string_equal(fgf_table_cell(table, 1, 1)->text, "");
        assert_string_equal(fgf_table_cell(table, 1, 2)->text, "3");
        assert_int_equal(fgf_table_cell(table, 1, 2)->line, 4);
        size_t column = 9;
        assert_int_equal(fgf_table_column(table, "v w", &column), FGF_OK);
        assert_int_equal(column, 1);
        fgf_table_destroy(&table);
    }
}

static void table_quotes(void **state)
{
    (void)state;
    fgf_table *table = read_table("a;b\n\"x;\"\"y\"\"\nz\";\"\"\nlast;1\n", 0);
    assert_int_equal(table->row_count, 2);
    assert_string_equal(fgf_table_cell(table, 0, 0)->text, "x;\"y\"\nz");
    assert_string_equal(fgf_table_cell(table, 0, 1)->text, "");
    assert_int_equal(fgf_table_cell(table, 1, 0)->line, 4);
    fgf_table_destroy(&table);
    refuse_table("a;b\n1;\"2\n3;4\n", 13, ":2:3: a quote is opened");
    refuse_table("a;b\n\"1\"x;2\n", 11, ":2:4: text after a closing quote");
}

static void table_refusals(void **state)
{
    (void)state;
    refuse_table("a;b\n1;2;3\n", 10, ":2:5: 3 fields");
    refuse_table("a;b\n1\n", 6, ":2:1: 1 field ");
    refuse_table("a;b\n1;\0\n", 8, ":2:3: a NUL byte");
    refuse_table("", 0, ":1:1: empty");
    fgf_table *table = read_table("a,b,b\n1,2,3\n", 0);
    size_t column;
    assert_int_equal(fgf_table_column(table, "b", &column), FGF_DATA);
    assert_message("2 columns are named \"b\"");
    fgf_table_destroy(&table);
    table = read_table("patient,Distant\n1,2\n", 0);
    assert_int_equal(fgf_table_column(table, "Distnat", &column), FGF_DATA);
    assert_message("did you mean \"Distant\"?");
    fgf_table_destroy(&table);
    assert_int_equal(fgf_table_read(in_folder("absent.csv"), 0, &table), FGF_DATA);
}

static void table_numbers(void **state)
{
    (void)state;
    fgf_table *table =
        read_table("v\n1.5\n1,5\n-2e3\n\nNA\nN/A\n0x10\n1.2.3\n1,234.5\ninf\n1 2\n", ';');
    const double expected[] = {1.5, 1.5, -2000, (double)NAN, (double)NAN};
    double value;
    assert_int_equal(table->row_count, 10);
    for (size_t row = 0; row < 5; row++) {
        assert_int_equal(fgf_table_number(table, fgf_table_cell(table, row, 0), 0, &value), FGF_OK);
        assert_true(value == expected[row] || (isnan(value) && isnan(expected[row])));
    }
    for (size_t row = 5; row < 10; row++) {
        assert_int_equal(fgf_table_number(table, fgf_table_cell(table, row, 0), 0, &value),
                         FGF_DATA);
        assert_message("is not a number");
    }
    assert_int_equal(fgf_table_number(table, fgf_table_cell(table, 1, 0), '.', &value), FGF_DATA);
    assert_int_equal(fgf_table_number(table, fgf_table_cell(table, 0, 0), ',', &value), FGF_DATA);
    fgf_table_destroy(&table);
}

/* Tables of several hands name a column alike but not the same. */
static void table_names(void **state)
{
    (void)state;
    size_t column;
    fgf_table *table = read_table("Patient #,Time \xE2\x80\x93 diagnosis to DM(days),time,TIME\n"
                                  "a,1,2,3\n,,,\n\n,,,\n",
                                  0);
    assert_int_equal(table->row_count, 1); /* rows of nothing are none */
    assert_int_equal(fgf_table_column(table, "patient#", &column), FGF_OK);
    assert_int_equal(column, 0);
    assert_int_equal(fgf_table_column(table, "Time - diagnosis to DM (days)", &column), FGF_OK);
    assert_int_equal(column, 1);
    assert_int_equal(fgf_table_column(table, "TIME", &column), FGF_OK); /* exactly so goes first */
    assert_int_equal(column, 3);
    assert_int_equal(fgf_table_column(table, "Time", &column), FGF_DATA);
    assert_message("2 columns are named \"Time\" but for blanks, case and dashes");
    assert_int_equal(fgf_table_column(table, "Patient", &column), FGF_DATA);
    fgf_table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_delimiters), cmocka_unit_test(table_quotes),
        cmocka_unit_test(table_refusals),   cmocka_unit_test(table_numbers),
        cmocka_unit_test(table_names),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
