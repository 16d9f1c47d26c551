/* Which call of a program goes wrong, and how: what the environment asks for, see fault.c. */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef enum fault_call {
    CALL_READ,
    CALL_WRITE,
    CALL_SYNC,
    CALL_TRUNCATE,
    CALL_RENAME,
    CALL_LOOK,    /* opens for reading */
    CALL_OPEN,    /* a folder's making too */
    CALL_UNLINK,  /* a folder's removal too */
    CALL_MESSAGE, /* of MPI */
    CALL_MATH,
    CALL_COUNT
} fault_call;

typedef enum fault_file {
    FILE_RESULTS,    /* *.h5 */
    FILE_PART,       /* *.h5.part */
    FILE_LOCK,       /* *.h5.lock */
    FILE_CHECKPOINT, /* *.h5.checkpoints/ and what is in it */
    FILE_DATASET,    /* *.dataset */
    FILE_FOLDER,
    FILE_NONE, /* of messages and mathematics */
    FILE_OTHER,
    FILE_COUNT = FILE_OTHER
} fault_file;

/* What the caller has to do itself; all else is done by fault_strike. */
typedef enum fault_order {
    ORDER_PROCEED,
    ORDER_FAIL, /* errno is set */
    ORDER_HALF, /* transfer half */
    ORDER_HALF_AND_DIE,
    ORDER_DIE_AFTER
} fault_order;

fault_file fault_file_of_name(const char *name);
fault_file fault_file_of_descriptor(int descriptor);

/* To be asked before every call; counts it. */
fault_order fault_strike(fault_call call, fault_file file, int descriptor, const char *name);
/* Ends the program, a child that works for it too. */
void fault_die(void);

/* For a loss of power: what a write is about to replace, and that a file has been synced. */
void fault_remember(fault_file file, int descriptor, size_t count, off_t offset);
void fault_forget(int descriptor);

/* The next definition of a function, which the one in shim.c stands before. */
void *fault_real(const char *name);

#endif
