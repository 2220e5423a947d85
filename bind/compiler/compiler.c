// SPDX-License-Identifier: MIT
// One run of the compiler.
#include "compiler.h"

#include <string.h>

#include "parser.h"

void bc_compiler_init(bc_compiler_t* compiler) {
    *compiler = (bc_compiler_t){0};
    compiler->diagnostics.arena = &compiler->arena;
    compiler->symbols.arena = &compiler->arena;
    compiler->symbols.diagnostics = &compiler->diagnostics;
    compiler->library_tail = &compiler->symbols.libraries;
}

void bc_compiler_fini(bc_compiler_t* compiler) {
    if (compiler != NULL) {
        bc_arena_fini(&compiler->arena);
        *compiler = (bc_compiler_t){0};
    }
}

// Takes the library of the same name, if there is one, out of the list.
static void remove_library(bc_compiler_t* compiler, bc_text_t name) {
    const bc_library_t* old = bc_map_get(&compiler->symbols.libraries_by_name, name);
    bc_library_t** link = &compiler->symbols.libraries;
    while (old != NULL && *link != NULL && *link != old) {
        link = &(*link)->next;
    }
    if (old != NULL && *link == old) {
        *link = old->next;
        if (*link == NULL) {
            compiler->library_tail = link;
        }
    }
}

static void add_library(bc_compiler_t* compiler, const bc_source_t* source) {
    if (source == NULL) {
        return;
    }
    bc_library_t* library = bc_parse_library(&compiler->diagnostics, source);
    if (library == NULL) {
        return;
    }
    remove_library(compiler, library->name.text);
    bc_map_put(&compiler->symbols.libraries_by_name, &compiler->arena, library->name.text, library);
    *compiler->library_tail = library;
    compiler->library_tail = &library->next;
}

// The rules file is number 0, so that its errors come first.
void bc_compiler_add_library_file(bc_compiler_t* compiler, const char* path) {
    add_library(compiler,
                bc_source_from_file(&compiler->diagnostics, path, ++compiler->library_count));
}

void bc_compiler_add_library_text(bc_compiler_t* compiler, const char* path, const void* text,
                                  size_t size) {
    add_library(compiler, bc_source_from_text(&compiler->diagnostics, path,
                                              ++compiler->library_count, text, size));
}

static void set_rules(bc_compiler_t* compiler, const bc_source_t* source) {
    if (source != NULL) {
        compiler->rules = bc_parse_rules(&compiler->diagnostics, source, &compiler->options);
    }
}

void bc_compiler_set_rules_file(bc_compiler_t* compiler, const char* path) {
    set_rules(compiler, bc_source_from_file(&compiler->diagnostics, path, 0));
}

void bc_compiler_set_rules_text(bc_compiler_t* compiler, const char* path, const void* text,
                                size_t size) {
    set_rules(compiler, bc_source_from_text(&compiler->diagnostics, path, 0, text, size));
}

// The last part of a library's name becomes part of generated names, where an underscore would be
// ambiguous.
static void lint(bc_compiler_t* compiler) {
    for (const bc_library_t* library = compiler->symbols.libraries; library != NULL;
         library = library->next) {
        bc_text_t qualifier;
        bc_text_t last;
        bc_split_name(library->name.text, &qualifier, &last);
        if (memchr(last.data, '_', last.size) != NULL) {
            bc_error(&compiler->diagnostics, library->name.place, 501,
                     "the last part of a library's name has no underscore");
        }
    }
}

static bool has_library_errors(const bc_compiler_t* compiler) {
    for (const bc_diagnostic_t* d = compiler->diagnostics.first; d != NULL; d = d->next) {
        const bool is_in_library = d->place.source != NULL && d->place.source->number != 0;
        if (d->severity == BC_SEVERITY_ERROR && d->code != 501 && is_in_library) {
            return true;
        }
    }
    return false;
}

static bool is_v1(bc_format_t format) {
    return format == BC_FORMAT_V1 || format == BC_FORMAT_V1_TWO_WORDS;
}

static void emit(bc_compiler_t* compiler, bc_buffer_t* out) {
    const bc_options_t* options = &compiler->options;
    switch (options->format) {
        case BC_FORMAT_V2:
            bc_emit_v2(&compiler->program, &compiler->arena, out);
            break;
        case BC_FORMAT_V1:
        case BC_FORMAT_V1_TWO_WORDS:
            if (!compiler->program.is_composite) {
                bc_emit_v1(&compiler->program, options->format == BC_FORMAT_V1_TWO_WORDS,
                           &compiler->arena, out);
            }
            break;
        case BC_FORMAT_NONE:
            break;
    }
}

static void set_options(bc_compiler_t* compiler, const bc_options_t* options) {
    compiler->options = *options;
    compiler->symbols.strict_using = options->strict_using;
    compiler->symbols.deprecated_keys = options->deprecated_keys;
}

void bc_compiler_declare(bc_compiler_t* compiler, const bc_options_t* options) {
    set_options(compiler, options);
    bc_check_libraries(&compiler->symbols, compiler->rules);
    bc_build_symbols(&compiler->symbols);
}

bool bc_compiler_compile(bc_compiler_t* compiler, const bc_options_t* options, bc_buffer_t* out) {
    set_options(compiler, options);
    bc_check_libraries(&compiler->symbols, compiler->rules);
    // Faulty libraries would make good names look undefined.
    if (!has_library_errors(compiler)) {
        bc_build_symbols(&compiler->symbols);
    }
    if (options->lint) {
        lint(compiler);
    }
    bc_check_rules(&compiler->symbols, compiler->rules, options, !has_library_errors(compiler),
                   &compiler->program);
    if (compiler->diagnostics.error_count == 0 && is_v1(options->format)) {
        bc_check_v1(&compiler->diagnostics, &compiler->program, options->is_header);
    }
    if (compiler->diagnostics.error_count == 0 && compiler->rules != NULL &&
        !options->no_warnings) {
        bc_warn(&compiler->symbols, compiler->rules);
    }
    bc_diagnostics_sort(&compiler->diagnostics);
    if (compiler->diagnostics.error_count != 0) {
        return false;
    }
    emit(compiler, out);
    return true;
}
