#include "soft_bins.h"

fgf_status soft_bins_prepare(fgf_feature *feature, const fgf_item *item)
{
    fgf_status status = FGF_OK;
    const soft_bins_settings *settings = feature->settings;
    if (!(settings->low < settings->high))
        FGF_FAIL(FGF_USAGE, "%s: feature '%s' has low: %g and high: %g; low must be below high",
                 item->where, item->name, settings->low, settings->high);
    if (settings->bins < 2 || settings->bins > SOFT_BINS_MAX)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s' has %lld bins, expected 2 to %d", item->where,
                 item->name, (long long)settings->bins, SOFT_BINS_MAX);
done:
    return status;
}

/* Of the nearest bin's share: what is below this is below the rounding of every sum. */
static const double least_share = 1e-20;

soft_bins soft_bins_of(const soft_bins_settings *settings)
{
    soft_bins all = {.bins = (int)settings->bins, .low = settings->low};
    all.step = (settings->high - settings->low) / (double)settings->bins;
    all.scale = 1 / (2 * settings->width * settings->width);
    all.shrink = exp(-2 * all.step * all.step * all.scale);
    /* The k-th bin has exp(-k (k - 1) step^2 / 2 w^2) of the nearest one's share at most. */
    const double most = -log(least_share) / (all.step * all.step * all.scale);
    while (all.reach < all.bins && (double)all.reach * (all.reach - 1) <= most)
        all.reach++;
    return all;
}
