#include "fgf/stats.h"
#include "fgf/trial.h"

/* METHOD, "Noise baseline", per cohort: the same mean over cases for the feature and for every
 * draw, so that gradients that agree across cases raise both alike. */
fgf_status fgf_cohort_test(const double *score, size_t features, const double *draws, size_t m,
                           double *p, double *q)
{
    fgf_status status = FGF_OK;
    for (size_t j = 0; j < features; j++)
        p[j] = fgf_rank_p(score[j], draws, m);
    FGF_TRY(fgf_benjamini_hochberg(p, features, q));
done:
    return status;
}
