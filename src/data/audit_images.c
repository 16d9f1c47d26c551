/* Checks of images: what is there twice, and values that tell nothing. */
#include "audit_private.h"
#include "fgf/memory.h"
#include "split_private.h"

#include <string.h>

fgf_status fgf_check_contents(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++) {
        const case_facts *facts = &in->facts[i];
        if (facts->damaged || !facts->agrees)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, audit_case(in, i)->id,
                                    facts->damaged ? "cannot be read" : "is not what was written"));
    }
    if (!in->table_agrees)
        FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, "the table of cases",
                                "is not what was written"));
done:
    return status;
}

/* Cases of one key, each told with the first of them; an empty key is none. Across patients it is
 * a fault, within one it is `within`. */
static fgf_status find_equal(const audit_input *in, keyed_case *cases, fgf_verdict within,
                             fgf_finding *out)
{
    fgf_status status = FGF_OK;
    fgf_audit_sort(cases, in->count);
    for (size_t first = 0, end; first < in->count; first = end) {
        end = fgf_audit_run_end(cases, in->count, first);
        if (!cases[first].key[0])
            continue;
        for (size_t k = first + 1; k < end; k++) {
            const fgf_case *one = audit_case(in, cases[first].index);
            const fgf_case *other = audit_case(in, cases[k].index);
            const bool same = strcmp(fgf_split_patient(one), fgf_split_patient(other)) == 0;
            FGF_TRY(fgf_finding_add(out, same ? within : FGF_VERDICT_FAULT, other->id,
                                    "as %s, %s patient", one->id, same ? "the same" : "another"));
        }
    }
done:
    return status;
}

/* An image without contrast is like many others: it is told elsewhere. */
static bool has_contrast(const audit_input *in, size_t i)
{
    const int channels = fgf_dataset_cohort(in->dataset)->shape.channels;
    const case_facts *facts = &in->facts[i];
    return !facts->damaged && facts->pixels > 0 && facts->constant != ((uint32_t)1 << channels) - 1;
}

fgf_status fgf_check_duplicate_images(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    FGF_TRY(FGF_ALLOCATE(in->count, &cases));
    for (size_t i = 0; i < in->count; i++)
        cases[i] = (keyed_case){has_contrast(in, i) ? in->facts[i].image : "", i};
    FGF_TRY(find_equal(in, cases, FGF_VERDICT_WARNING, out));
done:
    fgf_free(cases);
    return status;
}

fgf_status fgf_check_duplicate_regions(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL, *images = NULL;
    FGF_TRY(FGF_ALLOCATE(in->count, &cases));
    FGF_TRY(FGF_ALLOCATE(in->count, &images));
    for (size_t i = 0; i < in->count; i++) {
        images[i] = (keyed_case){in->facts[i].image, i};
        /* Of a few pixels any two are alike. */
        const bool tells = has_contrast(in, i) && in->facts[i].pixels >= in->settings->tiny_pixels;
        cases[i] = (keyed_case){tells ? in->facts[i].region : "", i};
    }
    /* What is the same image altogether has been told: its first case stands for it. */
    fgf_audit_sort(images, in->count);
    for (size_t k = 1; k < in->count; k++)
        if (strcmp(images[k].key, images[k - 1].key) == 0)
            cases[images[k].index].key = "";
    FGF_TRY(find_equal(in, cases, FGF_VERDICT_WARNING, out));
done:
    fgf_free(cases);
    fgf_free(images);
    return status;
}

fgf_status fgf_check_duplicate_sources(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    FGF_TRY(FGF_ALLOCATE(in->count, &cases));
    for (size_t i = 0; i < in->count; i++)
        cases[i] = (keyed_case){audit_case(in, i)->source_hash, i};
    FGF_TRY(find_equal(in, cases, FGF_VERDICT_NOTE, out));
done:
    fgf_free(cases);
    return status;
}

fgf_status fgf_check_outside(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    if (!fgf_dataset_cohort(in->dataset)->masked)
        return fgf_finding_skip(out, "the cohort is not masked");
    for (size_t i = 0; i < in->count; i++)
        if (in->facts[i].outside > 0)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, audit_case(in, i)->id, "%lld px",
                                    (long long)in->facts[i].outside));
done:
    return status;
}

fgf_status fgf_check_constant(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(in->dataset);
    for (size_t i = 0; i < in->count; i++)
        for (int c = 0; c < cohort->shape.channels; c++)
            if (in->facts[i].constant >> c & 1)
                FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, audit_case(in, i)->id,
                                        "channel %s, %lld px", cohort->channel[c].name,
                                        (long long)in->facts[i].pixels));
done:
    return status;
}

fgf_status fgf_check_clipped(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(in->dataset);
    for (size_t i = 0; i < in->count; i++) {
        const case_facts *facts = &in->facts[i];
        for (int c = 0; c < cohort->shape.channels && facts->pixels > 0; c++) {
            const double all = (double)facts->pixels;
            const double low = (double)facts->low[c] / all, high = (double)facts->high[c] / all;
            if (low > in->settings->clipped_share || high > in->settings->clipped_share)
                FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, audit_case(in, i)->id,
                                        "channel %s: %.0f %% at %g, %.0f %% at %g %s",
                                        cohort->channel[c].name, 100 * low,
                                        cohort->channel[c].window[0], 100 * high,
                                        cohort->channel[c].window[1], cohort->channel[c].unit));
        }
    }
done:
    return status;
}
