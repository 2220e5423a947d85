// SPDX-License-Identifier: MIT
// Drivers without bind rules.
#pragma once

#include <lib/ddk/binding_priv.h>

// For a proxy driver, built as <name>.proxy.so: devmgr uses it by the name of its file and matches
// it to nothing. Driver is an identifier, Ops the name of a static const zx_driver_ops_t.
//   ZIRCON_DRIVER_PROXY(pci_proxy, pci_proxy_driver_ops, "jacinth", "0.1");
#define ZIRCON_DRIVER_PROXY(Driver, Ops, VendorName, Version) \
    ZIRCON_DRIVER_WITHOUT_PROGRAM_(Driver, Ops, VendorName, Version, ZX_DRIVER_NOTE_FLAG_PROXY)
