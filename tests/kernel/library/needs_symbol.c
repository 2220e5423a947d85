// SPDX-License-Identifier: MIT
// A library with a symbol that nobody has.
int symbol_that_nobody_has(void);

__attribute__((visibility("default"))) int call_it(void) {
    return symbol_that_nobody_has();
}
