/* A patient's folder of DICOM files: which series, which structure set or segmentation, which
 * structures of it. */
#include "case_source.h"
#include "fgf/contour.h"
#include "fgf/dicom.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A structure set or a segmentation: names, of which some are chosen. */
typedef struct drawing {
    char *path;
    fgf_structure_set *set; /* one of the two */
    fgf_segmentation *segmentation;
    size_t count;
    const char **names;
    bool *chosen;
} drawing;

typedef struct dicom_case {
    fgf_dicom_folder *folder, *mask_folder; /* mask_folder: where source.mask names a folder */
    const fgf_dicom_entry *series;
    bool opened; /* the series, once */
    drawing drawing;
} dicom_case;

/* ---- drawings ---- */

static void clear_drawing(drawing *d)
{
    fgf_free(d->path);
    fgf_structure_set_destroy(&d->set);
    fgf_segmentation_destroy(&d->segmentation);
    fgf_free(d->names);
    fgf_free(d->chosen);
    memset(d, 0, sizeof *d);
}

static fgf_status read_drawing(const char *path, fgf_dicom_kind kind, drawing *out)
{
    fgf_status status = FGF_OK;
    memset(out, 0, sizeof *out);
    FGF_TRY(fgf_copy_text(path, &out->path));
    if (kind == FGF_DICOM_STRUCTURE_SET) {
        FGF_TRY(fgf_dicom_structures_read(path, &out->set));
        out->count = out->set->count;
    } else {
        FGF_TRY(fgf_dicom_segmentation_read(path, &out->segmentation));
        out->count = out->segmentation->segment_count;
    }
    FGF_TRY(FGF_ALLOCATE(out->count, &out->names));
    FGF_TRY(FGF_ALLOCATE(out->count, &out->chosen));
    for (size_t k = 0; k < out->count; k++)
        out->names[k] = out->set ? out->set->structure[k].name : out->segmentation->segment[k].name;
done:
    if (status != FGF_OK)
        clear_drawing(out);
    return status;
}

static fgf_status choose_structures(const fgf_candidate *candidate, drawing *d, fgf_buffer *report)
{
    fgf_status status =
        fgf_structures_choose(&candidate->regions, d->count, d->names, d->chosen, report);
    return status == FGF_DATA ? fgf_prefix_error("%s", d->path) : status;
}

/* ---- what belongs together ---- */

/* Whether a structure set or segmentation is drawn on a series: by its reference, or, where it has
 * none, by the frame of reference. */
static bool refers_to(const fgf_dicom_entry *drawn, const fgf_dicom_entry *series)
{
    if (drawn->kind == FGF_DICOM_IMAGE)
        return false;
    if (*drawn->referenced_series)
        return strcmp(drawn->referenced_series, series->series) == 0;
    return *drawn->frame_of_reference &&
           strcmp(drawn->frame_of_reference, series->frame_of_reference) == 0;
}

static void describe_entry(const fgf_dicom_entry *entry, fgf_buffer *out)
{
    if (entry->kind == FGF_DICOM_IMAGE)
        fgf_buffer_add(out, "series %s: %s, %zu slices of %d x %d in %zu file%s", entry->series,
                       entry->modality, entry->slice_count, entry->columns, entry->rows,
                       entry->file_count, entry->file_count == 1 ? "" : "s");
    else
        fgf_buffer_add(out, "%s %s of series %s",
                       entry->kind == FGF_DICOM_SEGMENTATION ? "segmentation" : "structure set",
                       entry->file[0],
                       *entry->referenced_series ? entry->referenced_series : "(not said)");
}

/* "a; b; c" of entries of one sort. */
static void list_entries(const fgf_dicom_folder *folder, bool images, fgf_buffer *out)
{
    const char *between = "";
    for (size_t k = 0; k < folder->entry_count; k++) {
        if ((folder->entry[k].kind == FGF_DICOM_IMAGE) != images)
            continue;
        fgf_buffer_add(out, "%s", between);
        describe_entry(&folder->entry[k], out);
        between = "; ";
    }
    if (!*between)
        fgf_buffer_add(out, "none");
}

static bool has_modality(const fgf_manifest *m, const fgf_dicom_entry *entry)
{
    return entry->kind == FGF_DICOM_IMAGE &&
           (!*m->source.modality || strcmp(m->source.modality, entry->modality) == 0);
}

static bool is_drawn_on(const fgf_dicom_folder *folder, const fgf_dicom_entry *series)
{
    for (size_t k = 0; folder && k < folder->entry_count; k++)
        if (refers_to(&folder->entry[k], series))
            return true;
    return false;
}

