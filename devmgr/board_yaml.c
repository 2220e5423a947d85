// SPDX-License-Identifier: MIT
// Strict reading of YAML over libyaml's document tree.
#include "board_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/status.h>
#include <zircon/errors.h>

#include "dm_limits.h"

static const char* const g_type_names[] = {
    [DM_YAML_ANY] = "a value",  [DM_YAML_TEXT] = "a text",   [DM_YAML_NUMBER] = "a number",
    [DM_YAML_BOOL] = "a bool",  [DM_YAML_MAP] = "a mapping", [DM_YAML_LIST] = "a list",
    [DM_YAML_NULL] = "nothing",
};

static void report(dm_yaml_t* yaml, size_t line, size_t column, const char* format, va_list args) {
    char prefix[DM_MAX_PATH + 64];
    snprintf(prefix, sizeof(prefix), "%s:%zu:%zu: ", yaml->file, line + 1, column + 1);
    dm_diag_addv(yaml->diag, prefix, format, args);
}

static void report_at(dm_yaml_t* yaml, yaml_mark_t mark, const char* format, ...)
    __PRINTFLIKE(3, 4);
static void report_at(dm_yaml_t* yaml, yaml_mark_t mark, const char* format, ...) {
    va_list args;
    va_start(args, format);
    report(yaml, mark.line, mark.column, format, args);
    va_end(args);
}

void dm_yaml_error(dm_yaml_t* yaml, const yaml_node_t* node, const char* format, ...) {
    va_list args;
    va_start(args, format);
    report(yaml, node->start_mark.line, node->start_mark.column, format, args);
    va_end(args);
}

// ------------------------------------------------------------------------------------- opening

// libyaml tells where a byte cannot be read by its offset only.
static yaml_mark_t mark_of_byte(const char* file, size_t offset) {
    yaml_mark_t mark = {.index = offset};
    FILE* stream = fopen(file, "rbe");
    for (size_t i = 0; stream != NULL && i < offset; i++) {
        int c = fgetc(stream);
        mark.column = c == '\n' ? 0 : mark.column + 1;
        mark.line += c == '\n' ? 1 : 0;
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return mark;
}

static void report_parser(dm_yaml_t* yaml, const yaml_parser_t* parser) {
    if (parser->error == YAML_READER_ERROR) {
        report_at(yaml, mark_of_byte(yaml->file, parser->problem_offset), "%s",
                  parser->problem != NULL ? parser->problem : "unreadable");
        return;
    }
    report_at(yaml, parser->problem_mark, "%s%s%s",
              parser->problem != NULL ? parser->problem : "not YAML",
              parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
}

// Loads one document; false: reported.
static bool load(dm_yaml_t* yaml, yaml_parser_t* parser) {
    if (!yaml_parser_load(parser, &yaml->document)) {
        report_parser(yaml, parser);
        return false;
    }
    yaml->has_document = true;
    if (yaml_document_get_root_node(&yaml->document) == NULL) {
        dm_diag_add(yaml->diag, "%s:1:1: the file is empty", yaml->file);
        return false;
    }
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) {
        report_parser(yaml, parser);
        return false;
    }
    const yaml_node_t* second = yaml_document_get_root_node(&next);
    if (second != NULL) {
        dm_yaml_error(yaml, second, "a second document; a board is one");
    }
    yaml_document_delete(&next);
    return second == NULL;
}

static zx_status_t check_size(dm_yaml_t* yaml, FILE* stream) {
    if (fseek(stream, 0, SEEK_END) != 0) {
        dm_diag_add(yaml->diag, "%s: %s", yaml->file, strerror(errno));
        return ZX_ERR_IO;
    }
    long size = ftell(stream);
    rewind(stream);
    if (size < 0 || size > (long)DM_MAX_BOARD_FILE) {
        dm_diag_add(yaml->diag, "%s: larger than %u bytes", yaml->file, DM_MAX_BOARD_FILE);
        return ZX_ERR_FILE_BIG;
    }
    return ZX_OK;
}

zx_status_t dm_yaml_open(dm_yaml_t* yaml, const char* file, dm_diag_t* diag) {
    *yaml = (dm_yaml_t){.file = file, .diag = diag};
    FILE* stream = fopen(file, "rbe");
    if (stream == NULL) {
        int error = errno;
        dm_diag_add(diag, "%s: %s", file, strerror(error));
        return lx_status_from_errno(error);
    }
    zx_status_t status = check_size(yaml, stream);
    yaml_parser_t parser;
    if (status == ZX_OK && !yaml_parser_initialize(&parser)) {
        status = ZX_ERR_NO_MEMORY;
    }
    if (status == ZX_OK) {
        yaml_parser_set_input_file(&parser, stream);
        status = load(yaml, &parser) ? ZX_OK : ZX_ERR_INVALID_ARGS;
        yaml_parser_delete(&parser);
    }
    fclose(stream);
    return status;
}

void dm_yaml_close(dm_yaml_t* yaml) {
    if (yaml->has_document) {
        yaml_document_delete(&yaml->document);
        yaml->has_document = false;
    }
}

yaml_node_t* dm_yaml_root(dm_yaml_t* yaml) {
    return yaml_document_get_root_node(&yaml->document);
}

// --------------------------------------------------------------------------------------- types

// Decimal or 0x…, unsigned.
static bool parse_number(const char* text, uint64_t* out_value) {
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char* digits = is_hex ? text + 2 : text;
    const char* allowed = is_hex ? "0123456789abcdefABCDEF" : "0123456789";
    if (digits[0] == '\0' || digits[strspn(digits, allowed)] != '\0') {
        return false;
    }
    errno = 0;
    *out_value = strtoull(digits, NULL, is_hex ? 16 : 10);
    return errno == 0;
}

// A word of digits that is too large, or signed, is still a number to the reader of the file.
static bool looks_like_number(const char* text) {
    const char* c = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    bool is_hex = c[0] == '0' && (c[1] == 'x' || c[1] == 'X');
    c = is_hex ? c + 2 : c;
    return c[0] != '\0' && c[strspn(c, is_hex ? "0123456789abcdefABCDEF" : "0123456789")] == '\0';
}

dm_yaml_type_t dm_yaml_type(const yaml_node_t* node) {
    if (node->type == YAML_MAPPING_NODE) {
        return DM_YAML_MAP;
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        return DM_YAML_LIST;
    }
    const char* text = (const char*)node->data.scalar.value;
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return DM_YAML_TEXT;
    }
    if (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0) {
        return DM_YAML_NULL;
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return DM_YAML_BOOL;
    }
    return looks_like_number(text) ? DM_YAML_NUMBER : DM_YAML_TEXT;
}

