/* The gradient of one microbatch: forward, input gradient, regularizer, merged parameter gradient.
 */
#include "loader.h"

#include "fgf/memory.h"

#include <string.h>

struct step_work {
    fgf_tape *tape;
    fgf_align_work *align;
    size_t image;      /* elements of a case */
    size_t greatest_n; /* of the Omegas that there is room for */
    loader *load;
    fgf_real *x;         /* [microbatch][image], augmented; the loader's */
    uint8_t *mask;       /* [microbatch][pixels] as well */
    fgf_box *box;        /* [microbatch], beyond which x and mask are zero */
    fgf_real *g, *u;     /* [microbatch][image]; only with a regularizer */
    fgf_real *logit, *c; /* [microbatch] */
    fgf_stream *dropout; /* [microbatch] */
    fgf_box *support;    /* [microbatch] of x and Omega */
    fgf_real *compact_x, *compact_g, *compact_u; /* [greatest_n] */
    fgf_real *v;                                 /* [chosen][greatest_n] */
    double *feature_work;                        /* [feature_room] */
    size_t feature_room;
    double *h;                /* [chosen] */
    fgf_undefined *reason;    /* [chosen] */
    double *weights;          /* [chosen], per-feature form */
    fgf_region_owner *region; /* [microbatch] */
};

static bool regularized(const trial *t)
{
    return t->settings.align.lambda > 0;
}

static void clear_region_room(step_work *work)
{
    fgf_free(work->compact_x);
    fgf_free(work->compact_g);
    fgf_free(work->compact_u);
    fgf_free(work->v);
    work->compact_x = work->compact_g = work->compact_u = work->v = NULL;
    fgf_align_work_destroy(&work->align);
    work->greatest_n = 0;
}

/* Room for the region and all smaller ones. It grows with the regions that come, as an image is far
 * larger than they are in volumes and augmentation may change them. */
static fgf_status make_region_room(const trial *t, const fgf_region *region, step_work *work)
{
    fgf_status status = FGF_OK;
    const size_t n = fgf_region_size(region), chosen = t->features.chosen;
    const size_t room = feature_set_work_size(&t->features, chosen, region);
    if (!work->feature_work || room > work->feature_room) {
        fgf_free(work->feature_work);
        work->feature_work = NULL;
        FGF_TRY(FGF_ALLOCATE(room, &work->feature_work));
        work->feature_room = room;
    }
    if (work->align && n <= work->greatest_n)
        goto done;
    clear_region_room(work);
    FGF_TRY(FGF_ALLOCATE(n, &work->compact_x));
    FGF_TRY(FGF_ALLOCATE(n, &work->compact_g));
    FGF_TRY(FGF_ALLOCATE(n, &work->compact_u));
    FGF_TRY(FGF_ALLOCATE(chosen * n, &work->v));
    FGF_TRY(fgf_align_work_create(n, chosen, &work->align));
    work->greatest_n = n;
done:
    return status;
}

fgf_status step_work_create(const trial *t, step_work **out)
{
    fgf_status status = FGF_OK;
    step_work *work = NULL;
    const fgf_cohort *cohort = fgf_dataset_cohort(fgf_context_dataset(t->context));
    size_t microbatch = (size_t)t->settings.train.microbatch;
    const size_t chosen = t->features.chosen;
    const fgf_reals *weights = &t->settings.align.weights;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &work));
    work->image = (size_t)fgf_shape_size(cohort->shape);
    FGF_TRY(loader_create(t, microbatch, &work->load));
    FGF_TRY(FGF_ALLOCATE(microbatch, &work->logit));
    FGF_TRY(FGF_ALLOCATE(microbatch, &work->c));
    FGF_TRY(FGF_ALLOCATE(microbatch, &work->dropout));
    FGF_TRY(FGF_ALLOCATE(microbatch, &work->support));
    FGF_TRY(FGF_ALLOCATE(microbatch, &work->region));
    FGF_TRY(fgf_tape_create(t->model, (int)microbatch,
                            regularized(t) ? FGF_PASSES_REGULARIZED : FGF_PASSES_PLAIN,
                            &work->tape));
    if (regularized(t)) {
        FGF_TRY(FGF_ALLOCATE(microbatch * work->image, &work->g));
        FGF_TRY(FGF_ALLOCATE(microbatch * work->image, &work->u));
        FGF_TRY(FGF_ALLOCATE(chosen, &work->weights));
        FGF_TRY(FGF_ALLOCATE(chosen, &work->h));
        FGF_TRY(FGF_ALLOCATE(chosen, &work->reason));
        for (size_t j = 0; j < chosen; j++)
            work->weights[j] = j < weights->count ? weights->values[j] : 1.0;
    }
    *out = work;
    work = NULL;
done:
    step_work_destroy(&work);
    return status;
}

void step_work_destroy(step_work **work)
{
    step_work *w = *work;
    if (w) {
        fgf_tape_destroy(&w->tape);
        clear_region_room(w);
        loader_destroy(&w->load);
        fgf_free(w->g);
        fgf_free(w->u);
        fgf_free(w->logit);
        fgf_free(w->c);
        fgf_free(w->dropout);
        fgf_free(w->support);
        fgf_free(w->region);
        fgf_free(w->feature_work);
        fgf_free(w->h);
        fgf_free(w->reason);
        fgf_free(w->weights);
        fgf_free(w);
    }
    *work = NULL;
}

