#include <hdf5.h>

#include "dataset_file.h"
#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COLUMN(name, member, element, unit, long_name, added)                                      \
    {                                                                                              \
        name, element, offsetof(fgf_case, member), sizeof((fgf_case *)0)->member, unit, long_name, \
            added                                                                                  \
    }
#define TEXT(name, unit, long_name) COLUMN(#name, name, CASE_TEXT, unit, long_name, false)
#define NUMBER(name, element, unit, long_name) COLUMN(#name, name, element, unit, long_name, false)
/* Absent from files of earlier programs. */
#define ADDED(name, member, element, unit, long_name)                                              \
    COLUMN(name, member, element, unit, long_name, true)

const case_column fgf_case_columns[] = {
    TEXT(id, "", "case id"),
    TEXT(patient, "",
         "patient that the case is of; cases of a patient stay on one side of a split"),
    TEXT(centre, "", "hospital"),
    NUMBER(label, CASE_I8, "1", "event within the horizon: 1, none: 0, not known: -1"),
    NUMBER(event, CASE_F64, "1", "event at any time, as in the outcome table"),
    NUMBER(time, CASE_F64, "days", "time to the event"),
    NUMBER(follow_up, CASE_F64, "days", "time to the last follow-up"),
    NUMBER(mask_pixels, CASE_I64, "1", "pixels of the mask"),
    TEXT(mask_source, "",
         "file: a mask file; derived: pixels above 0, enclosed holes filled; structures, "
         "segmentation: of DICOM"),
    TEXT(source, "", "files that the case was read from"),
    TEXT(source_hash, "", "XXH3 hash of those files' bytes"),
    NUMBER(slice, CASE_I32, "1", "slice of the volume, from 0; -1 where the input was a slice"),
    ADDED("slices", slices, CASE_I32, "1", "slices of the volume; 0 where the input was a slice"),
    ADDED("source_spacing_z", source_spacing[0], CASE_F64, "mm", "between slices, in the files"),
    ADDED("source_spacing_y", source_spacing[1], CASE_F64, "mm", "between rows, in the files"),
    ADDED("source_spacing_x", source_spacing[2], CASE_F64, "mm", "between columns, in the files"),
    ADDED("regions", regions, CASE_TEXT, "", "structures that were joined to Omega"),
};
const size_t fgf_case_column_count = sizeof fgf_case_columns / sizeof fgf_case_columns[0];

void fgf_case_column_absent(const case_column *column, fgf_case *row)
{
    char *member = (char *)row + column->offset;
    const double missing = (double)NAN;
    memset(member, 0, column->bytes);
    if (column->element == CASE_F64)
        memcpy(member, &missing, sizeof missing);
}

hid_t fgf_text_type(size_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, bytes) < 0 || H5Tset_strpad(type, H5T_STR_NULLTERM) < 0 ||
                      H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

hid_t fgf_case_column_type(const case_column *column)
{
    switch (column->element) {
    case CASE_TEXT:
        return fgf_text_type(column->bytes);
    case CASE_I8:
        return H5Tcopy(H5T_NATIVE_INT8);
    case CASE_I32:
        return H5Tcopy(H5T_NATIVE_INT32);
    case CASE_I64:
        return H5Tcopy(H5T_NATIVE_INT64);
    case CASE_F64:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    }
    return -1;
}

fgf_status fgf_case_content_of(fgf_shape shape, const float *image, const uint8_t *mask,
                               fgf_case_content *out)
{
    fgf_status status = FGF_OK;
    size_t pixels = (size_t)fgf_shape_pixels(shape), size = (size_t)fgf_shape_size(shape);
    char both[2 * FGF_HASH_TEXT];
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < size; i++)
        if (!(image[i] - image[i] == 0.0f))
            FGF_FAIL(FGF_DATA, "value %zu of the image is not finite", i);
    for (size_t i = 0; i < pixels; i++)
        out->mask_pixels += mask[i] != 0;
    fgf_hash image_hash = fgf_hash_bytes(image, size * sizeof *image);
    fgf_hash mask_hash = fgf_hash_bytes(mask, pixels);
    snprintf(both, sizeof both, "%s%s", image_hash.text, mask_hash.text);
    memcpy(out->hash, fgf_hash_bytes(both, strlen(both)).text, FGF_HASH_TEXT);
