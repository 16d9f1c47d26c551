#include "unit/data/files.h"

#include "fgf/file_bytes.h"
#include "fgf/image.h"
#include "fgf/memory.h"

/* ---- PNG ---- */

static const unsigned char grey[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 254, 255};

static fgf_status decode(const unsigned char *bytes, size_t count, fgf_grey_image *out)
{
    /* A copy of the exact size, so that a sanitizer sees any step beyond it. */
    char *copy = malloc(count + 1);
    memcpy(copy, bytes, count);
    fgf_status status = fgf_png_decode("t.png", copy, count, out);
    free(copy);
    return status;
}

static void png_read(void **state)
{
    (void)state;
    unsigned char bytes[1024];
    fgf_grey_image image;
    size_t count = make_png(bytes, sizeof bytes, 4, 3, 8, 0, grey, 4, 3);
    assert_int_equal(decode(bytes, count, &image), FGF_OK);
    assert_true(image.width == 4 && image.height == 3 && image.greatest == 255);
    for (size_t p = 0; p < 12; p++)
        assert_true(image.value[p] == grey[p]);
    fgf_grey_image_clear(&image);
    count = make_png(bytes, sizeof bytes, 2, 3, 16, 0, grey, 4, 3);
    assert_int_equal(decode(bytes, count, &image), FGF_OK);
    assert_true(image.width == 2 && image.height == 3 && image.greatest == 65535);
    for (size_t p = 0; p < 6; p++)
        assert_true(image.value[p] == 256 * grey[2 * p] + grey[2 * p + 1]);
    fgf_grey_image_clear(&image);
}

static void png_refusals(void **state)
{
    (void)state;
    unsigned char bytes[1024], changed[1024];
    fgf_grey_image image;
    size_t count = make_png(bytes, sizeof bytes, 4, 3, 8, 0, grey, 4, 3);
    for (size_t cut = 0; cut < count; cut++) {
        assert_int_equal(decode(bytes, cut, &image), FGF_DATA);
        assert_null(image.value);
    }
    for (size_t k = 0; k < count; k++) { /* every byte counts: signature, lengths, checksums */
        memcpy(changed, bytes, count);
        changed[k] ^= 0x55;
        assert_int_equal(decode(changed, count, &image), FGF_DATA);
    }
    const struct {
        uint32_t width, height;
        int bits, colour;
        const char *part;
    } kinds[] = {{1, 3, 8, 2, "colour"},
                 {1, 3, 8, 6, "colour"},
                 {2, 3, 8, 4, "alpha"},
                 {4, 3, 8, 3, "damaged PNG"},
                 {32, 3, 1, 0, "1 bits of grey"},
                 {2000000000, 2000000000, 8, 0, "damaged PNG"},
                 {16000, 16000, 8, 0, "damaged PNG"},
                 {0, 3, 8, 0, "damaged PNG"}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        count = make_png(bytes, sizeof bytes, kinds[k].width, kinds[k].height, kinds[k].bits,
                         kinds[k].colour, grey, 4, 3);
        assert_int_equal(decode(bytes, count, &image), FGF_DATA);
        assert_message(kinds[k].part);
    }
}

/* ---- NIfTI ---- */

static fgf_status sum_volume(const char *path, double *sum)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    double *slice = NULL;
    *sum = 0;
    FGF_TRY(fgf_nifti_open(path, &volume));
    const fgf_grid *grid = fgf_volume_grid(volume);
    const size_t count = (size_t)grid->extent[0] * (size_t)grid->extent[1];
    FGF_TRY(FGF_ALLOCATE(count, &slice));
    for (int z = 0; z < grid->extent[2]; z++) {
        FGF_TRY(fgf_volume_next(volume, slice));
        for (size_t p = 0; p < count; p++)
            *sum += slice[p] * (double)(1 + p + count * (size_t)z);
    }
done:
    fgf_volume_close(&volume);
    fgf_free(slice);
    return status;
}

