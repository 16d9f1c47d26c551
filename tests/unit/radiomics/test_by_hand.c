/* Small regions whose matrices and measures are worked out by hand. */
#include "unit/radiomics/small.h"

static void compute_square(void)
{
    fgf_radiomics_volume v = volume_of(1, 3, 3, square, inside);
    fgf_radiomics_settings settings = levels_as_they_are();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
}

static void histogram_of_square(void **state)
{
    (void)state;
    compute_square();
    expect("ih_mean", 19.0 / 9);
    expect("ih_var", 62.0 / 81);
    expect("ih_mode", 3);
    expect("ih_entropy", -(log2(1.0 / 3) / 3 + log2(2.0 / 9) * 2 / 9 + log2(4.0 / 9) * 4 / 9));
    expect("ih_uniformity", 29.0 / 81);
    expect("ih_max_grad", 2); /* counts 3, 2, 4: slopes -1, 1/2, 2 */
    expect("ih_max_grad_g", 3);
    expect("ih_min_grad", -1);
    expect("ih_min_grad_g", 1);
}

/* Pairs along the four directions:
 *   right       11 12 13 32 33 33      contrast  6/6
 *   down        11 13 13 33 22 23                9/6
 *   down right  13 12 13 33                      9/4
 *   down left   11 23 33 23                      2/4 */
static void cooccurrence_of_square(void **state)
{
    (void)state;
    compute_square();
    expect("cm_contrast_2D_avg", (1 + 1.5 + 2.25 + 0.5) / 4);
    expect("cm_contrast_2D_comb", 26.0 / 20);
    expect("cm_contrast_3D_comb", 26.0 / 20);
    expect("cm_contrast_2_5D_avg", (1 + 1.5 + 2.25 + 0.5) / 4);
    /* All pairs: 11 x 3, 12 x 2, 13 x 5, 22, 23 x 4, 33 x 5, of 20. */
    expect("cm_joint_max_2D_comb", 5.0 / 20);
    expect("cm_energy_2D_comb", (9 + 1 + 25 + 2 * (1 + 6.25 + 4)) / 400);
    expect("cm_dissimilarity_2D_comb", (2 + 2 * 5 + 4) / 20.0);
    expect("cm_joint_avg_2D_comb", (3 * 2 + 2 * 3 + 5 * 4 + 4 + 4 * 5 + 5 * 6) / 40.0);
    expect("cm_auto_corr_2D_comb", (3 + 2 * 2 + 5 * 3 + 4 + 4 * 6 + 5 * 9) / 20.0);
    expect("cm_inv_diff_2D_comb", (9 + 6 / 2.0 + 5 / 3.0) / 20);
    expect("cm_inv_diff_norm_2D_comb", (9 + 6 * 3 / 4.0 + 5 * 3 / 5.0) / 20);
    expect("cm_inv_var_2D_comb", (6 + 5 / 4.0) / 20);
}

/* Runs, by length: right 4 1 1, down 3 3, down right 7 1, down left 5 2. */
static void runs_of_square(void **state)
{
    (void)state;
    compute_square();
    expect("rlm_sre_2D_comb",
           ((4 + 1 / 4.0 + 1 / 9.0) + (3 + 3 / 4.0) + (7 + 1 / 4.0) + (5 + 2 / 4.0)) / 27);
    expect("rlm_sre_2D_avg", ((4 + 1 / 4.0 + 1 / 9.0) / 6 + (3 + 3 / 4.0) / 6 + (7 + 1 / 4.0) / 8 +
                              (5 + 2 / 4.0) / 7) /
                                 4);
    expect("rlm_lre_2D_comb", 56.0 / 27);
    expect("rlm_r_perc_2D_comb", 27.0 / 36);
    expect("rlm_rlnu_2D_comb", (19.0 * 19 + 7 * 7 + 1) / 27);
}

