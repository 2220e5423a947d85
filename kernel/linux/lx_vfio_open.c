// SPDX-License-Identifier: MIT
// Opens a PCI function through VFIO: a container with a type 1 IOMMU, the function's group in it,
// the device out of the group.
#include "lx_vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

static void close_fd(int* fd) {
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
        *fd = -1;
    }
}

void lx_vfio_close(lx_vfio_fds_t* fds) {
    close_fd(&fds->device);
    close_fd(&fds->group);
    close_fd(&fds->container);
}

static zx_status_t open_container(const char* address, lx_vfio_fds_t* fds, char* error,
                                  size_t size) {
    fds->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
    if (fds->container < 0) {
        int reason = errno;
        snprintf(error, size, "%s: cannot open /dev/vfio/vfio: %s", address,
                 reason == ENOENT || reason == ENODEV ? "VFIO is not loaded" : "no permission");
        return reason == ENOENT || reason == ENODEV ? ZX_ERR_NOT_SUPPORTED
                                                    : lx_status_from_errno(reason);
    }
    if (ioctl(fds->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
        ioctl(fds->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0 ||
        ioctl(fds->container, VFIO_CHECK_EXTENSION, VFIO_UNMAP_ALL) <= 0) {
        snprintf(error, size, "%s: this kernel's VFIO lacks type 1 version 2 or unmap-all",
                 address);
        return ZX_ERR_NOT_SUPPORTED;
    }
    return ZX_OK;
}

static zx_status_t open_group(const char* address, unsigned number, lx_vfio_fds_t* fds, char* error,
                              size_t size) {
    char path[32];
    snprintf(path, sizeof(path), "/dev/vfio/%u", number);
    fds->group = open(path, O_RDWR | O_CLOEXEC);
    if (fds->group < 0) {
        int reason = errno;
        if (reason == EBUSY) {
            snprintf(error, size, "%s: is open already (IOMMU group %u is busy)", address, number);
            return ZX_ERR_ALREADY_BOUND;
        }
        snprintf(error, size, "%s: cannot open %s", address, path);
        return lx_status_from_errno(reason);
    }
    struct vfio_group_status group = {.argsz = sizeof(group)};
    if (ioctl(fds->group, VFIO_GROUP_GET_STATUS, &group) != 0 ||
        !(group.flags & VFIO_GROUP_FLAGS_VIABLE)) {
        snprintf(error, size, "%s: a Linux driver holds another function of IOMMU group %u",
                 address, number);
        return ZX_ERR_ACCESS_DENIED;
    }
    return ZX_OK;
}

static zx_status_t join(const char* address, lx_vfio_fds_t* fds, char* error, size_t size) {
    if (ioctl(fds->group, VFIO_GROUP_SET_CONTAINER, &fds->container) != 0) {
        zx_status_t status = lx_status_from_errno(errno);
        snprintf(error, size, "%s: its group does not enter a container", address);
        return status;
    }
    if (ioctl(fds->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0) {
        int reason = errno;
        snprintf(error, size, "%s: the IOMMU refuses a domain%s", address,
                 reason == EPERM ? " (interrupt remapping is off)" : "");
        return reason == EPERM ? ZX_ERR_NOT_SUPPORTED : lx_status_from_errno(reason);
    }
    fds->device = ioctl(fds->group, VFIO_GROUP_GET_DEVICE_FD, address);
    if (fds->device < 0) {
        zx_status_t status = lx_status_from_errno(errno);
        snprintf(error, size, "%s: the device does not open", address);
        return status;
    }
    return ZX_OK;
}

// A function that cannot be reset could not be stopped after its driver has died.
static zx_status_t check_device(const char* address, const lx_vfio_fds_t* fds, char* error,
                                size_t size) {
    struct vfio_device_info info = {.argsz = sizeof(info)};
    if (ioctl(fds->device, VFIO_DEVICE_GET_INFO, &info) != 0 ||
        !(info.flags & VFIO_DEVICE_FLAGS_PCI)) {
        snprintf(error, size, "%s: not a PCI device to VFIO", address);
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!(info.flags & VFIO_DEVICE_FLAGS_RESET)) {
        snprintf(error, size, "%s: cannot be reset; it needs a root port of its own", address);
        return ZX_ERR_NOT_SUPPORTED;
    }
    return ZX_OK;
}

static zx_status_t set_initial_command(const char* address, const lx_vfio_fds_t* fds, char* error,
                                       size_t size) {
    lx_vfio_region_t config;
    zx_status_t status = lx_vfio_config_get(fds->device, &config);
    if (status == ZX_OK) {
        status =
            lx_vfio_command_update(fds->device, &config, LX_VFIO_COMMAND_BUS, LX_VFIO_COMMAND_MEM);
    }
    if (status != ZX_OK) {
        snprintf(error, size, "%s: its configuration space cannot be written", address);
    }
    return status;
}

zx_status_t lx_vfio_open(const char* address, lx_vfio_fds_t* out, char* error, size_t error_size) {
    unsigned group = 0;
    lx_vfio_fds_t fds = LX_VFIO_FDS_NONE;
    *out = LX_VFIO_FDS_NONE;
    zx_status_t status = lx_pci_private_group(address, &group, error, error_size);
    if (status == ZX_OK) {
        status = open_container(address, &fds, error, error_size);
    }
    if (status == ZX_OK) {
        status = open_group(address, group, &fds, error, error_size);
    }
    if (status == ZX_OK) {
        status = join(address, &fds, error, error_size);
    }
    if (status == ZX_OK) {
        status = check_device(address, &fds, error, error_size);
    }
    if (status == ZX_OK) {
        status = set_initial_command(address, &fds, error, error_size);
    }
    if (status != ZX_OK) {
        lx_vfio_close(&fds);
        return status;
    }
    *out = fds;
    return ZX_OK;
}
