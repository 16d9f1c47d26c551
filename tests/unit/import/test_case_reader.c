/* A case as a slice, a stack and a volume; grids that differ; formats that say the same. */
#include "unit/data/files.h"

#include "case_reader.h"
#include "fgf/memory.h"

enum { X = 7, Y = 6, Z = 5, PLANE = X * Y, COUNT = PLANE * Z };

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

/* Reads case "a" under a manifest of these lines and keys of `preprocess`. */
static result read_case(const char *lines, const char *preprocess)
{
    result r = {0};
    char text[1500];
    fgf_manifest manifest;
    fgf_candidate candidate = {.source_id = "a"};
    const fgf_import_options options = {0};
    snprintf(text, sizeof text, "%s\ntable: {file: t.csv}\npreprocess: {window: [0, 1000], %s}\n",
             lines, preprocess);
    if (fgf_manifest_load(write_text("m.yaml", text), &options, &manifest) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    assert_int_equal(fgf_case_read(&manifest, &candidate, &r.outcome, &r.image, &r.mask), FGF_OK);
    assert_int_equal(r.image != NULL, r.outcome.state == FGF_CASE_GOOD);
    fgf_manifest_clear(&manifest);
    return r;
}

static result read_good(const char *lines, const char *preprocess)
{
    result r = read_case(lines, preprocess);
    if (r.outcome.state != FGF_CASE_GOOD)
        fail_msg("%s", r.outcome.reason);
    return r;
}

static void expect_bad(const char *lines, const char *preprocess, const char *part)
{
    result r = read_case(lines, preprocess);
    assert_int_equal(r.outcome.state, FGF_CASE_BAD);
    if (!strstr(r.outcome.reason, part))
        fail_msg("\"%s\" is not in \"%s\"", part, r.outcome.reason);
    assert_null(strchr(r.outcome.reason, '\n'));
}

/* ---- volumes to read ---- */

static int16_t value_at(int channel, int z, int y, int x)
{
    return (int16_t)(100 + 300 * channel + 40 * z + 7 * y + 11 * x + (x * y * z * 13) % 17);
}

static const char *write_volume(const char *name, int channel)
{
    int16_t values[COUNT];
    for (int p = 0; p < COUNT; p++)
        values[p] = value_at(channel, p / PLANE, p / X % Y, p % X);
    nifti_sample s = make_nifti(X, Y, Z, 4);
    s.pixdim[1] = 0.5f;
    s.pixdim[2] = 0.75f;
    s.pixdim[3] = 2;
    return write_nifti(name, &s, values, sizeof values);
}

/* A block in slices from `first` to `last`, largest in `largest`. */
static void make_mask(uint8_t mask[COUNT], int first, int last, int largest)
{
    memset(mask, 0, COUNT);
    for (int z = first; z <= last; z++)
        for (int y = 1; y <= 4; y++)
            for (int x = 2; x <= (z == largest ? 5 : 4); x++)
                mask[z * PLANE + y * X + x] = 1;
}

static void write_mask(const char *name, int first, int last, int largest)
{
    uint8_t mask[COUNT];
    make_mask(mask, first, last, largest);
    nifti_sample s = make_nifti(X, Y, Z, 2);
    s.pixdim[1] = 0.5f;
    s.pixdim[2] = 0.75f;
    s.pixdim[3] = 2;
    write_nifti(name, &s, mask, sizeof mask);
}

static const char *const nifti = "source: {kind: nifti, image: '{id}.nii', mask: '{id}_m.nii'}";
static const char *const two_channels = "source: {kind: nifti, mask: '{id}_m.nii'}\n"
                                        "channels: [{image: {name: ct, pattern: '{id}.nii'}},"
                                        " {image: {name: pt, pattern: '{id}_pt.nii',"
                                        " window: [100, 2000]}}]";

/* ---- tests ---- */

/* A stack's channels are the slices one by one, each as it would be taken alone. */
static void stack_is_slices(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "", ", smooth_sigma: 0.8, spacing: [1, 0.4], interpolation: cubic, size: [5, 6]",
        ", transpose: true, spacing: [0.6, 0.6], size: [4, 9]"};
    write_volume("a.nii", 0);
    write_volume("a_pt.nii", 1);
    for (int way = 0; way < 3; way++)
        for (int chosen = 0; chosen < Z; chosen++) {
            char keys[256];
            result alone[Z];
            for (int z = 0; z < Z; z++) {
                write_mask("a_m.nii", z, z, z);
                snprintf(keys, sizeof keys, "masked: false%s", ways[way]);
                alone[z] = read_good(two_channels, keys);
                assert_true(alone[z].outcome.slice == z && alone[z].outcome.slices == Z);
            }
            write_mask("a_m.nii", chosen ? chosen - 1 : 0, chosen, chosen);
            snprintf(keys, sizeof keys, "masked: false, take: stack, slices: 5%s", ways[way]);
            result stack = read_good(two_channels, keys);
            const fgf_shape shape = stack.outcome.shape;
            const size_t pixels = (size_t)shape.height * (size_t)shape.width;
            assert_true(shape.channels == 10 && shape.depth == 1);
            assert_true(stack.outcome.slice == chosen && stack.outcome.spacing[0] == 1);
            for (int c = 0; c < 10; c++) {
                const int z = chosen + c % 5 - 2, inside = z < 0 ? 0 : z >= Z ? Z - 1 : z;
                assert_memory_equal(stack.image + (size_t)c * pixels,
                                    alone[inside].image + (size_t)(c / 5) * pixels,
                                    pixels * sizeof(float));
            }
            assert_memory_equal(stack.mask, alone[chosen].mask, pixels);
            for (int z = 0; z < Z; z++)
                clear_result(&alone[z]);
            clear_result(&stack);
        }
}