/* The one series of the modality; of several the one that is drawn on. */
static fgf_status choose_series(const case_source *source, dicom_case *found)
{
    fgf_status status = FGF_OK;
    fgf_buffer list = {0};
    const fgf_dicom_folder *folder = found->folder;
    const fgf_dicom_entry *one = NULL, *drawn = NULL;
    size_t count = 0, drawn_count = 0;
    for (size_t k = 0; k < folder->entry_count; k++) {
        const fgf_dicom_entry *entry = &folder->entry[k];
        if (!has_modality(source->manifest, entry))
            continue;
        one = entry;
        count++;
        if (is_drawn_on(found->mask_folder ? found->mask_folder : folder, entry)) {
            drawn = entry;
            drawn_count++;
        }
    }
    found->series = count == 1 ? one : drawn_count == 1 ? drawn : NULL;
    if (found->series)
        goto done;
    list_entries(folder, true, &list);
    FGF_TRY(list.status);
    if (count == 0)
        FGF_FAIL(FGF_DATA, "%s: no series of modality %s (%s)", source->path[0],
                 source->manifest->source.modality, list.text);
    FGF_FAIL(FGF_DATA,
             "%s: %zu series of modality %s, and %s of them with contours; take the others away, "
             "or name one folder in source.image (%s)",
             source->path[0], count, source->manifest->source.modality,
             drawn_count ? "several" : "none", list.text);
done:
    fgf_buffer_clear(&list);
    return status;
}

/* ---- the drawing that is meant ---- */

/* Of the drawings on the series, the one in which the patterns find something. */
static fgf_status choose_drawing(case_source *source, dicom_case *found)
{
    fgf_status status = FGF_OK;
    fgf_buffer list = {0}, report = {0};
    const fgf_dicom_folder *folder = found->mask_folder ? found->mask_folder : found->folder;
    drawing candidate = {0};
    size_t fitting = 0, drawn = 0;
    fgf_error misfit = {0};
    for (size_t k = 0; k < folder->entry_count; k++) {
        const fgf_dicom_entry *entry = &folder->entry[k];
        if (!refers_to(entry, found->series))
            continue;
        drawn++;
        FGF_TRY(read_drawing(entry->file[0], entry->kind, &candidate));
        report.length = 0;
        status = choose_structures(source->candidate, &candidate, &report);
        if (status == FGF_DATA)
            misfit = *fgf_last_error();
        else
            FGF_TRY(status);
        if (status == FGF_OK && ++fitting == 1) {
            found->drawing = candidate;
            memset(&candidate, 0, sizeof candidate);
            fgf_buffer_add(&source->remarks, "%s\n", report.text ? report.text : "");
        }
        clear_drawing(&candidate);
        status = FGF_OK;
    }
    if (fitting == 1)
        goto done;
    list_entries(folder, false, &list);
    FGF_TRY(list.status);
    if (drawn == 0)
        FGF_FAIL(FGF_DATA,
                 "%s: no structure set or segmentation refers to series %s (there: %s); name one "
                 "in source.mask if you know better",
                 source->path[0], found->series->series, list.text);
    if (fitting == 0) {
        status = fgf_adopt_error(&misfit);
        goto done;
    }
    FGF_FAIL(FGF_DATA,
             "%s: the regions are found in %zu structure sets or segmentations; name one in "
             "source.mask (%s)",
             source->path[0], fitting, list.text);
done:
    clear_drawing(&candidate);
    fgf_buffer_clear(&list);
    fgf_buffer_clear(&report);
    return status;
}

static bool ends_in(const char *text, const char *ending)
{
    const size_t length = strlen(text), wanted = strlen(ending);
    return length >= wanted && strcmp(text + length - wanted, ending) == 0;
}

static bool is_nifti(const char *path)
{
    return ends_in(path, ".nii") || ends_in(path, ".nii.gz");
}

static bool is_nrrd(const char *path)
{
    return ends_in(path, ".nrrd") || ends_in(path, ".nhdr");
}

/* A structure set, or else a segmentation. */
static fgf_status read_either(const char *path, drawing *out)
{
    fgf_status status = FGF_OK;
    char reason[512];
    status = read_drawing(path, FGF_DICOM_STRUCTURE_SET, out);
    if (status != FGF_DATA)
        goto done;
    snprintf(reason, sizeof reason, "%.511s", fgf_last_error()->message);
    status = read_drawing(path, FGF_DICOM_SEGMENTATION, out);
    if (status == FGF_DATA)
        FGF_FAIL(FGF_DATA, "%s: neither a structure set nor a segmentation (%s)", path, reason);
done:
    return status;
}

/* The one drawing of a folder. */
static fgf_status read_only_drawing(const case_source *source, const fgf_dicom_folder *folder,
                                    drawing *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer list = {0};
    const fgf_dicom_entry *one = NULL;
    size_t count = 0;
    for (size_t k = 0; k < folder->entry_count; k++)
        if (folder->entry[k].kind != FGF_DICOM_IMAGE) {
            one = &folder->entry[k];
            count++;
        }
    if (count != 1) {
        list_entries(folder, false, &list);
        FGF_TRY(list.status);
        FGF_FAIL(FGF_DATA, "%s: expected one structure set or segmentation (found: %s)",
                 source->mask_path, list.text);
    }
    FGF_TRY(read_drawing(one->file[0], one->kind, out));
done:
    fgf_buffer_clear(&list);
    return status;
}

/* source.mask names the drawing itself, or the folder that it lies in; it is taken for the series
 * even where it does not say so. */
