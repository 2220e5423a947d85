// SPDX-License-Identifier: MIT
// What lies where in an address region: a sorted array of mappings and inner regions.
#include <stdlib.h>
#include <string.h>

#include "vmar.h"
#include "vmo.h"

pthread_mutex_t ko_vmar_lock = PTHREAD_MUTEX_INITIALIZER;

size_t ko_vmar_find_locked(const ko_vmar_t* region, zx_vaddr_t address) {
    size_t low = 0;
    size_t high = region->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (region->entries[middle].end <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool ko_vmar_reserve_locked(ko_vmar_t* region) {
    if (region->count < region->capacity) {
        return true;
    }
    size_t capacity = region->capacity ? region->capacity * 2 : 16;
    ko_vmar_entry_t* entries = realloc(region->entries, capacity * sizeof(*entries));
    if (!entries) {
        return false;
    }
    region->entries = entries;
    region->capacity = capacity;
    return true;
}

void ko_vmar_insert_locked(ko_vmar_t* region, const ko_vmar_entry_t* entry) {
    size_t index = ko_vmar_find_locked(region, entry->start);
    memmove(&region->entries[index + 1], &region->entries[index],
            (region->count - index) * sizeof(*entry));
    region->entries[index] = *entry;
    region->count++;
    if (entry->vmo) {
        ko_vmo_count_mapping(entry->vmo, 1);
    }
}

void ko_vmar_remove_locked(ko_vmar_t* region, size_t index) {
    ko_vmar_entry_t entry = region->entries[index];
    region->count--;
    memmove(&region->entries[index], &region->entries[index + 1],
            (region->count - index) * sizeof(entry));
    if (entry.vmo) {
        ko_vmo_count_mapping(entry.vmo, -1);
        ko_object_release(entry.vmo);
    } else {
        ko_object_release(&entry.child->base);
    }
}

size_t ko_vmar_cut_locked(ko_vmar_t* region, size_t index, zx_vaddr_t start, zx_vaddr_t end) {
    ko_vmar_entry_t* entry = &region->entries[index];
    ko_vmar_entry_t tail = *entry;
    tail.start = end;
    bool keeps_head = entry->start < start;
    bool keeps_tail = entry->end > end;
    if (!keeps_head && !keeps_tail) {
        ko_vmar_remove_locked(region, index);
        return index;
    }
    if (!keeps_head) {
        entry->start = end;
        return index;
    }
    entry->end = start;
    if (keeps_tail) {
        ko_object_acquire(tail.vmo);
        ko_vmar_insert_locked(region, &tail);
    }
    return index + 1;
}

bool ko_vmar_gap_locked(const ko_vmar_t* region, uint64_t length, zx_vaddr_t* out) {
    zx_vaddr_t at = region->start;
    for (size_t i = 0; i < region->count && region->entries[i].start - at < length; i++) {
        at = region->entries[i].end;
    }
    size_t next = ko_vmar_find_locked(region, at);
    zx_vaddr_t end = next < region->count ? region->entries[next].start : region->end;
    *out = at;
    return end - at >= length;
}
