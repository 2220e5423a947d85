// SPDX-License-Identifier: MIT
// The libraries on the disk: which are read, and reading them.
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source.h"
#include "uri.h"
#include "workspace.h"

static void set_text(lsp_workspace_t* workspace, lsp_file_t* file, const bc_buffer_t* bytes) {
    lsp_text_replace(&file->text, 0, (uint32_t)file->text.bytes.size, bytes->data, bytes->size);
    lsp_workspace_changed(workspace, file);
}

// Whether the text of one more library, which is in the list already, may be kept.
static bool has_room(const lsp_workspace_t* workspace, size_t size) {
    size_t count = 0;
    for (const lsp_file_t* file = workspace->files; file != NULL; file = file->next) {
        if (!file->is_open) {
            count++;
            size += file->text.bytes.size;
        }
    }
    return count <= LSP_MAX_LIBRARIES && size <= LSP_MAX_LIBRARY_SUM;
}

// Anything else than a regular file might keep the server waiting.
static bool read_library(const char* path, bc_buffer_t* out) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           bc_read_file(path, LSP_MAX_LIBRARY_SIZE, out);
}

// Reads the library at `path`, which is taken. Null: there is none. An open document is only found.
static lsp_file_t* load_library(lsp_workspace_t* workspace, char* path) {
    lsp_file_t* file = lsp_workspace_find(workspace, path);
    bc_buffer_t bytes = {0};
    if (file != NULL && file->is_open) {
        free(path);
        return file;
    }
    const bool is_read = read_library(path, &bytes);
    if (file == NULL) {
        file = lsp_workspace_add(workspace, path);
    } else {
        free(path);
        lsp_text_replace(&file->text, 0, (uint32_t)file->text.bytes.size, NULL, 0);
    }
    const bool fits = is_read && has_room(workspace, bytes.size);
    workspace->is_cut = workspace->is_cut || (is_read && !fits);
    if (fits) {
        set_text(workspace, file, &bytes);
    }
    bc_buffer_fini(&bytes);
    if (!fits || file->library == NULL) {
        lsp_workspace_remove(workspace, file);
        return NULL;
    }
    return file;
}

static bool is_bind_file(const char* path) {
    static const char suffix[] = ".bind";
    const size_t size = strlen(path);
    return size >= sizeof(suffix) && strcmp(path + size - (sizeof(suffix) - 1), suffix) == 0;
}

static int compare_entries(const FTSENT** a, const FTSENT** b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

// All libraries below a folder. Links and hidden folders are left out.
static void load_folder(lsp_workspace_t* workspace, const char* folder, bool is_standard) {
    char* roots[] = {realpath(folder, NULL), NULL};
    FTS* walk =
        roots[0] == NULL ? NULL : fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_entries);
    size_t visited = 0;
    for (FTSENT* entry; walk != NULL && (entry = fts_read(walk)) != NULL;) {
        if (++visited > LSP_MAX_VISITED) {
            workspace->is_cut = true;
            break;
        }
        if (entry->fts_info == FTS_D && entry->fts_level > 0 && entry->fts_name[0] == '.') {
            fts_set(walk, entry, FTS_SKIP);
        }
        if (entry->fts_info != FTS_F || !is_bind_file(entry->fts_path)) {
            continue;
        }
        lsp_file_t* file =
            load_library(workspace, lsp_copy_text(entry->fts_path, strlen(entry->fts_path)));
        if (file != NULL) {
            file->is_standard = file->is_standard || is_standard;
        }
    }
    if (walk != NULL) {
        fts_close(walk);
    }
    free(roots[0]);
}

static void forget_disk(lsp_workspace_t* workspace) {
    lsp_file_t* next;
    for (lsp_file_t* file = workspace->files; file != NULL; file = next) {
        next = file->next;
        file->is_given = file->is_standard = false;
        if (!file->is_open) {
            lsp_workspace_remove(workspace, file);
        }
    }
    workspace->is_cut = false;
    lsp_workspace_affect(workspace);
}

void lsp_workspace_load(lsp_workspace_t* workspace) {
    const lsp_config_t* config = workspace->config;
    forget_disk(workspace);
    if (config->is_diskless) {
        return;
    }
    if (config->standard != NULL) {
        load_folder(workspace, config->standard, true);
    }
    for (size_t i = 0; i < config->library_count; i++) {
        char* path = realpath(config->libraries[i], NULL);
        lsp_file_t* file = path == NULL ? NULL : load_library(workspace, path);
        if (file != NULL) {
            file->is_given = true;
        }
    }
    size_t i;
    json_t* folder;
    json_array_foreach(workspace->folders, i, folder) {
        load_folder(workspace, json_string_value(folder), false);
    }
}

static size_t find_folder(const lsp_workspace_t* workspace, const char* path) {
    size_t i = 0;
    while (i < json_array_size(workspace->folders) &&
           strcmp(json_string_value(json_array_get(workspace->folders, i)), path) != 0) {
        i++;
    }
    return i;
}

void lsp_workspace_add_folder(lsp_workspace_t* workspace, const char* uri) {
    char* path = lsp_workspace_path(workspace, uri);
    if (path[0] == '/' && find_folder(workspace, path) == json_array_size(workspace->folders)) {
        // A path that is no text cannot be kept; such a folder is left out.
        json_array_append_new(workspace->folders, json_string(path));
    }
    free(path);
}

void lsp_workspace_remove_folder(lsp_workspace_t* workspace, const char* uri) {
    char* path = lsp_workspace_path(workspace, uri);
    json_array_remove(workspace->folders, find_folder(workspace, path));
    free(path);
}

static bool is_in_folders(const lsp_workspace_t* workspace, const char* path) {
    size_t i;
    json_t* folder;
    json_array_foreach(workspace->folders, i, folder) {
        const size_t size = json_string_length(folder);
        if (strncmp(path, json_string_value(folder), size) == 0 && path[size] == '/') {
            return true;
        }
    }
    return false;
}

void lsp_workspace_reload(lsp_workspace_t* workspace, const char* uri) {
    char* path = lsp_workspace_path(workspace, uri);
    lsp_file_t* file = lsp_workspace_find(workspace, path);
    const bool is_known = file != NULL && !file->is_open;
    const bool is_wanted = file == NULL && path[0] == '/' && is_bind_file(path) &&
                           !workspace->config->is_diskless && is_in_folders(workspace, path);
    if (!is_known && !is_wanted) {
        free(path);
        return;
    }
    lsp_workspace_affect(workspace);
    load_library(workspace, path);
}

// The file on the disk counts again, if it is one of those to be known.
void lsp_workspace_close(lsp_workspace_t* workspace, lsp_file_t* file) {
    const bool was_library = file->is_library;
    const bool is_found = !workspace->config->is_diskless && is_bind_file(file->path) &&
                          is_in_folders(workspace, file->path);
    file->is_open = file->is_changed = file->is_affected = false;
    json_decref(file->version);
    json_decref(file->published);
    file->version = file->published = NULL;
    free(file->uri);
    file->uri = lsp_uri_from_path(file->path);
    if (was_library) {
        lsp_workspace_affect(workspace);
    }
    if (!is_found && !file->is_given && !file->is_standard) {
        lsp_workspace_remove(workspace, file);
        return;
    }
    load_library(workspace, lsp_copy_text(file->path, strlen(file->path)));
}
