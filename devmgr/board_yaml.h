// SPDX-License-Identifier: MIT
// Strict reading of a YAML file: mappings with known keys, typed scalars, errors with positions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <yaml.h>
#include <zircon/compiler.h>
#include <zircon/types.h>

#include "text.h"

typedef struct dm_yaml {
    const char* file;          // borrowed, for messages
    yaml_document_t document;  // owned while has_document
    bool has_document;
    dm_diag_t* diag;  // borrowed
} dm_yaml_t;

typedef enum dm_yaml_type {
    DM_YAML_ANY,
    DM_YAML_TEXT,
    DM_YAML_NUMBER,
    DM_YAML_BOOL,
    DM_YAML_MAP,
    DM_YAML_LIST,
    DM_YAML_NULL,
} dm_yaml_type_t;

typedef struct dm_yaml_key {
    const char* name;
    dm_yaml_type_t type;
    bool is_required;
} dm_yaml_key_t;

// Parses the first and only document of |file|. dm_yaml_close() is due afterwards, also on failure.
zx_status_t dm_yaml_open(dm_yaml_t* yaml, const char* file, dm_diag_t* diag);
void dm_yaml_close(dm_yaml_t* yaml);

yaml_node_t* dm_yaml_root(dm_yaml_t* yaml);
dm_yaml_type_t dm_yaml_type(const yaml_node_t* node);

// Reports "file:line:column: …" at |node|.
void dm_yaml_error(dm_yaml_t* yaml, const yaml_node_t* node, const char* format, ...)
    __PRINTFLIKE(3, 4);

// Looks up |keys| in a mapping that belongs to |what| ("the device", for messages). out[i] is the
// value of keys[i], or NULL if it is absent or of a wrong type. False: something was reported.
bool dm_yaml_map(dm_yaml_t* yaml, yaml_node_t* node, const char* what, const dm_yaml_key_t* keys,
                 size_t count, yaml_node_t** out);

// Elements of a list; pairs of a mapping. 0 for other nodes.
size_t dm_yaml_count(const yaml_node_t* node);
yaml_node_t* dm_yaml_at(dm_yaml_t* yaml, const yaml_node_t* list, size_t index);
void dm_yaml_pair(dm_yaml_t* yaml, const yaml_node_t* map, size_t index, yaml_node_t** out_key,
                  yaml_node_t** out_value);

// Typed values; |key| is named in messages. False: reported. NULL nodes are refused silently, so
// that a missing key is reported once only.
bool dm_yaml_text(dm_yaml_t* yaml, const yaml_node_t* node, const char* key, size_t max_size,
                  const char** out_text);  // borrowed from the document
bool dm_yaml_number(dm_yaml_t* yaml, const yaml_node_t* node, const char* key, uint64_t min,
                    uint64_t max, uint64_t* out_value);
bool dm_yaml_u32(dm_yaml_t* yaml, const yaml_node_t* node, const char* key, uint32_t* out_value);
bool dm_yaml_bool(const yaml_node_t* node, bool* out_value);
