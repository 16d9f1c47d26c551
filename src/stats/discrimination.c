/* The area under the ROC curve, its interval, and the threshold that separates best. */
#include "sort.h"

#include "fgf/memory.h"
#include "fgf/stats.h"

#include <math.h>

static bool has_label(const double *score, const int8_t *label, size_t i, int8_t wanted)
{
    return label[i] == wanted && !isnan(score[i]);
}

static size_t count_label(const double *score, const int8_t *label, size_t n, int8_t wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += has_label(score, label, i, wanted);
    return count;
}

/* Case i's structural component times the count of the opposite class: over the cases of the
 * other label, 1 where the event's score is the higher, 1/2 where they are equal. */
static double wins(const double *score, const int8_t *label, size_t n, size_t i)
{
    int8_t other = label[i] ? 0 : 1;
    size_t higher = 0, equal = 0;
    for (size_t j = 0; j < n; j++) {
        if (!has_label(score, label, j, other))
            continue;
        higher += other ? score[j] > score[i] : score[i] > score[j];
        equal += score[j] == score[i];
    }
    return (double)higher + 0.5 * (double)equal;
}

double fgf_auc(const double *score, const int8_t *label, size_t n)
{
    double events = (double)count_label(score, label, n, 1), sum = 0;
    double others = (double)count_label(score, label, n, 0);
    for (size_t i = 0; i < n; i++)
        if (has_label(score, label, i, 1))
            sum += wins(score, label, n, i);
    return events > 0 && others > 0 ? sum / (events * others) : NAN;
}

/* Variance of the mean over one class's structural components: S / count, divisor count - 1. */
static double component_variance(const double *score, const int8_t *label, size_t n, int8_t wanted,
                                 double auc)
{
    double count = (double)count_label(score, label, n, wanted), square = 0;
    double opposite = (double)count_label(score, label, n, wanted ? 0 : 1);
    for (size_t i = 0; i < n; i++)
        if (has_label(score, label, i, wanted)) {
            double off = wins(score, label, n, i) / opposite - auc;
            square += off * off;
        }
    return count > 1 ? square / (count - 1) / count : NAN;
}

static double delong_error(const double *score, const int8_t *label, size_t n, double auc)
{
    return sqrt(component_variance(score, label, n, 1, auc) +
                component_variance(score, label, n, 0, auc));
}

void fgf_auc_delong(const double *score, const int8_t *label, size_t n, double level, double *auc,
                    double *low, double *high, double *se)
{
    double z = fgf_normal_quantile(0.5 + 0.5 * level);
    *auc = fgf_auc(score, label, n);
    *se = delong_error(score, label, n, *auc);
    *low = *high = NAN;
    if (isnan(*se))
        return;
    *low = fmax(0, *auc - z * *se);
    *high = fmin(1, *auc + z * *se);
}

void fgf_auc_delong_logit(const double *score, const int8_t *label, size_t n, double level,
                          double *auc, double *low, double *high, double *se)
{
    double z = fgf_normal_quantile(0.5 + 0.5 * level);
    *auc = fgf_auc(score, label, n);
    *se = delong_error(score, label, n, *auc);
    *low = *high = NAN;
    if (isnan(*se) || *auc <= 0 || *auc >= 1)
        return;
    double logit = log(*auc / (1 - *auc)), spread = z * *se / (*auc * (1 - *auc));
    *low = 1 / (1 + exp(-(logit - spread)));
    *high = 1 / (1 + exp(-(logit + spread)));
}

fgf_status fgf_youden(const double *score, const int8_t *label, size_t n, double *threshold,
                      double *index)
{
    fgf_status status = FGF_OK;
    keyed *items = NULL;
    size_t count = 0, below[2] = {0, 0};
    double total[2];
    *threshold = *index = NAN;
    FGF_TRY(FGF_ALLOCATE(n, &items));
    for (int8_t wanted = 0; wanted <= 1; wanted++) {
        total[wanted] = (double)count_label(score, label, n, wanted);
        for (size_t i = 0; i < n; i++)
            if (has_label(score, label, i, wanted))
                items[count++] = (keyed){score[i], (size_t)wanted};
    }
    if (total[0] == 0 || total[1] == 0)
        goto done;
    fgf_stats_sort_keyed(items, count);
    for (size_t k = 0; k + 1 < count; k++) {
        below[items[k].tag]++;
        if (items[k].value == items[k + 1].value)
            continue;
        double youden = (double)below[0] / total[0] - (double)below[1] / total[1];
        if (isnan(*index) || youden > *index) {
            *index = youden;
            /* Halves first: two large scores must not overflow. */
            *threshold = 0.5 * items[k].value + 0.5 * items[k + 1].value;
        }
    }
done:
    fgf_free(items);
    return status;
}
