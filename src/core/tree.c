/* The fixed summation tree of group.h.
 *
 * A node list ordered by first leaf. Adding a node merges it with its sibling as soon as both are
 * there, so the order of the additions is the tree's and not that of arrival. */
#include "fgf/group.h"
#include "fgf/memory.h"

#include <string.h>

struct node {
    uint32_t level, index;
    fgf_real *vector;
};

struct fgf_tree {
    size_t length;
    uint32_t leaf_count;
    struct node *nodes; /* [node_count], ordered by the first leaf that they cover */
    size_t node_count, node_capacity;
    fgf_real **spare; /* vectors not in use, kept for the next sum */
    size_t spare_count, spare_capacity;
    void *work; /* [work_bytes] */
    size_t work_bytes;
};

fgf_status fgf_tree_create(size_t length, fgf_tree **out)
{
    fgf_status status = FGF_OK;
    fgf_tree *tree = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &tree));
    tree->length = length;
    *out = tree;
done:
    return status;
}

void fgf_tree_destroy(fgf_tree **tree)
{
    fgf_tree *t = *tree;
    if (t) {
        for (size_t k = 0; k < t->node_count; k++)
            fgf_free(t->nodes[k].vector);
        for (size_t k = 0; k < t->spare_count; k++)
            fgf_free(t->spare[k]);
        fgf_free(t->nodes);
        fgf_free(t->spare);
        fgf_free(t->work);
        fgf_free(t);
    }
    *tree = NULL;
}

size_t fgf_tree_length(const fgf_tree *tree)
{
    return tree->length;
}

/* Room for one more node and one more spare vector, so that moving between them cannot fail. */
static fgf_status make_room(fgf_tree *tree)
{
    fgf_status status = FGF_OK;
    struct node *nodes = NULL;
    fgf_real **spare = NULL;
    if (tree->node_count + tree->spare_count + 1 <= tree->spare_capacity &&
        tree->node_count + 1 <= tree->node_capacity)
        goto done;
    size_t capacity = 2 * (tree->node_count + tree->spare_count) + 8;
    FGF_TRY(FGF_ALLOCATE(capacity, &nodes));
    FGF_TRY(FGF_ALLOCATE(capacity, &spare));
    if (tree->nodes)
        memcpy(nodes, tree->nodes, tree->node_count * sizeof *nodes);
    if (tree->spare)
        memcpy(spare, tree->spare, tree->spare_count * sizeof *spare);
    fgf_free(tree->nodes);
    fgf_free(tree->spare);
    tree->nodes = nodes;
    tree->spare = spare;
    tree->node_capacity = tree->spare_capacity = capacity;
    nodes = NULL;
    spare = NULL;
done:
    fgf_free(nodes);
    fgf_free(spare);
    return status;
}

void fgf_tree_reset(fgf_tree *tree, uint32_t leaf_count)
{
    for (size_t k = 0; k < tree->node_count; k++)
        tree->spare[tree->spare_count++] = tree->nodes[k].vector;
    tree->node_count = 0;
    tree->leaf_count = leaf_count;
}

static uint64_t first_leaf(const struct node *node)
{
    return (uint64_t)node->index << node->level;
}

/* A node without a right sibling in the tree stands for its parent as it is. */
static void climb(uint32_t leaf_count, uint32_t *level, uint32_t *index)
{
    while ((*index & 1u) == 0 && *index != 0 && ((uint64_t)(*index + 1) << *level) >= leaf_count) {
        *index >>= 1;
        ++*level;
    }
}

static bool is_left_sibling(const struct node *a, const struct node *b)
{
    return a->level == b->level && (a->index & 1u) == 0 && b->index == a->index + 1;
}

/* Node k becomes its parent: `right` is its right sibling's vector. */
static void add_sibling(fgf_tree *tree, size_t k, const fgf_real *right)
{
    struct node *node = &tree->nodes[k];
    fgf_real *sum = node->vector;
    for (size_t i = 0; i < tree->length; i++)
        sum[i] += right[i];
    node->level++;
    node->index >>= 1;
}

