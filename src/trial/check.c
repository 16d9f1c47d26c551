/* The faults of trials that show before they run. */
#include "known.h"
#include "trial_internal.h"

#include "fgf/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One configuration under examination. */
typedef struct examination {
    const fgf_config *config;
    const fgf_dataset *dataset;
    fgf_trial_settings settings;
    fgf_faults *faults;
    known *networks, *splits; /* those without a fault, by layers and by settings */
    fgf_twin *twins;          /* cases that are the same and count as several */
    size_t twin_count;
} examination;

/* Labelled cases of each role and label, and two that should not be apart. */
typedef struct role_count {
    size_t of[FGF_ROLE_COUNT][2];
    bool leaks;
    fgf_twin leak;
    int8_t leak_role[2];
} role_count;

/* Adds "<where key was given>: <fault>" unless the list has that line already: trials of a sweep
 * share most of their faults. */
static void add_line(const examination *e, const char *line, size_t length)
{
    const char *at = e->faults->lines.text;
    while (at && *at) {
        const char *end = strchr(at, '\n');
        if (end && (size_t)(end - at) == length && strncmp(at, line, length) == 0)
            return;
        at = end ? end + 1 : NULL;
    }
    fgf_faults_add(e->faults, "%.*s", (int)length, line);
}

/* The same of a text of one line, or of several, as the faults of a split file are. */
static void add_fault(const examination *e, const char *text)
{
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        add_line(e, text, length);
    }
}

static void fault_at(const examination *e, const char *key, const char *format, ...)
    FGF_PRINTF(3, 4);

static void fault_at(const examination *e, const char *key, const char *format, ...)
{
    char text[FGF_MESSAGE_BYTES], line[2 * FGF_MESSAGE_BYTES];
    const char *where = fgf_config_where(e->config, key);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%s: %s", where ? where : "default", text);
    add_fault(e, line);
}

/* Turns an error of the configuration into a fault; other errors pass. */
static fgf_status as_fault(const examination *e, fgf_status status)
{
    if (status != FGF_USAGE && status != FGF_DATA)
        return status;
    add_fault(e, fgf_last_error()->message);
    return FGF_OK;
}

static void check_noise(const examination *e, size_t chosen)
{
    const fgf_trial_settings *s = &e->settings;
    double sigma[NOISE_KINDS];
    if (s->noise.smooth.count + (s->noise.white ? 1 : 0) > NOISE_KINDS)
        fault_at(e, "noise.smooth", "noise.smooth has %zu kinds, at most %d fit",
                 s->noise.smooth.count, NOISE_KINDS - 1);
    for (size_t k = 0; k < s->noise.smooth.count; k++)
        for (size_t o = 0; o < k; o++)
            if (fabs(s->noise.smooth.values[k] - s->noise.smooth.values[o]) < 1e-4)
                fault_at(e, "noise.smooth", "noise.smooth names %g twice",
                         s->noise.smooth.values[k]);
    if (s->score.cases != FGF_SCORE_NONE && noise_kinds(&s->noise, sigma) == 0)
        fault_at(e, "noise.white",
                 "no noise kind; give noise.smooth a sigma or set noise.white to true");
    if ((size_t)s->noise.draws < chosen)
        fault_at(e, "noise.draws",
                 "noise.draws is %lld; the joint null takes as many maps as there are chosen "
                 "features, %zu",
                 (long long)s->noise.draws, chosen);
}

static fgf_status check_settings(const examination *e)
{
    fgf_status status = FGF_OK;
    const fgf_trial_settings *s = &e->settings;
    const fgf_item *items = NULL;
    size_t features = 0;
    FGF_TRY(fgf_config_items(e->config, "features", &items, &features));
    size_t chosen = s->align.features.count > 0 ? s->align.features.count : features;
    if (s->align.weights.count > 0 && s->align.weights.count != chosen)
        fault_at(e, "align.weights", "align.weights has %zu numbers for %zu chosen features",
                 s->align.weights.count, chosen);
    if (s->train.class_weights.count != 2)
        fault_at(e, "train.class_weights", "train.class_weights has %zu numbers, expected 2",
                 s->train.class_weights.count);
    check_noise(e, chosen);
    /* What the training cases will say is not known yet; any such value shows the other faults. */
    fgf_flow_settings flow = s->flow;
    status = fgf_flow_resolve(&flow, true, 0.5, 0);
    if (status == FGF_USAGE) {
        fault_at(e, "flow.boundary_value", "%s", fgf_last_error()->message);
        status = FGF_OK;
    }
    FGF_TRY(status);
done:
    return status;
}

