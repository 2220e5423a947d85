// SPDX-License-Identifier: MIT
// The objects of --json listings, shared by `devices` and `show`.
#pragma once

#include <jansson.h>

#include "cli.h"

// A device as an object; the caller owns it.
json_t* json_out_device(const control_device_info_t* device);

// A log record as an object; the caller owns it.
json_t* json_out_log(const control_log_record_t* record);

// A text, or null when it is empty or absent.
json_t* json_out_text(const char* text);

// An array of texts.
json_t* json_out_texts(const char* const* texts, size_t count);

// Prints and frees |value|.
void json_out_print(json_t* value);

// The name of a property's key; |buffer| holds it when it has none.
const char* property_key(const node_property_t* property, char* buffer, size_t size);