static void report_type(dm_yaml_t* yaml, const yaml_node_t* node, const char* key,
                        dm_yaml_type_t wanted) {
    dm_yaml_type_t found = dm_yaml_type(node);
    if (node->type == YAML_SCALAR_NODE && found != DM_YAML_NULL) {
        dm_yaml_error(yaml, node, "'%s' must be %s, not %s '%.60s'%s", key, g_type_names[wanted],
                      g_type_names[found], (const char*)node->data.scalar.value,
                      wanted == DM_YAML_TEXT ? " (put it in quotes)" : "");
        return;
    }
    dm_yaml_error(yaml, node, "'%s' must be %s, not %s", key, g_type_names[wanted],
                  g_type_names[found]);
}

// -------------------------------------------------------------------------------------- access

size_t dm_yaml_count(const yaml_node_t* node) {
    if (node == NULL) {
        return 0;
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    }
    if (node->type == YAML_MAPPING_NODE) {
        return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    }
    return 0;
}

yaml_node_t* dm_yaml_at(dm_yaml_t* yaml, const yaml_node_t* list, size_t index) {
    return yaml_document_get_node(&yaml->document, list->data.sequence.items.start[index]);
}

void dm_yaml_pair(dm_yaml_t* yaml, const yaml_node_t* map, size_t index, yaml_node_t** out_key,
                  yaml_node_t** out_value) {
    const yaml_node_pair_t* pair = &map->data.mapping.pairs.start[index];
    *out_key = yaml_document_get_node(&yaml->document, pair->key);
    *out_value = yaml_document_get_node(&yaml->document, pair->value);
}

static size_t find_key(const dm_yaml_key_t* keys, size_t count, const char* name) {
    size_t i = 0;
    while (i < count && strcmp(keys[i].name, name) != 0) {
        i++;
    }
    return i;
}

// "a, b, c" of all known keys.
static void list_keys(const dm_yaml_key_t* keys, size_t count, char* out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s%s", i != 0 ? ", " : "", keys[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
}

