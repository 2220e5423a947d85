// SPDX-License-Identifier: MIT
// Facts about the machine.
#include <sys/utsname.h>

#include <zircon/features.h>

#include "object_test.h"

OBJECT_SUITE(system, test_begin, test_end);

OBJECT_TEST(system, version) {
    struct utsname names;
    char version[64] = "";
    char wanted[128];
    cr_assert_eq(uname(&names), 0);
    snprintf(wanted, sizeof(wanted), "lnx-%.59s", names.release);
    expect_ok(zx_system_get_version(version, sizeof(version)));
    cr_assert_str_eq(version, wanted);
    memset(version, 0, sizeof(version));
    expect_ok(zx_system_get_version(version, strlen(wanted) + 1));
    cr_assert_str_eq(version, wanted);
    version[0] = '?';
    expect_status(zx_system_get_version(version, strlen(wanted)), ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(zx_system_get_version(version, 0), ZX_ERR_BUFFER_TOO_SMALL);
    cr_assert_eq(version[0], '?');
    expect_status(zx_system_get_version(NULL, 64), ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(system, features) {
    uint32_t features = 0;
    expect_ok(zx_system_get_features(ZX_FEATURE_KIND_CPU, &features));
    cr_assert(features & ZX_HAS_CPU_FEATURES);
#if defined(__aarch64__)
    cr_assert(features & ZX_ARM64_FEATURE_ISA_FP);
#else
    cr_assert_eq(features, ZX_HAS_CPU_FEATURES);
#endif
    expect_status(zx_system_get_features(ZX_FEATURE_KIND_CPU, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_system_get_features(1, &features), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_system_get_features(UINT32_MAX, &features), ZX_ERR_NOT_SUPPORTED);
}

OBJECT_TEST(system, numbers) {
    cr_assert_eq(zx_system_get_num_cpus(), (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
    cr_assert_eq(zx_system_get_page_size(), (uint32_t)getpagesize());
    cr_assert_eq(zx_system_get_physmem(), (uint64_t)sysconf(_SC_PHYS_PAGES) * getpagesize());
    uint32_t line = zx_system_get_dcache_line_size();
    cr_assert(line >= 16 && (line & (line - 1)) == 0, "%u", line);
}

OBJECT_TEST(system, random_numbers) {
    uint8_t bytes[2][4096];
    memset(bytes, 0, sizeof(bytes));
    zx_cprng_draw(bytes[0], sizeof(bytes[0]));
    zx_cprng_draw(bytes[1], sizeof(bytes[1]) - 1);
    cr_assert_neq(memcmp(bytes[0], bytes[1], sizeof(bytes[0]) - 1), 0);
    cr_assert_eq(bytes[1][sizeof(bytes[1]) - 1], 0, "not beyond the end");
    uint32_t seen[256] = {0};
    size_t values = 0;
    for (size_t i = 0; i < sizeof(bytes[0]); i++) {
        values += seen[bytes[0][i]]++ == 0;
    }
    cr_assert_gt(values, 200);
    zx_cprng_draw(NULL, 0);
}
