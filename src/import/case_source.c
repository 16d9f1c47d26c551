#include "case_source.h"
#include "case_files.h"
#include "fgf/file_bytes.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

/* ---- the formats ---- */

static fgf_status nifti_open_image(case_source *source, int channel, fgf_volume **out)
{
    return fgf_nifti_open(source->path[channel], out);
}

static fgf_status nifti_open_mask(case_source *source, const fgf_grid *image, fgf_volume **out)
{
    (void)image;
    return fgf_nifti_open(source->mask_path, out);
}

static fgf_status nrrd_open_image(case_source *source, int channel, fgf_volume **out)
{
    return fgf_nrrd_open(source->path[channel], out);
}

static fgf_status nrrd_open_mask(case_source *source, const fgf_grid *image, fgf_volume **out)
{
    (void)image;
    return fgf_nrrd_open(source->mask_path, out);
}

static const source_format png_source = {
    .name = "png", .flat = true, .open_image = png_open_image, .open_mask = png_open_mask};
static const source_format nifti_source = {
    .name = "nifti", .open_image = nifti_open_image, .open_mask = nifti_open_mask};
static const source_format nrrd_source = {.name = "nrrd",
                                          .open_image = nrrd_open_image,
                                          .open_mask = nrrd_open_mask,
                                          .list_files = nrrd_list_files};

/* In the order of source.kind. */
static const source_format *const formats[] = {&png_source, &nifti_source, &nrrd_source,
                                               &dicom_source};

/* ---- files ---- */

static fgf_status fill_in(const case_source *source, const char *pattern, char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    FGF_TRY(fgf_case_path(source->manifest, pattern, source->candidate->source_id, &path));
    FGF_TRY(fgf_copy_text(path.text, out));
done:
    fgf_buffer_clear(&path);
    return status;
}

fgf_status case_source_open(const fgf_manifest *manifest, const fgf_candidate *candidate,
                            case_source *out)
{
    fgf_status status = FGF_OK;
    *out = (case_source){.manifest = manifest,
                         .candidate = candidate,
                         .format = formats[manifest->source.kind],
                         .has_mask = *manifest->source.mask != '\0'};
    for (int c = 0; c < manifest->channel_count; c++)
        FGF_TRY(fill_in(out, manifest->pattern[c], &out->path[c]));
    if (out->has_mask)
        FGF_TRY(fill_in(out, manifest->source.mask, &out->mask_path));
    snprintf(out->mask_source, sizeof out->mask_source, "%s", out->has_mask ? "file" : "derived");
    if (out->format->prepare)
        FGF_TRY(out->format->prepare(out));
done:
    return status;
}

void case_source_close(case_source *source)
{
    if (source->format && source->format->close)
        source->format->close(source);
    for (int c = 0; c < FGF_CHANNELS_MAX; c++)
        fgf_free(source->path[c]);
    fgf_free(source->mask_path);
    fgf_buffer_clear(&source->remarks);
    memset(source, 0, sizeof *source);
}

static fgf_status list_paths(const case_source *source, fgf_status (*add)(void *, const char *),
                             void *list)
{
    fgf_status status = FGF_OK;
    for (int c = 0; c < source->manifest->channel_count; c++)
        FGF_TRY(add(list, source->path[c]));
    if (source->mask_path)
        FGF_TRY(add(list, source->mask_path));
done:
    return status;
}

static fgf_status add_hash(void *hashes, const char *path)
{
    fgf_status status = FGF_OK;
    fgf_hash hash;
    FGF_TRY(fgf_hash_file(path, &hash));
    fgf_buffer_add(hashes, "%s", hash.text);
done:
    return status;
}

