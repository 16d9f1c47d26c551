/* Real and deliberately faulty files of the shared data: each is read right or refused in a line.
 */
#include "unit/dicom/files.h"

#include <dirent.h>

/* ---- the series with one defect each, as their MANIFEST.csv says ---- */

static double weighted_sum(const double *voxels, const fgf_grid *grid)
{
    double sum = 0;
    const size_t count =
        (size_t)grid->extent[0] * (size_t)grid->extent[1] * (size_t)grid->extent[2];
    for (size_t p = 0; p < count; p++)
        sum += voxels[p] * (double)(p % 9973);
    return sum;
}

static void defects(void **state)
{
    (void)state;
    static const struct {
        const char *name, *refusal, *remark;
    } cases[] = {
        {"ok", NULL, NULL},
        {"reverse_names", NULL, NULL},
        {"duplicate_slice", NULL, "008.dcm holds the same slice as 003.dcm, at 436.7900 mm"},
        {"contour_not_triplets", NULL, NULL},
        {"missing_slice",
         "a gap: 002.dcm at 433.5200 mm and 003.dcm at 440.0600 mm are 6.54 mm apart, the other "
         "slices 3.27 mm: 1 missing; get the files again or leave the series out",
         NULL},
        {"no_position", "002.dcm does not say where it lies: ImagePositionPatient", NULL},
        {"short_pixels",
         "005.dcm: pixel data cut short: 138 x 149 voxels of 16 bits in 1 frames need 41124 bytes, "
         "the file has 1000; get the file again",
         NULL},
        {"truncated_file", "001.dcm: cut short, damaged, or no DICOM file", NULL}};
    double expected = 0;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char path[600];
        fgf_grid grid;
        double *voxels;
        fgf_buffer remarks = {0};
        snprintf(path, sizeof path, "%s/%s", shared_data("dicom_series_malformed"), cases[k].name);
        const fgf_status status = read_folder(path, &grid, &voxels, &remarks);
        if (cases[k].refusal) {
            assert_int_equal(status, FGF_DATA);
            assert_message(cases[k].refusal);
            continue;
        }
        assert_int_equal(status, FGF_OK);
        assert_true(grid.extent[0] == 149 && grid.extent[1] == 138 && grid.extent[2] == 8);
        assert_true(fabs(grid.spacing[2] - 3.27) < 1e-9);
        if (k == 0)
            expected = weighted_sum(voxels, &grid);
        assert_true(weighted_sum(voxels, &grid) == expected);
        if (cases[k].remark)
            assert_non_null(strstr(remarks.text, cases[k].remark));
        else
            assert_int_equal(remarks.length, 0);
        fgf_free(voxels);
        fgf_buffer_clear(&remarks);
    }
}

static void structures_of_the_defects(void **state)
{
    (void)state;
    char path[600];
    fgf_structure_set *set;
    const char *folder_name = shared_data("dicom_series_malformed");
    snprintf(path, sizeof path, "%s/ok/RS.dcm", folder_name);
    assert_int_equal(fgf_dicom_structures_read(path, &set), FGF_OK);
    assert_int_equal(set->count, 1);
    assert_string_equal(set->structure[0].name, "GTV_Mass_CT");
    assert_int_equal(set->structure[0].contour_count, 8);
    fgf_structure_set_destroy(&set);
    snprintf(path, sizeof path, "%s/contour_not_triplets/RS.dcm", folder_name);
    assert_int_equal(fgf_dicom_structures_read(path, &set), FGF_DATA);
    assert_message("RS.dcm: contour 1 of \"GTV_Mass_CT\" has 1019 coordinates, expected x, y and z "
                   "of each point");
}

/* ---- one patient as DICOM and as NIfTI ---- */

