/* The flow's settings as keys, and what is decided once network and data are known. */
#include "fgf/flow.h"

#include <math.h>

#define MEMBER(name) offsetof(fgf_flow_settings, name)

const fgf_key fgf_flow_keys[] = {
    {"integrator", FGF_KEY_CHOICE, MEMBER(integrator), "auto", 0, 0, "auto|euler|adaptive|sliding",
     "",
     "fixed-step Euler, an adaptive pair, or Euler that follows ridges (sliding); auto: euler "
     "where the network is piecewise linear, else adaptive"},
    {"target", FGF_KEY_CHOICE, MEMBER(target), "boundary", 0, 0, "boundary|ascend|descend", "",
     "flow to the decision boundary, or up or down the logit for `length`"},
    {"boundary", FGF_KEY_CHOICE, MEMBER(boundary), "logit", 0, 0,
     "logit|probability|prevalence|youden", "",
     "the decision boundary: a value, or the training cases' prevalence or Youden threshold"},
    {"boundary_value", FGF_KEY_REAL, MEMBER(boundary_value), "0", 0, 0, NULL, "1",
     "the boundary's logit or probability"},
    {"step", FGF_KEY_REAL, MEMBER(step), "0.0125", 1e-6, 10, NULL, "1",
     "step of euler and first step of adaptive, with the intensity window as [0, 1]"},
    {"tolerance", FGF_KEY_REAL, MEMBER(tolerance), "1e-3", 1e-12, 1, NULL, "1",
     "adaptive: greatest estimated error of one step, Euclidean norm"},
    {"least_step", FGF_KEY_REAL, MEMBER(least_step), "1e-4", 1e-9, 10, NULL, "1",
     "adaptive: a step this short is taken whatever its error, so that kinks do not stall it"},
    {"greatest_length", FGF_KEY_REAL, MEMBER(greatest_length), "10", 1e-6, 1e6, NULL, "1",
     "target boundary: a flow that has not arrived by this arc length ends"},
    {"length", FGF_KEY_REAL, MEMBER(length), "1", 1e-6, 1e6, NULL, "1",
     "targets ascend and descend: arc length of the flow"},
    {"turn_angle", FGF_KEY_REAL, MEMBER(turn_angle), "0.6", 1e-3, 3.1415, NULL, "rad",
     "a step that turns the gradient by more is counted as a turn"},
    {"sliding_turns", FGF_KEY_INTEGER, MEMBER(sliding_turns), "3", 1, 1e9, NULL, "1",
     "turns that mark a flow as sliding along a ridge: a kink that is crossed turns it once"},
    {"vanish", FGF_KEY_REAL, MEMBER(vanish), "1e-12", 0, 1, NULL, "1",
     "a gradient of norm up to vanish * sqrt(pixels) counts as none"},
    {"greatest_steps", FGF_KEY_INTEGER, MEMBER(greatest_steps), "20000", 1, 1e9, NULL, "1",
     "a safety: steps tried before a flow is given up"},
    {0}};

fgf_status fgf_flow_resolve(fgf_flow_settings *settings, bool piecewise_linear, double prevalence,
                            double youden)
{
    fgf_status status = FGF_OK;
    double p = settings->boundary == FGF_FLOW_AT_PREVALENCE ? prevalence : settings->boundary_value;
    if (settings->integrator == FGF_FLOW_AUTO)
        settings->integrator = piecewise_linear ? FGF_FLOW_EULER : FGF_FLOW_ADAPTIVE;
    switch ((fgf_flow_boundary)settings->boundary) {
    case FGF_FLOW_AT_LOGIT:
        settings->f0 = settings->boundary_value;
        break;
    case FGF_FLOW_AT_PROBABILITY:
    case FGF_FLOW_AT_PREVALENCE:
        if (!(p > 0 && p < 1))
            FGF_FAIL(FGF_USAGE, "flow: boundary: %s is %g; expected a value between 0 and 1",
                     settings->boundary == FGF_FLOW_AT_PROBABILITY
                         ? "the probability in boundary_value"
                         : "the prevalence among the training cases",
                     p);
        settings->f0 = log(p / (1 - p));
        break;
    case FGF_FLOW_AT_YOUDEN:
        settings->f0 = youden;
        break;
    }
    if (!isfinite(settings->f0))
        FGF_FAIL(
            FGF_USAGE, "flow: boundary: %s; expected a finite number (boundary: logit sets one)",
            settings->boundary == FGF_FLOW_AT_YOUDEN ? "the training cases have no Youden threshold"
                                                     : "boundary_value is not finite");
done:
    return status;
}

const char *fgf_flow_end_name(fgf_flow_end end)
{
    switch (end) {
    case FGF_FLOW_RUNNING:
        return "running";
    case FGF_FLOW_BOUNDARY:
        return "boundary";
    case FGF_FLOW_LENGTH:
        return "length";
    case FGF_FLOW_VANISHED:
        return "vanished";
    case FGF_FLOW_STEPS:
        return "steps";
    case FGF_FLOW_NOT_FINITE:
        return "not_finite";
    }
    return "unknown";
}
