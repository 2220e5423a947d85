// SPDX-License-Identifier: MIT
// What can be written at a place: libraries, keys, values, words of the language.
#include <string.h>

#include <bind/legacy_keys.h>

#include "describe.h"
#include "server.h"
#include "slot.h"

#define MAX_ITEMS 2000u

// Kinds of items.
enum { ITEM_MODULE = 9, ITEM_PROPERTY = 10, ITEM_VALUE = 12, ITEM_KEYWORD = 14, ITEM_ENUM = 20 };

typedef struct completer {
    lsp_request_t* request;
    const lsp_analysis_t* analysis;
    lsp_slot_t slot;
    bc_text_t alias;    // what is typed begins with it and a dot; or size 0
    bc_text_t aliased;  // the library that it stands for
    json_t* range;      // of what is typed
    json_t* items;
    bool is_cut;
} completer_t;

static bool starts_with(bc_text_t text, bc_text_t start) {
    return text.size >= start.size && strncasecmp(text.data, start.data, start.size) == 0;
}

// What is typed may be the beginning of the name or of its last part.
static bool is_meant(const completer_t* completer, bc_text_t name) {
    bc_text_t front;
    bc_text_t last;
    bc_split_name(name, &front, &last);
    return starts_with(name, completer->slot.typed) || starts_with(last, completer->slot.typed);
}

static void add(completer_t* completer, bc_text_t label, int kind, const bc_buffer_t* detail) {
    if (!is_meant(completer, label)) {
        return;
    }
    if (json_array_size(completer->items) == MAX_ITEMS) {
        completer->is_cut = true;
        return;
    }
    json_t* item =
        json_pack("{s:s%,s:i,s:{s:O,s:s%}}", "label", label.data, (size_t)label.size, "kind", kind,
                  "textEdit", "range", completer->range, "newText", label.data, (size_t)label.size);
    if (detail != NULL && detail->size > 0) {
        json_object_set_new(item, "detail", lsp_string((const char*)detail->data, detail->size));
    }
    json_array_append_new(completer->items, item);
}

static void add_words(completer_t* completer, const char* const* words) {
    for (; *words != NULL; words++) {
        add(completer, bc_text(*words), ITEM_KEYWORD, NULL);
    }
}

// A name as this file writes it when an alias was begun with.
static bc_text_t written(const completer_t* completer, bc_text_t name) {
    const bc_text_t library = completer->aliased;
    if (completer->alias.size == 0 || name.size <= library.size || name.data[library.size] != '.' ||
        memcmp(name.data, library.data, library.size) != 0) {
        return name;
    }
    const bc_text_t rest = {name.data + library.size + 1, name.size - library.size - 1};
    return bc_arena_join(&completer->request->arena, completer->alias, '.', rest);
}

static void find_alias(completer_t* completer) {
    const bc_text_t typed = completer->slot.typed;
    const char* dot = typed.size == 0 ? NULL : memchr(typed.data, '.', typed.size);
    if (dot == NULL) {
        return;
    }
    const bc_text_t first = {typed.data, (uint32_t)(dot - typed.data)};
    for (const bc_using_t* using = lsp_analysis_usings(completer->analysis); using != NULL;
         using = using->next) {
        if (using->alias.text.size != 0 && bc_text_equal(using->alias.text, first)) {
            completer->alias = first;
            completer->aliased = using->library.text;
        }
    }
}

static void add_key(completer_t* completer, const bc_symbol_t* key) {
    bc_buffer_t detail = {0};
    lsp_describe_key(key, &detail);
    add(completer, written(completer, key->text), ITEM_PROPERTY, &detail);
    bc_buffer_fini(&detail);
}

static bool is_visible(const completer_t* completer, const bc_library_t* library) {
    return !completer->analysis->compiler.options.strict_using || library->is_visible;
}

static void add_keys(completer_t* completer) {
    const bc_symbols_t* symbols = &completer->analysis->compiler.symbols;
    uint32_t id;
    const char* name;
    for (size_t i = 0; (name = bind_legacy_key_at(i, &id)) != NULL; i++) {
        add_key(completer, bc_map_get(&symbols->names, bc_text(name)));
    }
    for (const bc_library_t* library = symbols->libraries; library != NULL;
         library = library->next) {
        for (const bc_declaration_t* d = library->declarations; d != NULL; d = d->next) {
            if (d->is_extend || !is_visible(completer, library)) {
                continue;
            }
            const bc_symbol_t* key = bc_map_get(
                &symbols->names,
                bc_arena_join(&completer->request->arena, library->name.text, '.', d->key.text));
            if (key != NULL && key->kind == BC_SYMBOL_STR_KEY) {
                add_key(completer, key);
            }
        }
    }
}