static bool omega_has(const examination *e, int channel)
{
    const fgf_integers *channels = &e->settings.omega.channels;
    for (size_t k = 0; k < channels->count; k++)
        if (channels->values[k] == channel)
            return true;
    return channels->count == 0;
}

/* Channels of Omega and of the features, against those that the cohort has. */
static fgf_status check_channels(const examination *e)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(e->dataset);
    const fgf_integers *channels = &e->settings.omega.channels;
    feature_set features = {0};
    for (size_t k = 0; k < channels->count; k++)
        if (channels->values[k] >= cohort->shape.channels)
            fault_at(e, "omega.channels",
                     "omega.channels names %lld; the cohort has channels 0 to %d",
                     (long long)channels->values[k], cohort->shape.channels - 1);
    FGF_TRY(
        as_fault(e, feature_set_create(e->config, &e->settings.align, cohort, NULL, &features)));
    for (size_t j = 0; j < features.count; j++)
        if (!omega_has(e, fgf_feature_channel(features.feature[j])))
            fault_at(
                e, "omega.channels", "feature '%s' reads channel %d, which Omega does not have",
                fgf_feature_name(features.feature[j]), fgf_feature_channel(features.feature[j]));
done:
    feature_set_clear(&features);
    return status;
}

/* The split's faults begin with the key that they are about ("split.test_centres: ..."), or with
 * the line of a split file: puts where the key was given before it. */
static fgf_status place_split_fault(const fgf_config *config, fgf_status status)
{
    char key[64];
    if (status != FGF_USAGE || sscanf(fgf_last_error()->message, "%63[a-z_.]", key) != 1 ||
        strncmp(key, "split", 5) != 0)
        return status;
    const char *where = fgf_config_where(config, key);
    if (!where || strcmp(where, "default") == 0)
        where = fgf_config_where(config, "split.kind");
    return fgf_prefix_error("%s", where);
}

static void count_roles(const examination *e, const int8_t *role, role_count *out)
{
    fgf_twin leak = {0, 0};
    *out = (role_count){.leaks = fgf_split_leak(e->twins, e->twin_count, role, &leak)};
    out->leak = leak;
    out->leak_role[0] = role[leak.first];
    out->leak_role[1] = role[leak.second];
    for (size_t i = 0; i < fgf_dataset_case_count(e->dataset); i++)
        if (role[i] != FGF_ROLE_OUT)
            out->of[role[i]][fgf_dataset_case(e->dataset, i)->label]++;
}

/* An image that the network was trained on tests nothing, whatever the case is called. */
static void check_leak(const examination *e, const role_count *count)
{
    if (count->leaks)
        fault_at(e, "split.kind",
                 "split: cases %s (%s) and %s (%s) are the same image under two patients; give "
                 "them one patient, or leave one out; `fgf check` of the dataset lists all such "
                 "cases",
                 fgf_dataset_case(e->dataset, count->leak.first)->id,
                 fgf_role_name((fgf_role)count->leak_role[0]),
                 fgf_dataset_case(e->dataset, count->leak.second)->id,
                 fgf_role_name((fgf_role)count->leak_role[1]));
}

/* Of a sweep's splits it may be one alone, an inner fold say: which is told. */
static void refuse_training(const examination *e, const role_count *count, int label)
{
    fgf_buffer split = {0};
    fgf_split_describe(&e->settings.split, &split);
    if (split.status == FGF_OK)
        fault_at(e, "split.kind",
                 "split: the training part has no case with label %d (and %zu with label %d) in "
                 "%s; both classes are needed to train",
                 label, count->of[FGF_ROLE_TRAIN][1 - label], 1 - label, split.text);
    else
        e->faults->lines.status = split.status;
    fgf_buffer_clear(&split);
}

