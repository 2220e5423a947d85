// SPDX-License-Identifier: MIT
// Registers of an interrupted thread, as a signal handler finds them: system call arguments and
// result, pc.
#pragma once

#include <stdint.h>
#include <ucontext.h>

// The arguments and the result use the kernel's registers, not those of the C calling convention.
static inline uint64_t lx_context_syscall_arg(const ucontext_t* context, unsigned index) {
#if defined(__x86_64__)
    static const int registers[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
    return (uint64_t)context->uc_mcontext.gregs[registers[index]];
#elif defined(__aarch64__)
    return context->uc_mcontext.regs[index];
#else
#error "unknown machine"
#endif
}

static inline void lx_context_set_result(ucontext_t* context, int64_t result) {
#if defined(__x86_64__)
    context->uc_mcontext.gregs[REG_RAX] = result;
#else
    context->uc_mcontext.regs[0] = (uint64_t)result;
#endif
}

static inline uintptr_t lx_context_pc(const ucontext_t* context) {
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
    return (uintptr_t)context->uc_mcontext.pc;
#endif
}
