// SPDX-License-Identifier: MIT
// The symbol table.
#include "symbols.h"

#include <string.h>

#include <bind/legacy_keys.h>

bool bc_symbol_is_key(const bc_symbol_t* symbol) {
    return symbol->kind == BC_SYMBOL_INT_KEY || symbol->kind == BC_SYMBOL_STR_KEY;
}

const char* bc_type_name(bc_type_t type) {
    static const char* const names[] = {"uint", "string", "bool", "enum"};
    return names[type];
}

void bc_split_name(bc_text_t name, bc_text_t* out_namespace, bc_text_t* out_last) {
    uint32_t dot = name.size;
    while (dot > 0 && name.data[dot - 1] != '.') {
        dot--;
    }
    *out_namespace = (bc_text_t){name.data, dot == 0 ? 0 : dot - 1};
    *out_last = (bc_text_t){name.data + dot, name.size - dot};
}

static bc_symbol_t* add_symbol(bc_symbols_t* symbols, bc_text_t name, bc_symbol_t value) {
    bc_symbol_t* symbol = bc_arena_alloc(symbols->arena, sizeof(bc_symbol_t));
    *symbol = value;
    symbol->name = name;
    bc_map_put(&symbols->names, symbols->arena, name, symbol);
    return symbol;
}

static void add_legacy_keys(bc_symbols_t* symbols) {
    uint32_t id;
    const char* name;
    for (size_t i = 0; (name = bind_legacy_key_at(i, &id)) != NULL; i++) {
        const bc_symbol_t symbol = {.kind = BC_SYMBOL_INT_KEY, .text = bc_text(name), .number = id};
        add_symbol(symbols, bc_text(name), symbol);
        if (symbols->deprecated_keys) {
            const bc_text_t last = bc_text(strchr(name, '.') + 1);
            add_symbol(symbols, bc_arena_join(symbols->arena, bc_text("deprecated"), '.', last),
                       symbol);
        }
    }
}

// What qualifiers of extended keys mean in a library, by its `using` lines: names and aliases, of
// which the first counts.
static void note_qualifiers(const bc_symbols_t* symbols, const bc_library_t* library,
                            bc_map_t* out) {
    for (bc_using_t* using = library->usings; using != NULL; using = using->next) {
        const bc_text_t names[] = {using->library.text, using->alias.text};
        for (size_t i = 0; i < 2; i++) {
            if (names[i].size != 0 && bc_map_get(out, names[i]) == NULL) {
                bc_map_put(out, symbols->arena, names[i], using);
            }
        }
    }
}

// Which library the qualifier of an extended key means; its name, or size 0 if none.
static bc_text_t resolve_qualifier(const bc_symbols_t* symbols, const bc_map_t* qualifiers,
                                   bc_text_t qualifier) {
    if (bc_text_equal(qualifier, bc_text("fuchsia")) ||
        (symbols->deprecated_keys && bc_text_equal(qualifier, bc_text("deprecated")))) {
        return qualifier;
    }
    const bc_using_t* using = bc_map_get(qualifiers, qualifier);
    if (using != NULL) {
        return using->library.text;
    }
    const bool is_library = bc_map_get(&symbols->libraries_by_name, qualifier) != NULL;
    return is_library ? qualifier : (bc_text_t){0};
}

// The full name of the key a declaration is about; size 0 after an error.
static bc_text_t qualified_key(bc_symbols_t* symbols, const bc_library_t* library,
                               const bc_map_t* qualifiers, const bc_declaration_t* declaration) {
    const bc_name_t* key = &declaration->key;
    bc_text_t qualifier;
    bc_text_t last;
    bc_split_name(key->text, &qualifier, &last);
    if (qualifier.size == 0) {
        if (declaration->is_extend) {
            bc_error(symbols->diagnostics, key->place, 107,
                     "`extend` needs the key's library in front: `library.%.*s`", (int)last.size,
                     last.data);
            return (bc_text_t){0};
        }
        return bc_arena_join(symbols->arena, library->name.text, '.', last);
    }
    if (!declaration->is_extend) {
        bc_error(symbols->diagnostics, key->place, 106,
                 "a key of another library can only be extended: `extend %s %.*s`",
                 bc_type_name(declaration->type), (int)key->text.size, key->text.data);
        return (bc_text_t){0};
    }
    const bc_text_t owner = resolve_qualifier(symbols, qualifiers, qualifier);
    if (owner.size == 0) {
        bc_error(symbols->diagnostics, key->place, 104, "there is no library `%.*s`",
                 (int)qualifier.size, qualifier.data);
        return (bc_text_t){0};
    }
    return bc_arena_join(symbols->arena, owner, '.', last);
}

static void note_first(bc_symbols_t* symbols, bc_diagnostic_t* diagnostic,
                       const bc_symbol_t* first) {
    if (first->place.source != NULL) {
        bc_note(symbols->diagnostics, diagnostic, "declared at");
        diagnostic->note_place = first->place;
    }
}

