/* Structure sets (PS3.3 C.8.8.5 and C.8.8.6). */
#include "fgf/memory.h"
#include "head.h"

#include <string.h>

enum {
    STRUCTURES = 0x30060020,
    STRUCTURE_NUMBER = 0x30060022,
    STRUCTURE_FRAME_OF_REFERENCE = 0x30060024,
    STRUCTURE_NAME = 0x30060026,
    DRAWINGS = 0x30060039,
    CONTOURS = 0x30060040,
    CONTOUR_KIND = 0x30060042,
    CONTOUR_POINTS = 0x30060046,
    CONTOUR_DATA = 0x30060050,
    DRAWN_NUMBER = 0x30060084
};

static size_t count_items(const dicom_item *item, dicom_tag sequence)
{
    size_t count = 0;
    for (const dicom_item *i = NULL; (i = dicom_next(item, sequence, i));)
        count++;
    return count;
}

/* A whole number that must be there. */
static bool whole_number(const dicom_item *item, dicom_tag tag, int *out)
{
    double value = 0;
    size_t count;
    if (!dicom_numbers(item, tag, &value, 1, &count) || count != 1 || value < INT32_MIN ||
        value > INT32_MAX)
        return false;
    *out = (int)value;
    return *out == value;
}

static fgf_status read_contour(const char *name, const char *structure, size_t number,
                               const dicom_item *item, fgf_contour *out)
{
    fgf_status status = FGF_OK;
    char kind[32];
    double *point = NULL;
    size_t count;
    int claimed;
    dicom_text(item, CONTOUR_KIND, kind, sizeof kind);
    out->closed_planar =
        strcmp(kind, "CLOSED_PLANAR") == 0 || strcmp(kind, "CLOSEDPLANAR_XOR") == 0;
    if (!dicom_numbers(item, CONTOUR_DATA, NULL, 0, &count) || count % 3 != 0)
        FGF_FAIL(FGF_DATA,
                 "%s: contour %zu of \"%s\" has %zu coordinates, expected x, y and z of each "
                 "point; draw or export the structure again",
                 name, number, structure, count);
    if (whole_number(item, CONTOUR_POINTS, &claimed) && (size_t)claimed != count / 3)
        FGF_FAIL(FGF_DATA,
                 "%s: contour %zu of \"%s\" has %zu points, but says it has %d; export the "
                 "structure set again",
                 name, number, structure, count / 3, claimed);
    FGF_TRY(FGF_ALLOCATE(count, &point));
    out->point = point;
    out->point_count = count / 3;
    if (!dicom_numbers(item, CONTOUR_DATA, point, count, &count))
        FGF_FAIL(FGF_DATA,
                 "%s: contour %zu of \"%s\" has coordinates that are no finite numbers; export the "
                 "structure set again",
                 name, number, structure);
done:
    return status;
}

static fgf_status read_contours(const char *name, const dicom_item *drawing, fgf_structure *out)
{
    fgf_status status = FGF_OK;
    fgf_contour *contour = NULL;
    const dicom_item *item = NULL;
    const size_t count = count_items(drawing, CONTOURS);
    if (out->contour_count > 0)
        FGF_FAIL(FGF_DATA, "%s: \"%s\" is drawn twice", name, out->name);
    if (count == 0)
        goto done;
    FGF_TRY(FGF_ALLOCATE(count, &contour));
    out->contour = contour;
    out->contour_count = count;
    for (size_t k = 0; k < count; k++) {
        item = dicom_next(drawing, CONTOURS, item);
        FGF_TRY(read_contour(name, out->name, k + 1, item, &contour[k]));
    }
done:
    return status;
}

static fgf_status read_names(const dicom_file *file, fgf_structure_set *set)
{
    fgf_status status = FGF_OK;
    const dicom_item *root = dicom_file_root(file), *item = NULL;
    const size_t count = count_items(root, STRUCTURES);
    FGF_TRY(FGF_ALLOCATE(count, &set->structure));
    for (size_t k = 0; k < count; k++) {
        fgf_structure *structure = &set->structure[k];
        item = dicom_next(root, STRUCTURES, item);
        dicom_name(file, item, STRUCTURE_NAME, structure->name, sizeof structure->name);
        dicom_text(item, STRUCTURE_FRAME_OF_REFERENCE, structure->frame_of_reference, FGF_UID);
        if (!whole_number(item, STRUCTURE_NUMBER, &structure->number))
            FGF_FAIL(FGF_DATA, "%s: the structure \"%s\" has no number",
                     dicom_base_name(dicom_file_path(file)), structure->name);
        for (size_t j = 0; j < k; j++)
            if (set->structure[j].number == structure->number)
                FGF_FAIL(FGF_DATA, "%s: the structures \"%s\" and \"%s\" have the same number %d",
                         dicom_base_name(dicom_file_path(file)), set->structure[j].name,
                         structure->name, structure->number);
        set->count = k + 1;
    }
done:
    return status;
}

static fgf_status read_drawings(const dicom_file *file, fgf_structure_set *set)
{
    fgf_status status = FGF_OK;
    const char *name = dicom_base_name(dicom_file_path(file));
    const dicom_item *root = dicom_file_root(file);
    for (const dicom_item *item = NULL; (item = dicom_next(root, DRAWINGS, item));) {
        int number;
        if (!whole_number(item, DRAWN_NUMBER, &number))
            FGF_FAIL(FGF_DATA, "%s: contours without the number of their structure", name);
        for (size_t k = 0; k < set->count; k++)
            if (set->structure[k].number == number)
                FGF_TRY(read_contours(name, item, &set->structure[k]));
    }
done:
    return status;
}

fgf_status fgf_dicom_structures_read(const char *path, fgf_structure_set **out)
{
    fgf_status status = FGF_OK;
    dicom_file *file = NULL;
    dicom_head head = {0};
    *out = NULL;
    FGF_TRY(dicom_file_open(path, &file));
    FGF_TRY(dicom_head_read(file, &head));
    if (head.what != DICOM_WHAT_STRUCTURE_SET)
        FGF_FAIL(FGF_DATA, "%s: is not a structure set (RTSTRUCT)", dicom_base_name(path));
    FGF_TRY(FGF_ALLOCATE(1, out));
    memcpy((*out)->frame_of_reference, head.frame_of_reference, FGF_UID);
    memcpy((*out)->referenced_series, head.referenced_series, FGF_UID);
    FGF_TRY(read_names(file, *out));
    FGF_TRY(read_drawings(file, *out));
done:
    dicom_head_clear(&head);
    dicom_file_close(&file);
    if (status != FGF_OK)
        fgf_structure_set_destroy(out);
    return status;
}

void fgf_structure_set_destroy(fgf_structure_set **set)
{
    fgf_structure_set *s = *set;
    *set = NULL;
    if (!s)
        return;
    for (size_t k = 0; k < s->count; k++) {
        for (size_t c = 0; c < s->structure[k].contour_count; c++)
            fgf_free((void *)(uintptr_t)s->structure[k].contour[c].point);
        fgf_free((void *)(uintptr_t)s->structure[k].contour);
    }
    fgf_free(s->structure);
    fgf_free(s);
}
