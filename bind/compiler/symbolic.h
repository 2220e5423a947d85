// SPDX-License-Identifier: MIT
// The debugger: runs the statements themselves on a device and tells what each did. Values are
// compared as symbols: different kinds are different, also a string and an enum of one text.
#pragma once

#include "device.h"

// Appends the trace to *out (may be null) and returns whether the device matches. The rules must
// have no errors.
bool bc_symbolic_run(const bc_symbols_t* symbols, const bc_rules_t* rules, const bc_block_t* block,
                     const bc_device_t* device, bc_buffer_t* out);
