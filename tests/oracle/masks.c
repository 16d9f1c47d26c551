/* The masks that we make of contours and segments against those of others, voxel by voxel.
 *
 *   oracle_masks contours STRUCTURES IMAGE MASKS     each structure against MASKS/<name>.nii.gz
 *   oracle_masks segments SEGMENTATION IMAGE MASK    segment n against the voxels of MASK that are
 * n oracle_masks grid STRUCTURES IMAGE               the image's grid as options of plastimatch
 *
 * IMAGE: a file (.nii, .nii.gz, .nrrd), a folder with one DICOM series, or planes:FOLDER for the
 * series' rows and columns and the planes of the contours, own for a segmentation's frames. Prints
 * a row for each structure; the exit status is 0 where all voxels are the same, 1 where some
 * differ, 2 where something failed. */
#include "fgf/contour.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_file(const char *path)
{
    return ends_with(path, ".nrrd") || ends_with(path, ".nii") || ends_with(path, ".nii.gz");
}

static fgf_status open_file(const char *path, fgf_volume **out)
{
    return ends_with(path, ".nrrd") ? fgf_nrrd_open(path, out) : fgf_nifti_open(path, out);
}

/* The grid of the folder's image series. */
static fgf_status series_grid(const char *path, fgf_grid *grid)
{
    fgf_status status = FGF_OK;
    fgf_dicom_folder *folder = NULL;
    fgf_volume *volume = NULL;
    size_t image = 0;
    FGF_TRY(fgf_dicom_folder_read(path, &folder));
    while (image < folder->entry_count && folder->entry[image].kind != FGF_DICOM_IMAGE)
        image++;
    if (image == folder->entry_count)
        FGF_FAIL(FGF_DATA, "%s: no image series", path);
    FGF_TRY(fgf_dicom_series_open(&folder->entry[image], &volume, NULL));
    *grid = *fgf_volume_grid(volume);
done:
    fgf_volume_close(&volume);
    fgf_dicom_folder_destroy(&folder);
    return status;
}

static fgf_status image_grid(const char *path, const fgf_structure_set *set, fgf_grid *grid)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    bool *all = NULL;
    fgf_grid series;
    if (strncmp(path, "planes:", 7) == 0 && set) {
        FGF_TRY(FGF_ALLOCATE(set->count, &all));
        for (size_t i = 0; i < set->count; i++)
            all[i] = true;
        FGF_TRY(series_grid(path + 7, &series));
        series.extent[2] += 2000; /* wherever they are */
        for (int i = 0; i < 3; i++)
            series.affine[i][3] -= 1000 * series.affine[i][2];
        FGF_TRY(fgf_contour_grid(set, all, &series, grid));
    } else if (is_file(path)) {
        FGF_TRY(open_file(path, &volume));
        *grid = *fgf_volume_grid(volume);
    } else {
        FGF_TRY(series_grid(path, grid));
    }
done:
    fgf_free(all);
    fgf_volume_close(&volume);
    return status;
}

/* ---- comparing ---- */

typedef struct comparison {
    size_t ours, theirs, differing;
} comparison;

/* Compares and closes both. `label`: the value that is inside in theirs; 0 = any but 0. */
static fgf_status compare(fgf_volume **ours, fgf_volume **theirs, double label, comparison *out)
{
    fgf_status status = FGF_OK;
    double *mine = NULL, *other = NULL;
    fgf_buffer text = {0};
    const fgf_grid *grid = fgf_volume_grid(*ours);
    const size_t area = (size_t)grid->extent[0] * (size_t)grid->extent[1];
    *out = (comparison){0};
    fgf_grid_differences(grid, "ours", fgf_volume_grid(*theirs), "theirs", &text);
    if (text.length > 0)
        FGF_FAIL(FGF_DATA, "%s", text.text);
    FGF_TRY(FGF_ALLOCATE(area, &mine));
    FGF_TRY(FGF_ALLOCATE(area, &other));
    for (int z = 0; z < grid->extent[2]; z++) {
        FGF_TRY(fgf_volume_next(*ours, mine));
        FGF_TRY(fgf_volume_next(*theirs, other));
        for (size_t p = 0; p < area; p++) {
            const bool a = mine[p] > 0, b = label > 0 ? other[p] == label : other[p] != 0;
            out->ours += a;
            out->theirs += b;
            out->differing += a != b;
        }
    }
done:
    fgf_buffer_clear(&text);
    fgf_free(mine);
    fgf_free(other);
    fgf_volume_close(ours);
    fgf_volume_close(theirs);
    return status;
}

static void print_row(const char *name, size_t parts, const comparison *c)
{
    const double sum = (double)(c->ours + c->theirs);
    printf("| %s | %zu | %zu | %zu | %zu | %.6f |\n", name, parts, c->theirs, c->ours, c->differing,
           (sum - (double)c->differing) / sum);
}

