// SPDX-License-Identifier: MIT
// The device tree.
#include "device_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "host.h"
#include "protocol_names.h"
#include "text.h"

void dm_tree_init(dm_tree_t* tree) {
    *tree = (dm_tree_t){.next_id = 1};
    for (size_t i = 0; i < DM_TREE_BUCKETS; i++) {
        list_initialize(&tree->by_id[i]);
    }
    list_initialize(&tree->classes);
}

static void destroy_subtree(dm_tree_t* tree, dm_node_t* node) {
    dm_node_t* child;
    dm_node_t* next;
    list_for_every_entry_safe(&node->children, child, next, dm_node_t, sibling) {
        destroy_subtree(tree, child);
    }
    dm_node_destroy(tree, node);
}

void dm_tree_fini(dm_tree_t* tree) {
    if (tree->root != NULL) {
        destroy_subtree(tree, tree->root);
    }
    if (tree->classes.next != NULL) {
        dm_class_fini(tree);
    }
}

// ------------------------------------------------------------------------------ making, ending

static dm_node_t* find_child(const dm_node_t* parent, const char* name) {
    dm_node_t* child;
    list_for_every_entry(&parent->children, child, dm_node_t, sibling) {
        if (strcmp(child->name, name) == 0) {
            return child;
        }
    }
    return NULL;
}

static void choose_name(dm_node_t* node, const dm_node_t* parent, const char* name) {
    dm_text_copy(node->name, sizeof(node->name), name);
    for (unsigned i = 2; parent != NULL && find_child(parent, node->name) != NULL; i++) {
        char suffix[16];
        int length = snprintf(suffix, sizeof(suffix), "#%u", i);
        snprintf(node->name, sizeof(node->name), "%.*s%s", (int)DM_MAX_NAME - length, name, suffix);
    }
}

dm_node_t* dm_node_create(dm_tree_t* tree, dm_node_t* parent, const char* name) {
    dm_node_t* node = calloc(1, sizeof(*node));
    if (node == NULL) {
        return NULL;
    }
    node->id = tree->next_id++;
    node->parent = parent;
    node->depth = parent != NULL ? parent->depth + 1 : 0;
    list_initialize(&node->children);
    list_initialize(&node->metadata);
    choose_name(node, parent, name);
    if (parent != NULL) {
        list_add_tail(&parent->children, &node->sibling);
    } else {
        tree->root = node;
    }
    list_add_tail(&tree->by_id[node->id % DM_TREE_BUCKETS], &node->id_link);
    tree->count++;
    return node;
}

static void delete_if_listed(list_node_t* link) {
    if (list_in_list(link)) {
        list_delete(link);
    }
}

void dm_node_destroy(dm_tree_t* tree, dm_node_t* node) {
    dm_class_leave(tree, node);
    dm_timer_stop(&node->restart_timer);
    delete_if_listed(&node->sibling);
    delete_if_listed(&node->id_link);
    delete_if_listed(&node->bind_link);
    delete_if_listed(&node->leave_link);
    dm_metadata_t* metadata;
    dm_metadata_t* next;
    list_for_every_entry_safe(&node->metadata, metadata, next, dm_metadata_t, link) {
        free(metadata->data);
        free(metadata);
    }
    dm_properties_fini(&node->properties);
    dm_driver_unref(node->driver);
    dm_driver_unref(node->creator);
    dm_driver_unref(node->bind_choice);
    free(node->proxy_args);
    free(node->fault);
    free(node->bind_error);
    free(node->crash);
    if (tree->root == node) {
        tree->root = NULL;
    }
    tree->count--;
    tree->is_changed = true;
    free(node);
}

// ------------------------------------------------------------------------------------- finding

dm_node_t* dm_tree_find(const dm_tree_t* tree, uint64_t id) {
    dm_node_t* node;
    list_for_every_entry(&tree->by_id[id % DM_TREE_BUCKETS], node, dm_node_t, id_link) {
        if (node->id == id) {
            return node;
        }
    }
    return NULL;
}

dm_node_t* dm_tree_next_outside(const dm_node_t* node) {
    for (; node->parent != NULL; node = node->parent) {
        list_node_t* sibling = list_next(&node->parent->children, &node->sibling);
        if (sibling != NULL) {
            return containerof(sibling, dm_node_t, sibling);
        }
    }
    return NULL;
}

dm_node_t* dm_tree_next(const dm_node_t* node) {
    list_node_t* child = list_peek_head(&node->children);
    return child != NULL ? containerof(child, dm_node_t, sibling) : dm_tree_next_outside(node);
}

