// SPDX-License-Identifier: MIT
// Patterns of modules.alias as programs, modalias texts as devices, bundles, id files.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <bind/bundle.h>
#include <bind/index.h>
#include <zircon/errors.h>

#include "fixture.h"
#include "import.h"

// Whether the device fits the alias, by the program and the pattern.
static bool matches(const char* alias, const char* modalias) {
    static import_device_t device;
    import_program_t imported;
    bc_buffer_t bytes = {0};
    bind_program_t program;
    bool is_match = false;
    bind_index_t* index;
    bind_index_hit_t hit;
    uint32_t id;
    size_t count = 0;
    cr_assert(import_alias(alias, &imported), "%s", alias);
    import_emit(&imported, &bytes);
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, NULL), ZX_OK, "%s", alias);
    cr_assert(import_device(modalias, &device), "%s", modalias);
    cr_assert_eq(bind_index_create(&index), ZX_OK);
    const bind_index_entry_t entry = {
        .program = &program,
        .pattern_key = imported.has_pattern ? BIND_BUNDLE_PATTERN_KEY : NULL,
        .pattern = imported.has_pattern ? imported.pattern : NULL};
    cr_assert_eq(bind_index_add(index, &entry, &id), ZX_OK);
    cr_assert_eq(bind_index_find(index, device.props, device.count, &hit, 1, &count), ZX_OK);
    is_match = count == 1;
    cr_assert_eq(bind_index_find_linear(index, device.props, device.count, &hit, 1, &count), ZX_OK);
    cr_assert_eq(is_match, count == 1, "%s and %s", alias, modalias);
    bind_index_destroy(index);
    bc_buffer_fini(&bytes);
    return is_match;
}

typedef struct pair {
    const char* alias;
    const char* modalias;
} pair_t;

#define PCI(rest)          "pci:v00008086d00001533" rest
#define USB(release, rest) "usb:v13FDp3940d" release rest

