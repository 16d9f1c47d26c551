/* The contours of the 300 patients of Head-Neck-PET-CT, as four hospitals named them. */
#include "fgf/contour.h"
#include "unit/data/files.h"

enum { MOST_NAMES = 24 };

static const char *table;

/* Splits a line of the table at its commas, those within quotes left alone; changes it. */
static size_t fields(char *line, char **field, size_t most)
{
    size_t count = 0;
    bool quoted = false;
    line[strcspn(line, "\r\n")] = '\0';
    field[count++] = line;
    for (char *at = line; *at; at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else if (*at == ',' && !quoted) {
            *at = '\0';
            assert_true(count < most);
            field[count++] = at + 1;
        }
    }
    return count;
}

/* Splits "a,b,c", in quotes where it holds commas; changes it. */
static size_t names_of(char *cell, const char **name)
{
    size_t count = 0;
    cell += *cell == '"';
    cell[strcspn(cell, "\"")] = '\0';
    for (char *one = strtok(cell, ","); one; one = strtok(NULL, ",")) {
        assert_true(count < MOST_NAMES);
        name[count++] = one;
    }
    return count;
}

typedef struct patient {
    size_t primary_count, count;
    const char *primary[MOST_NAMES]; /* the primary tumour's contours */
    const char *name[MOST_NAMES];    /* all that are known, and some of every patient */
} patient;

static void read_patient(char *line, patient *p)
{
    static const char *const others[] = {"BODY", "CTV 60Gy", "PTV_70", "Moelle", "Parotide G"};
    char *field[20] = {0};
    assert_int_equal(fields(line, field, 20), 16);
    memset(p, 0, sizeof *p);
    p->primary_count = names_of(field[14], p->primary);
    p->count = names_of(field[15], p->name);
    if (p->count == 0) /* the primary's are all */
        for (; p->count < p->primary_count; p->count++)
            p->name[p->count] = p->primary[p->count];
    assert_true(p->primary_count > 0);
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        p->name[p->count++] = others[k];
}

static bool is_primary(const patient *p, const char *name)
{
    for (size_t k = 0; k < p->primary_count; k++)
        if (strcmp(p->primary[k], name) == 0)
            return true;
    return false;
}

/* Whether a choice takes the primary tumour's contours and no others. */
static bool takes_primary(const fgf_structure_choice *choice, const patient *p)
{
    bool chosen[MOST_NAMES] = {false}, right = true;
    right = fgf_structures_choose(choice, p->count, p->name, chosen, NULL) == FGF_OK;
    for (size_t k = 0; k < p->count; k++)
        right &= chosen[k] == is_primary(p, p->name[k]);
    return right;
}

/* The table's own names, joined, take just these; and a list of patterns for all patients. */
static void primary_tumours(void **state)
{
    (void)state;
    static const char *const general[] = {"/^gtv[ _-]*(p|t|prim(aire|ary))([ _-].*)?$/",
                                          "/^gtv (pet|bot|langue|tep)$/",
                                          "GTV",
                                          "/^gtv[ _-]*(6[0-9]|70)[.0-9]* *(gy)?$/",
                                          "GTV1",
                                          "/^gtv/"};
    const fgf_structure_choice list = {sizeof general / sizeof *general, general};
    FILE *file = fopen(table, "r");
    char line[1024];
    size_t patients = 0, right = 0;
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        patient p;
        char joined[512] = "";
        const char *const pattern = joined;
        const fgf_structure_choice own = {1, &pattern};
        read_patient(line, &p);
        for (size_t k = 0; k < p.primary_count; k++) {
            strcat(joined, k ? " + " : "");
            strcat(joined, p.primary[k]);
        }
        if (!takes_primary(&own, &p))
            fail_msg("'%s': %s", joined, fgf_last_error()->message);
        right += takes_primary(&list, &p);
        patients++;
    }
    fclose(file);
    assert_int_equal(patients, 300);
    print_message("one list of patterns is right for %zu of %zu patients\n", right, patients);
    assert_true(right >= 270);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(primary_tumours)};
    table = shared_data("hn_outcomes_vallieres/hn_outcomes_300.csv");
    return table ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
