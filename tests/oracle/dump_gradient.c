/* Prints, as JSON, everything that another program needs to compute the parameter gradient of
 *
 *     L = mean over cases of  weight * BCE(f(x), label) + lambda * R(x)
 *
 * for itself, and the gradient as this project computes it. Weights, images, regions and feature
 * gradients are random, by key.
 *
 *     dump_gradient NETWORK CHANNELS,DEPTH,HEIGHT,WIDTH CASES FEATURES joint|per_feature LAMBDA */
#include "fgf/align.h"
#include "fgf/memory.h"
#include "fgf/nn.h"
#include "unit/nn/build_model.h"

enum { FEATURES_MAX = 8, CHANNELS_MAX = 4 };

/* One batch and what is computed of it. */
typedef struct batch {
    fgf_model *model;
    fgf_tape *tape;
    fgf_align_work *work;
    fgf_shape shape;
    int cases;
    size_t features, size, parameter_count;
    fgf_real *parameters, *x, *g, *u, *c, *logit, *gradient;
    uint8_t *mask;    /* [cases][pixels] */
    fgf_real **v;     /* a case: [features][n] */
    double *external; /* an array in PyTorch's order */
    double loss, penalty;
} batch;

static const fgf_align_settings agreement = {1e-6, 1e-12};
static const double class_weight[2] = {0.7, 3.7};
static const double feature_weight[FEATURES_MAX] = {0.5, 1, 2, 0.25, 1.5, 1, 1, 1};

static int label_of(int i)
{
    return i % 2;
}

static fgf_status set_up(batch *b, const char *network)
{
    fgf_status status = FGF_OK;
    const size_t cases = (size_t)b->cases, pixels = (size_t)fgf_shape_pixels(b->shape);
    b->size = (size_t)fgf_shape_size(b->shape);
    FGF_TRY(test_model(network, b->shape, &b->model));
    b->parameter_count = fgf_model_parameter_count(b->model);
    FGF_TRY(fgf_tape_create(b->model, b->cases, FGF_PASSES_REGULARIZED, &b->tape));
    FGF_TRY(fgf_align_work_create(b->size, b->features, &b->work));
    FGF_TRY(FGF_ALLOCATE(b->parameter_count, &b->parameters));
    FGF_TRY(FGF_ALLOCATE(b->parameter_count, &b->gradient));
    FGF_TRY(FGF_ALLOCATE(b->parameter_count, &b->external));
    FGF_TRY(FGF_ALLOCATE(cases * b->size, &b->x));
    FGF_TRY(FGF_ALLOCATE(cases * b->size, &b->g));
    FGF_TRY(FGF_ALLOCATE(cases * b->size, &b->u));
    FGF_TRY(FGF_ALLOCATE(cases, &b->c));
    FGF_TRY(FGF_ALLOCATE(cases, &b->logit));
    FGF_TRY(FGF_ALLOCATE(cases * pixels, &b->mask));
    FGF_TRY(FGF_ALLOCATE(cases, &b->v));
    test_normal(1, 0.25, b->parameter_count, b->parameters);
    test_normal(2, 1, cases * b->size, b->x);
    fgf_stream stream = fgf_stream_open(7, FGF_PURPOSE_TEST, 3, 0);
    for (size_t p = 0; p < cases * pixels; p++)
        b->mask[p] = fgf_stream_uniform(&stream) < 0.6;
    for (size_t i = 0; i < cases; i++) {
        FGF_TRY(FGF_ALLOCATE(b->features * b->size, &b->v[i]));
        test_normal(100 + i, 1, b->features * b->size, b->v[i]);
    }
done:
    return status;
}

static fgf_status compute(batch *b, fgf_regularizer_form form, double lambda)
{
    fgf_status status = FGF_OK;
    const double spacing[3] = {1, 1, 1};
    int channel[CHANNELS_MAX];
    fgf_region_owner owner = {0};
    fgf_real *compact = NULL;
    FGF_TRY(FGF_ALLOCATE(b->size, &compact));
    for (int c = 0; c < b->shape.channels; c++)
        channel[c] = c;
    fgf_tape_load(b->tape, b->parameters);
    fgf_tape_forward(b->tape, b->x, b->cases, NULL, NULL, b->logit);
    fgf_tape_input_gradient(b->tape, b->g);
    for (int i = 0; i < b->cases; i++) {
        const size_t at = (size_t)i * b->size;
        const int label = label_of(i);
        double derivative = 0;
        b->loss +=
            fgf_binary_cross_entropy((double)b->logit[i], label, class_weight[label], &derivative) /
            b->cases;
        b->c[i] = (fgf_real)(derivative / b->cases);
        FGF_TRY(fgf_region_create(b->shape, spacing, b->mask + i * fgf_shape_pixels(b->shape), 0,
                                  false, channel, (size_t)b->shape.channels, &owner));
        const size_t n = fgf_region_size(&owner.region);
        fgf_region_gather(&owner.region, b->g + at, compact);
        fgf_regularizer r = fgf_regularize(b->work, &agreement, form, feature_weight, compact,
                                           b->v[i], b->features, n, compact);
        b->penalty += lambda * r.value / b->cases;
        for (size_t k = 0; k < n; k++)
            compact[k] *= (fgf_real)(lambda / b->cases);
        fgf_region_scatter(&owner.region, compact, b->u + at);
        fgf_region_clear(&owner);
    }
    fgf_tape_parameter_gradient(b->tape, b->c, b->u, b->gradient);
done:
    fgf_region_clear(&owner);
    fgf_free(compact);
    return status;
}