/* Merges nodes k and k + 1 while they are siblings, upwards. */
static void merge_upwards(fgf_tree *tree, size_t k)
{
    for (;;) {
        struct node *node = &tree->nodes[k];
        climb(tree->leaf_count, &node->level, &node->index);
        if ((node->index & 1u) && k == 0)
            return;
        size_t left = (node->index & 1u) ? k - 1 : k;
        if (left + 1 >= tree->node_count ||
            !is_left_sibling(&tree->nodes[left], &tree->nodes[left + 1]))
            return;
        struct node *right = &tree->nodes[left + 1];
        add_sibling(tree, left, right->vector);
        tree->spare[tree->spare_count++] = right->vector;
        memmove(right, right + 1, (tree->node_count - left - 2) * sizeof *right);
        tree->node_count--;
        k = left;
    }
}

fgf_status fgf_tree_add_node(fgf_tree *tree, uint32_t level, uint32_t index, const fgf_real *vector)
{
    fgf_status status = FGF_OK;
    struct node node = {level, index, NULL};
    size_t k = tree->node_count;
    climb(tree->leaf_count, &node.level, &node.index);
    while (k > 0 && first_leaf(&tree->nodes[k - 1]) > first_leaf(&node))
        k--;
    /* Where its left sibling waits already, it need not be copied. */
    if (k > 0 && is_left_sibling(&tree->nodes[k - 1], &node)) {
        add_sibling(tree, k - 1, vector);
        merge_upwards(tree, k - 1);
        goto done;
    }
    FGF_TRY(make_room(tree));
    if (tree->spare_count > 0)
        node.vector = tree->spare[--tree->spare_count];
    else
        FGF_TRY(FGF_ALLOCATE(tree->length, &node.vector));
    memcpy(node.vector, vector, tree->length * sizeof *vector);
    memmove(&tree->nodes[k + 1], &tree->nodes[k], (tree->node_count - k) * sizeof node);
    tree->nodes[k] = node;
    tree->node_count++;
    merge_upwards(tree, k);
done:
    return status;
}

fgf_status fgf_tree_add(fgf_tree *tree, uint32_t leaf, const fgf_real *vector)
{
    return fgf_tree_add_node(tree, 0, leaf, vector);
}

bool fgf_tree_plan(uint32_t leaf_count, fgf_tree_name *nodes, size_t count, fgf_tree_step *steps)
{
    size_t depth = 0, done = 0; /* of the stack of sums so far, which is kept in `nodes` itself */
    for (size_t k = 0; k < count; k++) {
        fgf_tree_name node = nodes[k];
        node.place = (uint32_t)k;
        for (;;) {
            climb(leaf_count, &node.level, &node.index);
            const fgf_tree_name *left = depth > 0 ? &nodes[depth - 1] : NULL;
            if (!left || (node.index & 1u) == 0 || left->level != node.level ||
                left->index + 1 != node.index)
                break;
            steps[done++] = (fgf_tree_step){left->place, node.place};
            node = *left;
            node.level++;
            node.index >>= 1;
            depth--;
        }
        nodes[depth++] = node;
    }
    return depth == 1 && nodes[0].index == 0 && ((uint64_t)1 << nodes[0].level) >= leaf_count;
}

fgf_status fgf_tree_work(fgf_tree *tree, size_t bytes, void **out)
{
    fgf_status status = FGF_OK;
    *out = NULL;
    if (bytes > tree->work_bytes) {
        char *larger = NULL;
        FGF_TRY(FGF_ALLOCATE(bytes, &larger));
        fgf_free(tree->work);
        tree->work = larger;
        tree->work_bytes = bytes;
    }
    *out = tree->work;
done:
    return status;
}

uint32_t fgf_tree_leaf_count(const fgf_tree *tree)
{
    return tree->leaf_count;
}

size_t fgf_tree_node_count(const fgf_tree *tree)
{
    return tree->node_count;
}

fgf_real *fgf_tree_node(const fgf_tree *tree, size_t k, uint32_t *level, uint32_t *index)
{
    *level = tree->nodes[k].level;
    *index = tree->nodes[k].index;
    return tree->nodes[k].vector;
}

const fgf_real *fgf_tree_root(fgf_tree *tree)
{
    if (tree->node_count != 1)
        return NULL;
    const struct node *node = &tree->nodes[0];
    if (node->index != 0 || ((uint64_t)1 << node->level) < tree->leaf_count)
        return NULL;
    return node->vector;
}
