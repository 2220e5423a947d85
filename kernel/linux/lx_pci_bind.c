// SPDX-License-Identifier: MIT
// Makes vfio-pci the driver of one PCI function and finds its IOMMU group.
#include "lx_vfio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

#define DEVICES_PATH "/sys/bus/pci/devices"
#define DRIVER_NAME  "vfio-pci"

// Writes |text| to a sysfs file in one call, as sysfs wants it.
static zx_status_t write_file(const char* path, const char* text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    ssize_t size = (ssize_t)strlen(text);
    ssize_t done = write(fd, text, (size_t)size);
    zx_status_t status = done == size ? ZX_OK : done < 0 ? lx_status_from_errno(errno) : ZX_ERR_IO;
    close(fd);
    return status;
}

// Last component of the link |name| of the function; false if there is no such link.
static bool link_target(const char* address, const char* name, char* out, size_t size) {
    char path[128];
    char target[PATH_MAX];
    snprintf(path, sizeof(path), DEVICES_PATH "/%s/%s", address, name);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length <= 0) {
        return false;
    }
    target[length] = '\0';
    const char* slash = strrchr(target, '/');
    const char* last = slash != NULL ? slash + 1 : target;
    if (strlen(last) >= size) {
        return false;
    }
    memcpy(out, last, strlen(last) + 1);
    return true;
}

static bool has_driver(const char* address, const char* name) {
    char driver[NAME_MAX + 1];
    return link_target(address, "driver", driver, sizeof(driver)) && strcmp(driver, name) == 0;
}

// Why vfio-pci did not take the function although it was offered.
static zx_status_t explain_refusal(const char* address, char* error, size_t error_size) {
    char group[NAME_MAX + 1];
    if (access("/sys/bus/pci/drivers/" DRIVER_NAME, F_OK) != 0) {
        snprintf(error, error_size, "%s: the kernel has no vfio-pci driver loaded", address);
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!link_target(address, "iommu_group", group, sizeof(group))) {
        snprintf(
            error, error_size,
            "%s: no IOMMU confines this function (none in the machine, or the kernel was started "
            "without it)",
            address);
        return ZX_ERR_NOT_SUPPORTED;
    }
    snprintf(error, error_size,
             "%s: vfio-pci refuses this function (a bridge, or see the kernel log)", address);
    return ZX_ERR_NOT_SUPPORTED;
}

// Sends away whatever other driver the function has.
static zx_status_t unbind_other(const char* address) {
    char path[128];
    snprintf(path, sizeof(path), DEVICES_PATH "/%s/driver/unbind", address);
    zx_status_t status = write_file(path, address);
    return status == ZX_ERR_NOT_FOUND ? ZX_OK : status;  // it has none
}

zx_status_t lx_pci_bind_vfio(const char* address, char* error, size_t error_size) {
    char path[128];
    snprintf(path, sizeof(path), DEVICES_PATH "/%s", address);
    if (access(path, F_OK) != 0) {
        snprintf(error, error_size, "%s: no such PCI function", address);
        return ZX_ERR_NOT_FOUND;
    }
    if (has_driver(address, DRIVER_NAME)) {
        return ZX_OK;
    }
    snprintf(path, sizeof(path), DEVICES_PATH "/%s/driver_override", address);
    zx_status_t status = write_file(path, DRIVER_NAME);
    if (status != ZX_OK) {
        snprintf(error, error_size, "%s: may not choose its driver", address);
        return status;
    }
    status = unbind_other(address);
    if (status != ZX_OK) {
        snprintf(error, error_size, "%s: its present driver cannot be unbound", address);
    } else {
        // The write reports the probe's failure on some kernels only; the link tells on all.
        (void)write_file("/sys/bus/pci/drivers_probe", address);
        if (has_driver(address, DRIVER_NAME)) {
            return ZX_OK;
        }
        status = explain_refusal(address, error, error_size);
    }
    (void)write_file(path, "\n");  // no override any more
    return status;
}

// True if the member may stay in the group without a say in DMA: PCI bridges do no DMA of their
// own.
static bool is_bridge(const char* address) {
    char path[PATH_MAX];
    char text[16] = "";
    snprintf(path, sizeof(path), DEVICES_PATH "/%s/class", address);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t done = read(fd, text, sizeof(text) - 1);
    close(fd);
    return done > 0 && (strtoul(text, NULL, 16) >> 16) == 0x06;
}

zx_status_t lx_pci_private_group(const char* address, unsigned* out_group, char* error,
                                 size_t error_size) {
    char group[NAME_MAX + 1];
    if (!link_target(address, "iommu_group", group, sizeof(group))) {
        return explain_refusal(address, error, error_size);
    }
    char path[128];
    snprintf(path, sizeof(path), DEVICES_PATH "/%s/iommu_group/devices", address);
    DIR* directory = opendir(path);
    if (directory == NULL) {
        zx_status_t status = lx_status_from_errno(errno);
        snprintf(error, error_size, "%s: cannot list IOMMU group %s", address, group);
        return status;
    }
    zx_status_t status = ZX_OK;
    const struct dirent* entry = NULL;
    while (status == ZX_OK && (entry = readdir(directory)) != NULL) {
        const char* other = entry->d_name;
        if (other[0] != '.' && strcmp(other, address) != 0 && !is_bridge(other)) {
            snprintf(error, error_size,
                     "%s: shares IOMMU group %s with %s, so neither can be confined", address,
                     group, other);
            status = ZX_ERR_ACCESS_DENIED;
        }
    }
    closedir(directory);
    *out_group = (unsigned)strtoul(group, NULL, 10);
    return status;
}
