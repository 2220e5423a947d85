// SPDX-License-Identifier: MIT
// Formatting of the text that goes with a failed request.
#include "detail.h"

#include <stdarg.h>
#include <stdio.h>

void dh_detail_set(dh_detail_t* detail, const char* format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(detail->text, sizeof(detail->text), format, args);
    va_end(args);
}
