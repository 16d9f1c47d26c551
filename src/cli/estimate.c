/* What a sweep will take: trials by shape, shapes by the clock, the makespan by the scheduler. */
#include "estimate.h"

#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *estimate_source_name(estimate_source source)
{
    static const char *const names[] = {[ESTIMATE_GUESSED] = "guessed",
                                        [ESTIMATE_SCALED] = "scaled",
                                        [ESTIMATE_TIMED] = "timed",
                                        [ESTIMATE_RESULTS] = "results"};
    return names[source];
}

/* ---- shapes ---- */

/* An identity or a shape, and whose it is; sorted, to be looked up. */
typedef struct named {
    fgf_hash name;
    size_t trial;
} named;

static int compare_named(const void *left, const void *right)
{
    const named *a = left, *b = right;
    const int order = strcmp(a->name.text, b->name.text);
    if (order != 0)
        return order;
    return a->trial < b->trial ? -1 : a->trial > b->trial;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const named *)left)->name.text, ((const named *)right)->name.text);
}

/* Numbers the shapes by their first trials. */
static void number_shapes(const named *sorted, estimate *e)
{
    size_t first = 0;
    /* For a moment shape_of holds the first trial of the shape. */
    for (size_t k = 0; k < e->trial_count; k++) {
        if (k == 0 || strcmp(sorted[k].name.text, sorted[k - 1].name.text) != 0)
            first = sorted[k].trial;
        e->shape_of[sorted[k].trial] = first;
    }
    for (size_t i = 0; i < e->trial_count; i++) {
        if (e->shape_of[i] == i) {
            e->shapes[e->shape_count] = (estimate_shape){.trial = i};
            e->shape_of[i] = e->shape_count++;
        } else {
            e->shape_of[i] = e->shape_of[e->shape_of[i]];
        }
        e->shapes[e->shape_of[i]].trials++;
    }
}

static fgf_status find_shapes(const session *s, estimate *e)
{
    fgf_status status = FGF_OK;
    named *sorted = NULL;
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &sorted));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &e->shape_of));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &e->shapes));
    for (size_t i = 0; i < s->trial_count; i++) {
        sorted[i].trial = i;
        FGF_TRY(fgf_trial_shape(session_trial(s, i), &sorted[i].name));
    }
    qsort(sorted, s->trial_count, sizeof *sorted, compare_named);
    number_shapes(sorted, e);
    for (size_t k = 0; k < e->shape_count; k++) {
        fgf_trial_settings settings;
        FGF_TRY(fgf_trial_settings_read(session_trial(s, e->shapes[k].trial), &settings));
        e->patience = e->patience || (settings.train.epochs > 0 && settings.train.patience > 0);
    }
done:
    fgf_free(sorted);
    return status;
}

/* ---- earlier results ---- */

/* A whole dataset of numbers a trial; *out NULL where the file lacks it. */
static fgf_status read_numbers(fgf_store_reader *reader, const char *path, fgf_element type,
                               size_t count, size_t bytes, void **out)
{
    fgf_status status = FGF_OK;
    void *numbers = NULL;
    const size_t index = fgf_store_reader_find_dataset(reader, path);
    *out = NULL;
    if (index == SIZE_MAX)
        goto done;
    const fgf_dataset_view view = fgf_store_reader_dataset(reader, index);
    if (view.type != type || view.bytes != count * bytes)
        goto done;
    FGF_TRY(fgf_allocate_bytes(count, bytes, &numbers));
    FGF_TRY(fgf_store_reader_read(reader, index, numbers));
    *out = numbers;
    numbers = NULL;
done:
    fgf_free(numbers);
    return status;
}

/* The seconds of a finished trial count for its shape, as if one rank had run it. */
static void add_measured(estimate_shape *shape, double seconds, int ranks)
{
    if (!(seconds > 0) || ranks < 1)
        return;
    shape->measured++;
    shape->seconds += (seconds * fgf_group_speed(ranks) - shape->seconds) / (double)shape->measured;
    shape->source = ESTIMATE_RESULTS;
}

/* What the file says of the session's trials. Rows are believed without their checksums: wrong
 * seconds would make a wrong guess and no wrong result. */
