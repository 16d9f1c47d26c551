/* What the files of the split share. */
#ifndef DATA_SPLIT_PRIVATE_H
#define DATA_SPLIT_PRIVATE_H

#include "fgf/split.h"
#include "fgf/text.h"

/* The roles that settings->file gives, before cases without a label are taken out. */
fgf_status fgf_split_by_file(const fgf_split_settings *settings, const fgf_case *const *cases,
                             size_t count, int8_t *role) FGF_CHECKED;

/* FGF_OK without faults; else FGF_USAGE with every fault in one message, a line each. */
fgf_status fgf_split_refuse(const fgf_faults *faults) FGF_CHECKED;

#endif
