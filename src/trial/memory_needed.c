/* The memory of a trial, counted before it runs: each function below follows the allocations of the
 * file that it names. */
#include "loader.h"
#include "scoring.h"

#include <string.h>

/* A trial's numbers that sizes depend on. */
typedef struct sizes {
    const fgf_trial_settings *s;
    const fgf_model *model;
    size_t cases, image, pixels, parameters;
    size_t features, chosen, feature_work;
    cohort_extent extent;
} sizes;

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* align/projection.c: one gradient twice and the features' columns, in double. */
static size_t align_bytes(size_t n, size_t features)
{
    return (features + 2) * n * sizeof(double);
}

/* The row, and the network in it. */
static size_t row_bytes(const sizes *of, const fgf_axes *axes)
{
    size_t row = of->parameters * sizeof(fgf_real);
    for (size_t c = 0; c < axes->column_count; c++)
        row += fgf_axes_elements(axes, c) * fgf_column_element_bytes(&axes->columns[c]);
    return row;
}

/* train.c, nn/optimizer.c, core/tree.c: gradient, total and best, the optimizer's own, the sums
 * that wait in the tree, and what checkpoint.c makes of these. */
static size_t vector_bytes(const sizes *of)
{
    const fgf_train_settings *train = &of->s->train;
    const size_t own = fgf_optimizer_vectors(&of->s->optimizer);
    size_t leaves = (size_t)((train->batch + train->microbatch - 1) / train->microbatch);
    size_t waiting = 2, saved = 1 + own + (train->patience > 0 ? 1 : 0);
    for (; leaves > 1; leaves /= 2)
        waiting++;
    return (3 + own + waiting + saved) * of->parameters * sizeof(fgf_real) +
           of->cases * (sizeof(case_loss) + sizeof(case_list) + 64);
}

/* gradient.c, loader.c. Augmentation may make the largest Omega larger by some pixels. */
static size_t step_bytes(const sizes *of)
{
    const size_t micro = (size_t)of->s->train.microbatch, image = of->image * sizeof(fgf_real);
    const size_t loaded = 2 * micro * (image + of->pixels + sizeof(fgf_box));
    const size_t regions = micro * of->extent.greatest_n * sizeof(int32_t) + of->pixels;
    const size_t n = of->extent.greatest_n;
    if (of->s->align.lambda <= 0)
        return loaded;
    return loaded + regions + 2 * micro * image + (3 + of->chosen) * n * sizeof(fgf_real) +
           of->feature_work + align_bytes(n, of->chosen);
}

static size_t training_tape_bytes(const sizes *of)
{
    return fgf_tape_bytes(of->model, (int)of->s->train.microbatch,
                          of->s->align.lambda > 0 ? FGF_PASSES_REGULARIZED : FGF_PASSES_PLAIN);
}

/* evaluate.c. */
static size_t evaluation_bytes(const sizes *of)
{
    return fgf_tape_bytes(of->model, EVALUATION_BATCH, FGF_PASSES_LOGIT) +
           EVALUATION_BATCH * of->image * sizeof(fgf_real);
}

/* path.c: the gradients of a path that goes its whole length, as the array grows. */
static size_t path_bytes(const sizes *of)
{
    const fgf_flow_settings *flow = &of->s->flow;
    const size_t points = (size_t)(flow->greatest_length / flow->step) + 2;
    size_t capacity = 0;
    while (capacity < points)
        capacity = capacity + capacity / 2 + 32;
    return capacity *
           (of->extent.greatest_n * sizeof(fgf_real) + (of->features + 2) * 2 * sizeof(double));
}

/* align/noise_case.c: the maps over one Omega, and the factors of the joint null. */
static size_t noise_case_bytes(const sizes *of)
{
    enum { POINTS = 32 };
    const size_t draws = (size_t)of->s->noise.draws, n = of->extent.greatest_n;
    const size_t group = of->chosen;
    const size_t draw = n * sizeof(fgf_real) + POINTS * (sizeof(fgf_real) + sizeof(double)) +
                        group * (group + 2) * sizeof(double) + 24;
    return draws * draw + POINTS * n * sizeof(fgf_real) + n * 8;
}

/* align/noise_bank.c: the maps at the pixels that some Omega has. Drawing them takes three windows
 * with a halo, which is little beside them. */
