/* Series of slices that the test writes: order, numbers, geometry, and every refusal. */
#include "unit/dicom/files.h"

enum { VOXELS = 12 };

static const char *const upward[] = {"-5\\7\\10", "-5\\7\\13", "-5\\7\\16", "-5\\7\\19",
                                     "-5\\7\\22"};

static void fill(int16_t *pixels, int seed)
{
    for (int p = 0; p < VOXELS; p++)
        pixels[p] = (int16_t)(100 * seed + p);
}

/* Five good slices but for one, the odd one, given by the caller (NULL: none). */
static const char *write_series(int odd, const slice_sample *other)
{
    const char *inner = new_folder();
    for (int k = 0; k < 5; k++) {
        char name[32];
        int16_t pixels[VOXELS];
        fill(pixels, k);
        slice_sample s = make_slice(upward[k], pixels);
        if (k == odd) {
            const void *given = other->pixels;
            s = *other;
            s.pixels = given ? given : pixels;
        }
        snprintf(name, sizeof name, "%d.dcm", k);
        write_slice(within(inner, name), &s);
    }
    return in_folder(inner);
}

static void assert_refused(const char *path, const char *part)
{
    fgf_grid grid;
    double *voxels;
    assert_int_equal(read_folder(path, &grid, &voxels, NULL), FGF_DATA);
    assert_message(part);
    assert_null(strstr(fgf_last_error()->message, "Secret"));
    assert_null(strstr(fgf_last_error()->message, "1999"));
}

static void sorted_by_place(void **state)
{
    (void)state;
    const char *inner = new_folder();
    static const int order[] = {3, 0, 4, 1, 2};
    fgf_grid grid;
    double *voxels;
    for (int k = 0; k < 5; k++) { /* names say nothing */
        char name[32];
        int16_t pixels[VOXELS];
        fill(pixels, order[k]);
        slice_sample s = make_slice(upward[order[k]], pixels);
        snprintf(name, sizeof name, "%d", k);
        write_slice(within(inner, name), &s);
    }
    write_text(within(inner, "readme.txt"), "no DICOM");
    assert_int_equal(read_folder(in_folder(inner), &grid, &voxels, NULL), FGF_OK);
    assert_true(grid.extent[0] == 4 && grid.extent[1] == 3 && grid.extent[2] == 5);
    assert_true(grid.spacing[0] == 1 && grid.spacing[1] == 2 && grid.spacing[2] == 3);
    assert_true(grid.placed && grid.affine[0][3] == -5 && grid.affine[2][3] == 10);
    assert_true(grid.affine[0][0] == 1 && grid.affine[1][1] == 2 && grid.affine[2][2] == 3);
    for (int z = 0; z < 5; z++)
        for (int p = 0; p < VOXELS; p++)
            assert_true(voxels[z * VOXELS + p] == 100 * z + p - 1000);
    fgf_free(voxels);
}

/* Upside down: the normal points to the feet, and so does the volume's z. */
static void along_the_normal(void **state)
{
    (void)state;
    const char *inner = new_folder();
    fgf_grid grid;
    double *voxels;
    for (int k = 0; k < 3; k++) {
        char name[32];
        int16_t pixels[VOXELS];
        fill(pixels, k);
        slice_sample s = make_slice(upward[k], pixels);
        s.direction = "1\\0\\0\\0\\-1\\0";
        snprintf(name, sizeof name, "%d", k);
        write_slice(within(inner, name), &s);
    }
    assert_int_equal(read_folder(in_folder(inner), &grid, &voxels, NULL), FGF_OK);
    assert_true(grid.affine[2][2] == -3 && grid.affine[2][3] == 16 && grid.affine[1][1] == -2);
    assert_true(voxels[0] == 200 - 1000 && voxels[2 * VOXELS] == -1000);
    fgf_free(voxels);
}

static void rescaled_by_slice(void **state)
{
    (void)state;
    fgf_grid grid;
    double *voxels;
    slice_sample odd = make_slice(upward[2], NULL);
    odd.slope = "2.5";
    odd.intercept = "-7";
    assert_int_equal(read_folder(write_series(2, &odd), &grid, &voxels, NULL), FGF_OK);
    assert_true(voxels[VOXELS] == -900 && voxels[2 * VOXELS] == 2.5 * 200 - 7);
    fgf_free(voxels);
}

static double first_voxel(const slice_sample *s, fgf_buffer *remarks)
{
    const char *inner = new_folder();
    fgf_grid grid;
    double *voxels, first;
    write_slice(within(inner, "one"), s);
    assert_int_equal(read_folder(in_folder(inner), &grid, &voxels, remarks), FGF_OK);
    first = voxels[0];
    fgf_free(voxels);
    return first;
}

