# SPDX-License-Identifier: MIT
# The objects that need neither hardware nor another program; other processes are forks of the test.
function(add_object_test unit)
    add_zx_test(kernel_${unit} SOURCES ${unit}_test.c LIBS zircon)
    target_include_directories(kernel_${unit} PRIVATE ${CMAKE_SOURCE_DIR}/kernel/object)
endfunction()
foreach(unit handle channel channel_call channel_fds channel_hostile channel_move channel_wire transfer port wait event eventpair
             vmo vmar vmar_region fifo timer resource futex completion mutex time system listnode pin
             privileged log cookie)
    add_object_test(${unit})
endforeach()