static void print_reals(const char *name, const fgf_real *values, size_t count)
{
    printf("\"%s\": [", name);
    for (size_t i = 0; i < count; i++)
        printf("%s%.17g", i ? ", " : "", (double)values[i]);
    printf("],\n");
}

static void print_array(const batch *b, size_t k)
{
    const fgf_parameter_array *array = fgf_model_array(b->model, k);
    printf("%s{\"name\": \"%s\", \"shape\": [", k ? ",\n " : "", array->name);
    for (int i = 0; i < array->rank; i++)
        printf("%s%ld", i ? ", " : "", array->dims[i]);
    for (int which = 0; which <= 1; which++) {
        fgf_model_export_array(b->model, k, which ? b->gradient : b->parameters, b->external);
        printf("], \"%s\": [", which ? "gradient" : "value");
        for (size_t i = 0; i < array->count; i++)
            printf("%s%.17g", i ? ", " : "", b->external[i]);
    }
    printf("]}");
}

static void print_batch(const batch *b)
{
    const size_t cases = (size_t)b->cases, pixels = (size_t)fgf_shape_pixels(b->shape);
    printf("{\"precision\": %d, \"loss\": %.17g, \"penalty\": %.17g,\n", (int)sizeof(fgf_real) * 8,
           b->loss, b->penalty);
    print_reals("x", b->x, cases * b->size);
    print_reals("input_gradient", b->g, cases * b->size);
    print_reals("logit", b->logit, cases);
    printf("\"class_weight\": [%g, %g],\n\"label\": [", class_weight[0], class_weight[1]);
    for (int i = 0; i < b->cases; i++)
        printf("%s%d", i ? ", " : "", label_of(i));
    printf("],\n\"mask\": [");
    for (size_t p = 0; p < cases * pixels; p++)
        printf("%s%d", p ? ", " : "", b->mask[p]);
    printf("],\n\"feature_weight\": [");
    for (size_t j = 0; j < b->features; j++)
        printf("%s%g", j ? ", " : "", feature_weight[j]);
    printf("],\n");
    for (size_t i = 0; i < cases; i++) {
        char name[32];
        snprintf(name, sizeof name, "v%zu", i);
        print_reals(name, b->v[i], b->features * b->size);
    }
    printf("\"arrays\": [");
    for (size_t k = 0; k < fgf_model_array_count(b->model); k++)
        print_array(b, k);
    printf("]}\n");
}

static void tear_down(batch *b)
{
    for (int i = 0; b->v && i < b->cases; i++)
        fgf_free(b->v[i]);
    void *const blocks[] = {b->v, b->parameters, b->gradient, b->external, b->x,
                            b->g, b->u,          b->c,        b->logit,    b->mask};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        fgf_free(blocks[i]);
    fgf_align_work_destroy(&b->work);
    fgf_tape_destroy(&b->tape);
    fgf_model_destroy(&b->model);
}

int main(int argc, char **argv)
{
    batch b = {0};
    fgf_status status = FGF_OK;
    if (argc != 7 ||
        sscanf(argv[2], "%d,%d,%d,%d", &b.shape.channels, &b.shape.depth, &b.shape.height,
               &b.shape.width) != 4 ||
        b.shape.channels > CHANNELS_MAX || atoi(argv[4]) > FEATURES_MAX) {
        fprintf(stderr, "usage: dump_gradient NETWORK C,D,H,W CASES FEATURES FORM LAMBDA\n");
        return 2;
    }
    b.cases = atoi(argv[3]);
    b.features = (size_t)atoi(argv[4]);
    fgf_regularizer_form form =
        strcmp(argv[5], "joint") == 0 ? FGF_REGULARIZER_JOINT : FGF_REGULARIZER_PER_FEATURE;
    FGF_TRY(set_up(&b, argv[1]));
    FGF_TRY(compute(&b, form, atof(argv[6])));
    print_batch(&b);
done:
    if (status != FGF_OK)
        fprintf(stderr, "%s\n", fgf_last_error()->message);
    tear_down(&b);
    return fgf_status_exit(status);
}
