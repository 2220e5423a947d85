// SPDX-License-Identifier: MIT
// Random rules and devices, and what the tests with them share.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <bind/match.h>

#include "compiler.h"
#include "device.h"

// Keys that rules and devices are made of. The first are all that version 1 has.
#define RANDOM_KEYS    7u
#define RANDOM_V1_KEYS 3u

unsigned random_below(unsigned limit);

// Rules over the first `key_count` keys; untidy: with comments, counted in *out_comments (may be
// null), and odd spacing. The caller frees all texts.
char* random_rules(unsigned key_count, bool is_untidy, unsigned* out_comments);
// A composite with parents "p0", "p1" and so on, of which one is the primary.
char* random_composite(unsigned key_count);
// A device specification. `all`: every key is there.
char* random_device(unsigned key_count, bool all);

typedef struct compiled {
    bc_compiler_t compiler;
    bc_buffer_t bytes;
} compiled_t;

// With the library of the keys. Ends the test if it does not work.
void random_compile(const char* rules, bc_format_t format, compiled_t* out);
void random_fini(compiled_t* compiled);
// The properties and *out_device are in the compiler's arena.
const bind_property_t* random_read_device(compiled_t* compiled, const char* text,
                                          bc_device_t* out_device, size_t* out_count);

// What version 1 says, as the driver manager of its time reads it: absent is 0.
bool random_run_words(const bc_buffer_t* bytes, const bind_property_t* props, size_t count);
