#include "model.h"

#include "fgf/memory.h"

#include <stdio.h>

static fgf_status plan_layer(fgf_layer *layer, const fgf_item *item)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_layer_kind_check(layer->kind));
    FGF_TRY(layer->kind->plan(layer, item->settings));
    for (int k = 0; k < layer->array_count; k++) {
        fgf_layer_array *array = &layer->array[k];
        array->offset = layer->parameter_count;
        array->count = 1;
        for (int axis = 0; axis < array->axes; axis++)
            array->count *= (size_t)array->stored[axis];
        layer->parameter_count += array->count;
    }
done:
    return status;
}

/* The registry's kind of an item, by its address: items come from fgf_layer_kinds. */
static const fgf_layer_kind *kind_of(const fgf_item *item)
{
    size_t count = 0;
    const fgf_layer_kind *const *kinds = fgf_layer_kind_table(&count);
    for (size_t i = 0; i < count; i++)
        if (item->kind == &kinds[i]->item)
            return kinds[i];
    return NULL;
}

static fgf_status plan_layers(fgf_model *model, const fgf_item *items, fgf_shape input)
{
    fgf_status status = FGF_OK;
    fgf_shape shape = input, origin = input;
    for (int l = 0; l < model->layer_count; l++) {
        fgf_layer *layer = &model->layer[l];
        layer->kind = kind_of(&items[l]);
        layer->name = items[l].name ? items[l].name : "";
        layer->where = items[l].where ? items[l].where : "model";
        layer->number = l + 1;
        layer->planar = input.depth == 1;
        layer->input = shape;
        layer->input_origin = origin;
        if (!layer->kind)
            FGF_FAIL(FGF_USAGE, "%s: layer %d (%s) is no layer kind", layer->where, l + 1,
                     items[l].kind ? items[l].kind->name : "nameless");
        FGF_TRY(plan_layer(layer, &items[l]));
        layer->parameter_offset = model->parameter_count;
        model->parameter_count += layer->parameter_count;
        model->array_count += (size_t)layer->array_count;
        model->piecewise_linear &= !(layer->kind->flags & FGF_LAYER_CURVED);
        fgf_buffer_add(&model->description, l ? ",\n " : "[");
        fgf_describe_layer(&model->description, layer, items[l].settings);
        shape = layer->output;
        origin = layer->output_origin;
    }
    fgf_buffer_add(&model->description, "]");
    FGF_TRY(model->description.status);
done:
    return status;
}

static fgf_status check_end(const fgf_model *model)
{
    fgf_status status = FGF_OK;
    const fgf_layer *last = &model->layer[model->layer_count - 1];
    if (!(last->kind->flags & FGF_LAYER_BATCHED) || fgf_layer_out(last) != 1)
        FGF_TRY(fgf_layer_misfit(last, "a network ends in a dense layer with units: 1 (the logit), "
                                       "without an activation"));
done:
    return status;
}

static fgf_status list_arrays(fgf_model *model)
{
    fgf_status status = FGF_OK;
    size_t k = 0;
    FGF_TRY(FGF_ALLOCATE(model->array_count, &model->array));
    FGF_TRY(FGF_ALLOCATE(model->array_count, &model->shape_of));
    for (int l = 0; l < model->layer_count; l++) {
        const fgf_layer *layer = &model->layer[l];
        for (int j = 0; j < layer->array_count; j++, k++) {
            const fgf_layer_array *own = &layer->array[j];
            fgf_parameter_array *array = &model->array[k];
            const int length =
                snprintf(array->name, sizeof array->name, "%s.%s", layer->name, own->suffix);
            if (length < 0 || (size_t)length >= sizeof array->name)
                FGF_FAIL(FGF_USAGE, "%s: layer %d: the name %s is too long", layer->where,
                         layer->number, layer->name);
            array->offset = layer->parameter_offset + own->offset;
            array->count = own->count;
            array->rank = own->rank;
            for (int axis = 0; axis < own->rank; axis++)
                array->dims[axis] = own->dims[axis];
            model->shape_of[k] = own;
        }
    }
done:
    return status;
}

