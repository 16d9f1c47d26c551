/* Structure sets and segmentations that the test writes. */
#include "unit/dicom/files.h"

#include "fgf/file_bytes.h"

/* ---- structure sets ---- */

typedef struct structure_sample {
    const char *characters, *name, *number, *kind, *points, *data;
} structure_sample;

static const structure_sample good = {
    NULL, "GTV et GG ", "7", "CLOSED_PLANAR", "3", "0\\0\\5\\1\\0\\5\\1.5 \\-2e0\\5"};

/* Two structures: the sample, and one with nothing drawn. */
static const char *write_structures(const char *name, const structure_sample *s)
{
    static dicom_out out;
    begin_file(&out, "1.2.840.10008.5.1.4.1.1.481.3", explicit_little);
    put_text_element(&out, 0x00080005, "CS", s->characters);
    put_text_element(&out, 0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.481.3");
    put_text_element(&out, 0x00080018, "UI", "1.2.30");
    put_text_element(&out, 0x00080060, "CS", "RTSTRUCT");
    put_text_element(&out, 0x00100010, "PN", "Secret^Name");
    put_text_element(&out, 0x0020000e, "UI", "1.2.31");
    begin_single(&out, 0x30060010);
    put_text_element(&out, 0x00200052, "UI", "1.2.20");
    begin_single(&out, 0x30060012);
    begin_single(&out, 0x30060014);
    put_text_element(&out, 0x0020000e, "UI", "1.2.10");
    end_single(&out);
    end_single(&out);
    end_single(&out);
    begin_sequence(&out, 0x30060020);
    for (int k = 0; k < 2; k++) {
        begin_item(&out);
        put_text_element(&out, 0x30060022, "IS", k == 0 ? s->number : "9");
        put_text_element(&out, 0x30060024, "UI", "1.2.20");
        put_text_element(&out, 0x30060026, "LO", k == 0 ? s->name : "empty");
        end_item(&out);
    }
    end_sequence(&out);
    begin_single(&out, 0x30060039);
    begin_single(&out, 0x30060040);
    put_text_element(&out, 0x30060042, "CS", s->kind);
    put_text_element(&out, 0x30060046, "IS", s->points);
    put_text_element(&out, 0x30060050, "DS", s->data);
    end_single(&out);
    put_text_element(&out, 0x30060084, "IS", "7");
    end_single(&out);
    return write_file(name, out.bytes, out.count);
}

static void structures_read(void **state)
{
    (void)state;
    fgf_structure_set *set = NULL;
    assert_int_equal(fgf_dicom_structures_read(write_structures("rs", &good), &set), FGF_OK);
    assert_int_equal(set->count, 2);
    assert_string_equal(set->frame_of_reference, "1.2.20");
    assert_string_equal(set->referenced_series, "1.2.10");
    assert_string_equal(set->structure[0].name, "GTV et GG");
    assert_string_equal(set->structure[0].frame_of_reference, "1.2.20");
    assert_int_equal(set->structure[0].number, 7);
    assert_int_equal(set->structure[0].contour_count, 1);
    assert_int_equal(set->structure[1].contour_count, 0);
    const fgf_contour *contour = set->structure[0].contour;
    assert_true(contour->closed_planar && contour->point_count == 3);
    assert_true(contour->point[3] == 1 && contour->point[6] == 1.5 && contour->point[7] == -2);
    fgf_structure_set_destroy(&set);
    assert_null(set);
    fgf_structure_set_destroy(&set);
    structure_sample s = good;
    s.kind = "POINT";
    s.points = "1";
    s.data = "0\\0\\5";
    assert_int_equal(fgf_dicom_structures_read(write_structures("rs", &s), &set), FGF_OK);
    assert_false(set->structure[0].contour->closed_planar);
    fgf_structure_set_destroy(&set);
}

/* Names arrive in UTF-8, also where the file does not say what they are in. */
static void structure_names(void **state)
{
    (void)state;
    static const struct {
        const char *characters, *name, *expected;
    } cases[] = {{NULL, "plain", "plain"},
                 {"ISO_IR 100", "G\xe9n\xe9ral", "G\xc3\xa9n\xc3\xa9ral"},
                 {"ISO_IR 192", "G\xc3\xa9n", "G\xc3\xa9n"},
                 {NULL, "G\xe9n", "G\xc3\xa9n"},
                 {NULL, "G\xc3\xa9n", "G\xc3\xa9n"},
                 {"ISO_IR 192", "G\xe9n", "G\xc3\xa9n"},
                 {NULL, " GTV\t1 ", "GTV 1"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        structure_sample s = good;
        fgf_structure_set *set = NULL;
        s.characters = cases[k].characters;
        s.name = cases[k].name;
        assert_int_equal(fgf_dicom_structures_read(write_structures("rs", &s), &set), FGF_OK);
        assert_string_equal(set->structure[0].name, cases[k].expected);
        fgf_structure_set_destroy(&set);
    }
}

static void structures_refused(void **state)
{
    (void)state;
    static const struct {
        const char *number, *points, *data, *part;
    } cases[] = {{"7", "3", "0\\0\\5\\1\\0", "rs: contour 1 of \"GTV et GG\" has 5 coordinates"},
                 {"7", "4", "0\\0\\5\\1\\0\\5", "has 2 points, but says it has 4"},
                 {"7", "2", "0\\0\\5\\1\\0\\nan", "no finite numbers"},
                 {"7", "2", "0\\0\\5\\1\\\\5", "no finite numbers"},
                 {"7", "2", "0\\0\\5\\1\\0x1\\5", "no finite numbers"},
                 {"7", "2", "0\\0\\5\\1\\1e999\\5", "no finite numbers"},
                 {"9", "1", "0\\0\\5", "same number 9"},
                 {"x", "1", "0\\0\\5", "has no number"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        structure_sample s = good;
        fgf_structure_set *set = NULL;
        s.number = cases[k].number;
        s.points = cases[k].points;
        s.data = cases[k].data;
        assert_int_equal(fgf_dicom_structures_read(write_structures("rs", &s), &set), FGF_DATA);
        assert_null(set);
        assert_message(cases[k].part);
    }
    fgf_structure_set *set = NULL;
    fgf_segmentation *segmentation = NULL;
    int16_t pixels[12] = {0};
    slice_sample image = make_slice("0\\0\\0", pixels);
    const char *path = write_slice("image", &image);
    assert_int_equal(fgf_dicom_structures_read(path, &set), FGF_DATA);
    assert_message("image: is not a structure set");
    assert_int_equal(fgf_dicom_segmentation_read(path, &segmentation), FGF_DATA);
    assert_message("image: is not a segmentation");
    assert_int_equal(fgf_dicom_structures_read(write_text("text", "no DICOM"), &set), FGF_DATA);
}

/* One structure set twice is one; two with one UID are a fault. */
static void copies(void **state)
{
    (void)state;
    const char *inner = new_folder();
    fgf_dicom_folder *seen = NULL;
    write_structures(within(inner, "a"), &good);
    write_structures(within(inner, "b"), &good);
    assert_int_equal(fgf_dicom_folder_read(in_folder(inner), &seen), FGF_OK);
    assert_true(seen->entry_count == 1 && seen->other_files == 1);
    assert_int_equal(seen->entry[0].kind, FGF_DICOM_STRUCTURE_SET);
    assert_int_equal(seen->entry[0].slice_count, 0);
    assert_string_equal(seen->entry[0].referenced_series, "1.2.10");
    fgf_dicom_folder_destroy(&seen);
    structure_sample s = good;
    s.name = "another";
    write_structures(within(inner, "c"), &s);
    assert_int_equal(fgf_dicom_folder_read(in_folder(inner), &seen), FGF_DATA);
    assert_message("a and c have the same SOPInstanceUID and different contents");
}

/* ---- segmentations ---- */

enum { ROWS = 3, COLUMNS = 5, VOXELS = 15, FRAMES = 4 };

typedef struct segment_sample {
    const char *type, *frames;
    int bits, greatest;
    const void *pixels;
    size_t pixel_bytes;
    int without_place, turned; /* this frame, or -1 */
    int segment[FRAMES];
} segment_sample;

/* Segments 1 and 4 on slices at 0 and 3 mm. */
static const char *write_segmentation(const char *name, const segment_sample *s)
{
    static dicom_out out;
    slice_sample layout = make_slice(NULL, NULL);
    layout.rows = ROWS;
    layout.columns = COLUMNS;
    layout.spacing = NULL;
    layout.bits = layout.stored = s->bits;
    layout.high = s->bits - 1;
    layout.is_signed = 0;
    begin_file(&out, "1.2.840.10008.5.1.4.1.1.66.4", explicit_little);
    put_text_element(&out, 0x00080060, "CS", "SEG");
    begin_single(&out, 0x00081115);
    put_text_element(&out, 0x0020000e, "UI", "1.2.10");
    end_single(&out);
    put_text_element(&out, 0x00200052, "UI", "1.2.20");
    put_text_element(&out, 0x00280008, "IS", s->frames);
    put_layout(&out, &layout);
    put_text_element(&out, 0x00620001, "CS", s->type);
    begin_sequence(&out, 0x00620002);
    for (int k = 0; k < 2; k++) {
        begin_item(&out);
        put_number(&out, 0x00620004, k == 0 ? 1 : 4);
        put_text_element(&out, 0x00620005, "LO", k == 0 ? "tumour" : "node");
        end_item(&out);
    }
    end_sequence(&out);
    if (s->greatest)
        put_number(&out, 0x0062000e, s->greatest);
    begin_single(&out, 0x52009229);
    begin_single(&out, 0x00289110);
    put_text_element(&out, 0x00280030, "DS", "2\\1");
    end_single(&out);
    end_single(&out);
    begin_sequence(&out, 0x52009230);
    for (int k = 0; k < FRAMES; k++) {
        begin_item(&out);
        if (k != s->without_place) {
            begin_single(&out, 0x00209113);
            put_text_element(&out, 0x00200032, "DS", k % 2 ? "-1\\2\\3" : "-1\\2\\0");
            end_single(&out);
        }
        begin_single(&out, 0x00209116);
        put_text_element(&out, 0x00200037, "DS",
                         k == s->turned ? "0\\1\\0\\1\\0\\0" : "1\\0\\0\\0\\1\\0");
        end_single(&out);
        begin_single(&out, 0x0062000a);
        put_number(&out, 0x0062000b, s->segment[k]);
        end_single(&out);
        end_item(&out);
    }
    end_sequence(&out);
    put_bytes(&out, 0x7fe00010, "OW", s->pixels, s->pixel_bytes);
    return write_file(name, out.bytes, out.count);
}

static bool in_frame(int frame, int p)
{
    return (p * p + 3 * frame + p / 4) % 3 == 0;
}

/* Frames of 15 bits: each begins one bit earlier within its byte than the one before. */
static segment_sample make_binary(uint8_t bits[8])
{
    memset(bits, 0, 8);
    for (int k = 0; k < FRAMES; k++)
        for (int p = 0; p < VOXELS; p++)
            if (in_frame(k, p))
                bits[(k * VOXELS + p) / 8] |= (uint8_t)(1 << (k * VOXELS + p) % 8);
    return (segment_sample){"BINARY", "4", 1, 0, bits, 8, -1, -1, {1, 1, 4, 4}};
}

static void assert_frame(const fgf_segmentation *s, size_t frame, int segment, double z,
                         const uint8_t *expected)
{
    uint8_t inside[VOXELS];
    assert_int_equal(s->frame[frame].segment, segment);
    assert_true(s->frame[frame].position[0] == -1 && s->frame[frame].position[2] == z);
    assert_int_equal(s->read(s->source, frame, inside), FGF_OK);
    assert_memory_equal(inside, expected, VOXELS);
}

static void binary(void **state)
{
    (void)state;
    uint8_t bits[8], expected[VOXELS];
    fgf_segmentation *s = NULL;
    const segment_sample sample = make_binary(bits);
    assert_int_equal(fgf_dicom_segmentation_read(write_segmentation("seg", &sample), &s), FGF_OK);
    assert_true(s->rows == ROWS && s->columns == COLUMNS && s->segment_count == 2);
    assert_true(s->frame_count == FRAMES && s->spacing[0] == 2 && s->spacing[1] == 1);
    assert_true(s->row_direction[0] == 1 && s->column_direction[1] == 1);
    assert_string_equal(s->segment[1].name, "node");
    assert_int_equal(s->segment[1].number, 4);
    assert_string_equal(s->referenced_series, "1.2.10");
    assert_string_equal(s->frame_of_reference, "1.2.20");
    for (int k = FRAMES - 1; k >= 0; k--) { /* in any order */
        for (int p = 0; p < VOXELS; p++)
            expected[p] = in_frame(k, p);
        assert_frame(s, (size_t)k, k < 2 ? 1 : 4, k % 2 ? 3 : 0, expected);
    }
    fgf_segmentation_destroy(&s);
    assert_null(s);
}

static void fractional(void **state)
{
    (void)state;
    uint8_t values[FRAMES * VOXELS] = {0}, expected[VOXELS] = {0};
    fgf_segmentation *s = NULL;
    const segment_sample sample = {"FRACTIONAL",  "4", 8,  100,         values,
                                   sizeof values, -1,  -1, {1, 1, 4, 4}};
    values[VOXELS + 3] = 49;
    values[VOXELS + 4] = 50; /* half of the greatest */
    expected[4] = 1;
    assert_int_equal(fgf_dicom_segmentation_read(write_segmentation("seg", &sample), &s), FGF_OK);
    assert_frame(s, 1, 1, 3, expected);
    fgf_segmentation_destroy(&s);
}

/* A frame for each segment that is there. */
static void label_map(void **state)
{
    (void)state;
    uint8_t values[FRAMES * VOXELS] = {0}, expected[VOXELS] = {0};
    fgf_segmentation *s = NULL;
    const segment_sample sample = {"LABELMAP", "4", 8, 0, values, sizeof values, -1, -1, {0}};
    values[0] = 1;
    for (int k = 1; k < FRAMES; k++) {
        values[k * VOXELS + 2] = 1;
        values[k * VOXELS + 3] = 4;
        values[k * VOXELS + 5] = 7; /* a number without a segment */
    }
    expected[3] = 1;
    assert_int_equal(fgf_dicom_segmentation_read(write_segmentation("seg", &sample), &s), FGF_OK);
    assert_int_equal(s->frame_count, 7);
    assert_frame(s, 2, 4, 3, expected);
    assert_frame(s, 6, 4, 3, expected);
    fgf_segmentation_destroy(&s);
}

static void segmentations_refused(void **state)
{
    (void)state;
    uint8_t bits[8];
    fgf_segmentation *s = NULL;
    static const char *const parts[] = {"seg: frame 3 does not say where it lies",
                                        "seg: frame 2 has another direction",
                                        "seg: frame 2 does not say which of the 2 segments",
                                        "5 frames of 3 x 5 bits need 10 bytes, the file has 8",
                                        "seg: SegmentationType \"SOFT\"",
                                        "seg: a binary segmentation of 8 bits",
                                        "seg: pixel data cut short",
                                        "seg: 3 x 5 voxels in 0 frames"};
    for (int k = 0; k < 8; k++) {
        segment_sample sample = make_binary(bits);
        sample.without_place = k == 0 ? 2 : -1;
        sample.turned = k == 1 ? 1 : -1;
        sample.segment[1] = k == 2 ? 3 : 1;
        sample.frames = k == 3 ? "5" : k == 6 ? "2000000000" : k == 7 ? "no" : "4";
        sample.type = k == 4 ? "SOFT" : "BINARY";
        sample.bits = k == 5 ? 8 : 1;
        assert_int_equal(fgf_dicom_segmentation_read(write_segmentation("seg", &sample), &s),
                         FGF_DATA);
        assert_null(s);
        assert_message(parts[k]);
    }
}

static void damaged(void **state)
{
    (void)state;
    uint8_t bits[8], labels[FRAMES * VOXELS] = {1, 4, 4};
    const segment_sample binary_sample = make_binary(bits),
                         label_sample = {"LABELMAP", "4", 8, 0, labels, sizeof labels, -1, -1, {0}};
    static const char *const names[] = {"rs", "seg", "labels"};
    write_structures(names[0], &good);
    write_segmentation(names[1], &binary_sample);
    write_segmentation(names[2], &label_sample);
    for (size_t k = 0; k < 3; k++) {
        char *bytes;
        size_t count;
        assert_int_equal(fgf_read_file(in_folder(names[k]), 1 << 20, &bytes, &count), FGF_OK);
        survive((const unsigned char *)bytes, count, 300);
        fgf_free(bytes);
    }
}

static void failed_allocations(void **state)
{
    (void)state;
    uint8_t bits[8], labels[FRAMES * VOXELS] = {1, 4, 4, [VOXELS] = 4};
    const segment_sample binary_sample = make_binary(bits),
                         label_sample = {"LABELMAP", "4", 8, 0, labels, sizeof labels, -1, -1, {0}};
    const char *inner = new_folder();
    write_structures(within(inner, "rs"), &good);
    survive_failures(in_folder(inner));
    write_segmentation(within(inner, "seg"), &binary_sample);
    survive_failures(in_folder(inner));
    write_segmentation(within(inner, "seg"), &label_sample);
    survive_failures(in_folder(inner));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_read),
        cmocka_unit_test(structure_names),
        cmocka_unit_test(structures_refused),
        cmocka_unit_test(copies),
        cmocka_unit_test(binary),
        cmocka_unit_test(fractional),
        cmocka_unit_test(label_map),
        cmocka_unit_test(segmentations_refused),
        cmocka_unit_test(damaged),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