/* Bits above and below the stored ones are other things (overlays) and do not count. */
static void stored_bits(void **state)
{
    (void)state;
    int16_t pixels[VOXELS] = {(int16_t)0xf801};
    uint8_t bytes[VOXELS] = {200};
    slice_sample s = make_slice(upward[0], pixels);
    s.intercept = "0";
    assert_true(first_voxel(&s, NULL) == (int16_t)0xf801);
    s.is_signed = 0;
    assert_true(first_voxel(&s, NULL) == 0xf801);
    s.stored = 12;
    s.high = 11;
    assert_true(first_voxel(&s, NULL) == 0x801);
    s.is_signed = 1;
    assert_true(first_voxel(&s, NULL) == 0x801 - 0x1000);
    s.high = 15;
    s.is_signed = 0;
    assert_true(first_voxel(&s, NULL) == 0xf80);
    s.pixels = bytes;
    s.pixel_bytes = sizeof bytes;
    s.bits = s.stored = 8;
    s.high = 7;
    assert_true(first_voxel(&s, NULL) == 200);
    s.is_signed = 1;
    assert_true(first_voxel(&s, NULL) == 200 - 256);
}

static void padding(void **state)
{
    (void)state;
    int16_t pixels[VOXELS] = {-2000};
    slice_sample s = make_slice(upward[0], pixels);
    assert_true(first_voxel(&s, NULL) == -3000);
    s.padding = -2000; /* written as an unsigned number */
    assert_true(first_voxel(&s, NULL) == -1024);
    s.modality = "MR";
    assert_true(first_voxel(&s, NULL) == 0);
    s.padding = -2100;
    assert_true(first_voxel(&s, NULL) == -3000);
    s.padding_limit = -1990; /* a range */
    assert_true(first_voxel(&s, NULL) == 0);
}

static void one_slice(void **state)
{
    (void)state;
    int16_t pixels[VOXELS] = {5};
    slice_sample s = make_slice(upward[0], pixels);
    fgf_buffer remarks = {0};
    assert_true(first_voxel(&s, &remarks) == -995);
    assert_int_equal(remarks.length, 0);
    s.thickness = s.slope = s.intercept = NULL;
    assert_true(first_voxel(&s, &remarks) == 5);
    assert_non_null(strstr(remarks.text, "taken as 1 mm"));
    assert_non_null(strstr(remarks.text, "no rescale"));
    fgf_buffer_clear(&remarks);
}

static void gaps(void **state)
{
    (void)state;
    slice_sample s = make_slice(upward[0], NULL);
    char name[300];
    const char *path = write_series(-1, NULL);
    snprintf(name, sizeof name, "%s/2.dcm", path);
    assert_int_equal(unlink(name), 0);
    assert_refused(path, "a gap: 1.dcm at 13.0000 mm and 3.dcm at 19.0000 mm are 6 mm apart, the "
                         "other slices 3 mm: 1 missing");
    s.position = "-5\\7\\17";
    assert_refused(write_series(2, &s), "uneven distances: 2.dcm, slice 3 of 5, lies at 17.0000 "
                                        "mm, expected at 16.0000 mm");
    /* What rounding to a tenth of a millimetre does is no fault. */
    fgf_grid grid;
    double *voxels;
    s.position = "-5\\7\\16.05";
    assert_int_equal(read_folder(write_series(2, &s), &grid, &voxels, NULL), FGF_OK);
    fgf_free(voxels);
}

static void doubles(void **state)
{
    (void)state;
    int16_t same[VOXELS], different[VOXELS];
    fgf_buffer remarks = {0};
    fgf_grid grid;
    double *voxels;
    fill(same, 2);
    fill(different, 2);
    different[5]++;
    slice_sample s = make_slice(upward[2], same);
    const char *path = write_series(-1, NULL);
    const char *name = within(strrchr(path, '/') + 1, "again");
    write_slice(name, &s);
    assert_int_equal(read_folder(path, &grid, &voxels, &remarks), FGF_OK);
    assert_int_equal(grid.extent[2], 5);
    assert_true(voxels[4 * VOXELS] == 400 - 1000);
    assert_string_equal(remarks.text,
                        "again holds the same slice as 2.dcm, at 16.0000 mm: left out\n");
    fgf_free(voxels);
    fgf_buffer_clear(&remarks);
    s.pixels = different;
    write_slice(name, &s);
    assert_refused(path, "2.dcm and again of the same series lie at the same place, 16.0000 mm, "
                         "with 1 of 12 voxels different");
}

