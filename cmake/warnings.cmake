# SPDX-License-Identifier: MIT
# Language, warnings, symbol visibility and sanitizers, the same for every target.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
                    -fno-omit-frame-pointer -fno-strict-aliasing)

set(JACINTH_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")
if(JACINTH_SANITIZE)
    add_compile_options(-fsanitize=${JACINTH_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${JACINTH_SANITIZE})
    if(JACINTH_SANITIZE MATCHES thread)
        add_compile_options("$<$<COMPILE_LANGUAGE:C>:SHELL:-include ${CMAKE_SOURCE_DIR}/tests/tsan/c11_threads.h>")
    endif()
endif()

# The fuzzers (tests/fuzz) steer by the coverage of everything that they link.
option(JACINTH_FUZZ "Build the fuzzers; needs clang" OFF)
if(JACINTH_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
