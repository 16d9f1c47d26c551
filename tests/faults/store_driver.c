/* Fills and shows results files, for the scripts beside it.
 *
 *   store_driver run FILE FIRST COUNT [FEATURES]   prepares the trials FIRST .. and commits those
 *                                   that are not done; a line "committed ID" after each
 *   store_driver dump FILE          a line a committed row: id, and its bytes that do not differ
 *                                   from run to run; fails if a row disagrees with its checksum
 *   store_driver bench FILE TRIALS CASES FEATURES
 *   store_driver serve              commands like these from standard input; after what one prints,
 *                                   errors too, a line "status N"
 *
 * The exit status is fgf's. */
#include "unit/store/sample.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <sys/wait.h>
#include <unistd.h>

static fgf_status run(const char *path, int first, int count, int feature_count)
{
    fgf_status status = FGF_OK;
    static sample s;
    int trials[SAMPLE_TRIALS + 1], features[SAMPLE_FEATURES + 1], run_row = -1;
    fgf_lock *lock = NULL;
    fgf_store *store = NULL;
    fgf_prepare_result prepared = {0};
    const fgf_run_record record = {.command_line = "store_driver run", .ranks = 1};
    for (int i = 0; i < count; i++)
        trials[i] = first + i;
    trials[count] = -1;
    for (int i = 0; i < feature_count; i++)
        features[i] = feature_count - 1 - i;
    features[feature_count] = -1;
    sample_init(&s, trials, features, 4);
    FGF_TRY(fgf_store_lock(path, "store_driver", &lock));
    FGF_TRY(fgf_store_prepare(path, &s.layout, (fgf_prepare_options){false}, &prepared));
    FGF_TRY(fgf_store_open(path, &store));
    FGF_TRY(fgf_store_begin_run(store, &record, &run_row));
    for (size_t t = 0; t < s.layout.trial_count; t++) {
        if (prepared.status[t] != FGF_TRIAL_EMPTY)
            continue;
        FGF_TRY(fgf_store_mark_running(store, t));
        FGF_TRY(sample_commit(&s, store, t, run_row, (double)getpid()));
        printf("committed %s\n", s.ids[t].text);
        fflush(stdout);
    }
done:
    fgf_store_close(&store);
    fgf_store_unlock(&lock);
    fgf_prepare_result_clear(&prepared);
    return status;
}

static void print_bytes(const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
}

static fgf_status dump_row(fgf_store_reader *reader, size_t trial)
{
    fgf_status status = FGF_OK;
    static char row[SAMPLE_CELLS * 64];
    char error[FGF_ERROR_TEXT];
    fgf_hash architecture;
    float *weights = NULL;
    size_t count = 0;
    int run_row = -1;
    FGF_TRY(fgf_store_reader_origin(reader, trial, &run_row, error));
    FGF_TRY(fgf_store_reader_weights(reader, trial, &architecture, &weights, &count));
    printf("%s [%s] %s ", fgf_store_reader_trial_id(reader, trial), error, architecture.text);
    print_bytes(weights, count * sizeof *weights);
    for (size_t c = 0; c < fgf_store_reader_column_count(reader); c++) {
        fgf_column_view view = fgf_store_reader_column(reader, c);
        if (view.column.volatile_value || view.row_bytes > sizeof row)
            continue;
        FGF_TRY(fgf_store_reader_row(reader, c, trial, row));
        printf(" ");
        print_bytes(row, view.row_bytes);
    }
    printf("\n");
done:
    fgf_free(weights);
    return status;
}

static fgf_status dump(const char *path)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    FGF_TRY(fgf_store_reader_open(path, &reader));
    for (size_t t = 0; t < fgf_store_reader_trial_count(reader); t++) {
        bool intact = false;
        FGF_TRY(fgf_store_reader_verify(reader, t, &intact));
        if (intact)
            FGF_TRY(dump_row(reader, t));
    }
done:
    fgf_store_reader_close(&reader);
    return status;
}

