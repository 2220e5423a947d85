// SPDX-License-Identifier: MIT
// Warnings: what is allowed but hardly meant. Walks the rules with what is known of each key at
// that point. A statement adds to that knowledge for the rest of its block, a branch for its block
// and the branches behind it; leaving a block takes its knowledge back by a log.
#include <stdio.h>
#include <string.h>

#include "program.h"

// Lists longer than this are not kept, which bounds the work for a statement.
#define MAX_KNOWN_VALUES 64u

// A key with a value.
typedef struct pair {
    unsigned excluded;       // how often the key is known not to have the value
    bc_place_t excluded_at;  // where that was said first
    const bc_statement_t* accepted_by;
} pair_t;

typedef struct known_key {
    pair_t** values;  // the key has one of these; null: not known
    size_t count;
    bc_place_t place;  // where that was said
} known_key_t;

// An entry of the log: what to put back.
typedef struct undo {
    struct undo* next;
    known_key_t* key;
    known_key_t old;
    pair_t* pair;  // or the pair whose exclusion ends
} undo_t;

typedef struct walker {
    bc_symbols_t* symbols;
    const bc_using_t* usings;
    bc_map_t keys;
    bc_map_t pairs;
    undo_t* log;
} walker_t;

typedef enum truth { TRUTH_OPEN, TRUTH_ALWAYS, TRUTH_NEVER } truth_t;

static known_key_t* find_key(walker_t* walker, bc_text_t name) {
    const bc_symbol_t* symbol = bc_find_symbol(walker->symbols, walker->usings, name);
    known_key_t* key = bc_map_get(&walker->keys, symbol->text);
    if (key == NULL) {
        key = bc_arena_alloc(walker->symbols->arena, sizeof(known_key_t));
        bc_map_put(&walker->keys, walker->symbols->arena, symbol->text, key);
    }
    return key;
}

// A text that is equal for equal values: kind, then value. Strings and enums are of one kind.
static bc_text_t value_text(walker_t* walker, const bc_value_t* value) {
    bc_symbol_t symbol = {.number = value->number, .text = value->text};
    symbol.kind = value->kind == BC_LITERAL_NUMBER ? BC_SYMBOL_NUMBER
                  : value->kind == BC_LITERAL_BOOL ? BC_SYMBOL_BOOL
                                                   : BC_SYMBOL_STRING;
    if (value->kind == BC_LITERAL_BOOL) {
        symbol.number = value->boolean;
    } else if (value->kind == BC_LITERAL_NAME) {
        symbol = *bc_find_symbol(walker->symbols, walker->usings, value->text);
    }
    if (symbol.kind == BC_SYMBOL_STRING || symbol.kind == BC_SYMBOL_ENUM) {
        return bc_arena_join(walker->symbols->arena, bc_text("s"), ':', symbol.text);
    }
    char number[24];
    snprintf(number, sizeof(number), "%x", (uint32_t)symbol.number);
    return bc_arena_join(walker->symbols->arena, bc_text(symbol.kind == BC_SYMBOL_BOOL ? "b" : "n"),
                         ':', bc_text(number));
}

static pair_t* find_pair(walker_t* walker, bc_text_t name, const bc_value_t* value) {
    const bc_symbol_t* symbol = bc_find_symbol(walker->symbols, walker->usings, name);
    const bc_text_t text =
        bc_arena_join(walker->symbols->arena, symbol->text, '=', value_text(walker, value));
    pair_t* pair = bc_map_get(&walker->pairs, text);
    if (pair == NULL) {
        pair = bc_arena_alloc(walker->symbols->arena, sizeof(pair_t));
        bc_map_put(&walker->pairs, walker->symbols->arena, text, pair);
    }
    return pair;
}

static undo_t* add_undo(walker_t* walker) {
    undo_t* undo = bc_arena_alloc(walker->symbols->arena, sizeof(undo_t));
    undo->next = walker->log;
    walker->log = undo;
    return undo;
}

