#include "case_reader.h"
#include "case_files.h"
#include "case_source.h"
#include "case_take.h"
#include "fgf/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Lines become one, "; " between. */
static void join_lines(const fgf_buffer *lines, char *out, size_t bytes)
{
    size_t used = 0;
    for (const char *line = lines->text ? lines->text : ""; *line && used + 1 < bytes;) {
        const size_t length = strcspn(line, "\n");
        if (length > 0)
            used += (size_t)snprintf(out + used, bytes - used, "%s%.*s", used ? "; " : "",
                                     (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* What is known once the volumes were opened. */
static void note_source(const case_source *source, const fgf_grid *grid, fgf_case_outcome *outcome)
{
    const bool flat = source->format->flat;
    outcome->slices = flat ? 0 : grid->extent[2];
    for (int a = 0; a < 3; a++)
        outcome->source_spacing[a] = flat ? (double)NAN : grid->spacing[2 - a];
    snprintf(outcome->mask_source, sizeof outcome->mask_source, "%s", source->mask_source);
    snprintf(outcome->regions, sizeof outcome->regions, "%s", source->regions);
    join_lines(&source->remarks, outcome->remarks, sizeof outcome->remarks);
}

static fgf_status name_source(const case_source *source, fgf_case_outcome *outcome)
{
    fgf_status status = FGF_OK;
    fgf_buffer names = {0};
    fgf_hash hash;
    FGF_TRY(case_source_names(source, &names));
    snprintf(outcome->source, sizeof outcome->source, "%s", names.text);
    FGF_TRY(case_source_hash(source, &hash));
    memcpy(outcome->source_hash, hash.text, FGF_HASH_TEXT);
done:
    fgf_buffer_clear(&names);
    return status;
}

static fgf_status read_case(case_source *source, fgf_case_outcome *outcome, float **image,
                            uint8_t **mask)
{
    fgf_status status = FGF_OK;
    const fgf_manifest *m = source->manifest;
    const bool flat = source->format->flat, whole = m->preprocess.take == FGF_TAKE_VOLUME;
    value_window window[FGF_CHANNELS_MAX];
    fgf_part part = {0};
    fgf_grid grid;
    for (int c = 0; c < FGF_CHANNELS_MAX; c++)
        for (int k = 0; k < 2; k++) /* a PNG's values are x already */
            window[c][k] = flat ? k : m->channel[c].window[k];
    outcome->slice = -1;
    FGF_TRY(name_source(source, outcome));
    if (whole)
        FGF_TRY(case_take_volume(source, window, &part, &grid));
    else
        FGF_TRY(case_take_slices(source, window, &part, &outcome->slice, &grid));
    if (flat)
        outcome->slice = -1;
    status = fgf_preprocess_part(&m->preprocess, window, &part, &outcome->shape, outcome->spacing,
                                 image, mask);
    if (status != FGF_OK)
        status = fgf_prefix_error("%s", case_mask_name(source));
    note_source(source, &grid, outcome);
done:
    fgf_part_clear(&part);
    return status;
}

static bool is_missing(const fgf_manifest *m, const fgf_candidate *candidate, fgf_status *status)
{
    fgf_buffer path = {0};
    bool missing = false;
    *status = fgf_case_path(m, m->pattern[0], candidate->source_id, &path);
    if (*status == FGF_OK)
        missing = access(path.text, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
    fgf_buffer_clear(&path);
    return missing;
}

fgf_status fgf_case_read(const fgf_manifest *manifest, const fgf_candidate *candidate,
                         fgf_case_outcome *outcome, float **image, uint8_t **mask)
{
    fgf_status status = FGF_OK;
    case_source source = {0};
    memset(outcome, 0, sizeof *outcome);
    *image = NULL;
    *mask = NULL;
    const bool missing = is_missing(manifest, candidate, &status);
    if (status == FGF_OK && missing && manifest->source.missing == FGF_MISSING_EXCLUDE) {
        outcome->state = FGF_CASE_MISSING;
        snprintf(outcome->reason, sizeof outcome->reason, "no image file");
        goto done;
    }
    if (status == FGF_OK)
        status = case_source_open(manifest, candidate, &source);
    if (status == FGF_OK)
        status = read_case(&source, outcome, image, mask);
    if (status == FGF_DATA || status == FGF_ENVIRONMENT) {
        memset(outcome, 0, sizeof *outcome);
        outcome->state = FGF_CASE_BAD;
        snprintf(outcome->reason, sizeof outcome->reason, "%.*s", (int)sizeof outcome->reason - 1,
                 fgf_last_error()->message);
        status = FGF_OK;
    } else {
        FGF_TRY(status);
        outcome->state = FGF_CASE_GOOD;
    }
done:
    case_source_close(&source);
    return status;
}
