/* Initial parameters. He et al. 2015 (normal and uniform, ReLU gain, fan in), Glorot and Bengio
 * 2010 (xavier), and PyTorch's default for convolutions and dense layers: uniform in +-1 / sqrt(fan
 * in), biases too. */
#include "model.h"

#include <math.h>

enum scheme { HE_NORMAL, HE_UNIFORM, XAVIER_NORMAL, XAVIER_UNIFORM, UNIFORM_FAN_IN };

const fgf_key fgf_initialize_keys[] = {
    {"scheme", FGF_KEY_CHOICE, offsetof(fgf_initialize_settings, scheme), "he_normal", 0, 0,
     "he_normal|he_uniform|xavier_normal|xavier_uniform|uniform_fan_in", "",
     "law of the initial weights; biases start at 0 (uniform_fan_in: drawn too)"},
    {0}};

static double draw(enum scheme scheme, const fgf_layer_array *array, fgf_stream *stream)
{
    const double in = array->fan_in, both = array->fan_in + array->fan_out;
    switch (scheme) {
    case HE_NORMAL:
        return sqrt(2 / in) * fgf_stream_normal(stream);
    case HE_UNIFORM:
        return sqrt(6 / in) * (2 * fgf_stream_uniform(stream) - 1);
    case XAVIER_NORMAL:
        return sqrt(2 / both) * fgf_stream_normal(stream);
    case XAVIER_UNIFORM:
        return sqrt(6 / both) * (2 * fgf_stream_uniform(stream) - 1);
    case UNIFORM_FAN_IN:
        break;
    }
    return sqrt(1 / in) * (2 * fgf_stream_uniform(stream) - 1);
}

/* Drawn in PyTorch's order, so that the weights are the same however an array is stored. */
static void initialize_array(const fgf_layer_array *array, enum scheme scheme, fgf_stream *stream,
                             fgf_real *own)
{
    for (size_t i = 0; i < array->count; i++) {
        double value = 0;
        if (array->role == FGF_ARRAY_CONSTANT)
            value = array->constant;
        else if (array->role == FGF_ARRAY_WEIGHT || scheme == UNIFORM_FAN_IN)
            value = draw(scheme, array, stream);
        own[fgf_array_place(array, i)] = (fgf_real)value;
    }
}

void fgf_model_initialize(const fgf_model *model, const fgf_initialize_settings *settings,
                          uint64_t seed, fgf_real *parameters)
{
    for (size_t k = 0; k < model->array_count; k++) {
        fgf_stream stream = fgf_stream_open(seed, FGF_PURPOSE_INITIAL_WEIGHTS, k, 0);
        initialize_array(model->shape_of[k], (enum scheme)settings->scheme, &stream,
                         parameters + model->array[k].offset);
    }
}
