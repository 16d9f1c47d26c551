#include "fgf/group.h"
#include "fgf/memory.h"
#include "fgf/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LENGTH = 3, MOST_LEAVES = 70 };

static void fill_leaf(fgf_real vector[LENGTH], uint32_t leaf)
{
    fgf_stream stream = fgf_stream_open(leaf, FGF_PURPOSE_TEST, 0, 0);
    for (int k = 0; k < LENGTH; k++)
        vector[k] = (fgf_real)(fgf_stream_normal(&stream) * (double)(1u << (leaf % 20)));
}

/* The definition in group.h, word for word: the sum of the leaves under node (level, index). */
static void define_node(uint32_t level, uint32_t index, uint32_t leaves, fgf_real out[LENGTH])
{
    uint64_t right_first = (uint64_t)(2 * index + 1) << (level ? level - 1 : 0);
    if (level == 0) {
        fill_leaf(out, index);
        return;
    }
    define_node(level - 1, 2 * index, leaves, out);
    if (right_first < leaves) {
        fgf_real right[LENGTH];
        define_node(level - 1, 2 * index + 1, leaves, right);
        for (int k = 0; k < LENGTH; k++)
            out[k] += right[k];
    }
}

static void define_sum(uint32_t leaves, fgf_real out[LENGTH])
{
    uint32_t level = 0;
    while ((1u << level) < leaves)
        level++;
    define_node(level, 0, leaves, out);
}

static fgf_tree *tree_of_length(void)
{
    fgf_tree *tree = NULL;
    assert_int_equal(fgf_tree_create(LENGTH, &tree), FGF_OK);
    assert_int_equal(fgf_tree_length(tree), LENGTH);
    return tree;
}

static void add_leaf(fgf_tree *tree, uint32_t leaf)
{
    fgf_real vector[LENGTH];
    fill_leaf(vector, leaf);
    assert_int_equal(fgf_tree_add(tree, leaf, vector), FGF_OK);
}

static void expect_sum(fgf_tree *tree, uint32_t leaves)
{
    fgf_real expected[LENGTH], result[LENGTH];
    define_sum(leaves, expected);
    const fgf_real *root = fgf_tree_root(tree);
    assert_non_null(root);
    assert_memory_equal(root, expected, sizeof expected);
    assert_int_equal(fgf_group_tree_sum(fgf_group_serial(), tree, result), FGF_OK);
    assert_memory_equal(result, expected, sizeof expected);
}

static void the_sum_is_the_definition_s(void **state)
{
    fgf_tree *tree = tree_of_length();
    (void)state;
    for (uint32_t leaves = 1; leaves <= MOST_LEAVES; leaves++) {
        fgf_tree_reset(tree, leaves);
        for (uint32_t leaf = 0; leaf < leaves; leaf++) {
            assert_null(fgf_tree_root(tree));
            add_leaf(tree, leaf);
            assert_true(fgf_tree_node_count(tree) <= 8);
        }
        expect_sum(tree, leaves);
    }
    fgf_tree_destroy(&tree);
    assert_null(tree);
}

static void any_order_gives_the_same_bits(void **state)
{
    fgf_tree *tree = tree_of_length();
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, 1, 1);
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint32_t leaves = 1 + fgf_stream_below(&stream, MOST_LEAVES), order[MOST_LEAVES];
        for (uint32_t k = 0; k < leaves; k++)
            order[k] = k;
        fgf_stream_shuffle(&stream, order, leaves);
        fgf_tree_reset(tree, leaves);
        for (uint32_t k = 0; k < leaves; k++)
            add_leaf(tree, order[k]);
        expect_sum(tree, leaves);
    }
    fgf_tree_destroy(&tree);
}

/* As ranks do: leaves spread over several trees, whose nodes one tree then adds. */
static void any_distribution_gives_the_same_bits(void **state)
{
    enum { TREES = 5 };
    fgf_tree *trees[TREES];
    fgf_stream stream = fgf_stream_open(2, FGF_PURPOSE_TEST, 1, 1);
    (void)state;
    for (int k = 0; k < TREES; k++)
        trees[k] = tree_of_length();
    for (int round = 0; round < 300; round++) {
        uint32_t leaves = 1 + fgf_stream_below(&stream, MOST_LEAVES);
        for (int k = 0; k < TREES; k++)
            fgf_tree_reset(trees[k], leaves);
        for (uint32_t leaf = 0; leaf < leaves; leaf++)
            add_leaf(trees[fgf_stream_below(&stream, TREES)], leaf);
        for (int k = 1; k < TREES; k++) {
            for (size_t n = 0; n < fgf_tree_node_count(trees[k]); n++) {
                uint32_t level, index;
                const fgf_real *vector = fgf_tree_node(trees[k], n, &level, &index);
                assert_int_equal(fgf_tree_add_node(trees[0], level, index, vector), FGF_OK);
            }
        }
        expect_sum(trees[0], leaves);
    }
    for (int k = 0; k < TREES; k++)
        fgf_tree_destroy(&trees[k]);
}