fgf_status step_work_plan(step_work *work, const case_list *plan, size_t count, int64_t epoch)
{
    return loader_plan(work->load, plan, count, epoch);
}

void step_work_load(step_work *work, const fgf_real *parameters)
{
    fgf_tape_load(work->tape, parameters);
}

/* The next microbatch of the plan, and what belongs to its cases. */
static fgf_status load_cases(trial *t, step_work *work, const case_list *of, int64_t epoch)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = fgf_dataset_cohort(fgf_context_dataset(t->context))->shape;
    const size_t pixels = (size_t)fgf_shape_pixels(shape);
    const uint64_t seed = (uint64_t)t->settings.train.seed;
    loaded_cases loaded;
    FGF_TRY(loader_next(work->load, &loaded));
    work->x = loaded.x;
    work->mask = loaded.mask;
    work->box = loaded.box;
    for (size_t k = 0; k < of->count; k++) {
        work->dropout[k] =
            fgf_stream_open(seed, FGF_PURPOSE_DROPOUT, (uint64_t)epoch, t->key[of->cases[k]]);
        work->support[k] = work->box[k];
        if (!regularized(t))
            continue;
        FGF_TRY(
            make_region(t->context, &t->settings.omega, work->mask + k * pixels, &work->region[k]));
        FGF_TRY(make_region_room(t, &work->region[k].region, work));
        work->support[k] = support_of(&work->box[k], &work->region[k].region);
    }
done:
    return status;
}

static bool all_finite(const fgf_real *values, size_t n)
{
    for (size_t p = 0; p < n; p++)
        if (!isfinite(values[p]))
            return false;
    return true;
}

/* R and u of case k; u scaled by lambda / batch goes to its image. Where the network has run away,
 * R is not finite. */
static fgf_regularizer regularize_case(const trial *t, step_work *work, size_t k, double scale)
{
    const fgf_region *region = &work->region[k].region;
    size_t n = fgf_region_size(region);
    fgf_region_gather(region, work->x + k * work->image, work->compact_x);
    fgf_region_gather(region, work->g + k * work->image, work->compact_g);
    if (!all_finite(work->compact_g, n))
        return (fgf_regularizer){.value = NAN};
    fgf_features_evaluate(t->features.feature, t->features.chosen, region, work->compact_x,
                          work->feature_work, work->h, work->reason, work->v);
    fgf_regularizer r = fgf_regularize(
        work->align, &t->settings.agreement, (fgf_regularizer_form)t->settings.align.form,
        work->weights, work->compact_g, work->v, t->features.chosen, n, work->compact_u);
    for (size_t p = 0; p < n; p++)
        work->compact_u[p] = (fgf_real)(scale * (double)work->compact_u[p]);
    fgf_region_scatter(region, work->compact_u, work->u + k * work->image);
    return r;
}

static fgf_status diverged(const trial *t, const char *what, double value, int64_t epoch,
                           uint32_t index)
{
    return fgf_fail(FGF_NUMERIC, __FILE__, __LINE__,
                    "training diverged: %s %g in epoch %lld at case %s; a smaller "
                    "train.optimizer.learning_rate or a clip_norm may help",
                    what, value, (long long)epoch,
                    fgf_dataset_case(fgf_context_dataset(t->context), index)->id);
}

fgf_status microbatch_gradient(trial *t, step_work *work, const case_list *of, size_t batch,
                               double lambda, int64_t epoch, fgf_real *gradient, case_loss *losses)
{
    fgf_status status = FGF_OK;
    const uint32_t *cases = of->cases;
    const size_t count = of->count;
    bool with_regularizer = regularized(t);
    memset(gradient, 0, fgf_model_parameter_count(t->model) * sizeof *gradient);
    FGF_TRY(load_cases(t, work, of, epoch));
    fgf_tape_forward(work->tape, work->x, (int)count, work->support, work->dropout, work->logit);
    for (size_t k = 0; k < count; k++) {
        double derivative;
        int label = t->label[cases[k]];
        double loss = fgf_binary_cross_entropy((double)work->logit[k], label,
                                               t->class_weight[label], &derivative);
        if (!isfinite(loss))
            FGF_TRY(diverged(t, "loss", loss, epoch, cases[k]));
        work->c[k] = (fgf_real)(derivative / (double)batch);
        losses[k] = (case_loss){.loss = loss, .seen = 1};
    }
    if (with_regularizer) {
        fgf_tape_input_gradient(work->tape, work->g);
        for (size_t k = 0; k < count; k++) {
            fgf_regularizer r = regularize_case(t, work, k, lambda / (double)batch);
            if (!isfinite(r.value))
                FGF_TRY(diverged(t, "regularizer", r.value, epoch, cases[k]));
            losses[k].regularizer = r.value;
            losses[k].degenerate = r.degenerate ? 1 : 0;
        }
    }
    fgf_tape_parameter_gradient(work->tape, work->c, with_regularizer ? work->u : NULL, gradient);
done:
    for (size_t k = 0; k < count && with_regularizer; k++)
        fgf_region_clear(&work->region[k]);
    return status;
}
