/* A build without DICOM: the same functions, which say how to get a build with it. */
#include "fgf/dicom.h"

bool fgf_dicom_available(void)
{
    return false;
}

static fgf_status left_out(const char *path)
{
    return fgf_fail(FGF_USAGE, __FILE__, __LINE__,
                    "%s: this fgf was built without DICOM; install DCMTK and OpenJPEG (Debian: "
                    "libdcmtk-dev libopenjp2-7-dev g++) and build again with -DFGF_DICOM=ON",
                    path);
}

fgf_status fgf_dicom_folder_read(const char *path, fgf_dicom_folder **out)
{
    *out = NULL;
    return left_out(path);
}

void fgf_dicom_folder_destroy(fgf_dicom_folder **folder)
{
    *folder = NULL;
}

fgf_status fgf_dicom_series_open(const fgf_dicom_entry *entry, fgf_volume **out,
                                 fgf_buffer *remarks)
{
    (void)remarks;
    *out = NULL;
    return left_out(entry->series);
}

fgf_status fgf_dicom_structures_read(const char *path, fgf_structure_set **out)
{
    *out = NULL;
    return left_out(path);
}

void fgf_structure_set_destroy(fgf_structure_set **set)
{
    *set = NULL;
}

fgf_status fgf_dicom_segmentation_read(const char *path, fgf_segmentation **out)
{
    *out = NULL;
    return left_out(path);
}

void fgf_segmentation_destroy(fgf_segmentation **segmentation)
{
    *segmentation = NULL;
}
