/* What the published network of docs/reference_network.md makes of images, as binary numbers of
 * type double on standard output:
 *
 *     the logits [COUNT], the input gradients of the logits [COUNT][180 * 180], and, in the order
 *     of the weights file and of PyTorch, the parameter gradient of the mean weighted loss over the
 *     first cases, as many as LABELS has digits 0 and 1
 *
 *     reference_network WEIGHTS.h5 IMAGES COUNT LABELS
 *
 * IMAGES holds COUNT images of 180 x 180 numbers of type double. */
#include "fgf/memory.h"
#include "fgf/model_file.h"
#include "fgf/nn.h"
#include "unit/nn/build_model.h"

enum { SIDE = 180, PIXELS = SIDE * SIDE, CASES_OF_A_PASS = 8 };

static const char layers[] =
    "conv channels=8 kernel=3; max_pool size=3 stride=1; leaky_relu; "
    "conv channels=16 kernel=3 stride=2; max_pool size=3 stride=2; leaky_relu; "
    "conv channels=32 kernel=4 stride=3; max_pool size=4 stride=3; leaky_relu; flatten; "
    "dense units=128; leaky_relu; dense units=64; leaky_relu; dense units=32; leaky_relu; "
    "dense units=1";

/* The published gradients were made with weights that float32 had rounded. */
static const double class_weight[2] = {(double)0.7f, (double)3.7f};

typedef struct network {
    fgf_model *model;
    fgf_tape *tape;
    fgf_real *parameters, *gradient;
    fgf_real *x, *g; /* of one pass */
    double *image, *external;
} network;

static fgf_status set_up(network *n, const char *weights)
{
    fgf_status status = FGF_OK;
    FGF_TRY(test_model(layers, (fgf_shape){1, 1, SIDE, SIDE}, &n->model));
    const size_t count = fgf_model_parameter_count(n->model);
    FGF_TRY(fgf_tape_create(n->model, CASES_OF_A_PASS, FGF_PASSES_REGULARIZED, &n->tape));
    FGF_TRY(FGF_ALLOCATE(count, &n->parameters));
    FGF_TRY(FGF_ALLOCATE(count, &n->gradient));
    FGF_TRY(FGF_ALLOCATE(count, &n->external));
    FGF_TRY(FGF_ALLOCATE(CASES_OF_A_PASS * PIXELS, &n->x));
    FGF_TRY(FGF_ALLOCATE(CASES_OF_A_PASS * PIXELS, &n->g));
    FGF_TRY(FGF_ALLOCATE(CASES_OF_A_PASS * PIXELS, &n->image));
    FGF_TRY(fgf_model_file_read(weights, n->model, NULL, n->parameters));
done:
    return status;
}

static void tear_down(network *n)
{
    void *const blocks[] = {n->parameters, n->gradient, n->external, n->x, n->g, n->image};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        fgf_free(blocks[i]);
    fgf_tape_destroy(&n->tape);
    fgf_model_destroy(&n->model);
}

/* Passes the next `count` images; adds to the gradient what the labelled ones among them give. */
static fgf_status pass(network *n, FILE *images, size_t first, size_t count, const char *labels,
                       double *logits, double *gradients)
{
    fgf_status status = FGF_OK;
    const size_t labelled = strlen(labels);
    fgf_real f[CASES_OF_A_PASS], c[CASES_OF_A_PASS] = {0};
    if (fread(n->image, sizeof *n->image, count * PIXELS, images) != count * PIXELS)
        FGF_FAIL(FGF_DATA, "the file of images ends at image %zu", first);
    for (size_t k = 0; k < count * PIXELS; k++)
        n->x[k] = (fgf_real)n->image[k];
    fgf_tape_load(n->tape, n->parameters);
    fgf_tape_forward(n->tape, n->x, (int)count, NULL, NULL, f);
    fgf_tape_input_gradient(n->tape, n->g);
    for (size_t k = 0; k < count * PIXELS; k++)
        gradients[first * PIXELS + k] = (double)n->g[k];
    for (size_t i = 0; i < count; i++) {
        logits[first + i] = (double)f[i];
        if (first + i >= labelled)
            continue;
        const int label = labels[first + i] == '1';
        double derivative = 0;
        (void)fgf_binary_cross_entropy((double)f[i], label, class_weight[label], &derivative);
        c[i] = (fgf_real)(derivative / (double)labelled);
    }
    if (first < labelled)
        fgf_tape_parameter_gradient(n->tape, c, NULL, n->gradient);
done:
    return status;
}

static fgf_status write_doubles(const double *values, size_t count)
{
    fgf_status status = FGF_OK;
    if (fwrite(values, sizeof *values, count, stdout) != count)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot write to standard output");
done:
    return status;
}

int main(int argc, char **argv)
{
    fgf_status status = FGF_OK;
    network n = {0};
    double *logits = NULL, *gradients = NULL;
    FILE *images = argc == 5 ? fopen(argv[2], "rb") : NULL;
    if (!images) {
        fprintf(stderr, "usage: reference_network WEIGHTS.h5 IMAGES COUNT LABELS\n");
        return 2;
    }
    const size_t cases = (size_t)atol(argv[3]);
    FGF_TRY(set_up(&n, argv[1]));
    FGF_TRY(FGF_ALLOCATE(cases, &logits));
    FGF_TRY(FGF_ALLOCATE(cases * PIXELS, &gradients));
    for (size_t first = 0; first < cases; first += CASES_OF_A_PASS) {
        const size_t left = cases - first;
        FGF_TRY(pass(&n, images, first, left < CASES_OF_A_PASS ? left : CASES_OF_A_PASS, argv[4],
                     logits, gradients));
    }
    FGF_TRY(write_doubles(logits, cases));
    FGF_TRY(write_doubles(gradients, cases * PIXELS));
    for (size_t k = 0; k < fgf_model_array_count(n.model); k++) {
        fgf_model_export_array(n.model, k, n.gradient, n.external);
        FGF_TRY(write_doubles(n.external, fgf_model_array(n.model, k)->count));
    }
done:
    if (status != FGF_OK)
        fprintf(stderr, "%s\n", fgf_last_error()->message);
    fclose(images);
    fgf_free(logits);
    fgf_free(gradients);
    tear_down(&n);
    return fgf_status_exit(status);
}