/* Which slice: most of the mask, most of it inside the window (and not 0), the middle one. */
static void rules_of_slices(void **state)
{
    (void)state;
    static const int16_t value_of[Z] = {500, 5000, -5, 500, 0};
    static const int rows_of[Z] = {0, 4, 3, 1, 2};
    static const struct {
        const char *rule;
        int chosen;
    } rules[] = {{"slice: largest", 1}, {"slice: largest_in_window", 3}, {"slice: middle", 2}};
    int16_t values[COUNT];
    uint8_t mask[COUNT];
    for (int p = 0; p < COUNT; p++) {
        values[p] = value_of[p / PLANE];
        mask[p] = p / X % Y < rows_of[p / PLANE];
    }
    const nifti_sample image = make_nifti(X, Y, Z, 4), bytes = make_nifti(X, Y, Z, 2);
    write_nifti("a.nii", &image, values, sizeof values);
    write_nifti("a_m.nii", &bytes, mask, sizeof mask);
    for (int k = 0; k < 3; k++) {
        result r = read_good(nifti, rules[k].rule);
        assert_int_equal(r.outcome.slice, rules[k].chosen);
        clear_result(&r);
    }
}

/* A voxel alone in a slice is in a volume's mask, the first and the last one of all too. */
static void lone_voxels(void **state)
{
    (void)state;
    static const size_t lone[] = {0, PLANE + 3, COUNT - 1};
    uint8_t mask[COUNT] = {0};
    const nifti_sample bytes = make_nifti(X, Y, Z, 2), image = make_nifti(X, Y, Z, 4);
    int16_t values[COUNT];
    for (int p = 0; p < COUNT; p++)
        values[p] = 500;
    for (int k = 0; k < 3; k++)
        mask[lone[k]] = 1;
    write_nifti("a.nii", &image, values, sizeof values);
    write_nifti("a_m.nii", &bytes, mask, sizeof mask);
    result r = read_good(nifti, "take: volume");
    assert_memory_equal(r.mask, mask, COUNT);
    for (size_t p = 0; p < COUNT; p++)
        assert_true(r.image[p] == (mask[p] ? 0.5f : 0.0f));
    clear_result(&r);
}

