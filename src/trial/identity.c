/* What a trial is, and what it may cost: its identity and a guess of its seconds. */
#include "known.h"
#include "trial_internal.h"

#include <stdio.h>
#include <string.h>

/* The checksum of a file that key `key` names. */
static fgf_status sum_file(const char *key, const char *path, unsigned long long *sum)
{
    fgf_status status = FGF_OK;
    FILE *file = fopen(path, "rb");
    char chunk[1 << 14];
    size_t bytes;
    *sum = 0;
    if (!file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened; %s names it", path, key);
    while ((bytes = fread(chunk, 1, sizeof chunk, file)) > 0)
        *sum = fgf_checksum(chunk, bytes, *sum);
    if (ferror(file))
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read", path);
done:
    if (file)
        fclose(file);
    return status;
}

/* Adds the content of a file that key `key` names; `files` [path] remembers it. */
static fgf_status hash_file(const char *key, const char *path, known *files, fgf_buffer *text)
{
    fgf_status status = FGF_OK;
    const uint64_t name = known_key(path, strlen(path));
    unsigned long long sum;
    void *kept = known_find(files, name);
    if (!kept) {
        FGF_TRY(sum_file(key, path, &sum));
        FGF_TRY(known_add(files, name, &kept));
        memcpy(kept, &sum, sizeof sum);
    }
    memcpy(&sum, kept, sizeof sum);
    fgf_buffer_add(text, "%s %016llx\n", key, sum);
    FGF_TRY(text->status);
done:
    return status;
}

/* The files that features read: their maps. */
static fgf_status hash_feature_files(const fgf_config *config, known *files, fgf_buffer *text)
{
    fgf_status status = FGF_OK;
    const fgf_item *items = NULL;
    size_t count = 0;
    FGF_TRY(fgf_config_items(config, "features", &items, &count));
    for (size_t j = 0; j < count; j++) {
        for (const fgf_key *key = items[j].kind->keys; key && key->name; key++) {
            if (key->type != FGF_KEY_FILE)
                continue;
            const char *path;
            memcpy(&path, (const char *)items[j].settings + key->offset, sizeof path);
            if (path[0])
                FGF_TRY(hash_file(items[j].name, path, files, text));
        }
    }
done:
    return status;
}

/* Keys that came later than results that are in use: at these values a trial is what it was before
 * them, so it keeps its name and its row. */
static const struct {
    const char *path, *value;
} later_keys[] = {{"split.centre", "\"\""},
                  {"split.stratify", "[label]"},
                  {"split.repeat", "0"},
                  {"split.inner_folds", "0"},
                  {"split.inner_fold", "-1"},
                  {"train.augment.flip_slice", "false"},
                  {"train.augment.shift_slices", "0"}};
enum { LATER_KEYS = sizeof later_keys / sizeof later_keys[0] };

static fgf_status find_identity(const fgf_config *config, const char *dataset_hash, known *files,
                                fgf_hash *out)
{
    fgf_status status = FGF_OK;
    /* Where a file lies is not what it holds: paths are left out, contents are put in. */
    const char *paths[4 + LATER_KEYS] = {"data.path", "model.weights", "split.file", "score.lanes"};
    size_t left_out = 4;
    fgf_trial_settings settings;
    fgf_buffer text = {0};
    for (size_t k = 0; k < LATER_KEYS; k++) {
        const char *value = fgf_config_value(config, later_keys[k].path);
        if (value && strcmp(value, later_keys[k].value) == 0)
            paths[left_out++] = later_keys[k].path;
    }
    FGF_TRY(fgf_trial_settings_read(config, &settings));
    fgf_buffer_add(&text, "config %s\ndataset %s\n",
                   fgf_config_hash_without(config, paths, left_out).text, dataset_hash);
    if (settings.model.weights[0])
        FGF_TRY(hash_file("model.weights", settings.model.weights, files, &text));
    if (settings.split.kind == FGF_SPLIT_FIXED)
        FGF_TRY(hash_file("split.file", settings.split.file, files, &text));
    FGF_TRY(hash_feature_files(config, files, &text));
    FGF_TRY(text.status);
    *out = fgf_hash_bytes(text.text, text.length);
done:
    fgf_buffer_clear(&text);
    return status;
}

fgf_status fgf_trial_identity(const fgf_config *config, const char *dataset_hash, fgf_hash *out)
{
    known files = {.item_bytes = sizeof(unsigned long long)};
    fgf_status status = find_identity(config, dataset_hash, &files, out);
    known_clear(&files);
    return status;
}

fgf_status fgf_sweep_identities(const fgf_sweep *sweep, const char *dataset_hash, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    known files = {.item_bytes = sizeof(unsigned long long)};
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep); i++)
        FGF_TRY(find_identity(fgf_sweep_trial(sweep, i), dataset_hash, &files, &out[i]));
done:
    known_clear(&files);
    return status;
}

/* Seconds of one case's pass, both ways, through the network of a configuration: the bytes that it
 * moves stand in for its operations. The speed is that of one core of 2024, good to a factor of a
 * few; only the order of trials, their dealing to tasks and the splitting of the last ones hang on
 * it. `passes` remembers the networks, by their layers. */
static fgf_status find_pass(const fgf_config *config, fgf_shape shape, known *passes, double *out)
{
    fgf_status status = FGF_OK;
    const double bytes_per_second = 2e9;
    const fgf_item *items = NULL;
    fgf_model *model = NULL;
    size_t count = 0;
    FGF_TRY(fgf_config_items(config, "model.layers", &items, &count));
    const uint64_t layers = known_key(&items, sizeof items);
    void *kept = known_find(passes, layers);
    if (!kept) {
        FGF_TRY(fgf_trial_model(config, shape, &model));
        const size_t moved =
            2 * fgf_model_activation_count(model) + fgf_model_parameter_count(model);
        *out = (double)(sizeof(float) * moved) / bytes_per_second;
        FGF_TRY(known_add(passes, layers, &kept));
        memcpy(kept, out, sizeof *out);
    }
    memcpy(out, kept, sizeof *out);
done:
    fgf_model_destroy(&model);
    return status;
}

static double find_cost(const fgf_config *config, const fgf_dataset *dataset, known *passes)
{
    fgf_trial_settings s;
    double cases = (double)fgf_dataset_case_count(dataset), pass = 0;
    if (fgf_trial_settings_read(config, &s) != FGF_OK ||
        find_pass(config, fgf_dataset_cohort(dataset)->shape, passes, &pass) != FGF_OK)
        return 1;
    double train = (s.align.lambda > 0 ? 4.0 : 3.0) * (double)s.train.epochs;
    double score = s.score.cases == FGF_SCORE_NONE ? 0 : 2.0 * 50.0;
    return pass * cases * (train + score);
}

double fgf_trial_cost(const fgf_config *config, const fgf_dataset *dataset)
{
    known passes = {.item_bytes = sizeof(double)};
    double cost = find_cost(config, dataset, &passes);
    known_clear(&passes);
    return cost;
}

void fgf_sweep_costs(const fgf_sweep *sweep, const fgf_dataset *dataset, double *out)
{
    known passes = {.item_bytes = sizeof(double)};
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep); i++)
        out[i] = find_cost(fgf_sweep_trial(sweep, i), dataset, &passes);
    known_clear(&passes);
}
