/* A patient's folder of DICOM files: which series, which structures, and what is refused. */
#include "unit/data/files.h"

#include "case_reader.h"
#include "fgf/dicom.h"
#include "fgf/memory.h"

static char shared[512]; /* folder of shared data */

typedef struct result {
    fgf_case_outcome outcome;
    float *image;
    uint8_t *mask;
} result;

static void clear_result(result *r)
{
    fgf_free(r->image);
    fgf_free(r->mask);
    memset(r, 0, sizeof *r);
}

/* Reads case `id` under "source: {...}" and "preprocess: {...}" with these keys, for `pattern`. */
static result read_case(const char *id, const char *source, const char *preprocess,
                        const char *pattern)
{
    result r = {0};
    char text[1500];
    fgf_manifest manifest;
    fgf_candidate candidate = {.regions = {1, &pattern}};
    const fgf_import_options options = {0};
    snprintf(candidate.source_id, sizeof candidate.source_id, "%s", id);
    snprintf(text, sizeof text,
             "source: {%s}\ntable: {file: t.csv}\npreprocess: {take: volume%s%s}\n", source,
             *preprocess ? ", " : "", preprocess);
    if (fgf_manifest_load(write_text("m.yaml", text), &options, &manifest) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    assert_int_equal(fgf_case_read(&manifest, &candidate, &r.outcome, &r.image, &r.mask), FGF_OK);
    fgf_manifest_clear(&manifest);
    return r;
}

static const char *const here = "kind: dicom, regions: [any]";

static result read_good(const char *source, const char *preprocess, const char *pattern)
{
    result r = read_case("a", source, preprocess, pattern);
    if (r.outcome.state != FGF_CASE_GOOD)
        fail_msg("%s", r.outcome.reason);
    return r;
}

static void expect_bad(const char *source, const char *pattern, const char *part)
{
    result r = read_case("a", source, "", pattern);
    assert_int_equal(r.outcome.state, FGF_CASE_BAD);
    if (!strstr(r.outcome.reason, part))
        fail_msg("\"%s\" is not in \"%s\"", part, r.outcome.reason);
    assert_null(strchr(r.outcome.reason, '\n'));
}

/* A new folder "a" with copies of shared files. */
static void fill_folder(size_t count, const char *const *files)
{
    char command[2000];
    snprintf(command, sizeof command, "rm -rf %s && mkdir %s", in_folder("a"), in_folder("a"));
    assert_int_equal(system(command), 0);
    for (size_t k = 0; k < count; k++) {
        snprintf(command, sizeof command, "cp %s/%s %s/%zu_$(basename '%s')", shared, files[k],
                 in_folder("a"), k, files[k]);
        assert_int_equal(system(command), 0);
    }
}

/* A copy of a file under another instance UID, which stands in its head and further on. */
static void add_other_instance(const char *name, const char *copy)
{
    static const char tag[] = {2, 0, 3, 0, 'U', 'I'};
    enum { ROOM = 1 << 24 };
    FILE *file = fopen(in_folder(name), "rb");
    assert_non_null(file);
    char *bytes = malloc(ROOM), uid[80];
    assert_non_null(bytes);
    const size_t count = fread(bytes, 1, ROOM, file);
    fclose(file);
    size_t length = 0;
    for (size_t k = 132; k + sizeof uid < count && length == 0; k++)
        if (memcmp(bytes + k, tag, sizeof tag) == 0) {
            length = (unsigned char)bytes[k + 6];
            assert_true(length > 10 && length < sizeof uid);
            memcpy(uid, bytes + k + 8, length);
            length -= uid[length - 1] == 0;
        }
    assert_true(length > 10);
    for (size_t k = 0; k + length <= count; k++)
        if (memcmp(bytes + k, uid, length) == 0)
            bytes[k + length - 1] = uid[length - 1] == '7' ? '8' : '7';
    write_file(copy, bytes, count);
    free(bytes);
}

#define SERIES "dicom_series_malformed/ok/"
#define OTHER_CT "dicom_rt/highdicom/ct_image.dcm"
#define OTHER_SEGMENTS "dicom_rt/highdicom/seg_image_ct_binary_single_frame.dcm"
static const char *const series[] = {SERIES "000.dcm", SERIES "001.dcm", SERIES "002.dcm",
                                     SERIES "003.dcm", SERIES "004.dcm", SERIES "005.dcm",
                                     SERIES "006.dcm", SERIES "007.dcm", SERIES "RS.dcm",
                                     OTHER_CT,         OTHER_SEGMENTS};

/* The same patient from the archive and as NIfTI. */
static void dicom_is_nifti(void **state)
{
    (void)state;
    char source[900];
    static const char *const ways[] = {"spacing: [3, 2, 2], size: [32, 60, 60]",
                                       "transpose: true, size: [20, 80, 70]"};
    for (int k = 0; k < 2; k++) {
        snprintf(source, sizeof source, "kind: dicom, folder: '%s/sts_ct/dicom', regions: [any]",
                 shared);
        result a = read_case("STS_019", source, ways[k], "GTV_Mass_CT");
        snprintf(source, sizeof source,
                 "kind: nifti, folder: '%s/sts_ct/volumes', image: '{id}/CT_image.nii.gz', "
                 "mask: '{id}/CT_mask.nii.gz'",
                 shared);
        result b = read_case("STS_019", source, ways[k], "");
        assert_int_equal(a.outcome.state, FGF_CASE_GOOD);
        assert_int_equal(b.outcome.state, FGF_CASE_GOOD);
        assert_string_equal(a.outcome.mask_source, "structures");
        assert_string_equal(a.outcome.regions, "GTV_Mass_CT");
        assert_int_equal(a.outcome.slices, b.outcome.slices);
        assert_memory_equal(&a.outcome.shape, &b.outcome.shape, sizeof(fgf_shape));
        const size_t voxels = (size_t)fgf_shape_pixels(a.outcome.shape);
        assert_memory_equal(a.mask, b.mask, voxels);
        /* NIfTI holds the spacing in single precision. */
        for (size_t p = 0; p < voxels; p++)
            assert_true(fabsf(a.image[p] - b.image[p]) < 1e-5f);
        clear_result(&a);
        clear_result(&b);
    }
}

static void which_series(void **state)
{
    (void)state;
    fill_folder(9, series);
    result alone = read_good(here, "", "/gtv/");
    assert_non_null(strstr(alone.outcome.remarks, "GTV_Mass_CT"));
    fill_folder(10, series); /* another CT, on which nothing is drawn */
    result beside = read_good(here, "", "/gtv/");
    assert_string_equal(alone.outcome.source_hash, beside.outcome.source_hash);
    assert_memory_equal(alone.mask, beside.mask, (size_t)fgf_shape_pixels(alone.outcome.shape));
    clear_result(&alone);
    clear_result(&beside);
    fill_folder(11, series); /* and now something is */
    expect_bad(here, "/gtv/", "2 series of modality CT, and several of them with contours");
    expect_bad("kind: dicom, modality: PT, regions: [any]", "/gtv/", "no series of modality PT (");
    const char *const bare[] = {SERIES "000.dcm", SERIES "001.dcm", OTHER_CT};
    fill_folder(3, bare);
    expect_bad(here, "/gtv/", "2 series of modality CT, and none of them with contours");
    fill_folder(2, bare);
    expect_bad(here, "/gtv/", "no structure set or segmentation refers to series");
    fill_folder(0, NULL);
    expect_bad(here, "/gtv/", "no series of modality CT (none)");
    expect_bad("kind: dicom, image: '{id}_not_there', regions: [any]", "/gtv/", "a_not_there");
}

static void which_structures(void **state)
{
    (void)state;
    fill_folder(9, series);
    expect_bad(here, "Liver", "GTV_Mass_CT"); /* the names that are there */
    const char *const segments[] = {OTHER_CT, OTHER_SEGMENTS};
    fill_folder(2, segments);
    result r = read_good(here, "", "/./");
    assert_string_equal(r.outcome.mask_source, "segmentation");
    assert_true(*r.outcome.regions && r.outcome.slices == 1);
    clear_result(&r);
    /* Two drawings on one series that both have what is asked for; one of them named. */
    add_other_instance("a/1_seg_image_ct_binary_single_frame.dcm", "a/other.dcm");
    expect_bad(here, "/./",
               "the regions are found in 2 structure sets or segmentations; name one "
               "in source.mask");
    r = read_good(
        "kind: dicom, mask: '{id}/1_seg_image_ct_binary_single_frame.dcm', regions: [any]", "",
        "/./");
    assert_string_equal(r.outcome.source, "a;1_seg_image_ct_binary_single_frame.dcm");
    clear_result(&r);
}

/* Contours drawn on slices that the series has not: refused, or put on its grid on request. */
static void drawn_elsewhere(void **state)
{
    (void)state;
    fill_folder(9, series);
    result all = read_good(here, "", "/gtv/");
    const char *const ends[] = {SERIES "000.dcm", SERIES "007.dcm", SERIES "RS.dcm"};
    fill_folder(3, ends);
    expect_bad(here, "/gtv/", "RS.dcm");
    result r = read_good(here, "resample_mask: nearest", "/gtv/");
    assert_string_equal(r.outcome.mask_source, "structures, resampled");
    assert_non_null(strstr(r.outcome.remarks, "mask resampled (nearest) from"));
    /* The two slices are where they were. */
    const size_t plane = (size_t)r.outcome.shape.height * (size_t)r.outcome.shape.width;
    assert_int_equal(r.outcome.shape.depth, 2);
    assert_memory_equal(r.mask, all.mask, plane);
    assert_memory_equal(r.mask + plane, all.mask + 7 * plane, plane);
    assert_true(memchr(r.mask, 1, plane) != NULL);
    clear_result(&r);
    clear_result(&all);
}

/* What MANIFEST.csv says of the series with one defect each. */
static void malformed(void **state)
{
    (void)state;
    static const struct {
        const char *id, *reason, *remark;
    } cases[] = {{"ok", NULL, NULL},
                 {"reverse_names", NULL, NULL},
                 {"duplicate_slice", NULL, "holds the same slice"},
                 {"missing_slice", "a gap", NULL},
                 {"no_position", "does not say where it lies", NULL},
                 {"short_pixels", "cut short", NULL},
                 {"contour_not_triplets", "1019 coordinates", NULL},
                 {"truncated_file", "cut short", NULL}};
    char source[700];
    result reference = {0};
    snprintf(source, sizeof source,
             "kind: dicom, folder: '%s/dicom_series_malformed', regions: [any]", shared);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        result r = read_case(cases[k].id, source, "", "/gtv/");
        if ((r.outcome.state == FGF_CASE_GOOD) != !cases[k].reason ||
            (cases[k].reason && !strstr(r.outcome.reason, cases[k].reason)) ||
            (cases[k].remark && !strstr(r.outcome.remarks, cases[k].remark)))
            fail_msg("%s: %s%s", cases[k].id, r.outcome.reason, r.outcome.remarks);
        if (k == 0) {
            reference = r;
            continue;
        }
        if (r.image) {
            const size_t voxels = (size_t)fgf_shape_pixels(reference.outcome.shape);
            assert_memory_equal(&r.outcome.shape, &reference.outcome.shape, sizeof(fgf_shape));
            assert_memory_equal(r.image, reference.image, voxels * sizeof(float));
            assert_memory_equal(r.mask, reference.mask, voxels);
        }
        clear_result(&r);
    }
    clear_result(&reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dicom_is_nifti),   cmocka_unit_test(which_series),
        cmocka_unit_test(which_structures), cmocka_unit_test(drawn_elsewhere),
        cmocka_unit_test(malformed),
    };
    if (!fgf_dicom_available()) {
        printf("skipped: built without DICOM\n");
        return 77;
    }
    const char *found = shared_data("dicom_series_malformed/MANIFEST.csv");
    if (!found)
        return 77;
    char *absolute = realpath(found, NULL);
    if (!absolute)
        return 1;
    snprintf(shared, sizeof shared, "%.*s",
             (int)(strlen(absolute) - strlen("/dicom_series_malformed/MANIFEST.csv")), absolute);
    free(absolute);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