/* Training needs both classes; early stopping needs cases to watch. */
static void check_roles(const examination *e, const role_count *count)
{
    const fgf_train_settings *train = &e->settings.train;
    if (train->epochs == 0)
        return;
    check_leak(e, count);
    for (int label = 0; label <= 1; label++)
        if (count->of[FGF_ROLE_TRAIN][label] == 0)
            refuse_training(e, count, label);
    const size_t *watched = count->of[FGF_ROLE_VALIDATION];
    if (train->patience > 0 && watched[0] + watched[1] == 0)
        fault_at(e, "train.patience",
                 "train.patience is %lld, but the split has no validation case to watch",
                 (long long)train->patience);
    else if (train->patience > 0 && train->monitor == FGF_MONITOR_AUC &&
             (watched[0] == 0 || watched[1] == 0))
        fault_at(e, "train.monitor",
                 "train.monitor is auc, but all validation cases have one label");
}

static fgf_status check_network(const examination *e)
{
    fgf_status status = FGF_OK;
    const fgf_item *items = NULL;
    fgf_model *model = NULL;
    void *kept = NULL;
    size_t count = 0;
    FGF_TRY(fgf_config_items(e->config, "model.layers", &items, &count));
    const uint64_t layers = known_key(&items, sizeof items);
    if (known_find(e->networks, layers))
        return FGF_OK;
    status = fgf_trial_model(e->config, fgf_dataset_cohort(e->dataset)->shape, &model);
    if (status == FGF_OK)
        FGF_TRY(known_add(e->networks, layers, &kept));
    FGF_TRY(as_fault(e, status));
done:
    fgf_model_destroy(&model);
    return status;
}

/* *known_count NULL where the split has a fault. */
static fgf_status check_split(const examination *e, const role_count **known_count)
{
    fgf_status status = FGF_OK;
    const fgf_split_settings *split = &e->settings.split;
    const uint64_t settings = known_key(split, sizeof *split);
    int8_t *role = NULL;
    void *kept = known_find(e->splits, settings);
    *known_count = kept;
    if (kept)
        return FGF_OK;
    FGF_TRY(FGF_ALLOCATE(fgf_dataset_case_count(e->dataset), &role));
    status = fgf_split_assign(split, e->dataset, role);
    if (status != FGF_OK) {
        FGF_TRY(as_fault(e, place_split_fault(e->config, status)));
        goto done;
    }
    /* Tables would take such trials for those that choose. */
    if (split->inner_folds == 0 && split->inner_fold == 0)
        fault_at(e, "split.inner_fold", "split.inner_fold: 0, but split.inner_folds is 0");
    FGF_TRY(known_add(e->splits, settings, &kept));
    count_roles(e, role, kept);
    *known_count = kept;
done:
    fgf_free(role);
    return status;
}

static fgf_status check_trial(examination *e)
{
    fgf_status status = FGF_OK;
    const role_count *count = NULL;
    FGF_TRY(fgf_trial_settings_read(e->config, &e->settings));
    FGF_TRY(check_settings(e));
    FGF_TRY(check_channels(e));
    FGF_TRY(check_network(e));
    FGF_TRY(check_split(e, &count));
    if (count)
        check_roles(e, count);
    FGF_TRY(e->faults->lines.status);
done:
    return status;
}

fgf_status fgf_sweep_check(const fgf_sweep *sweep, const fgf_dataset *dataset, fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    known networks = {.item_bytes = 1}, splits = {.item_bytes = sizeof(role_count)};
    examination e = {
        .dataset = dataset, .faults = faults, .networks = &networks, .splits = &splits};
    FGF_TRY(fgf_split_twins(dataset, &e.twins, &e.twin_count));
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep); i++) {
        e.config = fgf_sweep_trial(sweep, i);
        FGF_TRY(check_trial(&e));
    }
done:
    known_clear(&networks);
    known_clear(&splits);
    fgf_free(e.twins);
    return status;
}
