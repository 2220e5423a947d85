// SPDX-License-Identifier: MIT
// Writes <name>.c: for each table its steps of reading and of building.
#include "model.h"

#include <inttypes.h>

static unsigned base_bits(base_type_t base) {
    switch (base) {
        case BASE_INT8:
        case BASE_UINT8:
            return 8;
        case BASE_INT16:
        case BASE_UINT16:
            return 16;
        case BASE_INT32:
        case BASE_UINT32:
            return 32;
        default:
            return 64;
    }
}

static bool base_is_signed(base_type_t base) {
    return base == BASE_INT8 || base == BASE_INT16 || base == BASE_INT32 || base == BASE_INT64;
}

// u32 or bool: which of the pg_get_ and pg_add_ functions takes this type.
static c_name_t access_name(base_type_t base) {
    c_name_t name;
    if (base == BASE_BOOL) {
        snprintf(name.text, sizeof(name.text), "bool");
    } else {
        snprintf(name.text, sizeof(name.text), "u%u", base_bits(base));
    }
    return name;
}

// The default as the unsigned number that is on the wire.
static c_name_t fallback_literal(const model_field_t* field) {
    c_name_t name;
    const base_type_t base = field->type->base;
    if (base == BASE_BOOL) {
        snprintf(name.text, sizeof(name.text), field->fallback != 0 ? "true" : "false");
    } else {
        const uint64_t mask = UINT64_MAX >> (64 - base_bits(base));
        snprintf(name.text, sizeof(name.text),
                 base_bits(base) == 64 ? "UINT64_C(%" PRIu64 ")" : "%" PRIu64 "u",
                 (uint64_t)field->fallback & mask);
    }
    return name;
}

// ------------------------------------------------------------------------------------- reading

static void emit_read_vector(const model_t* model, const model_field_t* field, FILE* out) {
    const model_object_t* object = model_field_object(model, field);
    const model_enum_t* type = model_field_enum(model, field);
    const char* name = field->name;
    if (object != NULL) {
        fprintf(out,
                "    out->%s = pg_get_objects(&table, %" PRIu32
                ", pg_read_%s, sizeof(*out->%s),\n        &out->%s_count);\n",
                name, field->id, name_type(object->name).text, name, name);
    } else if (field->type->element == BASE_STRING) {
        fprintf(out, "    out->%s = pg_get_strings(&table, %" PRIu32 ", &out->%s_count);\n", name,
                field->id, name);
    } else if (field->type->element == BASE_BOOL) {
        fprintf(out, "    out->%s = pg_get_bools(&table, %" PRIu32 ", &out->%s_count);\n", name,
                field->id, name);
    } else {
        fprintf(out,
                "    out->%s = pg_get_vector(&table, %" PRIu32
                ", sizeof(*out->%s), &out->%s_count);\n",
                name, field->id, name, name);
    }
    if (type != NULL) {
        fprintf(out,
                "    for (size_t i = 0; i < out->%s_count; i++) {\n"
                "        pg_read_require(decoder, %s_is_valid(out->%s[i]));\n    }\n",
                name, name_type(type->name).text, name);
    }
}

static void emit_read_field(const model_t* model, const model_field_t* field, FILE* out) {
    const base_type_t base = field->type->base;
    const model_enum_t* type = model_field_enum(model, field);
    if (base == BASE_VECTOR) {
        emit_read_vector(model, field, out);
    } else if (base == BASE_OBJECT) {
        fprintf(out,
                "    out->%s = pg_get_object(&table, %" PRIu32 ", pg_read_%s, sizeof(*out->%s));\n",
                field->name, field->id, name_type(model_field_object(model, field)->name).text,
                field->name);
    } else if (base == BASE_STRING) {
        fprintf(out, "    out->%s = pg_get_string(&table, %" PRIu32 ");\n", field->name, field->id);
    } else if (model_is_handle(field)) {
        fprintf(out, "    out->%s = pg_get_handle(&table, %" PRIu32 ");\n", field->name, field->id);
    } else {
        const bool is_signed = base_is_signed(base);
        fprintf(out, "    out->%s = %s%s%spg_get_%s(&table, %" PRIu32 ", %s);\n", field->name,
                is_signed ? "(" : "", is_signed ? emit_integer(base) : "", is_signed ? ")" : "",
                access_name(base).text, field->id, fallback_literal(field).text);
        if (type != NULL) {
            fprintf(out, "    pg_read_require(decoder, %s_is_valid(out->%s));\n",
                    name_type(type->name).text, field->name);
        }
    }
    if (field->is_required) {
        fprintf(out, "    pg_read_require(decoder, out->%s != NULL);\n", field->name);
    }
}

