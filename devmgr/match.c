// SPDX-License-Identifier: MIT
// Matching devices with drivers by their bind programs.
#include "match.h"

#include <string.h>

#include <bind/match.h>

bool dm_match_driver(const dm_driver_t* driver, const dm_properties_t* properties,
                     uint32_t protocol_id, bool is_automatic) {
    if (driver->error != NULL || driver->is_proxy) {
        return false;
    }
    bind_property_t all[DM_MAX_PROPERTIES + 2];
    size_t count = properties->count <= DM_MAX_PROPERTIES ? properties->count : DM_MAX_PROPERTIES;
    if (count != 0) {
        memcpy(all, properties->items, count * sizeof(all[0]));
    }
    all[count++] = (bind_property_t){
        .id = BIND_KEY_PROTOCOL, .type = BIND_VALUE_NUMBER, .number = protocol_id};
    all[count++] = (bind_property_t){
        .id = BIND_KEY_AUTOBIND, .type = BIND_VALUE_NUMBER, .number = is_automatic ? 1 : 0};
    bool is_match = false;
    return bind_program_match(&driver->program, all, count, &is_match, NULL) == ZX_OK && is_match;
}

dm_driver_t* dm_match_find(const dm_registry_t* registry, const dm_properties_t* properties,
                           uint32_t protocol_id) {
    dm_driver_t* driver;
    list_for_every_entry(&registry->drivers, driver, dm_driver_t, link) {
        if (dm_match_driver(driver, properties, protocol_id, true)) {
            return driver;
        }
    }
    return NULL;
}