static void add_value(void* context, const bc_symbol_t* value) {
    completer_t* completer = context;
    if (!is_visible(completer, value->library)) {
        return;
    }
    bc_buffer_t detail = {0};
    const bool is_enum = value->kind == BC_SYMBOL_ENUM;
    if (!is_enum) {
        lsp_describe_value(value, &detail);
    }
    add(completer, written(completer, value->name), is_enum ? ITEM_ENUM : ITEM_VALUE, &detail);
    bc_buffer_fini(&detail);
}

static void add_values(completer_t* completer) {
    static const char* const truths[] = {"true", "false", NULL};
    const bc_symbols_t* symbols = &completer->analysis->compiler.symbols;
    bc_arena_t* arena = &completer->request->arena;
    lsp_part_t parts[LSP_MAX_PARTS];
    lsp_namer_t namer;
    lsp_namer_init(&namer, symbols, lsp_analysis_usings(completer->analysis), arena);
    const size_t count = lsp_split_name(&namer, completer->slot.key, parts);
    if (count == 0 || parts[count - 1].entity != LSP_KEY) {
        return;
    }
    const bc_symbol_t* key = parts[count - 1].symbol;
    lsp_each_value(symbols, key, arena, add_value, completer);
    if (key->kind == BC_SYMBOL_STR_KEY && key->type == BC_TYPE_BOOL) {
        add_words(completer, truths);
    }
}

static void add_libraries(completer_t* completer) {
    for (const bc_library_t* library = completer->analysis->compiler.symbols.libraries;
         library != NULL; library = library->next) {
        if (library != completer->analysis->library) {
            add(completer, library->name.text, ITEM_MODULE, NULL);
        }
    }
}

static void add_statement(completer_t* completer) {
    static const char* const words[] = {"if", "accept", "true", "false", NULL};
    static const char* const top_words[] = {"using", NULL};
    static const char* const first_words[] = {"composite", "library", NULL};
    if (completer->slot.is_first) {
        add_words(completer, first_words);
    }
    if (completer->slot.is_top) {
        add_words(completer, top_words);
    }
    add_words(completer, words);
    add_keys(completer);
}

static void add_all(completer_t* completer) {
    static const char* const alias_words[] = {"as", NULL};
    static const char* const else_words[] = {"if", NULL};
    static const char* const parents[] = {"using", "primary", "optional", "parent", NULL};
    static const char* const declarations[] = {"using", "extend", "uint", "string",
                                               "bool",  "enum",   NULL};
    switch (completer->slot.kind) {
        case LSP_SLOT_NONE:
            break;
        case LSP_SLOT_LIBRARY:
            add_libraries(completer);
            break;
        case LSP_SLOT_ALIAS:
            add_words(completer, alias_words);
            break;
        case LSP_SLOT_KEY:
            add_keys(completer);
            break;
        case LSP_SLOT_VALUE:
            add_values(completer);
            break;
        case LSP_SLOT_STATEMENT:
            add_statement(completer);
            break;
        case LSP_SLOT_ELSE:
            add_words(completer, else_words);
            break;
        case LSP_SLOT_PARENT:
            add_words(completer, parents);
            break;
        case LSP_SLOT_PARENT_WORD:
            add_words(completer, parents + 3);
            break;
        case LSP_SLOT_DECLARATION:
            add_words(completer, declarations);
            break;
        case LSP_SLOT_TYPE:
            add_words(completer, declarations + 2);
            break;
    }
}

json_t* lsp_complete(lsp_request_t* request) {
    uint32_t offset;
    const lsp_analysis_t* analysis = lsp_request_place(request, &offset);
    if (analysis == NULL) {
        return NULL;
    }
    const lsp_file_t* file = analysis->file;
    completer_t completer = {.request = request, .analysis = analysis, .items = json_array()};
    completer.slot = lsp_find_slot((const char*)file->text.bytes.data, offset, &request->arena);
    lsp_mark_t mark = {0};
    completer.range = lsp_range(request->server, file, completer.slot.offset,
                                offset - completer.slot.offset, &mark);
    find_alias(&completer);
    add_all(&completer);
    json_decref(completer.range);
    return json_pack("{s:b,s:o}", "isIncomplete", completer.is_cut, "items", completer.items);
}
