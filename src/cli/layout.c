/* The layout of a results file: the columns of the trials, and the tables that explain their axes.
 * The scales themselves (/case/id, /feature/name, /noise/kind) the store makes of the labels. */
#include "session.h"

#include "fgf/memory.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES_MOST = 40, SCHEMA_VERSION = 1, FEATURE_BYTES = 64 };

struct results_layout {
    fgf_layout layout;
    fgf_table table[TABLES_MOST];
    size_t table_count;
    void *owned[TABLES_MOST]; /* copies that tables point to */
    size_t owned_count;
    fgf_attribute attribute[8];
    const char **case_label;
    fgf_model_block *block;  /* [block_count] */
    fgf_buffer *description; /* [block_count] */
    fgf_buffer preparation;
    char task[32];
    size_t *trial_block, *trial_row;
};

static void add_table(results_layout *l, fgf_table table)
{
    l->table[l->table_count++] = table;
}

/* A block of zeros that lives as long as the layout. */
static fgf_status own(results_layout *l, size_t count, size_t size, void **out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_allocate_bytes(count, size, out));
    l->owned[l->owned_count++] = *out;
done:
    return status;
}

static void add_text(results_layout *l, const char *path, const char *text, const char *long_name)
{
    add_table(l, (fgf_table){.path = path,
                             .type = FGF_TEXT,
                             .text_bytes = strlen(text) + 1,
                             .rank = 0,
                             .data = text,
                             .unit = "",
                             .long_name = long_name});
}

/* A column of fixed-length texts along `scale`. */
static fgf_status add_texts(results_layout *l, const char *path, const char *const *texts,
                            size_t count, size_t bytes, const char *scale, const char *long_name)
{
    fgf_status status = FGF_OK;
    char *block = NULL;
    FGF_TRY(own(l, count, bytes, (void **)&block));
    for (size_t i = 0; i < count; i++)
        strncpy(block + i * bytes, texts[i], bytes - 1);
    add_table(l, (fgf_table){.path = path,
                             .type = FGF_TEXT,
                             .text_bytes = bytes,
                             .rank = 1,
                             .extent = {count},
                             .data = block,
                             .unit = "",
                             .long_name = long_name,
                             .scale = {strcmp(path, scale) == 0 ? NULL : scale},
                             .is_scale = strcmp(path, scale) == 0});
done:
    return status;
}

/* /case/...: what the dataset knows of each case, so that results stand alone. */
static fgf_status add_cases(results_layout *l, const fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    size_t count = fgf_dataset_case_count(dataset);
    const char **patient = NULL, **centre = NULL;
    int8_t *label = NULL;
    int64_t *pixels = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &l->case_label));
    FGF_TRY(FGF_ALLOCATE(count, &patient));
    FGF_TRY(FGF_ALLOCATE(count, &centre));
    FGF_TRY(own(l, count, sizeof *label, (void **)&label));
    FGF_TRY(own(l, count, sizeof *pixels, (void **)&pixels));
    for (size_t i = 0; i < count; i++) {
        const fgf_case *c = fgf_dataset_case(dataset, i);
        l->case_label[i] = c->id;
        patient[i] = c->patient;
        centre[i] = c->centre;
        label[i] = c->label;
        pixels[i] = c->mask_pixels;
    }
    FGF_TRY(add_texts(l, "/case/patient", patient, count, FGF_CASE_ID, FGF_SCALE_CASE, "patient"));
    FGF_TRY(add_texts(l, "/case/centre", centre, count, FGF_CASE_TEXT, FGF_SCALE_CASE, "centre"));
    add_table(l, (fgf_table){.path = "/case/label",
                             .type = FGF_I8,
                             .rank = 1,
                             .extent = {count},
                             .data = label,
                             .unit = "0 no event, 1 event, -1 unknown",
                             .long_name = "label",
                             .scale = {FGF_SCALE_CASE}});
    add_table(l, (fgf_table){.path = "/case/mask_pixels",
                             .type = FGF_I64,
                             .rank = 1,
                             .extent = {count},
                             .data = pixels,
                             .unit = "pixels",
                             .long_name = "pixels in the mask",
                             .scale = {FGF_SCALE_CASE}});
