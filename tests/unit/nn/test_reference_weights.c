/* The published network's weights, found in its file without a word about names. */
#include "build_model.h"
#include "fgf/memory.h"
#include "fgf/model_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char weights[4096];

/* The shared data: where FGF_SHARED says, or in a folder "shared" on the way up from here. */
static bool find_weights(void)
{
    static const char name[] = "data/hncnn_reference_net/weights_dm_689.h5";
    const char *shared = getenv("FGF_SHARED");
    if (shared) {
        snprintf(weights, sizeof weights, "%s/%s", shared, name);
        return access(weights, R_OK) == 0;
    }
    char folder[2048];
    if (!getcwd(folder, sizeof folder))
        return false;
    for (char *slash; (slash = strrchr(folder, '/')); *slash = '\0') {
        snprintf(weights, sizeof weights, "%s/shared/%s", folder, name);
        if (access(weights, R_OK) == 0)
            return true;
    }
    return false;
}

static void test_reference_network(void **state)
{
    (void)state;
    fgf_model *model = NULL;
    fgf_real *parameters = NULL;
    assert_int_equal(test_model("conv channels=8 kernel=3; max_pool size=3 stride=1; leaky_relu; "
                                "conv channels=16 kernel=3 stride=2; max_pool size=3 stride=2; "
                                "leaky_relu; conv channels=32 kernel=4 stride=3; "
                                "max_pool size=4 stride=3; leaky_relu; flatten; dense units=128; "
                                "leaky_relu; dense units=64; leaky_relu; dense units=32; "
                                "leaky_relu; dense units=1",
                                (fgf_shape){1, 1, 180, 180}, &model),
                     FGF_OK);
    assert_int_equal(fgf_model_parameter_count(model), 85505);
    assert_int_equal(FGF_ALLOCATE(85505, &parameters), FGF_OK);
    if (fgf_model_file_read(weights, model, NULL, parameters) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    static double values[128 * 512], other[128 * 512];
    const char *const names[] = {"cv1/weight", "cv1/bias", "cv2/weight", "cv2/bias",
                                 "cv3/weight", "cv3/bias", "ln1/weight", "ln1/bias",
                                 "ln2/weight", "ln2/bias", "ln3/weight", "ln3/bias",
                                 "ln4/weight", "ln4/bias"};
    hid_t file = H5Fopen(weights, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_int_equal(fgf_model_array_count(model), 14);
    for (size_t k = 0; k < 14; k++) {
        size_t bytes = fgf_model_array(model, k)->count * sizeof values[0];
        fgf_model_export_array(model, k, parameters, values);
        hid_t dataset = H5Dopen2(file, names[k], H5P_DEFAULT);
        assert_true(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, other) >= 0);
        H5Dclose(dataset);
        assert_memory_equal(values, other, bytes);
    }
    H5Fclose(file);
    fgf_free(parameters);
    fgf_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference_network)};
    if (!find_weights()) {
        puts("skipped: needs the reference network's weights (FGF_SHARED)");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
