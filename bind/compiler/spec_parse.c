// SPDX-License-Identifier: MIT
// Reading test specifications.
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_place.h"
#include "parser.h"
#include "spec.h"

typedef struct reader {
    bc_diagnostics_t* diagnostics;
    const bc_source_t* source;
    bc_json_step_t steps[BC_JSON_MAX_STEPS];
    size_t depth;
    bc_json_trail_t trail;
} reader_t;

static void push_index(reader_t* reader, size_t index) {
    reader->steps[reader->depth++] = (bc_json_step_t){NULL, index};
}

static void push_key(reader_t* reader, const char* key) {
    reader->steps[reader->depth++] = (bc_json_step_t){key, 0};
}

static bc_place_t place_here(reader_t* reader, bool of_key) {
    return bc_json_place(reader->source, reader->steps, reader->depth, of_key, &reader->trail);
}

__PRINTFLIKE(2, 3) static bool refuse(reader_t* reader, const char* format, ...) {
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bc_error(reader->diagnostics, place_here(reader, false), 402, "%s", text);
    return false;
}

// Every member is one of `names` (null-terminated), and those before the first empty name are
// there.
static bool check_members(reader_t* reader, const json_t* object, const char* const* names) {
    const char* key;
    json_t* value;
    if (!json_is_object(object)) {
        return refuse(reader, "an object expected");
    }
    json_object_foreach((json_t*)object, key, value) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            push_key(reader, key);
            bc_error(reader->diagnostics, place_here(reader, true), 402,
                     "there is no member \"%s\" in a test specification's object of this kind",
                     key);
            reader->depth--;
            return false;
        }
    }
    return true;
}

static const char* take_text(reader_t* reader, const json_t* object, const char* key) {
    const json_t* value = json_object_get(object, key);
    if (value == NULL) {
        refuse(reader, "the member \"%s\" is missing", key);
        return NULL;
    }
    if (!json_is_string(value)) {
        push_key(reader, key);
        refuse(reader, "\"%s\" must be a string", key);
        reader->depth--;
        return NULL;
    }
    return json_string_value(value);
}

static bc_text_t keep(reader_t* reader, const char* text) {
    return bc_text(bc_arena_copy(reader->diagnostics->arena, text, strlen(text)));
}

// Parses a text of its own; what is wrong is reported at its place in the JSON.
typedef struct small {
    bc_diagnostics_t diagnostics;
    bc_parser_t parser;
} small_t;

static bool begin_small(reader_t* reader, const char* text, small_t* small) {
    *small = (small_t){.diagnostics.arena = reader->diagnostics->arena};
    const bc_source_t* source = bc_source_from_text(&small->diagnostics, "", 0, text, strlen(text));
    if (source != NULL) {
        bc_parser_init(&small->parser, &small->diagnostics, source);
    }
    return source != NULL;
}

static bool end_small(reader_t* reader, small_t* small, bool is_good, const char* what,
                      bool of_key) {
    if (is_good && !bc_at_end(&small->parser.lexer)) {
        small->parser.lexer.failure = (bc_failure_t){0};
        is_good = bc_fail(&small->parser.lexer, 25, what);
    }
    if (!is_good) {
        bc_report_failure(&small->parser.lexer);
    }
    const bc_diagnostic_t* first = small->diagnostics.first;
    if (first != NULL) {
        bc_error(reader->diagnostics, place_here(reader, of_key), first->code, "%s",
                 first->message);
    }
    return is_good && first == NULL;
}

static bool parse_property(reader_t* reader, bc_device_t* device, const char* key,
                           const json_t* value) {
    small_t small;
    bc_name_t name = {0};
    bc_value_t parsed = {0};
    bool is_good = begin_small(reader, key, &small);
    if (is_good) {
        const bool starts = key[0] != ' ' && key[0] != '\t' && key[0] != '/';
        is_good = (starts && bc_take_name(&small.parser.lexer, &name)) ||
                  bc_fail(&small.parser.lexer, 5, "the name of a key");
        is_good = is_good &&
                  (key[name.text.size] == 0 || bc_fail_at(&small.parser.lexer, name.text.size, 25,
                                                          "something follows the name of the key"));
    }
    if (!end_small(reader, &small, is_good, "the end of the key", true)) {
        return false;
    }
    if (!json_is_string(value)) {
        return refuse(reader, "a property's value is a string with the value as rules write it");
    }
    is_good = begin_small(reader, json_string_value(value), &small) &&
              bc_parse_value(&small.parser, &parsed);
    if (!end_small(reader, &small, is_good, "the end of the value", false)) {
        return false;
    }
    name.place = place_here(reader, true);
    parsed.place = place_here(reader, false);
    bc_device_add(reader->diagnostics, device, &name, &parsed);
    return true;
}

static bool parse_device(reader_t* reader, const json_t* object, bc_device_t* out) {
    const json_t* device = json_object_get(object, "device");
    const char* key;
    json_t* value;
    if (device == NULL) {
        return refuse(reader, "the member \"device\" is missing");
    }
    push_key(reader, "device");
    bool is_good = json_is_object(device) || refuse(reader, "\"device\" must be an object");
    if (is_good) {
        json_object_foreach((json_t*)device, key, value) {
            push_key(reader, key);
            is_good = parse_property(reader, out, key, value) && is_good;
            reader->depth--;
        }
    }
    reader->depth--;
    return is_good;
}