// Checks a declaration against what the table holds under `name`, or adds the key.
static void declare_key(bc_symbols_t* symbols, const bc_library_t* library,
                        const bc_declaration_t* declaration, bc_text_t name) {
    const bc_place_t place = declaration->key.place;
    bc_diagnostics_t* diagnostics = symbols->diagnostics;
    bc_symbol_t* found = bc_map_get(&symbols->names, name);
    bc_diagnostic_t* diagnostic = NULL;
    if (found == NULL) {
        if (declaration->is_extend) {
            bc_error(diagnostics, place, 105, "there is no key `%.*s` to extend", (int)name.size,
                     name.data);
            return;
        }
        add_symbol(symbols, name,
                   (bc_symbol_t){.kind = BC_SYMBOL_STR_KEY,
                                 .type = declaration->type,
                                 .text = name,
                                 .place = place,
                                 .library = library});
        return;
    }
    if (found->kind == BC_SYMBOL_INT_KEY) {
        if (!declaration->is_extend && found->library == NULL) {
            found->library = library;
            found->type = declaration->type;
            found->place = place;
        }
        return;
    }
    if (found->kind != BC_SYMBOL_STR_KEY) {
        diagnostic = bc_error(diagnostics, place, 103, "`%.*s` is a value, not a key",
                              (int)name.size, name.data);
    } else if (!declaration->is_extend) {
        diagnostic = bc_error(diagnostics, place, 102, "`%.*s` is declared twice", (int)name.size,
                              name.data);
    } else if (found->type != declaration->type) {
        diagnostic =
            bc_error(diagnostics, place, 103, "`%.*s` is of type %s, not %s", (int)name.size,
                     name.data, bc_type_name(found->type), bc_type_name(declaration->type));
    }
    if (diagnostic != NULL) {
        note_first(symbols, diagnostic, found);
    }
}

static bc_symbol_t value_symbol(bc_type_t type, const bc_item_t* item, bc_text_t name) {
    bc_symbol_t symbol = {.place = item->name.place, .text = item->value.text};
    switch (type) {
        case BC_TYPE_UINT:
            symbol.kind = BC_SYMBOL_NUMBER;
            symbol.number = item->value.number;
            break;
        case BC_TYPE_STRING:
            symbol.kind = BC_SYMBOL_STRING;
            break;
        case BC_TYPE_BOOL:
            symbol.kind = BC_SYMBOL_BOOL;
            symbol.number = item->value.boolean;
            break;
        default:
            symbol.kind = BC_SYMBOL_ENUM;
            symbol.text = name;
            break;
    }
    return symbol;
}

// Values belong to the declaring library, also when it extends the key of another one.
static void declare_values(bc_symbols_t* symbols, const bc_library_t* library,
                           const bc_declaration_t* declaration, bc_text_t key) {
    for (const bc_item_t* item = declaration->items; item != NULL; item = item->next) {
        const bc_text_t name = bc_arena_join(symbols->arena, key, '.', item->name.text);
        const bc_symbol_t* found = bc_map_get(&symbols->names, name);
        if (found != NULL) {
            bc_diagnostic_t* diagnostic =
                bc_error(symbols->diagnostics, item->name.place, 102, "`%.*s` is declared twice",
                         (int)name.size, name.data);
            note_first(symbols, diagnostic, found);
            continue;
        }
        bc_symbol_t symbol = value_symbol(declaration->type, item, name);
        symbol.library = library;
        add_symbol(symbols, name, symbol);
    }
}

static void declare(bc_symbols_t* symbols, const bc_library_t* library, const bc_map_t* qualifiers,
                    const bc_declaration_t* declaration) {
    const bc_text_t name = qualified_key(symbols, library, qualifiers, declaration);
    if (name.size == 0) {
        return;
    }
    declare_key(symbols, library, declaration, name);
    bc_text_t qualifier;
    bc_text_t last;
    bc_split_name(name, &qualifier, &last);
    const bc_text_t local = bc_arena_join(symbols->arena, library->name.text, '.', last);
    const bc_symbol_t* key = bc_map_get(&symbols->names, name);
    if (key != NULL && bc_map_get(&symbols->local_keys, local) == NULL) {
        bc_local_key_t* entry = bc_arena_alloc(symbols->arena, sizeof(bc_local_key_t));
        *entry = (bc_local_key_t){library, declaration, key};
        bc_map_put(&symbols->local_keys, symbols->arena, local, entry);
    }
    declare_values(symbols, library, declaration, local);
}

static void declare_all(bc_symbols_t* symbols, bool is_extend) {
    for (const bc_library_t* library = symbols->libraries; library != NULL;
         library = library->next) {
        bc_map_t qualifiers = {0};
        if (is_extend) {
            note_qualifiers(symbols, library, &qualifiers);
        }
        for (const bc_declaration_t* declaration = library->declarations; declaration != NULL;
             declaration = declaration->next) {
            if (declaration->is_extend == is_extend) {
                declare(symbols, library, &qualifiers, declaration);
            }
        }
    }
}

void bc_build_symbols(bc_symbols_t* symbols) {
    add_legacy_keys(symbols);
    declare_all(symbols, false);
    declare_all(symbols, true);
}

// Legacy keys are always visible.
static bool is_visible(const bc_symbols_t* symbols, const bc_symbol_t* symbol) {
    return !symbols->strict_using || symbol->kind == BC_SYMBOL_INT_KEY || symbol->library == NULL ||
           symbol->library->is_visible;
}

const bc_symbol_t* bc_find_symbol(const bc_symbols_t* symbols, const bc_using_t* usings,
                                  bc_text_t name) {
    const bc_symbol_t* symbol = bc_map_get(&symbols->names, name);
    const char* dot = memchr(name.data, '.', name.size);
    if (symbol != NULL || dot == NULL) {
        return symbol != NULL && is_visible(symbols, symbol) ? symbol : NULL;
    }
    const bc_text_t alias = {name.data, (uint32_t)(dot - name.data)};
    const bc_text_t rest = {dot + 1, name.size - alias.size - 1};
    const bc_using_t* using = usings == NULL ? NULL : bc_map_get(&symbols->aliases, alias);
    const bc_library_t* library =
        using == NULL ? NULL : bc_map_get(&symbols->libraries_by_name, using->library.text);
    if (library == NULL) {
        return NULL;
    }
    symbol =
        bc_map_get(&symbols->names, bc_arena_join(symbols->arena, library->name.text, '.', rest));
    return symbol != NULL && symbol->library == library ? symbol : NULL;
}
