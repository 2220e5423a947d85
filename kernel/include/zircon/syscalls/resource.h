// SPDX-License-Identifier: MIT
// Kinds of resources: in zircon/types.h here.
#pragma once

#include <zircon/types.h>
