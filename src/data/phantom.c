#include "fgf/phantom.h"
#include "fgf/random.h"
#include "fgf/text.h"

#include <math.h>
#include <string.h>

#define MEMBER(name) offsetof(fgf_phantom_settings, name)

const fgf_key fgf_phantom_keys[] = {
    {"cases", FGF_KEY_INTEGER, MEMBER(cases), "96", 1, 1e7, NULL, "cases",
     "patients, one case each"},
    {"size", FGF_KEY_INTEGER, MEMBER(size), "48", FGF_PHANTOM_LEAST_SIZE, 4096, NULL, "px",
     "rows and columns of an image"},
    {"spacing", FGF_KEY_REAL, MEMBER(spacing), "1", 1e-3, 1e3, NULL, "mm", "between pixels"},
    {"depth", FGF_KEY_INTEGER, MEMBER(depth), "1", 1, 4096, NULL, "slices",
     "1 = an image is a slice; 8 or more = a volume of so many slices"},
    {"slice_spacing", FGF_KEY_REAL, MEMBER(slice_spacing), "1", 1e-3, 1e3, NULL, "mm",
     "between slices"},
    {"centres", FGF_KEY_INTEGER, MEMBER(centres), "2", 1, 26, NULL, "1",
     "hospitals, A, B, ..., cases in turn"},
    {"channels", FGF_KEY_INTEGER, MEMBER(channels), "1", 1, 16, NULL, "1",
     "images a case; those after the first know nothing of the label"},
    {"prevalence", FGF_KEY_REAL, MEMBER(prevalence), "0.4", 0.01, 0.99, NULL, "1",
     "expected share of label 1"},
    {"planted", FGF_KEY_TEXTS, MEMBER(planted), "[size, mean]", 0, 0, NULL, "",
     "traits that drive the label: size, mean, texture, elongation, row, column, rim"},
    {"strength", FGF_KEY_REAL, MEMBER(strength), "3", 0, 1e3, NULL, "1",
     "log-odds for one standard deviation of a planted trait"},
    {"correlated", FGF_KEY_TEXTS, MEMBER(correlated), "[texture]", 0, 0, NULL, "",
     "traits that only follow the first planted one"},
    {"correlation", FGF_KEY_REAL, MEMBER(correlation), "0.7", -1, 1, NULL, "1",
     "of correlated traits with the one that they follow"},
    {"noise", FGF_KEY_REAL, MEMBER(noise), "5", 0, 1e3, NULL, "HU",
     "standard deviation of white noise inside the lesion"},
    {"unlabelled", FGF_KEY_REAL, MEMBER(unlabelled), "0", 0, 1, NULL, "1",
     "share of cases whose label is withheld"},
    {"seed", FGF_KEY_INTEGER, MEMBER(seed), "1", 0, 9e15, NULL, "", "of all draws"},
    {.name = NULL}};

static const char *const trait_names[] = {
#define TRAIT_TEXT(name, text, features) text,
    FGF_TRAIT_TABLE(TRAIT_TEXT)
#undef TRAIT_TEXT
};

/* What a case's streams are for; the first of the two free numbers of a stream. */
enum { DRAW_TRAITS, DRAW_LABEL, DRAW_OUTLINE, DRAW_TEXTURE, DRAW_NOISE };

/* ---- settings ---- */

static void look_up(const char *key, const fgf_texts *names, bool *chosen, fgf_faults *faults)
{
    for (size_t i = 0; i < names->count; i++) {
        bool known = false;
        for (int trait = 0; trait < FGF_TRAIT_COUNT; trait++)
            if (strcmp(names->values[i], trait_names[trait]) == 0)
                known = chosen[trait] = true;
        if (known)
            continue;
        const char *near = fgf_nearest_name(names->values[i], trait_names, FGF_TRAIT_COUNT);
        fgf_faults_add(
            faults,
            "phantom.%s: unknown trait \"%s\"; there are size, mean, texture, elongation, "
            "row, column, rim%s%s%s",
            key, names->values[i], near ? "; did you mean \"" : "", near ? near : "",
            near ? "\"?" : "");
    }
}

static double sigmoid(double f)
{
    return 1 / (1 + exp(-f));
}

/* The expected share of label 1 when the logit is N(intercept, spread^2): by the trapezoid rule,
 * which for a Gaussian is exact far beyond need. */
static double expected_share(double intercept, double spread)
{
    double sum = 0, weights = 0;
    for (int i = -400; i <= 400; i++) {
        double z = 0.02 * i, weight = exp(-0.5 * z * z);
        sum += weight * sigmoid(intercept + spread * z);
        weights += weight;
    }
    return sum / weights;
}