/* Three zones: level 1 of 3, level 2 of 2, level 3 of 4, all at the border. */
static void zones_of_square(void **state)
{
    (void)state;
    compute_square();
    expect("szm_lze_2D", 29.0 / 3);
    expect("szm_z_perc_3D", 3.0 / 9);
    expect("szm_lzhge_2_5D", (9 * 1 + 4 * 4 + 16 * 9) / 3.0);
    expect("szm_zs_entr_2D", log2(3));
    expect("dzm_lde_2D", 1);
    expect("dzm_zdnu_2D", 3);
    expect("dzm_hgze_2D", 14.0 / 3);
}

static void neighbourhoods_of_square(void **state)
{
    (void)state;
    compute_square();
    const double s1 = 2.0 / 3 + 0.8 + 1.2, s2 = 0.4, s3 = 1 + 2.0 / 3 + 0.6 + 1.0 / 3;
    expect("ngt_coarseness_2D", 9 / (3 * s1 + 2 * s2 + 4 * s3));
    expect("ngt_contrast_2D",
           2 * (3 * 2 * 1 + 3 * 4 * 4 + 2 * 4 * 1) / 81.0 / 6 * (s1 + s2 + s3) / 9);
    expect("ngt_strength_2D", 2 * (5 * 1 + 7 * 4 + 6 * 1) / 9.0 / (s1 + s2 + s3));
    /* Dependences: level 1: 3 3 3, level 2: 2 2, level 3: 4 3 4 3. */
    expect("ngl_hde_2D", 85.0 / 9);
    expect("ngl_dcnu_2D", (5.0 * 5 + 2 * 2 + 2 * 2) / 9);
    expect("ngl_dc_perc_2D", 1);
    expect("ngl_dc_energy_2D", (9 + 4 + 4 + 4) / 81.0);
}

/* Two slices of two voxels: 1 2 above 2 2. */
static void slices_and_volume(void **state)
{
    (void)state;
    const double value[4] = {1, 2, 2, 2};
    fgf_radiomics_volume v = volume_of(2, 1, 2, value, inside);
    fgf_radiomics_settings settings = levels_as_they_are();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("cm_contrast_2D_avg", 0.5); /* 12 and 22, each by itself */
    expect("cm_contrast_2_5D_comb", 0.5);
    /* right 12 22, below 12 22, below right 12, below left 22 */
    expect("cm_contrast_3D_avg", (0.5 + 0.5 + 1 + 0) / 4);
    expect("cm_contrast_3D_comb", 0.5);
    expect("szm_z_perc_2D", (1 + 0.5) / 2); /* zones 1 and 2; 2 2 */
    expect("szm_z_perc_2_5D", 3.0 / 4);
    expect("szm_z_perc_3D", 2.0 / 4);
    expect("rlm_r_perc_2_5D_comb", (3 + 4 + 4 + 4) / 16.0);
}

static void statistics_of_five(void **state)
{
    (void)state;
    const double value[5] = {3, 10, 1, 4, 2};
    fgf_radiomics_volume v = volume_of(1, 1, 5, value, inside);
    fgf_radiomics_settings settings = fgf_radiomics_defaults();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("stat_mean", 4);
    expect("stat_var", 10);
    expect("stat_skew", (-27 - 8 - 1 + 216) / 5.0 / pow(10, 1.5));
    expect("stat_kurt", (81 + 16 + 1 + 1296) / 5.0 / 100 - 3);
    expect("stat_median", 3);
    expect("stat_p10", 1.4);
    expect("stat_p90", 7.6);
    expect("stat_iqr", 2);
    expect("stat_mad", 2.4);
    expect("stat_rmad", 2.0 / 3);
    expect("stat_medad", 2.2);
    expect("stat_qcod", 2.0 / 6);
    expect("stat_energy", 130);
    expect("ivh_v10", 0.8);
    expect("ivh_v90", 0.2);
    expect("ivh_i90", 2);
    expect_missing("ivh_i10", FGF_RADIOMICS_MISSING_LEVEL); /* a fifth reaches the maximum */
    expect("ivh_auc", 3.4 / 9);
    settings.volume_width = 3; /* bins from 1, 4, 7: centres 2.5, 5.5, 8.5 */
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("ivh_v10", 0.4);
    expect("ivh_i90", 5.5);
}

