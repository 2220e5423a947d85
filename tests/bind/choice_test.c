// SPDX-License-Identifier: MIT
// The order in which several drivers of one device are preferred.
#include <criterion/criterion.h>

#include <bind/choice.h>

static const bind_candidate_t plain = {
    .name = "m", .version = "1.2", .specificity = 512, .set = BIND_CHOICE_SYSTEM};

static void check(bind_candidate_t better, bind_candidate_t worse, bind_choice_reason_t expected) {
    bind_choice_reason_t reason;
    cr_assert_lt(bind_choice_compare(&better, &worse, &reason), 0);
    cr_assert_eq(reason, expected);
    cr_assert_gt(bind_choice_compare(&worse, &better, &reason), 0);
    cr_assert_eq(reason, expected);
}

// Each rule decides although every later one says the contrary.
Test(bind_choice, rules_in_their_order) {
    bind_candidate_t a = plain;
    bind_candidate_t b = plain;
    a.name = "z";
    check(plain, a, BIND_CHOICE_BY_NAME);
    a.version = "1.10";
    check(a, plain, BIND_CHOICE_NEWER);
    b.set = BIND_CHOICE_BOOT;
    check(b, a, BIND_CHOICE_BY_SET);
    a.set = BIND_CHOICE_LOADED;
    a.specificity = 513;
    check(a, b, BIND_CHOICE_SPECIFIC);
    a.is_fallback = true;
    check(b, a, BIND_CHOICE_EXACT);
}

Test(bind_choice, equals_and_missing_versions) {
    bind_choice_reason_t reason;
    cr_assert_eq(bind_choice_compare(&plain, &plain, &reason), 0);
    cr_assert_eq(reason, BIND_CHOICE_SAME);
    bind_candidate_t unversioned = plain;
    unversioned.version = NULL;
    check(plain, unversioned, BIND_CHOICE_NEWER);
    cr_assert_eq(bind_choice_compare(&unversioned, &unversioned, NULL), 0);
}

Test(bind_choice, versions) {
    static const char* const ascending[] = {"",
                                            "0.9",
                                            "1",
                                            "1.0",
                                            "1.0.1",
                                            "1.2",
                                            "1.10",
                                            "1.10a",
                                            "1.10b2",
                                            "1.11",
                                            "2",
                                            "18446744073709551616",
                                            "18446744073709551617",
                                            "a"};
    const size_t count = sizeof(ascending) / sizeof(ascending[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const int order = bind_version_compare(ascending[i], ascending[j]);
            cr_assert_eq((order > 0) - (order < 0), (i > j) - (i < j), "%s and %s", ascending[i],
                         ascending[j]);
        }
    }
    cr_assert_eq(bind_version_compare("*1.5", "1.5"), 0);
    cr_assert_eq(bind_version_compare("1.05", "1.5"), 0);
}
