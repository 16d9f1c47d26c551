/* The group operations on all ranks against the same work done by one; prints the checksum of all
 * sums, which has to be the same for any number of ranks. */
#include "check.h"
#include "fgf/hash.h"
#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/random.h"

#include <string.h>
#include <time.h>

enum distribution { BLOCKS, CYCLIC, RANDOM, ALL_ON_LAST, DISTRIBUTIONS };

static int owner(enum distribution how, uint32_t leaf, uint32_t leaves, int size)
{
    fgf_stream stream = fgf_stream_open(7, FGF_PURPOSE_TEST, leaf, leaves);
    switch (how) {
    case BLOCKS:
        return (int)((uint64_t)leaf * (uint64_t)size / leaves);
    case CYCLIC:
        return (int)(leaf % (uint32_t)size);
    case RANDOM:
        return (int)fgf_stream_below(&stream, (uint32_t)size);
    default:
        return size - 1;
    }
}

static void fill_leaf(fgf_real *vector, size_t length, uint32_t leaf)
{
    fgf_stream stream = fgf_stream_open(3, FGF_PURPOSE_TEST, leaf, length);
    /* Magnitudes far apart, so that another order of addition shows in the bits. */
    for (size_t k = 0; k < length; k++)
        vector[k] =
            (fgf_real)(fgf_stream_normal(&stream) * (double)(1 << (fgf_stream_bits(&stream) % 20)));
}

static fgf_status sum(fgf_group *group, fgf_tree *tree, uint32_t leaves, enum distribution how,
                      fgf_real *scratch, fgf_real *result)
{
    fgf_status status = FGF_OK;
    fgf_tree_reset(tree, leaves);
    for (uint32_t leaf = 0; leaf < leaves; leaf++) {
        if (owner(how, leaf, leaves, group->size) != group->rank)
            continue;
        fill_leaf(scratch, fgf_tree_length(tree), leaf);
        FGF_TRY(fgf_tree_add(tree, leaf, scratch));
    }
    FGF_TRY(fgf_group_tree_sum(group, tree, result));
done:
    return status;
}

static fgf_status check_sums(fgf_group *group, size_t length, unsigned long long *checksum)
{
    static const uint32_t leaf_counts[] = {1, 2, 3, 5, 7, 8, 13, 33};
    fgf_status status = FGF_OK;
    fgf_tree *tree = NULL;
    fgf_real *scratch = NULL, *expected = NULL, *result = NULL;
    FGF_TRY(fgf_tree_create(length, &tree));
    FGF_TRY(FGF_ALLOCATE(length, &scratch));
    FGF_TRY(FGF_ALLOCATE(length, &expected));
    FGF_TRY(FGF_ALLOCATE(length, &result));
    for (size_t n = 0; n < sizeof leaf_counts / sizeof leaf_counts[0]; n++) {
        FGF_TRY(sum(fgf_group_serial(), tree, leaf_counts[n], BLOCKS, scratch, expected));
        *checksum = fgf_checksum(expected, length * sizeof *expected, *checksum);
        for (int how = 0; how < DISTRIBUTIONS; how++) {
            FGF_TRY(sum(group, tree, leaf_counts[n], (enum distribution)how, scratch, result));
            CHECK(memcmp(result, expected, length * sizeof *result) == 0,
                  "length %zu, %u leaves, distribution %d", length, leaf_counts[n], how);
        }
    }
done:
    fgf_tree_destroy(&tree);
    fgf_free(scratch);
    fgf_free(expected);
    fgf_free(result);
    return status;
}

static void check_broken_sums(fgf_group *group)
{
    fgf_real vector[3] = {1, 2, 3}, result[3];
    fgf_tree *tree = NULL;
    CHECK(fgf_tree_create(3, &tree) == FGF_OK, "create");
    fgf_tree_reset(tree, 2);
    if (group->rank == 0)
        CHECK(fgf_tree_add(tree, 0, vector) == FGF_OK, "add");
    CHECK(fgf_group_tree_sum(group, tree, result) == FGF_INTERNAL, "a leaf is missing");
    fgf_tree_destroy(&tree);

    /* Out of memory while the others' nodes arrive: everybody hears of it and nobody hangs. */
    uint32_t leaves = (uint32_t)group->size;
    CHECK(fgf_tree_create(3, &tree) == FGF_OK, "create");
    fgf_tree_reset(tree, leaves);
    CHECK(fgf_tree_add(tree, (uint32_t)group->rank, vector) == FGF_OK, "add");
    fgf_allocation_fail_at(group->rank == 0 ? 1 : 0);
    fgf_status status = fgf_group_tree_sum(group, tree, result);
    fgf_allocation_fail_at(0);
    CHECK(status == (leaves > 1 ? FGF_MEMORY : FGF_OK), "status %d", (int)status);
    fgf_tree_destroy(&tree);
}

