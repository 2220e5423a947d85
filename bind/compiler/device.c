// SPDX-License-Identifier: MIT
// Device specifications.
#include "device.h"

#include "parser.h"

static bool parse_entry(bc_parser_t* parser, bc_device_entry_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    if (!bc_take_name(lexer, &out->key)) {
        return bc_fail(lexer, 5, "the name of a key");
    }
    return bc_expect(lexer, "`=`", 7) && bc_parse_value(parser, &out->value);
}

static void append(bc_device_t* device, bc_device_entry_t* entry) {
    if (device->last == NULL) {
        device->entries = entry;
    } else {
        device->last->next = entry;
    }
    device->last = entry;
    device->count++;
}

// Two entries for one key text.
static void check_twice(bc_diagnostics_t* diagnostics, const bc_device_entry_t* entry,
                        const bc_device_entry_t* first) {
    if (first != NULL) {
        bc_diagnostic_t* diagnostic =
            bc_error(diagnostics, entry->key.place, 300, "the device has `%.*s` already",
                     (int)entry->key.text.size, entry->key.text.data);
        bc_note(diagnostics, diagnostic, "it is at");
        diagnostic->note_place = first->key.place;
    }
}

void bc_device_parse(bc_diagnostics_t* diagnostics, const bc_source_t* source, bc_device_t* out) {
    *out = (bc_device_t){.source = source};
    bc_parser_t parser;
    bc_parser_init(&parser, diagnostics, source);
    bc_map_t keys = {0};
    while (!bc_at_end(&parser.lexer)) {
        bc_device_entry_t* entry = bc_arena_alloc(parser.arena, sizeof(bc_device_entry_t));
        if (!parse_entry(&parser, entry)) {
            bc_report_failure(&parser.lexer);
            return;
        }
        parser.lexer.failure = (bc_failure_t){0};
        check_twice(diagnostics, entry, bc_map_get(&keys, entry->key.text));
        bc_map_put(&keys, parser.arena, entry->key.text, entry);
        append(out, entry);
    }
}

void bc_device_add(bc_diagnostics_t* diagnostics, bc_device_t* device, const bc_name_t* key,
                   const bc_value_t* value) {
    bc_device_entry_t* entry = bc_arena_alloc(diagnostics->arena, sizeof(bc_device_entry_t));
    entry->key = *key;
    entry->value = *value;
    append(device, entry);
}

static void resolve_value(const bc_symbols_t* symbols, const bc_using_t* usings,
                          bc_device_entry_t* entry) {
    const bc_value_t* value = &entry->value;
    bc_symbol_t* out = &entry->value_symbol;
    *out = (bc_symbol_t){.text = value->text, .number = value->number};
    entry->is_value_known = true;
    if (value->kind == BC_LITERAL_NUMBER) {
        out->kind = BC_SYMBOL_NUMBER;
    } else if (value->kind == BC_LITERAL_STRING) {
        out->kind = BC_SYMBOL_STRING;
    } else if (value->kind == BC_LITERAL_BOOL) {
        out->kind = BC_SYMBOL_BOOL;
        out->number = value->boolean;
    } else {
        const bc_symbol_t* symbol = bc_find_symbol(symbols, usings, value->text);
        entry->is_value_known = symbol != NULL && !bc_symbol_is_key(symbol);
        if (entry->is_value_known) {
            *out = *symbol;
        }
    }
}

// Legacy keys have numbers in most cases.
static bool may_be_text(const bc_device_entry_t* entry) {
    return entry->key_symbol == NULL || entry->key_symbol->kind != BC_SYMBOL_INT_KEY;
}

static void warn_unknown(bc_symbols_t* symbols, const bc_using_t* usings, const bc_name_t* name,
                         const char* what) {
    bc_diagnostic_t* diagnostic =
        bc_warning(symbols->diagnostics, name->place, BC_WARNING_UNKNOWN_KEY,
                   "`%.*s` is not known, so %s", (int)name->text.size, name->text.data, what);
    const bc_text_t like = bc_suggest_name(symbols, usings, name->text);
    if (like.size != 0) {
        bc_suggest(symbols->diagnostics, diagnostic, like);
    }
}

