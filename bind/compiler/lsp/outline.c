// SPDX-License-Identifier: MIT
// The outline of a document: keys and their values in a library; in rules the statements, of a
// composite those of each parent.
#include <string.h>

#include "server.h"

// Kinds of symbols.
enum {
    SYMBOL_MODULE = 2,
    SYMBOL_PROPERTY = 7,
    SYMBOL_ENUM = 10,
    SYMBOL_CONSTANT = 14,
    SYMBOL_MEMBER = 22
};

typedef struct outliner {
    const lsp_server_t* server;
    const lsp_file_t* file;
    lsp_mark_t mark;
    bool is_flat;  // the client wants a plain list
} outliner_t;

// Takes `detail`, which may be null.
static json_t* add(outliner_t* outliner, json_t* list, bc_name_t name, int kind, bc_place_t place,
                   json_t* detail) {
    json_t* range =
        lsp_range(outliner->server, outliner->file, place.offset, place.size, &outliner->mark);
    json_t* text = lsp_string(name.text.data, name.text.size);
    json_t* symbol;
    if (outliner->is_flat) {
        symbol = json_pack("{s:o,s:i,s:{s:s,s:o}}", "name", text, "kind", kind, "location", "uri",
                           outliner->file->uri, "range", range);
        json_decref(detail);
    } else {
        json_t* selection = lsp_range(outliner->server, outliner->file, name.place.offset,
                                      name.place.size, &outliner->mark);
        symbol = json_pack("{s:o,s:i,s:o,s:o,s:o*}", "name", text, "kind", kind, "range", range,
                           "selectionRange", selection, "detail", detail);
    }
    json_array_append_new(list, symbol);
    return symbol;
}

// Where the parts of a symbol go: below it, or behind it in a plain list.
static json_t* list_below(const outliner_t* outliner, json_t* list, json_t* symbol) {
    if (outliner->is_flat) {
        return list;
    }
    json_t* below = json_array();
    json_object_set_new(symbol, "children", below);
    return below;
}

static json_t* source_text(bc_place_t place) {
    return lsp_string(place.source->text + place.offset, place.size);
}

// An item of a library ends with its value.
static bc_place_t item_place(const bc_item_t* item) {
    bc_place_t place = item->name.place;
    if (item->value.place.source != NULL) {
        place.size = item->value.place.offset + item->value.place.size - place.offset;
    }
    return place;
}

static void add_declaration(outliner_t* outliner, json_t* list,
                            const bc_declaration_t* declaration) {
    const bool is_enum = declaration->type == BC_TYPE_ENUM;
    json_t* detail = json_sprintf("%s%s", declaration->is_extend ? "extend " : "",
                                  bc_type_name(declaration->type));
    json_t* symbol = add(outliner, list, declaration->key, is_enum ? SYMBOL_ENUM : SYMBOL_PROPERTY,
                         declaration->place, detail);
    json_t* below = list_below(outliner, list, symbol);
    for (const bc_item_t* item = declaration->items; item != NULL; item = item->next) {
        add(outliner, below, item->name, is_enum ? SYMBOL_MEMBER : SYMBOL_CONSTANT,
            item_place(item), is_enum ? NULL : source_text(item->value.place));
    }
}

static bc_place_t span(bc_place_t from, bc_place_t to) {
    return (bc_place_t){from.source, from.offset, to.offset + to.size - from.offset};
}

static void add_condition(outliner_t* outliner, json_t* list, const bc_condition_t* condition,
                          bc_place_t place) {
    json_t* detail =
        json_sprintf("%s %.*s", condition->is_equal ? "==" : "!=", (int)condition->value.place.size,
                     condition->value.place.source->text + condition->value.place.offset);
    add(outliner, list, condition->key, SYMBOL_PROPERTY, place, detail);
}

// Of an `if` its conditions; what is inside its blocks would be too much.
static void add_block(outliner_t* outliner, json_t* list, const bc_block_t* block) {
    for (const bc_statement_t* statement = block->first; statement != NULL;
         statement = statement->next) {
        if (statement->kind == BC_STATEMENT_CONDITION) {
            add_condition(outliner, list, &statement->as.condition, statement->place);
        } else if (statement->kind == BC_STATEMENT_ACCEPT) {
            add(outliner, list, statement->as.accept.key, SYMBOL_PROPERTY, statement->place,
                json_string("accept"));
        } else if (statement->kind == BC_STATEMENT_IF) {
            for (const bc_branch_t* branch = statement->as.branch.branches; branch != NULL;
                 branch = branch->next) {
                const bc_condition_t* condition = &branch->condition;
                add_condition(outliner, list, condition,
                              span(condition->key.place, condition->value.place));
            }
        }
    }
}

static json_t* parent_kind(const bc_parent_t* parent) {
    return json_string(parent->kind == BIND_PARENT_PRIMARY    ? "primary parent"
                       : parent->kind == BIND_PARENT_OPTIONAL ? "optional parent"
                                                              : "parent");
}

json_t* lsp_outline(lsp_request_t* request) {
    const lsp_analysis_t* analysis = lsp_request_names(request);
    if (analysis == NULL) {
        return NULL;
    }
    json_t* list = json_array();
    outliner_t outliner = {.server = request->server,
                           .file = analysis->file,
                           .is_flat = !request->server->client.has_nested_symbols};
    const bc_rules_t* rules = analysis->compiler.rules;
    if (analysis->library != NULL) {
        for (const bc_declaration_t* declaration = analysis->library->declarations;
             declaration != NULL; declaration = declaration->next) {
            add_declaration(&outliner, list, declaration);
        }
    } else if (rules != NULL) {
        add_block(&outliner, list, &rules->block);
        for (const bc_parent_t* parent = rules->parents; parent != NULL; parent = parent->next) {
            json_t* symbol = add(&outliner, list, parent->name, SYMBOL_MODULE, parent->place,
                                 parent_kind(parent));
            add_block(&outliner, list_below(&outliner, list, symbol), &parent->block);
        }
    }
    return list;
}
