#include "unit/data/files.h"

#include "fgf/file_bytes.h"
#include "fgf/image.h"
#include "fgf/memory.h"

#include <stdbool.h>
#include <sys/stat.h>

enum { X = 4, Y = 3, Z = 2, COUNT = X * Y * Z };
static int16_t data[COUNT];

static const char *const usual = "NRRD0004\n# a comment\ntype: short\ndimension: 3\n"
                                 "space: left-posterior-superior\nsizes: 4 3 2\n"
                                 "space directions: (0.5,0,0) (0,-0.75,0) (0,0,3)\n"
                                 "kinds: domain domain domain\nendian: little\n"
                                 "space origin: (-10,20,-30)\n";

/* A header, more lines of it, an empty line, and bytes behind it, compressed or not. */
static const char *write_nrrd(const char *name, const char *header, const char *more,
                              const void *bytes, size_t count, bool compressed)
{
    const char *path = in_folder(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fprintf(file, "%s%s\n", header, more);
    if (!compressed)
        assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
    if (compressed) {
        gzFile stream = gzopen(path, "ab");
        assert_int_equal(gzwrite(stream, bytes, (unsigned)count), count);
        assert_int_equal(gzclose(stream), Z_OK);
    }
    return path;
}

static fgf_status read_values(const char *path, double *out, fgf_grid *grid)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    double slice[64];
    FGF_TRY(fgf_nrrd_open(path, &volume));
    *grid = *fgf_volume_grid(volume);
    const size_t count = (size_t)(grid->extent[0] * grid->extent[1]);
    assert_true(count <= 64);
    for (int z = 0; z < grid->extent[2]; z++) {
        FGF_TRY(fgf_volume_next(volume, slice));
        memcpy(out + (size_t)z * count, slice, count * sizeof *slice);
    }
done:
    fgf_volume_close(&volume);
    return status;
}

static void expect_values(const char *path)
{
    double out[COUNT];
    fgf_grid grid;
    if (read_values(path, out, &grid) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
    for (int k = 0; k < COUNT; k++)
        assert_true(out[k] == data[k]);
}

static void expect_refusal(const char *path, const char *part)
{
    double out[COUNT];
    fgf_grid grid;
    assert_int_equal(read_values(path, out, &grid), FGF_DATA);
    assert_message(part);
}

static int fill_data(void **state)
{
    for (int k = 0; k < COUNT; k++)
        data[k] = (int16_t)(k * k - 100);
    return make_folder(state);
}

static void encodings(void **state)
{
    (void)state;
    unsigned char swapped[2 * COUNT];
    char text[512] = "", header[600];
    const unsigned char *bytes = (const unsigned char *)data;
    for (int k = 0; k < COUNT; k++) {
        swapped[2 * k] = bytes[2 * k + 1];
        swapped[2 * k + 1] = bytes[2 * k];
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d%s", data[k],
                 k % 3 ? " " : "\n");
    }
    expect_values(write_nrrd("a.nrrd", usual, "encoding: raw\n", data, sizeof data, false));
    expect_values(write_nrrd("a.nrrd", usual, "encoding: gzip\n", data, sizeof data, true));
    expect_values(write_nrrd("a.nrrd", usual, "encoding: gz\r\n", data, sizeof data, true));
    expect_values(write_nrrd("a.nrrd", usual, "encoding: ascii\nkey:=value: of mine\n", text,
                             strlen(text), false));
    snprintf(header, sizeof header, "%s", usual);
    memcpy(strstr(header, "little"), "big   ", 6);
    expect_values(write_nrrd("a.nrrd", header, "encoding: raw\n", swapped, sizeof swapped, false));
    /* What looks like gzip is raw where the header says so. */
    data[0] = (int16_t)0x8b1f;
    expect_values(write_nrrd("a.nrrd", usual, "encoding: raw\n", data, sizeof data, false));
    data[0] = -100;
}

