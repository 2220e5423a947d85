// SPDX-License-Identifier: MIT
// VMOs with fixed contents: the bytes of a file, or bytes in memory.
//
// The VMO is a private, sealed copy: nobody, not even its creator, can change or resize it, so it
// may be handed to a process that is not trusted and to several processes at once. The handle
// carries no ZX_RIGHT_WRITE. The size is rounded up to whole pages; the rest of the last page is 0.
// Any thread.
#pragma once

#include <stddef.h>
#include <zircon/types.h>

// The largest file that lx_vmo_from_file() takes.
#define LX_FILE_SIZE_MAX (256u * 1024 * 1024)

// Copies the regular file `path` into a new VMO. Blocks while it reads the file. *out_vmo (owned by
// the caller) is written on success only.
//
// ZX_ERR_NOT_FOUND, ZX_ERR_ACCESS_DENIED, ZX_ERR_NOT_DIR    from opening it
// ZX_ERR_NOT_FILE                                           it is no regular file
// ZX_ERR_FILE_BIG                                           larger than LX_FILE_SIZE_MAX
// ZX_ERR_IO                  it could not be read, or became shorter meanwhile
zx_status_t lx_vmo_from_file(const char* path, zx_handle_t* out_vmo);

// Copies `size` bytes at `bytes` into a new VMO. `size` may be 0. *out_vmo (owned by the caller) is
// written on success only.
zx_status_t lx_vmo_from_bytes(const void* bytes, size_t size, zx_handle_t* out_vmo);
