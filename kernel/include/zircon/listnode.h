// SPDX-License-Identifier: MIT
// A circular doubly linked list whose nodes live inside the elements. The list itself is a node
// that belongs to no element. A node that is in no list is "cleared": both pointers NULL. Nothing
// here locks or allocates; the caller owns every element.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <zircon/compiler.h>

__BEGIN_CDECLS

typedef struct list_node list_node_t;
struct list_node {
    list_node_t* prev;
    list_node_t* next;
};

#define LIST_INITIAL_VALUE(list) \
    { &(list), &(list) }
#define LIST_INITIAL_CLEARED_VALUE \
    { NULL, NULL }

static inline void list_initialize(list_node_t* list) {
    list->prev = list;
    list->next = list;
}

static inline void list_clear_node(list_node_t* item) {
    item->prev = NULL;
    item->next = NULL;
}

static inline bool list_in_list(const list_node_t* item) {
    return item->prev != NULL || item->next != NULL;
}

static inline bool list_is_empty(const list_node_t* list) {
    return list->next == list;
}

// Puts `item` right behind `where`.
static inline void list_add_after(list_node_t* where, list_node_t* item) {
    item->prev = where;
    item->next = where->next;
    where->next->prev = item;
    where->next = item;
}

static inline void list_add_before(list_node_t* where, list_node_t* item) {
    list_add_after(where->prev, item);
}

static inline void list_add_head(list_node_t* list, list_node_t* item) {
    list_add_after(list, item);
}

static inline void list_add_tail(list_node_t* list, list_node_t* item) {
    list_add_before(list, item);
}

static inline void list_delete(list_node_t* item) {
    item->next->prev = item->prev;
    item->prev->next = item->next;
    list_clear_node(item);
}

// `fresh` takes the place of `old`, which becomes cleared.
static inline void list_replace_node(list_node_t* old, list_node_t* fresh) {
    fresh->prev = old->prev;
    fresh->next = old->next;
    old->prev->next = fresh;
    old->next->prev = fresh;
    list_clear_node(old);
}

static inline list_node_t* list_peek_head(const list_node_t* list) {
    return list_is_empty(list) ? NULL : list->next;
}

static inline list_node_t* list_peek_tail(const list_node_t* list) {
    return list_is_empty(list) ? NULL : list->prev;
}

static inline list_node_t* list_remove_head(list_node_t* list) {
    list_node_t* item = list_peek_head(list);
    if (item) {
        list_delete(item);
    }
    return item;
}

static inline list_node_t* list_remove_tail(list_node_t* list) {
    list_node_t* item = list_peek_tail(list);
    if (item) {
        list_delete(item);
    }
    return item;
}

// Neighbours; NULL at the ends. The _wrap forms go round the head.
static inline list_node_t* list_next(const list_node_t* list, const list_node_t* item) {
    return item->next == list ? NULL : item->next;
}

static inline list_node_t* list_prev(const list_node_t* list, const list_node_t* item) {
    return item->prev == list ? NULL : item->prev;
}

static inline list_node_t* list_next_wrap(list_node_t* list, const list_node_t* item) {
    return item->next == list ? list_peek_head(list) : item->next;
}

static inline list_node_t* list_prev_wrap(list_node_t* list, const list_node_t* item) {
    return item->prev == list ? list_peek_tail(list) : item->prev;
}

static inline size_t list_length(const list_node_t* list) {
    size_t count = 0;
    for (const list_node_t* node = list->next; node != list; node = node->next) {
        count++;
    }
    return count;
}

// All nodes of `splice_from` go behind `where`, in order; `splice_from` becomes empty.
static inline void list_splice_after(list_node_t* splice_from, list_node_t* where) {
    if (list_is_empty(splice_from)) {
        return;
    }
    list_node_t* first = splice_from->next;
    list_node_t* last = splice_from->prev;
    last->next = where->next;
    where->next->prev = last;
    where->next = first;
    first->prev = where;
    list_initialize(splice_from);
}

// The nodes behind `where` leave `list` for `split_to`, whose former contents are dropped.
static inline void list_split_after(list_node_t* list, list_node_t* where, list_node_t* split_to) {
    if (where->next == list) {
        list_initialize(split_to);
        return;
    }
    split_to->next = where->next;
    split_to->prev = list->prev;
    split_to->next->prev = split_to;
    split_to->prev->next = split_to;
    where->next = list;
    list->prev = where;
}

// All nodes of `from` go to `to`, whose former contents are dropped.
static inline void list_move(list_node_t* from, list_node_t* to) {
    list_initialize(to);
    list_splice_after(from, to);
}

// Typed forms: each evaluates its list operation once through a helper that keeps NULL.
static inline void* list_container_(list_node_t* node, size_t offset) {
    return node ? (void*)((char*)node - offset) : NULL;
}

#define list_remove_head_type(list, type, element) \
    ((type*)list_container_(list_remove_head(list), offsetof(type, element)))
#define list_remove_tail_type(list, type, element) \
    ((type*)list_container_(list_remove_tail(list), offsetof(type, element)))
#define list_peek_head_type(list, type, element) \
    ((type*)list_container_(list_peek_head(list), offsetof(type, element)))
#define list_peek_tail_type(list, type, element) \
    ((type*)list_container_(list_peek_tail(list), offsetof(type, element)))
#define list_next_type(list, item, type, element) \
    ((type*)list_container_(list_next(list, item), offsetof(type, element)))
#define list_prev_type(list, item, type, element) \
    ((type*)list_container_(list_prev(list, item), offsetof(type, element)))
#define list_next_wrap_type(list, item, type, element) \
    ((type*)list_container_(list_next_wrap(list, item), offsetof(type, element)))
#define list_prev_wrap_type(list, item, type, element) \
    ((type*)list_container_(list_prev_wrap(list, item), offsetof(type, element)))

#define list_for_every(list, node) \
    for ((node) = (list)->next; (node) != (list); (node) = (node)->next)

// The body may delete `node`.
#define list_for_every_safe(list, node, temp_node)                            \
    for ((node) = (list)->next, (temp_node) = (node)->next; (node) != (list); \
         (node) = (temp_node), (temp_node) = (node)->next)

#define list_for_every_entry(list, entry, type, member)                                 \
    for ((entry) = containerof((list)->next, type, member); &(entry)->member != (list); \
         (entry) = containerof((entry)->member.next, type, member))

// The body may delete `entry`.
#define list_for_every_entry_safe(list, entry, temp_entry, type, member) \
    for ((entry) = containerof((list)->next, type, member),              \
        (temp_entry) = containerof((entry)->member.next, type, member);  \
         &(entry)->member != (list); (entry) = (temp_entry),             \
        (temp_entry) = containerof((temp_entry)->member.next, type, member))

__END_CDECLS
