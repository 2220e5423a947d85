// SPDX-License-Identifier: MIT
// Writes <name>.h: enums, structures and the functions of each table.
#include "model.h"

#include <inttypes.h>
#include <string.h>

void emit_doc(const model_doc_t* doc, const char* indent, FILE* out) {
    for (size_t i = 0; i < doc->count; i++) {
        // A backslash at the end would continue the comment.
        size_t length = strlen(doc->lines[i]);
        while (length > 0 && strchr("\\ \r\t", doc->lines[i][length - 1]) != NULL) {
            length--;
        }
        fprintf(out, "%s//%.*s\n", indent, (int)length, doc->lines[i]);
    }
}

const char* emit_integer(base_type_t type) {
    static const char* const names[] = {
        [BASE_BOOL] = "bool",       [BASE_INT8] = "int8_t",     [BASE_UINT8] = "uint8_t",
        [BASE_INT16] = "int16_t",   [BASE_UINT16] = "uint16_t", [BASE_INT32] = "int32_t",
        [BASE_UINT32] = "uint32_t", [BASE_INT64] = "int64_t",   [BASE_UINT64] = "uint64_t",
    };
    return names[type];
}

// The C type of a value of |base|, an element of a vector included.
static c_name_t value_type(const model_t* model, const model_field_t* field, base_type_t base) {
    const model_enum_t* type = model_field_enum(model, field);
    const model_object_t* object = model_field_object(model, field);
    if (type != NULL || object != NULL) {
        return name_join(name_type(type != NULL ? type->name : object->name).text, "_t", "");
    }
    if (base == BASE_STRING) {
        return name_join("char*", "", "");
    }
    return name_join(model_is_handle(field) ? "zx_handle_t" : emit_integer(base), "", "");
}

static void emit_member(const model_t* model, const model_field_t* field, FILE* out) {
    const model_type_t* type = field->type;
    emit_doc(&field->doc, "    ", out);
    if (type->base == BASE_VECTOR) {
        const c_name_t element = value_type(model, field, type->element);
        const char* pointer = type->element == BASE_STRING ? " const*" : "*";
        fprintf(out, "    const %s%s %s;\n", element.text, pointer, field->name);
        fprintf(out, "    size_t %s_count;\n", field->name);
        return;
    }
    const c_name_t value = value_type(model, field, type->base);
    if (type->base == BASE_OBJECT) {
        fprintf(out, "    const %s* %s;\n", value.text, field->name);
    } else {
        fprintf(out, "    %s%s %s;\n", type->base == BASE_STRING ? "const " : "", value.text,
                field->name);
    }
}

static void emit_structure(const model_t* model, const model_object_t* object, FILE* out) {
    emit_doc(&object->doc, "", out);
    fprintf(out, "struct %s {\n", name_type(object->name).text);
    bool is_empty = true;
    for (size_t i = 0; i < object->id_count; i++) {
        if (object->by_id[i] != NULL) {
            emit_member(model, object->by_id[i], out);
            is_empty = false;
        }
    }
    if (is_empty) {
        fputs("    uint8_t pg_nothing;  // C has no empty structures\n", out);
    }
    fputs("};\n\n", out);
}

static void emit_functions(const model_object_t* object, FILE* out) {
    const c_name_t name = name_type(object->name);
    const char* text = name.text;
    fprintf(out, "zx_status_t %s_encode(const %s_t* value, pg_builder_t* builder);\n", text, text);
    fprintf(out,
            "zx_status_t %s_decode(const uint8_t* bytes, size_t size, const zx_handle_t* handles,\n"
            "    size_t handle_count, pg_arena_t* arena, %s_t* out);\n",
            text, text);
    fprintf(out,
            "zx_status_t %s_decode_message(pg_message_t* message, pg_arena_t* arena, %s_t* out);\n",
            text, text);
    fprintf(out, "uint32_t pg_build_%s(pg_builder_t* builder, const void* value);\n", text);
    fprintf(out, "void pg_read_%s(pg_decoder_t* decoder, uint32_t place, void* out);\n\n", text);
}

static void emit_literal(base_type_t base, int64_t value, FILE* out) {
    if (base == BASE_UINT64) {
        fprintf(out, "UINT64_C(%" PRIu64 ")", (uint64_t)value);
    } else if (value == INT64_MIN) {
        fputs("INT64_MIN", out);
    } else if (value >= INT32_MIN + 1 && value <= INT32_MAX) {
        fprintf(out, "%" PRId64, value);
    } else {
        fprintf(out, "INT64_C(%" PRId64 ")", value);
    }
}

