/* The documents of the YAML test suite: none is a sweep, so each is refused in words, whatever
 * libyaml makes of it. */
#include "example.h"

#include <unistd.h>

enum { PATH_BYTES = 4096, LINE_BYTES = 512 };

static char suite[PATH_BYTES];

/* $FGF_SHARED/data/yaml_suite, else shared/data/yaml_suite in a folder above this one. */
static bool find_suite(void)
{
    const char *shared = getenv("FGF_SHARED");
    char folder[PATH_BYTES - 64];
    if (shared) {
        snprintf(suite, sizeof suite, "%s/data/yaml_suite", shared);
        return access(suite, R_OK) == 0;
    }
    if (!getcwd(folder, sizeof folder))
        return false;
    for (;;) {
        snprintf(suite, sizeof suite, "%s/shared/data/yaml_suite", folder);
        if (access(suite, R_OK) == 0)
            return true;
        char *slash = strrchr(folder, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
}

static char *read_file(const char *name, size_t *bytes)
{
    static char text[1 << 20];
    char path[2 * PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", suite, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    *bytes = fread(text, 1, sizeof text, file);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Whether some line is "s.yaml:<line>:<column>: <what>...". */
static bool has_fault(const char *lines, const char *what)
{
    size_t line = 0, column = 0;
    int end = 0;
    for (const char *at = lines; at && *at; at = strchr(at, '\n') + 1)
        if (sscanf(at, "s.yaml:%zu:%zu: %n", &line, &column, &end) == 2 && line > 0 && column > 0 &&
            strncmp(at + end, what, strlen(what)) == 0)
            return true;
    return false;
}

static bool is_refused_well(const char *name, bool libyaml_accepts)
{
    size_t bytes = 0;
    const char *text = read_file(name, &bytes);
    fgf_faults faults = {0};
    fgf_sweep *sweep = NULL;
    fgf_status status =
        fgf_sweep_examine(text, bytes, "s.yaml", &example_schema, NULL, 0, &faults, &sweep);
    const char *lines = faults.lines.text;
    bool fine = status == FGF_USAGE && !sweep && faults.count > 0 && has_fault(lines, "");
    /* A second document stops the reading before a syntax fault behind it is seen. */
    if (!libyaml_accepts)
        fine = fine && (has_fault(lines, "YAML syntax: ") || has_fault(lines, "a second document"));
    else
        fine = fine && !has_fault(lines, "YAML syntax: ");
    if (!fine)
        print_error("%s: status %d, %s\n", name, (int)status, lines ? lines : "no fault");
    fgf_faults_clear(&faults);
    fgf_sweep_destroy(&sweep);
    return fine;
}

static void test_every_document(void **state)
{
    (void)state;
    char path[2 * PATH_BYTES], line[LINE_BYTES];
    size_t documents = 0, refused = 0, rejected = 0;
    snprintf(path, sizeof path, "%s/libyaml_outcome.csv", suite);
    FILE *table = fopen(path, "r");
    assert_non_null(table);
    assert_non_null(fgets(line, sizeof line, table));
    while (fgets(line, sizeof line, table)) {
        bool accepts = strstr(line, ",accept,") != NULL;
        line[strcspn(line, ",")] = '\0';
        documents++;
        rejected += !accepts;
        refused += is_refused_well(line, accepts);
    }
    fclose(table);
    print_message("%zu documents, %zu of them no YAML to libyaml\n", documents, rejected);
    assert_true(documents >= 200);
    assert_int_equal(refused, documents);
}

int main(void)
{
    if (!find_suite()) {
        print_message("skipped: no yaml_suite (set FGF_SHARED)\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_document)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
