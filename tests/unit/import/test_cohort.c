/* The real cohort, the published slices and the damaged files of the shared data. */
#include "unit/data/files.h"

#include "fgf/dataset.h"
#include "fgf/file_bytes.h"
#include "fgf/image.h"
#include "fgf/import.h"
#include "fgf/memory.h"
#include "table.h"

#include <dirent.h>

static char data[400]; /* the shared folder */

static const char *const cohort_manifest =
    "source: {kind: png, folder: F}\n"
    "table: {file: F, event: Distant, time: Time - diagnosis to DM (days),\n"
    "  follow_up: Time - diagnosis to last follow-up(days), centre_pattern: \"^HN-([A-Z]+)-\"}\n";

static const char *const volume_manifest =
    "source: {kind: nifti, folder: F, mask: \"{id}_mask.nii.gz\", missing: exclude}\n"
    "table: {file: F, event: Distant, time: Time - diagnosis to DM (days),\n"
    "  follow_up: Time - diagnosis to last follow-up(days)}\n"
    "preprocess: {slice: largest_in_window, transpose: true, smooth_sigma: 0.5,\n"
    "  smooth_truncate: 3, spacing: [1, 1], interpolation: cubic, grid: corners,\n"
    "  mask_threshold: 0.1, size: [180, 180], above: zero, quantise: 8bit}\n";

static fgf_status import_from(const char *manifest, const char *images, const char *table,
                              const char *const *more, size_t more_count,
                              fgf_import_summary *summary)
{
    char image_folder[512], table_file[512];
    const char *overrides[8] = {image_folder, table_file};
    snprintf(image_folder, sizeof image_folder, "source.folder=%s/%s", data, images);
    snprintf(table_file, sizeof table_file, "table.file=%s/%s", data, table);
    for (size_t k = 0; k < more_count; k++)
        overrides[2 + k] = more[k];
    const fgf_import_options options = {.overrides = overrides, .override_count = 2 + more_count};
    write_text("m.yaml", manifest);
    return fgf_import(in_folder("m.yaml"), in_folder("c.h5"), &options, NULL, summary);
}

static void count_centres(const char *first, const char *second, size_t *cases, size_t *events)
{
    fgf_dataset *dataset = NULL;
    *cases = *events = 0;
    assert_int_equal(fgf_dataset_open(in_folder("c.h5"), &dataset), FGF_OK);
    for (size_t i = 0; i < fgf_dataset_case_count(dataset); i++) {
        const fgf_case *one = fgf_dataset_case(dataset, i);
        if (strcmp(one->centre, first) != 0 && strcmp(one->centre, second) != 0)
            continue;
        ++*cases;
        *events += one->label == 1;
    }
    fgf_dataset_close(&dataset);
}

static void cohort_counts(void **state)
{
    (void)state;
    static const char *const names[] = {"table.id=name", "table.event=dm", "table.time=t_dm",
                                        "table.follow_up=d_days"};
    fgf_import_summary summary[2];
    assert_int_equal(import_from(cohort_manifest, "hn_ct_png/canada", "hn_ct_png/clin-cal.csv",
                                 names, 4, &summary[1]),
                     FGF_OK);
    assert_int_equal(import_from(cohort_manifest, "hn_ct_png/canada", "hn_ct_png/canada.csv", NULL,
                                 0, &summary[0]),
                     FGF_OK);
    assert_string_equal(summary[0].hash, summary[1].hash);
    size_t cases, events;
    count_centres("HGJ", "CHUS", &cases, &events);
    assert_true(cases == 183 && events == 17);
    count_centres("HMR", "CHUM", &cases, &events);
    assert_true(cases == 95 && events == 10);
    assert_true(summary[0].cases == 278 && summary[0].excluded == 20 && summary[0].bad == 0);
}

static void published_slices(void **state)
{
    (void)state;
    fgf_import_summary summary;
    fgf_dataset *dataset = NULL;
    enum { PIXELS = 180 * 180 };
    static fgf_real x[PIXELS];
    assert_int_equal(
        import_from(volume_manifest, "hn_ct_nifti", "hn_ct_png/canada.csv", NULL, 0, &summary),
        FGF_OK);
    assert_int_equal(summary.cases, 3);
    assert_int_equal(fgf_dataset_open(in_folder("c.h5"), &dataset), FGF_OK);
    for (size_t i = 0; i < 3; i++) {
        char path[600], *bytes;
        size_t count, different = 0;
        fgf_grey_image expected;
        const char *id = fgf_dataset_case(dataset, i)->id;
        snprintf(path, sizeof path, "%s/hn_ct_nifti/%s_expected.png", data, id);
        assert_int_equal(fgf_read_file(path, 1 << 20, &bytes, &count), FGF_OK);
        assert_int_equal(fgf_png_decode(path, bytes, count, &expected), FGF_OK);
        assert_int_equal(fgf_dataset_read(dataset, i, x, NULL), FGF_OK);
        for (size_t p = 0; p < PIXELS; p++)
            different += x[p] != (fgf_real)(float)(expected.value[p] / 255);
        if (different)
            fail_msg("%s: %zu pixels differ", id, different);
        fgf_grey_image_clear(&expected);
        fgf_free(bytes);
    }
    fgf_dataset_close(&dataset);
}

