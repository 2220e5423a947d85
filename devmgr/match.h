// SPDX-License-Identifier: MIT
// Which driver for which device. Pure; any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "registry.h"

// Runs one driver's bind program against a device's properties plus BIND_PROTOCOL and
// BIND_AUTOBIND. An error in matching counts as "no".
bool dm_match_driver(const dm_driver_t* driver, const dm_properties_t* properties,
                     uint32_t protocol_id, bool is_automatic);

// The first driver of the registry that matches, in the registry's order: exact ones before
// fallbacks (version "*…"), the boot set before the system set before loaded ones, then by name. So
// a restarted device gets the driver it had, whatever was loaded meanwhile. Borrowed; NULL: none.
dm_driver_t* dm_match_find(const dm_registry_t* registry, const dm_properties_t* properties,
                           uint32_t protocol_id);
