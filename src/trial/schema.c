/* The schema of sweep files: every section and list, composed from the tables of the folders that
 * own the settings. */
#include "trial_internal.h"

#include <string.h>

#define KEY(section, member) offsetof(section, member)

struct data_section {
    const char *path;
};

static const fgf_key data_keys[] = {{.name = "path",
                                     .type = FGF_KEY_FILE,
                                     .offset = 0,
                                     .unit = "",
                                     .help = "dataset file made by `fgf import` or `fgf phantom`"},
                                    {.name = NULL}};

struct model_section {
    const char *weights;
    fgf_texts names;
};

static const fgf_key model_keys[] = {
    {.name = "weights",
     .type = FGF_KEY_FILE,
     .offset = KEY(struct model_section, weights),
     .fallback = "\"\"",
     .unit = "",
     .help = "HDF5 file of weights to start from; with train.epochs 0 they are scored as they are"},
    {.name = "names",
     .type = FGF_KEY_TEXTS,
     .offset = KEY(struct model_section, names),
     .fallback = "[]",
     .unit = "",
     .help = "datasets of that file in the order of the model's arrays; empty: matched by name"},
    {.name = NULL}};

static const fgf_key train_keys[] = {
    {.name = "epochs",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_train_settings, epochs),
     .fallback = "40",
     .least = 0,
     .greatest = 1e6,
     .unit = "epochs",
     .help = "passes over the training cases; 0 = no training"},
    {.name = "batch",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_train_settings, batch),
     .fallback = "32",
     .least = 1,
     .greatest = 1e6,
     .unit = "cases",
     .help = "cases a step"},
    {.name = "microbatch",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_train_settings, microbatch),
     .fallback = "4",
     .least = 1,
     .greatest = 4096,
     .unit = "cases",
     .help = "cases of one pass: what ranks share, and the leaves of the summation order"},
    {.name = "seed",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_train_settings, seed),
     .fallback = "1",
     .least = 0,
     .greatest = 9e15,
     .unit = "",
     .help = "of initial weights, batch order, augmentation and dropout"},
    {.name = "balanced",
     .type = FGF_KEY_BOOL,
     .offset = KEY(fgf_train_settings, balanced),
     .fallback = "false",
     .unit = "",
     .help = "weigh each class by n / (2 n_class) of the training cases"},
    {.name = "class_weights",
     .type = FGF_KEY_REALS,
     .offset = KEY(fgf_train_settings, class_weights),
     .fallback = "[1, 1]",
     .least = 0,
     .greatest = 1e6,
     .unit = "1",
     .help = "weights of the loss for label 0 and label 1"},
    {.name = "patience",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_train_settings, patience),
     .fallback = "0",
     .least = 0,
     .greatest = 1e6,
     .unit = "epochs",
     .help = "stop after so many epochs without a better monitor and keep the best; 0 = never"},
    {.name = "monitor",
     .type = FGF_KEY_CHOICE,
     .offset = KEY(fgf_train_settings, monitor),
     .fallback = "loss",
     .choices = "loss|auc",
     .unit = "",
     .help = "what of the validation cases early stopping watches"},
    {.name = NULL}};

static const fgf_key align_keys[] = {
    {.name = "lambda",
     .type = FGF_KEY_REAL,
     .offset = KEY(fgf_regularizer_settings, lambda),
     .fallback = "0",
     .least = 0,
     .greatest = 1e6,
     .unit = "1",
     .help = "weight of the alignment regularizer R; 0 = the plain network"},
    {.name = "form",
     .type = FGF_KEY_CHOICE,
     .offset = KEY(fgf_regularizer_settings, form),
     .fallback = "joint",
     .choices = "joint|per_feature",
     .unit = "",
     .help = "R = 1 - A of all chosen features, or the weighted sum of 1 - squared cosine"},
    {.name = "features",
     .type = FGF_KEY_TEXTS,
     .offset = KEY(fgf_regularizer_settings, features),
     .fallback = "[]",
     .unit = "",
     .help = "names of the features of R and of the joint score; empty = all"},
    {.name = "weights",
     .type = FGF_KEY_REALS,
     .offset = KEY(fgf_regularizer_settings, weights),
     .fallback = "[]",
     .least = 0,
     .greatest = 1e6,
     .unit = "1",
     .help = "form per_feature: the weight of each chosen feature; empty = 1 each"},
    {.name = "warmup_epochs",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_regularizer_settings, warmup_epochs),
     .fallback = "0",
     .least = 0,
     .greatest = 1e6,
     .unit = "epochs",
     .help = "lambda rises linearly from 0 over so many epochs"},
    {.name = NULL}};

static const fgf_key omega_keys[] = {
    {.name = "region",
     .type = FGF_KEY_CHOICE,
     .offset = KEY(fgf_omega_settings, region),
     .fallback = "mask",
     .choices = "mask|crop",
     .unit = "",
     .help = "pixels that may vary and over which agreement is measured"},
    {.name = "dilate_mm",
     .type = FGF_KEY_REAL,
     .offset = KEY(fgf_omega_settings, dilate_mm),
     .fallback = "0",
     .least = 0,
     .greatest = 1000,
     .unit = "mm",
     .help = "region mask: the mask grown by so much"},
    {.name = "channels",
     .type = FGF_KEY_INTEGERS,
     .offset = KEY(fgf_omega_settings, channels),
     .fallback = "[]",
     .least = 0,
     .greatest = 15,
     .unit = "",
     .help = "channels of Omega; empty = all"},
    {.name = NULL}};