static bool parse_case(reader_t* reader, const json_t* object, bc_case_t* out) {
    static const char* const names[] = {"name", "expected", "device", NULL};
    if (!check_members(reader, object, names)) {
        return false;
    }
    const char* name = take_text(reader, object, "name");
    const char* expected = take_text(reader, object, "expected");
    if (name == NULL || expected == NULL) {
        return false;
    }
    out->name = keep(reader, name);
    out->expects_match = strcmp(expected, "match") == 0;
    push_key(reader, "name");
    out->place = place_here(reader, false);
    reader->depth--;
    if (!out->expects_match && strcmp(expected, "abort") != 0) {
        push_key(reader, "expected");
        refuse(reader, "\"expected\" is \"match\" or \"abort\"");
        reader->depth--;
        return false;
    }
    out->device.source = reader->source;
    return parse_device(reader, object, &out->device);
}

static bool parse_cases(reader_t* reader, const json_t* array, bc_case_t** tail) {
    size_t index;
    json_t* value;
    if (!json_is_array(array)) {
        return refuse(reader, "a list of tests expected");
    }
    bool is_good = true;
    json_array_foreach((json_t*)array, index, value) {
        bc_case_t* parsed = bc_arena_alloc(reader->diagnostics->arena, sizeof(bc_case_t));
        push_index(reader, index);
        is_good = parse_case(reader, value, parsed) && is_good;
        reader->depth--;
        *tail = parsed;
        tail = &parsed->next;
    }
    return is_good;
}

static bool parse_group(reader_t* reader, const json_t* object, bc_case_group_t* out) {
    static const char* const names[] = {"node", "parent", "tests", NULL};
    if (!check_members(reader, object, names)) {
        return false;
    }
    const bool is_node = json_object_get(object, "node") != NULL;
    if (is_node && json_object_get(object, "parent") != NULL) {
        return refuse(reader, "\"node\" and \"parent\" are the same; only one of them");
    }
    const char* word = is_node ? "node" : "parent";
    const char* parent = take_text(reader, object, word);
    const json_t* tests = json_object_get(object, "tests");
    if (parent == NULL || tests == NULL) {
        return parent != NULL && refuse(reader, "the member \"tests\" is missing");
    }
    out->parent = keep(reader, parent);
    push_key(reader, word);
    out->place = place_here(reader, false);
    reader->depth--;
    push_key(reader, "tests");
    const bool is_good = parse_cases(reader, tests, &out->cases);
    reader->depth--;
    return is_good;
}

static void parse_groups(reader_t* reader, const json_t* array, bc_spec_t* out) {
    bc_case_group_t** tail = &out->groups;
    size_t index;
    json_t* value;
    json_array_foreach((json_t*)array, index, value) {
        bc_case_group_t* group = bc_arena_alloc(reader->diagnostics->arena, sizeof(*group));
        push_index(reader, index);
        parse_group(reader, value, group);
        reader->depth--;
        *tail = group;
        tail = &group->next;
    }
}

static void parse_root(reader_t* reader, const json_t* root, bc_spec_t* out) {
    const json_t* first = json_array_get(root, 0);
    if (!json_is_array(root)) {
        refuse(reader, "a list of tests expected");
        return;
    }
    out->is_composite = json_object_get(first, "node") != NULL ||
                        json_object_get(first, "parent") != NULL ||
                        json_object_get(first, "tests") != NULL;
    if (out->is_composite) {
        parse_groups(reader, root, out);
        return;
    }
    out->groups = bc_arena_alloc(reader->diagnostics->arena, sizeof(bc_case_group_t));
    parse_cases(reader, root, &out->groups->cases);
}

void bc_spec_parse(bc_diagnostics_t* diagnostics, const bc_source_t* source, bc_spec_t* out) {
    *out = (bc_spec_t){0};
    json_error_t error;
    json_t* root = json_loadb(source->text, source->size, JSON_REJECT_DUPLICATES, &error);
    reader_t reader = {.diagnostics = diagnostics, .source = source};
    if (root == NULL) {
        const uint32_t offset = error.position > 0 ? (uint32_t)error.position - 1 : 0;
        const bc_place_t place = {source, offset < source->size ? offset : source->size, 1};
        bc_error(diagnostics, place, 403, "this is no JSON: %s", error.text);
        return;
    }
    parse_root(&reader, root, out);
    json_decref(root);
}

static const bc_parent_t* find_parent(const bc_rules_t* rules, bc_text_t name) {
    const bc_parent_t* parent = rules->parents;
    while (parent != NULL && !bc_text_equal(parent->name.text, name)) {
        parent = parent->next;
    }
    return parent;
}

void bc_spec_check(bc_diagnostics_t* diagnostics, const bc_rules_t* rules, const bc_spec_t* spec,
                   const bc_source_t* source) {
    for (const bc_case_group_t* group = spec->groups; group != NULL; group = group->next) {
        if (!spec->is_composite && rules->is_composite && group->cases != NULL) {
            bc_error(diagnostics, (bc_place_t){source, 0, 1}, 402,
                     "the rules are a composite; each entry must name a \"parent\"");
        } else if (spec->is_composite && group->place.source != NULL &&
                   find_parent(rules, group->parent) == NULL) {
            bc_error(diagnostics, group->place, 404, "the rules have no parent \"%.*s\"",
                     (int)group->parent.size, group->parent.data);
        }
    }
}
