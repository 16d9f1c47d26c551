#include "merge.h"

#include "fgf/checkpoint.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What the parts have in common, by which one is held against the first. */
static const char *const common_texts[] = {"/sweep/yaml", "/sweep/overrides"};
enum { COMMON_TEXTS = 2 };

static int by_id(const void *a, const void *b)
{
    return strcmp(((const named_trial *)a)->id, ((const named_trial *)b)->id);
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static fgf_status same_attribute(fgf_store_reader *first, fgf_store_reader *part, const char *name,
                                 const char *path, const char *first_path, const char *what)
{
    fgf_status status = FGF_OK;
    const char *a = fgf_store_reader_attribute(first, name);
    const char *b = fgf_store_reader_attribute(part, name);
    if (!a || !b || strcmp(a, b) != 0)
        FGF_FAIL(FGF_USAGE, "%s is of another %s than %s (%.8s, not %.8s): merge them apart", path,
                 what, first_path, b ? b : "none", a ? a : "none");
done:
    return status;
}

static fgf_status same_sweep(fgf_store_reader *first, fgf_store_reader *part, const char *path,
                             const char *first_path)
{
    fgf_status status = FGF_OK;
    char *a = NULL, *b = NULL;
    FGF_TRY(same_attribute(first, part, "dataset_hash", path, first_path, "dataset"));
    FGF_TRY(same_attribute(first, part, "schema_version", path, first_path,
                           "version of the results schema"));
    for (int i = 0; i < COMMON_TEXTS; i++) {
        FGF_TRY(read_text_table(first, common_texts[i], &a));
        FGF_TRY(read_text_table(part, common_texts[i], &b));
        if (strcmp(a, b) != 0)
            FGF_FAIL(FGF_USAGE,
                     "%s is of another sweep than %s (their %s differ): run its task again with "
                     "the sweep as it is now, or merge them apart",
                     path, first_path, common_texts[i]);
        fgf_free(a);
        fgf_free(b);
        a = b = NULL;
    }
done:
    fgf_free(a);
    fgf_free(b);
    return status;
}

/* Which task's part a file is, if it is one. */
static fgf_status read_task(merging *m, fgf_store_reader *reader, size_t p)
{
    fgf_status status = FGF_OK;
    char *text = NULL;
    int count = 0;
    if (fgf_store_reader_find_dataset(reader, "/sweep/task") != SIZE_MAX) {
        FGF_TRY(read_text_table(reader, "/sweep/task", &text));
        FGF_TRY(parse_task(m->part[p], text, &m->part_task[p], &count));
    }
    if (p == 0)
        m->task_count = count;
    m->task_count = m->task_count == count ? count : 0;
done:
    fgf_free(text);
    return status;
}

fgf_status examine_parts(merging *m)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *first = NULL, *part = NULL;
    size_t runs = 0;
    FGF_TRY(fgf_store_reader_open(m->part[0], &first));
    for (size_t p = 0; p < m->part_count; p++) {
        if (same_file(m->part[p], m->output))
            FGF_FAIL(FGF_USAGE, "%s is the file to merge into: name it once, first", m->part[p]);
        FGF_TRY(fgf_store_reader_open(m->part[p], &part));
        FGF_TRY(same_sweep(first, part, m->part[p], m->part[0]));
        FGF_TRY(read_task(m, part, p));
        FGF_TRY(fgf_store_reader_run_count(part, &runs));
        m->run_rows += runs;
        fgf_store_reader_close(&part);
    }
done:
    fgf_store_reader_close(&first);
    fgf_store_reader_close(&part);
    return status;
}

/* The trial of the sweep with this identity; SIZE_MAX = none. */
static size_t find_trial(const merging *m, const char *id)
{
    const named_trial wanted = {id, 0};
    const named_trial *found =
        bsearch(&wanted, m->by_id, m->session->trial_count, sizeof wanted, by_id);
    return found ? found->trial : SIZE_MAX;
}

/* A row is left where the trial has one already; but what is done replaces what failed. */
static fgf_status take_row(merging *m, fgf_adoption *adoption, fgf_store_reader *part, size_t row,
                           size_t trial, bool *taken)
{
    fgf_status status = FGF_OK;
    char error[FGF_ERROR_TEXT];
    bool intact = false;
    int run_row;
    uint8_t *state = &m->prepared.status[trial];
    *taken = true;
    FGF_TRY(fgf_store_reader_origin(part, row, &run_row, error));
    const fgf_trial_status said = error[0] ? FGF_TRIAL_FAILED : FGF_TRIAL_DONE;
    if (*state == FGF_TRIAL_DONE || *state == said)
        return FGF_OK;
    FGF_TRY(fgf_store_reader_verify(part, row, &intact));
    if (!intact) {
        m->broken++;
        *taken = false;
        return FGF_OK;
    }
    FGF_TRY(fgf_store_adopt(adoption, trial, row));
    *state = (uint8_t)said;
    m->merged++;
done:
    return status;
}

