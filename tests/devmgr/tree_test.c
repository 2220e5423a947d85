// SPDX-License-Identifier: MIT
// The device tree without hosts: paths, names, order, metadata, class numbers; and matching.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <zircon/errors.h>

#include "device_tree.h"
#include "match.h"
#include "protocol_names.h"

static dm_node_t* add(dm_tree_t* tree, dm_node_t* parent, const char* name, uint32_t protocol_id) {
    dm_node_t* node = dm_node_create(tree, parent, name);
    cr_assert_not_null(node);
    node->protocol_id = protocol_id;
    cr_assert_eq(dm_node_apply(tree, node, DM_EVENT_ADD), ZX_OK);
    return node;
}

static const char* path_of(const dm_node_t* node) {
    static char path[DM_MAX_PATH + 1];
    return dm_node_path(node, path, sizeof(path));
}

static const char* class_of(const dm_node_t* node) {
    static char path[DM_MAX_PATH + 1];
    return dm_node_class_path(node, path, sizeof(path));
}

Test(tree, paths_lead_to_their_nodes) {
    dm_tree_t tree;
    dm_tree_init(&tree);
    dm_node_t* sys = add(&tree, NULL, "sys", DM_PROTOCOL_ROOT);
    dm_node_t* a = add(&tree, sys, "a", DM_PROTOCOL_MISC);
    dm_node_t* b = add(&tree, a, "01:00.0", DM_PROTOCOL_MISC);
    cr_expect_str_eq(path_of(b), "sys/a/01:00.0");
    cr_expect_eq(dm_tree_find_path(&tree, "sys/a/01:00.0"), b);
    cr_expect_eq(dm_tree_find_path(&tree, "sys"), sys);
    static const char* const none[] = {"",         "/",          "/sys",
                                       "sys/",     "sys//a",     "sys/a/",
                                       "sys/a/01", "a",          "sys/a/01:00.0/x",
                                       "class/",   "class/x/000"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        cr_expect_null(dm_tree_find_path(&tree, none[i]), "'%s'", none[i]);
    }
    cr_expect_eq(dm_tree_find(&tree, b->id), b);
    uint64_t id = b->id;
    dm_node_destroy(&tree, b);
    cr_expect_null(dm_tree_find(&tree, id));
    cr_expect_null(dm_tree_find_path(&tree, "sys/a/01:00.0"));
    dm_tree_fini(&tree);
    cr_expect_eq(tree.count, 0);
}

Test(tree, twins_get_paths_of_their_own) {
    dm_tree_t tree;
    dm_tree_init(&tree);
    dm_node_t* sys = add(&tree, NULL, "sys", DM_PROTOCOL_ROOT);
    add(&tree, sys, "twin", DM_PROTOCOL_MISC);
    dm_node_t* second = add(&tree, sys, "twin", DM_PROTOCOL_MISC);
    dm_node_t* third = add(&tree, sys, "twin", DM_PROTOCOL_MISC);
    cr_expect_str_eq(second->name, "twin#2");
    cr_expect_str_eq(third->name, "twin#3");
    add(&tree, sys, "1234567890123456789012345678901", DM_PROTOCOL_MISC);
    dm_node_t* cut = add(&tree, sys, "1234567890123456789012345678901", DM_PROTOCOL_MISC);
    cr_expect_str_eq(cut->name, "12345678901234567890123456789#2");
    dm_tree_fini(&tree);
}

Test(tree, walks_depth_first) {
    dm_tree_t tree;
    char seen[16] = "";
    dm_tree_init(&tree);
    dm_node_t* r = add(&tree, NULL, "r", DM_PROTOCOL_MISC);
    dm_node_t* a = add(&tree, r, "a", DM_PROTOCOL_MISC);
    dm_node_t* b = add(&tree, r, "b", DM_PROTOCOL_MISC);
    add(&tree, a, "c", DM_PROTOCOL_MISC);
    add(&tree, a, "d", DM_PROTOCOL_MISC);
    for (dm_node_t* node = tree.root; node != NULL; node = dm_tree_next(node)) {
        strcat(seen, node->name);
    }
    cr_expect_str_eq(seen, "racdb");
    cr_expect_eq(dm_tree_next_outside(a), b);
    cr_expect_null(dm_tree_next_outside(r));
    dm_tree_fini(&tree);
}

