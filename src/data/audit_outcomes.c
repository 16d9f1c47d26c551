/* Checks of labels and outcomes. */
#include "audit_private.h"
#include "fgf/memory.h"
#include "fgf/spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- labels ---- */

fgf_status fgf_check_one_label(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    size_t of[2] = {0, 0};
    for (size_t i = 0; i < in->count; i++)
        if (audit_case(in, i)->label >= 0)
            of[audit_case(in, i)->label]++;
    for (int label = 0; label <= 1; label++)
        if (of[label] == 0)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, "the cohort",
                                    "no case with label %d, %zu with label %d", label,
                                    of[1 - label], 1 - label));
done:
    return status;
}

fgf_status fgf_check_centre_label(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    FGF_TRY(FGF_ALLOCATE(in->count, &cases));
    for (size_t i = 0; i < in->count; i++)
        cases[i] = (keyed_case){audit_case(in, i)->centre, i};
    fgf_audit_sort(cases, in->count);
    if (in->count == 0 || fgf_audit_run_end(cases, in->count, 0) == in->count) {
        FGF_TRY(fgf_finding_skip(out, "there is one centre"));
        goto done;
    }
    for (size_t first = 0, end; first < in->count; first = end) {
        size_t of[2] = {0, 0};
        end = fgf_audit_run_end(cases, in->count, first);
        for (size_t k = first; k < end; k++)
            if (audit_case(in, cases[k].index)->label >= 0)
                of[audit_case(in, cases[k].index)->label]++;
        if ((of[0] == 0) != (of[1] == 0))
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, cases[first].key,
                                    "%zu cases, all with label %d", of[0] + of[1], of[1] > 0));
    }
done:
    fgf_free(cases);
    return status;
}

fgf_status fgf_check_missing_outcomes(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++) {
        const fgf_case *item = audit_case(in, i);
        if (item->label < 0)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_NOTE, item->id, "%s",
                                    isnan(item->event) ? "no event is recorded"
                                                       : "the label rule gives none"));
    }
done:
    return status;
}

/* ---- outcomes ---- */

static bool any_time(const audit_input *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (!isnan(audit_case(in, i)->time) || !isnan(audit_case(in, i)->follow_up))
            return true;
    return false;
}

fgf_status fgf_check_times(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    if (!any_time(in))
        return fgf_finding_skip(out, "no times are recorded");
    for (size_t i = 0; i < in->count; i++) {
        const fgf_case *item = audit_case(in, i);
        if (item->time < 0)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, item->id, "time %g", item->time));
        if (item->follow_up < 0)
            FGF_TRY(
                fgf_finding_add(out, FGF_VERDICT_FAULT, item->id, "follow-up %g", item->follow_up));
        if (item->event != 0 && item->time > item->follow_up)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, item->id,
                                    "event at %g, followed until %g", item->time, item->follow_up));
    }
done:
    return status;
}

static bool has_event(const fgf_case *item)
{
    return !isnan(item->event) && item->event != 0;
}

fgf_status fgf_check_untimed_events(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    if (!any_time(in))
        return fgf_finding_skip(out, "no times are recorded");
    for (size_t i = 0; i < in->count; i++) {
        const fgf_case *item = audit_case(in, i);
        if (has_event(item) && isnan(item->time))
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, item->id, "label %d", item->label));
    }
done:
    return status;
}

/* What is wrong with a label; NULL = nothing. An event without a time contradicts nothing. */
static const char *contradiction(const fgf_case *item, double horizon)
{
    const bool no_event = item->event <= 0 && item->event >= 0;
    if (item->label == 1 && no_event)
        return "label 1 without an event";
    if (isnan(horizon))
        return NULL;
    if (!(horizon > 0))
        return item->label == 0 && has_event(item) ? "label 0 with an event" : NULL;
    if (item->label == 1)
        return item->time > horizon ? "label 1 with the event behind the horizon" : NULL;
    if (has_event(item))
        return item->time <= horizon ? "label 0 with the event within the horizon" : NULL;
    if (no_event && item->follow_up < horizon)
        return "label 0, followed for less than the horizon";
    return no_event && isnan(item->follow_up) ? "label 0, and the follow-up is not known" : NULL;
}

fgf_status fgf_check_label_follow_up(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    double horizon;
    bool known = false;
    for (size_t i = 0; i < in->count; i++)
        known |= !isnan(audit_case(in, i)->event);
    if (!known)
        return fgf_finding_skip(out, "no events are recorded");
    horizon = in->settings->horizon < 0 ? (double)NAN : in->settings->horizon;
    for (size_t i = 0; i < in->count; i++) {
        const fgf_case *item = audit_case(in, i);
        const char *wrong = item->label < 0 ? NULL : contradiction(item, horizon);
        if (wrong)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, item->id,
                                    "%s (event %g, time %g, follow-up %g, horizon %g)", wrong,
                                    item->event, item->time, item->follow_up, horizon));
    }
done:
    return status;
}

fgf_status fgf_check_excluded(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < fgf_dataset_excluded_count(in->dataset); i++) {
        const char *id, *reason;
        fgf_dataset_excluded(in->dataset, i, &id, &reason);
        FGF_TRY(fgf_finding_add(out, FGF_VERDICT_NOTE, id, "%s", reason));
    }
done:
    return status;
}
