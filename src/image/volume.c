#include "fgf/image.h"
#include "fgf/memory.h"

struct fgf_volume {
    const fgf_volume_format *format;
    void *state;
    fgf_grid grid;
    int next;
};

fgf_status fgf_volume_create(const fgf_volume_format *format, void *state, const fgf_grid *grid,
                             fgf_volume **out)
{
    fgf_status status = FGF_OK;
    *out = NULL;
    if (!format->next || !format->close)
        FGF_FAIL(FGF_INTERNAL, "the format %s lacks a required part", format->name);
    FGF_TRY(FGF_ALLOCATE(1, out));
    **out = (fgf_volume){.format = format, .state = state, .grid = *grid};
done:
    if (status != FGF_OK)
        format->close(state);
    return status;
}

void fgf_volume_close(fgf_volume **volume)
{
    if (*volume)
        (*volume)->format->close((*volume)->state);
    fgf_free(*volume);
    *volume = NULL;
}

const fgf_grid *fgf_volume_grid(const fgf_volume *volume)
{
    return &volume->grid;
}

fgf_status fgf_volume_next(fgf_volume *volume, double *slice)
{
    fgf_status status = FGF_OK;
    if (volume->next >= volume->grid.extent[2])
        FGF_FAIL(FGF_INTERNAL, "slice %d of %d of a %s volume was asked for", volume->next,
                 volume->grid.extent[2], volume->format->name);
    FGF_TRY(volume->format->next(volume->state, slice));
    volume->next++;
done:
    return status;
}
