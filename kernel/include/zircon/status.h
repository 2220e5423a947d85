// SPDX-License-Identifier: MIT
#pragma once

#include <zircon/types.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS
// The name of a status ("ZX_ERR_NOT_FOUND"), a static string; "(UNKNOWN)" for other numbers.
const char* zx_status_get_string(zx_status_t status);
__END_EXPORTS
__END_CDECLS