Test(tree, the_deepest_path_fits) {
    dm_tree_t tree;
    dm_tree_init(&tree);
    dm_node_t* node = NULL;
    for (unsigned depth = 0; depth < DM_MAX_DEPTH; depth++) {
        node = add(&tree, node, "1234567890123456789012345678901", DM_PROTOCOL_MISC);
    }
    cr_expect_eq(strlen(path_of(node)), DM_MAX_PATH);
    cr_expect_eq(dm_tree_find_path(&tree, path_of(node)), node);
    dm_tree_fini(&tree);
}

Test(tree, metadata_is_found_upwards_and_the_newest_counts) {
    dm_tree_t tree;
    dm_tree_init(&tree);
    dm_node_t* sys = add(&tree, NULL, "sys", DM_PROTOCOL_ROOT);
    dm_node_t* a = add(&tree, sys, "a", DM_PROTOCOL_MISC);
    cr_assert_eq(dm_node_add_metadata(sys, 7, "top", 3, 100), ZX_OK);
    cr_expect_eq(dm_node_find_metadata(a, 7)->size, 3);
    cr_assert_eq(dm_node_add_metadata(a, 7, "own", 3, 100), ZX_OK);
    cr_assert_eq(dm_node_add_metadata(a, 7, "newest", 6, 100), ZX_OK);
    cr_expect_arr_eq(dm_node_find_metadata(a, 7)->data, "newest", 6);
    cr_expect_arr_eq(dm_node_find_metadata(sys, 7)->data, "top", 3);
    cr_expect_null(dm_node_find_metadata(a, 8));
    cr_expect_eq(dm_node_add_metadata(a, 8, "too long", 8, 7), ZX_ERR_OUT_OF_RANGE);
    for (unsigned i = 2; i < DM_MAX_METADATA_PER_DEVICE; i++) {
        cr_assert_eq(dm_node_add_metadata(a, 100 + i, NULL, 0, 100), ZX_OK);
    }
    cr_expect_eq(dm_node_add_metadata(a, 9, "x", 1, 100), ZX_ERR_OUT_OF_RANGE);
    dm_tree_fini(&tree);
}

// A disk that comes back after a crash must not come back under another one's number.
Test(tree, class_numbers_stay_with_their_path) {
    dm_tree_t tree;
    dm_tree_init(&tree);
    dm_node_t* sys = add(&tree, NULL, "sys", DM_PROTOCOL_ROOT);
    dm_node_t* a = add(&tree, sys, "a", DM_PROTOCOL_BLOCK);
    dm_node_t* b = add(&tree, sys, "b", DM_PROTOCOL_BLOCK);
    cr_expect_str_eq(class_of(a), "class/block/000");
    cr_expect_str_eq(class_of(b), "class/block/001");
    cr_expect_str_eq(class_of(sys), "");
    cr_expect_eq(dm_tree_find_path(&tree, "class/block/001"), b);
    dm_node_destroy(&tree, a);
    dm_node_destroy(&tree, b);
    cr_expect_null(dm_tree_find_path(&tree, "class/block/001"));
    b = add(&tree, sys, "b", DM_PROTOCOL_BLOCK);
    dm_node_t* c = add(&tree, sys, "c", DM_PROTOCOL_BLOCK);
    a = add(&tree, sys, "a", DM_PROTOCOL_BLOCK);
    cr_expect_str_eq(class_of(b), "class/block/001");
    cr_expect_str_eq(class_of(a), "class/block/000");
    cr_expect_str_eq(class_of(c), "class/block/002");
    dm_tree_fini(&tree);
}

Test(tree, class_numbers_run_out_gracefully) {
    dm_tree_t tree;
    dm_tree_init(&tree);
    dm_node_t* sys = add(&tree, NULL, "sys", DM_PROTOCOL_ROOT);
    for (unsigned i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "d%u", i);
        cr_assert_eq(add(&tree, sys, name, DM_PROTOCOL_BLOCK)->class_number, i);
    }
    dm_node_t* late = add(&tree, sys, "late", DM_PROTOCOL_BLOCK);
    cr_expect_not(late->has_class);
    dm_node_destroy(&tree, late);
    dm_node_destroy(&tree, dm_tree_find_path(&tree, "sys/d500"));
    late = add(&tree, sys, "late", DM_PROTOCOL_BLOCK);
    cr_expect_str_eq(class_of(late), "class/block/500");
    dm_tree_fini(&tree);
}

