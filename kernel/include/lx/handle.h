// SPDX-License-Identifier: MIT
// Counting handles, for leak checks and statistics.
#pragma once

#include <zircon/types.h>

__BEGIN_CDECLS

// Live handles of this process, without the permanent ones (zx_vmar_root_self, zx_process_self).
// Any thread; the number may be old by the time it is read.
size_t lx_handle_count(void);

__END_CDECLS