fgf_status fgf_model_create(const fgf_item *items, size_t count, fgf_shape input, fgf_model **out)
{
    fgf_status status = FGF_OK;
    fgf_model *model = NULL;
    *out = NULL;
    if (count == 0)
        FGF_FAIL(FGF_USAGE, "the model has no layers; expected at least one dense layer");
    if (input.channels < 1 || input.depth < 1 || input.height < 1 || input.width < 1)
        FGF_FAIL(FGF_USAGE, "the model's input %d x %d x %d x %d is empty", input.depth,
                 input.height, input.width, input.channels);
    FGF_TRY(FGF_ALLOCATE(1, &model));
    FGF_TRY(FGF_ALLOCATE(count, &model->layer));
    model->layer_count = (int)count;
    model->piecewise_linear = true;
    FGF_TRY(plan_layers(model, items, input));
    FGF_TRY(check_end(model));
    FGF_TRY(list_arrays(model));
    FGF_TRY(fgf_model_plan_steps(model));
    for (int l = 0; l < model->layer_count; l++)
        model->layer[l].where = model->layer[l].name = NULL;
    *out = model;
    model = NULL;
done:
    fgf_model_destroy(&model);
    return status;
}

void fgf_model_destroy(fgf_model **model)
{
    fgf_model *m = *model;
    if (m) {
        fgf_model_clear_steps(m);
        for (int l = 0; l < m->layer_count; l++)
            fgf_free(m->layer[l].detail);
        fgf_free(m->layer);
        fgf_free(m->array);
        fgf_free((void *)m->shape_of);
        fgf_buffer_clear(&m->description);
    }
    fgf_free(m);
    *model = NULL;
}

fgf_shape fgf_model_input(const fgf_model *model)
{
    return model->layer[0].input;
}

size_t fgf_model_parameter_count(const fgf_model *model)
{
    return model->parameter_count;
}

size_t fgf_model_activation_count(const fgf_model *model)
{
    size_t count = 0;
    for (int i = 0; i < model->layer_count; i++)
        count += fgf_layer_in(&model->layer[i]);
    return count;
}

bool fgf_model_piecewise_linear(const fgf_model *model)
{
    return model->piecewise_linear;
}

void fgf_model_describe(const fgf_model *model, fgf_buffer *out)
{
    fgf_buffer_add_bytes(out, model->description.text, model->description.length);
}

/* ---- parameter arrays ---- */

size_t fgf_model_array_count(const fgf_model *model)
{
    return model->array_count;
}

const fgf_parameter_array *fgf_model_array(const fgf_model *model, size_t k)
{
    return &model->array[k];
}

size_t fgf_array_place(const fgf_layer_array *array, size_t external)
{
    size_t index[FGF_ARRAY_AXES] = {0}, place = 0;
    for (int i = array->axes - 1; i >= 0; i--) {
        const int axis = array->permute[i];
        index[axis] = external % (size_t)array->stored[axis];
        external /= (size_t)array->stored[axis];
    }
    for (int axis = 0; axis < array->axes; axis++)
        place = place * (size_t)array->stored[axis] + index[axis];
    return place;
}

void fgf_model_import_array(const fgf_model *model, size_t k, const double *external,
                            fgf_real *parameters)
{
    fgf_real *own = parameters + model->array[k].offset;
    for (size_t i = 0; i < model->array[k].count; i++)
        own[fgf_array_place(model->shape_of[k], i)] = (fgf_real)external[i];
}

void fgf_model_export_array(const fgf_model *model, size_t k, const fgf_real *parameters,
                            double *external)
{
    const fgf_real *own = parameters + model->array[k].offset;
    for (size_t i = 0; i < model->array[k].count; i++)
        external[i] = (double)own[fgf_array_place(model->shape_of[k], i)];
}
