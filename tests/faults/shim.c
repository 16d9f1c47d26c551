/* Preloaded into a program: the calls that fault.c may make go wrong. */
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Transfers of bytes: `call` uses `count`. */
#define TRANSFER(kind_of_call, file, descriptor, call)                                             \
    do {                                                                                           \
        const fault_order order = fault_strike(kind_of_call, file, descriptor, NULL);              \
        if (order == ORDER_FAIL)                                                                   \
            return -1;                                                                             \
        if (order == ORDER_HALF_AND_DIE || (order == ORDER_HALF && count > 1))                     \
            count /= 2;                                                                            \
        const ssize_t transferred = (call);                                                        \
        if (order == ORDER_HALF_AND_DIE || order == ORDER_DIE_AFTER)                               \
            fault_die();                                                                           \
        return transferred;                                                                        \
    } while (0)

/* Calls that cannot be done by half. */
#define WHOLE_CALL(kind_of_call, file, descriptor, name, call)                                     \
    do {                                                                                           \
        const fault_order order = fault_strike(kind_of_call, file, descriptor, name);              \
        if (order == ORDER_HALF_AND_DIE)                                                           \
            fault_die();                                                                           \
        if (order == ORDER_FAIL)                                                                   \
            return -1;                                                                             \
        const int answer = (call);                                                                 \
        if (order == ORDER_DIE_AFTER)                                                              \
            fault_die();                                                                           \
        return answer;                                                                             \
    } while (0)

typedef ssize_t (*pwrite_call)(int, const void *, size_t, off64_t);
typedef ssize_t (*pread_call)(int, void *, size_t, off64_t);

static ssize_t faulty_pwrite(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    static pwrite_call call;
    if (!call)
        call = (pwrite_call)fault_real("pwrite64");
    const fault_file file = fault_file_of_descriptor(descriptor);
    if (file == FILE_OTHER)
        return call(descriptor, bytes, count, offset);
    fault_remember(file, descriptor, count, offset);
    TRANSFER(CALL_WRITE, file, descriptor, call(descriptor, bytes, count, offset));
}