static fgf_status read_volume(const char *path, double *sum, double *greatest)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    double *slice = NULL;
    *sum = *greatest = 0;
    FGF_TRY(fgf_nifti_open(path, &volume));
    const fgf_grid *grid = fgf_volume_grid(volume);
    const size_t voxels = (size_t)grid->extent[0] * (size_t)grid->extent[1];
    FGF_TRY(FGF_ALLOCATE(voxels, &slice));
    for (int z = 0; z < grid->extent[2]; z++) {
        FGF_TRY(fgf_volume_next(volume, slice));
        for (size_t p = 0; p < voxels; p++) {
            *sum += slice[p] * (double)(1 + p + voxels * (size_t)z);
            *greatest = slice[p] > *greatest ? slice[p] : *greatest;
        }
    }
done:
    fgf_volume_close(&volume);
    fgf_free(slice);
    return status;
}

static void damaged_volumes(void **state)
{
    (void)state;
    char path[600];
    fgf_table *manifest = NULL;
    double sum, reference, greatest;
    snprintf(path, sizeof path, "%s/nifti_malformed/ok_reference.nii", data);
    assert_int_equal(read_volume(path, &reference, &greatest), FGF_OK);
    snprintf(path, sizeof path, "%s/nifti_malformed/MANIFEST.csv", data);
    assert_int_equal(fgf_table_read(path, 0, &manifest), FGF_OK);
    for (size_t row = 0; row < manifest->row_count; row++) {
        const char *name = fgf_table_cell(manifest, row, 0)->text;
        const char *expected = fgf_table_cell(manifest, row, 2)->text;
        snprintf(path, sizeof path, "%s/nifti_malformed/%s", data, name);
        const fgf_status status = read_volume(path, &sum, &greatest);
        /* An empty mask is a whole file; what uses it as a mask refuses it, see below. */
        const bool readable = strncmp(expected, "accept", 6) == 0 || strstr(name, "all_zero");
        if ((status == FGF_OK) != readable || (status != FGF_OK && status != FGF_DATA))
            fail_msg("%s: %s", name, fgf_last_error()->message);
        if (strstr(expected, "same v"))
            assert_true(sum == reference);
    }
    fgf_table_destroy(&manifest);
}

static void empty_mask(void **state)
{
    (void)state;
    fgf_import_summary summary;
    char text[800];
    snprintf(text, sizeof text,
             "source: {kind: nifti, folder: %s/nifti_malformed, image: \"{id}_ok.nii\", "
             "mask: \"{id}_all_zero.nii\"}\ntable: {file: ids.csv}\n",
             data);
    write_text("ids.csv", "id\nmask\n");
    write_text("z.yaml", text);
    const fgf_import_options options = {.exclude_bad_cases = true};
    assert_int_equal(fgf_import(in_folder("z.yaml"), in_folder("z.h5"), &options, NULL, &summary),
                     FGF_DATA);
    assert_int_not_equal(access(in_folder("z.h5"), F_OK), 0);
}

static void damaged_slices_and_tables(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        fgf_status expected;
    } slices[] = {{"crc_bad.png", FGF_DATA},
                  {"truncated.png", FGF_DATA},
                  {"grey16_valid.png", FGF_OK},
                  {"size_179x180.png", FGF_OK}}; /* alone it is whole; among 180 x 180 a bad case */
    for (size_t k = 0; k < 4; k++) {
        char path[600], *bytes;
        size_t count;
        fgf_grey_image image;
        snprintf(path, sizeof path, "%s/png_csv_malformed/%s", data, slices[k].name);
        assert_int_equal(fgf_read_file(path, 1 << 20, &bytes, &count), FGF_OK);
        assert_int_equal(fgf_png_decode(path, bytes, count, &image), slices[k].expected);
        fgf_grey_image_clear(&image);
        fgf_free(bytes);
    }
    static const struct {
        const char *name;
        fgf_status expected;
    } tables[] = {{"crlf_bom.csv", FGF_OK},
                  {"dm_not_binary.csv", FGF_DATA},
                  {"duplicate_id.csv", FGF_DATA},
                  {"missing_column.csv", FGF_DATA}};
    for (size_t k = 0; k < 4; k++) {
        fgf_import_summary summary;
        char table[128];
        snprintf(table, sizeof table, "png_csv_malformed/%s", tables[k].name);
        if (import_from(cohort_manifest, "hn_ct_png/canada", table, NULL, 0, &summary) !=
            tables[k].expected)
            fail_msg("%s: %s", tables[k].name, fgf_last_error()->message);
    }
}

