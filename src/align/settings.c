#include "fgf/align.h"

#define MEMBER(name) offsetof(fgf_align_settings, name)
const fgf_key fgf_align_keys[] = {
    {"rank_tolerance", FGF_KEY_REAL, MEMBER(rank_tolerance), "1e-6", 1e-15, 0.5, NULL, "1",
     "a feature's gradient counts as dependent where less of its unit length than this is left"},
    {"vanish", FGF_KEY_REAL, MEMBER(vanish), "1e-12", 1e-300, 1, NULL, "1",
     "the network's gradient has no direction where |g| <= vanish * sqrt(pixels)"},
    {.name = NULL}};