static void types(void **state)
{
    (void)state;
    static const char *const names[] = {"unsigned char", "int8_t",        "ushort", "int",
                                        "uint32",        "long long int", "float",  "double"};
    static const size_t sizes[] = {1, 1, 2, 4, 4, 8, 4, 8};
    for (int t = 0; t < 8; t++) {
        unsigned char bytes[8 * COUNT];
        char header[600];
        double out[COUNT];
        fgf_grid grid;
        for (int k = 0; k < COUNT; k++) {
            const int64_t whole = 5 * k;
            const float single = 2.5f * (float)k;
            const double real = 2.5 * k;
            memcpy(bytes + (size_t)k * sizes[t],
                   t == 6   ? (const void *)&single
                   : t == 7 ? (const void *)&real
                            : (const void *)&whole,
                   sizes[t]);
        }
        snprintf(header, sizeof header,
                 "NRRD0005\ntype: %s\nencoding: raw\ndimension: 3\n"
                 "sizes: 4 3 2\nspacings: 1 2 3\n%s",
                 names[t], sizes[t] > 1 ? "endian: little\n" : "");
        const char *path = write_nrrd("t.nrrd", header, "", bytes, (size_t)COUNT * sizes[t], false);
        assert_int_equal(read_values(path, out, &grid), FGF_OK);
        assert_true(!grid.placed && grid.spacing[2] == 3);
        for (int k = 0; k < COUNT; k++)
            assert_true(out[k] == (t >= 6 ? 2.5 : 5) * k);
    }
}

/* Spaces to left, back, head; axes without extent; components. */
static void geometry(void **state)
{
    (void)state;
    static const struct {
        const char *space;
        double x, y;
    } spaces[] = {{"left-posterior-superior", 1, 1},
                  {"LPS", 1, 1},
                  {"right-anterior-superior", -1, -1},
                  {"RAS", -1, -1},
                  {"LAS", 1, -1},
                  {"scanner-xyz", 0, 0}};
    double out[COUNT];
    fgf_grid grid;
    for (size_t k = 0; k < sizeof spaces / sizeof spaces[0]; k++) {
        char header[600];
        snprintf(header, sizeof header,
                 "NRRD0004\ntype: short\ndimension: 3\nspace: %s\nsizes: 4 3 2\n"
                 "space directions: (0,0,-0.5) (0.75,0,0)  (0, 3, 0)\nendian: little\n"
                 "space units: \"mm\" \"mm\" \"mm\"\nspace origin: (-10,20,-30)\n",
                 spaces[k].space);
        const char *path =
            write_nrrd("s.nrrd", header, "encoding: raw\n", data, sizeof data, false);
        assert_int_equal(read_values(path, out, &grid), FGF_OK);
        assert_true(grid.extent[0] == 4 && grid.extent[1] == 3 && grid.extent[2] == 2);
        assert_true(grid.spacing[0] == 0.5 && grid.spacing[1] == 0.75 && grid.spacing[2] == 3);
        assert_int_equal(grid.placed, spaces[k].x != 0);
        if (!grid.placed)
            continue;
        assert_true(grid.affine[2][0] == -0.5 && grid.affine[0][1] == 0.75 * spaces[k].x &&
                    grid.affine[1][2] == 3 * spaces[k].y);
        assert_true(grid.affine[0][3] == -10 * spaces[k].x &&
                    grid.affine[1][3] == 20 * spaces[k].y && grid.affine[2][3] == -30);
    }
    const char *single = "NRRD0004\ntype: short\ndimension: 4\nspace: LPS\nsizes: 1 4 3 2\n"
                         "space directions: none (1,0,0) (0,1,0) (0,0,1)\nendian: little\n"
                         "kinds: vector domain domain domain\nspace origin: (0,0,0)\n";
    expect_values(write_nrrd("s.nrrd", single, "encoding: raw\n", data, sizeof data, false));
    const char *several = "NRRD0004\ntype: short\ndimension: 4\nspace: LPS\nsizes: 2 4 3 1\n"
                          "space directions: none (1,0,0) (0,1,0) (0,0,1)\nendian: little\n"
                          "space origin: (0,0,0)\n";
    expect_refusal(write_nrrd("s.nrrd", several, "encoding: raw\n", data, sizeof data, false),
                   "axis 0 of size 2 holds components");
    const char *slice = "NRRD0001\ntype: short\ndimension: 2\nsizes: 6 4\nspacings: 0.5 0.75\n"
                        "endian: little\n";
    expect_values(write_nrrd("s.nrrd", slice, "encoding: raw\n", data, sizeof data, false));
}

