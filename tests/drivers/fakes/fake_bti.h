// SPDX-License-Identifier: MIT
// A stand-in for the IOMMU, linked with --wrap for the calls below: pinned pages are mapped into
// the test, and their device addresses are where they are mapped, so a test that plays the device
// can follow them. An address that is not pinned faults, as it should.
#pragma once

#include <stddef.h>

#include <zircon/syscalls.h>

// The linker sends the driver's calls here.
zx_status_t __wrap_zx_bti_pin(zx_handle_t handle, uint32_t options, zx_handle_t vmo,
                              uint64_t offset, uint64_t size, zx_paddr_t* addrs, size_t num_addrs,
                              zx_handle_t* pmt);
zx_status_t __wrap_zx_pmt_unpin(zx_handle_t handle);
zx_status_t __wrap_zx_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2,
                                            zx_handle_t* out);

// Registers in ordinary memory have no policy of their own.
zx_status_t __wrap_zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy);

// Pins that have not been ended.
size_t fake_bti_pin_count(void);
