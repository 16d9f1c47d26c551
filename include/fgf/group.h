/* The group: the ranks that share one piece of work. Numerics see ranks only through this.
 *
 * The serial group (fgf_group_serial) is the identity; par/ implements the same operations with
 * MPI. Operations are collective over the group where nothing else is said. */
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

/* Nodes held by this rank, in the order of their leaves: for implementations of `tree_sum`. Node k
 * covers the leaves [index << level, (index + 1) << level); its vector is borrowed until the next
 * call on the tree, and who writes to it resets the tree before it adds again. */
size_t fgf_tree_node_count(const fgf_tree *tree);
fgf_real *fgf_tree_node(const fgf_tree *tree, size_t k, uint32_t *level, uint32_t *index);
/* Adds a node computed elsewhere. */
fgf_status fgf_tree_add_node(fgf_tree *tree, uint32_t level, uint32_t index,
                             const fgf_real *vector) FGF_CHECKED;
/* The root's vector once every leaf is in, else NULL. Borrowed. */
const fgf_real *fgf_tree_root(fgf_tree *tree);
size_t fgf_tree_length(const fgf_tree *tree);
uint32_t fgf_tree_leaf_count(const fgf_tree *tree);

/* `bytes` bytes to work in, at *out, for implementations of `tree_sum`: the tree keeps them for the
 * next sum and frees them. Borrowed until the next call of this function. */
fgf_status fgf_tree_work(fgf_tree *tree, size_t bytes, void **out) FGF_CHECKED;

/* Nodes that lie on different ranks, and the additions that make the root of them. */
typedef struct fgf_tree_name {
    uint32_t level, index;
    uint32_t place; /* filled by fgf_tree_plan: in the list it was given */
} fgf_tree_name;
typedef struct fgf_tree_step {
    uint32_t left, right; /* places; the sum takes the place of `left` */
} fgf_tree_step;

/* The count - 1 additions, in order, that turn `count` nodes into the root of leaf_count leaves,
 * which then has place 0. nodes [count] in the order of their leaves, overwritten; steps [count].
 * False where the nodes are not the whole tree. */
bool fgf_tree_plan(uint32_t leaf_count, fgf_tree_name *nodes, size_t count, fgf_tree_step *steps);

typedef struct fgf_share fgf_share;

/* What a group can do. The first three are REQUIRED and collective over the group. */
typedef struct fgf_group_ops {
    /* result = the tree's root, on every rank, the same bits for any group size. Uses up the tree:
     * fgf_tree_reset comes before it is added to again. */
    fgf_status (*tree_sum)(fgf_group *group, fgf_tree *tree, fgf_real *result);
    /* The worst status of all ranks; every rank that had none adopts the lowest such rank's error.
     */
    fgf_status (*agree)(fgf_group *group, fgf_status mine);
    /* Bitwise or over ranks, in place: each rank fills its own items and leaves the others zero. */
    fgf_status (*merge)(fgf_group *group, void *table, size_t bytes);
    /* Of a share (below), REQUIRED in groups of more than one: opens it, collective; asks for more
     * on behalf of a rank that still works at `held` indices; closes it on this rank. */
    fgf_status (*share_open)(fgf_group *group, fgf_share *share);
    void (*share_ask)(fgf_share *share, size_t held);
    void (*share_close)(fgf_share *share);
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

/* Work that the ranks of a group take as they get to it: the indices 0 .. count - 1, each handed to
 * one rank. They come in runs that get shorter as fewer are left, so that ranks ask seldom and end
 * together; who gets which depends on time. No rank waits for another one's computation. */
struct fgf_share {
    fgf_group *group;
    size_t count;
    size_t next, end; /* handed to this rank and not yet taken */
    size_t left;      /* not handed to anybody, as this rank last heard */
    void *state;      /* the implementation's own */
};

/* Opens a share. Collective over the group; between this and the last fgf_share_close its ranks do
 * nothing else that is collective. Closed by every rank where it returns FGF_OK. */
fgf_status fgf_share_open(fgf_group *group, size_t count, fgf_share *out) FGF_CHECKED;

/* The next index for a rank that still works at `held` others. False where no more are due to it:
 * for good where held is 0, else as long as it holds its part of what is left. */
bool fgf_share_take(fgf_share *share, size_t held, size_t *index);

/* Ends this rank's part; may wait for the other ranks'. Where a rank ends early no more indices are
 * handed out to others. Not collective; nothing to do for a share of zeros. */
void fgf_share_close(fgf_share *share);

/* The most indices that one of `size` ranks may hold while `left` are not handed out. */
size_t fgf_share_limit(size_t left, int size);

#endif
