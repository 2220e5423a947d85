// SPDX-License-Identifier: MIT
// Refuses what has no C here, naming schema, table and field, and puts fields in the order of their
// ids. All errors are reported, not only the first.
#include "model.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAME 100  // with namespace; a service's and a method's together make one identifier

typedef struct checker {
    const model_t* model;
    FILE* errors;
    size_t error_count;
} checker_t;

static void __attribute__((format(printf, 2, 3)))
report(checker_t* checker, const char* format, ...) {
    checker->error_count++;
    fprintf(checker->errors, "protogen: %s.fbs: ", checker->model->schema);
    va_list args;
    va_start(args, format);
    vfprintf(checker->errors, format, args);
    va_end(args);
    fputc('\n', checker->errors);
}

bool model_has_attribute(const model_attribute_t* attributes, size_t count, const char* key) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(attributes[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

bool model_is_own(const model_t* model, const char* full_name) {
    return strcmp(name_prefix(full_name).text, model->schema) == 0;
}

bool model_is_one_way(const model_method_t* method) {
    return strcmp(name_last(method->response->name).text, "NoReply") == 0;
}

bool base_is_integer(base_type_t type) {
    return type >= BASE_BOOL && type <= BASE_UINT64;
}

const model_enum_t* model_field_enum(const model_t* model, const model_field_t* field) {
    const model_type_t* type = field->type;
    const base_type_t base = type->base == BASE_VECTOR ? type->element : type->base;
    return base_is_integer(base) && type->index >= 0 ? &model->enums[type->index] : NULL;
}

const model_object_t* model_field_object(const model_t* model, const model_field_t* field) {
    const model_type_t* type = field->type;
    const base_type_t base = type->base == BASE_VECTOR ? type->element : type->base;
    return base == BASE_OBJECT ? &model->objects[type->index] : NULL;
}

bool model_is_handle(const model_field_t* field) {
    return model_has_attribute(field->attributes, field->attribute_count, "handle");
}

// What a single value of this type is called when it is not supported; NULL: it is.
static const char* refused_value(const model_t* model, const model_field_t* field,
                                 base_type_t base) {
    switch (base) {
        case BASE_UNION_TYPE:
        case BASE_UNION:
            return "unions are not supported";
        case BASE_FLOAT:
        case BASE_DOUBLE:
            return "floating point is not supported";
        case BASE_ARRAY:
            return "arrays are not supported";
        case BASE_OBJECT:
            return model_field_object(model, field)->is_struct ? "structs are not supported" : NULL;
        case BASE_STRING:
            return NULL;
        default:
            return base_is_integer(base) ? NULL : "a type that protogen does not know";
    }
}

static const char* refused_field(const model_t* model, const model_field_t* field) {
    const model_type_t* type = field->type;
    const bool is_vector = type->base == BASE_VECTOR;
    if (is_vector && type->element == BASE_VECTOR) {
        return "vectors of vectors are not supported";
    }
    const char* reason = refused_value(model, field, is_vector ? type->element : type->base);
    if (reason != NULL) {
        return reason;
    }
    if (model_is_handle(field) && (type->base != BASE_UINT32 || type->index >= 0)) {
        return "a handle must be a uint";
    }
    if (model_is_handle(field) && field->fallback != 0) {
        return "a handle can't have a default";
    }
    if (field->is_optional && base_is_integer(type->base)) {
        return "optional scalars (= null) are not supported";
    }
    if (model_has_attribute(field->attributes, field->attribute_count, "force_align")) {
        return "force_align is not supported";
    }
    if (field->id >= PG_MAX_TABLE_FIELDS) {
        return "a table can have 64 fields";
    }
    if (name_is_keyword(field->name)) {
        return "the name is a keyword of C";
    }
    return NULL;
}

// A vector `x` takes the member `x_count` too.
static bool is_taken(const model_object_t* object, const model_field_t* field) {
    for (size_t i = 0; i < object->field_count; i++) {
        const model_field_t* other = &object->fields[i];
        const size_t length = strlen(other->name);
        if (other->type->base == BASE_VECTOR && !other->is_deprecated &&
            strncmp(field->name, other->name, length) == 0 &&
            strcmp(field->name + length, "_count") == 0) {
            return true;
        }
    }
    return false;
}

static void check_object(checker_t* checker, const model_object_t* object) {
    if (object->is_struct) {
        report(checker, "struct %s: structs are not supported", object->name);
        return;
    }
    for (size_t i = 0; i < object->field_count; i++) {
        const model_field_t* field = &object->fields[i];
        if (field->is_deprecated) {
            continue;
        }
        const char* reason = refused_field(checker->model, field);
        if (reason == NULL && is_taken(object, field)) {
            reason = "the name is that of a vector's count";
        }
        if (reason != NULL) {
            report(checker, "table %s: field %s: %s", object->name, field->name, reason);
        }
    }
}

// By id, with NULL for deprecated fields.
static bool sort_fields(model_object_t* object, pg_arena_t* arena) {
    size_t count = 0;
    for (size_t i = 0; i < object->field_count; i++) {
        count = object->fields[i].id >= count ? object->fields[i].id + 1 : count;
    }
    const model_field_t** by_id = pg_arena_alloc(arena, count, sizeof(by_id[0]));
    if (by_id == NULL) {
        return false;
    }
    for (size_t i = 0; i < object->field_count; i++) {
        const model_field_t* field = &object->fields[i];
        by_id[field->id] = field->is_deprecated ? NULL : field;
    }
    object->by_id = by_id;
    object->id_count = count;
    return true;
}

static void check_method(checker_t* checker, const model_service_t* service,
                         const model_method_t* method) {
    if (model_has_attribute(method->attributes, method->attribute_count, "streaming")) {
        report(checker, "service %s: method %s: streaming is not supported", service->name,
               method->name);
    }
    if (strlen(service->name) + strlen(method->name) > MAX_NAME) {
        report(checker, "service %s: method %s: the names are too long", service->name,
               method->name);
    }
    if (name_is_keyword(name_snake(method->name).text)) {
        report(checker, "service %s: method %s: the name is a keyword of C", service->name,
               method->name);
    }
}

// Two names that differ in the schema may be one in C: AddDevice and Add_Device.
static void check_unique(checker_t* checker, const char** names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > MAX_NAME) {
            report(checker, "%s: the name is too long", names[i]);
        }
        if (name_prefix(names[i]).text[0] == '\0') {
            report(checker, "%s: declarations need a namespace", names[i]);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(name_type(names[i]).text, name_type(names[j]).text) == 0) {
                report(checker, "%s and %s have the same name in C, %s", names[j], names[i],
                       name_type(names[i]).text);
            }
        }
    }
}

