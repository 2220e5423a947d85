# SPDX-License-Identifier: MIT
# Sockets, VMOs' children, address regions and the like; other processes are forks of the test.
foreach(unit zx_socket zx_socket_hostile vmo_child threads)
    add_zx_test(kernel_${unit} SOURCES ${unit}_test.c LIBS zircon)
    target_include_directories(kernel_${unit} PRIVATE ${CMAKE_SOURCE_DIR}/kernel/object)
endforeach()
# Ten seconds of storm; JACINTH_STORM_SECONDS=60 for more.
add_zx_test(kernel_storm SOURCES storm_test.c LIBS zircon LABELS large TIMEOUT 400)
target_include_directories(kernel_storm PRIVATE ${CMAKE_SOURCE_DIR}/kernel/object)
# The driver library over a BTI whose hardware is a fake below ioctl().
add_zx_test(kernel_dma SOURCES dma_test.c fake_vfio.c ${CMAKE_SOURCE_DIR}/driver_host/lib/dma.c
            ${CMAKE_SOURCE_DIR}/driver_host/lib/io_buffer.c ${CMAKE_SOURCE_DIR}/driver_host/lib/io_buffer_physmap.c
            LIBS ddk_headers zircon)
target_include_directories(kernel_dma PRIVATE ${CMAKE_SOURCE_DIR}/driver_host/include
                           ${CMAKE_SOURCE_DIR}/kernel/object ${CMAKE_SOURCE_DIR}/kernel/linux)
target_link_options(kernel_dma PRIVATE -Wl,--wrap=ioctl)
