// SPDX-License-Identifier: MIT
// The names in a file and what they mean.
#include "names.h"

#include <string.h>

#include "tokens.h"

// Bytes of a name that is looked up: what is longer cannot be used in rules.
#define MAX_NAME 1024u

static lsp_part_t library_part(bc_place_t place, const bc_library_t* library) {
    return (lsp_part_t){.entity = LSP_LIBRARY,
                        .place = place,
                        .name = library->name.text,
                        .target = library->name.place,
                        .library = library};
}

static lsp_part_t symbol_part(bc_place_t place, const bc_symbol_t* symbol) {
    const bool is_key = bc_symbol_is_key(symbol);
    return (lsp_part_t){.entity = is_key ? LSP_KEY : LSP_VALUE,
                        .place = place,
                        .name = is_key ? symbol->text : symbol->name,
                        .target = symbol->place,
                        .symbol = symbol};
}

static bc_text_t text_at(bc_place_t place) {
    return (bc_text_t){place.source->text + place.offset, place.size};
}

void lsp_namer_init(lsp_namer_t* namer, const bc_symbols_t* symbols, const bc_using_t* usings,
                    bc_arena_t* arena) {
    *namer = (lsp_namer_t){.symbols = symbols, .arena = arena};
    for (const bc_using_t* using = usings; using != NULL; using = using->next) {
        bc_library_t* library = bc_map_get(&symbols->libraries_by_name, using->library.text);
        if (using->alias.text.size != 0 && library != NULL) {
            bc_map_put(&namer->aliases, arena, using->alias.text, library);
        }
    }
}

// The library at the front of a name, and how much of the name stands for it.
static const bc_library_t* find_front(const lsp_namer_t* namer, bc_text_t name,
                                      uint32_t* out_size) {
    bc_text_t front = name;
    bc_text_t first = name;
    bc_text_t last;
    while (front.size > 0) {
        const bc_library_t* library = bc_map_get(&namer->symbols->libraries_by_name, front);
        if (library != NULL) {
            *out_size = front.size;
            return library;
        }
        first = front;
        bc_split_name(front, &front, &last);
    }
    *out_size = first.size;
    return bc_map_get(&namer->aliases, first);
}

// A legacy key is known without its library, too.
static size_t split_plain(const bc_symbols_t* symbols, bc_place_t place, lsp_part_t* out) {
    const bc_text_t name = text_at(place);
    const bc_symbol_t* symbol = bc_map_get(&symbols->names, name);
    bc_text_t front;
    bc_text_t last;
    if (symbol == NULL) {
        return 0;
    }
    bc_split_name(name, &front, &last);
    place.offset += name.size - last.size;
    place.size = last.size;
    *out = symbol_part(place, symbol);
    return 1;
}

// The key that "library.KEY" stands for: the library's own, or one that it extends.
static const bc_symbol_t* find_key(const bc_symbols_t* symbols, bc_text_t name) {
    const bc_symbol_t* symbol = bc_map_get(&symbols->names, name);
    const bc_local_key_t* local = bc_map_get(&symbols->local_keys, name);
    if (symbol != NULL && bc_symbol_is_key(symbol)) {
        return symbol;
    }
    return local == NULL ? NULL : local->key;
}

size_t lsp_split_name(const lsp_namer_t* namer, bc_place_t place, lsp_part_t out[LSP_MAX_PARTS]) {
    const bc_symbols_t* symbols = namer->symbols;
    const bc_text_t name = text_at(place);
    uint32_t front = 0;
    if (name.size > MAX_NAME) {
        return 0;
    }
    const bc_library_t* library = find_front(namer, name, &front);
    if (library == NULL) {
        return split_plain(symbols, place, out);
    }
    size_t count = 0;
    out[count++] = library_part((bc_place_t){place.source, place.offset, front}, library);
    if (front == name.size) {
        return count;
    }
    const bc_text_t rest = {name.data + front + 1, name.size - front - 1};
    const char* dot = memchr(rest.data, '.', rest.size);
    const bc_text_t last = {rest.data, dot == NULL ? rest.size : (uint32_t)(dot - rest.data)};
    const bc_symbol_t* key =
        find_key(symbols, bc_arena_join(namer->arena, library->name.text, '.', last));
    if (key != NULL) {
        const bc_place_t at = {place.source, place.offset + front + 1, last.size};
        out[count++] = symbol_part(at, key);
    }
    const bc_symbol_t* value =
        dot == NULL ? NULL
                    : bc_map_get(&symbols->names,
                                 bc_arena_join(namer->arena, library->name.text, '.', rest));
    if (value != NULL && !bc_symbol_is_key(value)) {
        const uint32_t skipped = front + 1 + last.size + 1;
        const bc_place_t at = {place.source, place.offset + skipped, name.size - skipped};
        out[count++] = symbol_part(at, value);
    }
    return count;
}

