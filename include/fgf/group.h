/* The group: the ranks that share one piece of work. Numerics see ranks only through this.
 *
 * The serial group (fgf_group_serial) is the identity; par/ implements the same operations with
 * MPI. Every operation below is collective over the group. */
#ifndef FGF_GROUP_H
#define FGF_GROUP_H

#include "fgf/real.h"
#include "fgf/status.h"

#include <stdint.h>

typedef struct fgf_group fgf_group;

/* Vectors that are to be added in one fixed binary tree, whoever computed them.
 *
 * Leaves are numbered 0 .. leaf_count - 1. Node (level, i) is the sum of nodes (level - 1, 2 i)
 * and (level - 1, 2 i + 1), in this order; a missing right child adds nothing. Each rank adds its
 * own leaves, in increasing order, with fgf_tree_add; subtrees that are complete are added on the
 * spot, so a rank holds about log2(leaf_count) vectors and not one a leaf. */
typedef struct fgf_tree fgf_tree;

/* A tree over vectors of `length`. *out NULL on failure. Not collective. */
fgf_status fgf_tree_create(size_t length, fgf_tree **out) FGF_CHECKED;
void fgf_tree_destroy(fgf_tree **tree);

/* Empties the tree for a new sum of leaf_count leaves. Keeps its memory. */
void fgf_tree_reset(fgf_tree *tree, uint32_t leaf_count);

/* Adds leaf number `leaf` (copied). The first sums of a tree allocate, later ones do not. */
fgf_status fgf_tree_add(fgf_tree *tree, uint32_t leaf, const fgf_real *vector) FGF_CHECKED;

/* Nodes held by this rank: for implementations of `tree_sum`. Node k covers the leaves
 * [first, first + (1 << level)); its vector is borrowed until the next call on the tree. */
size_t fgf_tree_node_count(const fgf_tree *tree);
const fgf_real *fgf_tree_node(const fgf_tree *tree, size_t k, uint32_t *level, uint32_t *index);
/* Adds a node computed elsewhere. */
fgf_status fgf_tree_add_node(fgf_tree *tree, uint32_t level, uint32_t index,
                             const fgf_real *vector) FGF_CHECKED;
/* The root's vector once every leaf is in, else NULL. Borrowed. */
const fgf_real *fgf_tree_root(fgf_tree *tree);
size_t fgf_tree_length(const fgf_tree *tree);

/* What a group can do. All REQUIRED. */
typedef struct fgf_group_ops {
    /* result = the tree's root, on every rank, the same bits for any group size. */
    fgf_status (*tree_sum)(fgf_group *group, fgf_tree *tree, fgf_real *result);
    /* The worst status of all ranks; every rank that had none adopts the lowest such rank's error. */
    fgf_status (*agree)(fgf_group *group, fgf_status mine);
    /* Bitwise or over ranks, in place: each rank fills its own items and leaves the others zero. */
    fgf_status (*merge)(fgf_group *group, void *table, size_t bytes);
} fgf_group_ops;

struct fgf_group {
    const fgf_group_ops *ops;
    void *state; /* the implementation's own */
    int rank, size;
};

/* The group of one. Borrowed, never destroyed. */
fgf_group *fgf_group_serial(void);

static inline FGF_CHECKED fgf_status fgf_group_tree_sum(fgf_group *g, fgf_tree *t, fgf_real *r)
{
    return g->ops->tree_sum(g, t, r);
}
static inline FGF_CHECKED fgf_status fgf_group_agree(fgf_group *g, fgf_status mine)
{
    return g->ops->agree(g, mine);
}
static inline FGF_CHECKED fgf_status fgf_group_merge(fgf_group *g, void *table, size_t bytes)
{
    return g->ops->merge(g, table, bytes);
}

#endif