Test(bind_import, fits) {
    static const pair_t pairs[] = {
        {PCI("sv*sd*bc*sc*i*"), PCI("sv00001AF4sd00000001bc02sc00i00")},
        {"pci:v*d*sv*sd*bc02sc00i*", PCI("sv00001AF4sd00000001bc02sc00i10")},
        {"pci:v*d*sv*sd*bc02sc00i10*", PCI("sv00001AF4sd00000001bc02sc00i10")},
        {USB("0[0-2]*", "dc*dsc*dp*ic*isc*ip*in*"), USB("02FF", "dc00dsc00dp00ic08isc06ip50in00")},
        {USB("03[0-9A-E]5", "dc*dsc*dp*ic*isc*ip*in*"),
         USB("03E5", "dc00dsc00dp00ic08isc06ip50in00")},
        {"of:N*T*Cti,tmp411", "of:NxT<NULL>Cti,tmp421Cti,tmp411"},
        {"of:N*T*Cti,tmp411C*", "of:NxT<NULL>Cti,tmp411Cti,tmp401"},
        {"of:N*T*CaCb", "of:NxTyCaCb"},
        {"acpi*:PNP0303:*", "acpi:LEN0071:PNP0303:"},
        {"mdio:0000000101000001000011000110????", "mdio:00000001010000010000110001101111"},
        {"virtio:d00000002v*", "virtio:d00000002v00001AF4"},
        {"hid:b*g*v*p*", "hid:b0003g0001v0000046Dp0000C52B"},
        {"spi:ltc2636-h10", "spi:ltc2636-h10"},
        {"spi:ltc2636-h10", "spi:ltc2636_h10"},
        {"cpu:type:x86,ven*fam*mod*:feature:*00AB*",
         "cpu:type:x86,ven0000fam0006mod009E:feature:,0001,00AB,00C2"},
        {"dmi*:svn*Dell*:pn*XPS*:", "dmi:bvnDell:svnDellInc.:pnXPS13:pvr:"},
        {"dmi:bvnIBM:bvrI[MU]ET??WW*", "dmi:bvnIBM:bvrIUET70WW:"},
        {"twofish", "twofish"},
        {"block-major-7-*", "block-major-7-3"},
        {"pnp:dCTL7002*", "pnp:dCTL7002"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        cr_expect(matches(pairs[i].alias, pairs[i].modalias), "%s and %s", pairs[i].alias,
                  pairs[i].modalias);
    }
}

Test(bind_import, does_not_fit) {
    static const pair_t pairs[] = {
        {PCI("sv*sd*bc*sc*i*"), "pci:v00008086d00001534sv00001AF4sd00000001bc02sc00i00"},
        {PCI("sv00001AF4sd*bc*sc*i*"), PCI("sv00001AF5sd00000001bc02sc00i00")},
        {"pci:v*d*sv*sd*bc02sc00i*", "pci:v00008086d00001533"},
        {"vfio_pci:v*d*sv*sd*bc*sc*i*", PCI("sv00001AF4sd00000001bc02sc00i00")},
        {USB("0[0-2]*", "dc*dsc*dp*ic*isc*ip*in*"), USB("0300", "dc00dsc00dp00ic08isc06ip50in00")},
        {USB("0[0-2]*", "dc*dsc*dp*ic*isc*ip*in*"), USB("1200", "dc00dsc00dp00ic08isc06ip50in00")},
        {"of:N*T*Cti,tmp411", "of:NxT<NULL>Cti,tmp411Cti,tmp401"},
        {"of:N*T*Cti,tmp411C*", "of:NxT<NULL>Cti,tmp411"},
        {"of:N*T*Cti,tmp41", "of:NxT<NULL>Cti,tmp411"},
        {"acpi*:PNP0303:*", "acpi:PNP03030:"},
        {"acpi*:PNP0303:*", "acpi:PNP0303"},
        {"mdio:0000000101000001000011000110????", "mdio:00000001010000010000110001111111"},
        {"hid:b*g*v*p*", "hidraw:b0003g0001v0000046Dp0000C52B"},
        {"spi:ltc2636-h10", "i2c:ltc2636-h10"},
        {"cpu:type:x86,ven*fam*mod*:feature:*00AB*",
         "cpu:type:x86,ven0000fam0006mod009E:feature:,0001,00AC"},
        {"dmi*:svn*Dell*:pn*XPS*:", "dmi:bvnDell:svnLenovo:pnXPS13:"},
        {"twofish", "twofish2"},
        {"block-major-7-*", "block-major-71"},
        {"pnp:dCTL7002*", "pnp:dCTL7003"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        cr_expect_not(matches(pairs[i].alias, pairs[i].modalias), "%s and %s", pairs[i].alias,
                      pairs[i].modalias);
    }
}

// What is expected to be exact must not need a pattern.
Test(bind_import, only_what_bytecode_cannot_say_is_a_pattern) {
    static const char* const exact[] = {
        PCI("sv*sd*bc02sc*i*"), USB("0[0-2]*", "dc*dsc*dp*ic*isc*ip*"),
        "of:N*T*Cti,tmp411C*",  "acpi*:PNP0303:*",
        "i2c:tmp411",           "mdio:????????000100001000001011????10",
        "hid:b*g*v*p*"};
    static const char* const patterns[] = {"dmi*:svn*Dell*:", "pci:v0000808[67]d*sv*sd*bc*sc*i*",
                                           "acpi*:PNP*:*", "of:N*T*Cti,*"};
    import_program_t program;
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        cr_expect(import_alias(exact[i], &program) && !program.has_pattern, "%s", exact[i]);
    }
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        cr_expect(import_alias(patterns[i], &program) && program.has_pattern, "%s", patterns[i]);
    }
    cr_expect_not(import_alias("a[b", &program));
    cr_expect_not(import_alias("a]b", &program));
    cr_expect_not(import_alias("", &program));
}

static const char table[] =
    "# comment\n\nalias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\nalias a[ bad\n"
    "alias dmi*:svn*X*: laptop\r\nalias last one";

Test(bind_import, a_table_as_a_bundle) {
    bc_buffer_t bytes = {0};
    import_counts_t counts;
    size_t line;
    bind_bundle_t bundle;
    bind_bundle_entry_t entry;
    cr_assert(import_modalias(table, sizeof(table) - 1, &bytes, &counts, &line));
    cr_assert_eq(counts.aliases, 3);
    cr_assert_eq(counts.patterns, 1);
    cr_assert_eq(counts.bad, 1);
    cr_assert_eq(bind_bundle_open(bytes.data, bytes.size, &bundle), ZX_OK);
    cr_assert_eq(bundle.count, 3);
    cr_assert_eq(bind_bundle_next(&bundle, &entry), ZX_OK);
    cr_expect_str_eq(entry.name, "virtio_pci");
    cr_expect_str_eq(entry.origin, "pci:v00001AF4d*sv*sd*bc*sc*i*");
    cr_expect_null(entry.pattern);
    cr_assert_eq(bind_bundle_next(&bundle, &entry), ZX_OK);
    cr_expect_str_eq(entry.name, "laptop");
    cr_expect_str_eq(entry.pattern, "dmi*:svn*X*:");
    cr_assert_eq(bind_bundle_next(&bundle, &entry), ZX_OK);
    cr_expect_str_eq(entry.name, "one");
    cr_expect_eq(bind_bundle_next(&bundle, &entry), ZX_ERR_STOP);
    // Every shorter bundle is refused, at the latest by its last entry.
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t* cut = malloc(size == 0 ? 1 : size);
        memcpy(cut, bytes.data, size);
        zx_status_t status = bind_bundle_open(cut, size, &bundle);
        while (status == ZX_OK) {
            status = bind_bundle_next(&bundle, &entry);
        }
        cr_expect_eq(status, ZX_ERR_IO_DATA_INTEGRITY, "%zu bytes", size);
        free(cut);
    }
    bc_buffer_fini(&bytes);
}

