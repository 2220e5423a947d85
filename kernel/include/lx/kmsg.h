// SPDX-License-Identifier: MIT
// The kernel's log as a waitable object. A DMA that the IOMMU refuses shows up here and nowhere
// else.
//
// The handle is signalled ZX_LOG_READABLE while a record is there. Reading never blocks.
// Several handles read independently of each other; one handle is for one reader at a time. Opening
// needs privilege (CAP_SYSLOG on most machines).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#define LX_KMSG_FROM_NOW  0u  // only what is logged after the call
#define LX_KMSG_FROM_BOOT 1u  // everything that the kernel still holds

// ZX_ERR_NOT_FOUND: this machine has no /dev/kmsg. ZX_ERR_ACCESS_DENIED: no privilege.
// ZX_ERR_INVALID_ARGS: unknown options. The caller owns |out|.
zx_status_t lx_kmsg_open_etc(uint32_t options, zx_handle_t* out);

// lx_kmsg_open_etc with LX_KMSG_FROM_NOW.
zx_status_t lx_kmsg_open(zx_handle_t* out);

// Copies the text of the next record, without its prefix and line end and NUL-terminated, into
// |buffer|; a longer text is cut. |out_actual| is the number of bytes before the NUL. Records that
// the kernel overwrote before they were read are skipped. ZX_ERR_SHOULD_WAIT: no record is there.
zx_status_t lx_kmsg_read(zx_handle_t kmsg, char* buffer, size_t size, size_t* out_actual);