done:
    fgf_free(patient);
    fgf_free(centre);
    return status;
}

static fgf_status add_axes(results_layout *l, const fgf_axes *axes)
{
    fgf_status status = FGF_OK;
    static const char *const undefined[] = {
#define FGF_UNDEFINED_ROW(name, text) text,
        FGF_UNDEFINED_TABLE(FGF_UNDEFINED_ROW)
#undef FGF_UNDEFINED_ROW
    };
    size_t reasons = sizeof undefined / sizeof *undefined;
    size_t features = axes->length[FGF_AXIS_FEATURE];
    FGF_TRY(add_texts(l, "/feature/unit", (const char *const *)axes->feature_unit, features,
                      FEATURE_BYTES, FGF_SCALE_FEATURE, "unit of the feature"));
    FGF_TRY(add_texts(l, "/feature/undefined", undefined, reasons, FEATURE_BYTES,
                      "/feature/undefined", "meaning of the codes of /alignment/undefined"));
done:
    return status;
}

/* The block of the architecture of a trial's network, made if it is new. */
static fgf_status find_block(results_layout *l, const fgf_config *config, fgf_shape shape,
                             size_t *out)
{
    fgf_status status = FGF_OK;
    fgf_model *model = NULL;
    fgf_buffer text = {0};
    fgf_model_block *block = l->block;
    FGF_TRY(fgf_trial_model(config, shape, &model));
    fgf_model_describe(model, &text);
    FGF_TRY(text.status);
    fgf_hash hash = fgf_hash_bytes(text.text, text.length);
    for (*out = 0; *out < l->layout.block_count; ++*out, ++block)
        if (strcmp(block->architecture.text, hash.text) == 0)
            goto done;
    l->description[*out] = text;
    memset(&text, 0, sizeof text);
    *block = (fgf_model_block){.architecture = hash,
                               .parameter_count = fgf_model_parameter_count(model),
                               .layer_table = l->description[*out].text};
    l->layout.block_count++;
done:
    fgf_buffer_clear(&text);
    fgf_model_destroy(&model);
    return status;
}

/* Trials by the list of layers that their configuration has; equal lists mostly are one. */
typedef struct layered_trial {
    const fgf_item *layers;
    size_t trial;
} layered_trial;

static int by_layers(const void *a, const void *b)
{
    const layered_trial *x = a, *y = b;
    if (x->layers != y->layers)
        return (uintptr_t)x->layers < (uintptr_t)y->layers ? -1 : 1;
    return x->trial < y->trial ? -1 : 1;
}

/* first[i]: the first trial that has the layers of trial i. */
static fgf_status find_first(const session *s, size_t *first)
{
    fgf_status status = FGF_OK;
    layered_trial *sorted = NULL;
    size_t count = 0;
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &sorted));
    for (size_t i = 0; i < s->trial_count; i++) {
        sorted[i].trial = i;
        FGF_TRY(fgf_config_items(session_trial(s, i), "model.layers", &sorted[i].layers, &count));
    }
    qsort(sorted, s->trial_count, sizeof *sorted, by_layers);
    for (size_t k = 0; k < s->trial_count; k++) {
        const bool same = k > 0 && sorted[k].layers == sorted[k - 1].layers;
        first[sorted[k].trial] = same ? first[sorted[k - 1].trial] : sorted[k].trial;
    }
done:
    fgf_free(sorted);
    return status;
}

