# fgf_embed(<header> <name> <file> <marker> ...)
#
# Writes a C header with, for each name, the lines of a text file from the line that begins with
# the marker on: `static const char *const <name>[]`, NULL at its end. So the program carries texts
# that people read and edit as files.
function(fgf_embed header marker)
  set(text "/* Written by CMake from files of the project. */\n#include <stddef.h>\n")
  while(ARGN)
    list(POP_FRONT ARGN name file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} lines)
    string(FIND "${lines}" "\n${marker}" start)
    if(start EQUAL -1)
      message(FATAL_ERROR "${file} has no line that begins with: ${marker}")
    endif()
    math(EXPR start "${start} + 1")
    string(SUBSTRING "${lines}" ${start} -1 lines)
    string(REPLACE "\\" "\\\\" lines "${lines}")
    string(REPLACE "\"" "\\\"" lines "${lines}")
    string(REGEX REPLACE "([^\n]*)\n" "    \"\\1\\\\n\",\n" lines "${lines}")
    string(APPEND text "\nstatic const char *const ${name}[] = {\n${lines}    NULL};\n")
  endwhile()
  file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
endfunction()