static void same_as_nifti(void **state)
{
    (void)state;
    char path[600];
    fgf_grid grid;
    double *voxels, *slice;
    fgf_volume *nifti;
    snprintf(path, sizeof path, "%s/dicom/STS_019", shared_data("sts_ct"));
    assert_int_equal(read_folder(path, &grid, &voxels, NULL), FGF_OK);
    snprintf(path, sizeof path, "%s/volumes/STS_019/CT_image.nii.gz", shared_data("sts_ct"));
    assert_int_equal(fgf_nifti_open(path, &nifti), FGF_OK);
    assert_true(fgf_grid_equal(&grid, fgf_volume_grid(nifti)));
    const size_t count = (size_t)grid.extent[0] * (size_t)grid.extent[1];
    assert_int_equal(FGF_ALLOCATE(count, &slice), FGF_OK);
    for (int z = 0; z < grid.extent[2]; z++) {
        assert_int_equal(fgf_volume_next(nifti, slice), FGF_OK);
        assert_memory_equal(slice, voxels + (size_t)z * count, count * sizeof *slice);
    }
    fgf_volume_close(&nifti);
    fgf_free(slice);
    fgf_free(voxels);
}

/* ---- samples of other projects ---- */

static const fgf_dicom_entry *entry_of(const fgf_dicom_folder *seen, fgf_dicom_kind kind,
                                       const char *file)
{
    for (size_t k = 0; k < seen->entry_count; k++)
        if (seen->entry[k].kind == kind && strstr(seen->entry[k].file[0], file))
            return &seen->entry[k];
    fail_msg("%s was not found", file);
    return NULL;
}

static fgf_dicom_folder *look(const char *below)
{
    char path[600];
    fgf_dicom_folder *seen;
    snprintf(path, sizeof path, "%s/%s", shared_data("dicom_rt"), below);
    assert_int_equal(fgf_dicom_folder_read(path, &seen), FGF_OK);
    return seen;
}

static void structure_sets(void **state)
{
    (void)state;
    static const char *const names[] = {"BODY",      "Areola",         "Borders", "Breast",
                                        "Heart",     "Lt Lung",        "Nodes",   "Scar",
                                        "Tumor Bed", "Tumor Bed Block"};
    static const size_t contours[] = {141, 0, 2, 48, 33, 165, 4, 6, 18, 24};
    fgf_structure_set *set;
    fgf_dicom_folder *seen = look("dicompyler-core");
    const fgf_dicom_entry *ct = entry_of(seen, FGF_DICOM_IMAGE, "ct.0.dcm"),
                          *rs = entry_of(seen, FGF_DICOM_STRUCTURE_SET, "rtss.dcm");
    assert_string_equal(rs->referenced_series, ct->series);
    assert_string_equal(rs->frame_of_reference, ct->frame_of_reference);
    assert_int_equal(fgf_dicom_structures_read(rs->file[0], &set), FGF_OK);
    assert_int_equal(set->count, 10);
    for (size_t k = 0; k < 10; k++) {
        assert_string_equal(set->structure[k].name, names[k]);
        assert_int_equal(set->structure[k].contour_count, contours[k]);
    }
    fgf_structure_set_destroy(&set);
    fgf_dicom_folder_destroy(&seen);
    seen = look("rt-utils/mock_data");
    assert_int_equal(seen->entry_count, 3);
    for (size_t k = 1; k < 3; k++) {
        assert_int_equal(fgf_dicom_structures_read(seen->entry[k].file[0], &set), FGF_OK);
        fgf_structure_set_destroy(&set);
    }
    fgf_dicom_folder_destroy(&seen);
}

/* Voxels set in a frame and a sum that tells their places apart. */
static void assert_segment_frame(const char *path, size_t frames, size_t frame, int segment,
                                 double z, size_t expected_count, size_t expected_places)
{
    fgf_segmentation *s;
    uint8_t inside[128 * 128];
    size_t count = 0, places = 0;
    assert_int_equal(fgf_dicom_segmentation_read(path, &s), FGF_OK);
    assert_int_equal(s->frame_count, frames);
    assert_int_equal(s->frame[frame].segment, segment);
    assert_true(fabs(s->frame[frame].position[2] - z) < 1e-3);
    assert_int_equal(s->read(s->source, frame, inside), FGF_OK);
    for (size_t p = 0; p < (size_t)s->rows * (size_t)s->columns; p++) {
        count += inside[p];
        places += p * inside[p];
    }
    assert_int_equal(count, expected_count);
    assert_int_equal(places, expected_places);
    fgf_segmentation_destroy(&s);
}

