# SPDX-License-Identifier: MIT
# bind_rules(<target> RULES x.bind [LIBRARIES a.bind …] HEADER y_bind.h [OUTPUT variable] [DISABLE_AUTOBIND])
#
# Compiles the bind rules of a driver into the C header HEADER and adds its folder to the target's include directories, so
# that a source of the target says #include "y_bind.h". A relative HEADER lies in a folder of the target's own below the
# binary folder. OUTPUT names a variable that gets the header's full path.
#
# Every library in bind/lib is passed; LIBRARIES adds more, and one with the name of a standard library replaces it.
# The header is made anew when the rules, a library or bindc changes.
function(bind_rules target)
    cmake_parse_arguments(ARG "DISABLE_AUTOBIND" "RULES;HEADER;OUTPUT" "LIBRARIES" ${ARGN})
    if(NOT ARG_RULES OR NOT ARG_HEADER OR ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "bind_rules(${target}): RULES and HEADER are needed; not known: ${ARG_UNPARSED_ARGUMENTS}")
    endif()
    file(GLOB libraries CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bind/lib/*.bind)
    foreach(library ${ARG_LIBRARIES})
        cmake_path(ABSOLUTE_PATH library BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
        list(APPEND libraries ${library})
    endforeach()
    set(includes ${libraries})
    list(TRANSFORM includes PREPEND "--include=")
    set(rules ${ARG_RULES})
    cmake_path(ABSOLUTE_PATH rules BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set(header ${ARG_HEADER})
    cmake_path(ABSOLUTE_PATH header BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${target}.bind)
    cmake_path(GET header PARENT_PATH folder)
    file(MAKE_DIRECTORY ${folder})
    set(flags --header)
    if(ARG_DISABLE_AUTOBIND)
        list(APPEND flags --disable-autobind)
    endif()
    add_custom_command(
        OUTPUT ${header}
        COMMAND bindc compile ${flags} ${includes} --output=${header} --depfile=${header}.d ${rules}
        DEPENDS bindc ${rules} ${libraries}
        DEPFILE ${header}.d
        COMMENT "Compiling bind rules ${ARG_RULES}"
        VERBATIM)
    target_sources(${target} PRIVATE ${header})
    target_include_directories(${target} PRIVATE ${folder})
    if(ARG_OUTPUT)
        set(${ARG_OUTPUT} ${header} PARENT_SCOPE)
    endif()
endfunction()
