// SPDX-License-Identifier: MIT
// What happens when a host's process has ended: crash report, quiesced hardware, forced removal of
// its devices, and the decision about a restart.
#pragma once

#include "host.h"

// Frees the host.
void dm_host_lost(dm_host_t* host);