static fgf_status contours(const char *path, const char *image, const char *masks,
                           size_t *differing)
{
    fgf_status status = FGF_OK;
    fgf_structure_set *set = NULL;
    fgf_volume *ours = NULL, *theirs = NULL;
    bool *chosen = NULL;
    fgf_buffer remarks = {0};
    fgf_grid grid;
    FGF_TRY(fgf_dicom_structures_read(path, &set));
    FGF_TRY(image_grid(image, set, &grid));
    FGF_TRY(FGF_ALLOCATE(set->count, &chosen));
    for (size_t i = 0; i < set->count; i++) {
        const fgf_structure *structure = &set->structure[i];
        char file[4096];
        comparison c;
        if (structure->contour_count == 0)
            continue;
        snprintf(file, sizeof file, "%s/%s.nii.gz", masks, structure->name);
        chosen[i] = true;
        FGF_TRY(fgf_contour_mask_open(set, chosen, &grid, &ours, &remarks));
        FGF_TRY(open_file(file, &theirs));
        FGF_TRY(compare(&ours, &theirs, 0, &c));
        chosen[i] = false;
        print_row(structure->name, structure->contour_count, &c);
        *differing += c.differing;
    }
    if (remarks.text)
        fputs(remarks.text, stderr);
done:
    fgf_buffer_clear(&remarks);
    fgf_free(chosen);
    fgf_volume_close(&ours);
    fgf_volume_close(&theirs);
    fgf_structure_set_destroy(&set);
    return status;
}

static fgf_status segments(const char *path, const char *image, const char *masks,
                           size_t *differing)
{
    fgf_status status = FGF_OK;
    fgf_segmentation *segmentation = NULL;
    fgf_volume *ours = NULL, *theirs = NULL;
    bool *chosen = NULL;
    fgf_grid grid;
    FGF_TRY(fgf_dicom_segmentation_read(path, &segmentation));
    if (strcmp(image, "own") == 0)
        FGF_TRY(fgf_segment_grid(segmentation, &grid));
    else
        FGF_TRY(image_grid(image, NULL, &grid));
    FGF_TRY(FGF_ALLOCATE(segmentation->segment_count, &chosen));
    for (size_t i = 0; i < segmentation->segment_count; i++) {
        const int number = segmentation->segment[i].number;
        char file[4096];
        size_t frames = 0;
        comparison c;
        for (size_t f = 0; f < segmentation->frame_count; f++)
            frames += segmentation->frame[f].segment == number;
        chosen[i] = true;
        FGF_TRY(fgf_segment_mask_open(segmentation, chosen, &grid, &ours, NULL));
        snprintf(file, sizeof file, is_file(masks) ? "%s" : "%s/%d.nii.gz", masks, number);
        FGF_TRY(open_file(file, &theirs));
        FGF_TRY(compare(&ours, &theirs, is_file(masks) ? number : 0, &c));
        chosen[i] = false;
        print_row(segmentation->segment[i].name, frames, &c);
        *differing += c.differing;
    }
done:
    fgf_free(chosen);
    fgf_volume_close(&ours);
    fgf_volume_close(&theirs);
    fgf_segmentation_destroy(&segmentation);
    return status;
}

static fgf_status print_grid(const char *path, const char *image)
{
    fgf_status status = FGF_OK;
    fgf_structure_set *set = NULL;
    fgf_grid g;
    FGF_TRY(fgf_dicom_structures_read(path, &set));
    FGF_TRY(image_grid(image, set, &g));
    printf("--dim\n%d %d %d\n--spacing\n%.10g %.10g %.10g\n--origin\n%.10g %.10g %.10g\n",
           g.extent[0], g.extent[1], g.extent[2], g.spacing[0], g.spacing[1], g.spacing[2],
           g.affine[0][3], g.affine[1][3], g.affine[2][3]);
    printf("--direction-cosines\n");
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            printf("%.10g%s", g.affine[i][k] / g.spacing[k], i + k < 4 ? " " : "\n");
done:
    fgf_structure_set_destroy(&set);
    return status;
}

int main(int count, char **argument)
{
    fgf_status status = FGF_USAGE;
    size_t differing = 0;
    if (count == 5 && strcmp(argument[1], "contours") == 0)
        status = contours(argument[2], argument[3], argument[4], &differing);
    else if (count == 5 && strcmp(argument[1], "segments") == 0)
        status = segments(argument[2], argument[3], argument[4], &differing);
    else if (count == 4 && strcmp(argument[1], "grid") == 0)
        status = print_grid(argument[2], argument[3]);
    else
        fputs("usage: see the head of masks.c\n", stderr);
    if (status != FGF_OK && fgf_last_error()->message[0])
        fprintf(stderr, "%s\n", fgf_last_error()->message);
    return status != FGF_OK ? 2 : differing > 0;
}
