#define _GNU_SOURCE /* sched_getaffinity */
#include "session.h"

#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/random.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const fgf_config *session_trial(const session *s, size_t i)
{
    return fgf_sweep_trial(s->sweep, s->member ? s->member[i] : i);
}

/* The dataset that every trial names; trials of two datasets do not fit one results file. */
static fgf_status find_data_path(session *s, const char *data)
{
    fgf_status status = FGF_OK;
    fgf_trial_settings first, other;
    if (data) {
        FGF_TRY(fgf_copy_text(data, &s->data_path));
        goto done;
    }
    FGF_TRY(fgf_config_section(fgf_sweep_trial(s->sweep, 0), "data", &first.data));
    for (size_t i = 1; i < s->trial_count; i++) {
        FGF_TRY(fgf_config_section(fgf_sweep_trial(s->sweep, i), "data", &other.data));
        if (strcmp(first.data.path, other.data.path) != 0)
            FGF_FAIL(FGF_USAGE,
                     "%s: trials name two datasets, %s and %s; run one sweep for each, with a "
                     "results file of its own",
                     fgf_config_where(fgf_sweep_trial(s->sweep, i), "data.path"), first.data.path,
                     other.data.path);
    }
    FGF_TRY(fgf_copy_text(first.data.path, &s->data_path));
done:
    return status;
}

/* Rank 0 looks at every trial, so that the list is whole and the same for any number of ranks. */
static fgf_status check_trials(session *s)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    FGF_TRY(fgf_sweep_check(s->sweep, s->dataset, &faults));
    FGF_TRY(fgf_faults_report(&faults, FGF_USAGE, s->sweep_path));
done:
    fgf_faults_clear(&faults);
    return status;
}

static fgf_status name_trials(session *s)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &s->identity));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &s->cost));
    FGF_TRY(fgf_sweep_identities(s->sweep, fgf_dataset_hash(s->dataset), s->identity));
    fgf_sweep_costs(s->sweep, s->dataset, s->cost);
done:
    return status;
}

typedef struct dealt_trial {
    double cost;
    size_t trial;
} dealt_trial;

static int longest_first(const void *a, const void *b)
{
    const dealt_trial *x = a, *y = b;
    return x->cost != y->cost ? (x->cost < y->cost ? 1 : -1) : (x->trial < y->trial ? -1 : 1);
}

/* Only the trials in `member` [count], which the session takes over. */
static void keep_members(session *s, size_t *member, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s->identity[i] = s->identity[member[i]];
        s->cost[i] = s->cost[member[i]];
    }
    s->member = member;
    s->trial_count = count;
}

fgf_status session_tasks(const session *s, int count, int *task)
{
    fgf_status status = FGF_OK;
    dealt_trial *order = NULL;
    const size_t tasks = (size_t)count;
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &order));
    for (size_t i = 0; i < s->trial_count; i++)
        order[i] = (dealt_trial){s->cost[i], i};
    qsort(order, s->trial_count, sizeof *order, longest_first);
    for (size_t i = 0; i < s->trial_count; i++) {
        const size_t turn = i / tasks, seat = i % tasks;
        task[order[i].trial] = 1 + (int)(turn % 2 ? tasks - 1 - seat : seat);
    }
done:
    fgf_free(order);
    return status;
}

fgf_status session_deal(session *s, int task, int count)
{
    fgf_status status = FGF_OK;
    int *task_of = NULL;
    size_t *member = NULL, kept = 0;
    if (s->trial_count < (size_t)count)
        FGF_FAIL(FGF_USAGE, "%d tasks for %zu trials: some would have nothing to do", count,
                 s->trial_count);
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &task_of));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &member));
    FGF_TRY(session_tasks(s, count, task_of));
    for (size_t i = 0; i < s->trial_count; i++)
        if (task_of[i] == task)
            member[kept++] = i;
    keep_members(s, member, kept);
    member = NULL;
    s->task = task;
    s->task_count = count;
done:
    fgf_free(task_of);
    fgf_free(member);
    return status;
}

enum { CASE_MEMORY_BYTES = 1 << 30 };

/* Whether this process may use twice as many cores as there are ranks on its host: those that are
 * bound to a core each have none to spare, those that run alone have. */
static fgf_status find_spare_core(session *s)
{
    fgf_status status = FGF_OK;
    fgf_group *world = fgf_par_world(s->par);
    uint64_t *host = NULL;
    cpu_set_t cores;
    int ranks = 0;
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(world->size, &host)));
    host[world->rank] = fgf_text_key(fgf_par_host(s->par));
    FGF_TRY(fgf_group_merge(world, host, (size_t)world->size * sizeof *host));
    for (int rank = 0; rank < world->size; rank++)
        ranks += host[rank] == host[world->rank];
    const bool known = sched_getaffinity(0, sizeof cores, &cores) == 0;
    fgf_context_set_spare_core(s->context, known && CPU_COUNT(&cores) >= 2 * ranks);
