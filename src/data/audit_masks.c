/* Checks of masks and of the grids that images came on. */
#include "audit_private.h"
#include "fgf/memory.h"

#include <math.h>
#include <stdlib.h>

fgf_status fgf_check_empty_masks(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++)
        if (!in->facts[i].damaged && in->facts[i].pixels == 0)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, audit_case(in, i)->id, "0 px"));
done:
    return status;
}

fgf_status fgf_check_tiny_masks(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++) {
        const int64_t pixels = in->facts[i].pixels;
        if (pixels > 0 && pixels < in->settings->tiny_pixels)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, audit_case(in, i)->id, "%lld px",
                                    (long long)pixels));
    }
done:
    return status;
}

fgf_status fgf_check_border(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++) {
        const bool *border = in->facts[i].border;
        if (border[0] || border[1] || border[2])
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, audit_case(in, i)->id,
                                    "at the end of%s%s%s", border[0] ? " slices" : "",
                                    border[1] ? " rows" : "", border[2] ? " columns" : ""));
    }
done:
    return status;
}

fgf_status fgf_check_components(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++)
        if (in->facts[i].components > 1)
            FGF_TRY(fgf_finding_add(
                out, FGF_VERDICT_NOTE, audit_case(in, i)->id,
                "%lld parts, the largest %lld of %lld px", (long long)in->facts[i].components,
                (long long)in->facts[i].largest, (long long)in->facts[i].pixels));
done:
    return status;
}

fgf_status fgf_check_holes(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++)
        if (in->facts[i].holes > 0)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_NOTE, audit_case(in, i)->id, "%lld hole%s",
                                    (long long)in->facts[i].holes,
                                    in->facts[i].holes == 1 ? "" : "s"));
done:
    return status;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of one axis of the spacings that are known; 0 where none is. */
static double median_spacing(const audit_input *in, int axis, double *values)
{
    size_t known = 0;
    for (size_t i = 0; i < in->count; i++) {
        const double spacing = audit_case(in, i)->source_spacing[axis];
        if (isfinite(spacing) && spacing > 0)
            values[known++] = spacing;
    }
    if (known == 0)
        return 0;
    qsort(values, known, sizeof *values, by_value);
    return values[known / 2];
}

fgf_status fgf_check_spacing(const audit_input *in, fgf_finding *out)
{
    static const char *const axes[] = {"slices", "rows", "columns"};
    fgf_status status = FGF_OK;
    double *values = NULL, median[3];
    bool known = false;
    FGF_TRY(FGF_ALLOCATE(in->count, &values));
    for (int a = 0; a < 3; a++) {
        median[a] = median_spacing(in, a, values);
        known |= median[a] > 0;
    }
    if (!known) {
        FGF_TRY(fgf_finding_skip(out, "the sources' spacing is not recorded"));
        goto done;
    }
    for (size_t i = 0; i < in->count; i++)
        for (int a = 0; a < 3; a++) {
            const double spacing = audit_case(in, i)->source_spacing[a];
            const double ratio = spacing / median[a], limit = in->settings->spacing_factor;
            if (isfinite(spacing) && spacing > 0 && (ratio > limit || ratio * limit < 1))
                FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, audit_case(in, i)->id,
                                        "%s %g mm, the median is %g mm", axes[a], spacing,
                                        median[a]));
        }
done:
    fgf_free(values);
    return status;
}
