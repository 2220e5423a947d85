// SPDX-License-Identifier: MIT
// Libraries and the options of the language, as all subcommands take them that read rules.
#pragma once

#include "command.h"
#include "compiler.h"

// For bindc_command_t.shared; the ids are taken by bindc_inputs_take().
extern const bindc_option_t bindc_input_options[];

typedef struct bindc_inputs {
    const char** paths;  // owned list of borrowed or list_text paths: libraries, in order
    size_t count;
    const char* include_list;
    bc_buffer_t list_text;  // the include list with its line ends made zeros
    bc_options_t options;
    bool is_json;
    bool is_werror;
} bindc_inputs_t;

// A bindc_taker_t is to pass on what it does not know itself.
bool bindc_inputs_take(bindc_inputs_t* inputs, int id, const char* value);

void bindc_inputs_add(bindc_inputs_t* inputs, const char* path);

// Reads the include list, if there is one. After the options.
bool bindc_inputs_finish(bindc_inputs_t* inputs);

// Gives the compiler the options and all libraries.
void bindc_inputs_load(const bindc_inputs_t* inputs, bc_compiler_t* compiler);

// Shows what was found, on standard error; as JSON on standard error when asked for. Returns false
// if there are errors, or warnings that count as such.
bool bindc_inputs_report(const bindc_inputs_t* inputs, bc_compiler_t* compiler);

void bindc_inputs_fini(bindc_inputs_t* inputs);
