/* Linear:  h = <map, x> over the region, with a map from a file.
 *
 * The file is text: one line for each row of the crop, `width` numbers a line with commas,
 * semicolons, blanks or tabs between them; `height` lines a slice, the slices one after another.
 * Empty lines and lines that begin with # do not count. */
#include "feature_private.h"
#include "fgf/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct linear_settings {
    feature_settings common;
    const char *map;
} linear_settings;

static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"map", FGF_KEY_FILE, offsetof(linear_settings, map), NULL, 0, 0, NULL, "",
     "text file of weights in crop coordinates: a line a row, slices one after another"},
    {.name = NULL}};

static const char separators[] = " \t,;\r\n";

static bool is_content(const char *line)
{
    line += strspn(line, " \t\r\n");
    return *line != '\0' && *line != '#';
}

/* One row of `width` numbers; `path`:`number` is where it stands. */
static fgf_status read_row(const char *line, const char *path, long number, int width, double *row)
{
    fgf_status status = FGF_OK;
    int found = 0;
    for (line += strspn(line, separators); *line; line += strspn(line, separators)) {
        char *end = NULL;
        double weight = strtod(line, &end);
        size_t length = strcspn(line, separators);
        if (end != line + length || !isfinite(weight))
            FGF_FAIL(FGF_USAGE, "%s:%ld: '%.*s' is not a finite number", path, number,
                     (int)(length < 40 ? length : 40), line);
        if (found < width)
            row[found] = weight;
        found++;
        line = end;
    }
    if (found != width)
        FGF_FAIL(FGF_USAGE, "%s:%ld: %d numbers in this row, the crop is %d pixels wide", path,
                 number, found, width);
done:
    return status;
}

static fgf_status read_map(FILE *file, const char *path, fgf_shape shape, double *map)
{
    fgf_status status = FGF_OK;
    char *line = NULL;
    size_t capacity = 0;
    long number = 0, rows = 0, wanted = (long)shape.depth * shape.height;
    while (errno = 0, getline(&line, &capacity, file) >= 0) {
        number++;
        if (!is_content(line))
            continue;
        if (rows == wanted)
            FGF_FAIL(FGF_USAGE, "%s:%ld: a row too many, the crop has %d slices of %d rows", path,
                     number, shape.depth, shape.height);
        FGF_TRY(read_row(line, path, number, shape.width, map + rows * shape.width));
        rows++;
    }
    if (ferror(file) || errno)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read: %s", path, strerror(errno));
    if (rows != wanted)
        FGF_FAIL(FGF_USAGE, "%s:%ld: the file ends after %ld rows, the crop has %d slices of %d",
                 path, number, rows, shape.depth, shape.height);
done:
    free(line);
    return status;
}

static fgf_status prepare(fgf_feature *feature, const fgf_item *item)
{
    fgf_status status = FGF_OK;
    const char *path = ((const linear_settings *)item->settings)->map;
    FILE *file = fopen(path, "r");
    if (!file)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': cannot open the map %s: %s", item->where, item->name,
                 path, strerror(errno));
    FGF_TRY(FGF_ALLOCATE(fgf_shape_pixels(feature->shape), &feature->map));
    FGF_TRY(read_map(file, path, feature->shape, feature->map));
done:
    if (file)
        fclose(file); /* read only: nothing can be lost */
    return status;
}

static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    double sum = 0;
    (void)work;
    for (size_t i = 0; i < region->pixel_count; i++) {
        double weight = feature->map[region->pixel[i]];
        sum += weight * value[i];
        if (gradient)
            gradient[i] = weight;
    }
    *h = sum;
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_linear = {
    .kind = {"linear", "inner product with a map from a file", keys, sizeof(linear_settings)},
    .unit = "1",
    .defined_when_empty = true,
    .prepare = prepare,
    .evaluate = evaluate};