static void learn_values(walker_t* walker, known_key_t* key, pair_t** values, size_t count,
                         bc_place_t place) {
    undo_t* undo = add_undo(walker);
    undo->key = key;
    undo->old = *key;
    *key = (known_key_t){values, count, place};
}

static void learn_one(walker_t* walker, known_key_t* key, pair_t* value, bc_place_t place) {
    pair_t** values = bc_arena_alloc(walker->symbols->arena, sizeof(pair_t*));
    values[0] = value;
    learn_values(walker, key, values, 1, place);
}

static void learn_excluded(walker_t* walker, pair_t* pair, bc_place_t place) {
    add_undo(walker)->pair = pair;
    if (pair->excluded++ == 0) {
        pair->excluded_at = place;
    }
}

static void forget(walker_t* walker, const undo_t* until) {
    while (walker->log != until) {
        const undo_t* undo = walker->log;
        if (undo->pair != NULL) {
            undo->pair->excluded--;
        } else {
            *undo->key = undo->old;
        }
        walker->log = undo->next;
    }
}

// Whether the key has the value, as far as known. *out_place is where it was said.
static truth_t has_value(const known_key_t* key, const pair_t* pair, bc_place_t* out_place) {
    if (pair->excluded > 0) {
        *out_place = pair->excluded_at;
        return TRUTH_NEVER;
    }
    if (key->values == NULL) {
        return TRUTH_OPEN;
    }
    *out_place = key->place;
    size_t left = 0;
    bool is_there = false;
    for (size_t i = 0; i < key->count; i++) {
        left += key->values[i]->excluded == 0;
        is_there = is_there || key->values[i] == pair;
    }
    if (!is_there) {
        return TRUTH_NEVER;
    }
    return left == 1 ? TRUTH_ALWAYS : TRUTH_OPEN;
}

static truth_t judge(walker_t* walker, const bc_condition_t* condition, bc_place_t* out_place) {
    const known_key_t* key = find_key(walker, condition->key.text);
    const pair_t* pair = find_pair(walker, condition->key.text, &condition->value);
    const truth_t truth = has_value(key, pair, out_place);
    if (truth == TRUTH_OPEN || condition->is_equal) {
        return truth;
    }
    return truth == TRUTH_ALWAYS ? TRUTH_NEVER : TRUTH_ALWAYS;
}

static void learn(walker_t* walker, const bc_condition_t* condition, bool holds) {
    known_key_t* key = find_key(walker, condition->key.text);
    pair_t* pair = find_pair(walker, condition->key.text, &condition->value);
    if (condition->is_equal == holds) {
        learn_one(walker, key, pair, condition->key.place);
    } else {
        learn_excluded(walker, pair, condition->key.place);
    }
}

static void warn(walker_t* walker, bc_place_t place, unsigned code, const char* text,
                 bc_place_t because) {
    bc_diagnostics_t* diagnostics = walker->symbols->diagnostics;
    bc_diagnostic_t* diagnostic = bc_warning(diagnostics, place, code, "%s", text);
    if (because.source != NULL) {
        bc_note(diagnostics, diagnostic, "that follows from");
        diagnostic->note_place = because;
    }
}

// Returns false when nothing behind the statement can be reached, which then was warned of.
static bool walk_condition(walker_t* walker, const bc_statement_t* statement) {
    const bc_condition_t* condition = &statement->as.condition;
    bc_place_t because = {0};
    if (judge(walker, condition, &because) == TRUTH_NEVER) {
        warn(walker, statement->place, BC_WARNING_CONTRADICTION,
             "this condition never holds here, so nothing can match", because);
        return false;
    }
    learn(walker, condition, true);
    return true;
}

