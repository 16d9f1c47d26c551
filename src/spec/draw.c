/* Random axes. Draw i of an axis depends on the sweep's seed, the axis and i alone. */
#include "fgf/random.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { UNIFORM, LOG_UNIFORM, INTEGER, CHOICE, DISTRIBUTION_COUNT } distribution_kind;

static const char *const distribution_names[] = {"uniform", "log_uniform", "integer", "choice"};

typedef struct distribution {
    distribution_kind kind;
    double low, high;
    int64_t first, last;
    const spec_node *values; /* CHOICE */
    spec_place place;
} distribution;

static bool read_bounds(const spec_node *values, distribution *out)
{
    bool fits[2] = {true, true};
    if (values->kind != SPEC_SEQUENCE || values->count != 2)
        return false;
    const spec_node *low = values->entries[0].value, *high = values->entries[1].value;
    if (low->kind != SPEC_SCALAR || high->kind != SPEC_SCALAR || low->quoted || high->quoted)
        return false;
    if (out->kind == INTEGER)
        return spec_read_integer(low->text, &out->first, &fits[0]) &&
               spec_read_integer(high->text, &out->last, &fits[1]) && fits[0] && fits[1] &&
               out->first <= out->last && (uint64_t)out->last - (uint64_t)out->first < UINT32_MAX;
    return spec_read_real(low->text, &out->low, &fits[0]) &&
           spec_read_real(high->text, &out->high, &fits[1]) && fits[0] && fits[1] &&
           isfinite(out->high - out->low) && out->low <= out->high &&
           (out->kind == UNIFORM || out->low > 0);
}

static bool read_distribution(spec_report *report, const spec_entry *axis, distribution *out)
{
    static const char *const expected[] = {"[low, high]", "[low, high] with 0 < low",
                                           "[first, last]", "a list of values"};
    const spec_node *node = axis->value;
    char found[SPEC_FOUND_BYTES];
    *out = (distribution){.kind = DISTRIBUTION_COUNT};
    if (node->kind == SPEC_MAPPING && node->count == 1)
        for (int k = 0; k < DISTRIBUTION_COUNT; k++)
            if (strcmp(node->entries[0].key->text, distribution_names[k]) == 0)
                out->kind = (distribution_kind)k;
    if (out->kind == DISTRIBUTION_COUNT) {
        spec_fault(report, node->place,
                   "%s: found %s, expected one of uniform, log_uniform, integer, choice, as in "
                   "{uniform: [0, 1]}",
                   axis->key->text, spec_node_found(node, found));
        return false;
    }
    out->values = node->entries[0].value;
    out->place = out->values->place;
    bool fine = out->kind == CHOICE ? out->values->kind == SPEC_SEQUENCE && out->values->count > 0
                                    : read_bounds(out->values, out);
    if (!fine)
        spec_fault(report, out->place, "%s: %s needs %s, in order", axis->key->text,
                   distribution_names[out->kind], expected[out->kind]);
    return fine;
}

/* Six digits: enough for a search, pleasant to read, and the same wherever the mathematical
 * library's last bit differs, so that a trial keeps its hash. */
static double rounded(double number, double low, double high)
{
    char text[40];
    snprintf(text, sizeof text, "%.6g", number);
    number = strtod(text, NULL);
    return number < low ? low : number > high ? high : number;
}

static fgf_status draw(spec_pool *pool, const distribution *d, fgf_stream *stream,
                       const spec_node **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    double number = 0;
    if (d->kind == CHOICE) {
        *out = d->values->entries[fgf_stream_below(stream, (uint32_t)d->values->count)].value;
        return FGF_OK;
    }
    if (d->kind == INTEGER) {
        uint32_t span = (uint32_t)((uint64_t)d->last - (uint64_t)d->first) + 1;
        fgf_buffer_add(&text, "%lld", (long long)(d->first + fgf_stream_below(stream, span)));
    } else {
        double u = fgf_stream_uniform(stream);
        if (d->kind == UNIFORM)
            number = d->low + (d->high - d->low) * u;
        else
            number = exp(log(d->low) + (log(d->high) - log(d->low)) * u);
        spec_add_number(&text, rounded(number, d->low, d->high));
    }
    FGF_TRY(text.status);
    FGF_TRY(spec_node_scalar(pool, d->place, text.text, text.length, false, out));
done:
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status draw_axis(fgf_sweep *sweep, const spec_entry *axis, uint64_t seed,
                            size_t dimension, spec_dimension *out)
{
    fgf_status status = FGF_OK;
    distribution d;
    spec_named_path *path = NULL;
    bool fine = read_distribution(sweep->cells.context.report, axis, &d);
    FGF_TRY(spec_sweep_path(sweep, axis->key, &path));
    if (!fine || !path || !spec_claim_path(sweep, path, axis->key, dimension))
        return FGF_OK;
    for (size_t i = 0; i < out->count; i++) {
        const spec_node *value = NULL;
        fgf_stream stream =
            fgf_stream_open(seed, FGF_PURPOSE_SWEEP_AXIS, fgf_text_key(axis->key->text), i);
        FGF_TRY(draw(&sweep->pool, &d, &stream, &value));
        FGF_TRY(spec_point_add(sweep, path, value, &out->points[i]));
    }
done:
    return status;
}

fgf_status spec_random_read(fgf_sweep *sweep, const spec_node *node, uint64_t seed,
                            size_t dimension, spec_dimension *out)
{
    fgf_status status = FGF_OK;
    spec_report *report = sweep->cells.context.report;
    const spec_node *count = spec_node_get(node, "count", 5),
                    *axes = spec_node_get(node, "axes", 4);
    int64_t draws = 0;
    bool fits = true;
    char found[SPEC_FOUND_BYTES];
    if (!count || !axes || node->count != 2 || axes->kind != SPEC_MAPPING || axes->count == 0) {
        spec_fault(report, node->place,
                   "sweep.random: expected {count: n, axes: {path: {uniform: [0, 1]}, ...}}");
        return FGF_OK;
    }
    if (count->kind != SPEC_SCALAR || count->quoted ||
        !spec_read_integer(count->text, &draws, &fits) || !fits || draws < 1 ||
        draws > FGF_SWEEP_TRIALS_MOST) {
        spec_fault(report, count->place,
                   "sweep.random.count: found %s, expected an integer in [1, %d]",
                   spec_node_found(count, found), FGF_SWEEP_TRIALS_MOST);
        return FGF_OK;
    }
    out->count = (size_t)draws;
    FGF_TRY(SPEC_TAKE(&sweep->pool, out->count, &out->points));
    for (size_t i = 0; i < out->count; i++)
        FGF_TRY(SPEC_TAKE(&sweep->pool, axes->count, &out->points[i].values));
    for (size_t a = 0; a < axes->count; a++)
        FGF_TRY(draw_axis(sweep, &axes->entries[a], seed, dimension, out));
done:
    return status;
}
