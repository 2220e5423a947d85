// SPDX-License-Identifier: MIT
// Names of protocol ids, as board files write them (PCIROOT), and the class directory of each.
// Constant; any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DM_PROTOCOL_BLOCK       1u
#define DM_PROTOCOL_ROOT        27u
#define DM_PROTOCOL_MISC        28u
#define DM_PROTOCOL_MISC_PARENT 29u
#define DM_PROTOCOL_PCI         31u
#define DM_PROTOCOL_PCIROOT     32u
#define DM_PROTOCOL_PDEV        85u

// False if there is no such name.
bool dm_protocol_from_name(const char* name, uint32_t* out_id);

// "PCIROOT", or NULL for an id that is not known.
const char* dm_protocol_name(uint32_t id);

// The directory below class/ in which devices of this protocol are listed; NULL: none.
const char* dm_protocol_class(uint32_t id);