fgf_status case_source_hash(const case_source *source, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer hashes = {0};
    if (source->format->list_files)
        FGF_TRY(source->format->list_files(source, add_hash, &hashes));
    else
        FGF_TRY(list_paths(source, add_hash, &hashes));
    FGF_TRY(hashes.status);
    *out = fgf_hash_bytes(hashes.text, hashes.length);
done:
    fgf_buffer_clear(&hashes);
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static fgf_status add_name(void *names, const char *path)
{
    fgf_buffer *text = names;
    fgf_buffer_add(text, "%s%s", text->length ? ";" : "", base_name(path));
    return text->status;
}

/* The names of the manifest: of a folder its own, not those of hundreds of files. */
fgf_status case_source_names(const case_source *source, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(list_paths(source, add_name, out));
done:
    return status;
}

const char *case_mask_name(const case_source *source)
{
    return source->mask_path ? source->mask_path : source->path[0];
}

fgf_status nrrd_list_files(const case_source *source, fgf_status (*add)(void *, const char *),
                           void *list)
{
    fgf_status status = FGF_OK;
    char *data = NULL;
    for (int c = 0; c <= source->manifest->channel_count; c++) {
        const char *path =
            c < source->manifest->channel_count ? source->path[c] : source->mask_path;
        if (!path)
            continue;
        FGF_TRY(add(list, path));
        FGF_TRY(fgf_nrrd_data_file(path, &data));
        if (data)
            FGF_TRY(add(list, data));
        fgf_free(data);
        data = NULL;
    }
done:
    fgf_free(data);
    return status;
}

/* ---- volumes ---- */

fgf_status case_open_image(case_source *source, int channel, const fgf_grid *first,
                           fgf_volume **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer differences = {0};
    FGF_TRY(source->format->open_image(source, channel, out));
    if (first && !fgf_grid_equal(first, fgf_volume_grid(*out))) {
        fgf_grid_differences(fgf_volume_grid(*out), "it", first, "the first channel", &differences);
        FGF_TRY(differences.status);
        FGF_FAIL(FGF_DATA, "%s: not on the grid of the first channel: %s; resample it first",
                 source->path[channel], differences.text);
    }
done:
    fgf_buffer_clear(&differences);
    if (status != FGF_OK)
        fgf_volume_close(out);
    return status;
}

static fgf_status put_on_grid(case_source *source, const fgf_grid *image, fgf_volume **mask)
{
    fgf_status status = FGF_OK;
    fgf_volume *resampled = NULL;
    const size_t length = strlen(source->mask_source);
    fgf_buffer_add(&source->remarks, "mask resampled (nearest) from ");
    fgf_grid_describe(fgf_volume_grid(*mask), &source->remarks);
    fgf_buffer_add(&source->remarks, "\n");
    FGF_TRY(fgf_mask_resample(mask, image, &resampled));
    *mask = resampled;
    snprintf(source->mask_source + length, sizeof source->mask_source - length, ", resampled");
done:
    if (status == FGF_DATA)
        status = fgf_prefix_error("%s", case_mask_name(source));
    return status;
}

fgf_status case_open_mask(case_source *source, const fgf_grid *image, fgf_volume **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer differences = {0};
    *out = NULL;
    if (!source->has_mask)
        goto done;
    FGF_TRY(source->format->open_mask(source, image, out));
    const fgf_grid *grid = fgf_volume_grid(*out);
    if (!fgf_grid_equal(image, grid)) {
        if (source->manifest->preprocess.resample_mask == FGF_RESAMPLE_NEAREST) {
            FGF_TRY(put_on_grid(source, image, out));
            goto done;
        }
        fgf_grid_differences(grid, "it", image, "the image", &differences);
        FGF_TRY(differences.status);
        FGF_FAIL(FGF_DATA, "%s: not on the grid of the image: %s; export it on the image's grid%s",
                 case_mask_name(source), differences.text,
                 image->placed && grid->placed ? ", or set preprocess.resample_mask: nearest" : "");
    }
    if (image->placed != grid->placed)
        fgf_buffer_add(&source->remarks,
                       "the %s does not say where in the patient it lies: taken "
                       "as on the other's grid\n",
                       image->placed ? "mask" : "image");
done:
    fgf_buffer_clear(&differences);
    if (status != FGF_OK)
        fgf_volume_close(out);
    return status;
}
