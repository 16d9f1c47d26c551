/* A build without DICOM says how to get one with it. */
#include "unit/data/files.h"

#include "fgf/dicom.h"

static void says_so(void **state)
{
    (void)state;
    fgf_dicom_folder *seen;
    fgf_volume *volume;
    fgf_structure_set *set;
    fgf_segmentation *segmentation;
    const fgf_dicom_entry entry = {.series = "1.2.3"};
    assert_false(fgf_dicom_available());
    assert_int_equal(fgf_dicom_folder_read("a/folder", &seen), FGF_USAGE);
    assert_message("a/folder: this fgf was built without DICOM; install DCMTK");
    assert_null(seen);
    assert_int_equal(fgf_dicom_series_open(&entry, &volume, NULL), FGF_USAGE);
    assert_message("1.2.3: this fgf was built without DICOM");
    assert_null(volume);
    assert_int_equal(fgf_dicom_structures_read("rs.dcm", &set), FGF_USAGE);
    assert_int_equal(fgf_dicom_segmentation_read("seg.dcm", &segmentation), FGF_USAGE);
    fgf_dicom_folder_destroy(&seen);
    fgf_structure_set_destroy(&set);
    fgf_segmentation_destroy(&segmentation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
