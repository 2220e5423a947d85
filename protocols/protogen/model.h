// SPDX-License-Identifier: MIT
// The schema as protogen sees it: what flatc wrote into the .bfbs, by load.c; checked by check.c;
// written as C by the emitters. All of it lives in one arena and is borrowed from there.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <protocols/wire.h>

// reflection.BaseType, as flatc numbers it.
typedef enum base_type {
    BASE_NONE = 0,
    BASE_UNION_TYPE = 1,
    BASE_BOOL = 2,
    BASE_INT8 = 3,
    BASE_UINT8 = 4,
    BASE_INT16 = 5,
    BASE_UINT16 = 6,
    BASE_INT32 = 7,
    BASE_UINT32 = 8,
    BASE_INT64 = 9,
    BASE_UINT64 = 10,
    BASE_FLOAT = 11,
    BASE_DOUBLE = 12,
    BASE_STRING = 13,
    BASE_VECTOR = 14,
    BASE_OBJECT = 15,
    BASE_UNION = 16,
    BASE_ARRAY = 17,
} base_type_t;

typedef struct model_type {
    base_type_t base;
    base_type_t element;  // of a vector
    int32_t index;        // of the table or the enum; -1: neither
} model_type_t;

typedef struct model_attribute {
    const char* key;
} model_attribute_t;

typedef struct model_doc {
    const char* const* lines;
    size_t count;
} model_doc_t;

typedef struct model_field {
    const char* name;
    const model_type_t* type;
    uint32_t id;
    int64_t fallback;
    bool is_deprecated;
    bool is_required;
    bool is_optional;
    const model_attribute_t* attributes;
    size_t attribute_count;
    model_doc_t doc;
} model_field_t;

typedef struct model_object {
    const char* name;             // with namespace
    const model_field_t* fields;  // as flatc sorts them, by name
    size_t field_count;
    const model_field_t** by_id;  // by id, which is the order in the schema; NULL: deprecated
    size_t id_count;
    bool is_struct;
    model_doc_t doc;
} model_object_t;

typedef struct model_value {
    const char* name;
    int64_t value;
    model_doc_t doc;
} model_value_t;

typedef struct model_enum {
    const char* name;
    const model_value_t* values;
    size_t value_count;
    bool is_union;
    const model_type_t* underlying;
    const model_attribute_t* attributes;
    size_t attribute_count;
    model_doc_t doc;
} model_enum_t;

typedef struct model_method {
    const char* name;
    const model_object_t* request;
    const model_object_t* response;
    const model_attribute_t* attributes;
    size_t attribute_count;
    model_doc_t doc;
} model_method_t;

typedef struct model_service {
    const char* name;
    const model_method_t* methods;
    size_t method_count;
    model_doc_t doc;
} model_service_t;

typedef struct model {
    const char* schema;  // name of the schema, e.g. devmgr
    model_object_t* objects;
    size_t object_count;
    const model_enum_t* enums;
    size_t enum_count;
    const model_service_t* services;
    size_t service_count;
} model_t;

// load.c: reads a .bfbs into |out|, in |arena|; |bytes| must outlive it. ZX_ERR_IO_DATA_INTEGRITY.
zx_status_t model_load(const uint8_t* bytes, size_t size, const char* schema, pg_arena_t* arena,
                       model_t* out);

// check.c: says on |errors| what of the schema has no C, one line each. True: there is nothing.
bool model_check(model_t* model, pg_arena_t* arena, FILE* errors);

bool model_has_attribute(const model_attribute_t* attributes, size_t count, const char* key);

// Whether the type is of this schema, not of an included one.
bool model_is_own(const model_t* model, const char* full_name);

// Whether the method has no response.
bool model_is_one_way(const model_method_t* method);

bool base_is_integer(base_type_t type);  // bool included

// The enum or the table that a field, or its elements, are of; NULL: none.
const model_enum_t* model_field_enum(const model_t* model, const model_field_t* field);
const model_object_t* model_field_object(const model_t* model, const model_field_t* field);
bool model_is_handle(const model_field_t* field);

// names.c: C identifiers. model_check() has seen to it that they fit.
#define NAME_SIZE 256
typedef struct c_name {
    char text[NAME_SIZE];
} c_name_t;

c_name_t name_join(const char* first, const char* second, const char* third);
c_name_t name_last(const char* full_name);    // jacinth.node.Property -> Property
c_name_t name_prefix(const char* full_name);  // jacinth.node.Property -> node
c_name_t name_snake(const char* camel);       // AddDevice -> add_device
c_name_t name_upper(const char* camel);       // AddDevice -> ADD_DEVICE
c_name_t name_type(const char* full_name);    // jacinth.node.Property -> node_property
c_name_t name_type_upper(const char* full_name);
c_name_t name_method(const model_service_t* service, const model_method_t* method);
c_name_t name_ordinal(const model_service_t* service, const model_method_t* method);
bool name_is_keyword(const char* name);

// emit_*.c
void emit_header(const model_t* model, FILE* out);
void emit_source(const model_t* model, FILE* out);
void emit_service_header(const model_t* model, const model_service_t* service, FILE* out);
void emit_service_source(const model_t* model, const model_service_t* service, FILE* out);
void emit_doc(const model_doc_t* doc, const char* indent, FILE* out);
const char* emit_integer(base_type_t type);  // uint32_t

// output.c: writes both files, or leaves both as they were. Says on stderr what failed.
bool output_write(const char* header_path, const char* header, size_t header_size,
                  const char* source_path, const char* source, size_t source_size);
