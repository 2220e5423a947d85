// SPDX-License-Identifier: MIT
// Answers of the server as short texts.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lsp_client.h"

static void put_range(const json_t* range, FILE* out) {
    int from[2] = {-1, -1};
    int to[2] = {-1, -1};
    json_unpack((json_t*)range, "{s:{s:i,s:i},s:{s:i,s:i}}", "start", "line", &from[0], "character",
                &from[1], "end", "line", &to[0], "character", &to[1]);
    fprintf(out, "%d:%d-%d:%d", from[0], from[1], to[0], to[1]);
}

// Files in the folder by their names in it, others by their last name.
static void put_name(const lsp_client_t* client, const char* uri, FILE* out) {
    const size_t size = strlen(client->root);
    const bool is_inside = strncmp(uri, client->root, size) == 0;
    fputs(is_inside ? uri + size + 1 : strrchr(uri, '/') + 1, out);
}

// A text in which the folder and the source tree are called FOLDER and SOURCE.
static void put_text(const lsp_client_t* client, const char* text, FILE* out) {
    const char* const folders[][2] = {{client->folder, "FOLDER"},
                                      {getenv("JACINTH_SOURCE"), "SOURCE"}};
    while (*text != 0) {
        bool is_put = false;
        for (size_t i = 0; i < 2 && !is_put; i++) {
            const size_t size = strlen(folders[i][0]);
            is_put = strncmp(text, folders[i][0], size) == 0;
            if (is_put) {
                fputs(folders[i][1], out);
                text += size;
            }
        }
        if (!is_put) {
            fputc(*text++, out);
        }
    }
}

static void put_fault(const lsp_client_t* client, const json_t* fault, FILE* out) {
    static const char* const words[] = {"?", "error", "warning", "information"};
    const char* code = json_string_value(json_object_get(fault, "code"));
    const json_t* related = json_array_get(json_object_get(fault, "relatedInformation"), 0);
    put_range(json_object_get(fault, "range"), out);
    fprintf(out, " %s %s ", words[json_integer_value(json_object_get(fault, "severity")) & 3],
            code == NULL ? "-" : code);
    put_text(client, json_string_value(json_object_get(fault, "message")), out);
    fputc('\n', out);
    if (related != NULL) {
        const json_t* location = json_object_get(related, "location");
        fprintf(out, "    %s ", json_string_value(json_object_get(related, "message")));
        put_name(client, json_string_value(json_object_get(location, "uri")), out);
        fputc(' ', out);
        put_range(json_object_get(location, "range"), out);
        fputc('\n', out);
    }
}

char* lsp_client_faults(lsp_client_t* client, const char* name) {
    char* text = NULL;
    size_t size = 0;
    size_t i;
    json_t* fault;
    lsp_client_settle(client);
    const json_t* params = json_object_get(client->published, lsp_client_uri(client, name));
    FILE* out = open_memstream(&text, &size);
    if (params == NULL) {
        fputs("never", out);
    }
    json_array_foreach(json_object_get(params, "diagnostics"), i, fault) {
        put_fault(client, fault, out);
    }
    fclose(out);
    return text;
}

static void put_place(const lsp_client_t* client, const json_t* location, FILE* out) {
    const char* uri = json_string_value(json_object_get(location, "uri"));
    if (uri != NULL) {
        put_name(client, uri, out);
        fputc(' ', out);
    }
    put_range(json_object_get(location, "range"), out);
    fputc('\n', out);
}

char* lsp_client_places(const lsp_client_t* client, json_t* result) {
    char* text = NULL;
    size_t size = 0;
    size_t i;
    json_t* location;
    FILE* out = open_memstream(&text, &size);
    if (json_is_object(result)) {
        put_place(client, result, out);
    }
    if (json_is_array(result)) {
        json_array_foreach(result, i, location) {
            put_place(client, location, out);
        }
    }
    fclose(out);
    json_decref(result);
    return text;
}

char* lsp_client_items(json_t* result) {
    char* text = NULL;
    size_t size = 0;
    size_t i;
    json_t* item;
    FILE* out = open_memstream(&text, &size);
    json_array_foreach(json_object_get(result, "items"), i, item) {
        const char* detail = json_string_value(json_object_get(item, "detail"));
        fprintf(out, "%s %d%s%s\n", json_string_value(json_object_get(item, "label")),
                (int)json_integer_value(json_object_get(item, "kind")), detail == NULL ? "" : " ",
                detail == NULL ? "" : detail);
    }
    fclose(out);
    json_decref(result);
    return text;
}

char* lsp_client_hover(const lsp_client_t* client, json_t* result) {
    char* text = NULL;
    size_t size = 0;
    const json_t* contents = json_object_get(result, "contents");
    FILE* out = open_memstream(&text, &size);
    if (contents != NULL) {
        put_range(json_object_get(result, "range"), out);
        fprintf(out, " %s\n", json_string_value(json_object_get(contents, "kind")));
        put_text(client, json_string_value(json_object_get(contents, "value")), out);
    }
    fclose(out);
    json_decref(result);
    return text;
}

static void put_symbols(const json_t* list, int depth, FILE* out) {
    size_t i;
    json_t* symbol;
    json_array_foreach(list, i, symbol) {
        const char* detail = json_string_value(json_object_get(symbol, "detail"));
        fprintf(out, "%*s%s %d ", 2 * depth, "", json_string_value(json_object_get(symbol, "name")),
                (int)json_integer_value(json_object_get(symbol, "kind")));
        put_range(json_object_get(symbol, "range"), out);
        fputc(' ', out);
        put_range(json_object_get(symbol, "selectionRange"), out);
        fprintf(out, "%s%s\n", detail == NULL ? "" : " ", detail == NULL ? "" : detail);
        put_symbols(json_object_get(symbol, "children"), depth + 1, out);
    }
}

char* lsp_client_symbols(json_t* result) {
    char* text = NULL;
    size_t size = 0;
    FILE* out = open_memstream(&text, &size);
    put_symbols(result, 0, out);
    fclose(out);
    json_decref(result);
    return text;
}

char* lsp_client_compact(json_t* value) {
    char* text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    json_decref(value);
    return text;
}

void lsp_expect_text(char* text, const char* expected, int line) {
    cr_expect_str_eq(text, expected, "line %d\n--- expected\n%s\n--- got\n%s\n", line, expected,
                     text);
    free(text);
}
