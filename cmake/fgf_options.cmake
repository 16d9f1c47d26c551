# Compiler flags and options that hold for every target.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(FGF_WERROR "Warnings are errors" ON)
set(FGF_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")

add_library(fgf_options INTERFACE)
target_compile_definitions(fgf_options INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_compile_options(fgf_options INTERFACE
  -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Wvla -Wpointer-arith -Wwrite-strings
  $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
  # One product, one sum, one rounding each, on every machine: results must not depend on whether
  # the compiler found a fused multiply-add.
  -ffp-contract=off -fno-math-errno
  $<$<BOOL:${FGF_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-O3>
  # Logs and error traces name files as in the source tree, not as on the builder's disk.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(FGF_SANITIZE)
  target_compile_options(fgf_options INTERFACE
    -fsanitize=${FGF_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(fgf_options INTERFACE -fsanitize=${FGF_SANITIZE})
endif()
# Checks of arguments (assert) stay in every build type: they cost nothing that shows.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