static double intercept_for(double prevalence, double spread)
{
    double low = -50 * (1 + spread), high = 50 * (1 + spread);
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        if (expected_share(middle, spread) < prevalence)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static void check_numbers(const fgf_phantom_settings *s, fgf_faults *faults)
{
    if (s->size < FGF_PHANTOM_LEAST_SIZE || s->size > 4096)
        fgf_faults_add(faults,
                       "phantom.size: %lld px; a lesion needs an image of %d .. 4096 px a side",
                       (long long)s->size, FGF_PHANTOM_LEAST_SIZE);
    if (s->depth < 1 || (s->depth > 1 && s->depth < FGF_PHANTOM_LEAST_DEPTH) || s->depth > 4096)
        fgf_faults_add(faults, "phantom.depth: %lld slices; 1, or what a lesion needs, %d .. 4096",
                       (long long)s->depth, FGF_PHANTOM_LEAST_DEPTH);
    if (s->cases < 1)
        fgf_faults_add(faults, "phantom.cases: %lld; at least 1", (long long)s->cases);
    if (s->centres < 1 || s->centres > 26)
        fgf_faults_add(faults, "phantom.centres: %lld; from 1 to 26", (long long)s->centres);
    if (s->channels < 1 || s->channels > 16)
        fgf_faults_add(faults, "phantom.channels: %lld; from 1 to 16", (long long)s->channels);
    if (!(s->prevalence > 0 && s->prevalence < 1))
        fgf_faults_add(faults, "phantom.prevalence: %g; between 0 and 1", s->prevalence);
    if (!(fabs(s->correlation) <= 1))
        fgf_faults_add(faults, "phantom.correlation: %g; from -1 to 1", s->correlation);
    if (!(s->spacing > 0))
        fgf_faults_add(faults, "phantom.spacing: %g mm; above 0", s->spacing);
    if (!(s->slice_spacing > 0))
        fgf_faults_add(faults, "phantom.slice_spacing: %g mm; above 0", s->slice_spacing);
}

fgf_status fgf_phantom_init(const fgf_phantom_settings *settings, fgf_phantom *out)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    memset(out, 0, sizeof *out);
    out->settings = *settings;
    out->leader = -1;
    check_numbers(settings, &faults);
    look_up("planted", &settings->planted, out->planted, &faults);
    look_up("correlated", &settings->correlated, out->correlated, &faults);
    int planted_count = 0;
    for (int trait = 0; trait < FGF_TRAIT_COUNT; trait++) {
        planted_count += out->planted[trait];
        if (settings->planted.count && strcmp(settings->planted.values[0], trait_names[trait]) == 0)
            out->leader = trait;
        if (out->planted[trait] && out->correlated[trait])
            fgf_faults_add(&faults, "phantom: the trait \"%s\" is both planted and correlated",
                           trait_names[trait]);
    }
    if (settings->correlated.count && settings->planted.count == 0)
        fgf_faults_add(&faults,
                       "phantom.correlated: no planted trait to follow; write [] for none");
    FGF_TRY(faults.lines.status);
    if (faults.count)
        FGF_FAIL(FGF_USAGE, "%.*s", (int)faults.lines.length - 1, faults.lines.text);
    out->intercept = intercept_for(settings->prevalence, settings->strength * sqrt(planted_count));
done:
    fgf_faults_clear(&faults);
    return status;
}

/* ---- one case ---- */

static fgf_stream open_stream(const fgf_phantom *phantom, int what, uint64_t index)
{
    return fgf_stream_open((uint64_t)phantom->settings.seed, FGF_PURPOSE_PHANTOM, (uint64_t)what,
                           index);
}

fgf_phantom_case fgf_phantom_draw(const fgf_phantom *phantom, uint64_t index)
{
    const fgf_phantom_settings *s = &phantom->settings;
    fgf_phantom_case truth = {.index = index, .logit = phantom->intercept};
    fgf_stream traits = open_stream(phantom, DRAW_TRAITS, index);
    fgf_stream label = open_stream(phantom, DRAW_LABEL, index);
    for (int t = 0; t < FGF_TRAIT_COUNT; t++)
        truth.trait[t] = fgf_stream_normal(&traits);
    for (int t = 0; t < FGF_TRAIT_COUNT; t++) {
        if (phantom->correlated[t])
            truth.trait[t] = s->correlation * truth.trait[phantom->leader] +
                             sqrt(1 - s->correlation * s->correlation) * truth.trait[t];
        if (phantom->planted[t])
            truth.logit += s->strength * truth.trait[t];
    }
    truth.label = fgf_stream_uniform(&label) < sigmoid(truth.logit);
    if (fgf_stream_uniform(&label) < s->unlabelled)
        truth.label = -1;
    truth.centre = (int)(index % (uint64_t)s->centres);
    return truth;
}

