// SPDX-License-Identifier: MIT
// What can be asked of a run of the compiler. All zero: the language and the bytes of today.
#pragma once

#include <stdbool.h>

// What to do about a parent that is called `node`, as it was until 2025.
typedef enum bc_node_policy { BC_NODE_ACCEPT, BC_NODE_WARN, BC_NODE_REFUSE } bc_node_policy_t;

typedef enum bc_format {
    BC_FORMAT_V2,
    BC_FORMAT_V1,            // three words an instruction
    BC_FORMAT_V1_TWO_WORDS,  // as before 2020
    BC_FORMAT_NONE,          // only check
} bc_format_t;

typedef struct bc_options {
    bool disable_autobind;
    bool lint;
    bool strict_using;      // only libraries reachable from the rules' `using` lines are visible
    bool truncate_numbers;  // keep the low 32 bits of a number that has more
    bool accept_abort;      // `abort;` means `false;` and may stand anywhere (2021)
    bool deprecated_keys;   // legacy keys have the prefix `deprecated.` too (2019)
    bool no_warnings;
    bool is_header;  // the result becomes a C header, where version 1 can say composites
    bc_node_policy_t node_policy;
    bc_format_t format;
} bc_options_t;
