#include "layer.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

const char *fgf_shape_text(const fgf_layer *layer, fgf_shape shape, char text[FGF_SHAPE_TEXT])
{
    if (layer->planar)
        snprintf(text, FGF_SHAPE_TEXT, "%d x %d x %d", shape.height, shape.width, shape.channels);
    else
        snprintf(text, FGF_SHAPE_TEXT, "%d x %d x %d x %d", shape.depth, shape.height, shape.width,
                 shape.channels);
    return text;
}

fgf_status fgf_layer_misfit(const fgf_layer *layer, const char *format, ...)
{
    char message[256], before[FGF_SHAPE_TEXT], after[FGF_SHAPE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return fgf_fail(FGF_USAGE, __FILE__, __LINE__,
                    "%s: layer %d (%s): %s (%sheight x width x channels); before: %s, after: %s",
                    layer->where, layer->number, layer->kind->item.name, message,
                    layer->planar ? "" : "depth x ", fgf_shape_text(layer, layer->input, before),
                    fgf_shape_text(layer, layer->output, after));
}

fgf_status fgf_layer_extents(const fgf_layer *layer, const char *key, fgf_integers given,
                             int64_t least, int flat, int out[3])
{
    fgf_status status = FGF_OK;
    if (given.count < 1 || given.count > 3)
        FGF_FAIL(FGF_USAGE,
                 "%s: layer %d (%s): %s has %zu values; expected one, [height, width] or "
                 "[depth, height, width]",
                 layer->where, layer->number, layer->kind->item.name, key, given.count);
    for (size_t i = 0; i < given.count; i++)
        if (given.values[i] < least || given.values[i] > INT_MAX / 4)
            FGF_FAIL(FGF_USAGE, "%s: layer %d (%s): %s is %lld; expected an integer from %lld on",
                     layer->where, layer->number, layer->kind->item.name, key,
                     (long long)given.values[i], (long long)least);
    for (int axis = 0; axis < 3; axis++) {
        const int i = axis - 3 + (int)given.count;
        out[axis] = (int)(given.count == 1 ? given.values[0] : i >= 0 ? given.values[i] : flat);
    }
    if (given.count == 1 && layer->planar)
        out[0] = flat;
done:
    return status;
}

fgf_status fgf_layer_need_image(const fgf_layer *layer)
{
    fgf_status status = FGF_OK;
    if (fgf_shape_pixels(layer->input) != fgf_shape_pixels(layer->input_origin))
        FGF_TRY(fgf_layer_misfit(layer, "it needs an image, and its input was flattened"));
done:
    return status;
}

void fgf_layer_keep_shape(fgf_layer *layer)
{
    layer->output = layer->input;
    layer->output_origin = layer->input_origin;
}