static ssize_t faulty_pread(int descriptor, void *bytes, size_t count, off64_t offset)
{
    static pread_call call;
    if (!call)
        call = (pread_call)fault_real("pread64");
    const fault_file file = fault_file_of_descriptor(descriptor);
    if (file == FILE_OTHER)
        return call(descriptor, bytes, count, offset);
    TRANSFER(CALL_READ, file, descriptor, call(descriptor, bytes, count, offset));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset)
{
    return faulty_pwrite(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    return faulty_pwrite(descriptor, bytes, count, offset);
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset)
{
    return faulty_pread(descriptor, bytes, count, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset)
{
    return faulty_pread(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count)
{
    static ssize_t (*call)(int, const void *, size_t);
    if (!call)
        call = (ssize_t(*)(int, const void *, size_t))fault_real("write");
    const fault_file file =
        descriptor <= STDERR_FILENO ? FILE_OTHER : fault_file_of_descriptor(descriptor);
    if (file == FILE_OTHER)
        return call(descriptor, bytes, count);
    fault_remember(file, descriptor, count, lseek(descriptor, 0, SEEK_CUR));
    TRANSFER(CALL_WRITE, file, descriptor, call(descriptor, bytes, count));
}

ssize_t read(int descriptor, void *bytes, size_t count)
{
    static ssize_t (*call)(int, void *, size_t);
    if (!call)
        call = (ssize_t(*)(int, void *, size_t))fault_real("read");
    const fault_file file =
        descriptor <= STDERR_FILENO ? FILE_OTHER : fault_file_of_descriptor(descriptor);
    if (file == FILE_OTHER)
        return call(descriptor, bytes, count);
    TRANSFER(CALL_READ, file, descriptor, call(descriptor, bytes, count));
}

static int synced(const char *how, int descriptor)
{
    const int answer = ((int (*)(int))fault_real(how))(descriptor);
    if (answer == 0)
        fault_forget(descriptor);
    return answer;
}

int fsync(int descriptor)
{
    WHOLE_CALL(CALL_SYNC, fault_file_of_descriptor(descriptor), descriptor, NULL,
               synced("fsync", descriptor));
}

int fdatasync(int descriptor)
{
    WHOLE_CALL(CALL_SYNC, fault_file_of_descriptor(descriptor), descriptor, NULL,
               synced("fdatasync", descriptor));
}

int ftruncate(int descriptor, off_t length)
{
    WHOLE_CALL(CALL_TRUNCATE, fault_file_of_descriptor(descriptor), descriptor, NULL,
               ((int (*)(int, off64_t))fault_real("ftruncate64"))(descriptor, length));
}

int ftruncate64(int descriptor, off64_t length)
{
    WHOLE_CALL(CALL_TRUNCATE, fault_file_of_descriptor(descriptor), descriptor, NULL,
               ((int (*)(int, off64_t))fault_real("ftruncate64"))(descriptor, length));
}

int rename(const char *from, const char *to)
{
    WHOLE_CALL(CALL_RENAME, fault_file_of_name(to), -1, to,
               ((int (*)(const char *, const char *))fault_real("rename"))(from, to));
}

int unlink(const char *name)
{
    WHOLE_CALL(CALL_UNLINK, fault_file_of_name(name), -1, name,
               ((int (*)(const char *))fault_real("unlink"))(name));
}

int mkdir(const char *name, mode_t mode)
{
    WHOLE_CALL(CALL_OPEN, fault_file_of_name(name), -1, name,
               ((int (*)(const char *, mode_t))fault_real("mkdir"))(name, mode));
}

int rmdir(const char *name)
{
    WHOLE_CALL(CALL_UNLINK, fault_file_of_name(name), -1, name,
               ((int (*)(const char *))fault_real("rmdir"))(name));
}

static int faulty_open(const char *name, int flags, mode_t mode)
{
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    WHOLE_CALL(
        writes ? CALL_OPEN : CALL_LOOK, fault_file_of_name(name), -1, name,
        ((int (*)(const char *, int, ...))fault_real("open64"))(name, flags | O_LARGEFILE, mode));
}

/* The mode is there where a file may be created. */
#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
    }

int open(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return faulty_open(name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return faulty_open(name, flags, mode);
}

/* Messages of MPI, of which the program's collective calls are made: they can die, not fail. */
#define MESSAGE(name, parameters, arguments)                                                       \
    int name parameters                                                                            \
    {                                                                                              \
        static int(*call) parameters;                                                              \
        if (!call)                                                                                 \
            call = (int(*) parameters)fault_real(#name);                                           \
        const fault_order order = fault_strike(CALL_MESSAGE, FILE_NONE, -1, NULL);                 \
        if (order == ORDER_HALF_AND_DIE)                                                           \
            fault_die();                                                                           \
        const int answer = call arguments;                                                         \
        if (order == ORDER_DIE_AFTER)                                                              \
            fault_die();                                                                           \
        return answer;                                                                             \
    }

MESSAGE(MPI_Isend,
        (const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm communicator,
         MPI_Request *request),
        (data, count, type, to, tag, communicator, request))
MESSAGE(MPI_Irecv,
        (void *data, int count, MPI_Datatype type, int from, int tag, MPI_Comm communicator,
         MPI_Request *request),
        (data, count, type, from, tag, communicator, request))

/* Mathematics: somewhere within the training and scoring of a trial. */
#define MATHEMATICS(name)                                                                          \
    double name(double x);                                                                         \
    double name(double x)                                                                          \
    {                                                                                              \
        static double (*call)(double);                                                             \
        if (!call)                                                                                 \
            call = (double (*)(double))fault_real(#name);                                          \
        const fault_order order = fault_strike(CALL_MATH, FILE_NONE, -1, NULL);                    \
        if (order == ORDER_HALF_AND_DIE || order == ORDER_DIE_AFTER)                               \
            fault_die();                                                                           \
        return call(x);                                                                            \
    }

MATHEMATICS(exp)
MATHEMATICS(log)
MATHEMATICS(log1p)
