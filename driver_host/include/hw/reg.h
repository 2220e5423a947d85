// SPDX-License-Identifier: MIT
// The path of 2018.
#pragma once

#include <lib/ddk/hw/reg.h>
