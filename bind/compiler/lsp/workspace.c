// SPDX-License-Identifier: MIT
// The files that the server knows.
#include "workspace.h"

#include <stdlib.h>
#include <string.h>

#include "parser.h"
#include "uri.h"

void lsp_workspace_init(lsp_workspace_t* workspace, const lsp_config_t* config) {
    *workspace = (lsp_workspace_t){.config = config, .folders = json_array()};
}

static void destroy_file(lsp_file_t* file) {
    free(file->path);
    free(file->uri);
    free(file->library);
    lsp_text_fini(&file->text);
    json_decref(file->version);
    json_decref(file->published);
    free(file);
}

void lsp_workspace_fini(lsp_workspace_t* workspace) {
    while (workspace->files != NULL) {
        lsp_file_t* next = workspace->files->next;
        destroy_file(workspace->files);
        workspace->files = next;
    }
    json_decref(workspace->folders);
}

char* lsp_copy_text(const char* text, size_t size) {
    bc_buffer_t copy = {0};
    bc_buffer_append(&copy, text, size);
    bc_buffer_u8(&copy, 0);
    return (char*)copy.data;
}

char* lsp_workspace_path(const lsp_workspace_t* workspace, const char* uri) {
    char* path = lsp_uri_path(uri);
    if (path == NULL) {
        return lsp_copy_text(uri, strlen(uri));
    }
    char* real = workspace->config->is_diskless ? NULL : realpath(path, NULL);
    if (real == NULL) {
        return path;
    }
    free(path);
    return real;
}

lsp_file_t* lsp_workspace_find(const lsp_workspace_t* workspace, const char* path) {
    lsp_file_t* file = workspace->files;
    while (file != NULL && strcmp(file->path, path) != 0) {
        file = file->next;
    }
    return file;
}

lsp_file_t* lsp_workspace_add(lsp_workspace_t* workspace, char* path) {
    lsp_file_t** link = &workspace->files;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    lsp_file_t* file = calloc(1, sizeof(lsp_file_t));
    if (file == NULL) {
        abort();
    }
    file->path = path;
    file->uri = lsp_uri_from_path(path);
    *link = file;
    return file;
}

void lsp_workspace_remove(lsp_workspace_t* workspace, lsp_file_t* file) {
    lsp_file_t** link = &workspace->files;
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    workspace->generation++;
    destroy_file(file);
}

void lsp_workspace_affect(const lsp_workspace_t* workspace) {
    for (lsp_file_t* file = workspace->files; file != NULL; file = file->next) {
        file->is_affected = file->is_open;
    }
}

void lsp_workspace_changed(lsp_workspace_t* workspace, lsp_file_t* file) {
    bc_arena_t arena = {0};
    bc_diagnostics_t unheard = {.arena = &arena};
    const bool was_library = file->is_library;
    bc_text_t name = {0};
    const bc_source_t* source =
        bc_source_from_text(&unheard, file->path, 0, file->text.bytes.data, file->text.bytes.size);
    file->is_library = source != NULL && bc_is_library(source, &name);
    free(file->library);
    const bool has_name = name.size > 0 && name.size <= LSP_MAX_NAME;
    file->library = has_name ? lsp_copy_text(name.data, name.size) : NULL;
    bc_arena_fini(&arena);
    workspace->generation++;
    if (was_library || file->is_library) {
        lsp_workspace_affect(workspace);
    }
}

lsp_file_t* lsp_workspace_find_open(const lsp_workspace_t* workspace, const char* uri) {
    for (lsp_file_t* file = workspace->files; file != NULL; file = file->next) {
        if (file->is_open && strcmp(file->uri, uri) == 0) {
            return file;
        }
    }
    return NULL;
}

lsp_file_t* lsp_workspace_open(lsp_workspace_t* workspace, const char* uri) {
    char* path = lsp_workspace_path(workspace, uri);
    lsp_file_t* file = lsp_workspace_find(workspace, path);
    if (file == NULL) {
        file = lsp_workspace_add(workspace, path);
    } else {
        free(path);
    }
    free(file->uri);
    file->uri = lsp_copy_text(uri, strlen(uri));
    file->is_open = true;
    lsp_text_replace(&file->text, 0, (uint32_t)file->text.bytes.size, NULL, 0);
    return file;
}
