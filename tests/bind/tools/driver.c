// SPDX-License-Identifier: MIT
// A driver that is never loaded: only its note is read.
#include <lib/ddk/driver.h>

#include "widget_bind.h"

static const zx_driver_ops_t ops = {.version = DRIVER_OPS_VERSION};
ZIRCON_DRIVER(widget, ops, "acme", "1")
