// SPDX-License-Identifier: MIT
// file: URIs and paths.
#pragma once

// The path of a file: URI, to be freed. Null: it is none, or its path holds a zero byte.
char* lsp_uri_path(const char* uri);

// The file: URI of an absolute path, to be freed.
char* lsp_uri_from_path(const char* path);
