#include "build_model.h"
#include "fgf/memory.h"
#include "fgf/model_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char small_network[] = "conv channels=3 kernel=3; prelu; conv channels=4 kernel=2; "
                                    "leaky_relu; flatten; dense units=5; dense units=1";
static const fgf_shape small_input = {2, 1, 7, 6};

static char folder[] = "/tmp/fgf-model-XXXXXX";
static char path[256];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/model.h5", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static fgf_model *create(const char *text, fgf_shape input)
{
    fgf_model *model = NULL;
    if (test_model(text, input, &model) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    return model;
}

static fgf_real *allocate(const fgf_model *model)
{
    fgf_real *parameters = NULL;
    assert_int_equal(FGF_ALLOCATE(fgf_model_parameter_count(model), &parameters), FGF_OK);
    return parameters;
}

static void good(fgf_status status)
{
    if (status != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
}

static void refused(const fgf_model *model, const fgf_texts *names, const char *part)
{
    fgf_real *parameters = allocate(model);
    assert_int_equal(fgf_model_file_read(path, model, names, parameters), FGF_DATA);
    if (!strstr(fgf_last_error()->message, part))
        fail_msg("\"%s\" does not say \"%s\"", fgf_last_error()->message, part);
    fgf_free(parameters);
}

/* Writes datasets "name dims" whose element i is base + i, base growing by 1000 a dataset. */
static void write_datasets(const char *const *names, const hsize_t (*dims)[5], const int *ranks,
                           int count)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    for (int k = 0; k < count; k++) {
        hid_t space = H5Screate_simple(ranks[k], dims[k], NULL);
        hid_t dataset =
            H5Dcreate2(file, names[k], H5T_IEEE_F32LE, space, links, H5P_DEFAULT, H5P_DEFAULT);
        double values[4096];
        for (int i = 0; i < 4096; i++)
            values[i] = 1000 * k + i;
        assert_true(H5Sget_simple_extent_npoints(space) <= 4096);
        assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >=
                    0);
        H5Dclose(dataset);
        H5Sclose(space);
    }
    H5Pclose(links);
    assert_true(H5Fclose(file) >= 0);
}

/* The first value of array k, which tells the dataset that it was read from. */
static int source_of(const fgf_model *model, size_t k, const fgf_real *parameters)
{
    static double values[4096];
    fgf_model_export_array(model, k, parameters, values);
    return (int)values[0] / 1000;
}

static void test_write_and_read(void **state)
{
    (void)state;
    fgf_model *model = create(small_network, small_input);
    const size_t count = fgf_model_parameter_count(model);
    fgf_real *written = allocate(model), *found = allocate(model);
    for (size_t i = 0; i < count; i++)
        written[i] = (fgf_real)(sin((double)i) + 1e-3);
    good(fgf_model_file_write(path, model, written));
    good(fgf_model_file_read(path, model, NULL, found));
    assert_memory_equal(written, found, count * sizeof *found);
    /* over an existing file, and with nothing left behind */
    written[0] = 42;
    good(fgf_model_file_write(path, model, written));
    good(fgf_model_file_read(path, model, NULL, found));
    assert_true(found[0] == 42);
    char part[300];
    snprintf(part, sizeof part, "%s.part", path);
    assert_int_not_equal(access(part, F_OK), 0);

    const char *const names[] = {"conv_0.weight", "conv_0.bias",    "prelu_1.slope",
                                 "conv_2.weight", "conv_2.bias",    "dense_5.weight",
                                 "dense_5.bias",  "dense_6.weight", "dense_6.bias"};
    fgf_texts texts = {names, 9};
    memset(found, 0, count * sizeof *found);
    good(fgf_model_file_read(path, model, &texts, found));
    assert_memory_equal(written, found, count * sizeof *found);
    texts.count = 8;
    refused(model, &texts, "8 datasets named for a model of 9");
    const char *const wrong[] = {"conv_2.weight", "conv_0.bias",    "prelu_1.slope",
                                 "conv_2.weight", "conv_2.bias",    "dense_5.weight",
                                 "dense_5.bias",  "dense_6.weight", "dense_7.bias"};
    texts = (fgf_texts){wrong, 9};
    refused(model, &texts,
            "\"conv_2.weight\" has shape [4, 3, 2, 2], expected [3, 2, 3, 3] for conv_0.weight");
    const char *const absent[] = {"conv_0.weight", "conv_0.bias",    "prelu_1.slope",
                                  "conv_2.weight", "conv_2.bias",    "dense_5.weight",
                                  "dense_5.bias",  "dense_6.weight", "dense_7.bias"};
    texts = (fgf_texts){absent, 9};
    refused(model, &texts, "no dataset \"dense_7.bias\" for dense_6.bias");
    fgf_free(written);
    fgf_free(found);
    fgf_model_destroy(&model);
    assert_int_equal(unlink(path), 0);
}

static const char two_alike[] = "conv channels=2 kernel=3 padding=1; conv channels=2 kernel=3 "
                                "padding=1; flatten; dense units=1";
static const fgf_shape alike_input = {2, 1, 4, 4};