void bc_device_resolve(bc_symbols_t* symbols, const bc_using_t* usings, bc_device_t* device,
                       bc_unknown_t unknown) {
    const bool is_kept = unknown == BC_UNKNOWN_KEPT;
    for (bc_device_entry_t* entry = device->entries; entry != NULL; entry = entry->next) {
        entry->key_symbol = bc_find_symbol(symbols, usings, entry->key.text);
        if (entry->key_symbol != NULL && !bc_symbol_is_key(entry->key_symbol)) {
            entry->key_symbol = NULL;
        }
        resolve_value(symbols, usings, entry);
        if (unknown != BC_UNKNOWN_SILENT && entry->key_symbol == NULL) {
            warn_unknown(symbols, usings, &entry->key,
                         is_kept ? "it is taken as it is" : "no rule can ask for it");
        }
        if (unknown != BC_UNKNOWN_SILENT && !entry->is_value_known) {
            const bc_name_t name = {entry->value.text, entry->value.place};
            const bool is_text = is_kept && may_be_text(entry);
            warn_unknown(symbols, usings, &name,
                         is_text ? "it is taken for an enum" : "it equals no value of a rule");
        }
    }
}

static bool is_same_key(const bc_symbol_t* a, const bc_symbol_t* b) {
    if (a->kind != b->kind) {
        return false;
    }
    return a->kind == BC_SYMBOL_INT_KEY ? a->number == b->number : bc_text_equal(a->text, b->text);
}

const bc_device_entry_t* bc_device_find(const bc_device_t* device, const bc_symbol_t* key) {
    const bc_device_entry_t* found = NULL;
    for (const bc_device_entry_t* entry = device->entries; entry != NULL; entry = entry->next) {
        if (entry->key_symbol != NULL && is_same_key(entry->key_symbol, key)) {
            found = entry;
        }
    }
    return found;
}

static const char* copy_text(bc_arena_t* arena, bc_text_t text) {
    return bc_arena_copy(arena, text.data, text.size);
}

static bool make_value(const bc_device_entry_t* entry, bool keeps_unknown, bc_arena_t* arena,
                       bind_property_t* out) {
    const bc_symbol_t* value = &entry->value_symbol;
    if (!entry->is_value_known) {
        out->type = BIND_VALUE_ENUM;
        out->string = copy_text(arena, entry->value.text);
        return keeps_unknown && may_be_text(entry);
    }
    switch (value->kind) {
        case BC_SYMBOL_NUMBER:
            out->type = BIND_VALUE_NUMBER;
            out->number = (uint32_t)value->number;
            return value->number <= UINT32_MAX;
        case BC_SYMBOL_BOOL:
            out->type = BIND_VALUE_BOOL;
            out->boolean = value->number != 0;
            return true;
        default:
            out->type = value->kind == BC_SYMBOL_STRING ? BIND_VALUE_STRING : BIND_VALUE_ENUM;
            out->string = copy_text(arena, value->text);
            return true;
    }
}

const bind_property_t* bc_device_properties(const bc_device_t* device, bool keeps_unknown,
                                            bc_arena_t* arena, size_t* out_count) {
    bind_property_t* props = bc_arena_alloc(arena, (device->count + 1) * sizeof(bind_property_t));
    size_t count = 0;
    for (const bc_device_entry_t* entry = device->entries; entry != NULL; entry = entry->next) {
        const bc_symbol_t* key = entry->key_symbol;
        const bool is_last = key == NULL || bc_device_find(device, key) == entry;
        bind_property_t prop = {0};
        if ((key == NULL && !keeps_unknown) || !is_last ||
            !make_value(entry, keeps_unknown, arena, &prop)) {
            continue;
        }
        if (key != NULL && key->kind == BC_SYMBOL_INT_KEY) {
            prop.id = (uint32_t)key->number;
        } else {
            prop.key = copy_text(arena, key == NULL ? entry->key.text : key->text);
        }
        props[count++] = prop;
    }
    *out_count = count;
    return props;
}
