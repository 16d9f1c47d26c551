/* Co-occurrence and run-length features straight from their defining sums, with soft or hard bins:
 * what src/feature is held against. Levels are 1 to LEVELS, level k an intensity of k - 0.5 to
 * k + 0.5. */
#ifndef FGF_TEXTURE_DEFINITIONS_H
#define FGF_TEXTURE_DEFINITIONS_H

#include "unit/feature/scene.h"

enum { LEVELS = 6, LINE = 16 };

/* The share of a voxel in level k: hard, or by the Gaussian itself. */
static inline double share_of(double q, int level, double width)
{
    double sum = 0;
    if (width == 0)
        return fmin(fmax(floor(q + 0.5), 1), LEVELS) == level;
    for (int k = 1; k <= LEVELS; k++)
        sum += exp((pow(q - level, 2) - pow(q - k, 2)) / (2 * width * width));
    return 1 / sum;
}

static inline long voxel_at(const scene *s, int z, int y, int x)
{
    if (z < 0 || z >= s->shape.depth || y < 0 || y >= s->shape.height || x < 0 ||
        x >= s->shape.width)
        return -1;
    const long at = ((long)z * s->shape.height + y) * s->shape.width + x;
    return s->mask[at] ? at : -1;
}

static inline long neighbour_of(const scene *s, long at, const int step[3], int times)
{
    const int width = s->shape.width, height = s->shape.height;
    return voxel_at(s, (int)(at / width / height) + times * step[0],
                    (int)(at / width % height) + times * step[1],
                    (int)(at % width) + times * step[2]);
}

/* All steps to neighbours but their opposites: those whose first part that is not 0 is positive. */
static inline int all_steps(int step[13][3])
{
    int count = 0;
    for (int n = 0; n < 27; n++) {
        const int z = n / 9 - 1, y = n / 3 % 3 - 1, x = n % 3 - 1;
        if (z > 0 || (z == 0 && (y > 0 || (y == 0 && x > 0))))
            memcpy(step[count++], (int[3]){z, y, x}, sizeof(int[3]));
    }
    return count;
}

/* P by its definition; [0] is not used. */
static inline void find_joint(const scene *s, int distance, double width,
                              double P[LEVELS + 1][LEVELS + 1])
{
    int step[13][3];
    const int steps = all_steps(step);
    double pairs = 0;
    memset(P, 0, sizeof(double[LEVELS + 1][LEVELS + 1]));
    for (long i = 0; i < (long)scene_pixels(s); i++)
        for (int d = 0; s->mask[i] && d < steps; d++) {
            const long j = neighbour_of(s, i, step[d], distance);
            if (j < 0)
                continue;
            pairs += 2;
            for (int a = 1; a <= LEVELS; a++)
                for (int b = 1; b <= LEVELS; b++)
                    P[a][b] += share_of(s->image[i], a, width) * share_of(s->image[j], b, width) +
                               share_of(s->image[j], a, width) * share_of(s->image[i], b, width);
        }
    for (int a = 1; a <= LEVELS; a++)
        for (int b = 1; b <= LEVELS; b++)
            P[a][b] /= pairs;
}

static inline double term(double p)
{
    return p > 0 ? -p * log(p) : 0;
}

/* IBSI 3.6, feature by feature. */
static inline double joint_feature(const char *name, double P[LEVELS + 1][LEVELS + 1])
{
    double E[20] = {0}, mu = 0, level[LEVELS + 1] = {0}, sum[2 * LEVELS + 1] = {0};
    double difference[LEVELS] = {0}, H = 0, H1 = 0, HXY1 = 0, HS = 0, HD = 0, absolute = 0;
    for (int a = 1; a <= LEVELS; a++)
        for (int b = 1; b <= LEVELS; b++) {
            mu += a * P[a][b];
            level[a] += P[a][b];
            sum[a + b] += P[a][b];
            difference[abs(a - b)] += P[a][b];
            absolute += abs(a - b) * P[a][b];
            H += term(P[a][b]);
        }
    for (int k = 0; k <= 2 * LEVELS; k++) {
        H1 += k <= LEVELS ? term(level[k]) : 0;
        HD += k < LEVELS ? term(difference[k]) : 0;
        HS += term(sum[k]);
    }
    for (int a = 1; a <= LEVELS; a++)
        for (int b = 1; b <= LEVELS; b++) {
            const double p = P[a][b], k = abs(a - b), M = LEVELS;
            const double value[] = {k * k,
                                    k,
                                    1 / (1 + k),
                                    1 / (1 + k / M),
                                    1 / (1 + k * k),
                                    1 / (1 + k * k / (M * M)),
                                    k > 0 ? 1 / (k * k) : 0,
                                    pow(k - absolute, 2),
                                    a,
                                    pow(a - mu, 2),
                                    a * b,
                                    (a - mu) * (b - mu),
                                    pow(a + b - 2 * mu, 2),
                                    pow(a + b - 2 * mu, 3),
                                    pow(a + b - 2 * mu, 4),
                                    p};
            for (size_t n = 0; n < sizeof value / sizeof value[0]; n++)
                E[n] += p * value[n];
            HXY1 -= p > 0 ? p * log(level[a] * level[b]) : 0;
        }
    const char *const names[] = {"contrast",
                                 "dissimilarity",
                                 "inverse_difference",
                                 "inverse_difference_normalised",
                                 "inverse_difference_moment",
                                 "inverse_difference_moment_normalised",
                                 "inverse_variance",
                                 "difference_variance",
                                 "joint_average",
                                 "joint_variance",
                                 "autocorrelation",
                                 "correlation",
                                 "cluster_tendency",
                                 "cluster_shade",
                                 "cluster_prominence",
                                 "angular_second_moment",
                                 "joint_entropy",
                                 "difference_entropy",
                                 "sum_entropy",
                                 "information_correlation_1",
                                 "information_correlation_2"};
    E[11] /= E[9];
    E[16] = H;
    E[17] = HD;
    E[18] = HS;
    if (strcmp(name, names[19]) == 0)
        return (H - HXY1) / H1;
    if (strcmp(name, names[20]) == 0)
        return sqrt(1 - exp(-2 * (HXY1 - H) / log(2)));
    for (int n = 0; n < 19; n++)
        if (strcmp(name, names[n]) == 0)
            return E[n];
    fail_msg("co-occurrence feature '%s' is not known to the test", name);
    return NAN;
}

