// SPDX-License-Identifier: MIT
// The intrusive list of zircon/listnode.h.
#include <criterion/criterion.h>

#include <zircon/listnode.h>

typedef struct item {
    int value;
    list_node_t node;
} item_t;

static list_node_t list;
static item_t items[5];

static void begin(void) {
    list_initialize(&list);
    for (int i = 0; i < 5; i++) {
        items[i] = (item_t){.value = i};
    }
}

TestSuite(listnode, .init = begin, .timeout = 10);

// The values in order as digits, checked in both directions.
static void expect_items(list_node_t* of, const char* digits) {
    char forward[8] = "";
    size_t length = 0;
    item_t* item;
    list_for_every_entry(of, item, item_t, node) {
        cr_assert_lt(length, 6);
        forward[length++] = (char)('0' + item->value);
    }
    cr_assert_str_eq(forward, digits);
    cr_assert_eq(list_length(of), length);
    for (list_node_t* node = list_peek_tail(of); node; node = list_prev(of, node)) {
        cr_assert_eq('0' + containerof(node, item_t, node)->value, digits[--length]);
    }
    cr_assert_eq(length, 0);
}

static void add_all(int count) {
    for (int i = 0; i < count; i++) {
        list_add_tail(&list, &items[i].node);
    }
}

Test(listnode, empty) {
    cr_assert(list_is_empty(&list));
    cr_assert_null(list_peek_head(&list));
    cr_assert_null(list_peek_tail(&list));
    cr_assert_null(list_remove_head(&list));
    cr_assert_null(list_remove_tail(&list));
    cr_assert_null(list_remove_head_type(&list, item_t, node));
    cr_assert_null(list_peek_tail_type(&list, item_t, node));
    expect_items(&list, "");
    list_node_t constant = LIST_INITIAL_VALUE(constant);
    cr_assert(list_is_empty(&constant));
    list_node_t cleared = LIST_INITIAL_CLEARED_VALUE;
    cr_assert_not(list_in_list(&cleared));
}

Test(listnode, add_and_remove) {
    list_add_tail(&list, &items[1].node);
    list_add_head(&list, &items[0].node);
    list_add_tail(&list, &items[4].node);
    list_add_after(&items[1].node, &items[2].node);
    list_add_before(&items[4].node, &items[3].node);
    expect_items(&list, "01234");
    cr_assert(list_in_list(&items[2].node));
    list_delete(&items[2].node);
    cr_assert_not(list_in_list(&items[2].node));
    expect_items(&list, "0134");
    cr_assert_eq(list_remove_head_type(&list, item_t, node), &items[0]);
    cr_assert_eq(list_remove_tail_type(&list, item_t, node), &items[4]);
    cr_assert_not(list_in_list(&items[0].node));
    cr_assert_eq(list_peek_head_type(&list, item_t, node), &items[1]);
    cr_assert_eq(list_peek_tail_type(&list, item_t, node), &items[3]);
    expect_items(&list, "13");
}

Test(listnode, neighbours) {
    add_all(3);
    cr_assert_eq(list_next(&list, &items[0].node), &items[1].node);
    cr_assert_null(list_next(&list, &items[2].node));
    cr_assert_null(list_prev(&list, &items[0].node));
    cr_assert_eq(list_next_wrap(&list, &items[2].node), &items[0].node);
    cr_assert_eq(list_prev_wrap(&list, &items[0].node), &items[2].node);
    cr_assert_eq(list_next_type(&list, &items[0].node, item_t, node), &items[1]);
    cr_assert_null(list_next_type(&list, &items[2].node, item_t, node));
    cr_assert_eq(list_prev_type(&list, &items[2].node, item_t, node), &items[1]);
    cr_assert_eq(list_next_wrap_type(&list, &items[2].node, item_t, node), &items[0]);
    cr_assert_eq(list_prev_wrap_type(&list, &items[0].node, item_t, node), &items[2]);
}

Test(listnode, replace) {
    add_all(3);
    list_replace_node(&items[1].node, &items[4].node);
    expect_items(&list, "042");
    cr_assert_not(list_in_list(&items[1].node));
}

Test(listnode, splice_split_move) {
    add_all(2);
    list_node_t other;
    list_initialize(&other);
    list_splice_after(&other, &list);
    expect_items(&list, "01");
    for (int i = 2; i < 5; i++) {
        list_add_tail(&other, &items[i].node);
    }
    list_splice_after(&other, &items[0].node);
    expect_items(&list, "02341");
    cr_assert(list_is_empty(&other));
    list_split_after(&list, &items[3].node, &other);
    expect_items(&list, "023");
    expect_items(&other, "41");
    list_move(&other, &list);
    expect_items(&list, "41");
    cr_assert(list_is_empty(&other));
    list_split_after(&list, &items[1].node, &other);  // behind the last: nothing
    expect_items(&list, "41");
    cr_assert(list_is_empty(&other));
    list_split_after(&list, &list, &other);  // behind the head: everything
    cr_assert(list_is_empty(&list));
    expect_items(&other, "41");
}

Test(listnode, delete_while_walking) {
    add_all(5);
    item_t* item;
    item_t* next;
    list_for_every_entry_safe(&list, item, next, item_t, node) {
        if (item->value % 2 == 0) {
            list_delete(&item->node);
        }
    }
    expect_items(&list, "13");
    list_node_t* node;
    list_node_t* following;
    list_for_every_safe(&list, node, following) {
        list_delete(node);
    }
    cr_assert(list_is_empty(&list));
}
