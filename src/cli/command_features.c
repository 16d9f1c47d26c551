/* fgf features: the features of every case of a dataset as a table, soft and hard side by side. */
#include "feature_table.h"
#include "session.h"

#include "fgf/file_bytes.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OUTPUT,
    SWEEP,
    FEATURES,
    HARD,
    BINS,
    BIN_WIDTH,
    LOWEST,
    REGION,
    DILATE,
    CHANNEL,
    LIST,
    MARKDOWN
};

static const option options[] = {
    {"--output", 'o', "FILE", "the table; - (default) = standard output"},
    {"--sweep", 's', "SWEEP.yaml", "the features of a sweep's first trial, with their settings"},
    {"--features", 'f', "LIST", "only these soft features: names, commas between"},
    {"--hard", 0, "beside|all|none", "hard features: beside their soft ones (default), or all"},
    {"--bins", 0, "N", "of --hard all: grey levels between a region's extremes (default 32)"},
    {"--bin-width", 0, "Q", "of --hard all: grey levels of this width in stored units"},
    {"--lowest", 0, "Q", "with --bin-width: where they begin (default: the region's minimum)"},
    {"--region", 0, "mask|crop", "Omega: each case's mask (default), or the whole crop"},
    {"--dilate", 0, "MM", "the mask, dilated by so much"},
    {"--channel", 0, "N", "of --hard all: the channel, from 0 (default 0)"},
    {"--list", 0, NULL, "no dataset: the kinds of soft features, and their hard ones"},
    {"--markdown", 0, NULL, "with --list: as Markdown"},
    {0}};

/* ---- which features ---- */

/* What fgf features reads: a list of features and nothing else. */
static fgf_schema feature_schema(fgf_schema_list *list)
{
    *list = (fgf_schema_list){.path = "features", .help = "soft features", .least = 1};
    list->kinds = fgf_feature_kinds(&list->kind_count);
    return (fgf_schema){.name = "list of features", .lists = list, .list_count = 1};
}

static bool has_defaults(const fgf_item_kind *kind)
{
    for (const fgf_key *key = kind->keys; key && key->name; key++)
        if (!key->fallback)
            return false;
    return true;
}

/* Every kind with its default settings; a map or a plug-in has none. */
static fgf_status write_default_list(fgf_buffer *out)
{
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    fgf_buffer_add(out, "features: [");
    for (size_t k = 0, put = 0; k < count; k++)
        if (has_defaults(kinds[k]))
            fgf_buffer_add(out, "%s%s", put++ ? ", " : "", kinds[k]->name);
    fgf_buffer_add(out, "]\n");
    return out->status;
}

/* The features asked for: of a sweep, or every kind with settings of the command line. */
static fgf_status read_items(const arguments *given, const fgf_schema *schema, fgf_sweep **sweep,
                             const fgf_item **items, size_t *count)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    if (given->value[SWEEP]) {
        FGF_TRY(fgf_sweep_load(given->value[SWEEP], fgf_trial_schema(), given->override,
                               given->override_count, sweep));
        for (size_t a = 0; a < fgf_sweep_axis_count(*sweep); a++)
            if (strncmp(fgf_sweep_axis(*sweep, a), "features", 8) == 0)
                fgf_warn("%s varies in %s; its first trial's is taken", fgf_sweep_axis(*sweep, a),
                         given->value[SWEEP]);
    } else {
        FGF_TRY(write_default_list(&text));
        FGF_TRY(fgf_sweep_parse(text.text, "features", schema, given->override,
                                given->override_count, sweep));
    }
    FGF_TRY(fgf_config_items(fgf_sweep_trial(*sweep, 0), "features", items, count));
done:
    fgf_buffer_clear(&text);
    return status;
}

/* ---- the command line ---- */

enum { WANTED_MOST = 512 };

