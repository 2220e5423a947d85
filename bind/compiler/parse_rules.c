// SPDX-License-Identifier: MIT
// The parser's part for rules files: `using` lines, ordinary and composite rules.
#include "parser.h"

void bc_parser_init(bc_parser_t* parser, bc_diagnostics_t* diagnostics, const bc_source_t* source) {
    *parser = (bc_parser_t){.arena = diagnostics->arena};
    bc_lexer_init(&parser->lexer, source, diagnostics);
}

bool bc_parse_using_tail(bc_parser_t* parser, bc_using_t** out) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_using_t* using = bc_arena_alloc(parser->arena, sizeof(bc_using_t));
    if (!bc_take_name(lexer, &using->library)) {
        return bc_fail(lexer, 5, "the name of a library");
    }
    if (bc_take_word(lexer, "as") && !bc_take_identifier(lexer, &using->alias)) {
        return bc_fail(lexer, 5, "an alias");
    }
    if (!bc_expect(lexer, "`;`", 6)) {
        return false;
    }
    *out = using;
    return true;
}

// Reports the recorded failure of a line that ends with `;` and goes on behind it.
static void recover_line(bc_parser_t* parser) {
    bc_lexer_t* lexer = &parser->lexer;
    const bc_failure_t failure = lexer->failure;
    const bc_diagnostic_t* diagnostic = bc_report_failure(lexer);
    const bool is_line_end = diagnostic != NULL && diagnostic->place.offset < failure.at;
    if (failure.code == 6 && is_line_end) {
        lexer->at = failure.at;
    } else {
        bc_skip_faulty(lexer, failure.at, ";", true);
    }
}

// In an ordinary rules file a statement may begin with the letters "using": what is no `using` line
// but a condition is one.
static bool is_condition_here(bc_parser_t* parser) {
    bc_lexer_t* lexer = &parser->lexer;
    const bc_mark_t mark = bc_lexer_mark(lexer);
    const bc_failure_t failure = lexer->failure;
    bc_statement_t statement = {0};
    const bool is_condition = bc_parse_condition_statement(parser, &statement);
    lexer->failure = failure;
    bc_lexer_rewind(lexer, mark);
    return is_condition;
}

static void parse_usings(bc_parser_t* parser, bool may_be_condition, bc_using_t** tail) {
    bc_lexer_t* lexer = &parser->lexer;
    while (true) {
        bc_skip_space(lexer);
        const bc_mark_t mark = bc_lexer_mark(lexer);
        if (!bc_take_word(lexer, "using")) {
            return;
        }
        if (bc_parse_using_tail(parser, tail)) {
            tail = &(*tail)->next;
            lexer->failure = (bc_failure_t){0};
            continue;
        }
        bc_lexer_rewind(lexer, mark);
        if (may_be_condition && is_condition_here(parser)) {
            lexer->failure = (bc_failure_t){0};
            return;
        }
        recover_line(parser);
    }
}

static void parse_ordinary(bc_parser_t* parser, bc_rules_t* rules) {
    bc_lexer_t* lexer = &parser->lexer;
    parse_usings(parser, true, &rules->usings);
    if (bc_at_end(lexer) && !lexer->is_dead) {
        const bc_place_t end = {lexer->source, lexer->previous_end, 1};
        bc_diagnostic_t* diagnostic =
            bc_error(lexer->diagnostics, end, 21, "the rules have no statement");
        bc_note(lexer->diagnostics, diagnostic, "`true;` matches every device");
        return;
    }
    bc_parse_statements(parser, NULL, &rules->block);
}

// `node` is what `parent` was called before.
static bool take_node(bc_parser_t* parser) {
    static const char message[] = "a parent is called `parent`, not `node`";
    bc_lexer_t* lexer = &parser->lexer;
    if (!bc_take_word(lexer, "node")) {
        return false;
    }
    const bc_place_t place = {lexer->source, lexer->previous_end - 4, 4};
    if (parser->options.node_policy == BC_NODE_WARN) {
        bc_warning(lexer->diagnostics, place, BC_WARNING_NODE, message);
    } else if (parser->options.node_policy == BC_NODE_REFUSE) {
        bc_error(lexer->diagnostics, place, 34, message);
    }
    return true;
}

