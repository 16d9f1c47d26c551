#include "element.h"

#include "fgf/store.h"

#include <mpi.h>

fgf_status fgf_store_parallel_access(int64_t *access_list)
{
    fgf_status status = FGF_OK;
    hid_t list = -1;
    hdf5_quiet();
    *access_list = -1;
    list = H5Pcreate(H5P_FILE_ACCESS);
    if (list < 0 || H5Pset_fapl_mpio(list, MPI_COMM_WORLD, MPI_INFO_NULL) < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "parallel HDF5 does not work here: %s", hdf5_reason());
    *access_list = (int64_t)list;
    list = -1;
done:
    if (list >= 0)
        H5Pclose(list);
    return status;
}

void fgf_store_parallel_access_release(int64_t *access_list)
{
    if (*access_list >= 0)
        H5Pclose((hid_t)*access_list);
    *access_list = -1;
}