static void nifti_read(void **state)
{
    (void)state;
    int16_t data[24];
    double sum, expected = 0;
    for (int k = 0; k < 24; k++) {
        data[k] = (int16_t)(k * k - 100);
        expected += (0.5 * data[k] + 10) * (k + 1);
    }
    nifti_sample s = make_nifti(4, 3, 2, 4);
    s.slope = 0.5f;
    s.intercept = 10;
    s.pixdim[1] = 0.75f;
    s.pixdim[3] = 3;
    for (int k = 0; k < 2; k++) {
        const char *path = write_nifti(k ? "v.nii.gz" : "v.nii", &s, data, sizeof data);
        assert_int_equal(sum_volume(path, &sum), FGF_OK);
        assert_true(sum == expected);
        fgf_volume *volume = NULL;
        assert_int_equal(fgf_nifti_open(path, &volume), FGF_OK);
        const fgf_grid *grid = fgf_volume_grid(volume);
        assert_true(grid->spacing[0] == 0.75 && grid->spacing[2] == 3 && grid->placed);
        /* x to the left: NIfTI has it to the right. */
        assert_true(grid->affine[0][0] == -0.75 && grid->affine[0][1] == 0);
        fgf_grid moved = *grid;
        assert_true(fgf_grid_equal(grid, &moved));
        moved.affine[1][3] += 0.5;
        assert_false(fgf_grid_equal(grid, &moved));
        fgf_volume_close(&volume);
    }
    s.slope = NAN;
    assert_int_equal(sum_volume(write_nifti("v.nii", &s, data, sizeof data), &sum), FGF_OK);
    assert_true(fabs(sum - 2 * expected) > 1);
}

static void nifti_refusals(void **state)
{
    (void)state;
    unsigned char raw[352 + 48];
    double sum;
    uint8_t data[24] = {1, 2, 3};
    nifti_sample good = make_nifti(4, 3, 2, 2);
    const char *path;
    for (int k = 0; k < 10; k++) {
        static const char *const parts[] = {
            "0 dimensions",   "dim[1] is -5", "dim[2] is 0",   "3-D volume", "datatype 9999",
            "pixdim[2] is 0", "pixdim[1]",    "scl_slope inf", "cut short",  "data offset"};
        nifti_sample s = good;
        s.dim[0] = (int16_t)(k == 0 ? 0 : k == 3 ? 4 : 3);
        s.dim[1] = (int16_t)(k == 1 ? -5 : k == 8 ? 8000 : 4);
        s.dim[2] = (int16_t)(k == 2 ? 0 : k == 8 ? 8000 : 3);
        s.dim[4] = (int16_t)(k == 3 ? 2 : 1);
        s.datatype = (int16_t)(k == 4 ? 9999 : 2);
        s.pixdim[2] = k == 5 ? 0.0f : 1.0f;
        s.pixdim[1] = k == 6 ? NAN : 1.0f;
        s.slope = k == 7 ? INFINITY : 1.0f;
        s.offset = k == 9 ? 1e30f : 352.0f;
        path = write_nifti(k % 2 ? "v.nii.gz" : "v.nii", &s, data, sizeof data);
        assert_int_equal(sum_volume(path, &sum), FGF_DATA);
        assert_message(parts[k]);
        assert_message(path);
    }
    nifti_header(&good, raw);
    memcpy(raw + 352, data, sizeof data);
    for (size_t cut = 0; cut < 352 + sizeof data; cut += 7)
        assert_int_equal(sum_volume(write_file("v.nii", raw, cut), &sum), FGF_DATA);
}

static void nifti_damaged_stream(void **state)
{
    (void)state;
    char *bytes, *changed;
    size_t count;
    double sum;
    uint8_t data[24] = {1, 2, 3};
    nifti_sample good = make_nifti(4, 3, 2, 2);
    const char *path = write_nifti("v.nii.gz", &good, data, sizeof data);
    assert_int_equal(fgf_read_file(path, 1 << 20, &bytes, &count), FGF_OK);
    changed = malloc(count);
    for (size_t cut = 2; cut < count; cut++)
        assert_int_equal(sum_volume(write_file("v.nii.gz", bytes, cut), &sum), FGF_DATA);
    for (size_t k = count - 8; k < count; k++) { /* checksum and length at the end */
        memcpy(changed, bytes, count);
        changed[k] ^= 1;
        assert_int_equal(sum_volume(write_file("v.nii.gz", changed, count), &sum), FGF_DATA);
    }
    free(changed);
    fgf_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_read),
        cmocka_unit_test(png_refusals),
        cmocka_unit_test(nifti_read),
        cmocka_unit_test(nifti_refusals),
        cmocka_unit_test(nifti_damaged_stream),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
