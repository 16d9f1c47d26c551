/* The sum of a tree whose nodes lie on several ranks, in the tree's order.
 *
 * The vector is cut into slices, one a rank, its owner. The owner takes the other ranks' nodes on
 * its slice, adds them as the plan says and gives the sum to all. So each number travels twice and
 * the additions are shared, as in the best of unordered sums. A slice goes in pieces: the next one
 * travels while one is added, and what was received is added while it is in the cache. */
#include "fgf/memory.h"
#include "message.h"

#include <string.h>

enum {
    ALIGNED = 16,            /* slices and pieces begin at multiples of so many numbers */
    LEAST_SLICE = 4096,      /* numbers: shorter vectors have fewer owners */
    MOST_PIECE = 65536,      /* numbers */
    LANDING_BYTES = 1 << 20, /* of what is under way to a rank at a time */
    STAGES = 2               /* pieces under way */
};

/* Messages that are waited for together. */
struct messages {
    MPI_Request *request;
    int *peer; /* ranks of the communicator, one a request */
    int count;
};

/* The messages of one piece. */
struct stage {
    fgf_real *landing;      /* [foreign][piece] */
    struct messages nodes;  /* [foreign] that arrive */
    struct messages others; /* nodes that leave, sums that leave and arrive */
};

struct ordered_sum {
    fgf_group_mpi *group;
    fgf_tree *tree;
    fgf_real *result;
    size_t length, slice, piece;
    int owners; /* ranks 0 .. owners - 1 */
    uint32_t leaf_count;
    uint64_t *table;      /* [leaf_count] who holds the node that begins with a leaf */
    size_t count;         /* nodes, on all ranks, in the order of their leaves: */
    fgf_tree_name *names; /* [count] */
    int *holder;          /* [count] rank */
    fgf_real **vector;    /* [count] the whole vector of a node held here, else NULL */
    fgf_real **operand;   /* [count] the piece at hand */
    fgf_tree_step *steps; /* [count - 1] */
    size_t foreign;       /* nodes held elsewhere */
    fgf_real *landing;
    struct stage stage[STAGES];
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t aligned(size_t n)
{
    return (n + ALIGNED - 1) / ALIGNED * ALIGNED;
}

static fgf_status messages_init(struct messages *m, size_t most)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(most, &m->request));
    FGF_TRY(FGF_ALLOCATE(most, &m->peer));
done:
    return status;
}

static void messages_clear(struct messages *m)
{
    fgf_free(m->request);
    fgf_free(m->peer);
}

static fgf_status prepare(struct ordered_sum *s)
{
    fgf_status status = FGF_OK;
    size_t ranks = (size_t)s->group->group.size, own = fgf_tree_node_count(s->tree);
    size_t landing = STAGES * (size_t)s->leaf_count * ALIGNED * sizeof *s->landing;
    void *work = NULL;
    FGF_TRY(fgf_tree_work(s->tree, landing > LANDING_BYTES ? landing : LANDING_BYTES, &work));
    s->landing = work;
    FGF_TRY(FGF_ALLOCATE(s->leaf_count, &s->table));
    FGF_TRY(FGF_ALLOCATE(s->leaf_count, &s->names));
    FGF_TRY(FGF_ALLOCATE(s->leaf_count, &s->holder));
    FGF_TRY(FGF_ALLOCATE(s->leaf_count, &s->vector));
    FGF_TRY(FGF_ALLOCATE(s->leaf_count, &s->operand));
    FGF_TRY(FGF_ALLOCATE(s->leaf_count, &s->steps));
    for (int k = 0; k < STAGES; k++) {
        FGF_TRY(messages_init(&s->stage[k].nodes, s->leaf_count));
        FGF_TRY(messages_init(&s->stage[k].others, (own + 2) * ranks));
    }
done:
    return status;
}

static void clear(struct ordered_sum *s)
{
    fgf_free(s->table);
    fgf_free(s->names);
    fgf_free(s->holder);
    fgf_free(s->vector);
    fgf_free(s->operand);
    fgf_free(s->steps);
    for (int k = 0; k < STAGES; k++) {
        messages_clear(&s->stage[k].nodes);
        messages_clear(&s->stage[k].others);
    }
}

