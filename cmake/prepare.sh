# What building fgf needs: found, or installed where this may be done, or named.
#
#   . cmake/prepare.sh; prepare [build | test | bench]
#
# On Debian and Ubuntu as root, missing packages are installed. Elsewhere each missing part is named
# and the exit status is 4; README.md says how to get them from environment modules or Spack.

build_packages="gcc libc6-dev cmake ninja-build pkgconf openmpi-bin libopenmpi-dev
  libhdf5-openmpi-dev libopenblas-serial-dev libyaml-dev libnifti-dev libpng-dev zlib1g-dev
  libxxhash-dev librandom123-dev libssl-dev"
bench_packages="python3-h5py python3-numpy python3-torch"
test_packages="libcmocka-dev clang libclang-rt-14-dev hdf5-tools python3-pydicom python3-nibabel
  python3-scipy $bench_packages"
# DICOM, which the program can do without.
dicom_packages="libdcmtk-dev libopenjp2-7-dev g++"
# A private Slurm and simulated clusters, for the tests in tests/slurm and tests/scale.
cluster_packages="slurm-wlm munge libsimgrid-dev"

has_header() {
  printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$1" |
    ${CC:-cc} ${CPPFLAGS:-} -E - >/dev/null 2>&1
}

# Parts that cannot be found, a line each.
missing_parts() {
  local tool library header
  for tool in cc cmake ninja pkg-config mpicc mpirun; do
    command -v "$tool" >/dev/null || echo "program $tool"
  done
  for library in openblas yaml-0.1 libpng libxxhash zlib libcrypto; do
    pkg-config --exists "$library" 2>/dev/null || echo "library $library (pkg-config)"
  done
  pkg-config --exists hdf5-openmpi 2>/dev/null || pkg-config --exists hdf5 2>/dev/null ||
    echo "library parallel HDF5 (pkg-config hdf5-openmpi or hdf5)"
  for header in nifti/nifti2_io.h Random123/philox.h; do
    has_header "$header" || echo "header $header"
  done
  [ "$1" != test ] || has_header cmocka.h || echo "header cmocka.h"
}

# The optional part that reads DICOM: the build leaves it out where it is absent.
missing_dicom() {
  { command -v "${CXX:-c++}" && has_header dcmtk/dcmdata/dctk.h &&
    pkg-config --exists libopenjp2; } >/dev/null 2>&1 || echo dicom
}

# Tests and measurements that need more than the build: they are skipped where it is absent.
missing_extras() {
  [ "$1" = build ] && return 0
  /usr/bin/python3 -c 'import h5py, numpy, torch' 2>/dev/null || echo extras
  [ "$1" != test ] || { command -v clang && command -v h5dump && command -v slurmctld &&
    command -v munged && command -v smpicc; } >/dev/null || echo extras
}

install_packages() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
    >/dev/null 2>&1
}

prepare() {
  local what=${1:-build} missing packages
  missing=$(missing_parts "$what")$(missing_dicom)$(missing_extras "$what")
  [ -z "$missing" ] && return 0
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    packages=$build_packages
    [ "$what" = test ] && packages="$packages $test_packages"
    [ "$what" = bench ] && packages="$packages $bench_packages"
    echo "installing the packages that are missing" >&2
    # shellcheck disable=SC2086
    { apt-get update -qq >/dev/null 2>&1 && install_packages $packages; } ||
      echo "apt-get could not install everything; going on with what is there" >&2
    # Apart, so that a release without them has the rest.
    # shellcheck disable=SC2086
    install_packages $dicom_packages || true
    # shellcheck disable=SC2086
    [ "$what" != test ] || install_packages $cluster_packages ||
      echo "no Slurm or SimGrid to be had: their tests will be skipped" >&2
  fi
  [ -z "$(missing_dicom)" ] ||
    echo "DICOM is left out of the build: no DCMTK, OpenJPEG or C++ compiler (Debian: $dicom_packages)" >&2
  missing=$(missing_parts "$what")
  if [ -n "$missing" ]; then
    printf 'fgf cannot be built here: these are missing\n' >&2
    printf '%s\n' "$missing" | sed 's/^/  /' >&2
    printf 'README.md, "Building", says how to get them without root.\n' >&2
    return 4
  fi
}

# Open MPI refuses root unless told otherwise, and containers run as root.
allow_mpi() {
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}