done:
    return status;
}

fgf_status fgf_dataset_content_hash(const fgf_cohort *cohort, const fgf_case *cases,
                                    const fgf_case_content *contents, size_t count, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    fgf_buffer_add(&text, "%s %d\n%s\nshape %d %d %d %d\nspacing %a %a %a\nmasked %d\n",
                   FGF_DATASET_SCHEMA, FGF_DATASET_VERSION,
                   cohort->preprocessing ? cohort->preprocessing : "", cohort->shape.channels,
                   cohort->shape.depth, cohort->shape.height, cohort->shape.width,
                   cohort->spacing[0], cohort->spacing[1], cohort->spacing[2], cohort->masked);
    for (int c = 0; c < cohort->shape.channels; c++) {
        const fgf_channel *channel = &cohort->channel[c];
        fgf_buffer_add(&text, "channel %s %s %a %a %a %a\n", channel->name, channel->unit,
                       channel->window[0], channel->window[1], channel->units.slope,
                       channel->units.intercept);
    }
    for (size_t i = 0; i < count; i++) {
        const fgf_case *k = &cases[i];
        /* A NaN prints with a sign on some systems: missing is written out. */
        const double times[3] = {k->event, k->time, k->follow_up};
        fgf_buffer_add(&text, "%s\t%s\t%s\t%d", k->id, k->patient, k->centre, k->label);
        for (int t = 0; t < 3; t++)
            if (times[t] != times[t])
                fgf_buffer_add(&text, "\t-");
            else
                fgf_buffer_add(&text, "\t%a", times[t]);
        fgf_buffer_add(&text, "\t%s\n", contents[i].hash);
    }
    FGF_TRY(text.status);
    *out = fgf_hash_bytes(text.text, text.length);
done:
    fgf_buffer_clear(&text);
    return status;
}

void fgf_dataset_prefix(unsigned long long file_bytes, char prefix[FGF_DATASET_PREFIX])
{
    memset(prefix, 0, FGF_DATASET_PREFIX);
    snprintf(prefix, FGF_DATASET_PREFIX,
             FGF_DATASET_SCHEMA " %d\nbytes %llu\nAny HDF5 tool opens this file.\n",
             FGF_DATASET_VERSION, file_bytes);
}

void fgf_hdf5_quiet(void)
{
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* The innermost line of HDF5's error stack is the cause. Where the system gave it, it tells it
 * among the time, addresses, numbers and a file's name. */
typedef char hdf5_cause[8192];

static herr_t keep_innermost(unsigned depth, const H5E_error2_t *entry, void *cause)
{
    (void)depth;
    if (entry->desc)
        snprintf(cause, sizeof(hdf5_cause), "%s", entry->desc);
    return 1; /* the walk goes upward from the innermost: one is enough */
}

/* Whether it is the system's; `text` is all that a reader needs of it. */
static bool take_cause(char *text, size_t bytes)
{
    static const char mark[] = "error message = '";
    hdf5_cause cause = "";
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, cause);
    const char *system = strstr(cause, mark);
    const char *said = system ? system + strlen(mark) : cause;
    snprintf(text, bytes, "%.*s", (int)(system ? strcspn(said, "'") : strlen(said)), said);
    return system != NULL;
}

void fgf_hdf5_reason(char *text, size_t bytes)
{
    (void)take_cause(text, bytes);
}

bool fgf_hdf5_system_reason(char *text, size_t bytes)
{
    return take_cause(text, bytes);
}
