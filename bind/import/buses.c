// SPDX-License-Identifier: MIT
// The buses. Facts about the texts are those of Linux's own uevents.
#include "buses.h"

#include <stdbool.h>
#include <string.h>

#define HEX(tag, width, id) \
    { tag, IMPORT_HEX, width, id, NULL, NULL }
#define HEX_KEY(tag, width, key) \
    { tag, IMPORT_HEX, width, 0, "jacinth." key, NULL }
#define NAME(key) \
    { "", IMPORT_NAME, 0, 0, "jacinth." key, NULL }

static const import_bus_t buses[] = {
    {"pci:",
     31,
     {HEX("v", 8, 0x100), HEX("d", 8, 0x101), HEX_KEY("sv", 8, "pci.SUBSYSTEM_VID"),
      HEX_KEY("sd", 8, "pci.SUBSYSTEM_DID"), HEX("bc", 2, 0x102), HEX("sc", 2, 0x103),
      HEX("i", 2, 0x104)}},
    {"usb:",
     33,
     {HEX("v", 4, 0x200),
      HEX("p", 4, 0x201),
      {"d", IMPORT_HEX, 4, 0, NULL, "jacinth.usb.RELEASE_BYTE0"},
      HEX_KEY("dc", 2, "usb.DEVICE_CLASS"),
      HEX_KEY("dsc", 2, "usb.DEVICE_SUBCLASS"),
      HEX_KEY("dp", 2, "usb.DEVICE_PROTOCOL"),
      HEX("ic", 2, 0x202),
      HEX("isc", 2, 0x203),
      HEX("ip", 2, 0x204),
      HEX("in", 2, 0x205)}},
    {"hid:",
     0,
     {HEX_KEY("b", 4, "hid.BUS"), HEX_KEY("g", 4, "hid.GROUP"), HEX_KEY("v", 8, "hid.VID"),
      HEX_KEY("p", 8, "hid.PID")}},
    {"pcmcia:",
     0,
     {HEX_KEY("m", 4, "pcmcia.MANUFACTURER"), HEX_KEY("c", 4, "pcmcia.CARD"),
      HEX_KEY("f", 2, "pcmcia.FUNCTION_ID"), HEX_KEY("fn", 2, "pcmcia.FUNCTION"),
      HEX_KEY("pfn", 2, "pcmcia.DEVICE_NUMBER"), HEX_KEY("pa", 8, "pcmcia.HASH_A"),
      HEX_KEY("pb", 8, "pcmcia.HASH_B"), HEX_KEY("pc", 8, "pcmcia.HASH_C"),
      HEX_KEY("pd", 8, "pcmcia.HASH_D")}},
    {"hdaudio:",
     0,
     {HEX("v", 8, 0x500), HEX_KEY("r", 8, "hdaudio.REVISION"), HEX_KEY("a", 2, "hdaudio.TYPE")}},
    {"ieee1394:",
     0,
     {HEX_KEY("ven", 8, "firewire.VENDOR"), HEX_KEY("mo", 8, "firewire.MODEL"),
      HEX_KEY("sp", 8, "firewire.SPECIFIER"), HEX_KEY("ver", 8, "firewire.VERSION")}},
    {"sdio:", 0, {HEX_KEY("c", 2, "sdio.CLASS"), HEX("v", 4, 0x900), HEX("d", 4, 0x901)}},
    {"virtio:", 0, {HEX_KEY("d", 8, "virtio.DEVICE"), HEX_KEY("v", 8, "virtio.VENDOR")}},
    {"serio:",
     0,
     {HEX_KEY("ty", 2, "serio.TYPE"), HEX_KEY("pr", 2, "serio.PROTOCOL"),
      HEX_KEY("id", 2, "serio.ID"), HEX_KEY("ex", 2, "serio.EXTRA")}},
    {"sdw:",
     0,
     {HEX_KEY("m", 4, "soundwire.MANUFACTURER"), HEX_KEY("p", 4, "soundwire.PART"),
      HEX_KEY("v", 2, "soundwire.VERSION"), HEX_KEY("c", 2, "soundwire.CLASS")}},
    {"ssb:",
     0,
     {HEX_KEY("v", 4, "ssb.VENDOR"), HEX_KEY("id", 4, "ssb.ID"),
      HEX_KEY("rev", 2, "ssb.REVISION")}},
    {"bcma:",
     0,
     {HEX_KEY("m", 4, "bcma.MANUFACTURER"), HEX_KEY("id", 4, "bcma.ID"),
      HEX_KEY("rev", 2, "bcma.REVISION"), HEX_KEY("cl", 2, "bcma.CLASS")}},
    {"ssam:",
     0,
     {HEX_KEY("d", 2, "ssam.DOMAIN"), HEX_KEY("c", 2, "ssam.CATEGORY"),
      HEX_KEY("t", 2, "ssam.TARGET"), HEX_KEY("i", 2, "ssam.INSTANCE"),
      HEX_KEY("f", 2, "ssam.FUNCTION")}},
    {"typec:", 0, {HEX_KEY("id", 4, "typec.SVID"), HEX_KEY("m", 2, "typec.MODE")}},
    {"cpu:",
     0,
     {HEX_KEY("type:x86,ven", 4, "cpu.VENDOR"),
      HEX_KEY("fam", 4, "cpu.FAMILY"),
      HEX_KEY("mod", 4, "cpu.MODEL"),
      {":feature:", IMPORT_REST, 0, 0, NULL, NULL}}},
    {"mdio:", 0, {{"", IMPORT_BITS, 32, 0, NULL, "jacinth.mdio.PHY_BYTE0"}}},
    {"i2c:", 0, {NAME("i2c.NAME")}},
    {"spi:", 0, {NAME("spi.NAME")}},
    {"platform:", 0, {NAME("platform.NAME")}},
    {"auxiliary:", 0, {NAME("auxiliary.NAME")}},
    {"vmbus:", 0, {NAME("vmbus.GUID")}},
    {"wmi:", 0, {NAME("wmi.GUID")}},
};

const import_bus_t* import_find_bus(const char* text) {
    for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
        if (strncmp(text, buses[i].name, strlen(buses[i].name)) == 0) {
            return &buses[i];
        }
    }
    return NULL;
}

bool import_normalize(const char* text, char* out, size_t out_size) {
    bool is_inside = false;
    size_t size = 0;
    for (; text[size] != 0; size++) {
        const char c = text[size];
        if (size + 1 >= out_size || (c == ']' && !is_inside)) {
            return false;
        }
        is_inside = c == '[' || (is_inside && c != ']');
        out[size] = c == '-' && !is_inside ? '_' : c;
    }
    out[size] = 0;
    return !is_inside;
}
