/* What is known of a trial before it runs: its identity, its faults, its cost. */
#include "trial_internal.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

static fgf_status hash_file(const char *path, fgf_buffer *text)
{
    fgf_status status = FGF_OK;
    FILE *file = fopen(path, "rb");
    char chunk[1 << 14];
    size_t bytes;
    unsigned long long sum = 0;
    if (!file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened; model.weights names it", path);
    while ((bytes = fread(chunk, 1, sizeof chunk, file)) > 0)
        sum = fgf_checksum(chunk, bytes, sum);
    if (ferror(file))
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read", path);
    fgf_buffer_add(text, "weights %016llx\n", sum);
    FGF_TRY(text->status);
done:
    if (file)
        fclose(file);
    return status;
}

fgf_status fgf_trial_identity(const fgf_config *config, const char *dataset_hash, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    /* Where a file lies is not what it holds: paths are left out, contents are put in. */
    static const char *const paths[] = {"data.path", "model.weights", "score.lanes"};
    fgf_trial_settings settings;
    fgf_buffer text = {0};
    FGF_TRY(fgf_trial_settings_read(config, &settings));
    fgf_buffer_add(&text, "config %s\ndataset %s\n",
                   fgf_config_hash_without(config, paths, 3).text, dataset_hash);
    if (settings.model.weights[0])
        FGF_TRY(hash_file(settings.model.weights, &text));
    FGF_TRY(text.status);
    *out = fgf_hash_bytes(text.text, text.length);
done:
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status check_settings(const fgf_config *config, const fgf_trial_settings *s)
{
    fgf_status status = FGF_OK;
    double sigma[NOISE_KINDS];
    const fgf_item *items = NULL;
    size_t features = 0;
    FGF_TRY(fgf_config_items(config, "features", &items, &features));
    size_t chosen = s->align.features.count > 0 ? s->align.features.count : features;
    if (s->align.weights.count > 0 && s->align.weights.count != chosen)
        FGF_FAIL(FGF_USAGE, "%s: align.weights has %zu numbers for %zu chosen features",
                 fgf_config_where(config, "align.weights"), s->align.weights.count, chosen);
    if (s->noise.smooth.count + (s->noise.white ? 1 : 0) > NOISE_KINDS)
        FGF_FAIL(FGF_USAGE, "%s: noise.smooth has %zu kinds, at most %d fit",
                 fgf_config_where(config, "noise.smooth"), s->noise.smooth.count, NOISE_KINDS - 1);
    if (s->score.cases != FGF_SCORE_NONE && noise_kinds(&s->noise, sigma) == 0)
        FGF_FAIL(FGF_USAGE,
                 "%s: no noise kind; give noise.smooth a sigma or set noise.white to true",
                 fgf_config_where(config, "noise.white"));
    if (s->train.class_weights.count != 2)
        FGF_FAIL(FGF_USAGE, "%s: train.class_weights has %zu numbers, expected 2",
                 fgf_config_where(config, "train.class_weights"), s->train.class_weights.count);
done:
    return status;
}

/* The split's faults begin with the key that they are about ("split.test_centres: ..."): puts where
 * that key was given before them. */
static fgf_status place_split_fault(const fgf_config *config, fgf_status status)
{
    char key[64];
    if (status != FGF_USAGE || sscanf(fgf_last_error()->message, "%63[a-z_.]:", key) != 1)
        return status;
    const char *where = fgf_config_where(config, key);
    if (!where || strcmp(where, "default") == 0)
        where = fgf_config_where(config, "split.kind");
    return fgf_prefix_error("%s", where);
}

fgf_status fgf_trial_check(const fgf_config *config, const fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    fgf_trial_settings settings;
    feature_set features = {0};
    fgf_model *model = NULL;
    int8_t *role = NULL;
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    FGF_TRY(fgf_trial_settings_read(config, &settings));
    FGF_TRY(check_settings(config, &settings));
    for (size_t k = 0; k < settings.omega.channels.count; k++)
        if (settings.omega.channels.values[k] >= cohort->shape.channels)
            FGF_FAIL(FGF_USAGE, "%s: omega.channels names channel %lld, the cohort has %d",
                     fgf_config_where(config, "omega.channels"),
                     (long long)settings.omega.channels.values[k], cohort->shape.channels);
    FGF_TRY(fgf_trial_model(config, cohort->shape, &model));
    FGF_TRY(feature_set_create(config, &settings.align, cohort, NULL, &features));
    FGF_TRY(FGF_ALLOCATE(fgf_dataset_case_count(dataset), &role));
    FGF_TRY(place_split_fault(config, fgf_split_assign(&settings.split, dataset, role)));
    bool trains = false;
    for (size_t i = 0; i < fgf_dataset_case_count(dataset); i++)
        trains = trains || role[i] == FGF_ROLE_TRAIN;
    if (settings.train.epochs > 0 && !trains)
        FGF_FAIL(FGF_USAGE, "%s: the split leaves no case to train on",
                 fgf_config_where(config, "split.kind"));
done:
    feature_set_clear(&features);
    fgf_model_destroy(&model);
    fgf_free(role);
    return status;
}

double fgf_trial_cost(const fgf_config *config, const fgf_dataset *dataset)
{
    fgf_trial_settings s;
    fgf_model *model = NULL;
    double cases = (double)fgf_dataset_case_count(dataset);
    double cost = 1;
    if (fgf_trial_settings_read(config, &s) != FGF_OK ||
        fgf_trial_model(config, fgf_dataset_cohort(dataset)->shape, &model) != FGF_OK)
        return cost;
    /* Passes of the network, weighed by what a tape keeps: a stand-in for its operations. The speed
     * is that of one core of 2024, good to a factor of a few; only the order of trials and the
     * splitting of the last ones hang on it. */
    const double bytes_per_second = 2e9;
    double pass = (double)fgf_tape_bytes(model, 1, FGF_PASSES_INPUT) / bytes_per_second;
    double train = (s.align.lambda > 0 ? 4.0 : 3.0) * (double)s.train.epochs;
    double score = s.score.cases == FGF_SCORE_NONE ? 0 : 2.0 * 50.0;
    cost = pass * cases * (train + score);
    fgf_model_destroy(&model);
    return cost;
}
