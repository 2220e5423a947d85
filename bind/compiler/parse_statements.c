// SPDX-License-Identifier: MIT
// The parser's part for statements and blocks.
#include <string.h>

#include "parser.h"

bool bc_parse_value(bc_parser_t* parser, bc_value_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    if (bc_take_string(lexer, 19, out) || bc_take_number(lexer, 19, out) ||
        bc_take_bool(lexer, out)) {
        return true;
    }
    bc_name_t name;
    if (!bc_take_name(lexer, &name)) {
        return bc_fail(lexer, 19, "a value");
    }
    *out = (bc_value_t){.kind = BC_LITERAL_NAME, .place = name.place, .text = name.text};
    return true;
}

static bool parse_condition(bc_parser_t* parser, bc_condition_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    if (!bc_take_name(lexer, &out->key)) {
        return bc_fail(lexer, 5, "the name of a key");
    }
    out->is_equal = bc_take_word(lexer, "==");
    if (!out->is_equal && !bc_take_word(lexer, "!=")) {
        return bc_fail(lexer, 18, "`==` or `!=`");
    }
    return bc_parse_value(parser, &out->value);
}

bool bc_parse_condition_statement(bc_parser_t* parser, bc_statement_t* out) {
    if (!parse_condition(parser, &out->as.condition) || !bc_expect(&parser->lexer, "`;`", 6)) {
        return false;
    }
    out->kind = BC_STATEMENT_CONDITION;
    return true;
}

// A value list after its `{`. Reports its own failures, since only here it is known that a `}` is
// to be skipped.
static void parse_accept_values(bc_parser_t* parser, bc_value_t** tail) {
    bc_lexer_t* lexer = &parser->lexer;
    do {
        bc_value_t* value = bc_arena_alloc(parser->arena, sizeof(bc_value_t));
        if (!bc_parse_value(parser, value)) {
            break;
        }
        *tail = value;
        tail = &value->next;
        if (bc_take_word(lexer, "}")) {
            return;
        }
        if (!bc_take_word(lexer, ",")) {
            bc_fail(lexer, 9, "`,` or `}`");
            break;
        }
    } while (!bc_take_word(lexer, "}"));
    if (lexer->failure.is_set) {
        const uint32_t from = lexer->failure.at;
        bc_report_failure(lexer);
        bc_skip_faulty(lexer, from, ";}", false);
        bc_take_word(lexer, ";");
    }
}

static bool parse_accept(bc_parser_t* parser, bc_statement_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    if (!bc_take_name(lexer, &out->as.accept.key)) {
        return bc_fail(lexer, 5, "the name of a key");
    }
    if (!bc_expect(lexer, "`{`", 8)) {
        return false;
    }
    out->kind = BC_STATEMENT_ACCEPT;
    lexer->failure = (bc_failure_t){0};
    parse_accept_values(parser, &out->as.accept.values);
    return true;
}

static void report_missing_else(bc_parser_t* parser) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_fail(lexer, 17, "`else`");
    bc_diagnostic_t* diagnostic = bc_report_failure(lexer);
    if (diagnostic != NULL) {
        bc_note(lexer->diagnostics, diagnostic,
                "every `if` ends with an `else` block; `else { true; }` accepts what is left");
    }
}

// Reports a failure behind the first block of an `if`. What was read so far is kept, so that it is
// checked too.
static void abandon_if(bc_parser_t* parser) {
    bc_lexer_t* lexer = &parser->lexer;
    const uint32_t from = lexer->failure.at;
    bc_report_failure(lexer);
    bc_skip_faulty(lexer, from, ";", true);
}

// After the word `if`. Once the first block is open it is an `if`, whatever is wrong with it
// further on.
static bool parse_if(bc_parser_t* parser, bc_statement_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_branch_t** tail = &out->as.branch.branches;
    out->kind = BC_STATEMENT_IF;
    do {
        bc_branch_t* branch = bc_arena_alloc(parser->arena, sizeof(bc_branch_t));
        if (!parse_condition(parser, &branch->condition) ||
            !bc_parse_block(parser, &branch->block)) {
            const bool is_first = out->as.branch.branches == NULL;
            if (!is_first) {
                abandon_if(parser);
            }
            return !is_first;
        }
        *tail = branch;
        tail = &branch->next;
        lexer->failure = (bc_failure_t){0};
        if (!bc_take_word(lexer, "else")) {
            report_missing_else(parser);
            return true;
        }
    } while (bc_take_word(lexer, "if"));
    if (!bc_parse_block(parser, &out->as.branch.otherwise)) {
        abandon_if(parser);
    }
    return true;
}

static bool parse_plain(bc_parser_t* parser, bc_statement_kind_t kind, bc_statement_t* out) {
    out->kind = kind;
    return bc_expect(&parser->lexer, "`;`", 6);
}

