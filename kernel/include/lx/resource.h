// SPDX-License-Identifier: MIT
// The root resource.
#pragma once

#include <zircon/types.h>

__BEGIN_CDECLS

// Makes a root resource (ZX_RSRC_KIND_ROOT, everything). It grants what this process may do on
// Linux and no more: without privilege it opens nothing. Owned by the caller.
zx_status_t lx_root_resource_create(zx_handle_t* out);

__END_CDECLS
