// SPDX-License-Identifier: MIT
// Reads a .bfbs, which is itself a flatbuffer, of the schema reflection.fbs, with the runtime's own
// bounded reader. The slot numbers below are the field ids of that schema.
#include "model.h"

#include <string.h>

static void read_type(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_type_t* type = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    type->base = (base_type_t)pg_get_u8(&table, 0, 0);
    type->element = (base_type_t)pg_get_u8(&table, 1, 0);
    type->index = (int32_t)pg_get_u32(&table, 2, UINT32_MAX);
    pg_table_close(&table);
}

static void read_attribute(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_attribute_t* attribute = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    attribute->key = pg_get_string(&table, 0);
    pg_read_require(decoder, attribute->key != NULL);
    pg_table_close(&table);
}

static model_doc_t get_doc(const pg_table_t* table, uint32_t slot) {
    model_doc_t doc;
    doc.lines = pg_get_strings(table, slot, &doc.count);
    return doc;
}

static const model_type_t* get_type(const pg_table_t* table, uint32_t slot) {
    const model_type_t* type = pg_get_object(table, slot, read_type, sizeof(model_type_t));
    pg_read_require(table->decoder, type != NULL);
    return type;
}

static const model_attribute_t* get_attributes(const pg_table_t* table, uint32_t slot,
                                               size_t* out_count) {
    return pg_get_objects(table, slot, read_attribute, sizeof(model_attribute_t), out_count);
}

static const char* get_name(const pg_table_t* table) {
    const char* name = pg_get_string(table, 0);
    pg_read_require(table->decoder, name != NULL && name[0] != '\0');
    return name;
}

static void read_field(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_field_t* field = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    field->name = get_name(&table);
    field->type = get_type(&table, 1);
    field->id = pg_get_u16(&table, 2, 0);
    field->fallback = (int64_t)pg_get_u64(&table, 4, 0);
    field->is_deprecated = pg_get_bool(&table, 6, false);
    field->is_required = pg_get_bool(&table, 7, false);
    field->attributes = get_attributes(&table, 9, &field->attribute_count);
    field->doc = get_doc(&table, 10);
    field->is_optional = pg_get_bool(&table, 11, false);
    pg_table_close(&table);
}

static void read_object(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_object_t* object = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    object->name = get_name(&table);
    object->fields =
        pg_get_objects(&table, 1, read_field, sizeof(model_field_t), &object->field_count);
    object->is_struct = pg_get_bool(&table, 2, false);
    object->doc = get_doc(&table, 6);
    pg_table_close(&table);
}

static void read_value(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_value_t* value = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    value->name = get_name(&table);
    value->value = (int64_t)pg_get_u64(&table, 1, 0);
    value->doc = get_doc(&table, 4);
    pg_table_close(&table);
}

static void read_enum(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_enum_t* type = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    type->name = get_name(&table);
    type->values = pg_get_objects(&table, 1, read_value, sizeof(model_value_t), &type->value_count);
    type->is_union = pg_get_bool(&table, 2, false);
    type->underlying = get_type(&table, 3);
    type->attributes = get_attributes(&table, 4, &type->attribute_count);
    type->doc = get_doc(&table, 5);
    pg_table_close(&table);
}

// A method names its request and its response by repeating the whole table; the name is enough
// here.
static void read_object_name(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_object_t* object = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    object->name = get_name(&table);
    pg_table_close(&table);
}

static void read_method(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_method_t* method = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    method->name = get_name(&table);
    method->request = pg_get_object(&table, 1, read_object_name, sizeof(model_object_t));
    method->response = pg_get_object(&table, 2, read_object_name, sizeof(model_object_t));
    pg_read_require(decoder, method->request != NULL && method->response != NULL);
    method->attributes = get_attributes(&table, 3, &method->attribute_count);
    method->doc = get_doc(&table, 4);
    pg_table_close(&table);
}

static void read_service(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_service_t* service = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    service->name = get_name(&table);
    service->methods =
        pg_get_objects(&table, 1, read_method, sizeof(model_method_t), &service->method_count);
    service->doc = get_doc(&table, 3);
    pg_table_close(&table);
}

static void read_model(pg_decoder_t* decoder, uint32_t place, void* out) {
    model_t* model = out;
    pg_table_t table;
    if (!pg_table_open(decoder, place, &table)) {
        return;
    }
    model->objects = (model_object_t*)pg_get_objects(&table, 0, read_object, sizeof(model_object_t),
                                                     &model->object_count);
    model->enums = pg_get_objects(&table, 1, read_enum, sizeof(model_enum_t), &model->enum_count);
    model->services =
        pg_get_objects(&table, 5, read_service, sizeof(model_service_t), &model->service_count);
    pg_table_close(&table);
}

// Every index must name something: what follows does not check again.
static bool indices_are_valid(const model_t* model) {
    for (size_t i = 0; i < model->object_count; i++) {
        for (size_t j = 0; j < model->objects[i].field_count; j++) {
            const model_type_t* type = model->objects[i].fields[j].type;
            const bool is_object = type->base == BASE_OBJECT || type->element == BASE_OBJECT;
            const size_t limit = is_object ? model->object_count : model->enum_count;
            if (type->index < (is_object ? 0 : -1) || type->index >= (int64_t)limit) {
                return false;
            }
        }
    }
    return true;
}

zx_status_t model_load(const uint8_t* bytes, size_t size, const char* schema, pg_arena_t* arena,
                       model_t* out) {
    if (size < 8 || memcmp(bytes + 4, "BFBS", 4) != 0) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    pg_decoder_t decoder;
    pg_decoder_init(&decoder, bytes, size, NULL, 0, arena);
    const zx_status_t status = pg_decode(&decoder, read_model, out, sizeof(*out));
    if (status != ZX_OK) {
        return status;
    }
    out->schema = schema;
    return indices_are_valid(out) ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY;
}