static fgf_status read_named_drawing(case_source *source, dicom_case *found)
{
    fgf_status status = FGF_OK;
    fgf_buffer report = {0};
    drawing *d = &found->drawing;
    if (found->mask_folder)
        FGF_TRY(read_only_drawing(source, found->mask_folder, d));
    else
        FGF_TRY(read_either(source->mask_path, d));
    FGF_TRY(choose_structures(source->candidate, d, &report));
    fgf_buffer_add(&source->remarks, "%s\n", report.text ? report.text : "");
    const char *series = d->set ? d->set->referenced_series : d->segmentation->referenced_series;
    if (strcmp(series, found->series->series) != 0)
        fgf_buffer_add(&source->remarks, "%s does not refer to the series that was taken\n",
                       d->path);
done:
    fgf_buffer_clear(&report);
    return status;
}

static void name_regions(case_source *source, const drawing *d)
{
    size_t used = 0;
    for (size_t k = 0; k < d->count; k++)
        if (d->chosen[k] && used < sizeof source->regions - 1)
            used += (size_t)snprintf(source->regions + used, sizeof source->regions - used, "%s%s",
                                     used ? " + " : "", d->names[k]);
    snprintf(source->mask_source, sizeof source->mask_source, "%s",
             d->set ? "structures" : "segmentation");
}

/* ---- the format ---- */

static fgf_status prepare(case_source *source)
{
    fgf_status status = FGF_OK;
    dicom_case *found = NULL;
    struct stat about;
    FGF_TRY(FGF_ALLOCATE(1, &found));
    source->state = found;
    source->has_mask = true;
    const char *mask = source->mask_path;
    const bool drawn = !mask || !(is_nifti(mask) || is_nrrd(mask));
    FGF_TRY(fgf_dicom_folder_read(source->path[0], &found->folder));
    if (mask && drawn && stat(mask, &about) == 0 && S_ISDIR(about.st_mode))
        FGF_TRY(fgf_dicom_folder_read(mask, &found->mask_folder));
    FGF_TRY(choose_series(source, found));
    if (!drawn)
        goto done;
    if (mask)
        FGF_TRY(read_named_drawing(source, found));
    else
        FGF_TRY(choose_drawing(source, found));
    name_regions(source, &found->drawing);
done:
    return status;
}

static fgf_status open_image(case_source *source, int channel, fgf_volume **out)
{
    dicom_case *found = source->state;
    (void)channel; /* one series a case */
    /* What is worth saying of the series is said once, however often it is opened. */
    fgf_buffer *remarks = found->opened ? NULL : &source->remarks;
    found->opened = true;
    return fgf_dicom_series_open(found->series, out, remarks);
}

/* On planes of its own, to be resampled. */
static fgf_status open_off_grid(const drawing *d, const fgf_grid *image, fgf_volume **out,
                                fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    fgf_grid own;
    if (d->set) {
        FGF_TRY(fgf_contour_grid(d->set, d->chosen, image, &own));
        FGF_TRY(fgf_contour_mask_open(d->set, d->chosen, &own, out, remarks));
    } else {
        FGF_TRY(fgf_segment_grid(d->segmentation, &own));
        FGF_TRY(fgf_segment_mask_open(d->segmentation, d->chosen, &own, out, remarks));
    }
done:
    return status;
}

static fgf_status open_mask(case_source *source, const fgf_grid *image, fgf_volume **out)
{
    fgf_status status = FGF_OK;
    const drawing *d = &((dicom_case *)source->state)->drawing;
    fgf_buffer *remarks = &source->remarks;
    if (!d->path) {
        FGF_TRY(
            (is_nifti(source->mask_path) ? fgf_nifti_open : fgf_nrrd_open)(source->mask_path, out));
        goto done;
    }
    status = d->set ? fgf_contour_mask_open(d->set, d->chosen, image, out, remarks)
                    : fgf_segment_mask_open(d->segmentation, d->chosen, image, out, remarks);
    if (status == FGF_DATA && source->manifest->preprocess.resample_mask == FGF_RESAMPLE_NEAREST)
        status = open_off_grid(d, image, out, remarks);
    if (status == FGF_DATA)
        status = fgf_prefix_error("%s", d->path);
done:
    return status;
}

static fgf_status list_files(const case_source *source, fgf_status (*add)(void *, const char *),
                             void *list)
{
    fgf_status status = FGF_OK;
    const dicom_case *found = source->state;
    for (size_t k = 0; k < found->series->file_count; k++)
        FGF_TRY(add(list, found->series->file[k]));
    if (found->drawing.path)
        FGF_TRY(add(list, found->drawing.path));
    else
        FGF_TRY(add(list, source->mask_path));
done:
    return status;
}

static void close_case(case_source *source)
{
    dicom_case *found = source->state;
    if (!found)
        return;
    fgf_dicom_folder_destroy(&found->folder);
    fgf_dicom_folder_destroy(&found->mask_folder);
    clear_drawing(&found->drawing);
    fgf_free(found);
    source->state = NULL;
}

const source_format dicom_source = {.name = "dicom",
                                    .prepare = prepare,
                                    .open_image = open_image,
                                    .open_mask = open_mask,
                                    .list_files = list_files,
                                    .close = close_case};
