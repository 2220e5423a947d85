// SPDX-License-Identifier: MIT
// The integer keys of old bind programs and their names, "fuchsia.BIND_PROTOCOL" and so on.
// All functions are pure; returned texts are constants.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The number of a legacy key by name, with or without the "fuchsia." in front. False if there is no
// such key.
bool bind_legacy_key_id(const char* name, size_t length, uint32_t* out_id);

// The full name ("fuchsia.BIND_PCI_VID") of a legacy key, or null. A key with several names gives
// its newest.
const char* bind_legacy_key_name(uint32_t id);

// Walks the table: the full name of entry `index` and its number, null past the last one.
const char* bind_legacy_key_at(size_t index, uint32_t* out_id);