Test(tree, hidden_and_leaving_devices_have_no_class) {
    dm_tree_t tree;
    dm_tree_init(&tree);
    dm_node_t* node = dm_node_create(&tree, NULL, "n");
    node->protocol_id = DM_PROTOCOL_BLOCK;
    cr_assert_eq(dm_node_apply(&tree, node, DM_EVENT_ADD_WITH_INIT), ZX_OK);
    cr_expect_str_eq(class_of(node), "");
    cr_assert_eq(dm_node_apply(&tree, node, DM_EVENT_INIT_OK), ZX_OK);
    cr_expect_str_eq(class_of(node), "class/block/000");
    cr_assert_eq(dm_node_apply(&tree, node, DM_EVENT_UNBIND_START), ZX_OK);
    cr_expect_str_eq(class_of(node), "");
    dm_tree_fini(&tree);
}

// ---------------------------------------------------------------------------------------- match

// fuchsia.BIND_PROTOCOL == 0x1f, and one that matches always.
static const uint8_t g_pci_only[] = {
    0x42, 0x49, 0x4e, 0x44, 2, 0, 0, 0, 0, 0x53, 0x59, 0x4e, 0x42, 0, 0,    0, 0, 0x49,
    0x4e, 0x53, 0x54, 0x0b, 0, 0, 0, 1, 1, 1,    0,    0,    0,    1, 0x1f, 0, 0, 0};
static const uint8_t g_always[] = {0x42, 0x49, 0x4e, 0x44, 2, 0, 0, 0, 0,
                                   0x53, 0x59, 0x4e, 0x42, 0, 0, 0, 0, 0x49,
                                   0x4e, 0x53, 0x54, 0,    0, 0, 0};
// BIND_AUTOBIND == 0
static const uint8_t g_manual[] = {
    0x42, 0x49, 0x4e, 0x44, 2, 0, 0, 0, 0, 0x53, 0x59, 0x4e, 0x42, 0, 0, 0, 0, 0x49,
    0x4e, 0x53, 0x54, 0x0b, 0, 0, 0, 1, 1, 2,    0,    0,    0,    1, 0, 0, 0, 0};

static dm_driver_t make_driver(const char* name, dm_origin_t origin, bool is_fallback,
                               const uint8_t* bytes, size_t size) {
    dm_driver_t driver = {.references = 2, .origin = origin, .is_fallback = is_fallback};
    snprintf(driver.name, sizeof(driver.name), "%s", name);
    cr_assert_eq(bind_program_read(bytes, size, &driver.program, NULL), ZX_OK);
    return driver;
}

Test(match, order_is_exact_then_origin_then_name) {
    dm_registry_t registry;
    dm_registry_init(&registry);
    dm_driver_t drivers[] = {
        make_driver("fallback", DM_ORIGIN_BOOT, true, g_always, sizeof(g_always)),
        make_driver("loaded", DM_ORIGIN_LOADED, false, g_always, sizeof(g_always)),
        make_driver("b-system", DM_ORIGIN_SYSTEM, false, g_always, sizeof(g_always)),
        make_driver("a-system", DM_ORIGIN_SYSTEM, false, g_always, sizeof(g_always)),
        make_driver("z-boot", DM_ORIGIN_BOOT, false, g_always, sizeof(g_always)),
        make_driver("a-boot", DM_ORIGIN_BOOT, false, g_pci_only, sizeof(g_pci_only)),
    };
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(dm_registry_add(&registry, &drivers[i]), ZX_OK);
    }
    static const char* const order[] = {"a-boot",   "z-boot", "a-system",
                                        "b-system", "loaded", "fallback"};
    dm_properties_t none = {0};
    for (size_t i = 0; i < 6; i++) {
        dm_driver_t* driver = dm_match_find(&registry, &none, DM_PROTOCOL_PCI);
        cr_assert_not_null(driver);
        cr_expect_str_eq(driver->name, order[i]);
        dm_registry_remove(&registry, driver);
    }
    cr_expect_null(dm_match_find(&registry, &none, DM_PROTOCOL_PCI));
}