/* Columns about as many as a real sweep has; times on stdout. */
static fgf_status bench(const char *path, size_t trials, size_t cases, size_t features)
{
    fgf_status status = FGF_OK;
    enum { SCALARS = 40, BY_CASE = 12, BY_FEATURE = 6, COLUMNS = SCALARS + BY_CASE + BY_FEATURE };
    static char paths[COLUMNS][32];
    static fgf_column columns[COLUMNS];
    const void *values[COLUMNS];
    fgf_hash *ids = NULL;
    double *zeros = NULL;
    fgf_store *store = NULL;
    fgf_prepare_result prepared = {0};
    const fgf_run_record record = {.ranks = 1};
    int run_row = -1;
    FGF_TRY(FGF_ALLOCATE(trials, &ids));
    FGF_TRY(FGF_ALLOCATE(cases * features, &zeros));
    for (size_t t = 0; t < trials; t++)
        ids[t] = sample_id((int)t);
    for (int c = 0; c < COLUMNS; c++) {
        int axes = c < SCALARS ? 0 : c < SCALARS + BY_CASE ? 1 : 2;
        snprintf(paths[c], sizeof paths[c], "/value%d/column%d", axes, c);
        columns[c] = (fgf_column){.path = paths[c],
                                  .type = FGF_F64,
                                  .axis_count = axes,
                                  .axes = {FGF_AXIS_CASE, FGF_AXIS_FEATURE},
                                  .unit = "1",
                                  .long_name = "a column"};
        values[c] = zeros;
    }
    const fgf_layout layout = {.schema_version = 1,
                               .dataset = fgf_hash_bytes("bench", 5),
                               .columns = columns,
                               .column_count = COLUMNS,
                               .axis_length = {cases, features, 2, 999, 80},
                               .trial_ids = ids,
                               .trial_count = trials};
    double start = fgf_seconds();
    FGF_TRY(fgf_store_prepare(path, &layout, (fgf_prepare_options){false}, &prepared));
    printf("prepare, created: %.3f s\n", fgf_seconds() - start);
    fgf_prepare_result_clear(&prepared);
    start = fgf_seconds();
    FGF_TRY(fgf_store_open(path, &store));
    printf("open:             %.3f s\n", fgf_seconds() - start);
    FGF_TRY(fgf_store_begin_run(store, &record, &run_row));
    start = fgf_seconds();
    for (size_t t = 0; t < trials; t++)
        FGF_TRY(fgf_store_commit(store, t, values, NULL, run_row, false, NULL));
    printf("commit:           %.3f ms each\n", 1e3 * (fgf_seconds() - start) / (double)trials);
    start = fgf_seconds();
    FGF_TRY(fgf_store_prepare(path, &layout, (fgf_prepare_options){false}, &prepared));
    printf("prepare, resumed: %.3f s, %zu done\n", fgf_seconds() - start, prepared.done_count);
    fgf_prepare_result_clear(&prepared);
    fgf_layout shorter = layout;
    shorter.trial_count -= 1;
    start = fgf_seconds();
    FGF_TRY(fgf_store_prepare(path, &shorter, (fgf_prepare_options){false}, &prepared));
    printf("prepare, rewritten: %.3f s, %zu done, %zu kept\n", fgf_seconds() - start,
           prepared.done_count, prepared.unasked_count);
done:
    fgf_prepare_result_clear(&prepared);
    fgf_store_close(&store);
    fgf_free(ids);
    fgf_free(zeros);
    return status;
}

static int perform(int count, char **arguments)
{
    fgf_status status = FGF_USAGE;
    const char *what = count > 2 ? arguments[1] : "";
    if (strcmp(what, "run") == 0 && count >= 5)
        status = run(arguments[2], atoi(arguments[3]), atoi(arguments[4]),
                     count > 5 ? atoi(arguments[5]) : 3);
    else if (strcmp(what, "dump") == 0)
        status = dump(arguments[2]);
    else if (strcmp(what, "bench") == 0 && count >= 6)
        status = bench(arguments[2], strtoul(arguments[3], NULL, 10),
                       strtoul(arguments[4], NULL, 10), strtoul(arguments[5], NULL, 10));
    if (status != FGF_OK)
        fgf_log_error(true);
    return fgf_status_exit(status);
}

/* Each command in a process of its own, into which nothing has to be loaded any more. */
static int serve(void)
{
    char line[4096], name[] = "store_driver";
    while (fgets(line, sizeof line, stdin)) {
        char *words[8] = {name};
        int count = 1, status;
        for (char *word = strtok(line, " \n"); word && count < 8; word = strtok(NULL, " \n"))
            words[count++] = word;
        pid_t child = fork();
        if (child == 0)
            return dup2(STDOUT_FILENO, STDERR_FILENO) < 0 ? 1 : perform(count, words);
        if (child < 0 || waitpid(child, &status, 0) != child)
            return 1;
        printf("status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        fflush(stdout);
    }
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "serve") == 0)
        return serve();
    return perform(count, arguments);
}
