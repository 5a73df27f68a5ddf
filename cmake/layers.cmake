# How a folder of src/ becomes a layer of the library, and a folder of tests/ its test program.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

# The flags every target of ours is built with.
add_library(multimqtt_flags INTERFACE)
target_compile_options(multimqtt_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
if(MULTIMQTT_WERROR)
  target_compile_options(multimqtt_flags INTERFACE -Werror)
endif()
if(MULTIMQTT_SANITIZE)
  target_compile_options(multimqtt_flags INTERFACE -fsanitize=${MULTIMQTT_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  if(MULTIMQTT_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # With the address sanitizer GCC takes moved-from temporaries for uninitialised.
    target_compile_options(multimqtt_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(multimqtt_flags INTERFACE -fsanitize=${MULTIMQTT_SANITIZE})
  if(MULTIMQTT_SANITIZE MATCHES thread)
    # The thread sanitizer does not understand Asio's fences; its locks order the same accesses.
    target_compile_definitions(multimqtt_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(multimqtt_flags INTERFACE -Wno-tsan)
  endif()
endif()

# multimqtt_layer(name SOURCES ... [LINKS ...]): one folder of src/ as an object library.
function(multimqtt_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(multimqtt_${name} OBJECT ${arg_SOURCES})
  target_include_directories(multimqtt_${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
                                                      "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>")
  target_compile_definitions(multimqtt_${name} PUBLIC BOOST_ASIO_NO_DEPRECATED)
  target_link_libraries(multimqtt_${name} PUBLIC Boost::headers ${arg_LINKS} PRIVATE multimqtt_flags)
  set_target_properties(multimqtt_${name} PROPERTIES CXX_VISIBILITY_PRESET default)
endfunction()

# multimqtt_test(name SOURCES ... [LAYERS ...] [LINKS ...]): one folder of tests/ as a GoogleTest program.
function(multimqtt_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LAYERS;LINKS" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  foreach(layer IN LISTS arg_LAYERS)
    target_link_libraries(${name}_test PRIVATE multimqtt_${layer})
  endforeach()
  target_include_directories(${name}_test PRIVATE "${PROJECT_SOURCE_DIR}/tests" "${PROJECT_SOURCE_DIR}/include"
                                                  "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${name}_test PRIVATE ${arg_LINKS} GTest::gtest_main GTest::gmock multimqtt_flags Threads::Threads)
  gtest_discover_tests(${name}_test PROPERTIES TIMEOUT 300 LABELS ${name} DISCOVERY_TIMEOUT 60)
endfunction()
