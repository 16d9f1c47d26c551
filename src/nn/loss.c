#include "fgf/nn.h"

#include <math.h>

double fgf_binary_cross_entropy(double logit, int label, double weight, double *derivative)
{
    /* Both parts through exp(-|f|), which never overflows; and the derivative without the
     * difference sigmoid(f) - 1, which would lose everything where f is large. */
    double decay = exp(-fabs(logit));
    double signed_logit = label ? -logit : logit;
    double loss = (signed_logit > 0 ? signed_logit : 0) + log1p(decay);
    if (derivative) {
        double share = (signed_logit > 0 ? 1 : decay) / (1 + decay); /* sigmoid(signed_logit) */
        *derivative = label ? -weight * share : weight * share;
    }
    return weight * loss;
}
