// SPDX-License-Identifier: MIT
// A driver that is never loaded: only its note is read.
#include <lib/ddk/driver.h>

#include "widget_bind.h"

#ifndef NAME
#define NAME    widget
#define VERSION "1"
#endif

static const zx_driver_ops_t ops = {.version = DRIVER_OPS_VERSION};
ZIRCON_DRIVER(NAME, ops, "acme", VERSION)
