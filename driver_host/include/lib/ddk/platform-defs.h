// SPDX-License-Identifier: MIT
// Numbers of platform devices: values of BIND_PLATFORM_DEV_VID, _PID and _DID.
#pragma once

#define PDEV_VID_GENERIC 0x00
#define PDEV_PID_GENERIC 0x00

// Devices of PDEV_VID_GENERIC.
#define PDEV_DID_USB_DWC3  0x01
#define PDEV_DID_USB_XHCI  0x02
#define PDEV_DID_KPCI      0x03  // the PCI root
#define PDEV_DID_RTC_PL031 0x05

// Devices that exist in Jacinth only.
#define PDEV_DID_JACINTH_RAMDISK 0x1000
#define PDEV_DID_JACINTH_SAMPLE  0x1001