done:
    fgf_free(host);
    return status;
}

static fgf_status open_data(session *s, const char *data)
{
    fgf_status status = FGF_OK;
    s->trial_count = fgf_sweep_trial_count(s->sweep);
    FGF_TRY(find_data_path(s, data));
    FGF_TRY(fgf_dataset_open(s->data_path, &s->dataset));
    FGF_TRY(fgf_context_create(s->dataset, CASE_MEMORY_BYTES, &s->context));
done:
    return status;
}

static fgf_status finish_open(session *s, const char *data)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_par_agree(s->par, open_data(s, data)));
    FGF_TRY(find_spare_core(s));
    FGF_TRY(fgf_par_agree(s->par, fgf_par_rank(s->par) == 0 ? check_trials(s) : FGF_OK));
    FGF_TRY(fgf_par_agree(s->par, name_trials(s)));
    FGF_TRY(fgf_par_agree(s->par, fgf_axes_create(s->sweep, s->dataset, &s->axes)));
done:
    return status;
}

fgf_status session_open(fgf_par *par, const char *sweep_path, const char *data,
                        const char *const *overrides, size_t override_count, session *out)
{
    fgf_status status = FGF_OK;
    memset(out, 0, sizeof *out);
    out->par = par;
    for (size_t k = 0; k < override_count; k++)
        fgf_buffer_add(&out->overrides, "%s\n", overrides[k]);
    FGF_TRY(out->overrides.status);
    FGF_TRY(fgf_copy_text(sweep_path, &out->sweep_path));
    FGF_TRY(fgf_par_agree(par, fgf_sweep_load(sweep_path, fgf_trial_schema(), overrides,
                                              override_count, &out->sweep)));
    FGF_TRY(finish_open(out, data));
done:
    if (status != FGF_OK)
        session_close(out);
    return status;
}

fgf_status read_text_table(fgf_store_reader *reader, const char *path, char **out)
{
    fgf_status status = FGF_OK;
    char *text = NULL;
    size_t index = fgf_store_reader_find_dataset(reader, path);
    *out = NULL;
    if (index == SIZE_MAX)
        FGF_FAIL(FGF_DATA, "the results file has no %s", path);
    fgf_dataset_view view = fgf_store_reader_dataset(reader, index);
    if (view.type != FGF_TEXT)
        FGF_FAIL(FGF_DATA, "%s of the results file is not a text", path);
    FGF_TRY(FGF_ALLOCATE(view.bytes + 1, &text));
    FGF_TRY(fgf_store_reader_read(reader, index, text));
    *out = text;
    text = NULL;
done:
    fgf_free(text);
    return status;
}

/* Splits the stored overrides, a line each, in place. */
static size_t split_lines(char *text, const char **line, size_t most)
{
    size_t count = 0;
    for (char *at = text; *at && count < most;) {
        char *end = strchr(at, '\n');
        line[count++] = at;
        if (!end)
            break;
        *end = '\0';
        at = end + 1;
    }
    return count;
}

fgf_status session_read_sweep(fgf_store_reader *reader, session *s)
{
    fgf_status status = FGF_OK;
    char *yaml = NULL, *overrides = NULL;
    const char *line[OPERANDS_MOST];
    FGF_TRY(read_text_table(reader, "/sweep/yaml", &yaml));
    FGF_TRY(read_text_table(reader, "/sweep/overrides", &overrides));
    FGF_TRY(read_text_table(reader, "/sweep/path", &s->sweep_path));
    fgf_buffer_add(&s->overrides, "%s", overrides);
    FGF_TRY(s->overrides.status);
    size_t count = split_lines(overrides, line, OPERANDS_MOST);
    FGF_TRY(fgf_sweep_parse(yaml, s->sweep_path, fgf_trial_schema(), line, count, &s->sweep));
done:
    fgf_free(yaml);
    fgf_free(overrides);
    return status;
}

fgf_status session_reopen(fgf_par *par, fgf_store_reader *reader, const char *data, session *out)
{
    fgf_status status = FGF_OK;
    memset(out, 0, sizeof *out);
    out->par = par;
    FGF_TRY(fgf_par_agree(par, session_read_sweep(reader, out)));
    FGF_TRY(finish_open(out, data));
done:
    if (status != FGF_OK)
        session_close(out);
    return status;
}