static fgf_status take_results(const named *sorted, fgf_store_reader *reader, estimate *e)
{
    fgf_status status = FGF_OK;
    const size_t rows = fgf_store_reader_trial_count(reader);
    double *seconds = NULL;
    int32_t *ranks = NULL;
    FGF_TRY(
        read_numbers(reader, "/trial/seconds", FGF_F64, rows, sizeof *seconds, (void **)&seconds));
    FGF_TRY(read_numbers(reader, "/trial/ranks", FGF_I32, rows, sizeof *ranks, (void **)&ranks));
    for (size_t row = 0; row < rows; row++) {
        const fgf_trial_status said = fgf_store_reader_status(reader, row);
        named key = {.trial = 0};
        if (said != FGF_TRIAL_DONE && said != FGF_TRIAL_FAILED)
            continue;
        snprintf(key.name.text, sizeof key.name.text, "%s", fgf_store_reader_trial_id(reader, row));
        const named *found = bsearch(&key, sorted, e->trial_count, sizeof *sorted, compare_names);
        if (!found || e->done[found->trial])
            continue;
        e->done[found->trial] = true;
        if (said == FGF_TRIAL_FAILED) {
            e->failed_count++;
            continue;
        }
        e->done_count++;
        if (seconds && ranks)
            add_measured(&e->shapes[e->shape_of[found->trial]], seconds[row], ranks[row]);
    }
done:
    fgf_free(seconds);
    fgf_free(ranks);
    return status;
}

static fgf_status read_results(const session *s, const char *path, estimate *e)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    named *sorted = NULL;
    FGF_TRY(fgf_store_reader_open(path, &reader));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &sorted));
    for (size_t i = 0; i < s->trial_count; i++)
        sorted[i] = (named){s->identity[i], i};
    qsort(sorted, s->trial_count, sizeof *sorted, compare_named);
    FGF_TRY(take_results(sorted, reader, e));
done:
    fgf_store_reader_close(&reader);
    fgf_free(sorted);
    return status;
}

/* ---- before the clock starts: on rank 0 ---- */

/* Seconds since this process was started; 0 where the system does not say. */
static double process_age(void)
{
    unsigned long long start = 0;
    struct timespec now;
    FILE *file = fopen("/proc/self/stat", "r");
    const long ticks = sysconf(_SC_CLK_TCK);
    /* The name of the program, in parentheses, may hold spaces; start is number 22. */
    const bool known =
        file && fscanf(file,
                       "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
                       "%*d %*d %*d %*d %*d %*d %llu",
                       &start) == 1;
    if (file)
        fclose(file);
    if (!known || ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        return 0;
    const double age =
        (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - (double)start / (double)ticks;
    return age > 0 ? age : 0;
}

/* The memory of a trial follows from its shape. */
static fgf_status size_memory(const session *s, estimate *e)
{
    fgf_status status = FGF_OK;
    size_t *trial = NULL;
    e->memory_before = resident_peak();
    FGF_TRY(FGF_ALLOCATE(e->shape_count, &trial));
    for (size_t k = 0; k < e->shape_count; k++)
        trial[k] = e->shapes[k].trial;
    FGF_TRY(most_memory(s, trial, e->shape_count, &e->memory_trial, &e->memory));
    e->memory_bytes = e->memory_before + e->memory.peak;
done:
    fgf_free(trial);
    return status;
}

static fgf_status size_file(const session *s, estimate *e)
{
    /* The log of starts and what HDF5 writes for itself, measured; the same for any sweep. */
    const double rest = 0.63e6;
    fgf_status status = FGF_OK;
    results_layout *layout = NULL;
    FGF_TRY(results_layout_create(s, &layout));
    e->file_bytes = results_layout_bytes(layout) + rest;
done:
    results_layout_destroy(&layout);
    return status;
}

/* Whether trials of the sweep need different noise maps, so that a rank may have to draw them anew
 * for each. */
static bool find_noise_changes(const fgf_sweep *sweep)
{
    for (size_t a = 0; a < fgf_sweep_axis_count(sweep); a++) {
        const char *path = fgf_sweep_axis(sweep, a);
        if (strncmp(path, "noise", 5) == 0 || strncmp(path, "omega", 5) == 0)
            return true;
    }
    return false;
}

static fgf_status prepare(const session *s, const estimate_options *options, estimate *e)
{
    fgf_status status = FGF_OK;
    e->startup_seconds = process_age();
    e->trial_count = s->trial_count;
    e->cost = s->cost;
    e->noise_changes = find_noise_changes(s->sweep);
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &e->done));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &e->seconds));
    FGF_TRY(find_shapes(s, e));
    /* A results file that is still to be made holds nothing yet. */
    if (options->results && access(options->results, F_OK) == 0)
        FGF_TRY(read_results(s, options->results, e));
    for (size_t i = 0; i < s->trial_count; i++)
        e->shapes[e->shape_of[i]].left += !e->done[i];
    e->left_count = s->trial_count - e->done_count - e->failed_count;
    FGF_TRY(size_memory(s, e));
    FGF_TRY(size_file(s, e));