/* Every file of the folder is one of those above. */
static void all_damaged_files_known(void **state)
{
    (void)state;
    char path[600];
    snprintf(path, sizeof path, "%s/png_csv_malformed", data);
    DIR *files = opendir(path);
    assert_non_null(files);
    for (struct dirent *file; (file = readdir(files));)
        if (!strstr("crc_bad.png truncated.png grey16_valid.png size_179x180.png crlf_bom.csv "
                    "dm_not_binary.csv duplicate_id.csv missing_column.csv NOTICE SHA256SUMS . ..",
                    file->d_name))
            fail_msg("%s: what is to be made of it?", file->d_name);
    closedir(files);
}

static const char *cell_of(const fgf_table *table, size_t row, const char *column)
{
    size_t at = 0;
    assert_int_equal(fgf_table_column(table, column, &at), FGF_OK);
    return fgf_table_cell(table, row, at)->text;
}

/* The row of the published table with this id; its row_count where there is none. */
static size_t row_of(const fgf_table *table, const char *id)
{
    size_t row = 0;
    while (row < table->row_count && strcmp(cell_of(table, row, "id"), id) != 0)
        row++;
    return row;
}

static const char *const hospitals[4] = {"HGJ", "CHUS", "HMR", "CHUM"};

static size_t number_of(const char *hospital)
{
    size_t k = 0;
    while (k < 4 && strcmp(hospitals[k], hospital) != 0)
        k++;
    assert_true(k < 4);
    return k;
}

/* The 298 patients of the archive are those of the study of 300 but for one of HGJ and one of CHUS,
 * whose images were found to be wrong: rows of the study, counted hospital by hospital, are the
 * numbers of the archive. The event is the same for all; the study counts days from the end of
 * treatment, the archive from the diagnosis. */
static void archive_and_study(void **state)
{
    (void)state;
    char path[600], id[64], absent[256] = "", relapse[256] = "";
    size_t patients[4] = {0}, both[4] = {0}, events[4] = {0};
    fgf_table *study = NULL, *archive = NULL;
    snprintf(path, sizeof path, "%s/hn_outcomes_vallieres/hn_outcomes_300.csv", data);
    assert_int_equal(fgf_table_read(path, ',', &study), FGF_OK);
    snprintf(path, sizeof path, "%s/hn_ct_png/canada.csv", data);
    assert_int_equal(fgf_table_read(path, ';', &archive), FGF_OK);
    for (size_t row = 0; row < study->row_count; row++) {
        const char *hospital = cell_of(study, row, "institution");
        const size_t k = number_of(hospital);
        snprintf(id, sizeof id, "HN-%s-%03d", hospital, atoi(cell_of(study, row, "row")));
        patients[k]++;
        const size_t other = row_of(archive, id);
        if (other == archive->row_count) {
            snprintf(absent + strlen(absent), sizeof absent - strlen(absent), "%s ", id);
            continue;
        }
        both[k]++;
        events[k] += *cell_of(archive, other, "Distant") == '1';
        assert_string_equal(cell_of(study, row, "outcome_Distant"),
                            cell_of(archive, other, "Distant"));
        assert_string_equal(cell_of(study, row, "outcome_Death"), cell_of(archive, other, "Death"));
        assert_string_equal(cell_of(study, row, "clin_Age"), cell_of(archive, other, "age"));
        if (strcmp(cell_of(study, row, "outcome_Locoregional"),
                   cell_of(archive, other, "Locoregional")) != 0)
            snprintf(relapse + strlen(relapse), sizeof relapse - strlen(relapse), "%s ", id);
        const char *time = cell_of(archive, other, "Time - diagnosis to DM (days)");
        if (*time) {
            const double treatment = atof(time) - atof(cell_of(study, row, "days_Distant"));
            assert_true(treatment > 50 && treatment < 180);
        }
    }
    const size_t all[4] = {92, 102, 41, 65}, here[4] = {91, 101, 41, 65}, with[4] = {16, 10, 11, 3};
    assert_memory_equal(patients, all, sizeof all);
    assert_memory_equal(both, here, sizeof here);
    assert_memory_equal(events, with, sizeof with);
    assert_string_equal(absent, "HN-HGJ-068 HN-CHUS-079 ");
    assert_string_equal(relapse, "HN-CHUS-031 HN-CHUS-072 ");
    assert_int_equal(archive->row_count, 298);
    fgf_table_destroy(&study);
    fgf_table_destroy(&archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cohort_counts),
        cmocka_unit_test(published_slices),
        cmocka_unit_test(damaged_volumes),
        cmocka_unit_test(empty_mask),
        cmocka_unit_test(damaged_slices_and_tables),
        cmocka_unit_test(all_damaged_files_known),
        cmocka_unit_test(archive_and_study),
    };
    const char *found = shared_data("hn_ct_png/canada.csv");
    if (!found)
        return 77;
    snprintf(data, sizeof data, "%.*s", (int)(strlen(found) - strlen("/hn_ct_png/canada.csv")),
             found);
    char *absolute = realpath(data, NULL);
    if (!absolute)
        return 1;
    snprintf(data, sizeof data, "%s", absolute);
    free(absolute);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
