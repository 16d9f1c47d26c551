#include "unit/data/files.h"

#include "candidates.h"
#include "fgf/dataset.h"
#include "fgf/import.h"
#include "fgf/log.h"
#include "fgf/memory.h"

static fgf_status run(const char *manifest, const char *output, bool exclude,
                      fgf_import_summary *summary)
{
    const fgf_import_options options = {.exclude_bad_cases = exclude};
    return fgf_import(manifest, in_folder(output), &options, NULL, summary);
}

static bool exists(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

/* stderr of a call, where faults are listed. */
static int kept_stderr;
static void catch_stderr(void)
{
    fflush(stderr);
    kept_stderr = dup(2);
    assert_non_null(freopen(in_folder("stderr"), "w+", stderr));
}
static char *caught_stderr(void)
{
    static char text[8192];
    fflush(stderr);
    rewind(stderr);
    size_t count = fread(text, 1, sizeof text - 1, stderr);
    text[count] = '\0';
    dup2(kept_stderr, 2);
    close(kept_stderr);
    return text;
}

static void assert_caught(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void write_slice(const char *name, int width, unsigned char value)
{
    unsigned char pixels[64] = {0};
    for (int y = 2; y < 6; y++)
        for (int x = 2; x < 6; x++)
            pixels[y * width + x] = value;
    pixels[3 * width + 3] = 0; /* a hole */
    write_grey(name, width, 8, pixels);
}

static void label_rule(void **state)
{
    (void)state;
    const double no = (double)NAN;
    const struct {
        double event, time, follow_up;
        int unknown, label;
    } rows[] = {
        {0, no, 730, 0, 0},  {0, no, 729, 0, -1}, {0, no, no, 0, -1},    {1, 730, 100, 0, 1},
        {1, 731, 800, 0, 0}, {1, 731, 100, 0, 0}, {1, no, 100, 0, 0},    {1, no, 100, 1, -1},
        {1, no, 100, 2, 1},  {1, no, 800, 2, -1}, {no, 100, 800, 0, -1}, {0, 100, 800, 0, 0},
    };
    fgf_table_settings settings = {.event = "dm", .horizon = 730};
    const char *reason;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        settings.unknown_time = rows[k].unknown;
        const int label =
            fgf_label(&settings, rows[k].event, rows[k].time, rows[k].follow_up, &reason);
        if (label != rows[k].label || (label < 0) != (reason != NULL))
            fail_msg("row %zu: label %d", k, label);
    }
    settings.horizon = 0;
    assert_int_equal(fgf_label(&settings, 1, no, no, &reason), 1);
    assert_int_equal(fgf_label(&settings, 0, no, no, &reason), 0);
    settings.event = "";
    assert_int_equal(fgf_label(&settings, no, no, no, &reason), -1);
    assert_null(reason);
}

static const char png_manifest[] = "name: small\n"
                                   "source: {kind: png, folder: slices}\n"
                                   "table:\n"
                                   "  file: t.csv\n"
                                   "  event: dm\n"
                                   "  time: t\n"
                                   "  follow_up: f\n"
                                   "  patient: p\n"
                                   "  centre_pattern: \"^([A-Z])-\"\n";
static const char png_table[] = "id;p;dm;t;f\nB-2;y;0;;1000\nA-1;x;1;100,5;500\nA-3;x;0;;12\n"
                                "B-4;z;0;;731\n";

static void make_slices(void)
{
    char command[160];
    snprintf(command, sizeof command, "mkdir -p %s/slices", folder);
    assert_int_equal(system(command), 0);
    write_text("t.csv", png_table);
    write_text("m.yaml", png_manifest);
    write_slice("slices/A-1.png", 8, 51);
    write_slice("slices/B-2.png", 8, 102);
    write_slice("slices/A-3.png", 8, 153);
    write_slice("slices/B-4.png", 8, 255);
}

static void png_cohort(void **state)
{
    (void)state;
    fgf_import_summary summary;
    fgf_dataset *dataset = NULL;
    fgf_real x[64];
    uint8_t mask[64];
    const char *id, *reason;
    make_slices();
    assert_int_equal(run(in_folder("m.yaml"), "c.h5", false, &summary), FGF_OK);
    assert_true(summary.cases == 3 && summary.events == 1 && summary.patients == 3 &&
                summary.excluded == 1 && summary.bad == 0);
    assert_int_equal(fgf_dataset_open(in_folder("c.h5"), &dataset), FGF_OK);
    assert_int_equal(fgf_dataset_verify(dataset), FGF_OK);
    assert_string_equal(fgf_dataset_hash(dataset), summary.hash);
    const fgf_case *first = fgf_dataset_case(dataset, 0);
    assert_string_equal(first->id, "A-1"); /* in the order of ids */
    assert_string_equal(first->patient, "x");
    assert_string_equal(first->centre, "A");
    assert_string_equal(first->mask_source, "derived");
    assert_string_equal(first->source, "A-1.png");
    assert_true(first->label == 1 && first->time == 100.5 && first->slice == -1);
    assert_int_equal(first->mask_pixels, 16); /* the hole is filled */
    assert_int_equal(fgf_dataset_read(dataset, 0, x, mask), FGF_OK);
    assert_true(x[2 * 8 + 2] == (fgf_real)(float)(51.0 / 255) && x[3 * 8 + 3] == 0 && x[0] == 0);
    assert_true(mask[3 * 8 + 3] == 1 && mask[0] == 0);
    const fgf_channel *channel = &fgf_dataset_cohort(dataset)->channel[0];
    assert_true(channel->units.slope == 350 && channel->units.intercept == -50);
    fgf_dataset_excluded(dataset, 0, &id, &reason);
    assert_string_equal(id, "A-3");
    assert_non_null(strstr(reason, "less than the horizon"));
    fgf_dataset_close(&dataset);
}

/* A case that the label rule leaves out is kept without a label. */
static void kept_unlabelled(void **state)
{
    (void)state;
    const char *overrides[] = {"table.outside_rule=unlabelled"};
    const fgf_import_options options = {.overrides = overrides, .override_count = 1};
    fgf_import_summary summary;
    fgf_dataset *dataset = NULL;
    make_slices();
    assert_int_equal(fgf_import(in_folder("m.yaml"), in_folder("u.h5"), &options, NULL, &summary),
                     FGF_OK);
    assert_true(summary.cases == 4 && summary.events == 1 && summary.excluded == 0);
    assert_int_equal(fgf_dataset_open(in_folder("u.h5"), &dataset), FGF_OK);
    assert_string_equal(fgf_dataset_case(dataset, 1)->id, "A-3");
    assert_true(fgf_dataset_case(dataset, 1)->label == -1);
    assert_true(fgf_dataset_case(dataset, 2)->label == 0);
    fgf_dataset_close(&dataset);
}

/* The horizon that labels were made with, by what the dataset keeps. */
static void horizon_kept(void **state)
{
    (void)state;
    static const char *const overrides[] = {"table.horizon=9", "name=x"};
    fgf_import_options options = {.overrides = overrides};
    for (size_t k = 0; k <= 3; k++) { /* as given, and with pseudonyms */
        fgf_dataset *dataset = NULL;
        double horizon = 0;
        make_slices();
        options.override_count = k & 2;
        options.pseudonym_key = k & 1 ? in_folder("key") : NULL;
        assert_int_equal(fgf_import(in_folder("m.yaml"), in_folder("h.h5"), &options, NULL, NULL),
                         FGF_OK);
        assert_int_equal(fgf_dataset_open(in_folder("h.h5"), &dataset), FGF_OK);
        assert_int_equal(fgf_import_horizon(dataset, &horizon), FGF_OK);
        assert_true(horizon == (k & 2 ? 9 : 730));
        fgf_dataset_close(&dataset);
    }
}

static void bad_cases(void **state)
{
    (void)state;
    fgf_import_summary summary;
    fgf_dataset *dataset = NULL;
    make_slices();
    write_slice("slices/B-2.png", 7, 9); /* another width */
    unlink(in_folder("slices/B-4.png"));
    unlink(in_folder("c.h5"));
    catch_stderr();
    fgf_status status = run(in_folder("m.yaml"), "c.h5", false, &summary);
    const char *text = caught_stderr();
    assert_int_equal(status, FGF_DATA);
    assert_caught(text, "case B-2: B-2.png: 8 x 7 pixels");
    assert_caught(text, "case B-4: ");
    assert_caught(text, "slices/B-4.png: cannot be opened");
    assert_false(exists("c.h5") || exists("c.h5.part"));
    catch_stderr();
    status = run(in_folder("m.yaml"), "c.h5", true, &summary);
    text = caught_stderr();
    assert_int_equal(status, FGF_OK);
    assert_caught(text, "warning: case B-2 excluded");
    assert_true(summary.cases == 1 && summary.bad == 2 && summary.excluded == 1);
    assert_int_equal(fgf_dataset_open(in_folder("c.h5"), &dataset), FGF_OK);
    assert_int_equal(fgf_dataset_excluded_count(dataset), 3);
    fgf_dataset_close(&dataset);
    write_text("slices/A-1.png", "no image");
    write_text("slices/B-2.png", "no image");
    catch_stderr();
    status = run(in_folder("m.yaml"), "none.h5", true, &summary);
    (void)caught_stderr();
    assert_int_equal(status, FGF_DATA);
    assert_message("no case is left");
    assert_false(exists("none.h5"));
}

static void bad_tables(void **state)
{
    (void)state;
    const struct {
        const char *table, *part;
    } tables[] = {
        {"id;p;dm;t;f\nA-1;x;2;;900\n", "t.csv:2:7: event \"2\" of case A-1, expected 0 or 1"},
        {"id;p;dm;t;f\nA-1;x;0;;900\nB-2;x;0;;9\nA-1;x;0;;900\n",
         "t.csv:4:1: case \"A-1\" is in line 2 already"},
        {"id;p;dmm;t;f\nA-1;x;0;;900\n", "no column \"dm\"; did you mean \"dmm\"?"},
        {"id;p;dm;t;f\n../A;x;0;;900\n", "t.csv:2:1: an id must not begin with a dot"},
        {"id;p;dm;t;f\nA-1/../../x;x;0;;900\n", "t.csv:2:1: an id must not hold a slash"},
        {"id;p;dm;t;f\n;x;0;;900\n", "t.csv:2:1: the id is empty"},
        {"id;p;dm;t;f\nA-1;x;0;;soon\n", "t.csv:2:10: \"soon\" is not a number"},
        {"id;p;dm;t;f\nx1;x;0;;900\n", "t.csv:2:1: table.centre_pattern finds no hospital"},
    };
    fgf_import_summary summary;
    make_slices();
    unlink(in_folder("c.h5"));
    for (size_t k = 0; k < sizeof tables / sizeof tables[0]; k++) {
        write_text("t.csv", tables[k].table);
        catch_stderr();
        fgf_status status = run(in_folder("m.yaml"), "c.h5", true, &summary);
        const char *text = caught_stderr();
        assert_int_equal(status, FGF_DATA);
        assert_caught(text, tables[k].part);
        assert_false(exists("c.h5"));
    }
    write_text("t.csv", "id;p;dm;t;f\nA-1;x;0;;5\n");
    assert_int_equal(run(in_folder("m.yaml"), "c.h5", true, &summary), FGF_DATA);
    assert_message("none of 1 rows is in");
}

static void bad_manifests(void **state)
{
    (void)state;
    const struct {
        const char *extra, *part;
    } manifests[] = {
        {"preprocess: {window: [300, -50]}\n", "window: expected two numbers, the lower first"},
        {"preprocess: {spacing: [1]}\n", "preprocess.spacing: expected two spacings"},
        {"preprocess: {size: [-1, 2]}\n", "preprocess.size: expected two sizes"},
        {"preprocess: {windw: [0, 1]}\n", "windw"},
        {"preprocess: {interpolation: best}\n", "interpolation"},
    };
    fgf_import_summary summary;
    char text[1024];
    make_slices();
    for (size_t k = 0; k < sizeof manifests / sizeof manifests[0]; k++) {
        snprintf(text, sizeof text, "%s%s", png_manifest, manifests[k].extra);
        write_text("bad.yaml", text);
        catch_stderr();
        fgf_status status = run(in_folder("bad.yaml"), "c.h5", false, &summary);
        const char *printed = caught_stderr();
        assert_int_equal(status, FGF_USAGE);
        assert_caught(printed, "bad.yaml:10");
        assert_caught(printed, manifests[k].part);
    }
    const char *overrides[] = {"source.image=same.png", "table.centre_pattern=^[A-Z]"};
    const fgf_import_options options = {.overrides = overrides, .override_count = 2};
    catch_stderr();
    fgf_status status = fgf_import(in_folder("m.yaml"), in_folder("c.h5"), &options, NULL, NULL);
    const char *printed = caught_stderr();
    assert_int_equal(status, FGF_USAGE);
    assert_caught(printed, "names the same file for every case");
}

/* Two channels and a mask; the largest slice of the mask; transposed; spacing from the header. */
static void nifti_channels(void **state)
{
    (void)state;
    static const char manifest[] =
        "source: {kind: nifti, mask: \"{id}_m.nii\"}\n"
        "channels:\n"
        "  - image: {name: ct, pattern: \"{id}.nii\"}\n"
        "  - image: {name: pet, pattern: \"{id}_p.nii.gz\", window: [0, 200], unit: SUV}\n"
        "table: {file: t.csv}\n"
        "preprocess: {window: [0, 100], transpose: true}\n";
    enum { X = 4, Y = 3, Z = 3 };
    int16_t ct[X * Y * Z], pet[X * Y * Z];
    uint8_t mask[X * Y * Z] = {0};
    for (int k = 0; k < X * Y * Z; k++) {
        ct[k] = (int16_t)k;
        pet[k] = (int16_t)(2 * k);
        mask[k] = (k == 3 || (k >= 14 && k < 17)) ? 255 : 0;
    }
    nifti_sample s = make_nifti(X, Y, Z, 4);
    s.pixdim[1] = 0.5f;
    s.pixdim[2] = 2;
    write_nifti("a.nii", &s, ct, sizeof ct);
    write_nifti("a_p.nii.gz", &s, pet, sizeof pet);
    s.datatype = 2;
    write_nifti("a_m.nii", &s, mask, sizeof mask);
    write_text("t.csv", "id\na\n");
    write_text("n.yaml", manifest);
    fgf_import_summary summary;
    fgf_dataset *dataset = NULL;
    fgf_real x[2 * X * Y];
    uint8_t omega[X * Y];
    assert_int_equal(run(in_folder("n.yaml"), "n.h5", false, &summary), FGF_OK);
    assert_true(summary.shape.channels == 2 && summary.shape.height == X &&
                summary.shape.width == Y);
    assert_true(summary.spacing[1] == 0.5 && summary.spacing[2] == 2);
    assert_int_equal(fgf_dataset_open(in_folder("n.h5"), &dataset), FGF_OK);
    const fgf_case *one = fgf_dataset_case(dataset, 0);
    assert_true(one->slice == 1 && one->label == -1 && one->mask_pixels == 3);
    assert_string_equal(one->source, "a.nii;a_p.nii.gz;a_m.nii");
    assert_string_equal(fgf_dataset_cohort(dataset)->channel[1].name, "pet");
    assert_string_equal(fgf_dataset_cohort(dataset)->channel[1].unit, "SUV");
    assert_string_equal(fgf_dataset_cohort(dataset)->channel[0].unit, "HU");
    assert_int_equal(fgf_dataset_read(dataset, 0, x, omega), FGF_OK);
    for (int vx = 0; vx < X; vx++)
        for (int vy = 0; vy < Y; vy++) {
            const int voxel = X * Y + vy * X + vx, at = vx * Y + vy;
            const bool inside = voxel >= 14 && voxel < 17;
            assert_int_equal(omega[at], inside);
            assert_true(x[2 * at] == (inside ? (fgf_real)(float)(voxel / 100.0) : 0));
            assert_true(x[2 * at + 1] == (inside ? (fgf_real)(float)(2 * voxel / 200.0) : 0));
        }
    fgf_dataset_close(&dataset);
    s.dim[3] = 2; /* a mask of another grid */
    write_nifti("a_m.nii", &s, mask, sizeof mask);
    catch_stderr();
    fgf_status status = run(in_folder("n.yaml"), "n.h5", false, &summary);
    const char *text = caught_stderr();
    assert_int_equal(status, FGF_DATA);
    assert_caught(text, "not on the grid of the image");
}

static void failed_allocations(void **state)
{
    (void)state;
    fgf_import_summary summary;
    fgf_status status = FGF_MEMORY;
    make_slices();
    for (long n = 1; status != FGF_OK; n++) {
        unlink(in_folder("c.h5"));
        catch_stderr();
        fgf_allocation_fail_at(n);
        status = run(in_folder("m.yaml"), "c.h5", false, &summary);
        fgf_allocation_fail_at(0);
        (void)caught_stderr();
        if (status != FGF_OK && status != FGF_MEMORY)
            fail_msg("allocation %ld: %s", n, fgf_last_error()->message);
        assert_false(exists("c.h5.part"));
        assert_true(n < 20000);
    }
}

/* Tables of several hospitals: columns in another order, an id in two of them, a column missing. */
static void several_tables(void **state)
{
    (void)state;
    const char *const overrides[] = {"table.follow_up=followed"};
    fgf_import_options options = {0};
    fgf_manifest manifest;
    fgf_candidates all;
    write_text("one.csv", "id,dm,days,followed\nb,1,100,200\nd,0,,900\n");
    write_text("two.csv", "followed;days;id;dm\n1000,5;;a;0\n400;300;c;1\n");
    write_text("m.yaml", "source: {kind: png}\n"
                         "table: {file: [one.csv, two.csv], event: dm, time: days,\n"
                         "  follow_up: followed}\n");
    assert_int_equal(fgf_manifest_load(in_folder("m.yaml"), &options, &manifest), FGF_OK);
    assert_int_equal(fgf_candidates_read(&manifest, &all), FGF_OK);
    assert_int_equal(all.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const char id[2] = {(char)('a' + i), '\0'};
        assert_string_equal(all.list[i].known.id, id);
        assert_string_equal(all.list[i].source_id, id);
        assert_int_equal(all.list[i].known.label, i == 1 || i == 2);
    }
    assert_true(all.list[0].known.follow_up == 1000.5);
    fgf_candidates_clear(&all);

    write_text("two.csv", "followed;days;id;dm\n1000,5;;a;0\n400;300;b;1\n");
    assert_int_equal(fgf_candidates_read(&manifest, &all), FGF_DATA);
    assert_message("1 fault");
    fgf_candidates_clear(&all);
    write_text("two.csv", "followed;days;id\n1000,5;;a\n");
    assert_int_equal(fgf_candidates_read(&manifest, &all), FGF_DATA);
    fgf_candidates_clear(&all);
    fgf_manifest_clear(&manifest);

    /* Files of the command line are not relative to the manifest. */
    options.overrides = overrides;
    options.override_count = 1;
    assert_int_equal(fgf_manifest_load(in_folder("m.yaml"), &options, &manifest), FGF_OK);
    assert_string_equal(manifest.table_file[1], in_folder("two.csv"));
    fgf_manifest_clear(&manifest);
    const char *const files[] = {"table.file=[x.csv, /y.csv]"};
    options.overrides = files;
    assert_int_equal(fgf_manifest_load(in_folder("m.yaml"), &options, &manifest), FGF_OK);
    assert_string_equal(manifest.table_file[0], "x.csv");
    assert_string_equal(manifest.table_file[1], "/y.csv");
    fgf_manifest_clear(&manifest);
}

static void regions_of_cases(void **state)
{
    (void)state;
    const fgf_import_options options = {0};
    fgf_manifest manifest;
    fgf_candidates all;
    write_text("t.csv", "id\na\nb\nc\n");
    write_text("r1.csv", "Patient;Primary;Nodes\nb;GTV;\nother;x;y\n");
    write_text("r2.csv", "Nodes,Patient,Primary\nGG,a,\"GTVp G, GTVp D\"\n");
    write_text("m.yaml", "source: {kind: dicom, regions: [/^gtv/, tumour],\n"
                         "  regions_table: [r1.csv, r2.csv], regions_id: Patient,\n"
                         "  regions_columns: [Primary, Nodes]}\n"
                         "table: {file: t.csv}\n");
    assert_int_equal(fgf_manifest_load(in_folder("m.yaml"), &options, &manifest), FGF_OK);
    assert_int_equal(fgf_candidates_read(&manifest, &all), FGF_OK);
    const fgf_structure_choice *a = &all.list[0].regions, *b = &all.list[1].regions,
                               *c = &all.list[2].regions;
    assert_true(a->count == 3 && b->count == 3 && c->count == 2);
    assert_string_equal(a->pattern[0], "GTVp G + GTVp D + GG");
    assert_string_equal(b->pattern[0], "GTV");
    assert_string_equal(b->pattern[1], "/^gtv/");
    assert_string_equal(c->pattern[1], "tumour");
    fgf_candidates_clear(&all);
    write_text("r2.csv", "Nodes,Patient,Primary\n,b,GTV1\n");
    assert_int_equal(fgf_candidates_read(&manifest, &all), FGF_DATA);
    fgf_candidates_clear(&all);
    write_text("r2.csv", "Nodes,Patient\n,a\n");
    assert_int_equal(fgf_candidates_read(&manifest, &all), FGF_DATA);
    fgf_candidates_clear(&all);
    fgf_manifest_clear(&manifest);

    static const char *const wrong[] = {
        "source: {kind: dicom}\ntable: {file: t.csv}\n",
        "source: {kind: png, regions: GTV}\ntable: {file: t.csv}\n",
        "source: {kind: dicom, regions: '/gtv(/'}\ntable: {file: t.csv}\n",
        "source: {kind: dicom, regions: GTV, regions_table: r1.csv}\ntable: {file: t.csv}\n",
        "source: {kind: png}\ntable: {file: []}\n"};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        write_text("w.yaml", wrong[k]);
        assert_int_equal(fgf_manifest_load(in_folder("w.yaml"), &options, &manifest), FGF_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_tables),     cmocka_unit_test(regions_of_cases),
        cmocka_unit_test(label_rule),         cmocka_unit_test(png_cohort),
        cmocka_unit_test(kept_unlabelled),    cmocka_unit_test(bad_cases),
        cmocka_unit_test(horizon_kept),       cmocka_unit_test(bad_tables),
        cmocka_unit_test(bad_manifests),      cmocka_unit_test(nifti_channels),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