// "[primary|optional] parent "name" { … }". False with a failure recorded.
static bool parse_parent(bc_parser_t* parser, bc_parent_t* out) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_skip_space(lexer);
    const uint32_t start = lexer->at;
    out->kind = BIND_PARENT_ADDITIONAL;
    if (bc_take_word(lexer, "primary")) {
        out->kind = BIND_PARENT_PRIMARY;
    } else if (bc_take_word(lexer, "optional")) {
        out->kind = BIND_PARENT_OPTIONAL;
    }
    if (!bc_take_word(lexer, "parent") && !take_node(parser)) {
        return bc_fail(lexer, 30, "`parent`");
    }
    bc_value_t name;
    if (!bc_take_string(lexer, 32, &name)) {
        return bc_fail(lexer, 32, "the name of the parent, in quotes");
    }
    out->name = (bc_name_t){name.text, name.place};
    if (!bc_parse_block(parser, &out->block)) {
        return false;
    }
    out->place = bc_lexer_place(lexer, start);
    return true;
}

static void check_parents(bc_parser_t* parser, const bc_rules_t* rules) {
    bc_diagnostics_t* diagnostics = parser->lexer.diagnostics;
    bc_map_t names = {0};
    const bc_parent_t* primary = NULL;
    for (const bc_parent_t* parent = rules->parents; parent != NULL; parent = parent->next) {
        if (bc_map_get(&names, parent->name.text) != NULL) {
            bc_error(diagnostics, parent->name.place, 33, "a second parent named \"%.*s\"",
                     (int)parent->name.text.size, parent->name.text.data);
        }
        bc_map_put(&names, parser->arena, parent->name.text, (void*)parent);
        if (parent->kind != BIND_PARENT_PRIMARY) {
            continue;
        }
        if (primary != NULL) {
            bc_error(diagnostics, parent->name.place, 32, "a second primary parent");
        }
        primary = parent;
    }
    if (primary == NULL) {
        bc_error(diagnostics, rules->composite_name.place, 32,
                 "one of the parents must be the `primary` one");
    }
}

static void parse_parents(bc_parser_t* parser, bc_rules_t* rules) {
    bc_lexer_t* lexer = &parser->lexer;
    bc_parent_t** tail = &rules->parents;
    bool is_damaged = false;
    while (!bc_at_end(lexer)) {
        bc_parent_t* parent = bc_arena_alloc(parser->arena, sizeof(bc_parent_t));
        if (!parse_parent(parser, parent)) {
            const uint32_t from = lexer->failure.at;
            is_damaged = true;
            bc_report_failure(lexer);
            bc_skip_faulty(lexer, from, ";", true);
            bc_take_word(lexer, "}");
            continue;
        }
        lexer->failure = (bc_failure_t){0};
        *tail = parent;
        tail = &parent->next;
    }
    if (is_damaged || lexer->is_dead) {
        return;
    }
    if (rules->parents == NULL) {
        const bc_place_t end = {lexer->source, lexer->previous_end, 1};
        bc_error(lexer->diagnostics, end, 28, "the composite has no parents");
        return;
    }
    check_parents(parser, rules);
}

static void parse_composite(bc_parser_t* parser, bc_rules_t* rules) {
    bc_lexer_t* lexer = &parser->lexer;
    rules->is_composite = true;
    if (!bc_take_name(lexer, &rules->composite_name)) {
        bc_fail(lexer, 5, "the name of the composite");
        recover_line(parser);
    } else if (!bc_expect(lexer, "`;`", 6)) {
        recover_line(parser);
    }
    parse_usings(parser, false, &rules->usings);
    parse_parents(parser, rules);
}

// A library given as rules: said once instead of at each of its declarations.
static bool refuse_library(bc_parser_t* parser) {
    bc_lexer_t* lexer = &parser->lexer;
    const bc_mark_t mark = bc_lexer_mark(lexer);
    bc_name_t name;
    bc_skip_space(lexer);
    const bc_place_t place = {lexer->source, lexer->at, 7};
    if (!bc_take_word(lexer, "library") || !bc_take_name(lexer, &name) ||
        !bc_take_word(lexer, ";")) {
        bc_lexer_rewind(lexer, mark);
        return false;
    }
    bc_diagnostic_t* diagnostic =
        bc_error(lexer->diagnostics, place, 27, "this is a library, not a rules file");
    bc_note(lexer->diagnostics, diagnostic, "libraries are given with --include");
    return true;
}

bc_rules_t* bc_parse_rules(bc_diagnostics_t* diagnostics, const bc_source_t* source,
                           const bc_options_t* options) {
    bc_parser_t parser;
    bc_parser_init(&parser, diagnostics, source);
    parser.options = *options;
    bc_rules_t* rules = bc_arena_alloc(parser.arena, sizeof(bc_rules_t));
    rules->source = source;
    if (refuse_library(&parser)) {
        return rules;
    }
    if (bc_take_word(&parser.lexer, "composite")) {
        parse_composite(&parser, rules);
    } else {
        parse_ordinary(&parser, rules);
    }
    return rules;
}
