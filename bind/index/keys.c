// SPDX-License-Identifier: MIT
// Keys of an index, and the sets of keys that lookups combine.
#include <bind/legacy_keys.h>
#include <zircon/errors.h>

#include "index_private.h"

static zx_status_t add_key(bind_index_t* index, uint32_t text, uint32_t number,
                           uint32_t* out_slot) {
    if (!bind_grow((void**)&index->keys, &index->key_capacity, index->key_count + 1,
                   sizeof(*index->keys))) {
        return ZX_ERR_NO_MEMORY;
    }
    *out_slot = index->key_count++;
    index->keys[*out_slot] = (bind_key_t){.text = text, .number = number, .bit = BIND_INDEX_BITS};
    return ZX_OK;
}

// The texts by which a number key is found: its legacy name and, for a large one, its bytes.
static zx_status_t intern_number_texts(bind_index_t* index, uint32_t number, uint32_t* out_legacy,
                                       uint32_t* out_far) {
    const char* name = bind_legacy_key_name(number);
    *out_legacy = BIND_NONE;
    *out_far = BIND_NONE;
    zx_status_t status = ZX_OK;
    if (name != NULL) {
        status = bind_texts_intern(&index->texts, name, strlen(name), out_legacy);
    }
    if (status == ZX_OK && number >= BIND_NUMBER_KEYS) {
        char far[BIND_FAR_SIZE];
        bind_far_text(number, far);
        status = bind_texts_intern(&index->texts, far, BIND_FAR_SIZE, out_far);
    }
    return status;
}

static zx_status_t intern_number(bind_index_t* index, uint32_t number, uint32_t* out_slot) {
    *out_slot = bind_keys_find_number(index, number);
    if (*out_slot != BIND_NONE) {
        return ZX_OK;
    }
    uint32_t legacy;
    uint32_t far;
    zx_status_t status = intern_number_texts(index, number, &legacy, &far);
    if (status == ZX_OK) {
        status = add_key(index, BIND_NONE, number, out_slot);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (legacy != BIND_NONE) {
        index->texts.items[legacy].legacy_slot = *out_slot;
    }
    if (far != BIND_NONE) {
        index->texts.items[far].slot = *out_slot;
    } else {
        index->number_slots[number] = *out_slot;
    }
    return ZX_OK;
}

zx_status_t bind_keys_intern(bind_index_t* index, const bind_path_key_t* key, uint32_t* out_slot) {
    if (key->text == NULL) {
        return intern_number(index, key->id, out_slot);
    }
    uint32_t text;
    zx_status_t status = bind_texts_intern(&index->texts, key->text, strlen(key->text), &text);
    if (status != ZX_OK) {
        return status;
    }
    *out_slot = index->texts.items[text].slot;
    if (*out_slot == BIND_NONE) {
        status = add_key(index, text, 0, out_slot);
        if (status == ZX_OK) {
            index->texts.items[text].slot = *out_slot;
        }
    }
    return status;
}

// --------------------------------------------------------------------------------------- shapes

static bool needs(const uint32_t* slots, const uint8_t* kinds, uint32_t count, uint32_t slot,
                  uint8_t kind) {
    for (uint32_t i = 0; i < count; i++) {
        if (slots[i] == slot && kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

// Whether the shape asks for nothing that is not in the list.
static bool is_subset(const bind_index_t* index, const bind_shape_t* shape, const uint32_t* slots,
                      const uint8_t* kinds, uint32_t count) {
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!needs(slots, kinds, count, index->bit_slots[shape->bits[i]], shape->kinds[i])) {
            return false;
        }
    }
    return true;
}

static uint32_t best_subset(const bind_index_t* index, const uint32_t* slots, const uint8_t* kinds,
                            uint32_t count) {
    uint32_t best = BIND_SINGLE;
    for (uint32_t i = 0; i < index->shape_limit; i++) {
        const bind_shape_t* shape = &index->shapes[i];
        if (shape->count != 0 && shape->count <= count &&
            (best == BIND_SINGLE || shape->count > index->shapes[best].count) &&
            is_subset(index, shape, slots, kinds, count)) {
            best = i;
        }
    }
    return best;
}

static uint32_t find_free_bit(const bind_index_t* index) {
    uint32_t bit = 0;
    while (bit < BIND_INDEX_BITS && bind_mask_has(&index->bits_in_use, bit)) {
        bit++;
    }
    return bit;
}

static uint32_t count_free_bits(const bind_index_t* index) {
    uint32_t count = 0;
    for (uint32_t bit = 0; bit < BIND_INDEX_BITS; bit++) {
        count += !bind_mask_has(&index->bits_in_use, bit);
    }
    return count;
}

static bool has_bits_for(const bind_index_t* index, const uint32_t* slots, uint32_t count) {
    uint32_t missing = 0;
    for (uint32_t i = 0; i < count; i++) {
        missing += index->keys[slots[i]].bit == BIND_INDEX_BITS;
    }
    return missing <= count_free_bits(index);
}

static void give_bit(bind_index_t* index, uint32_t slot) {
    const uint32_t bit = find_free_bit(index);
    bind_mask_add(&index->bits_in_use, bit);
    index->bit_slots[bit] = slot;
    index->keys[slot].bit = (uint8_t)bit;
}

static uint32_t make_shape(bind_index_t* index, const uint32_t* slots, const uint8_t* kinds,
                           uint32_t count) {
    uint32_t place = 0;
    while (place < BIND_INDEX_SHAPES && index->shapes[place].count != 0) {
        place++;
    }
    if (place == BIND_INDEX_SHAPES || !has_bits_for(index, slots, count)) {
        return BIND_SINGLE;
    }
    bind_shape_t* shape = &index->shapes[place];
    *shape = (bind_shape_t){.count = (uint8_t)count};
    for (uint32_t i = 0; i < count; i++) {
        bind_key_t* key = &index->keys[slots[i]];
        if (key->bit == BIND_INDEX_BITS) {
            give_bit(index, slots[i]);
        }
        key->shape_uses++;
        shape->bits[i] = key->bit;
        shape->kinds[i] = kinds[i];
        bind_mask_add(&shape->mask, key->bit);
    }
    if (place >= index->shape_limit) {
        index->shape_limit = place + 1;
    }
    return place;
}

uint32_t bind_shapes_choose(bind_index_t* index, const uint32_t* slots, const uint8_t* kinds,
                            uint32_t count) {
    if (count < 2) {
        return BIND_SINGLE;
    }
    uint32_t shape = best_subset(index, slots, kinds, count);
    if (shape == BIND_SINGLE || index->shapes[shape].count < count) {
        const uint32_t made = make_shape(index, slots, kinds, count);
        shape = made != BIND_SINGLE ? made : shape;
    }
    if (shape != BIND_SINGLE) {
        index->shapes[shape].uses++;
    }
    return shape;
}

void bind_shapes_release(bind_index_t* index, uint32_t place) {
    bind_shape_t* shape = &index->shapes[place];
    if (--shape->uses > 0) {
        return;
    }
    for (uint32_t i = 0; i < shape->count; i++) {
        bind_key_t* key = &index->keys[index->bit_slots[shape->bits[i]]];
        if (--key->shape_uses == 0) {
            bind_mask_remove(&index->bits_in_use, key->bit);
            key->bit = BIND_INDEX_BITS;
        }
    }
    shape->count = 0;
    while (index->shape_limit > 0 && index->shapes[index->shape_limit - 1].count == 0) {
        index->shape_limit--;
    }
}
