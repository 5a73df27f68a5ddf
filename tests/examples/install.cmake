# Installs the library into a folder of its own, and builds and runs a program that finds it there.
# Needs BUILD, FOLDER, COMPILER, LAUNCHER and SOURCE.
file(REMOVE_RECURSE "${FOLDER}")
function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${FOLDER}/installed" --component engine)
run("${CMAKE_COMMAND}" -G Ninja -S "${SOURCE}" -B "${FOLDER}/build" "-DCMAKE_PREFIX_PATH=${FOLDER}/installed"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
run("${CMAKE_COMMAND}" --build "${FOLDER}/build")
run("${FOLDER}/build/consumer")
if(NOT output STREQUAL "myprefix/number/42\n")
  message(FATAL_ERROR "The program printed: ${output}")
endif()
