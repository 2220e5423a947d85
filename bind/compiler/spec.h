// SPDX-License-Identifier: MIT
// Test specifications: devices in JSON, and whether the rules match them.
#pragma once

#include "device.h"

typedef struct bc_case bc_case_t;
struct bc_case {
    bc_case_t* next;
    bc_text_t name;
    bool expects_match;
    bc_device_t device;
    bc_place_t place;  // of the name
};

// The cases of an ordinary rules file, or of one parent of a composite.
typedef struct bc_case_group bc_case_group_t;
struct bc_case_group {
    bc_case_group_t* next;
    bc_text_t parent;  // size 0: of ordinary rules
    bc_place_t place;
    bc_case_t* cases;
};

typedef struct bc_spec {
    bool is_composite;
    bc_case_group_t* groups;
} bc_spec_t;

// Reads a specification. Reports what is no JSON (E403), does not have the right form (E402), and
// keys and values that are none (as in a device specification, E025 for what follows one).
void bc_spec_parse(bc_diagnostics_t* diagnostics, const bc_source_t* source, bc_spec_t* out);

// Reports a specification that is not of these rules: parents that they do not have (E404).
void bc_spec_check(bc_diagnostics_t* diagnostics, const bc_rules_t* rules, const bc_spec_t* spec,
                   const bc_source_t* source);

typedef struct bc_coverage {
    size_t taken;
    size_t total;
} bc_coverage_t;

// Runs the cases and stops at the first one with a wrong outcome. What is printed goes to *out, why
// it failed to *out_failure. `bytes` is the compiled program; `is_symbolic` runs the statements
// instead of the bytecode. Coverage is that of the bytecode; what was never taken is listed in
// *out.
bool bc_spec_run(bc_compiler_t* compiler, const bc_buffer_t* bytes, const bc_spec_t* spec,
                 bool is_symbolic, bc_buffer_t* out, bc_buffer_t* out_failure,
                 bc_coverage_t* out_coverage);