// Takes one pair of a mapping; false: reported.
static bool take_pair(dm_yaml_t* yaml, const yaml_node_t* key, yaml_node_t* value, const char* what,
                      const dm_yaml_key_t* keys, size_t count, yaml_node_t** out, bool* seen) {
    if (key->type != YAML_SCALAR_NODE) {
        dm_yaml_error(yaml, key, "a key of %s must be a word", what);
        return false;
    }
    const char* name = (const char*)key->data.scalar.value;
    size_t i = find_key(keys, count, name);
    if (i == count) {
        char known[256];
        list_keys(keys, count, known, sizeof(known));
        dm_yaml_error(yaml, key, "unknown key '%.60s' in %s (known: %s)", name, what, known);
        return false;
    }
    if (seen[i]) {
        dm_yaml_error(yaml, key, "key '%s' is given twice", name);
        return false;
    }
    seen[i] = true;
    if (keys[i].type != DM_YAML_ANY && dm_yaml_type(value) != keys[i].type) {
        report_type(yaml, value, name, keys[i].type);
        return false;
    }
    out[i] = value;
    return true;
}

#define MAX_KEYS 16u

bool dm_yaml_map(dm_yaml_t* yaml, yaml_node_t* node, const char* what, const dm_yaml_key_t* keys,
                 size_t count, yaml_node_t** out) {
    bool seen[MAX_KEYS] = {false};
    memset(out, 0, count * sizeof(out[0]));
    if (node->type != YAML_MAPPING_NODE || count > MAX_KEYS) {
        dm_yaml_error(yaml, node, "%s must be a mapping", what);
        return false;
    }
    bool is_good = true;
    size_t pairs = dm_yaml_count(node);
    for (size_t i = 0; i < pairs; i++) {
        yaml_node_t* key = NULL;
        yaml_node_t* value = NULL;
        dm_yaml_pair(yaml, node, i, &key, &value);
        is_good = take_pair(yaml, key, value, what, keys, count, out, seen) && is_good;
    }
    for (size_t i = 0; i < count; i++) {
        if (keys[i].is_required && !seen[i]) {
            dm_yaml_error(yaml, node, "%s lacks the key '%s'", what, keys[i].name);
            is_good = false;
        }
    }
    return is_good;
}

// -------------------------------------------------------------------------------------- values

bool dm_yaml_text(dm_yaml_t* yaml, const yaml_node_t* node, const char* key, size_t max_size,
                  const char** out_text) {
    if (node == NULL) {
        return false;
    }
    if (dm_yaml_type(node) != DM_YAML_TEXT) {
        report_type(yaml, node, key, DM_YAML_TEXT);
        return false;
    }
    const char* text = (const char*)node->data.scalar.value;
    if (node->data.scalar.length == 0) {
        dm_yaml_error(yaml, node, "'%s' must not be empty", key);
        return false;
    }
    if (node->data.scalar.length > max_size || strlen(text) != node->data.scalar.length) {
        dm_yaml_error(yaml, node, "'%s' must be at most %zu bytes without a NUL", key, max_size);
        return false;
    }
    *out_text = text;
    return true;
}

bool dm_yaml_number(dm_yaml_t* yaml, const yaml_node_t* node, const char* key, uint64_t min,
                    uint64_t max, uint64_t* out_value) {
    if (node == NULL) {
        return false;
    }
    if (dm_yaml_type(node) != DM_YAML_NUMBER) {
        report_type(yaml, node, key, DM_YAML_NUMBER);
        return false;
    }
    uint64_t value = 0;
    if (!parse_number((const char*)node->data.scalar.value, &value) || value < min || value > max) {
        dm_yaml_error(yaml, node, "'%s' must be from %llu to %llu, not %.60s", key,
                      (unsigned long long)min, (unsigned long long)max,
                      (const char*)node->data.scalar.value);
        return false;
    }
    *out_value = value;
    return true;
}

bool dm_yaml_u32(dm_yaml_t* yaml, const yaml_node_t* node, const char* key, uint32_t* out_value) {
    uint64_t value = 0;
    if (!dm_yaml_number(yaml, node, key, 0, UINT32_MAX, &value)) {
        return false;
    }
    *out_value = (uint32_t)value;
    return true;
}

bool dm_yaml_bool(const yaml_node_t* node, bool* out_value) {
    if (node == NULL || dm_yaml_type(node) != DM_YAML_BOOL) {
        return false;
    }
    *out_value = strcmp((const char*)node->data.scalar.value, "true") == 0;
    return true;
}
