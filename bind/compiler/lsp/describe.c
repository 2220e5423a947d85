// SPDX-License-Identifier: MIT
// Keys and values in words.
#include "describe.h"

#include <inttypes.h>
#include <stdio.h>

void lsp_describe_key(const bc_symbol_t* key, bc_buffer_t* out) {
    char number[40];
    const bool has_type = key->kind == BC_SYMBOL_STR_KEY || key->library != NULL;
    bc_buffer_text(out, has_type ? bc_type_name(key->type) : "legacy");
    bc_buffer_text(out, " key");
    if (key->kind == BC_SYMBOL_INT_KEY) {
        snprintf(number, sizeof(number), " 0x%04" PRIx64, key->number);
        bc_buffer_text(out, number);
    }
}

void lsp_describe_value(const bc_symbol_t* value, bc_buffer_t* out) {
    char number[60];
    switch (value->kind) {
        case BC_SYMBOL_NUMBER:
            snprintf(number, sizeof(number), "0x%" PRIx64 " (%" PRIu64 ")", value->number,
                     value->number);
            bc_buffer_text(out, number);
            break;
        case BC_SYMBOL_STRING:
            bc_buffer_u8(out, '"');
            bc_buffer_append(out, value->text.data, value->text.size);
            bc_buffer_u8(out, '"');
            break;
        case BC_SYMBOL_BOOL:
            bc_buffer_text(out, value->number != 0 ? "true" : "false");
            break;
        default:
            bc_buffer_append(out, value->text.data, value->text.size);
            break;
    }
}

static void each_item(const bc_symbols_t* symbols, const bc_library_t* library,
                      const bc_declaration_t* declaration, bc_text_t local, bc_arena_t* arena,
                      lsp_value_taker_t taker, void* context) {
    for (const bc_item_t* item = declaration->items; item != NULL; item = item->next) {
        const bc_symbol_t* value =
            bc_map_get(&symbols->names, bc_arena_join(arena, local, '.', item->name.text));
        if (value != NULL && value->library == library && !bc_symbol_is_key(value)) {
            taker(context, value);
        }
    }
}

void lsp_each_value(const bc_symbols_t* symbols, const bc_symbol_t* key, bc_arena_t* arena,
                    lsp_value_taker_t taker, void* context) {
    bc_text_t front;
    bc_text_t wanted;
    bc_split_name(key->text, &front, &wanted);
    for (const bc_library_t* library = symbols->libraries; library != NULL;
         library = library->next) {
        const bc_text_t local = bc_arena_join(arena, library->name.text, '.', wanted);
        const bc_local_key_t* said = bc_map_get(&symbols->local_keys, local);
        if (said == NULL || !bc_text_equal(said->key->text, key->text)) {
            continue;
        }
        for (const bc_declaration_t* declaration = library->declarations; declaration != NULL;
             declaration = declaration->next) {
            bc_text_t last;
            bc_split_name(declaration->key.text, &front, &last);
            if (bc_text_equal(last, wanted)) {
                each_item(symbols, library, declaration, local, arena, taker, context);
            }
        }
    }
}