static void check_names(checker_t* checker, pg_arena_t* arena) {
    const model_t* model = checker->model;
    size_t count = 0;
    const char** names = pg_arena_alloc(
        arena, model->object_count + model->enum_count + model->service_count, sizeof(names[0]));
    if (names == NULL) {
        report(checker, "out of memory");
        return;
    }
    for (size_t i = 0; i < model->object_count; i++) {
        names[count++] = model->objects[i].name;
    }
    for (size_t i = 0; i < model->enum_count; i++) {
        names[count++] = model->enums[i].name;
    }
    check_unique(checker, names, count);
    for (size_t i = 0; i < model->service_count; i++) {
        names[i] = model->services[i].name;
    }
    check_unique(checker, names, model->service_count);
}

bool model_check(model_t* model, pg_arena_t* arena, FILE* errors) {
    checker_t checker = {.model = model, .errors = errors};
    check_names(&checker, arena);
    size_t own_count = 0;
    for (size_t i = 0; i < model->object_count; i++) {
        model_object_t* object = &model->objects[i];
        if (!sort_fields(object, arena)) {
            report(&checker, "out of memory");
            return false;
        }
        if (model_is_own(model, object->name)) {
            own_count++;
            check_object(&checker, object);
        }
    }
    for (size_t i = 0; i < model->enum_count; i++) {
        own_count += model_is_own(model, model->enums[i].name);
        if (model_is_own(model, model->enums[i].name) && model->enums[i].is_union) {
            report(&checker, "union %s: unions are not supported", model->enums[i].name);
        }
    }
    for (size_t i = 0; i < model->service_count; i++) {
        const model_service_t* service = &model->services[i];
        for (size_t j = 0; j < service->method_count && model_is_own(model, service->name); j++) {
            check_method(&checker, service, &service->methods[j]);
        }
    }
    if (own_count == 0) {
        report(&checker, "nothing is declared in a namespace that ends in %s", model->schema);
    }
    return checker.error_count == 0;
}
