// SPDX-License-Identifier: MIT
// Questions to VFIO whose answers have a length of their own.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <lx/status.h>
#include <zircon/errors.h>

#include "lx_vfio.h"

zx_status_t lx_vfio_ask(int fd, unsigned long request, const void* question, uint32_t size,
                        void** out_answer) {
    uint32_t argsz = size;
    void* answer = NULL;
    for (;;) {
        void* grown = realloc(answer, argsz);
        if (grown == NULL) {
            free(answer);
            return ZX_ERR_NO_MEMORY;
        }
        answer = grown;
        memset(answer, 0, argsz);
        memcpy(answer, question, size);
        memcpy(answer, &argsz, sizeof(argsz));
        if (ioctl(fd, request, answer) != 0) {
            zx_status_t status = lx_status_from_errno(errno);
            free(answer);
            return status;
        }
        uint32_t needed;
        memcpy(&needed, answer, sizeof(needed));
        if (needed <= argsz) {
            memcpy(answer, &argsz, sizeof(argsz));
            *out_answer = answer;
            return ZX_OK;
        }
        argsz = needed;
    }
}