static void check_agree(fgf_group *group)
{
    CHECK(fgf_group_agree(group, FGF_OK) == FGF_OK, "nobody failed");
    for (int culprit = 0; culprit < group->size; culprit++) {
        char expected[64];
        fgf_status mine = FGF_OK;
        if (group->rank == culprit)
            mine = fgf_fail(FGF_DATA, __FILE__, __LINE__, "case %d is bad", culprit);
        CHECK(fgf_group_agree(group, mine) == FGF_DATA, "culprit %d", culprit);
        snprintf(expected, sizeof expected, "case %d is bad", culprit);
        CHECK(strcmp(fgf_last_error()->message, expected) == 0, "culprit %d", culprit);
        CHECK(fgf_last_error()->status == FGF_DATA, "culprit %d", culprit);
    }
    /* All fail alike: the lowest rank's error. */
    fgf_status mine = fgf_fail(FGF_NUMERIC, __FILE__, __LINE__, "rank %d", group->rank);
    CHECK(fgf_group_agree(group, mine) == FGF_NUMERIC, "all fail");
    CHECK(strcmp(fgf_last_error()->message, "rank 0") == 0, "the lowest rank's error");
    /* What cannot be mended outweighs a request to stop. */
    mine = group->rank == group->size - 1 ? fgf_fail(FGF_INTERNAL, __FILE__, __LINE__, "worst")
                                          : fgf_fail(FGF_STOPPED, __FILE__, __LINE__, "stopped");
    CHECK(fgf_group_agree(group, mine) == FGF_INTERNAL, "the worst");
    CHECK(strcmp(fgf_last_error()->message, "worst") == 0, "the worst's message");
    CHECK(fgf_group_agree(group, FGF_OK) == FGF_OK, "an old error is not a new one");
}

static void check_merge(fgf_group *group, size_t items)
{
    double *table = NULL;
    CHECK(FGF_ALLOCATE(items, &table) == FGF_OK, "allocate");
    for (size_t k = 0; k < items; k++) {
        if (k % (size_t)group->size == (size_t)group->rank)
            table[k] = 1.0 / (double)(k + 1);
    }
    CHECK(fgf_group_merge(group, table, items * sizeof *table) == FGF_OK, "merge");
    for (size_t k = 0; k < items; k++)
        CHECK(table[k] == 1.0 / (double)(k + 1), "item %zu of %zu", k, items);
    fgf_free(table);
}

/* `counts` [items] of all ranks, added up in place. */
static void add_up(fgf_group *group, unsigned char *counts, size_t items)
{
    unsigned char *table = NULL;
    size_t ranks = (size_t)group->size;
    CHECK(FGF_ALLOCATE(ranks * items, &table) == FGF_OK, "allocate");
    memcpy(table + (size_t)group->rank * items, counts, items);
    CHECK(fgf_group_merge(group, table, ranks * items) == FGF_OK, "merge");
    memset(counts, 0, items);
    for (size_t k = 0; k < ranks * items; k++)
        counts[k % items] = (unsigned char)(counts[k % items] + table[k]);
    fgf_free(table);
}

/* A little work of uneven length. */
static void dawdle(fgf_group *group, size_t index)
{
    fgf_stream stream = fgf_stream_open(index, FGF_PURPOSE_TEST, (uint64_t)group->rank, 5);
    double end = fgf_seconds() + 2e-4 * fgf_stream_uniform(&stream);
    while (fgf_seconds() < end)
        ;
}

/* Each index is handed out once, whatever the number that a rank works at together. */
static void check_share(fgf_group *group, size_t count, size_t lanes)
{
    unsigned char *taken = NULL;
    fgf_share share;
    size_t index, held = 0;
    CHECK(FGF_ALLOCATE(count + 1, &taken) == FGF_OK, "allocate");
    CHECK(fgf_share_open(group, count, &share) == FGF_OK, "open");
    for (;;) {
        while (held < lanes && fgf_share_take(&share, held, &index)) {
            CHECK(index < count, "index %zu of %zu", index, count);
            taken[index]++;
            held++;
        }
        if (held == 0)
            break;
        dawdle(group, held--);
    }
    CHECK(!fgf_share_take(&share, 0, &index), "more than %zu", count);
    fgf_share_close(&share);
    fgf_share_close(&share);
    add_up(group, taken, count + 1);
    for (size_t k = 0; k < count; k++)
        CHECK(taken[k] == 1, "index %zu of %zu was handed out %d times", k, count, taken[k]);
    fgf_free(taken);
}