/* Voxels of a volume where nothing is resampled, straight and transposed; bounding box, padding. */
static void volume_is_voxels(void **state)
{
    (void)state;
    write_volume("a.nii", 0);
    write_volume("a_pt.nii", 1);
    write_mask("a_m.nii", 1, 3, 2);
    uint8_t mask[COUNT];
    make_mask(mask, 1, 3, 2);
    for (int turned = 0; turned < 2; turned++) {
        char keys[128];
        snprintf(keys, sizeof keys, "take: volume, size: [3, 0, 8], transpose: %s",
                 turned ? "true" : "false");
        result r = read_good(two_channels, keys);
        const fgf_shape shape = r.outcome.shape;
        assert_true(shape.channels == 2 && shape.depth == 3 && shape.width == 8);
        assert_int_equal(shape.height, turned ? X : Y);
        assert_true(r.outcome.spacing[0] == 2 && r.outcome.spacing[turned ? 2 : 1] == 0.75);
        assert_true(r.outcome.source_spacing[0] == 2 && r.outcome.source_spacing[2] == 0.5);
        assert_true(r.outcome.slice == -1 && r.outcome.slices == Z);
        assert_string_equal(r.outcome.mask_source, "file");
        const int left = turned ? -1 : 0; /* 6 columns, or 7, in 8 */
        const size_t voxels = (size_t)fgf_shape_pixels(shape);
        for (size_t p = 0; p < voxels; p++) {
            const int z = (int)p / (shape.height * 8) + 1;
            const int row = (int)p / 8 % shape.height, column = (int)p % 8 + left;
            const int y = turned ? column : row, x = turned ? row : column;
            const bool there = y >= 0 && y < Y && x >= 0 && x < X;
            const bool inside = there && mask[z * PLANE + y * X + x];
            assert_int_equal(r.mask[p], inside);
            const double ct = inside ? value_at(0, z, y, x) / 1000.0 : 0;
            const double pt = inside ? (value_at(1, z, y, x) - 100) / 1900.0 : 0;
            assert_true(r.image[p] == (float)ct && r.image[voxels + p] == (float)pt);
        }
        clear_result(&r);
    }
}

/* Without a mask file: what is above 0, holes filled in three dimensions. */
static void derived_volume(void **state)
{
    (void)state;
    int16_t values[COUNT] = {0};
    for (int z = 1; z <= 3; z++)
        for (int y = 1; y <= 4; y++)
            for (int x = 1; x <= 4; x++)
                values[z * PLANE + y * X + x] = 500;
    values[2 * PLANE + 2 * X + 2] = 0; /* enclosed */
    values[1 * PLANE + 3 * X + 3] = 0; /* a hole in slice 1, open to slice 0 */
    nifti_sample s = make_nifti(X, Y, Z, 4);
    write_nifti("a.nii", &s, values, sizeof values);
    result r = read_good("source: {kind: nifti, image: '{id}.nii'}", "take: volume");
    assert_string_equal(r.outcome.mask_source, "derived");
    assert_int_equal(r.mask[2 * PLANE + 2 * X + 2], 1);
    assert_int_equal(r.mask[1 * PLANE + 3 * X + 3], 0);
    size_t inside = 0;
    for (size_t p = 0; p < COUNT; p++)
        inside += r.mask[p];
    assert_int_equal(inside, 3 * 16 - 1);
    clear_result(&r);
    /* The slice by itself: both are holes in their slices. */
    r = read_good("source: {kind: nifti, image: '{id}.nii'}", "slice: largest_in_window");
    assert_true(r.outcome.slice == 3);
    clear_result(&r);
    memset(values, 0, sizeof values);
    write_nifti("a.nii", &s, values, sizeof values);
    expect_bad("source: {kind: nifti, image: '{id}.nii'}", "take: volume", "the mask is empty");
}

/* The mask of a stack is the chosen slice's, derived too. */
static void derived_stack(void **state)
{
    (void)state;
    int16_t values[COUNT] = {0};
    for (int z = 1; z <= 3; z++)
        for (int y = 1; y <= (z == 2 ? 4 : 2); y++)
            for (int x = 1; x <= (z == 2 ? 2 : 5); x++)
                values[z * PLANE + y * X + x] = 500;
    nifti_sample s = make_nifti(X, Y, Z, 4);
    write_nifti("a.nii", &s, values, sizeof values);
    result r = read_good("source: {kind: nifti, image: '{id}.nii'}", "take: stack, slice: middle");
    assert_int_equal(r.outcome.slice, 2);
    for (int p = 0; p < PLANE; p++) {
        const bool inside = values[2 * PLANE + p] != 0;
        assert_int_equal(r.mask[p], inside);
        for (int c = 0; c < 3; c++)
            assert_true(r.image[c * PLANE + p] ==
                        (inside ? (float)(values[(c + 1) * PLANE + p] / 1000.0) : 0));
    }
    clear_result(&r);
}

