// SPDX-License-Identifier: MIT
// Roles of the program that the process tests start.
#pragma once

// Each role gets the arguments after its name and returns the exit code.
typedef int child_role_fn(int argc, char** argv);

child_role_fn child_refused, child_allowed, child_enter_twice,
    child_enter_with_thread;                 // child_sandbox.c
child_role_fn child_objects;                 // child_objects.c
child_role_fn child_errors;                  // child_errors.c
child_role_fn child_load, child_load_fails;  // child_dlopen.c