/* Cuts "mean,entropy" into names of items. */
static fgf_status read_wanted(char *list, const fgf_item *items, size_t item_count,
                              const char **wanted, size_t *count)
{
    fgf_status status = FGF_OK;
    const char **names = NULL;
    FGF_TRY(FGF_ALLOCATE(item_count, &names));
    for (size_t k = 0; k < item_count; k++)
        names[k] = items[k].name;
    for (char *rest = list, *name; (name = strtok_r(rest, ", ", &rest));) {
        bool known = false;
        for (size_t k = 0; k < item_count && !known; k++)
            known = strcmp(names[k], name) == 0;
        const char *nearest = fgf_nearest_name(name, names, item_count);
        if (!known)
            FGF_FAIL(FGF_USAGE, "--features: there is no feature '%s'%s%s%s", name,
                     nearest ? "; did you mean '" : "; see `fgf features --list`",
                     nearest ? nearest : "", nearest ? "'?" : "");
        if (*count == WANTED_MOST)
            FGF_FAIL(FGF_USAGE, "--features: more than %d names", WANTED_MOST);
        wanted[(*count)++] = name;
    }
done:
    fgf_free(names);
    return status;
}

static fgf_status read_choice(const char *name, const char *text, const char *const *choices,
                              int *out)
{
    fgf_status status = FGF_OK;
    for (*out = 0; choices[*out]; ++*out)
        if (strcmp(choices[*out], text) == 0)
            goto done;
    FGF_FAIL(FGF_USAGE, "%s: found '%s', expected %s or %s", name, text, choices[0], choices[1]);
done:
    return status;
}

/* Grey levels and region. */
static fgf_status read_settings(const arguments *given, feature_table *table, int *channel)
{
    fgf_status status = FGF_OK;
    long number = 0;
    int region = 0;
    const fgf_cohort *cohort = fgf_dataset_cohort(table->dataset);
    table->all = fgf_radiomics_defaults();
    if (given->value[BINS] && given->value[BIN_WIDTH])
        FGF_FAIL(FGF_USAGE, "fgf features: --bins or --bin-width, not both");
    if (given->value[LOWEST] && !given->value[BIN_WIDTH])
        FGF_FAIL(FGF_USAGE, "fgf features: --lowest goes with --bin-width");
    if (given->value[BINS]) {
        FGF_TRY(parse_integer("--bins", given->value[BINS], 1, FGF_RADIOMICS_LEVELS, &number));
        table->all.bins = (int)number;
    }
    if (given->value[BIN_WIDTH]) {
        FGF_TRY(
            parse_real("--bin-width", given->value[BIN_WIDTH], 1e-9, 1e9, &table->all.bin_width));
        table->all.discretisation = FGF_DISCRETISATION_WIDTH;
    }
    if (given->value[LOWEST])
        FGF_TRY(parse_real("--lowest", given->value[LOWEST], -1e9, 1e9, &table->all.lowest));
    if (given->value[REGION])
        FGF_TRY(read_choice("--region", given->value[REGION],
                            (const char *const[]){"mask", "crop", NULL}, &region));
    table->whole = region == 1;
    if (given->value[DILATE])
        FGF_TRY(parse_real("--dilate", given->value[DILATE], 0, 1e4, &table->dilate_mm));
    number = 0;
    if (given->value[CHANNEL])
        FGF_TRY(parse_integer("--channel", given->value[CHANNEL], 0, cohort->shape.channels - 1,
                              &number));
    *channel = (int)number;
    /* Units that are no whole numbers: a thousandth of the window in place of steps of 1. */
    if (strcmp(cohort->channel[number].unit, "HU") != 0)
        table->all.volume_width =
            fabs(cohort->channel[number].window[1] - cohort->channel[number].window[0]) / 1000;
done:
    return status;
}

/* ---- the file ---- */

static void add_field(const char *text, fgf_buffer *out)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fgf_buffer_add(out, "%s", text);
        return;
    }
    fgf_buffer_add(out, "\"");
    for (; *text; text++)
        fgf_buffer_add(out, *text == '"' ? "\"\"" : "%c", *text);
    fgf_buffer_add(out, "\"");
}

/* The shortest decimal that reads back as the same number. */
static void add_number(double value, fgf_buffer *out)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fgf_buffer_add(out, "%s", text);
}