done:
    return status;
}

/* ---- after it: on rank 0 ---- */

/* Shapes that were not timed are as slow, by the rough guess, as those that were. */
static void scale_rest(estimate *e)
{
    double seconds = 0, cost = 0;
    for (size_t k = 0; k < e->shape_count; k++) {
        if (e->shapes[k].source != ESTIMATE_TIMED && e->shapes[k].source != ESTIMATE_RESULTS)
            continue;
        seconds += (double)e->shapes[k].trials * e->shapes[k].seconds;
        cost += (double)e->shapes[k].trials * e->cost[e->shapes[k].trial];
    }
    for (size_t k = 0; k < e->shape_count; k++) {
        estimate_shape *shape = &e->shapes[k];
        if (shape->source == ESTIMATE_TIMED || shape->source == ESTIMATE_RESULTS)
            continue;
        shape->source = cost > 0 ? ESTIMATE_SCALED : ESTIMATE_GUESSED;
        shape->seconds = e->cost[shape->trial] * (cost > 0 ? seconds / cost : 1);
    }
}

static void add_up(estimate *e)
{
    scale_rest(e);
    e->startup_seconds += e->load_seconds;
    for (size_t i = 0; i < e->trial_count; i++) {
        e->seconds[i] = e->shapes[e->shape_of[i]].seconds;
        if (e->done[i])
            continue;
        e->trial_seconds += e->seconds[i];
        e->longest_seconds = fmax(e->longest_seconds, e->seconds[i]);
    }
}

fgf_status estimate_create(session *s, const estimate_options *options, estimate *out)
{
    fgf_status status = FGF_OK;
    const bool first = fgf_par_rank(s->par) == 0;
    memset(out, 0, sizeof *out);
    FGF_TRY(fgf_par_agree(s->par, first ? prepare(s, options, out) : FGF_OK));
    if (options->seconds > 0)
        FGF_TRY(estimate_time_shapes(s, options->seconds, out));
    if (first)
        add_up(out);
done:
    if (status != FGF_OK)
        estimate_clear(out);
    return status;
}

void estimate_clear(estimate *e)
{
    fgf_free(e->done);
    fgf_free(e->shape_of);
    fgf_free(e->seconds);
    fgf_free(e->shapes);
    memset(e, 0, sizeof *e);
}

/* ---- runs ---- */

/* What rank 0's thread takes for an answer: a message each way. */
static const double answer_seconds = 20e-6;

fgf_status estimate_run_of(const estimate *e, int ranks, int group_size, estimate_run *out)
{
    fgf_status status = FGF_OK;
    fgf_simulation simulated;
    double *cost = NULL, *seconds = NULL;
    size_t count = 0;
    *out = (estimate_run){.ranks = ranks, .group_size = group_size, .rank_bytes = e->memory_bytes};
    FGF_TRY(FGF_ALLOCATE(e->left_count, &cost));
    FGF_TRY(FGF_ALLOCATE(e->left_count, &seconds));
    for (size_t i = 0; i < e->trial_count; i++) {
        if (e->done[i])
            continue;
        cost[count] = e->cost[i];
        seconds[count++] = e->seconds[i];
    }
    FGF_TRY(
        fgf_schedule_simulate(cost, seconds, count, ranks, group_size, answer_seconds, &simulated));
    out->makespan = e->startup_seconds + simulated.makespan;
    out->core_hours = out->makespan * ranks / 3600;
    out->efficiency = e->trial_seconds / (out->makespan * ranks);
done:
    fgf_free(cost);
    fgf_free(seconds);
    return status;
}

fgf_status estimate_best_run(const estimate *e, int ranks, estimate_run *out)
{
    fgf_status status = FGF_OK;
    /* Less is no reason to turn off what the scheduler chooses by itself. */
    const double gain = 0.98;
    FGF_TRY(estimate_run_of(e, ranks, 0, out));
    /* Fixed groups can gain only where trials do not fill the ranks by themselves. */
    const double share = (double)ranks / fmax(1, (double)e->left_count);
    for (int group = 1; out->efficiency < 0.9 && group <= ranks && group <= 4 * share; group *= 2) {
        estimate_run other;
        FGF_TRY(estimate_run_of(e, ranks, group, &other));
        if (other.makespan < gain * out->makespan)
            *out = other;
    }
done:
    return status;
}