static void other_geometry(void **state)
{
    (void)state;
    int16_t large[24] = {0};
    slice_sample s = make_slice(upward[2], large);
    s.rows = 6;
    s.pixel_bytes = 48;
    assert_refused(write_series(2, &s),
                   "2.dcm has 4 x 6 voxels, but 0.dcm of the same series 4 x 3");
    s = make_slice(upward[2], NULL);
    s.spacing = "2\\1.01";
    assert_refused(write_series(2, &s), "2.dcm has voxels of 1.01 x 2 mm, but 0.dcm of the same "
                                        "series 1 x 2 mm");
    s = make_slice(upward[2], NULL);
    s.direction = "0.6\\0.8\\0\\-0.8\\0.6\\0";
    assert_refused(write_series(2, &s), "2.dcm lies along (0.6, 0.8, 0)");
    s = make_slice(upward[2], NULL);
    s.frame_of_reference = "1.2.21";
    assert_refused(write_series(2, &s), "2.dcm and 0.dcm of the same series have different frames");
    s = make_slice("-4\\7\\16", NULL);
    assert_refused(write_series(2, &s), "2.dcm is shifted by 1 mm within its plane against 0.dcm");
}

static void gantry_tilt(void **state)
{
    (void)state;
    const char *inner = new_folder();
    for (int k = 0; k < 4; k++) {
        char name[32], position[64];
        int16_t pixels[VOXELS];
        fill(pixels, k);
        snprintf(position, sizeof position, "0\\%g\\%d", 0.5 * k, 3 * k);
        slice_sample s = make_slice(position, pixels);
        snprintf(name, sizeof name, "%d", k);
        write_slice(within(inner, name), &s);
    }
    assert_refused(in_folder(inner), "slanted by 9.5 degrees (gantry tilt)");
}

static void no_place(void **state)
{
    (void)state;
    static const char *const positions[] = {NULL, "1\\2", "1\\2\\x", "1\\2\\inf", ""};
    for (size_t k = 0; k < sizeof positions / sizeof positions[0]; k++) {
        slice_sample s = make_slice(positions[k], NULL);
        assert_refused(write_series(3, &s), "3.dcm does not say where it lies");
    }
    slice_sample s = make_slice(upward[3], NULL);
    s.direction = "1\\0\\0\\1\\0\\0";
    assert_refused(write_series(3, &s), "3.dcm does not say where it lies");
    s = make_slice(upward[3], NULL);
    s.spacing = "0\\1";
    assert_refused(write_series(3, &s), "3.dcm does not say where it lies");
}

static void other_voxels(void **state)
{
    (void)state;
    slice_sample s = make_slice(upward[1], NULL);
    s.pixel_bytes = 10;
    assert_refused(write_series(1, &s), "1.dcm: pixel data cut short: 3 x 4 voxels of 16 bits");
    s = make_slice(upward[1], NULL);
    s.rows = 0;
    assert_refused(write_series(1, &s), "1.dcm: Rows x Columns is 0 x 4");
    s.rows = s.columns = 60000;
    assert_refused(write_series(1, &s), "1.dcm: Rows x Columns is 60000 x 60000");
    s = make_slice(upward[1], NULL);
    s.photometric = "RGB";
    assert_refused(write_series(1, &s), "1.dcm: a colour image");
    s = make_slice(upward[1], NULL);
    s.bits = 32;
    assert_refused(write_series(1, &s), "1.dcm: voxels of 32 bits");
    s = make_slice(upward[1], NULL);
    s.stored = 17;
    assert_refused(write_series(1, &s), "1.dcm: voxels of 16 bits, 17 of them stored");
    s = make_slice(upward[1], NULL);
    s.slope = "0";
    assert_refused(write_series(1, &s), "1.dcm: RescaleSlope is 0");
    s = make_slice(upward[1], NULL);
    s.syntax = "1.2.840.10008.1.2.4.100";
    assert_refused(write_series(1, &s), "1.dcm");
}

/* Whatever is cut off, there is a refusal and no more; what is whole is read. */
static void cut_short(void **state)
{
    (void)state;
    static dicom_out out;
    int16_t pixels[VOXELS];
    fill(pixels, 1);
    const char *inner = new_folder();
    slice_sample s = make_slice(upward[0], pixels);
    make_file(&out, &s);
    for (size_t cut = 132; cut < out.count; cut++) {
        fgf_grid grid;
        double *voxels = NULL;
        fgf_dicom_folder *seen = NULL;
        write_file(within(inner, "cut"), out.bytes, cut);
        fgf_status status = fgf_dicom_folder_read(in_folder(inner), &seen);
        if (status == FGF_OK && seen->entry_count > 0)
            status = read_volume(&seen->entry[0], &grid, &voxels, NULL);
        else if (status == FGF_OK) /* cut before it says what it is */
            status = FGF_DATA;
        assert_int_equal(status, FGF_DATA);
        fgf_dicom_folder_destroy(&seen);
    }
}