// Rules that ask for more go before a better set, a newer version before the name.
Test(match, more_specific_rules_and_newer_versions_go_first) {
    dm_registry_t registry;
    dm_registry_init(&registry);
    dm_driver_t drivers[] = {
        make_driver("a", DM_ORIGIN_BOOT, false, g_always, sizeof(g_always)),
        make_driver("b", DM_ORIGIN_LOADED, false, g_pci_only, sizeof(g_pci_only)),
        make_driver("c", DM_ORIGIN_LOADED, false, g_pci_only, sizeof(g_pci_only)),
    };
    strcpy(drivers[1].version, "1.9");
    strcpy(drivers[2].version, "1.10");
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(dm_registry_add(&registry, &drivers[i]), ZX_OK);
    }
    dm_properties_t none = {0};
    cr_expect_eq(dm_match_find(&registry, &none, DM_PROTOCOL_PCI), &drivers[2]);
    drivers[2].error = (char*)"set aside";
    cr_expect_eq(dm_match_find(&registry, &none, DM_PROTOCOL_PCI), &drivers[1]);
    drivers[2].error = NULL;
    cr_expect_eq(dm_match_find(&registry, &none, DM_PROTOCOL_PDEV), &drivers[0]);
    dm_registry_remove(&registry, &drivers[2]);
    cr_expect_eq(dm_match_find(&registry, &none, DM_PROTOCOL_PCI), &drivers[1]);
    dm_registry_remove(&registry, &drivers[1]);
    cr_expect_eq(dm_match_find(&registry, &none, DM_PROTOCOL_PCI), &drivers[0]);
    dm_registry_remove(&registry, &drivers[0]);
}

Test(match, protocol_and_autobind_are_properties) {
    dm_properties_t none = {0};
    dm_driver_t pci = make_driver("p", DM_ORIGIN_BOOT, false, g_pci_only, sizeof(g_pci_only));
    cr_expect(dm_match_driver(&pci, &none, DM_PROTOCOL_PCI, true));
    cr_expect_not(dm_match_driver(&pci, &none, DM_PROTOCOL_PDEV, true));
    dm_driver_t manual = make_driver("m", DM_ORIGIN_BOOT, false, g_manual, sizeof(g_manual));
    cr_expect(dm_match_driver(&manual, &none, 0, false));
    cr_expect_not(dm_match_driver(&manual, &none, 0, true));
    dm_registry_t registry;
    dm_registry_init(&registry);
    cr_assert_eq(dm_registry_add(&registry, &manual), ZX_OK);
    cr_expect_null(dm_match_find(&registry, &none, 0), "a driver for binding by hand was found");
    dm_registry_remove(&registry, &manual);
}

Test(match, unusable_drivers_and_proxies_never_match) {
    dm_properties_t none = {0};
    dm_driver_t driver = make_driver("d", DM_ORIGIN_BOOT, false, g_always, sizeof(g_always));
    driver.error = (char*)"damaged";
    cr_expect_not(dm_match_driver(&driver, &none, 0, true));
    driver.error = NULL;
    driver.is_proxy = true;
    cr_expect_not(dm_match_driver(&driver, &none, 0, true));
}

Test(match, one_name_once) {
    dm_registry_t registry;
    dm_registry_init(&registry);
    dm_driver_t a = make_driver("a-b", DM_ORIGIN_BOOT, false, g_always, sizeof(g_always));
    dm_driver_t b = make_driver("a-b", DM_ORIGIN_LOADED, false, g_always, sizeof(g_always));
    cr_assert_eq(dm_registry_add(&registry, &a), ZX_OK);
    cr_expect_eq(dm_registry_add(&registry, &b), ZX_ERR_ALREADY_EXISTS);
    cr_expect_eq(dm_registry_find(&registry, "a_b"), &a);
    dm_registry_remove(&registry, &a);
    cr_expect_null(dm_registry_find(&registry, "a-b"));
}
