// SPDX-License-Identifier: MIT
// Libraries and the options of the language on the command line.
#include "inputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE_LIST_LIMIT (1u << 20)

const bindc_option_t bindc_input_options[] = {
    {'i', "include", "FILE", "a bind library; once for each library"},
    {'f', "include-file", "FILE", "a text file that names one library a line"},
    {'l', "lint", NULL, "check the names of the libraries"},
    {0},
};

bool bindc_inputs_take(bindc_inputs_t* inputs, int id, const char* value) {
    switch (id) {
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
    for (size_t i = 0; i < inputs->count; i++) {
        bc_compiler_add_library_file(compiler, inputs->paths[i]);
    }
}

bool bindc_inputs_report(const bindc_inputs_t* inputs, bc_compiler_t* compiler) {
    (void)inputs;
    bc_diagnostics_print(&compiler->diagnostics, stderr);
    return compiler->diagnostics.error_count == 0;
}

void bindc_inputs_fini(bindc_inputs_t* inputs) {
    free(inputs->paths);
    bc_buffer_fini(&inputs->list_text);
    *inputs = (bindc_inputs_t){0};
}