/* A mask that runs the other way along y: other places for the same indices, so it is refused, and
 * put right where that is asked for. */
static void grids_that_differ(void **state)
{
    (void)state;
    uint8_t mask[COUNT], turned[COUNT];
    unsigned char raw[352 + COUNT];
    const float down = -0.75f, offset = 0.75f * (Y - 1), two = 2.5f;
    write_volume("a.nii", 0);
    write_mask("a_m.nii", 1, 3, 2);
    result straight = read_good(nifti, "take: volume");
    make_mask(mask, 1, 3, 2);
    for (int p = 0; p < COUNT; p++)
        turned[p] = mask[p / PLANE * PLANE + (Y - 1 - p / X % Y) * X + p % X];
    nifti_sample s = make_nifti(X, Y, Z, 2);
    s.pixdim[1] = 0.5f;
    s.pixdim[2] = 0.75f;
    s.pixdim[3] = 2;
    nifti_header(&s, raw);
    memcpy(raw + 296 + 4, &down, 4); /* srow_y */
    memcpy(raw + 296 + 12, &offset, 4);
    memcpy(raw + 352, turned, COUNT);
    write_file("a_m.nii", raw, sizeof raw);
    expect_bad(nifti, "take: volume", "a_m.nii: not on the grid of the image: it has 7 x 6 x 5");
    expect_bad(nifti, "take: volume", "y runs the other way, the first voxels lie (0, -3.75, 0)");
    expect_bad(nifti, "take: volume", "preprocess.resample_mask: nearest");
    static const char *const ways[] = {"take: volume, resample_mask: nearest",
                                       "resample_mask: nearest"};
    for (int k = 0; k < 2; k++) {
        result r = read_good(nifti, ways[k]);
        assert_string_equal(r.outcome.mask_source, "file, resampled");
        assert_non_null(strstr(r.outcome.remarks, "mask resampled (nearest) from 7 x 6 x 5"));
        const size_t from = k ? 2 * PLANE : 0, count = k ? PLANE : COUNT;
        assert_memory_equal(r.mask, straight.mask + from, count);
        assert_true(k || memcmp(r.image, straight.image, COUNT * sizeof(float)) == 0);
        clear_result(&r);
    }
    clear_result(&straight);
    /* Spacing said twice, and not the same. */
    memcpy(raw + 296 + 4, &two, 4);
    write_file("a_m.nii", raw, sizeof raw);
    expect_bad(nifti, "take: volume", "pixdim[2] says 0.75 mm");
    s.dim[3] = Z - 1;
    write_nifti("a_m.nii", &s, mask, COUNT);
    expect_bad(nifti, "slice: largest", "4 and 5 voxels along z");
    write_mask("a_m.nii", 1, 3, 2);
    write_nifti("a_pt.nii", &s, mask, COUNT);
    expect_bad(two_channels, "slice: largest", "a_pt.nii: not on the grid of the first channel");
    expect_bad(two_channels, "take: volume", "a_pt.nii: not on the grid of the first channel");
}