/* A trait within what fits the image: 2.5 standard deviations. */
static double bounded(double z)
{
    return fmax(-2.5, fmin(2.5, z));
}

enum { WAVES = 5, FIRST_WAVE = 2, KERNEL_REACH = 4 };

/* r(angle) = radius (1 + sum of waves), in axes turned and stretched at unchanged area. */
typedef struct outline {
    double row, column, radius, stretch, cosine, sine;
    double slice, height; /* in a volume: its middle slice and half its height; else height 0 */
    double even[WAVES], odd[WAVES];
} outline;

/* All lengths are shares of the image's side, so chosen that the largest lesion stays inside. */
static outline draw_outline(const fgf_phantom *phantom, const fgf_phantom_case *truth)
{
    const double side = (double)phantom->settings.size;
    fgf_stream stream = open_stream(phantom, DRAW_OUTLINE, truth->index);
    double angle = 6.283185307179586 * fgf_stream_uniform(&stream);
    outline o = {.cosine = cos(angle), .sine = sin(angle)};
    double ripple = 0;
    for (int k = 0; k < WAVES; k++) {
        o.even[k] = 0.06 * bounded(fgf_stream_normal(&stream)) / (FIRST_WAVE + k);
        o.odd[k] = 0.06 * bounded(fgf_stream_normal(&stream)) / (FIRST_WAVE + k);
        ripple += 0.5 * (o.even[k] * o.even[k] + o.odd[k] * o.odd[k]);
    }
    /* The waves' own area is taken off, so that the size trait alone decides the area. */
    o.radius = 0.16 * side * exp(0.2 * bounded(truth->trait[FGF_TRAIT_SIZE])) / sqrt(1 + ripple);
    o.stretch = exp(0.5 * (0.3 + 0.1 * bounded(truth->trait[FGF_TRAIT_ELONGATION])));
    o.row = 0.5 * (side - 1) + 0.035 * side * bounded(truth->trait[FGF_TRAIT_ROW]);
    o.column = 0.5 * (side - 1) + 0.035 * side * bounded(truth->trait[FGF_TRAIT_COLUMN]);
    const double slices = (double)phantom->settings.depth;
    if (slices > 1) {
        o.slice = 0.5 * (slices - 1);
        o.height = 0.28 * slices * exp(0.2 * bounded(truth->trait[FGF_TRAIT_SIZE]));
    }
    return o;
}

/* Distance from the centre of a slice as a share of the boundary's there. */
static double depth_in_slice(const outline *o, double row, double column)
{
    double down = row - o->row, right = column - o->column;
    double u = (o->cosine * right + o->sine * down) / o->stretch;
    double v = (-o->sine * right + o->cosine * down) * o->stretch;
    double distance = sqrt(u * u + v * v);
    if (distance > 2 * o->radius || distance == 0)
        return distance / o->radius;
    /* cos and sin of the multiples of the angle, each from the one before. */
    double c = u / distance, s = v / distance, ck = c, sk = s, waves = 1;
    for (int k = 0; k < WAVES; k++) {
        double next = ck * c - sk * s;
        sk = sk * c + ck * s;
        ck = next;
        waves += o->even[k] * ck + o->odd[k] * sk;
    }
    return distance / (o->radius * waves);
}

/* out = in blurred by a Gaussian of 1.5 pixels along one axis; `step` between neighbours. */
static void blur_axis(const double *in, double *out, int64_t lines, int64_t line_step,
                      int64_t length, int64_t step)
{
    double weight[KERNEL_REACH + 1];
    for (int i = 0; i <= KERNEL_REACH; i++)
        weight[i] = exp(-0.5 * i * i / (1.5 * 1.5));
    for (int64_t line = 0; line < lines; line++)
        for (int64_t k = 0; k < length; k++) {
            const double *from = in + line * line_step + k * step;
            double sum = weight[0] * *from;
            for (int i = 1; i <= KERNEL_REACH; i++) {
                if (k - i >= 0)
                    sum += weight[i] * from[-i * step];
                if (k + i < length)
                    sum += weight[i] * from[i * step];
            }
            out[line * line_step + k * step] = sum;
        }
}

