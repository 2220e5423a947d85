// SPDX-License-Identifier: MIT
// What the parser makes of a rules file and of a library file. Everything lives in the arena of the
// run.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/program.h>

#include "arena.h"
#include "source.h"

// A dotted or plain name. An absent one has size 0.
typedef struct bc_name {
    bc_text_t text;
    bc_place_t place;
} bc_name_t;

typedef enum bc_literal {
    BC_LITERAL_NUMBER,
    BC_LITERAL_STRING,
    BC_LITERAL_BOOL,
    BC_LITERAL_NAME,
} bc_literal_t;

typedef struct bc_value bc_value_t;
struct bc_value {
    bc_value_t* next;  // in a list
    bc_literal_t kind;
    bc_place_t place;
    bc_text_t text;  // of a string: between the quotes, as written; of a name: the name
    uint64_t number;
    bool boolean;
};

typedef struct bc_condition {
    bc_name_t key;
    bool is_equal;  // `==`, else `!=`
    bc_value_t value;
} bc_condition_t;

typedef struct bc_statement bc_statement_t;
typedef struct bc_branch bc_branch_t;

typedef struct bc_block {
    bc_statement_t* first;
    bc_statement_t* last;
    size_t count;
    bool is_damaged;  // holds a syntax error that was reported
} bc_block_t;

struct bc_branch {
    bc_branch_t* next;
    bc_condition_t condition;
    bc_block_t block;
};

typedef enum bc_statement_kind {
    BC_STATEMENT_CONDITION,
    BC_STATEMENT_ACCEPT,
    BC_STATEMENT_IF,
    BC_STATEMENT_TRUE,
    BC_STATEMENT_FALSE,
} bc_statement_kind_t;

struct bc_statement {
    bc_statement_t* next;
    bc_statement_kind_t kind;
    bc_place_t place;  // all of it; of an `if` its first word
    bool is_abort;     // BC_STATEMENT_FALSE written as `abort`
    union {
        bc_condition_t condition;
        struct {
            bc_name_t key;
            bc_value_t* values;
        } accept;
        struct {
            bc_branch_t* branches;
            bc_block_t otherwise;
        } branch;
    } as;
};

typedef struct bc_using bc_using_t;
struct bc_using {
    bc_using_t* next;
    bc_name_t library;
    bc_name_t alias;
    bool is_used;  // some name of the rules belongs to the library
};

typedef struct bc_parent bc_parent_t;
struct bc_parent {
    bc_parent_t* next;
    bind_parent_kind_t kind;
    bc_name_t name;    // text between the quotes
    bc_place_t place;  // all of it
    bc_block_t block;
};

// An ordinary rules file has a block, a composite one a name and parents.
typedef struct bc_rules {
    const bc_source_t* source;  // null: no rules file, only what options ask for
    bc_using_t* usings;
    bool is_composite;
    bc_name_t composite_name;
    bc_parent_t* parents;
    bc_block_t block;
} bc_rules_t;

typedef enum bc_type { BC_TYPE_UINT, BC_TYPE_STRING, BC_TYPE_BOOL, BC_TYPE_ENUM } bc_type_t;

typedef struct bc_item bc_item_t;
struct bc_item {
    bc_item_t* next;
    bc_name_t name;
    bc_value_t value;  // not for enums
};

typedef struct bc_declaration bc_declaration_t;
struct bc_declaration {
    bc_declaration_t* next;
    bool is_extend;
    bc_type_t type;
    bc_place_t place;  // all of it
    bc_name_t key;
    bc_item_t* items;
};

typedef struct bc_library bc_library_t;
struct bc_library {
    bc_library_t* next;  // in the order given
    const bc_source_t* source;
    bc_name_t name;
    bc_using_t* usings;
    bc_declaration_t* declarations;
    int visit;        // of the search for circles
    bool is_visible;  // reachable from the `using` lines of the rules
};
