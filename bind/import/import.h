// SPDX-License-Identifier: MIT
// Making bind programs of the tables of others. Part of bindc; memory that runs out ends the run.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/match.h>

#include "arena.h"
#include "buses.h"

// ------------------------------------------------------------------------- conditions, programs

#define IMPORT_MAX_CONDITIONS 20u
#define IMPORT_MAX_TEXT       1024u

// `key == value`, or an accept list of bytes.
typedef struct import_condition {
    uint32_t id;             // number key, when key is empty
    char key[256];           // text key
    bind_value_type_t type;  // NUMBER, BOOL (true) or STRING
    uint32_t number;
    bool is_accept;  // the value is one of `accept`, a bit each
    uint64_t accept[4];
    char text[256];
} import_condition_t;

typedef struct import_program {
    import_condition_t conditions[IMPORT_MAX_CONDITIONS];
    size_t count;
    bool has_pattern;  // the conditions do not say all
    char pattern[IMPORT_MAX_TEXT];
} import_program_t;

// Translates one pattern of modules.alias. False: it is none (brackets that do not match, too
// long).
bool import_alias(const char* alias, import_program_t* out);

// Version 2 bytecode, and the same as a rules file (false, and nothing written, if a key or a value
// cannot be written in the language or the program has a pattern).
void import_emit(const import_program_t* program, bc_buffer_t* out);
bool import_write_rules(const import_program_t* program, bc_buffer_t* out);

// ----------------------------------------------------------------------------------- whole files

typedef struct import_counts {
    size_t aliases;   // lines that were programs
    size_t patterns;  // of those: with a pattern beside the bytecode
    size_t bad;       // lines that depmod would leave out too
} import_counts_t;

// Appends a bundle (bind/bundle.h) of the `alias PATTERN MODULE` lines of a modules.alias. False
// when something is no such line; *out_line is its number.
bool import_modalias(const char* text, size_t size, bc_buffer_t* out, import_counts_t* out_counts,
                     size_t* out_line);

typedef enum import_ids_bus { IMPORT_IDS_PCI, IMPORT_IDS_USB } import_ids_bus_t;

// Appends a bind library with the vendors of a pci.ids or usb.ids, and with the devices of the
// `vendor_count` vendors listed. False: *out_line is no line of such a file, or it is 0 and there
// is no vendor at all.
bool import_ids(const char* text, size_t size, import_ids_bus_t bus, const uint32_t* vendors,
                size_t vendor_count, bc_buffer_t* out, size_t* out_line);

// -------------------------------------------------------------------------------------- devices

#define IMPORT_MAX_PROPERTIES 160u

// The properties of a device, as the programs of import_alias() ask for them. Not to be moved: it
// points into itself.
typedef struct import_device {
    bind_property_t props[IMPORT_MAX_PROPERTIES];
    size_t count;
    char text[IMPORT_MAX_TEXT];
    char storage[16384];
    size_t used;
} import_device_t;

// Takes a modalias apart. A text that is not as its bus makes them has only the properties TEXT and
// SHORT and the like. False: too long, or too many compatibles.
bool import_device(const char* modalias, import_device_t* out);