// A set of flags is valid without unknown bits, any other enum as one of its values.
static void emit_validity(const model_enum_t* type, FILE* out) {
    const c_name_t name = name_type(type->name);
    const base_type_t base = type->underlying->base;
    fprintf(out, "static inline bool %s_is_valid(%s_t value) {\n", name.text, name.text);
    if (model_has_attribute(type->attributes, type->attribute_count, "bit_flags")) {
        uint64_t all = 0;
        for (size_t i = 0; i < type->value_count; i++) {
            all |= (uint64_t)type->values[i].value;
        }
        fprintf(out, "    return ((uint64_t)value & ~UINT64_C(0x%" PRIx64 ")) == 0;\n}\n\n", all);
        return;
    }
    fputs("    switch (value) {\n", out);
    for (size_t i = 0; i < type->value_count; i++) {
        bool is_alias = false;
        for (size_t j = 0; j < i; j++) {
            is_alias = is_alias || type->values[i].value == type->values[j].value;
        }
        if (!is_alias) {
            fputs("        case ", out);
            emit_literal(base, type->values[i].value, out);
            fputs(":\n", out);
        }
    }
    fputs("            return true;\n        default:\n            return false;\n    }\n}\n\n",
          out);
}

static void emit_enum(const model_enum_t* type, FILE* out) {
    const c_name_t name = name_type(type->name);
    const c_name_t upper = name_type_upper(type->name);
    emit_doc(&type->doc, "", out);
    fprintf(out, "typedef %s %s_t;\n", emit_integer(type->underlying->base), name.text);
    for (size_t i = 0; i < type->value_count; i++) {
        emit_doc(&type->values[i].doc, "", out);
        fprintf(out, "#define %s_%s ((%s_t)", upper.text, name_upper(type->values[i].name).text,
                name.text);
        emit_literal(type->underlying->base, type->values[i].value, out);
        fputs(")\n", out);
    }
    fputc('\n', out);
    emit_validity(type, out);
}

// A type of an included schema needs that schema's header, once.
static void include_once(const model_t* model, const char* full_name, char* done, size_t size,
                         FILE* out) {
    char line[NAME_SIZE + 32];
    const c_name_t prefix = name_prefix(full_name);
    snprintf(line, sizeof(line), "#include <protocols/%s.h>\n", prefix.text);
    if (!model_is_own(model, full_name) && strstr(done, line) == NULL &&
        strlen(done) + strlen(line) < size) {
        strcat(done, line);
        fputs(line, out);
    }
}

static void emit_includes(const model_t* model, FILE* out) {
    char done[16 * NAME_SIZE] = "";
    fputs("#include <protocols/wire.h>\n", out);
    for (size_t i = 0; i < model->object_count; i++) {
        const model_object_t* object = &model->objects[i];
        for (size_t j = 0; j < object->id_count && model_is_own(model, object->name); j++) {
            const model_field_t* field = object->by_id[j];
            const model_enum_t* type = field == NULL ? NULL : model_field_enum(model, field);
            const model_object_t* nested = field == NULL ? NULL : model_field_object(model, field);
            if (type != NULL) {
                include_once(model, type->name, done, sizeof(done), out);
            } else if (nested != NULL) {
                include_once(model, nested->name, done, sizeof(done), out);
            }
        }
    }
    for (size_t i = 0; i < model->service_count; i++) {
        const model_service_t* service = &model->services[i];
        for (size_t j = 0; j < service->method_count && model_is_own(model, service->name); j++) {
            include_once(model, service->methods[j].request->name, done, sizeof(done), out);
            if (!model_is_one_way(&service->methods[j])) {
                include_once(model, service->methods[j].response->name, done, sizeof(done), out);
            }
        }
    }
    fputc('\n', out);
}

void emit_header(const model_t* model, FILE* out) {
    fprintf(out, "// Generated by protogen from %s.fbs. Do not edit.\n#pragma once\n\n",
            model->schema);
    emit_includes(model, out);
    for (size_t i = 0; i < model->enum_count; i++) {
        if (model_is_own(model, model->enums[i].name)) {
            emit_enum(&model->enums[i], out);
        }
    }
    for (size_t i = 0; i < model->object_count; i++) {
        if (model_is_own(model, model->objects[i].name)) {
            const c_name_t name = name_type(model->objects[i].name);
            fprintf(out, "typedef struct %s %s_t;\n", name.text, name.text);
        }
    }
    fputc('\n', out);
    for (size_t i = 0; i < model->object_count; i++) {
        if (model_is_own(model, model->objects[i].name)) {
            emit_structure(model, &model->objects[i], out);
        }
    }
    for (size_t i = 0; i < model->object_count; i++) {
        if (model_is_own(model, model->objects[i].name)) {
            emit_functions(&model->objects[i], out);
        }
    }
    for (size_t i = 0; i < model->service_count; i++) {
        if (model_is_own(model, model->services[i].name)) {
            emit_service_header(model, &model->services[i], out);
        }
    }
}