/* Two convolutions of one shape and a dense layer, under any three names. */
static void write_alike(const char *first, const char *second, const char *third)
{
    const char *const parts[] = {first, second, third};
    static char names[6][64];
    const char *list[6];
    const hsize_t dims[6][5] = {{2, 2, 3, 3}, {2}, {2, 2, 3, 3}, {2}, {1, 32}, {1}};
    const int ranks[6] = {4, 1, 4, 1, 2, 1};
    for (int i = 0; i < 6; i++) {
        snprintf(names[i], sizeof names[i], "%s%s", parts[i / 2], i % 2 ? "bias" : "weight");
        list[i] = names[i];
    }
    write_datasets(list, dims, ranks, 6);
}

static void test_numbered_names(void **state)
{
    (void)state;
    fgf_model *model = create(two_alike, alike_input);
    fgf_real *parameters = allocate(model);
    /* in the file 10 sorts before 9 by text, and "a" before both */
    write_alike("net/block10.", "net/block9.", "net/a.");
    good(fgf_model_file_read(path, model, NULL, parameters));
    const int expected[6] = {2, 3, 0, 1, 4, 5};
    for (size_t k = 0; k < 6; k++)
        assert_int_equal(source_of(model, k, parameters), expected[k]);
    write_alike("0/", "2/", "5/"); /* an nn.Sequential */
    good(fgf_model_file_read(path, model, NULL, parameters));
    for (size_t k = 0; k < 6; k++)
        assert_int_equal(source_of(model, k, parameters), (int)k);
    write_alike("stem/", "body/", "head/");
    refused(model, NULL, "name the datasets");
    fgf_free(parameters);
    fgf_model_destroy(&model);
    assert_int_equal(unlink(path), 0);
}

static void test_other_shapes(void **state)
{
    (void)state;
    fgf_model *model = create(small_network, small_input);
    write_alike("cv1/", "cv2/", "fc/");
    refused(model, NULL, "1 layer of the shape of conv_0");
    refused(model, NULL, "cv1/weight [2, 2, 3, 3]");
    fgf_model_destroy(&model);
    model = create("conv channels=2 kernel=3; flatten; dense units=1", (fgf_shape){2, 1, 6, 6});
    refused(model, NULL, "2 groups fit 1 layer");
    fgf_model_destroy(&model);
    assert_int_equal(unlink(path), 0);
}

static void test_a_kernel_depth_may_be_there(void **state)
{
    (void)state;
    const char *const names[] = {"a.weight", "a.bias", "b.weight", "b.bias"};
    const hsize_t dims[4][5] = {{2, 2, 1, 3, 3}, {2}, {1, 8}, {1}};
    const int ranks[4] = {5, 1, 2, 1};
    fgf_model *model =
        create("conv channels=2 kernel=3; flatten; dense units=1", (fgf_shape){2, 1, 4, 4});
    fgf_real *parameters = allocate(model);
    write_datasets(names, dims, ranks, 4);
    good(fgf_model_file_read(path, model, NULL, parameters));
    assert_int_equal(source_of(model, 2, parameters), 2);
    fgf_free(parameters);
    fgf_model_destroy(&model);
    assert_int_equal(unlink(path), 0);
}

static void test_bad_files(void **state)
{
    (void)state;
    fgf_model *model = create(small_network, small_input);
    fgf_real *parameters = allocate(model);
    refused(model, NULL, "No such file");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("not HDF5", file);
    fclose(file);
    refused(model, NULL, "not an HDF5 file");
    parameters[7] = NAN;
    good(fgf_model_file_write(path, model, parameters));
    refused(model, NULL, "weights must be finite");
    /* cut anywhere, it is refused or read, and never crashes */
    parameters[7] = 0;
    good(fgf_model_file_write(path, model, parameters));
    int descriptor = open(path, O_RDONLY);
    off_t bytes = lseek(descriptor, 0, SEEK_END);
    close(descriptor);
    for (off_t kept = bytes - 97; kept > 0; kept -= 97) {
        assert_int_equal(truncate(path, kept), 0);
        fgf_status status = fgf_model_file_read(path, model, NULL, parameters);
        assert_true(status == FGF_DATA || status == FGF_OK);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fgf_model_file_write("/tmp/no such folder/model.h5", model, parameters),
                     FGF_ENVIRONMENT);
    fgf_free(parameters);
    fgf_model_destroy(&model);
}

static void test_failed_allocation(void **state)
{
    (void)state;
    fgf_model *model = create(small_network, small_input);
    fgf_real *parameters = allocate(model);
    good(fgf_model_file_write(path, model, parameters));
    for (int reading = 0; reading <= 1; reading++) {
        fgf_status status = FGF_MEMORY;
        for (long n = 1; status != FGF_OK && n < 200; n++) {
            fgf_allocation_fail_at(n);
            status = reading ? fgf_model_file_read(path, model, NULL, parameters)
                             : fgf_model_file_write(path, model, parameters);
            fgf_allocation_fail_at(0);
            assert_true(status == FGF_OK || status == FGF_MEMORY);
        }
        assert_int_equal(status, FGF_OK);
    }
    assert_int_equal(unlink(path), 0);
    fgf_free(parameters);
    fgf_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read), cmocka_unit_test(test_numbered_names),
        cmocka_unit_test(test_other_shapes),   cmocka_unit_test(test_a_kernel_depth_may_be_there),
        cmocka_unit_test(test_bad_files),      cmocka_unit_test(test_failed_allocation),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
