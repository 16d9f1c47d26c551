/* Every transfer syntax of the shared samples against the same image without compression. */
#include "unit/dicom/files.h"

#include "pixels.h"
#include "fgf/file_bytes.h"

/* All frames of a file as stored values; *values is released with fgf_free. */
static fgf_status read_stored(const char *path, int32_t **values, size_t *count)
{
    fgf_status status = FGF_OK;
    dicom_file *file = NULL;
    dicom_pixels *pixels = NULL;
    *values = NULL;
    FGF_TRY(dicom_file_open(path, &file));
    FGF_TRY(dicom_pixels_open(file, &pixels));
    const dicom_layout *layout = dicom_pixels_layout(pixels);
    const size_t voxels = (size_t)layout->rows * (size_t)layout->columns;
    *count = voxels * layout->frames;
    FGF_TRY(FGF_ALLOCATE(*count, values));
    for (size_t k = layout->frames; k-- > 0;) /* the last first: in any order */
        FGF_TRY(dicom_pixels_frame(pixels, k, *values + k * voxels));
done:
    dicom_pixels_close(&pixels);
    if (status != FGF_OK) {
        fgf_free(*values);
        *values = NULL;
    }
    return status;
}

static const char *in_set(const char *set, const char *name)
{
    static char path[700];
    snprintf(path, sizeof path, "%s/%s", shared_data(set), name);
    return path;
}