static void bins(void **state)
{
    (void)state;
    const double value[4] = {0, 9.999, 10, 35};
    fgf_radiomics_volume v = volume_of(1, 1, 4, value, inside);
    fgf_radiomics_settings settings = fgf_radiomics_defaults();
    settings.families = 1u << FGF_RADIOMICS_HISTOGRAM;
    settings.bins = 7; /* of 5: levels 1 2 3 7 */
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("ih_mean", 13.0 / 4);
    settings.discretisation = FGF_DISCRETISATION_WIDTH; /* levels 1 1 2 4 */
    settings.bin_width = 10;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("ih_mean", 2);
    settings.lowest = -10; /* one higher */
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("ih_mean", 3);
    settings.discretisation = FGF_DISCRETISATION_RANGE; /* of 10 from 5 to 25: 1 1 1 2 */
    settings.bins = 2;
    settings.lowest = 5;
    settings.highest = 25;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("ih_mean", 1.25);
    expect_missing("stat_mean", FGF_RADIOMICS_MISSING_UNASKED);
}

/* One voxel of 3 x 2 x 1 mm: an octahedron. */
static void one_voxel(void **state)
{
    (void)state;
    const double value[27] = {[13] = 7};
    const uint8_t mask[27] = {[13] = 1};
    fgf_radiomics_volume v = volume_of(3, 3, 3, value, mask);
    memcpy(v.spacing, (double[3]){3, 2, 1}, sizeof v.spacing);
    fgf_radiomics_settings settings = fgf_radiomics_defaults();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("morph_volume", 1);
    expect("morph_vol_approx", 6);
    expect("morph_diam", 3);
    expect("morph_vol_dens_aabb", 1.0 / 6);
    expect("morph_vol_dens_conv_hull", 1);
    expect("morph_area_dens_conv_hull", 1);
    expect("morph_com", 0);
    expect("stat_skew", 0);
    expect("stat_var", 0);
    expect_missing("morph_pca_elongation", FGF_RADIOMICS_MISSING_ZERO);
    expect_missing("morph_moran_i", FGF_RADIOMICS_MISSING_FLAT);
    expect_missing("cm_contrast_3D_avg", FGF_RADIOMICS_MISSING_NEIGHBOURS);
    expect("rlm_sre_3D_avg", 1);
    expect("szm_z_perc_3D", 1);
    expect_missing("ngt_coarseness_3D", FGF_RADIOMICS_MISSING_NEIGHBOURS);
}

/* A cube of 3^3 voxels loses a prism at each edge and a corner at each corner. */
static void cube(void **state)
{
    (void)state;
    double value[27];
    for (int k = 0; k < 27; k++)
        value[k] = 1 + k % 5;
    fgf_radiomics_volume v = volume_of(3, 3, 3, value, inside);
    fgf_radiomics_settings settings = levels_as_they_are();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    double volume = 27 - 12 * 2 / 8.0 - 8 * 5 / 48.0;
    double area = 6 * 4 + 12 * 2 * sqrt(0.5) + 8 * sqrt(3) / 8;
    expect("morph_volume", volume);
    expect("morph_area_mesh", area);
    expect("morph_vol_dens_conv_hull", 1);
    expect("morph_vol_dens_ombb", volume / 27);
    expect("morph_area_dens_ombb", area / 54);
    expect("morph_pca_maj_axis", 4 * sqrt(18.0 / 26));
    expect("morph_pca_flatness", 1);
    expect("morph_vol_dens_aee", volume / (4 * PI / 3 * pow(2 * sqrt(18.0 / 26), 3)));
    expect("morph_diam", sqrt(9 + 4 + 4));
    /* Of the corners of the hull, the furthest lie on a sphere. */
    double ball = 4 * PI / 3 * pow(17.0 / 4, 1.5);
    assert_true(fabs(value_of("morph_vol_dens_mvee") * ball / volume - 1) < 0.02);
}

