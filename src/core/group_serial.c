#include "fgf/group.h"

#include <string.h>

static fgf_status serial_tree_sum(fgf_group *group, fgf_tree *tree, fgf_real *result)
{
    fgf_status status = FGF_OK;
    (void)group;
    const fgf_real *root = fgf_tree_root(tree);
    if (!root)
        FGF_FAIL(FGF_INTERNAL, "a summation tree was summed before all its leaves were in");
    memcpy(result, root, fgf_tree_length(tree) * sizeof *result);
done:
    return status;
}

static fgf_status serial_agree(fgf_group *group, fgf_status mine)
{
    (void)group;
    return mine;
}

static fgf_status serial_merge(fgf_group *group, void *table, size_t bytes)
{
    (void)group;
    (void)table;
    (void)bytes;
    return FGF_OK;
}

static const fgf_group_ops serial_ops = {
    .tree_sum = serial_tree_sum, .agree = serial_agree, .merge = serial_merge};
static fgf_group serial_group = {&serial_ops, NULL, 0, 1};

fgf_group *fgf_group_serial(void)
{
    return &serial_group;
}
