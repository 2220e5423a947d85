// SPDX-License-Identifier: MIT
// A library that needs another one, which is nowhere to be found.
int function_of_absent(void);

__attribute__((visibility("default"))) int call_it(void) {
    return function_of_absent();
}
