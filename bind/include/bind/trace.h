// SPDX-License-Identifier: MIT
// Matching step by step: what each instruction saw and did. For tools that explain a result; the
// result itself is that of <bind/match.h>, whose engine runs here too.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/match.h>

// One executed instruction. Valid during the call only.
typedef struct bind_step {
    uint32_t at;                      // offset of the instruction in its code
    bool compares;                    // it compares a property with a value
    const bind_property_t* property;  // the property it looked at; null: the device has none
    bool is_equal;
    bool jumps;   // goes on at another place
    bool aborts;  // ends the program without a match
} bind_step_t;

typedef void (*bind_trace_t)(void* context, const bind_step_t* step);

// Runs `code` (the body of an ordinary program, or the code of a parent) and calls `trace` (may be
// null) after each instruction that did not fail. Otherwise like bind_program_match().
zx_status_t bind_code_trace(const bind_program_t* program, const uint8_t* code, uint32_t size,
                            const bind_property_t* props, size_t count, bind_trace_t trace,
                            void* context, bool* out_match, bind_error_t* out_error);
