// SPDX-License-Identifier: MIT
// Interrupts of UIO devices (/dev/uioN): what a driver of Linux passes on to a process.
//
// Who may open the device, here devmgr, makes the interrupt object; it can be sent over a channel
// to a host, which never sees a path. Wait, acknowledge, bind and destroy are those of any
// interrupt (docs/objects/interrupt.md). All calls are thread-safe and do not block.
#pragma once

#include <zircon/types.h>

__BEGIN_CDECLS

// Makes an interrupt object of an open UIO device. `fd` is consumed, on failure too; it is put into
// non-blocking mode, and must be open for writing too if the device's driver can mask (below). What
// fired since the fd was opened is pending. The caller owns *out, written on success only.
//
// If the device's driver can mask and unmask (uio_pdrv_genirq, uio_dmem_genirq, …: it has an
// "irqcontrol"), the interrupt is a level one: masked from here to the first wait, and from each
// delivery to the next wait or acknowledge; destroy masks it for good. If it cannot
// (uio_pci_generic), the interrupt is delivered as an edge, and making the device fire again is the
// driver's business: with uio_pci_generic by clearing "interrupt disable" in the command register
// of its configuration space before each wait.
//
// ZX_ERR_WRONG_TYPE       no UIO device
// ZX_ERR_NOT_SUPPORTED    the device has no interrupt
// ZX_ERR_IO_NOT_PRESENT   the device is gone
// ZX_ERR_ACCESS_DENIED    it can mask, and fd is open for reading only
// ZX_ERR_INVALID_ARGS     out is NULL
//
// When the device goes away (its driver is unbound), waits and acknowledges give
// ZX_ERR_IO_NOT_PRESENT, and a port gets a last packet with that status.
zx_status_t lx_interrupt_from_uio(int fd, zx_handle_t* out);

__END_CDECLS
