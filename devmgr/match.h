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

// The driver of the registry that matches and goes before all others that do, as bind/choice.h puts
// them: exact ones before fallbacks (version "*…"), then those whose rules ask for more of the
// device, then the boot set before the system set before loaded ones, then the newer version, then
// by name. Does not try every driver: the registry's index knows. Borrowed; NULL: none.
dm_driver_t* dm_match_find(const dm_registry_t* registry, const dm_properties_t* properties,
                           uint32_t protocol_id);