/* What is known of a trial that the part has not finished: its crashes and its checkpoint. */
static fgf_status take_traces(merging *m, fgf_store *store, fgf_store_reader *part,
                              const char *path, size_t row, size_t trial)
{
    fgf_status status = FGF_OK;
    const char *id = m->session->identity[trial].text;
    const bool running = fgf_store_reader_status(part, row) == FGF_TRIAL_RUNNING;
    const int noted = fgf_store_reader_crashes(part, row);
    const int crashes = noted < INT8_MAX ? noted + running : noted;
    void *bytes = NULL;
    size_t size = 0;
    if (m->prepared.status[trial] != FGF_TRIAL_EMPTY)
        return FGF_OK;
    if (crashes > m->prepared.crashes[trial]) {
        FGF_TRY(fgf_store_set_crashes(store, trial, crashes));
        m->prepared.crashes[trial] = (uint8_t)crashes;
    }
    FGF_TRY(fgf_checkpoint_read(path, id, &bytes, &size));
    if (bytes)
        FGF_TRY(fgf_checkpoint_write(m->output, id, bytes, size));
done:
    fgf_free(bytes);
    return status;
}

static fgf_status merge_rows(merging *m, fgf_store *store, fgf_store_reader *part, size_t p)
{
    fgf_status status = FGF_OK;
    fgf_adoption *adoption = NULL;
    const size_t rows = fgf_store_reader_trial_count(part);
    m->finished[p] = true;
    FGF_TRY(fgf_store_adoption_create(store, part, &adoption));
    for (size_t row = 0; row < rows; row++) {
        const size_t trial = find_trial(m, fgf_store_reader_trial_id(part, row));
        const fgf_trial_status state = fgf_store_reader_status(part, row);
        bool taken = false;
        fgf_progress("%s: row %zu of %zu", m->part[p], row + 1, rows);
        if (trial == SIZE_MAX)
            m->finished[p] = false;
        else if (state == FGF_TRIAL_EMPTY || state == FGF_TRIAL_RUNNING)
            FGF_TRY(take_traces(m, store, part, m->part[p], row, trial));
        else
            FGF_TRY(take_row(m, adoption, part, row, trial, &taken));
        m->finished[p] = m->finished[p] && (taken || m->prepared.status[trial] != FGF_TRIAL_EMPTY);
    }
    fgf_progress("%s", "");
    m->broken += fgf_store_reader_unsealed(part);
    FGF_TRY(fgf_store_adoption_finish(adoption));
done:
    fgf_store_adoption_destroy(&adoption);
    return status;
}

/* One part, while nobody else writes to it. */
static fgf_status merge_part(merging *m, fgf_store *store, size_t p, const char *holder)
{
    fgf_status status = FGF_OK;
    fgf_lock *lock = NULL;
    fgf_store_reader *part = NULL;
    FGF_TRY(fgf_store_lock(m->part[p], holder, &lock));
    FGF_TRY(fgf_store_reader_open(m->part[p], &part));
    FGF_TRY(merge_rows(m, store, part, p));
done:
    fgf_store_reader_close(&part);
    fgf_store_unlock(&lock);
    return status;
}

fgf_status merge_parts(merging *m, const char *holder)
{
    fgf_status status = FGF_OK;
    const session *s = m->session;
    fgf_store *store = NULL;
    results_layout *layout = NULL;
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &m->by_id));
    for (size_t i = 0; i < s->trial_count; i++)
        m->by_id[i] = (named_trial){s->identity[i].text, i};
    qsort(m->by_id, s->trial_count, sizeof *m->by_id, by_id);
    FGF_TRY(results_layout_create(s, &layout));
    FGF_TRY(fgf_store_prepare(m->output, results_layout_of(layout),
                              (fgf_prepare_options){.run_rows = m->run_rows + 1}, &m->prepared));
    if (m->prepared.how == FGF_STORE_REWRITTEN)
        fgf_log("%s: the file was laid out anew for the sweep that the parts hold", m->output);
    FGF_TRY(fgf_store_open(m->output, &store));
    for (size_t p = 0; p < m->part_count; p++)
        FGF_TRY(merge_part(m, store, p, holder));
done:
    fgf_store_close(&store);
    results_layout_destroy(&layout);
    return status;
}
