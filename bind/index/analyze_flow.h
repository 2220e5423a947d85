// SPDX-License-Identifier: MIT
// What both analyses share: single steps of a program and comparisons of keys and values.
#pragma once

#include "analyze.h"
#include "decode.h"

typedef struct bind_code {
    const bind_program_t* program;  // borrowed
    const uint8_t* bytes;           // borrowed
    uint32_t size;
} bind_code_t;

// One instruction as the analyses see it.
typedef struct bind_flow {
    enum {
        BIND_FLOW_GO,      // to `next`
        BIND_FLOW_BRANCH,  // to if_equal or if_other; BIND_NOWHERE is no match
        BIND_FLOW_END,     // no match
    } kind;
    uint8_t opcode;
    uint32_t next;
    bind_path_key_t key;
    bind_path_value_t value;
    uint32_t if_equal;
    uint32_t if_other;
} bind_flow_t;

#define BIND_NOWHERE UINT32_MAX

bind_code_t bind_code_of(const bind_program_t* program, const bind_parent_t* parent);

// Whatever makes the matcher fail (a bad key, a jump to no label) is BIND_FLOW_END or BIND_NOWHERE.
void bind_flow_decode(const bind_code_t* code, uint32_t at, bind_flow_t* out);

bool bind_path_key_equal(const bind_path_key_t* a, const bind_path_key_t* b);
bool bind_path_value_equal(const bind_path_value_t* a, const bind_path_value_t* b);