/* As the ordered sum over ranks does it: the additions are planned from the nodes' names alone. */
static void a_plan_adds_in_the_same_order(void **state)
{
    enum { TREES = 5 };
    fgf_tree *trees[TREES];
    fgf_stream stream = fgf_stream_open(3, FGF_PURPOSE_TEST, 1, 1);
    (void)state;
    for (int k = 0; k < TREES; k++)
        trees[k] = tree_of_length();
    for (int round = 0; round < 300; round++) {
        uint32_t leaves = 1 + fgf_stream_below(&stream, MOST_LEAVES);
        fgf_real *at[MOST_LEAVES] = {NULL}, *vector[MOST_LEAVES], expected[LENGTH];
        fgf_tree_name names[MOST_LEAVES], found[MOST_LEAVES];
        fgf_tree_step steps[MOST_LEAVES];
        size_t count = 0;
        for (int k = 0; k < TREES; k++)
            fgf_tree_reset(trees[k], leaves);
        for (uint32_t leaf = 0; leaf < leaves; leaf++)
            add_leaf(trees[fgf_stream_below(&stream, TREES)], leaf);
        for (int k = 0; k < TREES; k++) {
            for (size_t n = 0; n < fgf_tree_node_count(trees[k]); n++) {
                fgf_tree_name name;
                fgf_real *node = fgf_tree_node(trees[k], n, &name.level, &name.index);
                at[name.index << name.level] = node;
                found[name.index << name.level] = name;
            }
        }
        for (uint32_t leaf = 0; leaf < leaves; leaf++) {
            if (at[leaf]) {
                names[count] = found[leaf];
                vector[count++] = at[leaf];
            }
        }
        fgf_tree_name fewer[MOST_LEAVES];
        for (size_t k = 1; k < count; k++)
            fewer[k - 1] = names[k];
        assert_false(fgf_tree_plan(leaves, fewer, count - 1, steps));
        assert_true(fgf_tree_plan(leaves, names, count, steps));
        for (size_t k = 0; k + 1 < count; k++)
            for (int i = 0; i < LENGTH; i++)
                vector[steps[k].left][i] += vector[steps[k].right][i];
        define_sum(leaves, expected);
        assert_memory_equal(vector[0], expected, sizeof expected);
    }
    for (int k = 0; k < TREES; k++)
        fgf_tree_destroy(&trees[k]);
}

static void a_missing_leaf_is_an_error(void **state)
{
    fgf_real result[LENGTH];
    fgf_tree *tree = tree_of_length();
    (void)state;
    for (uint32_t missing = 0; missing < 9; missing++) {
        fgf_tree_reset(tree, 9);
        for (uint32_t leaf = 0; leaf < 9; leaf++) {
            if (leaf != missing)
                add_leaf(tree, leaf);
        }
        assert_null(fgf_tree_root(tree));
        assert_int_equal(fgf_group_tree_sum(fgf_group_serial(), tree, result), FGF_INTERNAL);
        assert_non_null(strstr(fgf_last_error()->message, "leaves"));
    }
    fgf_tree_destroy(&tree);
}

static void later_sums_allocate_nothing(void **state)
{
    fgf_tree *tree = tree_of_length();
    (void)state;
    for (int round = 0; round < 3; round++) {
        fgf_allocation_fail_at(round > 0 ? 1 : 0);
        fgf_tree_reset(tree, 37);
        for (uint32_t leaf = 0; leaf < 37; leaf++)
            add_leaf(tree, leaf);
        expect_sum(tree, 37);
        fgf_allocation_fail_at(0);
    }
    fgf_tree_destroy(&tree);
}

static void memory_failures_lose_nothing(void **state)
{
    (void)state;
    for (long n = 1; n <= 12; n++) {
        fgf_tree *tree = NULL;
        fgf_allocation_fail_at(n);
        if (fgf_tree_create(LENGTH, &tree) != FGF_OK) {
            fgf_allocation_fail_at(0);
            assert_null(tree);
            continue;
        }
        fgf_tree_reset(tree, 20);
        for (uint32_t leaf = 0; leaf < 20; leaf++) {
            fgf_real vector[LENGTH];
            fill_leaf(vector, leaf * 7 % 20); /* far apart, so that many nodes are held */
            fgf_status status = fgf_tree_add(tree, leaf * 7 % 20, vector);
            if (status == FGF_OK)
                continue;
            assert_int_equal(status, FGF_MEMORY);
            assert_int_equal(fgf_tree_add(tree, leaf * 7 % 20, vector), FGF_OK); /* once more */
        }
        fgf_allocation_fail_at(0);
        expect_sum(tree, 20);
        fgf_tree_destroy(&tree);
    }
}

static void the_serial_group_is_the_identity(void **state)
{
    fgf_group *group = fgf_group_serial();
    char table[] = "abc";
    (void)state;
    assert_int_equal(group->rank, 0);
    assert_int_equal(group->size, 1);
    assert_int_equal(fgf_group_agree(group, FGF_OK), FGF_OK);
    assert_int_equal(fgf_group_agree(group, FGF_DATA), FGF_DATA);
    assert_int_equal(fgf_group_merge(group, table, sizeof table), FGF_OK);
    assert_string_equal(table, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_is_the_definition_s),
        cmocka_unit_test(any_order_gives_the_same_bits),
        cmocka_unit_test(any_distribution_gives_the_same_bits),
        cmocka_unit_test(a_plan_adds_in_the_same_order),
        cmocka_unit_test(a_missing_leaf_is_an_error),
        cmocka_unit_test(later_sums_allocate_nothing),
        cmocka_unit_test(memory_failures_lose_nothing),
        cmocka_unit_test(the_serial_group_is_the_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