// The alternatives in their order: a condition first, so that a key may begin with `if` or
// `accept`.
static bool parse_statement(bc_parser_t* parser, bc_statement_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_skip_space(lexer);
    const bc_mark_t mark = bc_lexer_mark(lexer);
    out->place = (bc_place_t){lexer->source, mark.at, 1};
    bool is_parsed = bc_parse_condition_statement(parser, out);
    if (!is_parsed) {
        *out = (bc_statement_t){.place = out->place};
        bc_lexer_rewind(lexer, mark);
        if (bc_take_word(lexer, "if")) {
            is_parsed = parse_if(parser, out);
        } else if (bc_take_word(lexer, "accept")) {
            is_parsed = parse_accept(parser, out);
        } else if (parser->options.accept_abort && bc_take_word(lexer, "abort")) {
            is_parsed = parse_plain(parser, BC_STATEMENT_FALSE, out);
            out->is_abort = true;
        } else if (bc_take_word(lexer, "false")) {
            is_parsed = parse_plain(parser, BC_STATEMENT_FALSE, out);
        } else if (bc_take_word(lexer, "true")) {
            is_parsed = parse_plain(parser, BC_STATEMENT_TRUE, out);
        }
    }
    if (is_parsed) {
        lexer->failure = (bc_failure_t){0};
        out->place = bc_lexer_place(lexer, mark.at);
        if (out->kind == BC_STATEMENT_IF) {
            out->place.size = 2;  // shown by its first word
        }
    }
    return is_parsed;
}

static bool starts_with_using(const bc_lexer_t* lexer, uint32_t at) {
    static const char word[] = "using";
    const size_t size = sizeof(word) - 1;
    return lexer->source->size - at > size && memcmp(lexer->source->text + at, word, size) == 0 &&
           strchr(" \t\r\n", lexer->source->text[at + size]) != NULL;
}

// Reports what is wrong with the statement at `start` and moves to where the next one may begin.
static void recover(bc_parser_t* parser, uint32_t start, bool is_nested) {
    bc_lexer_t* lexer = &parser->lexer;
    if (starts_with_using(lexer, start)) {
        lexer->failure = (bc_failure_t){.is_set = true,
                                        .at = start,
                                        .code = 27,
                                        .message = "`using` must come before all statements"};
    } else if (lexer->failure.at == start && lexer->failure.code == 5) {
        lexer->failure.code = 27;
        lexer->failure.expected = "a statement";
    }
    const bc_failure_t failure = lexer->failure;
    bc_report_failure(lexer);
    const char* between = lexer->source->text + failure.previous_end;
    const bool is_line_end = failure.code == 6 && failure.at > start &&
                             memchr(between, '\n', failure.at - failure.previous_end) != NULL;
    if (is_line_end) {
        lexer->at = failure.at;  // only the `;` is missing
        return;
    }
    bc_skip_faulty(lexer, failure.at, ";", true);
    if (!is_nested && bc_at_char(lexer, '}')) {
        bc_take_word(lexer, "}");
    }
}

static void report_unclosed(bc_parser_t* parser, bc_place_t opening) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_fail(lexer, 15, "`}`");
    bc_diagnostic_t* diagnostic = bc_report_failure(lexer);
    if (diagnostic != NULL) {
        bc_note(lexer->diagnostics, diagnostic, "the block was opened at");
        diagnostic->note_place = opening;
    }
    lexer->is_dead = true;  // the blocks around this one are not closed either
}

void bc_parse_statements(bc_parser_t* parser, const bc_place_t* opening, bc_block_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    while (!bc_at_end(lexer)) {
        if (opening != NULL && out->count + out->is_damaged > 0 && bc_take_word(lexer, "}")) {
            return;
        }
        const uint32_t start = lexer->at;
        bc_statement_t* statement = bc_arena_alloc(parser->arena, sizeof(bc_statement_t));
        if (!parse_statement(parser, statement)) {
            out->is_damaged = true;
            recover(parser, start, opening != NULL);
            continue;
        }
        if (out->last == NULL) {
            out->first = statement;
        } else {
            out->last->next = statement;
        }
        out->last = statement;
        out->count++;
    }
    if (opening != NULL) {
        report_unclosed(parser, *opening);
    }
}

// A `{` forgotten at the end of its line: reports that, so that the block can be read as if it were
// there.
static bool recover_brace(bc_lexer_t* lexer) {
    const char* between = lexer->source->text + lexer->previous_end;
    if (lexer->failure.code != 14 || bc_at_end(lexer) || bc_at_char(lexer, '}') ||
        memchr(between, '\n', lexer->at - lexer->previous_end) == NULL) {
        return false;
    }
    bc_report_failure(lexer);
    return true;
}

bool bc_parse_block(bc_parser_t* parser, bc_block_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    if (!bc_expect(lexer, "`{`", 14) && !recover_brace(lexer)) {
        return false;
    }
    const bc_place_t opening = {lexer->source, lexer->previous_end - 1, 1};
    lexer->failure = (bc_failure_t){0};
    if (parser->depth == BC_MAX_DEPTH) {
        bc_error(lexer->diagnostics, opening, 22, "blocks are nested deeper than %u", BC_MAX_DEPTH);
        lexer->is_dead = true;
        return true;
    }
    parser->depth++;
    bc_parse_statements(parser, &opening, out);
    parser->depth--;
    return true;
}
