// SPDX-License-Identifier: MIT
// Names of the handles a process is started with, for zx_take_startup_handle().
#pragma once

#define PA_HND(type, arg)   (((type)&0xffu) | (((arg)&0xffffu) << 16))
#define PA_HND_TYPE(handle) ((handle)&0xffu)
#define PA_HND_ARG(handle)  (((handle) >> 16) & 0xffffu)

#define PA_PROC_SELF 0x01u
#define PA_RESOURCE  0x3fu
#define PA_USER0     0xf0u
#define PA_USER1     0xf1u
#define PA_USER2     0xf2u
