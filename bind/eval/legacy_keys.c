// SPDX-License-Identifier: MIT
// The table of legacy integer keys.
#include <bind/legacy_keys.h>

#include <string.h>

#define PREFIX "fuchsia."

typedef struct legacy_key {
    uint32_t id;
    const char* name;
} legacy_key_t;

// Sorted by id; of several names for one id the newest comes first.
static const legacy_key_t keys[] = {
    {0x0001, PREFIX "BIND_PROTOCOL"},
    {0x0002, PREFIX "BIND_AUTOBIND"},
    {0x0003, PREFIX "BIND_COMPOSITE"},
    {0x0004, PREFIX "BIND_FIDL_PROTOCOL"},
    {0x0100, PREFIX "BIND_PCI_VID"},
    {0x0101, PREFIX "BIND_PCI_DID"},
    {0x0102, PREFIX "BIND_PCI_CLASS"},
    {0x0103, PREFIX "BIND_PCI_SUBCLASS"},
    {0x0104, PREFIX "BIND_PCI_INTERFACE"},
    {0x0105, PREFIX "BIND_PCI_REVISION"},
    {0x0106, PREFIX "BIND_PCI_COMPONENT"},
    {0x0106, PREFIX "BIND_PCI_BDF_ADDR"},
    {0x0107, PREFIX "BIND_PCI_TOPO"},
    {0x0200, PREFIX "BIND_USB_VID"},
    {0x0201, PREFIX "BIND_USB_PID"},
    {0x0202, PREFIX "BIND_USB_CLASS"},
    {0x0203, PREFIX "BIND_USB_SUBCLASS"},
    {0x0204, PREFIX "BIND_USB_PROTOCOL"},
    {0x0205, PREFIX "BIND_USB_INTERFACE_NUMBER"},
    {0x0300, PREFIX "BIND_PLATFORM_DEV_VID"},
    {0x0301, PREFIX "BIND_PLATFORM_DEV_PID"},
    {0x0302, PREFIX "BIND_PLATFORM_DEV_DID"},
    {0x0303, PREFIX "BIND_PLATFORM_PROTO"},
    {0x0304, PREFIX "BIND_PLATFORM_DEV_INSTANCE_ID"},
    {0x0305, PREFIX "BIND_PLATFORM_DEV_INTERRUPT_ID"},
    {0x0400, PREFIX "BIND_ACPI_BUS_TYPE"},
    {0x0400, PREFIX "BIND_ACPI_HID_0_3"},
    {0x0401, PREFIX "BIND_ACPI_ID"},
    {0x0401, PREFIX "BIND_ACPI_HID_4_7"},
    {0x0402, PREFIX "BIND_ACPI_CID_0_3"},
    {0x0403, PREFIX "BIND_ACPI_CID_4_7"},
    {0x0500, PREFIX "BIND_IHDA_CODEC_VID"},
    {0x0501, PREFIX "BIND_IHDA_CODEC_DID"},
    {0x0502, PREFIX "BIND_IHDA_CODEC_MAJOR_REV"},
    {0x0503, PREFIX "BIND_IHDA_CODEC_MINOR_REV"},
    {0x0504, PREFIX "BIND_IHDA_CODEC_VENDOR_REV"},
    {0x0505, PREFIX "BIND_IHDA_CODEC_VENDOR_STEP"},
    {0x0600, PREFIX "BIND_SERIAL_CLASS"},
    {0x0601, PREFIX "BIND_SERIAL_VID"},
    {0x0602, PREFIX "BIND_SERIAL_PID"},
    {0x0700, PREFIX "BIND_NAND_CLASS"},
    {0x0800, PREFIX "BIND_BT_GATT_SVC_UUID16"},
    {0x0801, PREFIX "BIND_BT_GATT_SVC_UUID128_1"},
    {0x0802, PREFIX "BIND_BT_GATT_SVC_UUID128_2"},
    {0x0803, PREFIX "BIND_BT_GATT_SVC_UUID128_3"},
    {0x0804, PREFIX "BIND_BT_GATT_SVC_UUID128_4"},
    {0x0900, PREFIX "BIND_SDIO_VID"},
    {0x0901, PREFIX "BIND_SDIO_PID"},
    {0x0902, PREFIX "BIND_SDIO_FUNCTION"},
    {0x0a00, PREFIX "BIND_I2C_CLASS"},
    {0x0a01, PREFIX "BIND_I2C_BUS_ID"},
    {0x0a02, PREFIX "BIND_I2C_ADDRESS"},
    {0x0a10, PREFIX "BIND_GPIO_PIN"},
    {0x0a11, PREFIX "BIND_GPIO_CONTROLLER"},
    {0x0a20, PREFIX "BIND_POWER_DOMAIN"},
    {0x0a21, PREFIX "BIND_POWER_DOMAIN_COMPOSITE"},
    {0x0a30, PREFIX "BIND_CLOCK_ID"},
    {0x0a40, PREFIX "BIND_SPI_CLASS"},
    {0x0a41, PREFIX "BIND_SPI_BUS_ID"},
    {0x0a42, PREFIX "BIND_SPI_CHIP_SELECT"},
    {0x0a50, PREFIX "BIND_PWM_ID"},
    {0x0a60, PREFIX "BIND_INIT_STEP"},
    {0x0a70, PREFIX "BIND_CODEC_INSTANCE"},
    {0x0a80, PREFIX "BIND_REGISTER_ID"},
    {0x0a90, PREFIX "BIND_POWER_SENSOR_DOMAIN"},
    {0x0aa0, PREFIX "BIND_MAILBOX_ID"},
    {0x0b00, PREFIX "BIND_TOPO_PCI"},
    {0x0b00, PREFIX "BIND_TOPO_START"},
    {0x0b01, PREFIX "BIND_TOPO_I2C"},
    {0x0b02, PREFIX "BIND_TOPO_SPI"},
    {0x0b80, PREFIX "BIND_TOPO_VENDOR_START"},
    {0x0bff, PREFIX "BIND_TOPO_VENDOR_END"},
    {0x0bff, PREFIX "BIND_TOPO_END"},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

bool bind_legacy_key_id(const char* name, size_t length, uint32_t* out_id) {
    const size_t prefix = sizeof(PREFIX) - 1;
    if (length > prefix && memcmp(name, PREFIX, prefix) == 0) {
        name += prefix;
        length -= prefix;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const char* candidate = keys[i].name + prefix;
        if (strlen(candidate) == length && memcmp(candidate, name, length) == 0) {
            *out_id = keys[i].id;
            return true;
        }
    }
    return false;
}

const char* bind_legacy_key_name(uint32_t id) {
    size_t low = 0;
    size_t high = KEY_COUNT;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (keys[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < KEY_COUNT && keys[low].id == id ? keys[low].name : NULL;
}

const char* bind_legacy_key_at(size_t index, uint32_t* out_id) {
    if (index >= KEY_COUNT) {
        return NULL;
    }
    *out_id = keys[index].id;
    return keys[index].name;
}
