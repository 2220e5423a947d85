# SPDX-License-Identifier: MIT
# Interrupts, BTIs and PCI functions. The hardware is a fake below ioctl(); guest/ has the test for the real one.
function(add_hardware_test unit)
    add_zx_test(kernel_${unit} SOURCES ${unit}_test.c ${ARGN} LIBS zircon)
    target_include_directories(kernel_${unit} PRIVATE ${CMAKE_SOURCE_DIR}/kernel/object ${CMAKE_SOURCE_DIR}/kernel/linux)
endfunction()
add_hardware_test(interrupt)
add_hardware_test(iova)
add_hardware_test(bti fake_vfio.c)
add_hardware_test(bti_death fake_vfio.c)
add_hardware_test(handle_rules fake_vfio.c)
add_hardware_test(pci fake_vfio.c)
add_hardware_test(uio fake_uio.c)
target_link_options(kernel_uio PRIVATE -Wl,--wrap=read,--wrap=write,--wrap=fstat)
target_link_options(kernel_bti PRIVATE -Wl,--wrap=ioctl)
target_link_options(kernel_bti_death PRIVATE -Wl,--wrap=ioctl)
target_link_options(kernel_handle_rules PRIVATE -Wl,--wrap=ioctl)
target_link_options(kernel_pci PRIVATE -Wl,--wrap=ioctl)

# Runs inside a guest (./x boot BOARD --cmd vfio_test), where there is an IOMMU.
add_executable(vfio_test guest/vfio_test.c guest/vfio_config_test.c guest/vfio_irq_test.c guest/vfio_dma_test.c
               guest/vfio_victim.c guest/uio_test.c guest/virtio_probe.c guest/edu.c guest/tap.c)
target_link_libraries(vfio_test PRIVATE zircon Threads::Threads)
set_target_properties(vfio_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/guest)
