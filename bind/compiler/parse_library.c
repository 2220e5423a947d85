// SPDX-License-Identifier: MIT
// The parser's part for libraries.
#include "parser.h"

static bool parse_item_value(bc_parser_t* parser, bc_type_t type, bc_value_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    switch (type) {
        case BC_TYPE_UINT:
            return bc_take_number(lexer, 3, out) || bc_fail(lexer, 3, "a number");
        case BC_TYPE_STRING:
            return bc_take_string(lexer, 2, out) || bc_fail(lexer, 2, "a string");
        case BC_TYPE_BOOL:
            return bc_take_bool(lexer, out) || bc_fail(lexer, 4, "`true` or `false`");
        default:
            return true;
    }
}

static bool parse_item(bc_parser_t* parser, bc_type_t type, bc_item_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    if (!bc_take_identifier(lexer, &out->name)) {
        return bc_fail(lexer, 5, "the name of a value");
    }
    if (type != BC_TYPE_ENUM && !bc_expect(lexer, "`=`", 7)) {
        return false;
    }
    return parse_item_value(parser, type, &out->value);
}

// After the `{`, up to and with the `}`. False with a failure recorded.
static bool parse_items(bc_parser_t* parser, bc_type_t type, bc_item_t** tail) {
    bc_lexer_t* lexer = &parser->lexer;
    do {
        bc_item_t* item = bc_arena_alloc(parser->arena, sizeof(bc_item_t));
        if (!parse_item(parser, type, item)) {
            return false;
        }
        *tail = item;
        tail = &item->next;
        if (bc_take_word(lexer, "}")) {
            return true;
        }
        if (!bc_take_word(lexer, ",")) {
            return bc_fail(lexer, 9, "`,` or `}`");
        }
    } while (!bc_take_word(lexer, "}"));
    return true;
}

static bool parse_type(bc_parser_t* parser, bc_type_t* out) {
    static const struct {
        const char* word;
        bc_type_t type;
    } types[] = {{"uint", BC_TYPE_UINT},
                 {"string", BC_TYPE_STRING},
                 {"bool", BC_TYPE_BOOL},
                 {"enum", BC_TYPE_ENUM}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (bc_take_word(&parser->lexer, types[i].word)) {
            *out = types[i].type;
            return true;
        }
    }
    return bc_fail(&parser->lexer, 1, "`uint`, `string`, `bool`, `enum` or `extend`");
}

// *out_is_open tells whether a failure happened inside the braces.
static bool parse_declaration(bc_parser_t* parser, bc_declaration_t* out, bool* out_is_open) {
    bc_lexer_t* lexer = &parser->lexer;
    const uint32_t start = lexer->at;
    out->is_extend = bc_take_word(lexer, "extend");
    if (!parse_type(parser, &out->type)) {
        return false;
    }
    if (!bc_take_name(lexer, &out->key)) {
        return bc_fail(lexer, 5, "the name of a key");
    }
    if (!bc_take_word(lexer, ";")) {
        if (!bc_take_word(lexer, "{")) {
            return bc_fail(lexer, bc_at_end(lexer) ? 6 : 8, "`;` or `{`");
        }
        *out_is_open = true;
        if (!parse_items(parser, out->type, &out->items)) {
            return false;
        }
        *out_is_open = false;
        if (!bc_expect(lexer, "`;`", 6)) {
            return false;
        }
    }
    out->place = bc_lexer_place(lexer, start);
    return true;
}

static void recover(bc_parser_t* parser, uint32_t start, bool is_open) {
    bc_lexer_t* lexer = &parser->lexer;
    const bc_failure_t failure = lexer->failure;
    const bc_diagnostic_t* diagnostic = bc_report_failure(lexer);
    const bool is_line_end = diagnostic != NULL && diagnostic->place.offset < failure.at;
    if ((failure.code == 6 || failure.code == 8) && is_line_end && failure.at > start) {
        lexer->at = failure.at;
        return;
    }
    if (is_open) {
        bc_skip_faulty(lexer, failure.at, "}", false);
        bc_take_word(lexer, ";");
        return;
    }
    bc_skip_faulty(lexer, failure.at, ";", false);
    bc_take_word(lexer, "}");
}

static void parse_header(bc_parser_t* parser, bc_library_t* library) {
    bc_lexer_t* lexer = &parser->lexer;
    if (bc_expect(lexer, "`library`", 11)) {
        if (!bc_take_name(lexer, &library->name)) {
            bc_fail(lexer, 5, "the name of the library");
        } else {
            bc_expect(lexer, "`;`", 6);
        }
    }
    if (lexer->failure.is_set) {
        recover(parser, 0, false);
    }
}

static void parse_usings(bc_parser_t* parser, bc_library_t* library) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_using_t** tail = &library->usings;
    while (bc_take_word(lexer, "using")) {
        if (bc_parse_using_tail(parser, tail)) {
            tail = &(*tail)->next;
            lexer->failure = (bc_failure_t){0};
        } else {
            recover(parser, 0, false);
        }
    }
}

static void parse_declarations(bc_parser_t* parser, bc_library_t* library) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_declaration_t** tail = &library->declarations;
    while (!bc_at_end(lexer)) {
        const uint32_t start = lexer->at;
        bool is_open = false;
        bc_declaration_t* declaration = bc_arena_alloc(parser->arena, sizeof(bc_declaration_t));
        lexer->failure = (bc_failure_t){0};
        if (!parse_declaration(parser, declaration, &is_open)) {
            recover(parser, start, is_open);
            continue;
        }
        *tail = declaration;
        tail = &declaration->next;
    }
}

bc_library_t* bc_parse_library(bc_diagnostics_t* diagnostics, const bc_source_t* source) {
    bc_parser_t parser;
    bc_parser_init(&parser, diagnostics, source);
    bc_library_t* library = bc_arena_alloc(parser.arena, sizeof(bc_library_t));
    library->source = source;
    parse_header(&parser, library);
    parse_usings(&parser, library);
    parse_declarations(&parser, library);
    return library->name.text.size == 0 ? NULL : library;
}

// No rules file begins so: there the word is part of a key, which an operator follows.
bool bc_is_library(const bc_source_t* source, bc_text_t* out_name) {
    bc_arena_t arena = {0};
    bc_diagnostics_t unheard = {.arena = &arena};
    bc_lexer_t lexer;
    bc_name_t name = {0};
    bc_lexer_init(&lexer, source, &unheard);
    bool is_it = bc_take_word(&lexer, "library");
    if (is_it && bc_take_name(&lexer, &name)) {
        is_it = !bc_take_word(&lexer, "==") && !bc_take_word(&lexer, "!=");
    } else {
        is_it = is_it && bc_at_end(&lexer);
    }
    bc_arena_fini(&arena);
    if (is_it && out_name != NULL) {
        *out_name = name.text;
    }
    return is_it;
}