static fgf_status format_table(const feature_table *t, const double *value, const uint8_t *reason,
                               fgf_buffer *out)
{
    fgf_buffer_add(out, "id,patient,centre,label");
    for (size_t k = 0; k < t->column_count; k++) {
        fgf_buffer_add(out, ",");
        add_field(t->column[k].name, out);
    }
    fgf_buffer_add(out, "\n");
    for (size_t i = 0; i < fgf_dataset_case_count(t->dataset); i++) {
        const fgf_case *c = fgf_dataset_case(t->dataset, i);
        const char *const texts[] = {c->id, c->patient, c->centre};
        for (int k = 0; k < 3; k++) {
            add_field(texts[k], out);
            fgf_buffer_add(out, ",");
        }
        if (c->label >= 0)
            fgf_buffer_add(out, "%d", c->label);
        for (size_t k = 0; k < t->column_count; k++) {
            size_t cell = i * t->column_count + k;
            fgf_buffer_add(out, ",");
            if (reason[cell] == 0)
                add_number(value[cell], out);
        }
        fgf_buffer_add(out, "\n");
    }
    return out->status;
}

static fgf_status write_table(const fgf_buffer *table, const char *path)
{
    fgf_status status = FGF_OK;
    if (strcmp(path, "-") != 0)
        return fgf_write_file(path, table->text, table->length, 0666);
    if (fwrite(table->text, 1, table->length, stdout) != table->length || fflush(stdout) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "the table cannot be written: %s", strerror(errno));
done:
    return status;
}

/* How many cells are empty, and why. */
static void tell_missing(const feature_table *t, const uint8_t *reason, const char *left_out)
{
    size_t cells = fgf_dataset_case_count(t->dataset) * t->column_count, counts[256] = {0};
    if (left_out)
        fgf_log("left out, as these images do not have them: %s", left_out);
    for (size_t k = 0; k < cells; k++)
        counts[reason[k]]++;
    for (int r = 1; r < 256; r++)
        if (counts[r] > 0)
            fgf_log("%zu of %zu values are undefined: %s", counts[r], cells,
                    feature_table_reason((uint8_t)r));
}

/* ---- the work ---- */

/* This rank's cases, as it gets to them. */
static fgf_status work_through(const feature_table *t, fgf_share *share, double *value,
                               uint8_t *reason)
{
    fgf_status status = FGF_OK;
    size_t index, count = fgf_dataset_case_count(t->dataset);
    while (fgf_share_take(share, 0, &index)) {
        fgf_progress("features of case %zu of %zu", index + 1, count);
        FGF_TRY(feature_table_row(t, index, value + index * t->column_count,
                                  reason + index * t->column_count));
    }
done:
    fgf_progress("%s", "");
    return status;
}

/* Collective. The tables are whole on every rank. */
static fgf_status compute(fgf_par *par, const feature_table *t, double *value, uint8_t *reason)
{
    fgf_status status = FGF_OK;
    fgf_group *world = fgf_par_world(par);
    fgf_share share = {0};
    size_t count = fgf_dataset_case_count(t->dataset), cells = count * t->column_count;
    FGF_TRY(fgf_share_open(world, count, &share));
    fgf_status mine = work_through(t, &share, value, reason);
    fgf_share_close(&share);
    FGF_TRY(fgf_group_agree(world, mine));
    FGF_TRY(fgf_group_merge(world, value, cells * sizeof *value));
    FGF_TRY(fgf_group_merge(world, reason, cells));
done:
    return status;
}

/* What a run of the command holds. */
typedef struct feature_run {
    fgf_schema schema;
    fgf_schema_list list;
    fgf_sweep *sweep;
    fgf_dataset *dataset;
    feature_table table;
    char *wanted_text;
    fgf_buffer left_out;
    double *value;
    uint8_t *reason;
} feature_run;

