# SPDX-License-Identifier: MIT
# Processes, the sandbox and what is loaded in it; files, pipes and sockets.

# Libraries for the loading test. None of them is linked to anything of ours.
function(add_test_library name)
    add_library(${name} MODULE library/${name}.c)
    set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/library)
    target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
endfunction()
add_test_library(loadable)
add_test_library(needs_symbol)
add_test_library(needs_library)
add_test_library(exec_stack)
target_link_options(exec_stack PRIVATE -Wl,-z,execstack)
# A library that exists when needs_library is linked, and under no path of the dynamic loader's.
add_library(absent SHARED library/absent.c)
set_target_properties(absent PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/library/hidden)
target_compile_options(absent PRIVATE -Wno-missing-prototypes)
target_link_libraries(needs_library PRIVATE absent)
set_target_properties(needs_library PROPERTIES SKIP_BUILD_RPATH ON)

# The program that plays the child in the tests.
add_executable(kernel_child child.c child_sandbox.c child_dlopen.c child_objects.c child_errors.c)
target_link_libraries(kernel_child PRIVATE zircon Threads::Threads)
set_target_properties(kernel_child PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

function(add_child_test unit)
    add_zx_test(kernel_${unit} SOURCES ${unit}_test.c LIBS zircon
                DEPENDS kernel_child loadable needs_symbol needs_library exec_stack)
    target_compile_definitions(kernel_${unit} PRIVATE
        CHILD_PROGRAM="$<TARGET_FILE:kernel_child>" LIBRARY_FOLDER="${CMAKE_BINARY_DIR}/tests/library")
endfunction()
add_child_test(process)
add_child_test(sandbox)
add_child_test(sandbox_objects)
add_child_test(sandbox_errors)
target_include_directories(kernel_sandbox_errors PRIVATE ${CMAKE_SOURCE_DIR}/kernel/object)
add_child_test(dlopen)
add_child_test(crash)
add_zx_test(kernel_file SOURCES file_test.c LIBS zircon)
add_zx_test(kernel_pipe SOURCES pipe_test.c LIBS zircon)
add_child_test(socket)
