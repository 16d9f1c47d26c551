# fgf_module(<folder> SOURCES a.c ... LINKS core ... [EXTERNAL target ...] [TESTS name ...])
#
# One folder of src/ as a static library, twice: fgf_<folder> with fgf_real = float, the number type
# of the program, and fgf_<folder>_f64 with fgf_real = double, in which tests hold the same sources
# against references at 1e-9. LINKS are other folders and nothing else: they are the arrows.
#
# TESTS name cmocka programs: tests/unit/<folder>/test_<name>.c (or tests/contract/test_<name>.c),
# built and run in both precisions.
function(fgf_module folder)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;EXTERNAL;TESTS" ${ARGN})
  foreach(suffix "" "_f64")
    set(target fgf_${folder}${suffix})
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${target} PRIVATE fgf_options ${arg_EXTERNAL} PUBLIC m)
    if(suffix)
      target_compile_definitions(${target} PUBLIC FGF_REAL_DOUBLE)
    endif()
    foreach(link IN LISTS arg_LINKS)
      target_link_libraries(${target} PUBLIC fgf_${link}${suffix})
    endforeach()
    if(BUILD_TESTING)
      foreach(name IN LISTS arg_TESTS)
        fgf_unit_test(${folder} ${name} "${suffix}")
      endforeach()
    endif()
  endforeach()
endfunction()

# One cmocka program, linked with one folder's library; it may include the folder's own headers.
function(fgf_unit_test folder name suffix)
  find_path(CMOCKA_INCLUDE_DIR cmocka.h REQUIRED)
  find_library(CMOCKA_LIBRARY cmocka REQUIRED)
  set(source ${PROJECT_SOURCE_DIR}/tests/unit/${folder}/test_${name}.c)
  if(NOT EXISTS ${source})
    set(source ${PROJECT_SOURCE_DIR}/tests/contract/test_${name}.c)
  endif()
  set(test test_${folder}_${name}${suffix})
  add_executable(${test} ${source})
  target_include_directories(${test} PRIVATE ${PROJECT_SOURCE_DIR}/src/${folder}
                                             ${PROJECT_SOURCE_DIR}/tests)
  target_include_directories(${test} SYSTEM PRIVATE ${CMOCKA_INCLUDE_DIR})
  target_link_libraries(${test} PRIVATE fgf_options fgf_${folder}${suffix} ${CMOCKA_LIBRARY})
  add_test(NAME unit/${folder}/${name}${suffix} COMMAND ${test}
           WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  set_tests_properties(unit/${folder}/${name}${suffix} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endfunction()
