# SPDX-License-Identifier: MIT
# add_driver(<name> SOURCES a.c … [RULES x.bind] [BIND_LIBRARIES y.bind …] [PROTOCOLS p …]
#            [LIBS lib …] [OUTPUT_NAME n] [TEST])
# One driver: <build>/lib/drivers/<name>.so (with TEST: <build>/lib/test_drivers/<name>.so). The
# target is called <name>.
#   RULES       the driver's bind rules. Its source includes "<name>_bind.h" ('-' and '.' become '_'),
#               which defines ZIRCON_DRIVER(). Without RULES it is a proxy: ZIRCON_DRIVER_PROXY().
#   PROTOCOLS   message protocols that the driver speaks itself (protocols/<p>/<p>.fbs): their
#               generated code is linked in. Op tables need nothing: their headers are in ddk_headers.
#   LIBS        further static libraries. Shared ones are of no use: a host has no file system.
# zx_*, device_* and the support libraries are left undefined: the host that loads the driver has
# them.
include(add_protocol)

# Links the generated code of protocols, and of those whose schemas they include, but not the kernel
# library below it: the driver must use its host's, with the host's handles.
function(add_driver_protocols name protocols)
    set(archives)
    foreach(protocol ${protocols})
        protocol_schema_includes(${JACINTH_PROTOCOL_SCHEMA_DIR}/${protocol}/${protocol}.fbs files)
        list(APPEND archives protocol_${protocol})
        foreach(file ${files})
            get_filename_component(included ${file} NAME_WE)
            list(APPEND archives protocol_${included})
        endforeach()
    endforeach()
    if(NOT archives)
        return()
    endif()
    list(APPEND archives protocol_runtime protocol_wire)
    add_dependencies(${name} ${archives})
    target_include_directories(${name} PRIVATE ${JACINTH_PROTOCOL_OUTPUT_DIR}/include
                               ${JACINTH_PROTOCOL_SCHEMA_DIR}/runtime/include)
    foreach(archive ${archives})
        target_link_libraries(${name} PRIVATE $<TARGET_FILE:${archive}>)
    endforeach()
endfunction()

function(add_driver name)
    cmake_parse_arguments(ARG "TEST" "RULES;OUTPUT_NAME" "SOURCES;BIND_LIBRARIES;PROTOCOLS;LIBS" ${ARGN})
    if(ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "add_driver(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT ARG_SOURCES)
        message(FATAL_ERROR "add_driver(${name}): no SOURCES")
    endif()
    if(NOT ARG_OUTPUT_NAME)
        set(ARG_OUTPUT_NAME ${name})
    endif()
    set(directory ${JACINTH_DRIVER_DIR})
    if(ARG_TEST)
        set(directory ${JACINTH_TEST_DRIVER_DIR})
    else()
        set_property(GLOBAL APPEND PROPERTY JACINTH_DRIVERS ${name})
    endif()

    add_library(${name} MODULE ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" OUTPUT_NAME ${ARG_OUTPUT_NAME}
                          LIBRARY_OUTPUT_DIRECTORY ${directory})
    target_link_libraries(${name} PRIVATE ddk_headers ${ARG_LIBS})
    # What the driver defines itself is bound to itself, never to another driver's symbol.
    target_link_options(${name} PRIVATE -Wl,-Bsymbolic -Wl,-z,now -Wl,-z,noexecstack)
    add_driver_protocols(${name} "${ARG_PROTOCOLS}")

    if(ARG_RULES)
        string(REGEX REPLACE "[^A-Za-z0-9_]" "_" header ${name})
        bind_rules(${name} RULES ${ARG_RULES} LIBRARIES ${ARG_BIND_LIBRARIES}
                   HEADER ${header}_bind.h)
    endif()
endfunction()
