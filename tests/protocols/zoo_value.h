// SPDX-License-Identifier: MIT
// A value with every kind of field set, for tests of encoding and decoding.
#pragma once

#include <protocols/zoo.h>

// Handle numbers that are never open: tests that do not send them only look at them.
#define ZOO_HANDLE_COUNT 5u

// |out| points into static data. Its handles are 0x100 + their number in the message.
void zoo_value_fill(zoo_everything_t* out);

// Those handles, in message order.
const zx_handle_t* zoo_value_handles(void);