static void emit_read(const model_t* model, const model_object_t* object, FILE* out) {
    const c_name_t name = name_type(object->name);
    fprintf(out, "void pg_read_%s(pg_decoder_t* decoder, uint32_t place, void* out_value) {\n",
            name.text);
    fputs("    pg_table_t table;\n", out);
    fputs("    if (!pg_table_open(decoder, place, &table)) {\n        return;\n    }\n", out);
    bool is_empty = true;
    for (size_t i = 0; i < object->id_count; i++) {
        if (object->by_id[i] != NULL) {
            if (is_empty) {
                fprintf(out, "    %s_t* out = out_value;\n", name.text);
            }
            is_empty = false;
            emit_read_field(model, object->by_id[i], out);
        }
    }
    if (is_empty) {
        fputs("    (void)out_value;\n", out);
    }
    fputs("    pg_table_close(&table);\n}\n\n", out);
}

// ------------------------------------------------------------------------------------ building

// Everything that is not inside the table itself, in the order of the fields, so that handles are
// numbered in that order.
static void emit_build_outside(const model_t* model, const model_field_t* field, FILE* out) {
    const model_object_t* object = model_field_object(model, field);
    const model_enum_t* type = model_field_enum(model, field);
    const char* name = field->name;
    const bool is_vector = field->type->base == BASE_VECTOR;
    if (field->is_required) {
        fprintf(out, "    pg_build_require(builder, value->%s != NULL);\n", name);
    }
    if (type != NULL && !is_vector) {
        fprintf(out, "    pg_build_require(builder, %s_is_valid(value->%s));\n",
                name_type(type->name).text, name);
    } else if (type != NULL) {
        fprintf(out,
                "    for (size_t i = 0; value->%s != NULL && i < value->%s_count; i++) {\n"
                "        pg_build_require(builder, %s_is_valid(value->%s[i]));\n    }\n",
                name, name, name_type(type->name).text, name);
    }
    const char* ref = "    const uint32_t %s_ref = ";
    if (is_vector && object != NULL) {
        fprintf(out, ref, name);
        fprintf(out,
                "pg_build_objects(builder, value->%s, value->%s_count,\n"
                "        sizeof(*value->%s), pg_build_%s);\n",
                name, name, name, name_type(object->name).text);
    } else if (is_vector && field->type->element == BASE_STRING) {
        fprintf(out, ref, name);
        fprintf(out, "pg_build_strings(builder, value->%s, value->%s_count);\n", name, name);
    } else if (is_vector) {
        fprintf(out, ref, name);
        fprintf(out,
                "pg_build_vector(builder, value->%s, value->%s_count,\n"
                "        sizeof(*value->%s));\n",
                name, name, name);
    } else if (object != NULL) {
        fprintf(out, ref, name);
        fprintf(out, "value->%s == NULL ? 0 : pg_build_%s(builder, value->%s);\n", name,
                name_type(object->name).text, name);
    } else if (field->type->base == BASE_STRING) {
        fprintf(out, ref, name);
        fprintf(out, "pg_build_string(builder, value->%s);\n", name);
    } else if (model_is_handle(field)) {
        fprintf(out, ref, name);
        fprintf(out, "pg_build_handle(builder, value->%s);\n", name);
    }
}

static unsigned inside_bits(const model_field_t* field) {
    const base_type_t base = field->type->base;
    if (base == BASE_BOOL) {
        return 8;
    }
    return base_is_integer(base) ? base_bits(base) : 32;
}

