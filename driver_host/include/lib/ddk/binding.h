// SPDX-License-Identifier: MIT
// Integer keys of bind properties, for device_add_args_t.props. devmgr adds BIND_PROTOCOL and
// BIND_AUTOBIND by itself. Rules call them fuchsia.BIND_…
#pragma once

#define BIND_FLAGS                     0x0000
#define BIND_PROTOCOL                  0x0001
#define BIND_AUTOBIND                  0x0002
#define BIND_COMPOSITE                 0x0003
#define BIND_FIDL_PROTOCOL             0x0004
#define BIND_PCI_VID                   0x0100
#define BIND_PCI_DID                   0x0101
#define BIND_PCI_CLASS                 0x0102
#define BIND_PCI_SUBCLASS              0x0103
#define BIND_PCI_INTERFACE             0x0104
#define BIND_PCI_REVISION              0x0105
#define BIND_PCI_COMPONENT             0x0106
#define BIND_PCI_TOPO                  0x0107
#define BIND_USB_VID                   0x0200
#define BIND_USB_PID                   0x0201
#define BIND_USB_CLASS                 0x0202
#define BIND_USB_SUBCLASS              0x0203
#define BIND_USB_PROTOCOL              0x0204
#define BIND_USB_INTERFACE_NUMBER      0x0205
#define BIND_PLATFORM_DEV_VID          0x0300
#define BIND_PLATFORM_DEV_PID          0x0301
#define BIND_PLATFORM_DEV_DID          0x0302
#define BIND_PLATFORM_PROTO            0x0303
#define BIND_PLATFORM_DEV_INSTANCE_ID  0x0304
#define BIND_PLATFORM_DEV_INTERRUPT_ID 0x0305
#define BIND_ACPI_BUS_TYPE             0x0400
#define BIND_ACPI_ID                   0x0401
#define BIND_ACPI_CID_0_3              0x0402
#define BIND_ACPI_CID_4_7              0x0403
#define BIND_IHDA_CODEC_VID            0x0500
#define BIND_IHDA_CODEC_DID            0x0501
#define BIND_IHDA_CODEC_MAJOR_REV      0x0502
#define BIND_IHDA_CODEC_MINOR_REV      0x0503
#define BIND_IHDA_CODEC_VENDOR_REV     0x0504
#define BIND_IHDA_CODEC_VENDOR_STEP    0x0505
#define BIND_SERIAL_CLASS              0x0600
#define BIND_SERIAL_VID                0x0601
#define BIND_SERIAL_PID                0x0602
#define BIND_NAND_CLASS                0x0700
#define BIND_BT_GATT_SVC_UUID16        0x0800
#define BIND_BT_GATT_SVC_UUID128_1     0x0801
#define BIND_BT_GATT_SVC_UUID128_2     0x0802
#define BIND_BT_GATT_SVC_UUID128_3     0x0803
#define BIND_BT_GATT_SVC_UUID128_4     0x0804
#define BIND_SDIO_VID                  0x0900
#define BIND_SDIO_PID                  0x0901
#define BIND_SDIO_FUNCTION             0x0902
#define BIND_I2C_CLASS                 0x0A00
#define BIND_I2C_BUS_ID                0x0A01
#define BIND_I2C_ADDRESS               0x0A02
#define BIND_I2C_VID                   0x0A03
#define BIND_I2C_DID                   0x0A04
#define BIND_GPIO_PIN                  0x0A10
#define BIND_GPIO_CONTROLLER           0x0A11
#define BIND_POWER_DOMAIN              0x0A20
#define BIND_POWER_DOMAIN_COMPOSITE    0x0A21
#define BIND_CLOCK_ID                  0x0A30
#define BIND_SPI_CLASS                 0x0A40
#define BIND_SPI_BUS_ID                0x0A41
#define BIND_SPI_CHIP_SELECT           0x0A42
#define BIND_PWM_ID                    0x0A50
#define BIND_INIT_STEP                 0x0A60
#define BIND_CODEC_INSTANCE            0x0A70
#define BIND_REGISTER_ID               0x0A80
#define BIND_POWER_SENSOR_DOMAIN       0x0A90
#define BIND_MAILBOX_ID                0x0AA0
#define BIND_TOPO_START                0x0B00
#define BIND_TOPO_PCI                  0x0B00
#define BIND_TOPO_I2C                  0x0B01
#define BIND_TOPO_SPI                  0x0B02
#define BIND_TOPO_VENDOR_START         0x0B80
#define BIND_TOPO_VENDOR_END           0x0BFF
#define BIND_TOPO_END                  0x0BFF

// A PCI address as BIND_PCI_TOPO holds it, and its parts.
#define BIND_PCI_TOPO_PACK(bus, dev, func)  (((bus) << 8) | ((dev) << 3) | (func))
#define BIND_PCI_TOPO_UNPACK_BUS(topo)      (((topo) >> 8) & 0xff)
#define BIND_PCI_TOPO_UNPACK_DEVICE(topo)   (((topo) >> 3) & 0x1f)
#define BIND_PCI_TOPO_UNPACK_FUNCTION(topo) ((topo)&0x07)
