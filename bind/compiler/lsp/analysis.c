// SPDX-License-Identifier: MIT
// Which libraries are in the scope of a file, and the compiler run with them.
#include "analysis.h"

#include <string.h>

// How near a file is to another one: the folders that their paths have in common.
static size_t common_folders(const char* a, const char* b) {
    size_t count = 0;
    for (; *a != 0 && *a == *b; a++, b++) {
        count += *a == '/';
    }
    return count;
}

// Of two libraries of one name: the file itself, one given on the command line, the nearer one, a
// standard one, the first one.
static bool is_better(const lsp_file_t* file, const lsp_file_t* a, const lsp_file_t* b) {
    if (a == file || b == file) {
        return a == file;
    }
    if (a->is_given != b->is_given) {
        return a->is_given;
    }
    const size_t near_a = file == NULL ? 0 : common_folders(file->path, a->path);
    const size_t near_b = file == NULL ? 0 : common_folders(file->path, b->path);
    if (near_a != near_b) {
        return near_a > near_b;
    }
    return a->is_standard && !b->is_standard;
}

// The library of each name, as seen from the file.
static void choose_libraries(const lsp_workspace_t* workspace, const lsp_file_t* file,
                             bc_arena_t* arena, bc_map_t* out) {
    for (lsp_file_t* each = workspace->files; each != NULL; each = each->next) {
        if (each->library == NULL) {
            continue;
        }
        const bc_text_t name = bc_text(each->library);
        const lsp_file_t* other = bc_map_get(out, name);
        if (other == NULL || is_better(file, each, other)) {
            bc_map_put(out, arena, name, each);
        }
    }
}

static void start(const lsp_workspace_t* workspace, const lsp_file_t* file, bc_map_t* out_libraries,
                  lsp_analysis_t* out) {
    size_t count = 1;
    *out = (lsp_analysis_t){.file = file};
    bc_compiler_init(&out->compiler);
    out->compiler.options = workspace->config->options;
    *out_libraries = (bc_map_t){0};
    choose_libraries(workspace, file, &out->compiler.arena, out_libraries);
    for (const lsp_file_t* each = workspace->files; each != NULL; each = each->next) {
        count++;
    }
    out->files = bc_arena_alloc(&out->compiler.arena, count * sizeof(lsp_file_t*));
    out->file_count = count;
}

static void add_library(lsp_analysis_t* analysis, const lsp_file_t* file) {
    bc_compiler_add_library_text(&analysis->compiler, file->path, file->text.bytes.data,
                                 file->text.bytes.size);
    analysis->files[analysis->compiler.library_count] = file;
}

// The file itself: rules, or a library that is not among the others since it has no name.
static void add_file(lsp_analysis_t* analysis) {
    const lsp_file_t* file = analysis->file;
    if (file == NULL || file->library != NULL) {
        return;
    }
    if (file->is_library) {
        add_library(analysis, file);
        return;
    }
    bc_compiler_set_rules_text(&analysis->compiler, file->path, file->text.bytes.data,
                               file->text.bytes.size);
    analysis->files[0] = file;
}

static void finish(lsp_analysis_t* analysis) {
    const lsp_file_t* file = analysis->file;
    if (file != NULL && file->library != NULL) {
        analysis->library =
            bc_map_get(&analysis->compiler.symbols.libraries_by_name, bc_text(file->library));
        analysis->source = analysis->library == NULL ? NULL : analysis->library->source;
    } else if (analysis->compiler.rules != NULL) {
        analysis->source = analysis->compiler.rules->source;
    }
}

void lsp_analyze_names(const lsp_workspace_t* workspace, const lsp_file_t* file,
                       lsp_analysis_t* out) {
    bc_map_t libraries;
    start(workspace, file, &libraries, out);
    for (const lsp_file_t* each = workspace->files; each != NULL; each = each->next) {
        if (each->library != NULL && bc_map_get(&libraries, bc_text(each->library)) == each) {
            add_library(out, each);
        }
    }
    add_file(out);
    bc_compiler_declare(&out->compiler, &workspace->config->options);
    finish(out);
}

static bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

// The libraries that are still to be read through for names of others.
typedef struct reach {
    const bc_map_t* libraries;
    bc_map_t reached;
    const lsp_file_t** queue;
    size_t count;
    bc_arena_t* arena;
} reach_t;

// A name of a library may be all of a dotted word or its beginning.
static void reach_word(reach_t* reach, bc_text_t word) {
    bc_text_t name = word;
    name.size = word.size < LSP_MAX_NAME ? word.size : LSP_MAX_NAME;
    for (; name.size > 0; name.size--) {
        if (name.size != word.size && word.data[name.size] != '.') {
            continue;
        }
        const lsp_file_t* file = bc_map_get(reach->libraries, name);
        if (file != NULL && bc_map_get(&reach->reached, name) == NULL) {
            bc_map_put(&reach->reached, reach->arena, bc_text(file->library), (void*)file);
            reach->queue[reach->count++] = file;
        }
    }
}

// Comments and strings are not told apart: a library too many does no harm.
static void reach_text(reach_t* reach, const lsp_text_t* text) {
    const char* at = (const char*)text->bytes.data;
    const char* end = at + text->bytes.size;
    while (at < end) {
        const char* word = at;
        while (at < end && is_name_character(*at)) {
            at++;
        }
        if (at > word) {
            reach_word(reach, (bc_text_t){word, (uint32_t)(at - word)});
        } else {
            at++;
        }
    }
}

void lsp_analyze_faults(const lsp_workspace_t* workspace, const lsp_file_t* file,
                        lsp_analysis_t* out) {
    bc_map_t libraries;
    start(workspace, file, &libraries, out);
    bc_arena_t* arena = &out->compiler.arena;
    reach_t reach = {.libraries = &libraries,
                     .queue = bc_arena_alloc(arena, out->file_count * sizeof(lsp_file_t*)),
                     .arena = arena};
    reach_text(&reach, &file->text);
    for (size_t i = 0; i < reach.count; i++) {
        reach_text(&reach, &reach.queue[i]->text);
    }
    for (size_t i = 0; i < reach.count; i++) {
        add_library(out, reach.queue[i]);
    }
    add_file(out);
    bc_buffer_t nothing = {0};
    bc_compiler_compile(&out->compiler, &workspace->config->options, &nothing);
    bc_buffer_fini(&nothing);
    finish(out);
}

void lsp_analysis_fini(lsp_analysis_t* analysis) {
    bc_compiler_fini(&analysis->compiler);
    *analysis = (lsp_analysis_t){0};
}

const lsp_file_t* lsp_analysis_file(const lsp_analysis_t* analysis, bc_place_t place) {
    return place.source == NULL ? NULL : analysis->files[place.source->number];
}

const bc_using_t* lsp_analysis_usings(const lsp_analysis_t* analysis) {
    if (analysis->library != NULL) {
        return analysis->library->usings;
    }
    return analysis->compiler.rules == NULL ? NULL : analysis->compiler.rules->usings;
}
