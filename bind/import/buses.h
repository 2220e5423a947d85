// SPDX-License-Identifier: MIT
// How the modalias texts of each bus are made, and the property that each part of them is.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPORT_KEY_TEXT  "jacinth.modalias.TEXT"   // the whole, for patterns
#define IMPORT_KEY_NAME  "jacinth.modalias.NAME"   // the same of a device without fields
#define IMPORT_KEY_BUS   "jacinth.modalias.BUS"    // of a bus with fields and no BIND_PROTOCOL
#define IMPORT_KEY_SHORT "jacinth.modalias.SHORT"  // the first characters of the text
#define IMPORT_KEY_LONG  "jacinth.modalias.LONG"
#define IMPORT_SHORT     3u  // so many of them; a shorter text has no such property
#define IMPORT_LONG      12u

// Texts that a device may have any number of, each a bool of its own: "<key><text>" is true.
#define IMPORT_KEY_OF_LAST   "jacinth.of.compatible.last."    // the last compatible
#define IMPORT_KEY_OF_BEFORE "jacinth.of.compatible.before."  // one with others behind it
#define IMPORT_KEY_ACPI      "jacinth.acpi.id."

#define IMPORT_MAX_FIELDS 12u
#define IMPORT_MAX_DIGITS 32u

typedef enum import_kind {
    IMPORT_HEX,   // `width` hexadecimal digits, upper case
    IMPORT_BITS,  // `width` binary digits
    IMPORT_REST,  // anything up to the end
    IMPORT_NAME,  // anything up to the end, as a text
} import_kind_t;

typedef struct import_field {
    const char* tag;  // before the value; null: no more fields
    import_kind_t kind;
    uint8_t width;
    uint32_t id;       // legacy number key, when key is null
    const char* key;   // text key; null together with id 0: no property
    const char* byte;  // text key of the single bytes, '0' at its end for the first; or null
} import_field_t;

typedef struct import_bus {
    const char* name;   // with the ':'
    uint32_t protocol;  // value of BIND_PROTOCOL, or 0
    import_field_t fields[IMPORT_MAX_FIELDS];
} import_bus_t;

// The bus of a modalias or of a pattern, or null.
const import_bus_t* import_find_bus(const char* text);

// Writes `text` as libkmod compares it: '-' is '_' outside of brackets. False: the brackets do not
// match, or the text does not fit; depmod leaves such an alias out.
bool import_normalize(const char* text, char* out, size_t out_size);