/* Where a rank leaves early nobody hangs, and the others get no further work. */
static void check_left_share(fgf_group *group, int culprit)
{
    const struct timespec pause = {0, 2000000};
    unsigned char *taken = NULL;
    fgf_share share;
    size_t index, count = 100000, left = 0;
    CHECK(FGF_ALLOCATE(count, &taken) == FGF_OK, "allocate");
    CHECK(fgf_share_open(group, count, &share) == FGF_OK, "open");
    for (size_t held = 0; fgf_share_take(&share, held, &index); held = share.end - share.next) {
        taken[index]++;
        if (group->rank == culprit) {
            while (share.next < share.end)
                taken[share.next++]++; /* what it leaves undone was handed out all the same */
            break;
        }
        if (held == 0)
            nanosleep(&pause, NULL);
    }
    fgf_share_close(&share);
    fgf_status mine = FGF_OK;
    if (group->rank == culprit)
        mine = fgf_fail(FGF_DATA, __FILE__, __LINE__, "rank %d left", culprit);
    CHECK(fgf_group_agree(group, mine) == FGF_DATA, "culprit %d", culprit);
    add_up(group, taken, count);
    for (size_t k = 0; k < count; k++)
        left += taken[k] == 0;
    CHECK(left > 0 || group->size == 1, "all was handed out after rank %d had left", culprit);
    fgf_free(taken);
}

/* The counter's owner computes for a second and enters no MPI call; the others do not wait. */
static void check_late_owner(fgf_group *group)
{
    fgf_share share;
    size_t index;
    CHECK(fgf_share_open(group, 100, &share) == FGF_OK, "open");
    double start = fgf_seconds(), longest = 0;
    while (group->rank == 0 && group->size > 1 && fgf_seconds() < start + 1)
        ;
    for (;;) {
        double asked = fgf_seconds();
        bool got = fgf_share_take(&share, 0, &index);
        double waited = fgf_seconds() - asked;
        longest = waited > longest ? waited : longest;
        if (!got)
            break;
    }
    if (group->rank != 0)
        CHECK(fgf_seconds() - start < 0.9, "the last took %g s", longest);
    fgf_share_close(&share);
}

static void check_broadcast(fgf_par *par, size_t bytes)
{
    unsigned char *data = NULL;
    CHECK(FGF_ALLOCATE(bytes, &data) == FGF_OK, "allocate");
    for (int root = 0; root < fgf_par_size(par); root++) {
        memset(data, fgf_par_rank(par) == root ? root + 1 : 0, bytes);
        fgf_par_broadcast(par, data, bytes, root);
        for (size_t k = 0; k < bytes; k++)
            CHECK(data[k] == root + 1, "root %d byte %zu", root, k);
    }
    fgf_free(data);
}

static void check_texts(fgf_par *par)
{
    fgf_buffer lines = {0}, expected = {0};
    char mine[32];
    int size = fgf_par_size(par), rank = fgf_par_rank(par);
    snprintf(mine, sizeof mine, "text of %d", rank);
    CHECK(fgf_par_gather_text(par, mine, &lines) == FGF_OK, "gather");
    for (int k = 0; k < size; k++)
        fgf_buffer_add(&expected, "text of %d\n", k);
    if (rank == 0)
        CHECK(strcmp(lines.text, expected.text) == 0, "%s", lines.text);
    else
        CHECK(lines.length == 0, "only rank 0 gets the lines");
    fgf_buffer_clear(&lines);
    fgf_buffer_clear(&expected);

    CHECK(fgf_par_same_text(par, "the BLAS core", "Haswell", "") == FGF_OK, "same");
    if (size > 1) {
        const char *text = rank == size - 1 ? "SkylakeX" : "Haswell";
        fgf_status status = fgf_par_same_text(par, "the BLAS core", text, "set OPENBLAS_CORETYPE");
        CHECK(status == FGF_ENVIRONMENT, "status %d", (int)status);
        const char *message = fgf_last_error()->message;
        CHECK(strstr(message, "the BLAS core differs between ranks: Haswell on host ") &&
                  strstr(message, "SkylakeX on host ") && strstr(message, fgf_par_host(par)) &&
                  strstr(message, "set OPENBLAS_CORETYPE"),
              "%s", message);
    }
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = {0, 1, 5, 1000, 100003};
    fgf_par *par = NULL;
    unsigned long long checksum = 0;
    if (fgf_par_start(&argc, &argv, &par) != FGF_OK)
        return 1;
    fgf_group *group = fgf_par_world(par);
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
        CHECK(check_sums(group, lengths[k], &checksum) == FGF_OK, "length %zu", lengths[k]);
    check_broken_sums(group);
    check_agree(group);
    for (size_t items = 0; items < 20000; items = items * 3 + 1)
        check_merge(group, items);
    for (size_t count = 0; count < 500; count = count * 2 + 1) {
        check_share(group, count, 1);
        check_share(group, count, 16);
    }
    for (int culprit = 0; culprit < group->size; culprit++)
        check_left_share(group, culprit);
    check_late_owner(group);
    check_broadcast(par, 0);
    check_broadcast(par, 1);
    check_broadcast(par, 300001);
    check_texts(par);
    if (group->rank == 0)
        printf("checksum %016llx\n", checksum);
    fgf_par_finish(&par);
    return 0;
}
