// SPDX-License-Identifier: MIT
#include "object_test.h"
OBJECT_SUITE(futex);
