// SPDX-License-Identifier: MIT
// A modules.alias as a bundle.
#include <string.h>

#include <bind/bundle.h>

#include "import.h"

#define MAX_LINE 2048u

static void put_entry(const char* module, const char* alias, const import_program_t* program,
                      bc_buffer_t* out) {
    bc_buffer_t bytecode = {0};
    const char* pattern = program->has_pattern ? program->pattern : "";
    import_emit(program, &bytecode);
    bc_buffer_u32(out, (uint32_t)strlen(module));
    bc_buffer_u32(out, (uint32_t)strlen(alias));
    bc_buffer_u32(out, (uint32_t)strlen(pattern));
    bc_buffer_u32(out, (uint32_t)bytecode.size);
    bc_buffer_append(out, module, strlen(module) + 1);
    bc_buffer_append(out, alias, strlen(alias) + 1);
    bc_buffer_append(out, pattern, strlen(pattern) + 1);
    bc_buffer_append(out, bytecode.data, bytecode.size);
    bc_buffer_fini(&bytecode);
}

// The kernel keeps other characters out of the aliases of devices.
static bool is_ascii(const char* text) {
    while ((signed char)*text > 0) {
        text++;
    }
    return *text == 0;
}

// Cuts "alias PATTERN MODULE" into its words in place.
static bool split(char* line, char** out_alias, char** out_module) {
    static const char blanks[] = " \t";
    char* rest = line;
    const char* word = strtok_r(line, blanks, &rest);
    *out_alias = strtok_r(NULL, blanks, &rest);
    *out_module = *out_alias == NULL ? NULL : strtok_r(NULL, blanks, &rest);
    return word != NULL && strcmp(word, "alias") == 0 && *out_module != NULL &&
           strtok_r(NULL, blanks, &rest) == NULL;
}

static bool import_line(char* line, bc_buffer_t* out, import_counts_t* counts) {
    import_program_t program;
    char* alias;
    char* module;
    line[strcspn(line, "\r")] = 0;
    if (line[strspn(line, " \t")] == 0 || line[0] == '#') {
        return true;
    }
    if (!is_ascii(line) || !split(line, &alias, &module)) {
        return false;
    }
    if (!import_alias(alias, &program)) {
        counts->bad++;
        return true;
    }
    put_entry(module, alias, &program, out);
    counts->aliases++;
    counts->patterns += program.has_pattern;
    return true;
}

bool import_modalias(const char* text, size_t size, bc_buffer_t* out, import_counts_t* out_counts,
                     size_t* out_line) {
    char line[MAX_LINE];
    *out_counts = (import_counts_t){0};
    bc_buffer_magic(out, BIND_MAGIC_BUNDLE);
    bc_buffer_u32(out, BIND_BUNDLE_VERSION);
    const size_t count_at = out->size;
    bc_buffer_u32(out, 0);
    *out_line = 0;
    for (size_t at = 0; at < size;) {
        const char* end = memchr(text + at, '\n', size - at);
        const size_t length = end == NULL ? size - at : (size_t)(end - text) - at;
        (*out_line)++;
        if (length >= sizeof(line) || memchr(text + at, 0, length) != NULL) {
            return false;
        }
        memcpy(line, text + at, length);
        line[length] = 0;
        if (!import_line(line, out, out_counts)) {
            return false;
        }
        at += length + 1;
    }
    bc_buffer_patch_u32(out, count_at, (uint32_t)out_counts->aliases);
    return true;
}
