// SPDX-License-Identifier: MIT
// What needs_library is linked to.
__attribute__((visibility("default"))) int function_of_absent(void) {
    return 0;
}