/* Three voxels around a corner: in each of the two layers of cubes five triangles, two rectangles
 * and one pentagon that is not flat, cut into its greatest fan. */
static void corner_of_three(void **state)
{
    (void)state;
    const double value[4] = {1, 2, 3, 0};
    const uint8_t mask[4] = {1, 1, 1, 0};
    fgf_radiomics_volume v = volume_of(1, 2, 2, value, mask);
    fgf_radiomics_settings settings = levels_as_they_are();
    settings.families = 1u << FGF_RADIOMICS_MORPHOLOGY;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    double pentagon = 0.5 + 3 * sqrt(3) / 8;
    expect("morph_area_mesh", 2 * (5 * sqrt(3) / 8 + 2 * sqrt(0.5) + pentagon));
}

/* Voxels that touch at a corner of the volume, or of a slice, are one zone. */
static void zones_across_corners(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        double value[8] = {1, 1, 1, 1, 1, 1, 1, 1};
        value[k] = value[7 - k] = 2; /* the ends of a diagonal */
        fgf_radiomics_volume v = volume_of(2, 2, 2, value, inside);
        fgf_radiomics_settings settings = levels_as_they_are();
        assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
        expect("szm_z_perc_3D", 2.0 / 8);
        expect("szm_z_perc_2_5D", 4.0 / 8);
        double flat[4] = {1, 2, 2, 1};
        flat[0] = k % 2 ? 3 : 1;
        v = volume_of(1, 2, 2, flat, inside);
        assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
        expect("szm_z_perc_2D", (k % 2 ? 3 : 2) / 4.0);
    }
}

static void no_voxels(void **state)
{
    (void)state;
    const uint8_t none[9] = {0};
    fgf_radiomics_volume v = volume_of(1, 3, 3, square, none);
    fgf_radiomics_settings settings = fgf_radiomics_defaults();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    for (size_t k = 0; k < FGF_RADIOMICS_COUNT; k++)
        assert_int_equal(values[k].missing, FGF_RADIOMICS_MISSING_EMPTY);
    v.shape_mask = inside; /* a form without intensities */
    v.intensity_mask = none;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("morph_vol_approx", 9);
    expect_missing("morph_integ_int", FGF_RADIOMICS_MISSING_EMPTY);
    expect_missing("stat_mean", FGF_RADIOMICS_MISSING_EMPTY);
}

static void refusals(void **state)
{
    (void)state;
    double value[4] = {1, 2, 3, 2000};
    fgf_radiomics_volume v = volume_of(1, 2, 2, value, inside);
    fgf_radiomics_settings settings = levels_as_they_are();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_USAGE);
    assert_non_null(strstr(fgf_last_error()->message, "wider bins"));
    value[3] = 2.5;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_USAGE);
    value[3] = NAN;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_DATA);
    assert_non_null(strstr(fgf_last_error()->message, "(0, 1, 1)"));
    value[3] = 4;
    settings.discretisation = FGF_DISCRETISATION_COUNT;
    settings.bins = 0;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_USAGE);
    settings.discretisation = FGF_DISCRETISATION_WIDTH;
    settings.bin_width = 0;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_USAGE);
    settings.bin_width = 1;
    settings.lowest = 2; /* above an intensity */
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_USAGE);
    settings.lowest = NAN;
    v.spacing[1] = 0;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_USAGE);
    v.spacing[1] = 1;
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(histogram_of_square),
                                       cmocka_unit_test(cooccurrence_of_square),
                                       cmocka_unit_test(runs_of_square),
                                       cmocka_unit_test(zones_of_square),
                                       cmocka_unit_test(neighbourhoods_of_square),
                                       cmocka_unit_test(slices_and_volume),
                                       cmocka_unit_test(statistics_of_five),
                                       cmocka_unit_test(bins),
                                       cmocka_unit_test(one_voxel),
                                       cmocka_unit_test(cube),
                                       cmocka_unit_test(corner_of_three),
                                       cmocka_unit_test(zones_across_corners),
                                       cmocka_unit_test(no_voxels),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
