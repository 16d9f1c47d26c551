#include "element.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void element_fill(fgf_element type, size_t bytes_each, size_t count, void *to)
{
    const double wide = NAN;
    const float narrow = NAN;
    switch (type) {
    case FGF_F64:
        for (size_t i = 0; i < count; i++)
            memcpy((char *)to + i * sizeof wide, &wide, sizeof wide);
        break;
    case FGF_F32:
        for (size_t i = 0; i < count; i++)
            memcpy((char *)to + i * sizeof narrow, &narrow, sizeof narrow);
        break;
    case FGF_I64:
    case FGF_I32:
    case FGF_I8:
        memset(to, 0xff, count * bytes_each); /* -1 in two's complement */
        break;
    case FGF_TEXT:
        memset(to, 0, count * bytes_each);
        break;
    }
}

static hid_t text_type(size_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, bytes) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
                      H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        type = -1;
    }
    return type;
}

hid_t element_to_hdf5(fgf_element type, size_t text_bytes)
{
    switch (type) {
    case FGF_F64:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    case FGF_F32:
        return H5Tcopy(H5T_NATIVE_FLOAT);
    case FGF_I64:
        return H5Tcopy(H5T_NATIVE_INT64);
    case FGF_I32:
        return H5Tcopy(H5T_NATIVE_INT32);
    case FGF_I8:
        return H5Tcopy(H5T_NATIVE_INT8);
    case FGF_TEXT:
        return text_type(text_bytes);
    }
    return -1;
}

bool element_from_hdf5(hid_t hdf5_type, fgf_element *type, size_t *text_bytes)
{
    const struct {
        hid_t hdf5;
        fgf_element type;
    } known[] = {{H5T_NATIVE_DOUBLE, FGF_F64}, {H5T_NATIVE_FLOAT, FGF_F32},
                 {H5T_NATIVE_INT64, FGF_I64},  {H5T_NATIVE_UINT64, FGF_I64},
                 {H5T_NATIVE_INT32, FGF_I32},  {H5T_NATIVE_INT8, FGF_I8}};
    *text_bytes = 0;
    if (H5Tget_class(hdf5_type) == H5T_STRING) {
        if (H5Tis_variable_str(hdf5_type) != 0)
            return false;
        *type = FGF_TEXT;
        *text_bytes = H5Tget_size(hdf5_type);
        return *text_bytes > 0;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (H5Tequal(hdf5_type, known[i].hdf5) > 0) {
            *type = known[i].type;
            return true;
        }
    return false;
}

void hdf5_quiet(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static _Thread_local char reason[256];
static _Thread_local bool is_of_system;

static herr_t take_innermost(unsigned number, const H5E_error2_t *error, void *unused)
{
    (void)unused;
    if (number != 0)
        return 0;
    const char *said = error->desc ? error->desc : "";
    /* The system's own reason, where there is one, is all that a user needs of it. */
    const char *code = strstr(said, "errno = ");
    is_of_system = code != NULL;
    if (code)
        said = strerror(atoi(code + strlen("errno = ")));
    snprintf(reason, sizeof reason, "%s", said);
    return 0;
}

const char *hdf5_reason(void)
{
    snprintf(reason, sizeof reason, "HDF5 gives no reason");
    is_of_system = false;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, NULL);
    return reason;
}

fgf_status hdf5_read_failure(void)
{
    (void)hdf5_reason();
    return is_of_system ? FGF_ENVIRONMENT : FGF_DATA;
}

hid_t hdf5_access_list(void)
{
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list >= 0 &&
        (H5Pset_fapl_sec2(list) < 0 ||
         H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V18) < 0 ||
         H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) < 0 || H5Pset_file_locking(list, 0, 1) < 0)) {
        H5Pclose(list);
        list = -1;
    }
    return list;
}