/* Smooth texture over the image, of mean 0 and standard deviation 1 over the mask. */
static void draw_texture(const fgf_phantom *phantom, fgf_stream stream, const uint8_t *mask,
                         double *texture, double *work)
{
    const int64_t side = phantom->settings.size, slices = phantom->settings.depth;
    const int64_t plane = side * side, pixels = slices * plane;
    double count = 0, sum = 0, squares = 0;
    for (int64_t p = 0; p < pixels; p++)
        texture[p] = fgf_stream_normal(&stream);
    for (int64_t z = 0; z < slices; z++) {
        blur_axis(texture + z * plane, work + z * plane, side, side, side, 1);
        blur_axis(work + z * plane, texture + z * plane, side, 1, side, side);
    }
    if (slices > 1) {
        blur_axis(texture, work, plane, 1, slices, plane);
        memcpy(texture, work, (size_t)pixels * sizeof *texture);
    }
    for (int64_t p = 0; p < pixels; p++)
        if (mask[p]) {
            count++;
            sum += texture[p];
        }
    double mean = sum / count;
    for (int64_t p = 0; p < pixels; p++)
        if (mask[p])
            squares += (texture[p] - mean) * (texture[p] - mean);
    double scale = squares > 0 ? 1 / sqrt(squares / count) : 0;
    for (int64_t p = 0; p < pixels; p++)
        texture[p] = (texture[p] - mean) * scale;
}

/* depth: the distance from the centre as a share of the boundary's there, below 1 inside. */
static int64_t draw_mask(const fgf_phantom *phantom, const outline *o, uint8_t *mask, double *depth)
{
    const int64_t side = phantom->settings.size;
    int64_t inside = 0, p = 0;
    for (int64_t slice = 0; slice < phantom->settings.depth; slice++) {
        const double up = o->height > 0 ? ((double)slice - o->slice) / o->height : 0;
        for (int64_t row = 0; row < side; row++)
            for (int64_t column = 0; column < side; column++, p++) {
                depth[p] = depth_in_slice(o, (double)row, (double)column);
                if (o->height > 0)
                    depth[p] = sqrt(depth[p] * depth[p] + up * up);
                mask[p] = depth[p] < 1;
                inside += mask[p];
            }
    }
    return inside;
}

/* Of an image. */
static int64_t pixel_count(const fgf_phantom_settings *s)
{
    return s->depth * s->size * s->size;
}

/* One channel in HU, its mean over the mask exactly `mean` before noise, then windowed. */
static void draw_channel(const fgf_phantom *phantom, fgf_stream noise, double mean,
                         double amplitude, double rim, const uint8_t *mask, const double *depth,
                         const double *texture, float *image)
{
    const int64_t pixels = pixel_count(&phantom->settings);
    double rim_mean = 0, inside = 0;
    for (int64_t p = 0; p < pixels; p++)
        if (mask[p]) {
            rim_mean += depth[p] * depth[p];
            inside++;
        }
    rim_mean /= inside;
    for (int64_t p = 0; p < pixels; p++) {
        image[p] = 0;
        if (!mask[p])
            continue;
        double value = mean + amplitude * texture[p] + rim * (depth[p] * depth[p] - rim_mean) +
                       phantom->settings.noise * fgf_stream_normal(&noise);
        double x =
            (value - FGF_PHANTOM_WINDOW_LOW) / (FGF_PHANTOM_WINDOW_HIGH - FGF_PHANTOM_WINDOW_LOW);
        image[p] = (float)fmax(0, fmin(1, x));
    }
}

size_t fgf_phantom_work_size(const fgf_phantom *phantom)
{
    return 3 * (size_t)pixel_count(&phantom->settings);
}

int64_t fgf_phantom_render(const fgf_phantom *phantom, const fgf_phantom_case *truth, float *image,
                           uint8_t *mask, double *work)
{
    const int64_t pixels = pixel_count(&phantom->settings);
    double *depth = work, *texture = work + pixels, *spare = work + 2 * pixels;
    const outline shape = draw_outline(phantom, truth);
    const int64_t inside = draw_mask(phantom, &shape, mask, depth);
    for (int64_t channel = 0; channel < phantom->settings.channels; channel++) {
        const bool first = channel == 0;
        const uint64_t index = truth->index * 16 + (uint64_t)channel;
        double mean = 75 + (first ? 25 * bounded(truth->trait[FGF_TRAIT_MEAN]) : 0);
        double amplitude = 15 * exp(first ? 0.3 * bounded(truth->trait[FGF_TRAIT_TEXTURE]) : 0);
        double rim = first ? 15 * bounded(truth->trait[FGF_TRAIT_RIM]) : 0;
        draw_texture(phantom, open_stream(phantom, DRAW_TEXTURE, index), mask, texture, spare);
        draw_channel(phantom, open_stream(phantom, DRAW_NOISE, index), mean, amplitude, rim, mask,
                     depth, texture, image + channel * pixels);
    }
    return inside;
}
