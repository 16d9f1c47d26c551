/* Computes what is asked for, family by family. */
#include "radiomics_private.h"

#include <string.h>

fgf_radiomics_settings fgf_radiomics_defaults(void)
{
    return (fgf_radiomics_settings){.families = FGF_RADIOMICS_ALL,
                                    .discretisation = FGF_DISCRETISATION_COUNT,
                                    .bins = 32,
                                    .lowest = NAN,
                                    .volume_range = {NAN, NAN}};
}

void radiomics_mean_add(radiomics_mean *mean, const double *features, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (!isfinite(features[k]))
            continue;
        mean->sum[k] += features[k];
        mean->count[k]++;
    }
}

void radiomics_mean_store(const radiomics_mean *mean, size_t count, fgf_radiomics_missing reason,
                          fgf_radiomics_value *out)
{
    for (size_t k = 0; k < count; k++)
        out[k] =
            radiomics_value(mean->count[k] ? mean->sum[k] / (double)mean->count[k] : NAN, reason);
}

static fgf_status compute_family(const fgf_radiomics_volume *volume, const radiomics_region *region,
                                 const fgf_radiomics_settings *settings,
                                 fgf_radiomics_family family, fgf_radiomics_value *out)
{
    switch (family) {
    case FGF_RADIOMICS_MORPHOLOGY:
        return radiomics_morphology(region, out);
    case FGF_RADIOMICS_LOCAL_INTENSITY:
        return radiomics_local_intensity(volume, out);
    case FGF_RADIOMICS_STATISTICS:
        return radiomics_statistics(region, out);
    case FGF_RADIOMICS_HISTOGRAM:
        return radiomics_histogram(region, out);
    case FGF_RADIOMICS_VOLUME_HISTOGRAM:
        return radiomics_volume_histogram(region, settings, out);
    case FGF_RADIOMICS_COOCCURRENCE:
        return radiomics_cooccurrence(region, out);
    case FGF_RADIOMICS_RUN_LENGTH:
        return radiomics_run_length(region, out);
    case FGF_RADIOMICS_SIZE_ZONE:
        return radiomics_size_zone(region, out);
    case FGF_RADIOMICS_DISTANCE_ZONE:
        return radiomics_distance_zone(region, out);
    case FGF_RADIOMICS_TONE_DIFFERENCE:
        return radiomics_tone_difference(region, out);
    case FGF_RADIOMICS_LEVEL_DEPENDENCE:
        return radiomics_level_dependence(region, out);
    case FGF_RADIOMICS_FAMILY_COUNT:
        break;
    }
    return FGF_OK;
}

fgf_status fgf_radiomics_compute(const fgf_radiomics_volume *volume,
                                 const fgf_radiomics_settings *settings,
                                 fgf_radiomics_value *values)
{
    fgf_status status = FGF_OK;
    radiomics_region region = {0};
    for (size_t k = 0; k < FGF_RADIOMICS_COUNT; k++)
        values[k] = (fgf_radiomics_value){NAN, FGF_RADIOMICS_MISSING_UNASKED};
    FGF_TRY(radiomics_region_create(volume, settings, &region));
    for (int f = 0; f < FGF_RADIOMICS_FAMILY_COUNT; f++) {
        if (!(settings->families & 1u << f))
            continue;
        fgf_radiomics_value *out = values + radiomics_first((fgf_radiomics_family)f);
        fgf_radiomics_value *end = values + radiomics_first((fgf_radiomics_family)(f + 1));
        bool empty =
            region.count == 0 && !(f == FGF_RADIOMICS_MORPHOLOGY && region.shape_count > 0);
        if (empty)
            for (; out < end; out++)
                *out = (fgf_radiomics_value){NAN, FGF_RADIOMICS_MISSING_EMPTY};
        else
            FGF_TRY(compute_family(volume, &region, settings, (fgf_radiomics_family)f, out));
    }
done:
    radiomics_region_clear(&region);
    return status;
}
