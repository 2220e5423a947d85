// SPDX-License-Identifier: MIT
// Numbers below class/: class/block/000 and so on.
#include <stdlib.h>
#include <string.h>

#include "device_tree.h"
#include "protocol_names.h"

static dm_class_assignment_t* find_path(dm_tree_t* tree, uint32_t protocol_id, const char* path) {
    dm_class_assignment_t* row;
    list_for_every_entry(&tree->classes, row, dm_class_assignment_t, link) {
        if (row->protocol_id == protocol_id && strcmp(row->path, path) == 0) {
            return row;
        }
    }
    return NULL;
}

static void drop(dm_tree_t* tree, dm_class_assignment_t* row) {
    list_delete(&row->link);
    tree->class_count--;
    free(row);
}

// Forgets the longest unused assignment of |protocol_id|, or of any protocol if it is 0. False: all
// are in use.
static bool forget_one(dm_tree_t* tree, uint32_t protocol_id) {
    dm_class_assignment_t* row;
    list_for_every_entry(&tree->classes, row, dm_class_assignment_t, link) {
        if (!row->is_used && (protocol_id == 0 || row->protocol_id == protocol_id)) {
            drop(tree, row);
            return true;
        }
    }
    return false;
}

// The lowest number that nobody has or had.
static bool choose_number(dm_tree_t* tree, uint32_t protocol_id, uint32_t* out_number) {
    do {
        bool is_taken[DM_MAX_CLASS_NUMBER] = {false};
        const dm_class_assignment_t* row;
        list_for_every_entry(&tree->classes, row, dm_class_assignment_t, link) {
            if (row->protocol_id == protocol_id) {
                is_taken[row->number] = true;
            }
        }
        for (uint32_t number = 0; number < DM_MAX_CLASS_NUMBER; number++) {
            if (!is_taken[number]) {
                *out_number = number;
                return true;
            }
        }
    } while (forget_one(tree, protocol_id));
    return false;
}

static dm_class_assignment_t* assign(dm_tree_t* tree, uint32_t protocol_id, const char* path) {
    uint32_t number = 0;
    if (tree->class_count >= DM_MAX_CLASS_ASSIGNMENTS && !forget_one(tree, 0)) {
        return NULL;
    }
    if (!choose_number(tree, protocol_id, &number)) {
        return NULL;
    }
    size_t size = strlen(path) + 1;
    dm_class_assignment_t* row = calloc(1, sizeof(*row) + size);
    if (row == NULL) {
        return NULL;
    }
    row->protocol_id = protocol_id;
    row->number = number;
    memcpy(row->path, path, size);
    list_add_tail(&tree->classes, &row->link);
    tree->class_count++;
    return row;
}

void dm_class_enter(dm_tree_t* tree, dm_node_t* node) {
    if (node->has_class || dm_protocol_class(node->protocol_id) == NULL) {
        return;
    }
    char path[DM_MAX_PATH + 1];
    dm_node_path(node, path, sizeof(path));
    dm_class_assignment_t* row = find_path(tree, node->protocol_id, path);
    if (row == NULL) {
        row = assign(tree, node->protocol_id, path);
    }
    if (row == NULL || row->is_used) {
        return;
    }
    row->is_used = true;
    node->has_class = true;
    node->class_number = row->number;
}

void dm_class_leave(dm_tree_t* tree, dm_node_t* node) {
    if (!node->has_class) {
        return;
    }
    node->has_class = false;
    dm_class_assignment_t* row;
    list_for_every_entry(&tree->classes, row, dm_class_assignment_t, link) {
        if (row->protocol_id == node->protocol_id && row->number == node->class_number) {
            row->is_used = false;
            // The one released last is forgotten last.
            list_delete(&row->link);
            list_add_tail(&tree->classes, &row->link);
            return;
        }
    }
}

void dm_class_fini(dm_tree_t* tree) {
    dm_class_assignment_t* row;
    dm_class_assignment_t* next;
    list_for_every_entry_safe(&tree->classes, row, next, dm_class_assignment_t, link) {
        drop(tree, row);
    }
}