static fgf_status prepare(const arguments *given, feature_run *run)
{
    fgf_status status = FGF_OK;
    const fgf_item *items = NULL;
    const char *wanted[WANTED_MOST];
    size_t item_count = 0, wanted_count = 0;
    int hard = HARD_BESIDE, channel = 0;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf features needs one dataset; see `fgf help features`");
    if (given->value[HARD])
        FGF_TRY(read_choice("--hard", given->value[HARD],
                            (const char *const[]){"beside", "all", "none", NULL}, &hard));
    run->schema = feature_schema(&run->list);
    FGF_TRY(read_items(given, &run->schema, &run->sweep, &items, &item_count));
    if (given->value[FEATURES]) {
        FGF_TRY(fgf_copy_text(given->value[FEATURES], &run->wanted_text));
        FGF_TRY(read_wanted(run->wanted_text, items, item_count, wanted, &wanted_count));
    }
    FGF_TRY(fgf_dataset_open(given->operand[0], &run->dataset));
    run->table.dataset = run->dataset;
    FGF_TRY(read_settings(given, &run->table, &channel));
    FGF_TRY(feature_table_plan(&run->table, items, item_count, wanted, wanted_count,
                               (enum hard_choice)hard, channel,
                               !given->value[SWEEP] && !given->value[FEATURES], &run->left_out));
    size_t cells = fgf_dataset_case_count(run->dataset) * run->table.column_count;
    FGF_TRY(FGF_ALLOCATE(cells, &run->value));
    FGF_TRY(FGF_ALLOCATE(cells, &run->reason));
done:
    return status;
}

/* Before any work. */
static fgf_status check_output(const arguments *given, const char *output)
{
    fgf_status status = FGF_OK;
    if (strcmp(output, "-") == 0)
        return FGF_OK;
    FGF_TRY(fgf_output_check(output));
    for (size_t k = 0; k < given->operand_count; k++)
        FGF_TRY(fgf_output_apart(output, given->operand[k], "the dataset that is read"));
    if (given->value[SWEEP])
        FGF_TRY(fgf_output_apart(output, given->value[SWEEP], "the sweep that is read"));
done:
    return status;
}

static fgf_status write_result(const feature_run *run, const char *output)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    FGF_TRY(format_table(&run->table, run->value, run->reason, &text));
    FGF_TRY(write_table(&text, output));
done:
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status run_features(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    feature_run run = {0};
    const char *output = given->value[OUTPUT] ? given->value[OUTPUT] : "-";
    if (given->value[LIST])
        return fgf_par_rank(par) == 0 ? list_features(given->value[MARKDOWN] != NULL) : FGF_OK;
    FGF_TRY(fgf_par_agree(par, check_output(given, output)));
    FGF_TRY(fgf_par_agree(par, prepare(given, &run)));
    FGF_TRY(compute(par, &run.table, run.value, run.reason));
    if (fgf_par_rank(par) == 0)
        status = write_result(&run, output);
    FGF_TRY(fgf_par_agree(par, status));
    tell_missing(&run.table, run.reason, run.left_out.text);
done:
    fgf_free(run.value);
    fgf_free(run.reason);
    fgf_free(run.wanted_text);
    fgf_buffer_clear(&run.left_out);
    feature_table_clear(&run.table);
    fgf_dataset_close(&run.dataset);
    fgf_sweep_destroy(&run.sweep);
    return status;
}

const subcommand command_features = {
    .name = "features",
    .usage = "COHORT.h5 [-o TABLE.csv] [features.NAME.KEY=VALUE ...]",
    .help = "computes the features of every case, soft and hard side by side",
    .options = options,
    .takes_overrides = true,
    .run = run_features,
    .more =
        "Soft features are those of sweeps: differentiable, of the image as the network sees it.\n"
        "Every kind stands in the table with its default settings, or those of --sweep; settings\n"
        "are given as features.entropy.width=5. Hard features are IBSI's, without gradients; "
        "beside\n"
        "a soft feature, as NAME.hard, stands what it becomes as its widths go to 0, in the same\n"
        "unit and with its bins or threshold. Intensities are in stored units. An empty field is "
        "an\n"
        "undefined value; how many there are, and why, is told at the end. Under mpirun the cases\n"
        "are shared out over the ranks; the table is the same.\n"};
