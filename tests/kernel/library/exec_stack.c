// SPDX-License-Identifier: MIT
// Linked so that it asks for an executable stack.
__attribute__((visibility("default"))) int next(void) {
    return 1;
}