static void refused_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"encoding: bzip2\n", ":11: encoding \"bzip2\", expected raw"},
        {"encoding: hex\n", "encoding \"hex\""},
        {"", "no type or no encoding"},
        {"encoding: raw\nsizes: 4 3 2\n", ":12: \"sizes\" a second time"},
        {"encoding: raw\nblock size: 3\n", "block"},
        {"encoding: raw\nspace direction: (1,0,0)\n", "unknown field \"space direction\""},
        {"encoding: raw\nnonsense\n", "expected \"field: value\""},
        {"encoding: raw\nline skip: -2\n", "whole number from 0"},
        {"encoding: gzip\nbyte skip: -1\n", "byte skip -1 is for"},
        {"encoding: raw\nspace units: \"m\" \"m\" \"m\"\n", "unit \"m\", expected mm"},
        {"encoding: raw\ndata file: /etc/passwd\n", "expected a file in the header's folder"},
        {"encoding: raw\ndata file: ../other/v.raw\n", "leads out of the header's folder"},
        {"encoding: raw\ndata file: sub/../../v.raw\n", "leads out of the header's folder"},
        {"encoding: raw\ndata file: LIST\n", "several files"},
        {"encoding: raw\ndata file: v%03d.raw 1 3 1\n", "several files"},
        {"encoding: raw\ndata file: not_there.raw\n", "data file"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        expect_refusal(write_nrrd("r.nrrd", usual, cases[k].line, data, sizeof data, false),
                       cases[k].part);
    static const struct {
        const char *from, *to, *part;
    } changes[] = {
        {"NRRD0004", "NRRD0009", "not a NRRD file"},
        {"NRRD0004", "nifti   ", "not a NRRD file"},
        {"type: short", "type: block", "type \"block\""},
        {"dimension: 3", "dimension: 0", "whole number from 1"},
        {"sizes: 4 3 2", "sizes: 4 3  ", "expected a number"},
        {"sizes: 4 3 2", "sizes: 4 0 2", "whole number from 1 to 65535"},
        {"sizes: 4 3 2", "sizes: 4 3 9", "cut short: 4 x 3 x 9"},
        {"sizes: 4 3 2", "sizes: 9e44 ", "9e+44, expected a whole number"},
        {"(0.5,0,0)", "(nan,0,0)", "a vector holds nan"},
        {"(0.5,0,0)", "(0.0,0,0)", "axis 0 has no spacing"},
        {"(0.5,0,0)", "(0.5,0  )", "expected a vector"},
        {"endian: little", "endian: middle", "endian \"middle\""},
        {"endian: little", "# little      ", "no endian"},
        {"kinds: domain domain domain", "kinds: vector domain domain", "holds components"},
        {"space: left-posterior-superior", "space: left-posterior-sup-time", "through time"},
    };
    for (size_t k = 0; k < sizeof changes / sizeof changes[0]; k++) {
        char header[600];
        snprintf(header, sizeof header, "%s", usual);
        char *at = strstr(header, changes[k].from);
        assert_non_null(at);
        assert_int_equal(strlen(changes[k].from), strlen(changes[k].to));
        memcpy(at, changes[k].to, strlen(changes[k].to));
        expect_refusal(write_nrrd("r.nrrd", header, "encoding: raw\n", data, sizeof data, false),
                       changes[k].part);
    }
}

/* Every cut and every changed byte of the stream's end is seen; no change of the header makes the
 * reader do worse than refuse. */