static void several_in_a_folder(void **state)
{
    (void)state;
    int16_t pixels[VOXELS] = {1};
    fgf_dicom_folder *seen = NULL;
    const char *inner = new_folder();
    slice_sample s = make_slice(upward[0], pixels);
    write_slice(within(inner, "a"), &s);
    s.series = "1.2.11";
    s.modality = "PT";
    write_slice(within(inner, "b"), &s);
    s.position = upward[1];
    assert_int_equal(mkdir(in_folder(within(inner, "deeper")), 0700), 0);
    write_slice(within(inner, "deeper/c"), &s);
    s.modality = "RTDOSE";
    write_slice(within(inner, "dose"), &s);
    s.modality = "CT";
    s.type = "ORIGINAL\\PRIMARY\\LOCALIZER";
    write_slice(within(inner, "scout"), &s);
    write_text(within(inner, "empty"), "");
    assert_int_equal(fgf_dicom_folder_read(in_folder(inner), &seen), FGF_OK);
    assert_int_equal(seen->entry_count, 2);
    assert_int_equal(seen->other_files, 3);
    assert_string_equal(seen->entry[0].modality, "CT");
    assert_string_equal(seen->entry[0].series, "1.2.10");
    assert_string_equal(seen->entry[0].frame_of_reference, "1.2.20");
    assert_int_equal(seen->entry[0].slice_count, 1);
    assert_string_equal(seen->entry[1].modality, "PT");
    assert_int_equal(seen->entry[1].file_count, 2);
    assert_int_equal(seen->entry[1].rows, 3);
    assert_non_null(strstr(seen->entry[1].file[1], "deeper/c"));
    fgf_dicom_folder_destroy(&seen);
    assert_int_equal(fgf_dicom_folder_read(in_folder(within(inner, "a")), &seen), FGF_OK);
    assert_true(seen->entry_count == 1 && seen->entry[0].file_count == 1); /* one file */
    fgf_dicom_folder_destroy(&seen);
    assert_int_equal(fgf_dicom_folder_read(in_folder("nowhere"), &seen), FGF_DATA);
    assert_message("nowhere: cannot be read");
    assert_null(seen);
}

/* ---- many frames in a file ---- */

/* Frames by per-frame groups (PS3.3 C.7.6.16), in an order that is not that of place. */
static void put_enhanced(dicom_out *out, const int16_t *pixels, int frames)
{
    static const char *const position[] = {"0\\0\\6", "0\\0\\0", "0\\0\\3"};
    static const char *const slope[] = {"1", "2", "3"};
    slice_sample s = make_slice(NULL, NULL);
    s.spacing = NULL;
    begin_file(out, "1.2.840.10008.5.1.4.1.1.2.1", explicit_little);
    put_text_element(out, 0x00080060, "CS", "CT");
    put_text_element(out, 0x0020000e, "UI", "1.2.10");
    char number[16];
    snprintf(number, sizeof number, "%d", frames);
    put_text_element(out, 0x00280008, "IS", number);
    put_layout(out, &s);
    begin_single(out, 0x52009229); /* shared */
    begin_single(out, 0x00209116);
    put_text_element(out, 0x00200037, "DS", "1\\0\\0\\0\\1\\0");
    end_single(out);
    begin_single(out, 0x00289110);
    put_text_element(out, 0x00180050, "DS", "3");
    put_text_element(out, 0x00280030, "DS", "2\\1");
    end_single(out);
    end_single(out);
    begin_sequence(out, 0x52009230);
    for (int k = 0; k < 3; k++) {
        begin_item(out);
        begin_single(out, 0x00209113);
        put_text_element(out, 0x00200032, "DS", position[k]);
        end_single(out);
        begin_single(out, 0x00289145);
        put_text_element(out, 0x00281052, "DS", "10");
        put_text_element(out, 0x00281053, "DS", slope[k]);
        end_single(out);
        end_item(out);
    }
    end_sequence(out);
    put_bytes(out, 0x7fe00010, "OW", pixels, 3 * 2 * VOXELS);
}