/* Counts and places by another reader (pydicom). */
static void segmentations(void **state)
{
    (void)state;
    fgf_dicom_folder *seen = look("highdicom");
    const char *path = entry_of(seen, FGF_DICOM_SEGMENTATION, "ct_binary.dcm")->file[0];
    assert_segment_frame(path, 3, 0, 1, 103.02, 127, 16010);
    assert_segment_frame(path, 3, 2, 1, 105.52, 255, 32637);
    path = entry_of(seen, FGF_DICOM_SEGMENTATION, "overlap.dcm")->file[0];
    assert_segment_frame(path, 8, 1, 1, 103.02, 16, 1496);
    assert_segment_frame(path, 8, 6, 2, 104.27, 4, 442);
    path = entry_of(seen, FGF_DICOM_SEGMENTATION, "single_frame.dcm")->file[0];
    assert_segment_frame(path, 1, 0, 1, -75.699997, 1832, 10988733);
    fgf_dicom_folder_destroy(&seen);
}

static void oblique(void **state)
{
    (void)state;
    fgf_dicom_folder *seen = look("rt-utils/oriented_data");
    fgf_grid grid;
    double *voxels;
    assert_int_equal(read_volume(&seen->entry[0], &grid, &voxels, NULL), FGF_OK);
    assert_true(grid.extent[0] == 100 && grid.extent[1] == 50 && grid.extent[2] == 3);
    assert_true(grid.spacing[0] == 2.5 && grid.spacing[1] == 3.5);
    assert_true(fabs(grid.spacing[2] - 4.5) < 1e-5);
    assert_true(grid.affine[0][0] == 2.5 * .9541666 && grid.affine[2][1] == 3.5 * -.3843997);
    assert_true(grid.affine[0][3] == 123 && grid.affine[1][3] == -432);
    fgf_free(voxels);
    fgf_dicom_folder_destroy(&seen);
}

/* ---- files that are odd or damaged ---- */

/* Each alone in a folder: read, left aside, or refused in a line. */
static void odd_files(void **state)
{
    (void)state;
    static const char *const sets[] = {"dicom_odd/pydicom", "dicom_odd/pydicom-data"};
    size_t whole = 0, refused = 0;
    for (size_t set = 0; set < 2; set++) {
        char root[4096];
        assert_non_null(realpath(shared_data(sets[set]), root));
        DIR *files = opendir(root);
        assert_non_null(files);
        for (struct dirent *entry; (entry = readdir(files));) {
            char path[4400];
            const char *inner = new_folder();
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
            assert_int_equal(symlink(path, in_folder(within(inner, "odd.dcm"))), 0);
            if (read_everything(in_folder(inner), &whole) != FGF_OK) {
                assert_int_equal(fgf_last_error()->status, FGF_DATA);
                assert_message("odd.dcm");
                refused++;
            }
        }
        closedir(files);
    }
    assert_int_equal(whole, 11);
    assert_int_equal(refused, 9);
}

static void damaged_files(void **state)
{
    (void)state;
    static const struct {
        const char *name, *part;
    } cases[] = {{"pydicom/MR_truncated.dcm", "cut short"},
                 {"pydicom/rtplan_truncated.dcm", "cut short"},
                 {"pydicom-data/emri_small_jpeg_2k_lossless_too_short.dcm", "cut short"},
                 {"pydicom/ExplVR_BigEnd.dcm", "a colour image"},
                 {"pydicom/JPEG2000-embedded-sequence-delimiter.dcm", "where it lies"},
                 {"pydicom/image_dfl.dcm", "where it lies"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char path[4400], root[4096];
        fgf_grid grid;
        double *voxels;
        const char *inner = new_folder();
        assert_non_null(realpath(shared_data("dicom_odd"), root));
        snprintf(path, sizeof path, "%s/%s", root, cases[k].name);
        assert_int_equal(symlink(path, in_folder(within(inner, "f"))), 0);
        assert_int_equal(read_folder(in_folder(inner), &grid, &voxels, NULL), FGF_DATA);
        assert_message(cases[k].part);
    }
}

int main(void)
{
    static const char *const sets[] = {"dicom_series_malformed", "sts_ct", "dicom_rt", "dicom_odd"};
    for (size_t k = 0; k < 4; k++)
        if (!shared_data(sets[k]))
            return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defects),       cmocka_unit_test(structures_of_the_defects),
        cmocka_unit_test(same_as_nifti), cmocka_unit_test(structure_sets),
        cmocka_unit_test(segmentations), cmocka_unit_test(oblique),
        cmocka_unit_test(odd_files),     cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
