# Everything from outside, one imported target each; docs/dependencies.md says why each is here.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)

# The parallel flavour by name where the system has flavours, else whatever h5pcc's package is.
pkg_check_modules(PHDF5 IMPORTED_TARGET GLOBAL hdf5-openmpi)
if(NOT PHDF5_FOUND)
  pkg_check_modules(PHDF5 REQUIRED IMPORTED_TARGET GLOBAL hdf5)
endif()
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::PHDF5 MPI::MPI_C)
check_c_source_compiles("
  #include <hdf5.h>
  #ifndef H5_HAVE_PARALLEL
  #error serial
  #endif
  int main(void) { return H5open() < 0; }" FGF_HDF5_IS_PARALLEL)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT FGF_HDF5_IS_PARALLEL)
  message(FATAL_ERROR "HDF5 was found, but not its parallel build. Debian: libhdf5-openmpi-dev. "
    "Environment modules: load hdf5-mpi or the like. Spack: hdf5 +mpi.")
endif()

pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET GLOBAL openblas)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET GLOBAL yaml-0.1)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET GLOBAL libpng)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET GLOBAL zlib)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET GLOBAL libcrypto)

find_path(NIFTI_INCLUDE_DIR nifti/nifti2_io.h REQUIRED)
find_library(NIFTI_LIBRARY nifti2 REQUIRED)
find_library(NIFTI_ZNZ_LIBRARY znz REQUIRED)
add_library(fgf_nifti INTERFACE IMPORTED GLOBAL)
target_include_directories(fgf_nifti SYSTEM INTERFACE ${NIFTI_INCLUDE_DIR} ${NIFTI_INCLUDE_DIR}/nifti)
target_link_libraries(fgf_nifti INTERFACE ${NIFTI_LIBRARY} ${NIFTI_ZNZ_LIBRARY} PkgConfig::ZLIB)

find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
add_library(fgf_random123 INTERFACE IMPORTED GLOBAL)
target_include_directories(fgf_random123 SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR})

include(fgf_dicom)