static void enhanced(void **state)
{
    (void)state;
    static dicom_out out;
    int16_t pixels[3 * VOXELS];
    fgf_grid grid;
    double *voxels;
    const char *inner = new_folder();
    for (int k = 0; k < 3; k++)
        fill(pixels + k * VOXELS, k + 1);
    put_enhanced(&out, pixels, 3);
    write_file(within(inner, "many"), out.bytes, out.count);
    assert_int_equal(read_folder(in_folder(inner), &grid, &voxels, NULL), FGF_OK);
    assert_true(grid.extent[2] == 3 && grid.spacing[2] == 3 && grid.spacing[1] == 2);
    assert_true(voxels[0] == 2 * 200 + 10 && voxels[VOXELS] == 3 * 300 + 10 &&
                voxels[2 * VOXELS] == 100 + 10);
    fgf_free(voxels);
    put_enhanced(&out, pixels, 2000000000);
    write_file(within(inner, "many"), out.bytes, out.count);
    assert_refused(in_folder(inner), "many: pixel data cut short");
    put_enhanced(&out, pixels, 0);
    write_file(within(inner, "many"), out.bytes, out.count);
    assert_refused(in_folder(inner), "many: NumberOfFrames");
    put_enhanced(&out, pixels, 2); /* frame 3 is not of the image; two are even by themselves */
    write_file(within(inner, "many"), out.bytes, out.count);
    assert_int_equal(read_folder(in_folder(inner), &grid, &voxels, NULL), FGF_OK);
    assert_true(grid.extent[2] == 2 && grid.spacing[2] == 6);
    fgf_free(voxels);
}

/* Frames without groups have no place of their own unless offsets are given. */
static void frames_by_offsets(void **state)
{
    (void)state;
    static dicom_out out;
    int16_t pixels[3 * VOXELS];
    fgf_grid grid;
    double *voxels;
    const char *inner = new_folder();
    for (int k = 0; k < 3; k++)
        fill(pixels + k * VOXELS, k + 1);
    for (int given = 0; given < 2; given++) {
        slice_sample s = make_slice("1\\2\\3", pixels);
        s.pixel_bytes = sizeof pixels;
        begin_file(&out, s.kind, s.syntax);
        put_text_element(&out, 0x00080060, "CS", "CT");
        put_text_element(&out, 0x00200032, "DS", s.position);
        put_text_element(&out, 0x00200037, "DS", s.direction);
        put_text_element(&out, 0x00280008, "IS", "3");
        put_layout(&out, &s);
        put_text_element(&out, 0x3004000c, "DS", given ? "0\\4\\8" : NULL);
        put_bytes(&out, 0x7fe00010, "OW", pixels, sizeof pixels);
        write_file(within(inner, "many"), out.bytes, out.count);
        if (!given)
            assert_refused(in_folder(inner), "many, frame 1 does not say where it lies");
    }
    assert_int_equal(read_folder(in_folder(inner), &grid, &voxels, NULL), FGF_OK);
    assert_true(grid.extent[2] == 3 && grid.spacing[2] == 4 && grid.affine[2][3] == 3);
    assert_true(voxels[0] == 100 && voxels[2 * VOXELS] == 300);
    fgf_free(voxels);
}

static void damaged(void **state)
{
    (void)state;
    static dicom_out out;
    int16_t pixels[3 * VOXELS];
    for (int k = 0; k < 3; k++)
        fill(pixels + k * VOXELS, k + 1);
    slice_sample s = make_slice(upward[0], pixels);
    s.padding = 7;
    make_file(&out, &s);
    survive(out.bytes, out.count, 300);
    put_enhanced(&out, pixels, 3);
    survive(out.bytes, out.count, 300);
}

static void failed_allocations(void **state)
{
    (void)state;
    slice_sample s = make_slice(upward[2], NULL);
    const char *path = write_series(-1, NULL);
    int16_t pixels[VOXELS];
    fill(pixels, 2);
    s.pixels = pixels;
    write_slice(within(strrchr(path, '/') + 1, "again"), &s);
    survive_failures(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorted_by_place),
        cmocka_unit_test(along_the_normal),
        cmocka_unit_test(rescaled_by_slice),
        cmocka_unit_test(stored_bits),
        cmocka_unit_test(padding),
        cmocka_unit_test(one_slice),
        cmocka_unit_test(gaps),
        cmocka_unit_test(doubles),
        cmocka_unit_test(other_geometry),
        cmocka_unit_test(gantry_tilt),
        cmocka_unit_test(no_place),
        cmocka_unit_test(other_voxels),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(several_in_a_folder),
        cmocka_unit_test(enhanced),
        cmocka_unit_test(frames_by_offsets),
        cmocka_unit_test(damaged),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
