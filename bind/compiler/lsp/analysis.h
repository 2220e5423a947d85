// SPDX-License-Identifier: MIT
// The compiler run on one file with the libraries in its scope.
#pragma once

#include "compiler.h"
#include "workspace.h"

typedef struct lsp_analysis {
    bc_compiler_t compiler;    // owned
    const lsp_file_t* file;    // borrowed
    const lsp_file_t** files;  // by the numbers of their sources; null: no source
    size_t file_count;
    const bc_source_t* source;    // the file's; null: it is no text, or a library without a name
    const bc_library_t* library;  // what the file is; null: rules, or no text
} lsp_analysis_t;

// To look names up: with all libraries, whatever is wrong with them. `file` null: no file.
void lsp_analyze_names(const lsp_workspace_t* workspace, const lsp_file_t* file,
                       lsp_analysis_t* out);

// To find faults: as bindc compiles the file, with the libraries whose names occur in it and in
// those. So a faulty library disturbs only those that use it.
void lsp_analyze_faults(const lsp_workspace_t* workspace, const lsp_file_t* file,
                        lsp_analysis_t* out);

void lsp_analysis_fini(lsp_analysis_t* analysis);

// The file of a place; null: it has no source.
const lsp_file_t* lsp_analysis_file(const lsp_analysis_t* analysis, bc_place_t place);

// The `using` lines of the file.
const bc_using_t* lsp_analysis_usings(const lsp_analysis_t* analysis);
