// SPDX-License-Identifier: MIT
// The rules of a composite node specification.
#include <bind/composite.h>

#include <string.h>

#include <bind/legacy_keys.h>

static const bind_property_t* find(const bind_property_t* props, size_t count, const char* key,
                                   uint32_t id) {
    for (size_t i = 0; i < count; i++) {
        const bool is_it = key == NULL ? props[i].key == NULL && props[i].id == id
                                       : props[i].key != NULL && strcmp(props[i].key, key) == 0;
        if (is_it) {
            return &props[i];
        }
    }
    return NULL;
}

// The key itself, then its other form.
static const bind_property_t* find_property(const bind_spec_rule_t* rule,
                                            const bind_property_t* props, size_t count) {
    const bind_property_t* found = find(props, count, rule->key, rule->id);
    uint32_t id;
    if (found != NULL) {
        return found;
    }
    if (rule->key != NULL) {
        return bind_legacy_key_id(rule->key, strlen(rule->key), &id) ? find(props, count, NULL, id)
                                                                     : NULL;
    }
    const char* name = bind_legacy_key_name(rule->id);
    return name == NULL ? NULL : find(props, count, name, 0);
}

static bool is_text(const bind_property_t* value) {
    return value->type == BIND_VALUE_STRING || value->type == BIND_VALUE_ENUM;
}

static bool is_equal(const bind_property_t* a, const bind_property_t* b) {
    if (is_text(a) && is_text(b)) {
        return a->string != NULL && b->string != NULL && strcmp(a->string, b->string) == 0;
    }
    if (a->type != b->type) {
        return false;
    }
    return a->type == BIND_VALUE_BOOL ? a->boolean == b->boolean : a->number == b->number;
}

static bool satisfies(const bind_spec_rule_t* rule, const bind_property_t* prop) {
    bool is_listed = false;
    bool has_false = false;
    for (size_t i = 0; i < rule->count; i++) {
        const bind_property_t* value = &rule->values[i];
        is_listed = is_listed || (prop != NULL && is_equal(prop, value));
        has_false = has_false || (value->type == BIND_VALUE_BOOL && !value->boolean);
    }
    return rule->accepts ? is_listed || has_false : !is_listed;
}

bool bind_spec_rules_match(const bind_spec_rule_t* rules, size_t rule_count,
                           const bind_property_t* props, size_t count) {
    for (size_t i = 0; i < rule_count; i++) {
        if (!satisfies(&rules[i], find_property(&rules[i], props, count))) {
            return false;
        }
    }
    return true;
}
