#include "fgf/kernel.h"
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
    fgf_real *mean;   /* sgd: velocity; adam: mean of the gradient */
    fgf_real *square; /* adam: mean of its square; NULL with sgd */
    double left[2];   /* adam: beta1^t and beta2^t */
};

size_t fgf_optimizer_vectors(const fgf_optimizer_settings *settings)
{
    return settings->method == METHOD_SGD ? 1 : 2;
}

fgf_status fgf_optimizer_create(const fgf_optimizer_settings *settings, size_t parameter_count,
                                fgf_optimizer **out)
{
    fgf_status status = FGF_OK;
    *out = NULL;
    fgf_optimizer *optimizer = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &optimizer));
    optimizer->settings = *settings;
    optimizer->count = parameter_count;
    optimizer->left[0] = optimizer->left[1] = 1;
    FGF_TRY(FGF_ALLOCATE(parameter_count, &optimizer->mean));
    if (fgf_optimizer_vectors(settings) > 1)
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

fgf_optimizer_state fgf_optimizer_state_view(fgf_optimizer *optimizer)
{
    return (fgf_optimizer_state){.vectors = fgf_optimizer_vectors(&optimizer->settings),
                                 .vector = {optimizer->mean, optimizer->square},
                                 .number = optimizer->left};
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

/* As PyTorch has it (no dampening). */
static fgf_momentum_settings momentum_of(const fgf_optimizer_settings *s, double rate)
{
    return (fgf_momentum_settings){.rate = (fgf_real)rate,
                                   .momentum = (fgf_real)s->momentum,
                                   .decay = (fgf_real)s->weight_decay};
}

/* Kingma & Ba 2015; with adamw Loshchilov & Hutter 2019: the decay does not enter the moments. */
static fgf_adam_settings adam_of(fgf_optimizer *optimizer, double rate)
{
    const fgf_optimizer_settings *s = &optimizer->settings;
    const bool decoupled = s->method == METHOD_ADAMW;
    optimizer->left[0] *= s->beta1;
    optimizer->left[1] *= s->beta2;
    /* At beta = 1 a moment stays 0 for ever and has nothing to correct. */
    return (fgf_adam_settings){.beta1 = (fgf_real)s->beta1,
                               .rest1 = (fgf_real)(1 - s->beta1),
                               .beta2 = (fgf_real)s->beta2,
                               .rest2 = (fgf_real)(1 - s->beta2),
                               .decay = (fgf_real)(decoupled ? 0 : s->weight_decay),
                               .kept = (fgf_real)(decoupled ? 1 - rate * s->weight_decay : 1),
                               .rate = rate,
                               .whole1 = optimizer->left[0] < 1 ? 1 - optimizer->left[0] : 1,
                               .whole2 = optimizer->left[1] < 1 ? 1 - optimizer->left[1] : 1,
                               .epsilon = s->epsilon};
}

/* Clips and steps block by block, so that memory is gone through once. */
static void step(fgf_optimizer *optimizer, double rate, fgf_real clip, fgf_real *gradient,
                 fgf_real *parameters)
{
    enum { BLOCK = 2048 };
    const bool sgd = optimizer->settings.method == METHOD_SGD;
    fgf_momentum_settings momentum = {.rate = 0};
    fgf_adam_settings adam = {.rate = 0};
    if (sgd)
        momentum = momentum_of(&optimizer->settings, rate);
    else
        adam = adam_of(optimizer, rate);
    for (size_t i = 0; i < optimizer->count; i += BLOCK) {
        const size_t n = optimizer->count - i < BLOCK ? optimizer->count - i : BLOCK;
        if (clip != 1)
            fgf_scale(n, clip, gradient + i);
        if (sgd)
            fgf_momentum_step(&momentum, n, gradient + i, optimizer->mean + i, parameters + i);
        else
            fgf_adam_step(&adam, n, gradient + i, optimizer->mean + i, optimizer->square + i,
                          parameters + i);
    }
}

double fgf_optimizer_step(fgf_optimizer *optimizer, double progress, double epochs,
                          fgf_real *gradient, fgf_real *parameters)
{
    const double greatest = optimizer->settings.clip_norm;
    const double norm = sqrt(fgf_square_sum(optimizer->count, gradient));
    const bool longer = greatest > 0 && norm > greatest;
    /* A step along infinity would destroy the parameters that the caller may want to look at. */
    if (isfinite(norm))
        step(optimizer, fgf_optimizer_rate(optimizer, progress, epochs),
             longer ? (fgf_real)(greatest / norm) : 1, gradient, parameters);
    return norm;
}