/* The same patient as NRRD (to the left and the back) and as NIfTI (to the right and the front). */
static void nrrd_is_nifti(void **state)
{
    (void)state;
    int16_t values[COUNT];
    uint8_t mask[COUNT];
    write_volume("a.nii", 0);
    write_mask("a_m.nii", 1, 3, 2);
    make_mask(mask, 1, 3, 2);
    for (int p = 0; p < COUNT; p++)
        values[p] = value_at(0, p / PLANE, p / X % Y, p % X);
    const char *const header = "NRRD0004\ntype: %s\ndimension: 3\nspace: LPS\nsizes: 7 6 5\n"
                               "space directions: (-0.5,0,0) (0,-0.75,0) (0,0,2)\n"
                               "endian: little\nencoding: raw\nspace origin: (0,0,0)\n%s\n";
    char bytes[2048];
    int length = snprintf(bytes, sizeof bytes, header, "int16", "");
    memcpy(bytes + length, values, sizeof values);
    write_file("a.nrrd", bytes, (size_t)length + sizeof values);
    length = snprintf(bytes, sizeof bytes, header, "uint8", "data file: a.raw\n");
    write_file("a.nhdr", bytes, (size_t)length);
    write_file("a.raw", mask, sizeof mask);
    const char *const nrrd = "source: {kind: nrrd, mask: '{id}.nhdr'}";
    const char *const mixed = "source: {kind: nifti, image: '{id}.nii', mask: '{id}_m.nii'}";
    char first_hash[FGF_HASH_TEXT];
    for (int k = 0; k < 3; k++) {
        static const char *const ways[] = {"take: volume, spacing: [1, 1, 1]", "slice: largest",
                                           "take: stack"};
        result a = read_good(nrrd, ways[k]), b = read_good(mixed, ways[k]);
        const size_t size = (size_t)fgf_shape_size(a.outcome.shape) * sizeof(float);
        assert_memory_equal(&a.outcome.shape, &b.outcome.shape, sizeof(fgf_shape));
        assert_memory_equal(a.image, b.image, size);
        assert_string_equal(a.outcome.source, "a.nrrd;a.nhdr");
        memcpy(first_hash, a.outcome.source_hash, sizeof first_hash);
        clear_result(&a);
        clear_result(&b);
    }
    /* The voxels of a detached header count as the case's. */
    mask[0] = 1;
    write_file("a.raw", mask, sizeof mask);
    result changed = read_good(nrrd, "slice: largest");
    assert_string_not_equal(changed.outcome.source_hash, first_hash);
    clear_result(&changed);
}

/* Ends of a volume that is damaged beyond what is needed are seen all the same. */
static void damage_is_seen(void **state)
{
    (void)state;
    int16_t values[COUNT];
    for (int p = 0; p < COUNT; p++)
        values[p] = value_at(0, p / PLANE, p / X % Y, p % X);
    nifti_sample s = make_nifti(X, Y, Z, 4);
    write_nifti("a.nii.gz", &s, values, sizeof values);
    uint8_t mask[COUNT];
    make_mask(mask, 0, 1, 0);
    s.datatype = 2;
    write_nifti("a_m.nii", &s, mask, COUNT);
    const char *const lines = "source: {kind: nifti, mask: '{id}_m.nii'}";
    char *bytes = malloc(1 << 16);
    FILE *file = fopen(in_folder("a.nii.gz"), "rb");
    const size_t count = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    static const char *const takes[] = {"take: slice", "take: stack",
                                        "take: volume, size: [1, 2, 2]"};
    for (int k = 0; k < 3; k++) {
        write_file("a.nii.gz", bytes, count);
        result good = read_good(lines, takes[k]);
        clear_result(&good);
        write_file("a.nii.gz", bytes, count - 6);
        expect_bad(lines, takes[k], "a.nii.gz");
    }
    free(bytes);
    expect_bad("source: {kind: nifti, image: '{id}.nii', mask: '{id}_none.nii'}", "take: volume",
               "a_none.nii: cannot be opened");
}

static void png_as_a_volume(void **state)
{
    (void)state;
    unsigned char pixels[20], mask[20] = {0};
    for (int p = 0; p < 20; p++)
        pixels[p] = (unsigned char)(10 * p);
    mask[7] = mask[8] = 255;
    write_grey("a.png", 5, 4, pixels);
    write_grey("a_m.png", 5, 4, mask);
    result r = read_good("source: {kind: png, mask: '{id}_m.png'}", "pixel_spacing: [2, 3]");
    assert_true(r.outcome.slice == -1 && r.outcome.slices == 0 &&
                isnan(r.outcome.source_spacing[1]));
    assert_true(r.outcome.spacing[0] == 1 && r.outcome.spacing[1] == 2 &&
                r.outcome.spacing[2] == 3);
    for (int p = 0; p < 20; p++) {
        assert_int_equal(r.mask[p], mask[p] != 0);
        assert_true(r.image[p] == (mask[p] ? (float)(pixels[p] / 255.0) : 0));
    }
    clear_result(&r);
    write_grey("a_m.png", 4, 5, mask);
    expect_bad("source: {kind: png, mask: '{id}_m.png'}", "",
               "5 and 4 voxels along y; export it on the image's grid");
}