static const fgf_key noise_keys[] = {
    {.name = "seed",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_noise_plan, seed),
     .fallback = "1",
     .least = 0,
     .greatest = 9e15,
     .unit = "",
     .help = "of the noise maps"},
    {.name = "draws",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_noise_plan, draws),
     .fallback = "999",
     .least = 1,
     .greatest = 100000,
     .unit = "maps",
     .help = "M, noise maps of each kind"},
    {.name = "white",
     .type = FGF_KEY_BOOL,
     .offset = KEY(fgf_noise_plan, white),
     .fallback = "true",
     .unit = "",
     .help = "use white noise (an easy bar: see the method)"},
    {.name = "smooth",
     .type = FGF_KEY_REALS,
     .offset = KEY(fgf_noise_plan, smooth),
     .fallback = "[2]",
     .least = 0.1,
     .greatest = 100,
     .unit = "px",
     .help = "sigma of the Gaussian that blurs the noise; a kind for each"},
    {.name = NULL}};

static const fgf_key score_keys[] = {
    {.name = "cases",
     .type = FGF_KEY_CHOICE,
     .offset = KEY(fgf_score_settings, cases),
     .fallback = "all",
     .choices = "all|test|none",
     .unit = "",
     .help = "which cases get a flow; the cohort test uses the test cases where there are any"},
    {.name = "unlabelled",
     .type = FGF_KEY_BOOL,
     .offset = KEY(fgf_score_settings, unlabelled),
     .fallback = "false",
     .unit = "",
     .help = "give cases without a label, which are in no part of the split, a flow too"},
    {.name = "lanes",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_score_settings, lanes),
     .fallback = "16",
     .least = 1,
     .greatest = 4096,
     .unit = "cases",
     .help = "flows advanced together in one pass; changes speed and memory, not results"},
    {.name = "resamples",
     .type = FGF_KEY_INTEGER,
     .offset = KEY(fgf_score_settings, resamples),
     .fallback = "999",
     .least = 0,
     .greatest = 1e6,
     .unit = "1",
     .help = "bootstrap resamples of the effect sizes' intervals"},
    {.name = NULL}};

struct output_section {
    int weights;
};

static const fgf_key output_keys[] = {{.name = "weights",
                                       .type = FGF_KEY_CHOICE,
                                       .offset = 0,
                                       .fallback = "all",
                                       .choices = "none|all",
                                       .unit = "",
                                       .help = "keep the trained networks in the results file"},
                                      {.name = NULL}};

enum { SECTION_COUNT = 14 };

static fgf_schema_section sections[SECTION_COUNT];
static fgf_schema_list lists[2];
static fgf_schema schema;

const fgf_schema *fgf_trial_schema(void)
{
    const fgf_schema_section all[SECTION_COUNT] = {
        {"data", data_keys, "the cohort", true},
        {"model", model_keys, "the network", true},
        {"model.initialize", fgf_initialize_keys, "initial weights", true},
        {"train", train_keys, "training", true},
        {"train.optimizer", fgf_optimizer_keys, "parameter updates", true},
        {"train.augment", fgf_augment_keys, "random changes of the training cases", true},
        {"split", fgf_split_keys, "which cases train, validate and test", true},
        {"align", align_keys, "the alignment regularizer", true},
        {"agreement", fgf_align_keys, "numerical limits of the agreement scores", true},
        {"omega", omega_keys, "the pixels that inner products run over", true},
        {"flow", fgf_flow_keys, "the gradient flow", true},
        {"noise", noise_keys, "the noise baseline", true},
        {"score", score_keys, "scoring", true},
        {"output", output_keys, "what the results file keeps", false},
    };
    memcpy(sections, all, sizeof all);
    size_t count = 0;
    lists[0].path = "model.layers";
    lists[0].help = "layers in order; the last is dense with one unit";
    lists[0].least = 1;
    lists[0].kinds = fgf_layer_kinds(&count);
    lists[0].kind_count = count;
    lists[1].path = "features";
    lists[1].help = "interpretable features";
    lists[1].least = 1;
    lists[1].kinds = fgf_feature_kinds(&count);
    lists[1].kind_count = count;
    schema = (fgf_schema){"sweep", sections, SECTION_COUNT, lists, 2, true};
    return &schema;
}

fgf_status fgf_trial_settings_read(const fgf_config *config, fgf_trial_settings *out)
{
    fgf_status status = FGF_OK;
    memset(out, 0, sizeof *out);
    FGF_TRY(fgf_config_section(config, "data", &out->data));
    FGF_TRY(fgf_config_section(config, "model", &out->model));
    FGF_TRY(fgf_config_section(config, "model.initialize", &out->initialize));
    FGF_TRY(fgf_config_section(config, "train", &out->train));
    FGF_TRY(fgf_config_section(config, "train.optimizer", &out->optimizer));
    FGF_TRY(fgf_config_section(config, "train.augment", &out->augment));
    FGF_TRY(fgf_config_section(config, "split", &out->split));
    FGF_TRY(fgf_config_section(config, "align", &out->align));
    FGF_TRY(fgf_config_section(config, "agreement", &out->agreement));
    FGF_TRY(fgf_config_section(config, "omega", &out->omega));
    FGF_TRY(fgf_config_section(config, "flow", &out->flow));
    FGF_TRY(fgf_config_section(config, "noise", &out->noise));
    FGF_TRY(fgf_config_section(config, "score", &out->score));
    FGF_TRY(fgf_config_section(config, "output", &out->output));
done:
    return status;
}

fgf_status fgf_trial_model(const fgf_config *config, fgf_shape shape, fgf_model **out)
{
    fgf_status status = FGF_OK;
    const fgf_item *items = NULL;
    size_t count = 0;
    *out = NULL;
    FGF_TRY(fgf_config_items(config, "model.layers", &items, &count));
    FGF_TRY(fgf_model_create(items, count, shape, out));
done:
    return status;
}
