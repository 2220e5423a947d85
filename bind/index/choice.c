// SPDX-License-Identifier: MIT
// The choice among several drivers that match one device.
#include <bind/choice.h>

#include <stddef.h>
#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Compares the runs of digits at *a and *b as numbers of any length and moves past them.
static int compare_numbers(const char** a, const char** b) {
    while (**a == '0') {
        (*a)++;
    }
    while (**b == '0') {
        (*b)++;
    }
    size_t a_size = 0;
    size_t b_size = 0;
    while (is_digit((*a)[a_size])) {
        a_size++;
    }
    while (is_digit((*b)[b_size])) {
        b_size++;
    }
    int order = a_size < b_size ? -1 : a_size > b_size ? 1 : memcmp(*a, *b, a_size);
    *a += a_size;
    *b += b_size;
    return order;
}

int bind_version_compare(const char* a, const char* b) {
    a += *a == '*';
    b += *b == '*';
    while (*a != 0 && *b != 0) {
        if (is_digit(*a) && is_digit(*b)) {
            const int order = compare_numbers(&a, &b);
            if (order != 0) {
                return order < 0 ? -1 : 1;
            }
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return *a == *b ? 0 : *a == 0 ? -1 : 1;
}

int bind_choice_compare(const bind_candidate_t* a, const bind_candidate_t* b,
                        bind_choice_reason_t* out_reason) {
    bind_choice_reason_t reason = BIND_CHOICE_EXACT;
    int order = (int)a->is_fallback - (int)b->is_fallback;
    if (order == 0) {
        reason = BIND_CHOICE_SPECIFIC;
        order = (a->specificity < b->specificity) - (a->specificity > b->specificity);
    }
    if (order == 0) {
        reason = BIND_CHOICE_BY_SET;
        order = (int)a->set - (int)b->set;
    }
    if (order == 0) {
        reason = BIND_CHOICE_NEWER;
        order = -bind_version_compare(a->version == NULL ? "" : a->version,
                                      b->version == NULL ? "" : b->version);
    }
    if (order == 0) {
        reason = BIND_CHOICE_BY_NAME;
        order = strcmp(a->name, b->name);
    }
    if (out_reason != NULL) {
        *out_reason = order == 0 ? BIND_CHOICE_SAME : reason;
    }
    return order;
}

const char* bind_choice_reason_text(bind_choice_reason_t reason) {
    switch (reason) {
        case BIND_CHOICE_EXACT:
            return "the other is only a fallback";
        case BIND_CHOICE_SPECIFIC:
            return "its rules ask for more of the device";
        case BIND_CHOICE_BY_SET:
            return "its set goes before the other's (boot, system, loaded)";
        case BIND_CHOICE_NEWER:
            return "its version is newer";
        case BIND_CHOICE_BY_NAME:
            return "its name comes first";
        default:
            return "there is no difference";
    }
}