/* The greatest difference of `name` from `reference`, an offset between the two aside. */
static int32_t greatest_difference(const char *set, const char *reference, const char *name,
                                   int32_t offset)
{
    int32_t *expected, *values, greatest = 0;
    size_t count, other;
    assert_int_equal(read_stored(in_set(set, reference), &expected, &count), FGF_OK);
    if (read_stored(in_set(set, name), &values, &other) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    assert_int_equal(count, other);
    for (size_t p = 0; p < count; p++) {
        const int32_t difference = abs(values[p] - offset - expected[p]);
        greatest = difference > greatest ? difference : greatest;
    }
    fgf_free(expected);
    fgf_free(values);
    return greatest;
}

typedef struct codec_case {
    const char *reference, *name;
    int32_t most; /* 0: the same voxels; else the greatest difference that was measured */
    int32_t offset;
} codec_case;

static void codecs(void **state)
{
    (void)state;
    static const char ct[] = "wg04/CT2_UNC.dcm", mr[] = "wg04/MR3_UNC.dcm",
                      frames[] = "dicomParser/CT0012.explicit_little_endian.dcm";
#define CT0012(name) "dicomParser/CT0012." name ".dcm"
    static const codec_case cases[] = {
        {ct, "wg04/CT2_RLE.dcm", 0, 0},
        {ct, "wg04/CT2_JPLL.dcm", 0, 0},
        {ct, "wg04/CT2_JLSL.dcm", 0, 0},
        {ct, "wg04/CT2_JLSN.dcm", 4, 0},
        {ct, "wg04/CT2_J2KR.dcm", 0, 0},
        {ct, "wg04/CT2_J2KI.dcm", 402, 0},
        {mr, "wg04/MR3_RLE.dcm", 0, 0},
        {mr, "wg04/MR3_JPLL.dcm", 0, 0},
        {mr, "wg04/MR3_JPLY.dcm", 55, 0},
        {mr, "wg04/MR3_JLSL.dcm", 0, 0},
        {mr, "wg04/MR3_JLSN.dcm", 4, 0},
        {mr, "wg04/MR3_J2KR.dcm", 0, 0},
        {mr, "wg04/MR3_J2KI.dcm", 296, 0},
        /* Two frames, in pieces or not, with an offset table or without. This JPEG was made of the
           values plus 1024; another decoder agrees. */
        {frames, CT0012("fragmented_no_bot_jpeg_baseline.51"), 14, 1024},
        {frames, CT0012("fragmented_no_bot_jpeg_lossless.57"), 0, 0},
        {frames, CT0012("fragmented_no_bot_jpeg_lossless.70"), 0, 0},
        {frames, CT0012("fragmented_no_bot_jpeg_ls.80"), 0, 0},
        {frames, CT0012("fragmented_no_bot_jpeg_ls.81"), 2, 0},
        {frames, CT0012("not_fragmented_bot_jpeg_ls.80"), 0, 0},
        {frames, CT0012("not_fragmented_bot_rle"), 0, 0},
        {frames, CT0012("not_fragmented_no_bot_jpeg_ls.80"), 0, 0},
        {frames, CT0012("not_fragmented_no_bot_rle"), 0, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const codec_case *c = &cases[k];
        const int32_t greatest =
            greatest_difference("dicom_codecs", c->reference, c->name, c->offset);
        if (greatest > c->most)
            fail_msg("%s differs by up to %d, expected %d", c->name, greatest, c->most);
        /* A lossy file that equals its source would be the source. */
        assert_true((greatest == 0) == (c->most == 0));
    }
}

/* The same image in other byte orders and encodings of the elements. */
static void byte_orders(void **state)
{
    (void)state;
    static const char *const names[] = {"MR_small_bigendian.dcm", "MR_small_implicit.dcm",
                                        "MR_small_RLE.dcm",       "MR_small_jp2klossless.dcm",
                                        "MR_small_padded.dcm",    "MR_small_jpeg_ls_lossless.dcm"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        assert_int_equal(greatest_difference("dicom_odd/pydicom", "MR_small.dcm", names[k], 0), 0);
}

/* Files without a place, by sums that another reader (pydicom) gave. */
static void other_frames(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double sum;
    } cases[] = {{"pydicom-data/emri_small_RLE.dcm", 4493276},
                 {"pydicom/JPEG2000.dcm", 3527976},
                 {"pydicom/image_dfl.dcm", 33322688}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        int32_t *values;
        size_t count;
        double sum = 0;
        assert_int_equal(read_stored(in_set("dicom_odd", cases[k].name), &values, &count), FGF_OK);
        for (size_t p = 0; p < count; p++)
            sum += values[p];
        fgf_free(values);
        if (sum != cases[k].sum)
            fail_msg("%s: sum %.0f, expected %.0f", cases[k].name, sum, cases[k].sum);
    }
}

/* A place in the file's own words may be changed; the codestream's must agree with it. */
static void sizes_that_disagree(void **state)
{
    (void)state;
    static const struct {
        const char *name, *part;
    } cases[] = {{"wg04/CT2_J2KR.dcm", "the JPEG 2000 data hold 512 x 512"},
                 {"wg04/CT2_JLSL.dcm", "the JPEG data hold 512 x 512"},
                 {"wg04/CT2_JPLL.dcm", "the JPEG data hold 512 x 512"},
                 {"wg04/CT2_RLE.dcm", "pixel data cut short or damaged"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        static const unsigned char rows[] = {0x28, 0, 0x10, 0, 'U', 'S', 2, 0};
        char *bytes;
        int32_t *values;
        size_t count, at = 0;
        assert_int_equal(
            fgf_read_file(in_set("dicom_codecs", cases[k].name), 1 << 24, &bytes, &count), FGF_OK);
        while (memcmp(bytes + at, rows, sizeof rows) != 0)
            at++;
        bytes[at + 9] = 4; /* 1024 rows */
        const char *path = write_file("changed", bytes, count);
        fgf_free(bytes);
        assert_int_equal(read_stored(path, &values, &count), FGF_DATA);
        assert_message(cases[k].part);
    }
}

static void damaged(void **state)
{
    (void)state;
    static const char *const names[] = {"pydicom/MR_small_RLE.dcm",
                                        "pydicom/MR_small_jp2klossless.dcm",
                                        "pydicom/MR_small_jpeg_ls_lossless.dcm",
                                        "pydicom/MR_small_bigendian.dcm",
                                        "pydicom/MR_small_implicit.dcm",
                                        "pydicom/image_dfl.dcm"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        char *bytes;
        size_t count;
        assert_int_equal(fgf_read_file(in_set("dicom_odd", names[k]), 1 << 24, &bytes, &count),
                         FGF_OK);
        survive((const unsigned char *)bytes, count, 150);
        fgf_free(bytes);
    }
    static const char *const large[] = {"wg04/CT2_JPLL.dcm", "wg04/MR3_JPLY.dcm",
                                        "wg04/CT2_JLSN.dcm", "wg04/CT2_J2KI.dcm"};
    for (size_t k = 0; k < sizeof large / sizeof large[0]; k++) {
        char *bytes;
        size_t count;
        assert_int_equal(fgf_read_file(in_set("dicom_codecs", large[k]), 1 << 24, &bytes, &count),
                         FGF_OK);
        survive((const unsigned char *)bytes, count, 40);
        fgf_free(bytes);
    }
}

static void failed_allocations(void **state)
{
    (void)state;
    static const char *const names[] = {"MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        char path[700];
        snprintf(path, sizeof path, "%s", in_set("dicom_odd/pydicom", names[k]));
        survive_failures(path);
    }
}

int main(void)
{
    if (!shared_data("dicom_codecs") || !shared_data("dicom_odd"))
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs),       cmocka_unit_test(byte_orders),
        cmocka_unit_test(other_frames), cmocka_unit_test(sizes_that_disagree),
        cmocka_unit_test(damaged),      cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