static bool visit_name(const lsp_visit_t* visit, const lsp_namer_t* namer, bc_place_t place) {
    lsp_part_t parts[LSP_MAX_PARTS];
    const size_t count = lsp_split_name(namer, place, parts);
    for (size_t i = 0; i < count; i++) {
        if (!visit->visitor(visit->context, &parts[i])) {
            return false;
        }
    }
    return true;
}

void lsp_visit_rules(const lsp_visit_t* visit, const bc_rules_t* rules) {
    lsp_scanner_t scanner;
    lsp_scanned_t token;
    lsp_namer_t namer;
    lsp_namer_init(&namer, visit->symbols, rules->usings, visit->arena);
    lsp_scanner_init(&scanner, rules->source, visit->arena);
    while (lsp_scan(&scanner, &token)) {
        if (token.kind == LSP_TOKEN_NAME && !visit_name(visit, &namer, token.place)) {
            return;
        }
    }
}

static bool visit_declared(const lsp_visit_t* visit, bc_text_t name, bc_place_t place) {
    const bc_symbol_t* symbol = bc_map_get(&visit->symbols->names, name);
    if (symbol == NULL) {
        return true;
    }
    const lsp_part_t part = symbol_part(place, symbol);
    return visit->visitor(visit->context, &part);
}

static bool visit_declaration(const lsp_visit_t* visit, const lsp_namer_t* namer,
                              const bc_library_t* library, const bc_declaration_t* declaration) {
    bc_text_t front;
    bc_text_t last;
    bc_split_name(declaration->key.text, &front, &last);
    const bc_text_t key = bc_arena_join(visit->arena, library->name.text, '.', last);
    const bool goes_on = declaration->is_extend
                             ? visit_name(visit, namer, declaration->key.place)
                             : visit_declared(visit, key, declaration->key.place);
    if (!goes_on) {
        return false;
    }
    for (const bc_item_t* item = declaration->items; item != NULL; item = item->next) {
        const bc_text_t name = bc_arena_join(visit->arena, key, '.', item->name.text);
        if (!visit_declared(visit, name, item->name.place)) {
            return false;
        }
    }
    return true;
}

void lsp_visit_library(const lsp_visit_t* visit, const bc_library_t* library) {
    lsp_namer_t namer;
    lsp_namer_init(&namer, visit->symbols, library->usings, visit->arena);
    const lsp_part_t own = library_part(library->name.place, library);
    if (!visit->visitor(visit->context, &own)) {
        return;
    }
    for (const bc_using_t* using = library->usings; using != NULL; using = using->next) {
        if (!visit_name(visit, &namer, using->library.place)) {
            return;
        }
    }
    for (const bc_declaration_t* declaration = library->declarations; declaration != NULL;
         declaration = declaration->next) {
        if (!visit_declaration(visit, &namer, library, declaration)) {
            return;
        }
    }
}

typedef struct search {
    uint32_t offset;
    lsp_part_t* out;
    bool is_found;
} search_t;

static bool is_elsewhere(void* context, const lsp_part_t* part) {
    search_t* search = context;
    const uint32_t start = part->place.offset;
    search->is_found = search->offset >= start && search->offset <= start + part->place.size;
    if (search->is_found) {
        *search->out = *part;
    }
    return !search->is_found && start <= search->offset;
}

bool lsp_find_part(const lsp_analysis_t* analysis, bc_arena_t* arena, uint32_t offset,
                   lsp_part_t* out) {
    search_t search = {.offset = offset, .out = out};
    const lsp_visit_t visit = {&analysis->compiler.symbols, arena, is_elsewhere, &search};
    if (analysis->library != NULL) {
        lsp_visit_library(&visit, analysis->library);
    } else if (analysis->compiler.rules != NULL) {
        lsp_visit_rules(&visit, analysis->compiler.rules);
    }
    return search.is_found;
}