void describe_preparation(const fgf_cohort *cohort, fgf_buffer *out)
{
    fgf_buffer_add(out, "%d x %d x %d pixels of %g x %g x %g mm", cohort->shape.depth,
                   cohort->shape.height, cohort->shape.width, cohort->spacing[0],
                   cohort->spacing[1], cohort->spacing[2]);
    for (int c = 0; c < cohort->shape.channels; c++)
        fgf_buffer_add(out, "; %s [%g, %g] %s", cohort->channel[c].name,
                       cohort->channel[c].window[0], cohort->channel[c].window[1],
                       cohort->channel[c].unit);
    fgf_buffer_add(out, "; %s", cohort->masked ? "masked" : "not masked");
}

/* The trial of the sweep that row `trial` of the file was made of. */
static fgf_status find_row(session *s, fgf_store_reader *reader, size_t trial, size_t *out)
{
    fgf_status status = FGF_OK;
    const char *dataset_hash = fgf_store_reader_attribute(reader, "dataset_hash");
    const char *wanted = fgf_store_reader_trial_id(reader, trial);
    for (*out = 0; dataset_hash && *out < fgf_sweep_trial_count(s->sweep); ++*out) {
        fgf_hash identity;
        FGF_TRY(fgf_trial_identity(fgf_sweep_trial(s->sweep, *out), dataset_hash, &identity));
        if (strcmp(identity.text, wanted) == 0)
            return FGF_OK;
    }
    FGF_FAIL(FGF_DATA, "trial %zu is not in the sweep that the results file holds", trial);
done:
    return status;
}

static fgf_status same_preparation(const session *s, fgf_store_reader *reader)
{
    fgf_status status = FGF_OK;
    char *stored = NULL;
    fgf_buffer here = {0};
    FGF_TRY(read_text_table(reader, "/sweep/preparation", &stored));
    describe_preparation(fgf_dataset_cohort(s->dataset), &here);
    FGF_TRY(here.status);
    if (strcmp(stored, here.text) != 0)
        FGF_FAIL(FGF_DATA,
                 "%s was prepared differently from the cohort that the network was trained on: "
                 "found '%s', expected '%s'; import it with the same settings",
                 s->data_path, here.text, stored);
done:
    fgf_free(stored);
    fgf_buffer_clear(&here);
    return status;
}

static fgf_status transfer(session *s, fgf_store_reader *reader, size_t trial, const char *data)
{
    fgf_status status = FGF_OK;
    size_t *member = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &member));
    FGF_TRY(session_read_sweep(reader, s));
    FGF_TRY(find_row(s, reader, trial, member));
    FGF_TRY(open_data(s, data));
    FGF_TRY(same_preparation(s, reader));
    FGF_TRY(name_trials(s));
    keep_members(s, member, 1);
    member = NULL;
    FGF_TRY(fgf_axes_create(s->sweep, s->dataset, &s->axes));
done:
    fgf_free(member);
    return status;
}

fgf_status session_transfer(fgf_par *par, fgf_store_reader *reader, size_t trial, const char *data,
                            session *out)
{
    fgf_status status = FGF_OK;
    memset(out, 0, sizeof *out);
    out->par = par;
    FGF_TRY(fgf_par_agree(par, transfer(out, reader, trial, data)));
done:
    if (status != FGF_OK)
        session_close(out);
    return status;
}

void session_close(session *s)
{
    fgf_context_destroy(&s->context);
    fgf_axes_destroy(&s->axes);
    fgf_dataset_close(&s->dataset);
    fgf_sweep_destroy(&s->sweep);
    fgf_free(s->identity);
    fgf_free(s->cost);
    fgf_free(s->member);
    fgf_free(s->data_path);
    fgf_free(s->sweep_path);
    fgf_buffer_clear(&s->overrides);
    memset(s, 0, sizeof *s);
}

bool is_trial_failure(fgf_status status)
{
    return status == FGF_NUMERIC || status == FGF_DATA || status == FGF_USAGE ||
           status == FGF_MEMORY;
}

fgf_status commit_row(fgf_store *store, size_t trial, const fgf_row *row, int run_row, bool failed,
                      const char *error)
{
    fgf_status status = FGF_OK;
    const float *weights = NULL;
    float *converted = NULL;
    if (!failed && row->parameters) {
        FGF_TRY(FGF_ALLOCATE(row->parameter_count, &converted));
        for (size_t k = 0; k < row->parameter_count; k++)
            converted[k] = (float)row->parameters[k];
        weights = converted;
    }
    FGF_TRY(fgf_store_commit(store, trial, (const void *const *)row->value, weights, run_row,
                             failed, error));
done:
    fgf_free(converted);
    return status;
}