/* R by its definition, run by run: [level][length]. */
static inline void find_runs(const scene *s, double width, double R[LEVELS + 1][LINE])
{
    int step[13][3];
    const int steps = s->shape.depth > 1 ? all_steps(step) : all_steps(step) - 9;
    memset(R, 0, sizeof(double[LEVELS + 1][LINE]));
    if (s->shape.depth == 1)
        memcpy(step, (int[4][3]){{0, 0, 1}, {0, 1, -1}, {0, 1, 0}, {0, 1, 1}}, sizeof(int[4][3]));
    for (long i = 0; i < (long)scene_pixels(s); i++)
        for (int d = 0; s->mask[i] && d < steps; d++)
            for (int b = 1; b <= LEVELS; b++) {
                const long before = neighbour_of(s, i, step[d], -1);
                double all = before < 0 ? 1 : 1 - share_of(s->image[before], b, width);
                long last = i;
                for (int l = 1; last >= 0; l++) {
                    const long next = neighbour_of(s, last, step[d], 1);
                    all *= share_of(s->image[last], b, width);
                    R[b][l] += all * (next < 0 ? 1 : 1 - share_of(s->image[next], b, width));
                    last = next;
                }
            }
}

/* IBSI 3.7, feature by feature; `voxels` once for each direction. */
static inline double run_feature(const char *name, double R[LEVELS + 1][LINE], double voxels)
{
    double S = 0, E[16] = {0}, level_mean = 0, length_mean = 0;
    for (int b = 1; b <= LEVELS; b++)
        for (int l = 1; l < LINE; l++)
            S += R[b][l];
    for (int b = 1; b <= LEVELS; b++)
        for (int l = 1; l < LINE; l++) {
            level_mean += b * R[b][l] / S;
            length_mean += l * R[b][l] / S;
        }
    for (int b = 1; b <= LEVELS; b++)
        for (int l = 1; l < LINE; l++) {
            const double r = R[b][l] / S, b2 = b * b, l2 = l * l;
            const double value[] = {1 / l2,
                                    l2,
                                    1 / b2,
                                    b2,
                                    1 / (b2 * l2),
                                    b2 / l2,
                                    l2 / b2,
                                    b2 * l2,
                                    pow(b - level_mean, 2),
                                    pow(l - length_mean, 2)};
            for (size_t n = 0; n < sizeof value / sizeof value[0]; n++)
                E[n] += r * value[n];
            E[10] += term(r);
        }
    for (int b = 1; b <= LEVELS; b++) {
        double sum = 0;
        for (int l = 1; l < LINE; l++)
            sum += R[b][l];
        E[11] += sum * sum / S;
    }
    for (int l = 1; l < LINE; l++) {
        double sum = 0;
        for (int b = 1; b <= LEVELS; b++)
            sum += R[b][l];
        E[12] += sum * sum / S;
    }
    E[13] = E[11] / S;
    E[14] = E[12] / S;
    E[15] = S / voxels;
    const char *const names[] = {"short_emphasis",
                                 "long_emphasis",
                                 "low_grey_emphasis",
                                 "high_grey_emphasis",
                                 "short_low_grey_emphasis",
                                 "short_high_grey_emphasis",
                                 "long_low_grey_emphasis",
                                 "long_high_grey_emphasis",
                                 "grey_variance",
                                 "length_variance",
                                 "entropy",
                                 "grey_nonuniformity",
                                 "length_nonuniformity",
                                 "grey_nonuniformity_normalised",
                                 "length_nonuniformity_normalised",
                                 "percentage"};
    for (int n = 0; n < 16; n++)
        if (strcmp(name, names[n]) == 0)
            return E[n];
    fail_msg("run-length feature '%s' is not known to the test", name);
    return NAN;
}

#endif
