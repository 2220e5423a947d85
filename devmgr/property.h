// SPDX-License-Identifier: MIT
// The properties of a device, which bind programs are matched against, and their form in messages.
#pragma once

#include <stddef.h>

#include <zircon/types.h>

#include <bind/match.h>
#include <protocols/node.h>

// Owned: items and every key and string in them. Zeroed: none.
typedef struct dm_properties {
    bind_property_t* items;
    size_t count;
} dm_properties_t;

// Copies properties of a message. ZX_ERR_INVALID_ARGS: no kind, no value, a text that is too long,
// one key twice with two values; ZX_ERR_OUT_OF_RANGE: too many. *out_why (may be NULL) is a
// constant text.
zx_status_t dm_properties_from_wire(const node_property_t* wire, size_t count, dm_properties_t* out,
                                    const char** out_why);

// Fills wire[0 … properties->count), which borrows the texts.
void dm_properties_to_wire(const dm_properties_t* properties, node_property_t* wire);

// Appends copies. |key| NULL: the legacy key |id|.
zx_status_t dm_properties_add_number(dm_properties_t* properties, const char* key, uint32_t id,
                                     uint32_t value);
zx_status_t dm_properties_add_string(dm_properties_t* properties, const char* key, uint32_t id,
                                     const char* value);
zx_status_t dm_properties_add_bool(dm_properties_t* properties, const char* key, uint32_t id,
                                   bool value);

// The numeric property with legacy key |id|. False: there is none.
bool dm_properties_number(const dm_properties_t* properties, uint32_t id, uint32_t* out_value);

zx_status_t dm_properties_copy(const dm_properties_t* from, dm_properties_t* out);

void dm_properties_fini(dm_properties_t* properties);
