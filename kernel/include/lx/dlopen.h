// SPDX-License-Identifier: MIT
// Loads a shared object out of a VMO, also inside the sandbox, where no path can be opened.
//
// The VMO's bytes are copied into sealed memory of this process first and checked there (ELF
// header, program headers, segments inside the file), so later changes of the VMO do not reach the
// library, and two loads of one VMO are two libraries with their own variables. Libraries that it
// needs (DT_NEEDED) are found by soname among those already loaded; in the sandbox any other one is
// an error. Constructors run in the calling thread, in this process: only a process that is meant
// to run foreign code calls this. Any thread; loads and unloads are serialized by the C library.
#pragma once

#include <stddef.h>
#include <zircon/types.h>

// Loads `vmo` (borrowed; needs ZX_RIGHT_READ) as a library called `name` in messages and
// backtraces, where its path is /driver/<number>/<name> in the sandbox. `name` is not empty and has
// no '/'. All symbols are resolved now (RTLD_NOW) and stay local to the library (RTLD_LOCAL).
// *out_library is a handle for dlsym(); end it with lx_dlclose(), not dlclose(). Written on success
// only. On failure `error` (may be NULL if `error_size` is 0) holds one line of text that names the
// library and the cause.
//
// ZX_ERR_IO_DATA_INTEGRITY    not a whole ELF shared object of this machine
// ZX_ERR_NOT_FOUND            a needed library or symbol is missing, or the dynamic loader refuses
// ZX_ERR_INVALID_ARGS         name, out_library
// ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED    the VMO handle
// ZX_ERR_NO_MEMORY, ZX_ERR_NO_RESOURCES
zx_status_t lx_dlopen_vmo(zx_handle_t vmo, const char* name, void** out_library, char* error,
                          size_t error_size);

// Unloads a library of lx_dlopen_vmo(): destructors run, its mappings go away, and pointers into it
// become invalid. NULL is allowed. A library that marks itself as not unloadable (DF_1_NODELETE)
// stays mapped.
void lx_dlclose(void* library /* consumed */);