/* Every allocation fails once: an error and nothing kept (a sanitizer sees leaks). */
static void out_of_memory(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "take: stack, smooth_sigma: 1, spacing: [1, 1], transpose: true",
        "take: volume, smooth_sigma: 1, spacing: [1, 1, 1], interpolation: cubic",
        "take: volume, resample_mask: nearest"};
    write_volume("a.nii", 0);
    write_volume("a_pt.nii", 1);
    write_mask("a_m.nii", 1, 3, 2);
    for (int way = 0; way < 3; way++) {
        char text[1000];
        fgf_manifest manifest;
        const fgf_import_options options = {0};
        const fgf_candidate candidate = {.source_id = "a"};
        snprintf(text, sizeof text, "%s\ntable: {file: t.csv}\npreprocess: {%s}\n",
                 way == 2 ? "source: {kind: nifti, image: '{id}.nii', mask: '{id}_off.nii'}"
                          : two_channels,
                 ways[way]);
        if (way == 2) {
            uint8_t mask[COUNT];
            make_mask(mask, 1, 3, 2);
            nifti_sample s = make_nifti(X, Y, Z - 1, 2);
            s.pixdim[1] = 0.5f;
            s.pixdim[2] = 0.75f;
            s.pixdim[3] = 2;
            write_nifti("a_off.nii", &s, mask, COUNT);
        }
        assert_int_equal(fgf_manifest_load(write_text("m.yaml", text), &options, &manifest),
                         FGF_OK);
        fgf_status status = FGF_MEMORY;
        long n = 0;
        while (status == FGF_MEMORY && n < 1000) {
            result r = {0};
            fgf_allocation_fail_at(++n);
            status = fgf_case_read(&manifest, &candidate, &r.outcome, &r.image, &r.mask);
            fgf_allocation_fail_at(0);
            assert_int_equal(r.image != NULL, status == FGF_OK);
            clear_result(&r);
        }
        assert_int_equal(status, FGF_OK);
        assert_true(n > 15);
        fgf_manifest_clear(&manifest);
    }
}

/* ---- the damaged files of the shared data ---- */

/* The id is part of every pattern, so the case's files are links. */
static void link_to(const char *name, const char *shared, const char *target)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", shared, target);
    unlink(in_folder(name));
    assert_int_equal(symlink(path, in_folder(name)), 0);
}

static void try_malformed(const char *shared, const char *name, bool acceptable)
{
    const bool is_mask = strncmp(name, "mask_", 5) == 0;
    static const char *const takes[] = {"slice: largest", "take: stack", "take: volume"};
    link_to("a.nii", shared, is_mask ? "ok_reference.nii" : name);
    link_to("a_m.nii", shared, is_mask ? name : "mask_ok.nii");
    for (int k = 0; k < 3; k++) {
        result r = read_case(nifti, takes[k]);
        const bool good = r.outcome.state == FGF_CASE_GOOD;
        const char *reason = strstr(r.outcome.reason, ".nii: ");
        if (k == 0)
            printf("%-32s %-10s %s\n", name, acceptable ? "accept" : "reject",
                   good ? "accepted" : reason + strlen(".nii: "));
        if (good != acceptable)
            fail_msg("%s, %s: %s", name, takes[k], r.outcome.reason);
        clear_result(&r);
    }
}

static void malformed(void **state)
{
    (void)state;
    const char *found = shared_data("nifti_malformed/MANIFEST.csv");
    if (!found)
        skip();
    char *shared = realpath(found, NULL), line[512];
    assert_non_null(shared);
    FILE *file = fopen(shared, "r");
    assert_non_null(file);
    *strrchr(shared, '/') = '\0';
    assert_non_null(fgets(line, sizeof line, file));
    printf("%-32s %-10s %s\n", "file", "expected", "fgf");
    while (fgets(line, sizeof line, file)) {
        const bool acceptable = strstr(line, ",\"accept") != NULL;
        line[strcspn(line, ",")] = '\0';
        try_malformed(shared, line, acceptable);
    }
    fclose(file);
    free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stack_is_slices),   cmocka_unit_test(volume_is_voxels),
        cmocka_unit_test(rules_of_slices),   cmocka_unit_test(lone_voxels),
        cmocka_unit_test(derived_volume),    cmocka_unit_test(derived_stack),
        cmocka_unit_test(grids_that_differ), cmocka_unit_test(nrrd_is_nifti),
        cmocka_unit_test(damage_is_seen),    cmocka_unit_test(png_as_a_volume),
        cmocka_unit_test(out_of_memory),     cmocka_unit_test(malformed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
