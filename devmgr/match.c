// SPDX-License-Identifier: MIT
// Matching devices with drivers by their bind programs.
#include "match.h"

#include <string.h>

#include <bind/choice.h>
#include <bind/match.h>
#include <zircon/errors.h>

// Copies the properties and adds those that devmgr supplies. `all` has room for two more.
static size_t complete_properties(const dm_properties_t* properties, uint32_t protocol_id,
                                  bool is_automatic, bind_property_t* all) {
    size_t count = properties->count <= DM_MAX_PROPERTIES ? properties->count : DM_MAX_PROPERTIES;
    if (count != 0) {
        memcpy(all, properties->items, count * sizeof(all[0]));
    }
    all[count++] = (bind_property_t){
        .id = BIND_KEY_PROTOCOL, .type = BIND_VALUE_NUMBER, .number = protocol_id};
    all[count++] = (bind_property_t){
        .id = BIND_KEY_AUTOBIND, .type = BIND_VALUE_NUMBER, .number = is_automatic ? 1 : 0};
    return count;
}

bool dm_match_driver(const dm_driver_t* driver, const dm_properties_t* properties,
                     uint32_t protocol_id, bool is_automatic) {
    if (driver->error != NULL || driver->is_proxy) {
        return false;
    }
    bind_property_t all[DM_MAX_PROPERTIES + 2];
    size_t count = complete_properties(properties, protocol_id, is_automatic, all);
    bool is_match = false;
    return bind_program_match(&driver->program, all, count, &is_match, NULL) == ZX_OK && is_match;
}

static bind_candidate_t candidate_of(const bind_index_hit_t* hit) {
    static const bind_choice_set_t sets[] = {
        [DM_ORIGIN_BOOT] = BIND_CHOICE_BOOT,
        [DM_ORIGIN_SYSTEM] = BIND_CHOICE_SYSTEM,
        [DM_ORIGIN_LOADED] = BIND_CHOICE_LOADED,
    };
    const dm_driver_t* driver = hit->context;
    return (bind_candidate_t){
        .name = driver->name,
        .version = driver->version,
        .is_fallback = driver->is_fallback,
        .specificity = hit->specificity,
        .set = sets[driver->origin],
    };
}

dm_driver_t* dm_match_find(const dm_registry_t* registry, const dm_properties_t* properties,
                           uint32_t protocol_id) {
    bind_property_t all[DM_MAX_PROPERTIES + 2];
    bind_index_hit_t hits[DM_MAX_DRIVERS];
    size_t count = complete_properties(properties, protocol_id, true, all);
    size_t hit_count = 0;
    if (registry->index == NULL ||
        bind_index_find(registry->index, all, count, hits, DM_MAX_DRIVERS, &hit_count) != ZX_OK) {
        return NULL;
    }
    const bind_index_hit_t* best = NULL;
    for (size_t i = 0; i < hit_count; i++) {
        // A driver may have been set aside since it came into the registry.
        if (((const dm_driver_t*)hits[i].context)->error != NULL) {
            continue;
        }
        const bind_candidate_t candidate = candidate_of(&hits[i]);
        const bind_candidate_t known = best == NULL ? candidate : candidate_of(best);
        if (best == NULL || bind_choice_compare(&candidate, &known, NULL) < 0) {
            best = &hits[i];
        }
    }
    return best == NULL ? NULL : best->context;
}
