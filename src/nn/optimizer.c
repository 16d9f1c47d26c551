#include "fgf/memory.h"
#include "fgf/nn.h"

#include <math.h>

enum { METHOD_SGD, METHOD_ADAM, METHOD_ADAMW };
enum { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_COSINE };

#define MEMBER(name) offsetof(fgf_optimizer_settings, name)

const fgf_key fgf_optimizer_keys[] = {
    {"method", FGF_KEY_CHOICE, MEMBER(method), "sgd", 0, 0, "sgd|adam|adamw", "",
     "sgd with momentum, Adam, or Adam with decoupled weight decay"},
    {"learning_rate", FGF_KEY_REAL, MEMBER(learning_rate), "0.02", 0, 1e6, NULL, "1",
     "the rate that the schedule starts from; 0.02 suits sgd, 0.001 adam"},
    {"momentum", FGF_KEY_REAL, MEMBER(momentum), "0.9", 0, 1, NULL, "1",
     "sgd: share of the last step that goes on"},
    {"beta1", FGF_KEY_REAL, MEMBER(beta1), "0.9", 0, 1, NULL, "1",
     "adam: decay of the gradient's mean"},
    {"beta2", FGF_KEY_REAL, MEMBER(beta2), "0.999", 0, 1, NULL, "1",
     "adam: decay of the squared gradient's mean"},
    {"epsilon", FGF_KEY_REAL, MEMBER(epsilon), "1e-8", 0, 1, NULL, "1",
     "adam: added to the root of the squared gradient's mean"},
    {"weight_decay", FGF_KEY_REAL, MEMBER(weight_decay), "1e-4", 0, 1e6, NULL, "1",
     "pull of every parameter, biases and slopes too, towards 0"},
    {"schedule", FGF_KEY_CHOICE, MEMBER(schedule), "constant", 0, 0, "constant|step|cosine", "",
     "how the learning rate falls"},
    {"step_epochs", FGF_KEY_INTEGER, MEMBER(step_epochs), "30", 1, 1e9, NULL, "epochs",
     "step: the rate falls every so many epochs"},
    {"step_factor", FGF_KEY_REAL, MEMBER(step_factor), "0.1", 0, 1, NULL, "1",
     "step: by this factor"},
    {"warmup_epochs", FGF_KEY_INTEGER, MEMBER(warmup_epochs), "0", 0, 1e9, NULL, "epochs",
     "the rate rises linearly from 0 over so many epochs"},
    {"clip_norm", FGF_KEY_REAL, MEMBER(clip_norm), "1", 0, 1e300, NULL, "1",
     "longest gradient, 2-norm over all parameters; 0 = not clipped"},
    {.name = NULL}};

struct fgf_optimizer {
    fgf_optimizer_settings settings;
    size_t count;
    fgf_real *mean;      /* sgd: velocity; adam: mean of the gradient */
    fgf_real *square;    /* adam: mean of its square; NULL with sgd */
    double left1, left2; /* adam: beta1^t and beta2^t */
};

fgf_status fgf_optimizer_create(const fgf_optimizer_settings *settings, size_t parameter_count,
                                fgf_optimizer **out)
{
    fgf_status status = FGF_OK;
    *out = NULL;
    fgf_optimizer *optimizer = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &optimizer));
    optimizer->settings = *settings;
    optimizer->count = parameter_count;
    optimizer->left1 = optimizer->left2 = 1;
    FGF_TRY(FGF_ALLOCATE(parameter_count, &optimizer->mean));
    if (settings->method != METHOD_SGD)
        FGF_TRY(FGF_ALLOCATE(parameter_count, &optimizer->square));
    *out = optimizer;
    optimizer = NULL;
done:
    fgf_optimizer_destroy(&optimizer);
    return status;
}

void fgf_optimizer_destroy(fgf_optimizer **optimizer)
{
    if (!*optimizer)
        return;
    fgf_free((*optimizer)->mean);
    fgf_free((*optimizer)->square);
    fgf_free(*optimizer);
    *optimizer = NULL;
}

