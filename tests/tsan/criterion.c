// SPDX-License-Identifier: MIT
// Lets Criterion's tests run under ThreadSanitizer: linked into each test of the preset tsan.
#include <pthread.h>
#include <stdlib.h>

#include <zircon/compiler.h>

#ifndef __x86_64__
#error "ThreadSanitizer lets a program map elsewhere on this machine: see rand_r() below"
#endif

// Criterion's BoxFort maps its arena, which the process of every test gets at the same address, at
// 0x2000'0000'0000 plus 16 MiB times rand_r(), and calls that for nothing else. ThreadSanitizer has
// its shadow memory there; a program may map below 0x80'0000'0000, from 0x5500'0000'0000 to
// 0x5680'0000'0000 and from 0x7e80'0000'0000. Of the middle range the kernel gives what is above
// 0x5555'5555'4000 to the program itself, so this says 0x5500'0000'0000 and up.
__EXPORT int rand_r(unsigned int* seed) {
    return (int)(0x350000u + ++*seed % 0x5000u);
}

// A test's process has a thread of Criterion's. ThreadSanitizer does not look into the child of a
// fork of such a process, and unless told so it ends the child when that makes a thread.
__EXPORT const char* __tsan_default_options(void);
__EXPORT const char* __tsan_default_options(void) {
    return "die_after_fork=0";
}

// Nor must a thread of the child get the stack of one that is the parent's alone: that would be a
// thread which exists twice. So each generation's stacks are larger.
static void forked(void) {
    pthread_attr_t attributes;
    size_t size;
    pthread_getattr_default_np(&attributes);
    pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_setstacksize(&attributes, size + (1u << 20));
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

__CONSTRUCTOR static void start(void) {
    pthread_atfork(NULL, NULL, forked);
}