static size_t noise_bytes(const sizes *of, size_t kinds)
{
    const size_t channels = of->image / of->pixels;
    const size_t named = of->s->omega.channels.count > 0 ? of->s->omega.channels.count : channels;
    if (kinds == 0)
        return 0;
    return kinds * named * (size_t)of->s->noise.draws * of->extent.noise_pixels * sizeof(float) +
           of->pixels * sizeof(int32_t) + 3 * of->extent.window * sizeof(float);
}

/* score.c, score_noise.c, flow/flow.c. */
static size_t scoring_bytes(const sizes *of, size_t kinds)
{
    const size_t image = of->image * sizeof(fgf_real), n = of->extent.greatest_n;
    size_t lanes = (size_t)of->s->score.lanes;
    if (of->s->score.cases == FGF_SCORE_NONE)
        return 0;
    lanes = scoring_lanes(&of->s->flow, lanes < of->cases ? lanes : of->cases, n);
    const size_t each = 7 * n * sizeof(fgf_real) + n * sizeof(int32_t) + 4 * image + path_bytes(of);
    size_t bytes = fgf_tape_bytes(of->model, (int)lanes, FGF_PASSES_INPUT) + lanes * each + image +
                   of->features * n * sizeof(fgf_real) + of->feature_work +
                   align_bytes(n, of->features);
    if (kinds > 0)
        bytes += noise_case_bytes(of) +
                 kinds * of->cases * sizeof(double) * ((size_t)of->s->noise.draws + of->features);
    return bytes;
}

static fgf_status find_sizes(fgf_context *context, const fgf_config *config,
                             const fgf_trial_settings *s, const fgf_model *model, sizes *out)
{
    fgf_status status = FGF_OK;
    const fgf_dataset *dataset = fgf_context_dataset(context);
    const fgf_shape shape = fgf_dataset_cohort(dataset)->shape;
    const fgf_item *items;
    *out = (sizes){.s = s,
                   .model = model,
                   .cases = fgf_dataset_case_count(dataset),
                   .image = (size_t)fgf_shape_size(shape),
                   .pixels = (size_t)fgf_shape_pixels(shape),
                   .parameters = fgf_model_parameter_count(model)};
    FGF_TRY(fgf_config_items(config, "features", &items, &out->features));
    out->chosen = s->align.features.count > 0 ? s->align.features.count : out->features;
    FGF_TRY(context_extent(context, &s->omega, &out->extent));
    const size_t pixels = omega_pixels(context, &s->omega, out->extent.greatest_n);
    for (size_t j = 0; j < out->features; j++)
        out->feature_work =
            greater(out->feature_work,
                    fgf_feature_item_work_size(&items[j], shape, out->extent.omega, pixels) *
                        sizeof(double));
done:
    return status;
}

fgf_status fgf_trial_memory_of(fgf_context *context, const fgf_config *config, const fgf_axes *axes,
                               fgf_trial_memory *out)
{
    fgf_status status = FGF_OK;
    fgf_trial_settings s;
    fgf_model *model = NULL;
    sizes of;
    double sigma[NOISE_KINDS];
    memset(out, 0, sizeof *out);
    FGF_TRY(fgf_trial_settings_read(config, &s));
    FGF_TRY(
        fgf_trial_model(config, fgf_dataset_cohort(fgf_context_dataset(context))->shape, &model));
    FGF_TRY(find_sizes(context, config, &s, model, &of));
    const size_t kinds = s.score.cases == FGF_SCORE_NONE ? 0 : noise_kinds(&s.noise, sigma);
    const bool trains = s.train.epochs > 0;
    out->cases = of.extent.case_bytes;
    out->noise = noise_bytes(&of, kinds);
    out->row = row_bytes(&of, axes);
    out->vectors = trains ? vector_bytes(&of) : 0;
    out->tape = trains ? training_tape_bytes(&of) : 0;
    out->step = trains ? step_bytes(&of) : 0;
    out->evaluation = evaluation_bytes(&of);
    out->scoring = scoring_bytes(&of, kinds);
    out->peak = out->cases + out->noise + out->row +
                greater(out->vectors + out->tape + out->step + out->evaluation, out->scoring);
done:
    fgf_model_destroy(&model);
    return status;
}