Test(bind_import, bad_lines_are_named) {
    static const struct {
        const char* text;
        size_t line;
    } bad[] = {{"alias a b\nalias a\n", 2},
               {"alias a b c\n", 1},
               {"\n\nmodule a b\n", 3},
               {"alias a b\nalias \xff b\n", 2}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bc_buffer_t bytes = {0};
        import_counts_t counts;
        size_t line = 0;
        cr_expect_not(import_modalias(bad[i].text, strlen(bad[i].text), &bytes, &counts, &line));
        cr_expect_eq(line, bad[i].line);
        bc_buffer_fini(&bytes);
    }
}

// The library must compile, and its names mean the numbers of the file.
Test(bind_import, ids_as_a_library) {
    static const char ids[] =
        "# comment\n0123  3Com, Inc.\n1af4  Red Hat\n\t1000  Network\n\t\t1af4 0001  sub\n"
        "1af5  Red Hat\n8086  Intel \xc3\xa9\n\t1000  Network\n\t1000  Network\n"
        "\t1001  Network 8086 1000\nC 01  Mass storage\n\t00  SCSI\n";
    const uint32_t vendors[] = {0x1af4, 0x8086};
    bc_buffer_t library = {0};
    bc_buffer_t bytes = {0};
    char* errors = NULL;
    size_t line;
    cr_assert(import_ids(ids, sizeof(ids) - 1, IMPORT_IDS_PCI, vendors, 2, &library, &line));
    bc_buffer_u8(&library, 0);
    static const char rules[] =
        "using jacinth.pci.ids;"
        "accept fuchsia.BIND_PCI_VID { jacinth.pci.ids.BIND_PCI_VID.N_3COM_INC,"
        " jacinth.pci.ids.BIND_PCI_VID.RED_HAT__1AF5, jacinth.pci.ids.BIND_PCI_VID.INTEL }"
        "fuchsia.BIND_PCI_DID == jacinth.pci.ids.BIND_PCI_DID.NETWORK__8086_1000;";
    cr_assert(fixture_compile(rules, (const char*)library.data, NULL, NULL, &bytes, &errors),
              "%s\n%s", errors, (const char*)library.data);
    bind_program_t program;
    bool is_match = false;
    const bind_property_t props[] = {{.id = 0x100, .type = BIND_VALUE_NUMBER, .number = 0x1af5},
                                     {.id = 0x101, .type = BIND_VALUE_NUMBER, .number = 0x1000}};
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, NULL), ZX_OK);
    cr_assert_eq(bind_program_match(&program, props, 2, &is_match, NULL), ZX_OK);
    cr_expect(is_match);
    free(errors);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&library);
    cr_expect(import_ids(ids, sizeof(ids) - 1, IMPORT_IDS_USB, NULL, 0, &library, &line));
    bc_buffer_fini(&library);
    cr_expect_not(import_ids("xyz\n", 4, IMPORT_IDS_PCI, NULL, 0, &library, &line));
    cr_expect_eq(line, 1);
    bc_buffer_fini(&library);
}

// Programs as rules compile to the bytecode of the import.
Test(bind_import, rules_compile_to_the_same_bytes) {
    static const char* const aliases[] = {PCI("sv*sd*bc02sc*i*"), "i2c:tmp411",
                                          USB("0[0-2]*", "dc*dsc*dp*ic*isc*ip*")};
    static const char library[] = "library jacinth.usb; uint RELEASE_BYTE0; uint RELEASE_BYTE1;";
    static const char library2[] = "library jacinth.i2c; string NAME;";
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        import_program_t program;
        bc_buffer_t wanted = {0};
        bc_buffer_t rules = {0};
        bc_buffer_t compiled = {0};
        char* errors = NULL;
        cr_assert(import_alias(aliases[i], &program));
        import_emit(&program, &wanted);
        cr_assert(import_write_rules(&program, &rules));
        bc_buffer_u8(&rules, 0);
        cr_assert(
            fixture_compile((const char*)rules.data, library, library2, NULL, &compiled, &errors),
            "%s\n%s", errors, (const char*)rules.data);
        cr_expect_eq(compiled.size, wanted.size);
        cr_expect(memcmp(compiled.data, wanted.data, wanted.size) == 0, "%s", aliases[i]);
        free(errors);
        bc_buffer_fini(&wanted);
        bc_buffer_fini(&rules);
        bc_buffer_fini(&compiled);
    }
}