/* The architectures of the sweep, each once, and the weights row of every trial. */
static fgf_status add_models(results_layout *l, const session *s)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = fgf_dataset_cohort(s->dataset)->shape;
    size_t *first = NULL;
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &l->block));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &l->description));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &l->trial_block));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &l->trial_row));
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &first));
    l->layout.blocks = l->block;
    l->layout.trial_block = l->trial_block;
    l->layout.trial_weights_row = l->trial_row;
    FGF_TRY(find_first(s, first));
    for (size_t i = 0; i < s->trial_count; i++) {
        fgf_trial_settings settings;
        size_t *block = &l->trial_block[i];
        if (first[i] == i)
            FGF_TRY(find_block(l, session_trial(s, i), shape, block));
        else
            *block = l->trial_block[first[i]];
        FGF_TRY(fgf_config_section(session_trial(s, i), "output", &settings.output));
        l->trial_row[i] =
            settings.output.weights == FGF_KEEP_ALL ? l->block[*block].trial_count++ : SIZE_MAX;
    }
done:
    fgf_free(first);
    return status;
}

fgf_status results_layout_create(const session *s, results_layout **out)
{
    fgf_status status = FGF_OK;
    results_layout *l = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &l));
    add_text(l, "/sweep/yaml", fgf_sweep_text(s->sweep), "the sweep as it was read");
    add_text(l, "/sweep/overrides", s->overrides.text ? s->overrides.text : "",
             "key=value of the command line, a line each");
    add_text(l, "/sweep/path", s->sweep_path, "where the sweep was read");
    add_text(l, "/sweep/data", s->data_path, "where the dataset was read");
    describe_preparation(fgf_dataset_cohort(s->dataset), &l->preparation);
    FGF_TRY(l->preparation.status);
    add_text(l, "/sweep/preparation", l->preparation.text, "how the images were prepared");
    if (s->task_count > 0) {
        snprintf(l->task, sizeof l->task, "%d/%d", s->task, s->task_count);
        add_text(l, "/sweep/task", l->task, "which part of the sweep's trials these are: K/N");
    }
    FGF_TRY(add_cases(l, s->dataset));
    FGF_TRY(add_axes(l, s->axes));
    FGF_TRY(add_models(l, s));
    l->attribute[0] = (fgf_attribute){"title", "feature gradient flow: results of a sweep"};
    l->attribute[1] = (fgf_attribute){"fgf_version", FGF_VERSION};
    l->attribute[2] = (fgf_attribute){"git_commit", FGF_COMMIT};
    l->attribute[3] = (fgf_attribute){"compiler", FGF_COMPILER " " FGF_BUILD_TYPE};
    l->layout.attributes = l->attribute;
    l->layout.attribute_count = 4;
    l->layout.schema_version = SCHEMA_VERSION;
    strncpy(l->layout.dataset.text, fgf_dataset_hash(s->dataset), FGF_HASH_TEXT - 1);
    l->layout.columns = s->axes->columns;
    l->layout.column_count = s->axes->column_count;
    memcpy(l->layout.axis_length, s->axes->length, sizeof s->axes->length);
    l->layout.axis_labels[FGF_AXIS_CASE] = l->case_label;
    l->layout.axis_labels[FGF_AXIS_FEATURE] = (const char *const *)s->axes->feature;
    l->layout.axis_labels[FGF_AXIS_NOISE] = (const char *const *)s->axes->noise;
    l->layout.trial_ids = s->identity;
    l->layout.trial_count = s->trial_count;
    l->layout.tables = l->table;
    l->layout.table_count = l->table_count;
    *out = l;
    l = NULL;
done:
    results_layout_destroy(&l);
    return status;
}

void results_layout_destroy(results_layout **layout)
{
    results_layout *l = *layout;
    if (l) {
        for (size_t k = 0; k < l->owned_count; k++)
            fgf_free(l->owned[k]);
        for (size_t b = 0; b < l->layout.block_count; b++)
            fgf_buffer_clear(&l->description[b]);
        fgf_buffer_clear(&l->preparation);
        fgf_free(l->case_label);
        fgf_free(l->block);
        fgf_free(l->description);
        fgf_free(l->trial_block);
        fgf_free(l->trial_row);
        fgf_free(l);
    }
    *layout = NULL;
}

const fgf_layout *results_layout_of(const results_layout *layout)
{
    return &layout->layout;
}

double results_layout_bytes(const results_layout *layout)
{
    return fgf_layout_bytes(&layout->layout);
}
