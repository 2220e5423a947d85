// SPDX-License-Identifier: MIT
// Libraries and the options of the language on the command line.
#include "inputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE_LIST_LIMIT (1u << 20)

enum {
    OPTION_STRICT_USING = BINDC_LONG_OPTION + 100,
    OPTION_TRUNCATE,
    OPTION_ALLOW_ABORT,
    OPTION_DEPRECATED_KEYS,
    OPTION_NODE,
    OPTION_WERROR,
    OPTION_NO_WARNINGS,
    OPTION_JSON,
};

const bindc_option_t bindc_input_options[] = {
    {'i', "include", "FILE", "a bind library; once for each library"},
    {'f', "include-file", "FILE", "a text file that names one library a line"},
    {'l', "lint", NULL, "check the names of the libraries"},
    {OPTION_STRICT_USING, "strict-using", NULL, "see only libraries that `using` lines lead to"},
    {OPTION_TRUNCATE, "truncate", NULL, "keep the low 32 bits of larger numbers"},
    {OPTION_ALLOW_ABORT, "allow-abort", NULL, "take `abort;` for `false;` (rules of 2021)"},
    {OPTION_DEPRECATED_KEYS, "deprecated-keys", NULL, "legacy keys also as `deprecated.` (2019)"},
    {OPTION_NODE, "node", "accept|warn|refuse", "what to do about `node` for `parent`"},
    {OPTION_WERROR, "werror", NULL, "warnings are errors"},
    {OPTION_NO_WARNINGS, "no-warnings", NULL, "show no warnings"},
    {OPTION_JSON, "json", NULL, "errors and warnings as JSON, on standard error"},
    {0},
};

static bool take_node(bindc_inputs_t* inputs, const char* value) {
    static const char* const words[] = {"accept", "warn", "refuse"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(words[i], value) == 0) {
            inputs->options.node_policy = (bc_node_policy_t)i;
            return true;
        }
    }
    fprintf(stderr, "bindc: --node is accept, warn or refuse, not %s\n", value);
    return false;
}

bool bindc_inputs_take(bindc_inputs_t* inputs, int id, const char* value) {
    switch (id) {
        case OPTION_STRICT_USING:
            inputs->options.strict_using = true;
            break;
        case OPTION_TRUNCATE:
            inputs->options.truncate_numbers = true;
            break;
        case OPTION_ALLOW_ABORT:
            inputs->options.accept_abort = true;
            break;
        case OPTION_DEPRECATED_KEYS:
            inputs->options.deprecated_keys = true;
            break;
        case OPTION_NODE:
            return take_node(inputs, value);
        case OPTION_WERROR:
            inputs->is_werror = true;
            break;
        case OPTION_NO_WARNINGS:
            inputs->options.no_warnings = true;
            break;
        case OPTION_JSON:
            inputs->is_json = true;
            break;
        case 'i':
            bindc_inputs_add(inputs, value);
            break;
        case 'f':
            inputs->include_list = value;
            break;
        case 'l':
            inputs->options.lint = true;
            break;
        default:
            break;
    }
    return true;
}

void bindc_inputs_add(bindc_inputs_t* inputs, const char* path) {
    const char** paths = realloc(inputs->paths, (inputs->count + 1) * sizeof(*paths));
    if (paths == NULL) {
        fputs("bindc: out of memory\n", stderr);
        abort();
    }
    inputs->paths = paths;
    inputs->paths[inputs->count++] = path;
}

// The paths of the include list, one a line; the line end is LF or CRLF.
bool bindc_inputs_finish(bindc_inputs_t* inputs) {
    if (inputs->include_list == NULL) {
        return true;
    }
    if (!bc_read_file(inputs->include_list, INCLUDE_LIST_LIMIT, &inputs->list_text)) {
        fprintf(stderr, "%s: error: cannot be read: %s\n", inputs->include_list, strerror(errno));
        return false;
    }
    bc_buffer_u8(&inputs->list_text, 0);
    char* line = (char*)inputs->list_text.data;
    for (unsigned number = 1; *line != 0; number++) {
        char* end = strchr(line, '\n');
        char* next = end == NULL ? line + strlen(line) : end + 1;
        if (end != NULL) {
            *end = 0;
            if (end > line && end[-1] == '\r') {
                end[-1] = 0;
            }
        }
        if (*line == 0) {
            fprintf(stderr, "%s:%u:1: error: an empty line names no library\n",
                    inputs->include_list, number);
            return false;
        }
        bindc_inputs_add(inputs, line);
        line = next;
    }
    return true;
}

void bindc_inputs_load(const bindc_inputs_t* inputs, bc_compiler_t* compiler) {
    compiler->options = inputs->options;
    for (size_t i = 0; i < inputs->count; i++) {
        bc_compiler_add_library_file(compiler, inputs->paths[i]);
    }
}

bool bindc_inputs_report(const bindc_inputs_t* inputs, bc_compiler_t* compiler) {
    const bc_diagnostics_t* diagnostics = &compiler->diagnostics;
    if (inputs->is_json) {
        bc_diagnostics_print_json(diagnostics, stderr);
    } else {
        bc_diagnostics_print(diagnostics, stderr);
    }
    return diagnostics->error_count == 0 && (!inputs->is_werror || diagnostics->warning_count == 0);
}

void bindc_inputs_fini(bindc_inputs_t* inputs) {
    free(inputs->paths);
    bc_buffer_fini(&inputs->list_text);
    *inputs = (bindc_inputs_t){0};
}