static void emit_build_inside(const model_field_t* field, FILE* out) {
    const base_type_t base = field->type->base;
    if (model_is_handle(field)) {
        fprintf(out, "    pg_add_u32(builder, %" PRIu32 ", %s_ref, 0);\n", field->id, field->name);
    } else if (base_is_integer(base)) {
        fprintf(out, "    pg_add_%s(builder, %" PRIu32 ", ", access_name(base).text, field->id);
        if (base_is_signed(base)) {
            fprintf(out, "(uint%u_t)", inside_bits(field));
        }
        fprintf(out, "value->%s", field->name);
        fprintf(out, ", %s);\n", fallback_literal(field).text);
    } else {
        fprintf(out, "    pg_add_reference(builder, %" PRIu32 ", %s_ref);\n", field->id,
                field->name);
    }
}

// The large fields come first, so that little is lost to alignment.
static void emit_build_table(const model_object_t* object, FILE* out) {
    fprintf(out, "    pg_build_table(builder, %zu);\n", object->id_count);
    for (unsigned bits = 64; bits >= 8; bits /= 2) {
        for (size_t i = 0; i < object->id_count; i++) {
            const model_field_t* field = object->by_id[i];
            if (field != NULL && inside_bits(field) == bits) {
                emit_build_inside(field, out);
            }
        }
    }
    fputs("    const uint32_t table = pg_build_table_end(builder);\n", out);
}

static void emit_build(const model_t* model, const model_object_t* object, FILE* out) {
    const c_name_t name = name_type(object->name);
    fprintf(out, "uint32_t pg_build_%s(pg_builder_t* builder, const void* in_value) {\n",
            name.text);
    fputs("    if (!pg_build_enter(builder)) {\n        return 0;\n    }\n", out);
    fprintf(out, "    const %s_t* value = in_value;\n", name.text);
    for (size_t i = 0; i < object->id_count; i++) {
        if (object->by_id[i] != NULL) {
            emit_build_outside(model, object->by_id[i], out);
        }
    }
    emit_build_table(object, out);
    fputs("    (void)value;\n    pg_build_leave(builder);\n    return table;\n}\n\n", out);
}

static void emit_entries(const model_object_t* object, FILE* out) {
    const c_name_t name = name_type(object->name);
    const char* text = name.text;
    fprintf(out,
            "zx_status_t %s_encode(const %s_t* value, pg_builder_t* builder) {\n"
            "    return pg_encode(builder, pg_build_%s, value);\n}\n\n",
            text, text, text);
    fprintf(out,
            "zx_status_t %s_decode(const uint8_t* bytes, size_t size, const zx_handle_t* handles,\n"
            "    size_t handle_count, pg_arena_t* arena, %s_t* out) {\n"
            "    pg_decoder_t decoder;\n"
            "    pg_decoder_init(&decoder, bytes, size, handles, handle_count, arena);\n"
            "    return pg_decode(&decoder, pg_read_%s, out, sizeof(*out));\n}\n\n",
            text, text, text);
    fprintf(
        out,
        "zx_status_t %s_decode_message(pg_message_t* message, pg_arena_t* arena, %s_t* out) {\n"
        "    return pg_message_decode_response(message, arena, pg_read_%s, out, sizeof(*out));\n"
        "}\n\n",
        text, text, text);
}

void emit_source(const model_t* model, FILE* out) {
    fprintf(out,
            "// Generated by protogen from %s.fbs. Do not edit.\n"
            "#include <protocols/%s.h>\n\n"
            "#include <protocols/wire.h>\n\n",
            model->schema, model->schema);
    for (size_t i = 0; i < model->object_count; i++) {
        const model_object_t* object = &model->objects[i];
        if (model_is_own(model, object->name)) {
            emit_read(model, object, out);
            emit_build(model, object, out);
            emit_entries(object, out);
        }
    }
    for (size_t i = 0; i < model->service_count; i++) {
        if (model_is_own(model, model->services[i].name)) {
            emit_service_source(model, &model->services[i], out);
        }
    }
}
