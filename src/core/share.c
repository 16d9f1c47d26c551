#include "fgf/group.h"

#include <string.h>

size_t fgf_share_limit(size_t left, int size)
{
    size_t part = 2 * (size_t)size;
    return left > part ? (left + part - 1) / part : 1;
}

fgf_status fgf_share_open(fgf_group *group, size_t count, fgf_share *out)
{
    fgf_status status = FGF_OK;
    fgf_share share = {.group = group, .count = count, .left = count};
    memset(out, 0, sizeof *out);
    if (group->size > 1) {
        FGF_TRY(group->ops->share_open(group, &share));
    } else {
        share.end = count;
        share.left = 0;
    }
    *out = share;
done:
    return status;
}

bool fgf_share_take(fgf_share *share, size_t held, size_t *index)
{
    /* What is left only gets less: who holds too much by an old number does so by the new one. */
    if (share->next == share->end && share->left > 0 &&
        held < fgf_share_limit(share->left, share->group->size))
        share->group->ops->share_ask(share, held);
    if (share->next == share->end)
        return false;
    *index = share->next++;
    return true;
}

void fgf_share_close(fgf_share *share)
{
    if (share->group && share->group->size > 1)
        share->group->ops->share_close(share);
    memset(share, 0, sizeof *share);
}
