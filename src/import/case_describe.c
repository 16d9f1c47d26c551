/* What reading a case would begin with, in words. */
#include "case_files.h"
#include "case_source.h"
#include "fgf/dicom.h"
#include "fgf/memory.h"

#include <string.h>

static void add_size(double bytes, fgf_buffer *out)
{
    if (bytes >= 1e6)
        fgf_buffer_add(out, "%.1f MB", bytes / 1e6);
    else
        fgf_buffer_add(out, "%.1f kB", bytes / 1e3);
}

/* What cannot be read is a line of the list and no error; running out of memory is one. */
static fgf_status as_line(fgf_status status, fgf_buffer *out)
{
    if (status != FGF_DATA && status != FGF_ENVIRONMENT && status != FGF_USAGE)
        return status;
    fgf_buffer_add(out, "fault: %s\n", fgf_last_error()->message);
    return FGF_OK;
}

/* ---- files of the patterns ---- */

static fgf_status describe_grid(fgf_status (*open)(const char *, fgf_volume **), const char *path,
                                fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    FGF_TRY(open(path, &volume));
    fgf_buffer_add(out, "%s: ", path);
    fgf_grid_describe(fgf_volume_grid(volume), out);
    fgf_buffer_add(out, "\n");
done:
    fgf_volume_close(&volume);
    return status;
}

static fgf_status describe_file(int kind, const fgf_case_file *file, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    if (file->bytes < 0) {
        fgf_buffer_add(out, "fault: %s: is not there\n", file->path);
    } else if (kind == FGF_SOURCE_PNG) {
        fgf_buffer_add(out, "%s: ", file->path);
        add_size((double)file->bytes, out);
        fgf_buffer_add(out, "\n");
    } else {
        FGF_TRY(as_line(describe_grid(kind == FGF_SOURCE_NRRD ? fgf_nrrd_open : fgf_nifti_open,
                                      file->path, out),
                        out));
    }
done:
    return status;
}

/* ---- a DICOM folder ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add_names(size_t count, const char *const *names, fgf_buffer *out)
{
    for (size_t k = 0; k < count; k++)
        fgf_buffer_add(out, "%s'%s'", k ? ", " : "  holds ", names[k]);
    fgf_buffer_add(out, count ? "\n" : "  holds nothing\n");
}

static fgf_status describe_structures(const char *path, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_structure_set *set = NULL;
    const char **names = NULL;
    FGF_TRY(fgf_dicom_structures_read(path, &set));
    FGF_TRY(FGF_ALLOCATE(set->count, &names));
    for (size_t k = 0; k < set->count; k++)
        names[k] = set->structure[k].name;
    add_names(set->count, names, out);
done:
    fgf_structure_set_destroy(&set);
    fgf_free(names);
    return status;
}

static fgf_status describe_segments(const char *path, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_segmentation *segmentation = NULL;
    const char **names = NULL;
    FGF_TRY(fgf_dicom_segmentation_read(path, &segmentation));
    FGF_TRY(FGF_ALLOCATE(segmentation->segment_count, &names));
    for (size_t k = 0; k < segmentation->segment_count; k++)
        names[k] = segmentation->segment[k].name;
    add_names(segmentation->segment_count, names, out);
done:
    fgf_segmentation_destroy(&segmentation);
    fgf_free(names);
    return status;
}

static fgf_status describe_entry(const fgf_dicom_entry *entry, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    const char *of = *entry->referenced_series ? entry->referenced_series : "(not said)";
    switch (entry->kind) {
    case FGF_DICOM_IMAGE:
        fgf_buffer_add(out, "%s series %s: %zu slices of %d x %d\n", entry->modality, entry->series,
                       entry->slice_count, entry->columns, entry->rows);
        break;
    case FGF_DICOM_STRUCTURE_SET:
        fgf_buffer_add(out, "structure set %s of series %s\n", base_name(entry->file[0]), of);
        FGF_TRY(as_line(describe_structures(entry->file[0], out), out));
        break;
    case FGF_DICOM_SEGMENTATION:
        fgf_buffer_add(out, "segmentation %s of series %s\n", base_name(entry->file[0]), of);
        FGF_TRY(as_line(describe_segments(entry->file[0], out), out));
        break;
    }
done:
    return status;
}

static fgf_status describe_folder(const char *path, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_dicom_folder *folder = NULL;
    FGF_TRY(fgf_dicom_folder_read(path, &folder));
    for (size_t k = 0; k < folder->entry_count; k++)
        FGF_TRY(describe_entry(&folder->entry[k], out));
    if (folder->entry_count == 0)
        fgf_buffer_add(out, "fault: %s: no DICOM images in it\n", path);
done:
    fgf_dicom_folder_destroy(&folder);
    return status;
}

/* The grid of the image, and that the mask lies on it. */
static fgf_status describe_grids(case_source *source, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_volume *image = NULL, *mask = NULL;
    FGF_TRY(case_open_image(source, 0, NULL, &image));
    fgf_buffer_add(out, "image of ");
    fgf_grid_describe(fgf_volume_grid(image), out);
    fgf_buffer_add(out, "\n");
    if (source->has_mask)
        FGF_TRY(case_open_mask(source, fgf_volume_grid(image), &mask));
done:
    fgf_volume_close(&image);
    fgf_volume_close(&mask);
    return status;
}

/* The choice that reading makes, and what it would find of the geometry. */
static fgf_status describe_choice(const fgf_manifest *m, const fgf_candidate *candidate,
                                  fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    case_source source = {0};
    FGF_TRY(case_source_open(m, candidate, &source));
    if (*source.regions)
        fgf_buffer_add(out, "takes %s: %s\n", source.mask_source, source.regions);
    FGF_TRY(as_line(describe_grids(&source, out), out));
    if (source.remarks.text)
        fgf_buffer_add(out, "%s", source.remarks.text);
done:
    case_source_close(&source);
    return status;
}

fgf_status fgf_case_describe(const fgf_manifest *m, const fgf_candidate *candidate, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    fgf_case_files files = {0};
    const size_t before = out->length;
    if (m->source.kind == FGF_SOURCE_DICOM) {
        status = fgf_case_path(m, m->pattern[0], candidate->source_id, &path);
        if (status == FGF_OK)
            status = describe_folder(path.text, out);
        FGF_TRY(as_line(status, out));
    } else {
        FGF_TRY(fgf_case_files_list(m, candidate, &files));
        for (size_t k = 0; k < files.count; k++)
            FGF_TRY(describe_file(m->source.kind, &files.file[k], out));
    }
    const bool flat = m->source.kind == FGF_SOURCE_PNG;
    if (!flat && (!out->text || !strstr(out->text + before, "fault: ")))
        FGF_TRY(as_line(describe_choice(m, candidate, out), out));
done:
    fgf_buffer_clear(&path);
    fgf_case_files_clear(&files);
    return status;
}