static bool walk_accept(walker_t* walker, const bc_statement_t* statement) {
    const bc_text_t name = statement->as.accept.key.text;
    known_key_t* key = find_key(walker, name);
    pair_t* kept[MAX_KNOWN_VALUES];
    size_t possible = 0;
    bc_place_t because = {0};
    for (const bc_value_t* value = statement->as.accept.values; value != NULL;
         value = value->next) {
        pair_t* pair = find_pair(walker, name, value);
        if (pair->accepted_by == statement) {
            warn(walker, value->place, BC_WARNING_DUPLICATE_VALUE,
                 "the list has this value already", (bc_place_t){0});
            continue;
        }
        pair->accepted_by = statement;
        if (has_value(key, pair, &because) == TRUTH_NEVER) {
            continue;
        }
        if (possible < MAX_KNOWN_VALUES) {
            kept[possible] = pair;
        }
        possible++;
    }
    if (possible == 0) {
        warn(walker, statement->as.accept.key.place, BC_WARNING_CONTRADICTION,
             "none of these values is possible here, so nothing can match", because);
        return false;
    }
    if (possible <= MAX_KNOWN_VALUES) {
        pair_t** values = bc_arena_alloc(walker->symbols->arena, possible * sizeof(pair_t*));
        memcpy(values, kept, possible * sizeof(pair_t*));
        learn_values(walker, key, values, possible, statement->as.accept.key.place);
    }
    return true;
}

static void walk_block(walker_t* walker, const bc_block_t* block);

static void walk_if(walker_t* walker, const bc_statement_t* statement) {
    for (const bc_branch_t* branch = statement->as.branch.branches; branch != NULL;
         branch = branch->next) {
        const bc_condition_t* condition = &branch->condition;
        bc_place_t because = {0};
        const truth_t truth = judge(walker, condition, &because);
        if (truth == TRUTH_NEVER) {
            warn(walker, condition->key.place, BC_WARNING_UNREACHABLE,
                 "this condition never holds here, so its block is never reached", because);
            continue;
        }
        const undo_t* log = walker->log;
        learn(walker, condition, true);
        walk_block(walker, &branch->block);
        forget(walker, log);
        if (truth == TRUTH_ALWAYS) {
            warn(walker, condition->key.place, BC_WARNING_UNREACHABLE,
                 "this condition always holds here, so nothing behind its block is reached",
                 because);
            return;
        }
        learn(walker, condition, false);
    }
    walk_block(walker, &statement->as.branch.otherwise);
}

static void walk_block(walker_t* walker, const bc_block_t* block) {
    const undo_t* log = walker->log;
    for (const bc_statement_t* statement = block->first; statement != NULL;
         statement = statement->next) {
        bool goes_on = true;
        if (statement->kind == BC_STATEMENT_CONDITION) {
            goes_on = walk_condition(walker, statement);
        } else if (statement->kind == BC_STATEMENT_ACCEPT) {
            goes_on = walk_accept(walker, statement);
        } else if (statement->kind == BC_STATEMENT_IF) {
            walk_if(walker, statement);
        } else if (statement->kind == BC_STATEMENT_FALSE && statement->next != NULL) {
            warn(walker, statement->next->place, BC_WARNING_UNREACHABLE,
                 "nothing behind `abort;` is reached", (bc_place_t){0});
            goes_on = false;
        }
        if (!goes_on) {
            break;
        }
    }
    forget(walker, log);
}

static void warn_unused(bc_symbols_t* symbols, const bc_rules_t* rules) {
    for (const bc_using_t* using = rules->usings; using != NULL; using = using->next) {
        if (!using->is_used) {
            bc_warning(symbols->diagnostics, using->library.place, BC_WARNING_UNUSED_USING,
                       "no name of library `%.*s` is used", (int)using->library.text.size,
                       using->library.text.data);
        }
    }
}

void bc_warn(bc_symbols_t* symbols, const bc_rules_t* rules) {
    warn_unused(symbols, rules);
    if (!rules->is_composite) {
        walker_t walker = {.symbols = symbols, .usings = rules->usings};
        walk_block(&walker, &rules->block);
        return;
    }
    for (const bc_parent_t* parent = rules->parents; parent != NULL; parent = parent->next) {
        walker_t walker = {.symbols = symbols, .usings = rules->usings};
        walk_block(&walker, &parent->block);
    }
}