/* ---- who holds what ---- */

/* Rank and level in one word, beside its complement: words that two ranks wrote to one place are no
 * longer complements after the merge. */
static uint64_t pack(int rank, uint32_t level)
{
    uint32_t word = (uint32_t)(rank + 1) << 8 | level;
    return (uint64_t)word << 32 | (uint32_t)~word;
}

/* Fills names, holder and vector, the same on every rank but for the vectors. */
static fgf_status find_nodes(struct ordered_sum *s)
{
    fgf_status status = FGF_OK;
    fgf_group *group = &s->group->group;
    uint32_t level, index;
    for (size_t k = 0; k < fgf_tree_node_count(s->tree); k++) {
        (void)fgf_tree_node(s->tree, k, &level, &index);
        s->table[(uint64_t)index << level] = pack(group->rank, level);
    }
    FGF_TRY(fgf_group_merge(group, s->table, s->leaf_count * sizeof *s->table));
    for (uint32_t leaf = 0, own = 0; leaf < s->leaf_count; leaf++) {
        uint32_t word = (uint32_t)(s->table[leaf] >> 32);
        if (s->table[leaf] == 0)
            continue;
        if ((uint32_t)s->table[leaf] != (uint32_t)~word)
            FGF_FAIL(FGF_INTERNAL, "two ranks hold leaf %u of a summation tree", leaf);
        s->names[s->count] = (fgf_tree_name){.level = word & 255u, .index = leaf >> (word & 255u)};
        s->holder[s->count] = (int)(word >> 8) - 1;
        if (s->holder[s->count] == group->rank)
            s->vector[s->count] = fgf_tree_node(s->tree, own++, &level, &index);
        else
            s->foreign++;
        s->count++;
    }
    if (!fgf_tree_plan(s->leaf_count, s->names, s->count, s->steps))
        FGF_FAIL(FGF_INTERNAL, "a summation tree was summed before all its leaves were in");
done:
    return status;
}

static void cut(struct ordered_sum *s)
{
    size_t owners = least(s->length / LEAST_SLICE + 1, (size_t)s->group->group.size);
    size_t room = s->leaf_count * (size_t)ALIGNED * sizeof *s->landing * STAGES;
    room = (room > LANDING_BYTES ? room : LANDING_BYTES) / sizeof *s->landing;
    s->owners = (int)owners;
    s->slice = aligned((s->length + owners - 1) / owners);
    /* All ranks cut alike, so the nodes of all count and not those that one of them takes. */
    s->piece = least(MOST_PIECE, room / STAGES / s->count / ALIGNED * ALIGNED);
    s->piece = least(s->piece, s->slice);
    for (size_t k = 0; k < STAGES; k++)
        s->stage[k].landing = s->landing + k * s->foreign * s->piece;
}

/* ---- pieces ---- */

/* Piece p of a rank's slice: where it begins, and its length, 0 at last. */
static size_t piece_of(const struct ordered_sum *s, int owner, size_t p, size_t *first)
{
    size_t begin = least((size_t)owner * s->slice, s->length);
    size_t end = least(begin + s->slice, s->length);
    *first = least(begin + p * s->piece, end);
    return owner < s->owners ? least(s->piece, end - *first) : 0;
}

static void post_send(const struct ordered_sum *s, const fgf_real *data, size_t n, int to, int kind,
                      struct messages *m)
{
    int peer = m->peer[m->count] = fgf_group_mpi_rank(s->group, to);
    FGF_MPI(MPI_Isend(data, (int)(n * sizeof *data), MPI_BYTE, peer,
                      fgf_group_mpi_tag(s->group, kind), s->group->communicator,
                      &m->request[m->count++]));
}

static void post_receive(const struct ordered_sum *s, fgf_real *data, size_t n, int from, int kind,
                         struct messages *m)
{
    int peer = m->peer[m->count] = fgf_group_mpi_rank(s->group, from);
    FGF_MPI(MPI_Irecv(data, (int)(n * sizeof *data), MPI_BYTE, peer,
                      fgf_group_mpi_tag(s->group, kind), s->group->communicator,
                      &m->request[m->count++]));
}