static dm_node_t* find_class_path(const dm_tree_t* tree, const char* path) {
    for (dm_node_t* node = tree->root; node != NULL; node = dm_tree_next(node)) {
        char own[DM_MAX_PATH + 1];
        if (node->has_class && strcmp(dm_node_class_path(node, own, sizeof(own)), path) == 0) {
            return node;
        }
    }
    return NULL;
}

dm_node_t* dm_tree_find_path(const dm_tree_t* tree, const char* path) {
    if (strncmp(path, "class/", 6) == 0) {
        return find_class_path(tree, path);
    }
    if (strlen(path) > DM_MAX_PATH || tree->root == NULL) {
        return NULL;
    }
    char copy[DM_MAX_PATH + 1];
    dm_text_copy(copy, sizeof(copy), path);
    dm_node_t* node = NULL;
    for (char* part = copy; part != NULL;) {
        char* slash = strchr(part, '/');
        if (slash != NULL) {
            *slash++ = '\0';
        }
        if (node == NULL) {
            node = strcmp(tree->root->name, part) == 0 ? tree->root : NULL;
        } else {
            node = find_child(node, part);
        }
        if (node == NULL) {
            return NULL;
        }
        part = slash;
    }
    return node;
}

const char* dm_node_path(const dm_node_t* node, char* out, size_t size) {
    const dm_node_t* chain[DM_MAX_DEPTH + 1];
    size_t count = 0;
    for (; node != NULL && count <= DM_MAX_DEPTH; node = node->parent) {
        chain[count++] = node;
    }
    size_t used = 0;
    out[0] = '\0';
    while (count > 0 && used < size) {
        const dm_node_t* part = chain[--count];
        int n = snprintf(out + used, size - used, "%s%s", part->name, count != 0 ? "/" : "");
        used += n > 0 ? (size_t)n : 0;
    }
    return out;
}

const char* dm_node_class_path(const dm_node_t* node, char* out, size_t size) {
    out[0] = '\0';
    if (node->has_class) {
        snprintf(out, size, "class/%s/%03u", dm_protocol_class(node->protocol_id),
                 node->class_number);
    }
    return out;
}

// --------------------------------------------------------------------------------------- state

zx_status_t dm_node_apply(dm_tree_t* tree, dm_node_t* node, dm_device_event_t event) {
    dm_device_state_t next;
    zx_status_t status = dm_device_state_next(node->state, event, &next);
    if (status != ZX_OK) {
        return status;
    }
    if (next == DM_DEVICE_RUNNING && !node->has_class) {
        dm_class_enter(tree, node);
    } else if (dm_device_state_is_leaving(next)) {
        dm_class_leave(tree, node);
    }
    node->state = next;
    tree->is_changed = true;
    return ZX_OK;
}

// ------------------------------------------------------------------------------------ metadata

zx_status_t dm_node_add_metadata(dm_node_t* node, uint32_t type, const void* data, size_t size,
                                 size_t max_size) {
    if (size > max_size || node->metadata_count >= DM_MAX_METADATA_PER_DEVICE) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    dm_metadata_t* metadata = calloc(1, sizeof(*metadata));
    uint8_t* copy = malloc(size + 1);
    if (metadata == NULL || copy == NULL) {
        free(metadata);
        free(copy);
        return ZX_ERR_NO_MEMORY;
    }
    if (size != 0) {
        memcpy(copy, data, size);
    }
    *metadata = (dm_metadata_t){.type = type, .size = size, .data = copy};
    list_add_head(&node->metadata, &metadata->link);
    node->metadata_count++;
    node->metadata_bytes += size;
    return ZX_OK;
}

const dm_metadata_t* dm_node_find_metadata(const dm_node_t* node, uint32_t type) {
    for (; node != NULL; node = node->parent) {
        const dm_metadata_t* metadata;
        list_for_every_entry(&node->metadata, metadata, dm_metadata_t, link) {
            if (metadata->type == type) {
                return metadata;
            }
        }
    }
    return NULL;
}

// ----------------------------------------------------------------------------------- instances

void dm_instance_attach(dm_instance_t* instance, dm_node_t* node, dm_host_t* host, uint64_t id) {
    *instance = (dm_instance_t){.node = node, .host = host, .id = id};
    list_add_tail(&host->instances, &instance->link);
    host->instance_count++;
}

void dm_instance_detach(dm_instance_t* instance) {
    if (instance->host == NULL) {
        return;
    }
    list_delete(&instance->link);
    instance->host->instance_count--;
    *instance = (dm_instance_t){0};
}