double fgf_optimizer_rate(const fgf_optimizer *optimizer, double progress, double epochs)
{
    const fgf_optimizer_settings *s = &optimizer->settings;
    double warmup = (double)s->warmup_epochs;
    double rate = s->learning_rate;
    if (s->schedule == SCHEDULE_STEP)
        rate *= pow(s->step_factor, floor(progress / (double)s->step_epochs));
    if (s->schedule == SCHEDULE_COSINE && progress > warmup) {
        const double pi = 3.14159265358979323846;
        double part = epochs > warmup ? (progress - warmup) / (epochs - warmup) : 1;
        rate *= 0.5 * (1 + cos(pi * fmin(part, 1)));
    }
    return progress < warmup ? rate * progress / warmup : rate;
}

static double clip(double greatest, fgf_real *gradient, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)gradient[i] * (double)gradient[i];
    double norm = sqrt(sum);
    if (greatest > 0 && norm > greatest && isfinite(norm)) {
        fgf_real factor = (fgf_real)(greatest / norm);
        for (size_t i = 0; i < count; i++)
            gradient[i] *= factor;
    }
    return norm;
}

/* v = mu v + (g + decay w);  w -= rate v, as PyTorch has it (no dampening). */
static void step_sgd(fgf_optimizer *optimizer, double rate, const fgf_real *gradient,
                     fgf_real *parameters)
{
    const fgf_real momentum = (fgf_real)optimizer->settings.momentum;
    const fgf_real decay = (fgf_real)optimizer->settings.weight_decay;
    const fgf_real length = (fgf_real)rate;
    for (size_t i = 0; i < optimizer->count; i++) {
        fgf_real force = gradient[i] + decay * parameters[i];
        optimizer->mean[i] = momentum * optimizer->mean[i] + force;
        parameters[i] -= length * optimizer->mean[i];
    }
}

/* Kingma & Ba 2015; with `decoupled`, Loshchilov & Hutter 2019: the decay does not enter the
 * moments. */
static void step_adam(fgf_optimizer *optimizer, double rate, bool decoupled,
                      const fgf_real *gradient, fgf_real *parameters)
{
    const fgf_optimizer_settings *s = &optimizer->settings;
    optimizer->left1 *= s->beta1;
    optimizer->left2 *= s->beta2;
    /* At beta = 1 a moment stays 0 for ever and has nothing to correct. */
    const double whole1 = optimizer->left1 < 1 ? 1 - optimizer->left1 : 1;
    const double whole2 = optimizer->left2 < 1 ? 1 - optimizer->left2 : 1;
    const fgf_real beta1 = (fgf_real)s->beta1, rest1 = (fgf_real)(1 - s->beta1);
    const fgf_real beta2 = (fgf_real)s->beta2, rest2 = (fgf_real)(1 - s->beta2);
    const fgf_real coupled = (fgf_real)(decoupled ? 0 : s->weight_decay);
    const fgf_real kept = (fgf_real)(decoupled ? 1 - rate * s->weight_decay : 1);
    for (size_t i = 0; i < optimizer->count; i++) {
        fgf_real force = gradient[i] + coupled * parameters[i];
        fgf_real mean = optimizer->mean[i] = beta1 * optimizer->mean[i] + rest1 * force;
        fgf_real square = optimizer->square[i] =
            beta2 * optimizer->square[i] + rest2 * force * force;
        double scale = sqrt((double)square / whole2) + s->epsilon;
        double change = scale > 0 ? rate * ((double)mean / whole1) / scale : 0;
        parameters[i] = kept * parameters[i] - (fgf_real)change;
    }
}

double fgf_optimizer_step(fgf_optimizer *optimizer, double progress, double epochs,
                          fgf_real *gradient, fgf_real *parameters)
{
    const fgf_optimizer_settings *s = &optimizer->settings;
    double norm = clip(s->clip_norm, gradient, optimizer->count);
    /* A step along infinity would destroy the parameters that the caller may want to look at. */
    if (!isfinite(norm))
        return norm;
    double rate = fgf_optimizer_rate(optimizer, progress, epochs);
    if (s->method == METHOD_SGD)
        step_sgd(optimizer, rate, gradient, parameters);
    else
        step_adam(optimizer, rate, s->method == METHOD_ADAMW, gradient, parameters);
    return norm;
}