static void wait_for(struct messages *m)
{
    fgf_message_wait_all(m->request, m->peer, m->count);
    m->count = 0;
}

/* Sets piece p of all slices on its way. */
static void start_piece(struct ordered_sum *s, size_t p)
{
    struct stage *stage = &s->stage[p % STAGES];
    int rank = s->group->group.rank;
    size_t first, n = piece_of(s, rank, p, &first);
    wait_for(&stage->others);
    for (size_t k = 0; k < s->count && n > 0; k++) {
        if (s->vector[k])
            continue;
        post_receive(s, stage->landing + (size_t)stage->nodes.count * s->piece, n, s->holder[k],
                     FGF_TAG_NODE, &stage->nodes);
    }
    /* Each rank begins with its neighbour, so that not all send to one at a time. */
    for (int step = 1; step < s->group->group.size; step++) {
        int owner = (rank + step) % s->group->group.size;
        n = piece_of(s, owner, p, &first);
        for (size_t k = 0; k < s->count && n > 0; k++)
            if (s->vector[k])
                post_send(s, s->vector[k] + first, n, owner, FGF_TAG_NODE, &stage->others);
        if (n > 0)
            post_receive(s, s->result + first, n, owner, FGF_TAG_SUM, &stage->others);
    }
}

static void add(fgf_real *restrict sum, const fgf_real *restrict left,
                const fgf_real *restrict right, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] = left[i] + right[i];
}

static void accumulate(fgf_real *restrict sum, const fgf_real *restrict right, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += right[i];
}

/* The sum of n numbers of this rank's slice, from `first` on. */
static void add_piece(struct ordered_sum *s, const struct stage *stage, size_t first, size_t n)
{
    size_t landed = 0;
    for (size_t k = 0; k < s->count; k++)
        s->operand[k] = s->vector[k] ? s->vector[k] + first : stage->landing + s->piece * landed++;
    for (size_t k = 0; k + 2 < s->count; k++)
        accumulate(s->operand[s->steps[k].left], s->operand[s->steps[k].right], n);
    if (s->count == 1)
        memcpy(s->result + first, s->operand[0], n * sizeof *s->result);
    else
        add(s->result + first, s->operand[s->steps[s->count - 2].left],
            s->operand[s->steps[s->count - 2].right], n);
}

/* Adds piece p of this rank's slice and gives the sum to all. */
static void finish_piece(struct ordered_sum *s, size_t p)
{
    struct stage *stage = &s->stage[p % STAGES];
    int rank = s->group->group.rank, size = s->group->group.size;
    size_t first, n = piece_of(s, rank, p, &first);
    if (n == 0)
        return;
    wait_for(&stage->nodes);
    add_piece(s, stage, first, n);
    for (int step = 1; step < size; step++)
        post_send(s, s->result + first, n, (rank + step) % size, FGF_TAG_SUM, &stage->others);
}

fgf_status fgf_ordered_sum(fgf_group *group, fgf_tree *tree, fgf_real *result)
{
    fgf_status status = FGF_OK;
    struct ordered_sum s = {.group = group->state,
                            .tree = tree,
                            .result = result,
                            .length = fgf_tree_length(tree),
                            .leaf_count = fgf_tree_leaf_count(tree)};
    if (group->size == 1)
        return fgf_group_tree_sum(fgf_group_serial(), tree, result);
    FGF_TRY(fgf_group_agree(group, prepare(&s)));
    FGF_TRY(find_nodes(&s)); /* fails on all ranks or none */
    cut(&s);
    size_t pieces = s.slice > 0 ? (s.slice + s.piece - 1) / s.piece : 0;
    start_piece(&s, 0);
    for (size_t p = 0; p < pieces; p++) {
        if (p + 1 < pieces)
            start_piece(&s, p + 1);
        finish_piece(&s, p);
    }
    for (int k = 0; k < STAGES; k++)
        wait_for(&s.stage[k].others);
done:
    clear(&s);
    return status;
}
