# SPDX-License-Identifier: MIT
# add_zx_test(<module>_<unit> SOURCES a_test.c … [LIBS lib …] [LABELS small|medium|large|qemu] [TIMEOUT s])
# One Criterion program, run by CTest. Criterion runs each test in a process of its own.
pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)

# A report of ThreadSanitizer, of the test or of a program that it started, fails the test.
if(JACINTH_SANITIZE MATCHES thread)
    add_library(tsan_criterion OBJECT ${CMAKE_SOURCE_DIR}/tests/tsan/criterion.c)
    target_include_directories(tsan_criterion PRIVATE ${CMAKE_SOURCE_DIR}/kernel/include)
endif()

function(add_zx_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS;DEPENDS" ${ARGN})
    if(NOT ARG_LABELS)
        set(ARG_LABELS small)
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 60)
    endif()
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LIBS} PkgConfig::CRITERION Threads::Threads)
    # Criterion's Test() macro defines functions that have no prototype.
    target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    if(ARG_DEPENDS)
        add_dependencies(${name} ${ARG_DEPENDS})
    endif()
    if(JACINTH_SANITIZE MATCHES thread)
        target_link_libraries(${name} PRIVATE tsan_criterion)
    endif()
    add_test(NAME ${name} COMMAND ${name} --jobs 1)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
                         FAIL_REGULAR_EXPRESSION "WARNING: ThreadSanitizer"
                         ENVIRONMENT "JACINTH_BUILD=${CMAKE_BINARY_DIR};JACINTH_SOURCE=${CMAKE_SOURCE_DIR}")
endfunction()
