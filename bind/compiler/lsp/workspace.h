// SPDX-License-Identifier: MIT
// The files that the server knows: documents that are open, and libraries on the disk. An open
// document stands for the file of its path.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lsp.h"
#include "text.h"

#define LSP_MAX_LIBRARIES    1000u        // on the disk
#define LSP_MAX_LIBRARY_SIZE (1u << 20)   // bytes of one
#define LSP_MAX_LIBRARY_SUM  (16u << 20)  // bytes of all
#define LSP_MAX_VISITED      50000u       // files and folders looked at in the workspace
#define LSP_MAX_NAME         255u         // bytes of a library's name

typedef struct lsp_file lsp_file_t;
struct lsp_file {
    lsp_file_t* next;
    char* path;  // owned: absolute; of a document that is no file its URI
    char* uri;   // owned: as the client writes it, or made of the path
    lsp_text_t text;
    char* library;  // owned: its name; null: rules, or a library without a (short) name
    bool is_library;
    bool is_given;     // on the command line
    bool is_standard;  // of the standard libraries
    bool is_open;
    bool is_changed;    // open, and its diagnostics are due
    bool is_affected;   // open, and its diagnostics may have changed with a library
    json_t* version;    // owned: of an open document; null: not told
    json_t* published;  // owned: the diagnostics that the client has; null: none
};

typedef struct lsp_workspace {
    const lsp_config_t* config;  // borrowed
    lsp_file_t* files;           // owned, in the order of their finding
    json_t* folders;             // owned: array of paths
    uint64_t generation;         // grows with every change of a text or of the set of files
    bool is_cut;                 // there are more libraries than the limits allow
} lsp_workspace_t;

void lsp_workspace_init(lsp_workspace_t* workspace, const lsp_config_t* config);
void lsp_workspace_fini(lsp_workspace_t* workspace);

void lsp_workspace_add_folder(lsp_workspace_t* workspace, const char* uri);
void lsp_workspace_remove_folder(lsp_workspace_t* workspace, const char* uri);

// Reads all libraries on the disk anew: standard ones, given ones, those in the folders.
void lsp_workspace_load(lsp_workspace_t* workspace);

// Reads one file anew, or forgets it when it is gone. An open document stays as it is.
void lsp_workspace_reload(lsp_workspace_t* workspace, const char* uri);

// The open document; null: it is not open.
lsp_file_t* lsp_workspace_find_open(const lsp_workspace_t* workspace, const char* uri);

// The returned file is open and its text empty.
lsp_file_t* lsp_workspace_open(lsp_workspace_t* workspace, const char* uri);
void lsp_workspace_close(lsp_workspace_t* workspace, lsp_file_t* file);

// After the text of a file was changed.
void lsp_workspace_changed(lsp_workspace_t* workspace, lsp_file_t* file);

// --- Shared by workspace.c and disk.c.

// Texts are owned by the caller.
char* lsp_copy_text(const char* text, size_t size);

// The path of a URI without links, so that one file has one path; a URI of something else itself.
char* lsp_workspace_path(const lsp_workspace_t* workspace, const char* uri);

lsp_file_t* lsp_workspace_find(const lsp_workspace_t* workspace, const char* path);  // null: none
lsp_file_t* lsp_workspace_add(lsp_workspace_t* workspace, char* path);  // takes the path
void lsp_workspace_remove(lsp_workspace_t* workspace, lsp_file_t* file);

// The diagnostics of all open documents may have changed.
void lsp_workspace_affect(const lsp_workspace_t* workspace);