static void damaged(void **state)
{
    (void)state;
    char *bytes, *changed;
    size_t count;
    double out[8 * COUNT];
    fgf_grid grid;
    for (int compressed = 0; compressed < 2; compressed++) {
        const char *path =
            write_nrrd("d.nrrd", usual, compressed ? "encoding: gzip\n" : "encoding: raw\n", data,
                       sizeof data, compressed);
        assert_int_equal(fgf_read_file(path, 1 << 20, &bytes, &count), FGF_OK);
        changed = malloc(count);
        for (size_t cut = 0; cut < count; cut++)
            assert_int_equal(read_values(write_file("d.nrrd", bytes, cut), out, &grid), FGF_DATA);
        for (size_t k = 0; k < count; k++) {
            memcpy(changed, bytes, count);
            changed[k] = (char)(changed[k] ^ (1 << k % 7));
            fgf_volume *volume = NULL;
            if (fgf_nrrd_open(write_file("d.nrrd", changed, count), &volume) == FGF_OK) {
                const int *extent = fgf_volume_grid(volume)->extent;
                double *slice = malloc((size_t)extent[0] * (size_t)extent[1] * sizeof *slice);
                fgf_status status = FGF_OK;
                for (int z = 0; z < extent[2] && status == FGF_OK; z++)
                    status = fgf_volume_next(volume, slice);
                assert_false(compressed && k >= count - 8 && status == FGF_OK);
                free(slice);
            }
            fgf_volume_close(&volume);
        }
        free(changed);
        fgf_free(bytes);
    }
    expect_refusal(write_nrrd("d.nrrd", usual, "encoding: gzip\n", data, sizeof data, false),
                   "no gzip stream");
    expect_refusal(write_nrrd("d.nrrd", usual, "encoding: ascii\n",
                              "1 2 3 4 x 6 7 8 9 0 1 2 3 4 5 6 "
                              "7 8 9 0 1 2 3 4",
                              48, false),
                   "expected a number, found \"x\"");
    expect_refusal(write_nrrd("d.nrrd", usual, "encoding: ascii\n",
                              "1                              "
                              "                    ",
                              51, false),
                   "nothing follows");
}

static void detached(void **state)
{
    (void)state;
    char *found = NULL;
    unsigned char padded[7 + sizeof data];
    memcpy(padded, "ab\nefg\n", 7);
    memcpy(padded + 7, data, sizeof data);
    mkdir(in_folder("sub"), 0700);
    write_file("v.raw", data, sizeof data);
    write_file("sub/p.raw", padded, sizeof padded);
    expect_values(write_nrrd("v.nhdr", usual, "encoding: raw\ndata file: v.raw\n", "", 0, false));
    expect_values(write_text("v.nhdr", "NRRD0004\ntype: short\ndimension: 3\nsizes: 4 3 2\n"
                                       "spacings: 1 1 1\nendian: little\nencoding: raw\n"
                                       "datafile: ./v.raw"));
    assert_int_equal(fgf_nrrd_data_file(in_folder("v.nhdr"), &found), FGF_OK);
    assert_non_null(strstr(found, "/v.raw"));
    fgf_free(found);
    static const char *const skips[] = {"line skip: 2\n", "byte skip: 7\n", "byte skip: -1\n",
                                        "line skip: 1\nbyte skip: 4\n"};
    for (int k = 0; k < 4; k++) {
        char more[128];
        snprintf(more, sizeof more, "encoding: raw\ndata file: sub/p.raw\n%s", skips[k]);
        expect_values(write_nrrd("p.nhdr", usual, more, "", 0, false));
    }
    expect_refusal(write_nrrd("p.nhdr", usual, "encoding: raw\ndata file: v.raw\nbyte skip: 1\n",
                              "", 0, false),
                   "cut short");
    expect_refusal(write_nrrd("p.nhdr", usual, "encoding: raw\ndata file: sub\n", "", 0, false),
                   "is not a file");
    /* A link that leads out of the folder. */
    mkdir(in_folder("home"), 0700);
    assert_int_equal(symlink("../v.raw", in_folder("home/link.raw")), 0);
    expect_refusal(
        write_nrrd("home/l.nhdr", usual, "encoding: raw\ndata file: link.raw\n", "", 0, false),
        "outside the header's folder");
    expect_values(write_nrrd("attached.nrrd", usual, "encoding: raw\n", data, sizeof data, false));
    assert_int_equal(fgf_nrrd_data_file(in_folder("attached.nrrd"), &found), FGF_OK);
    assert_null(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodings),     cmocka_unit_test(types),   cmocka_unit_test(geometry),
        cmocka_unit_test(refused_lines), cmocka_unit_test(damaged), cmocka_unit_test(detached),
    };
    return cmocka_run_group_tests(tests, fill_data, remove_folder);
}
