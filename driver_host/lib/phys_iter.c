// SPDX-License-Identifier: MIT
// phys_iter: runs of device addresses.
#include <zircon/assert.h>

#include <lib/ddk/phys-iter.h>

void phys_iter_init(phys_iter_t* iter, const phys_iter_buffer_t* buf, size_t max_length) {
    ZX_DEBUG_ASSERT(max_length % ZX_PAGE_SIZE == 0);
    *iter = (phys_iter_t){.buf = *buf, .max_length = max_length != 0 ? max_length : SIZE_MAX};
}

// The current entry of the walk; the whole buffer counts as one when there is no list. False: done.
static bool current_segment(const phys_iter_t* iter, phys_iter_sg_entry_t* out_segment) {
    const phys_iter_buffer_t* buf = &iter->buf;
    if (buf->sg_list != NULL && buf->sg_count > 0) {
        if (iter->segment_index >= buf->sg_count) {
            return false;
        }
        *out_segment = buf->sg_list[iter->segment_index];
        return true;
    }
    *out_segment = (phys_iter_sg_entry_t){.length = buf->length};
    return iter->segment_index == 0;
}

size_t phys_iter_next(phys_iter_t* iter, zx_paddr_t* out) {
    const phys_iter_buffer_t* buf = &iter->buf;
    *out = 0;
    phys_iter_sg_entry_t segment;
    while (current_segment(iter, &segment) && iter->segment_done >= segment.length) {
        iter->segment_index++;
        iter->segment_done = 0;
    }
    if (!current_segment(iter, &segment)) {
        return 0;
    }
    size_t remaining = segment.length - iter->segment_done;
    // From the first byte of the first page.
    uint64_t position = buf->vmo_offset % ZX_PAGE_SIZE + segment.offset + iter->segment_done;
    size_t run;
    if (buf->phys_count == 1) {
        *out = buf->phys[0] + position;
        run = remaining;
    } else {
        uint64_t page = position / ZX_PAGE_SIZE;
        size_t in_page = position % ZX_PAGE_SIZE;
        ZX_ASSERT(page < buf->phys_count);
        *out = buf->phys[page] + in_page;
        run = ZX_PAGE_SIZE - in_page;
        while (run < remaining && run < iter->max_length && page + 1 < buf->phys_count &&
               buf->phys[page + 1] == buf->phys[page] + ZX_PAGE_SIZE) {
            run += ZX_PAGE_SIZE;
            page++;
        }
        run = run < remaining ? run : remaining;
    }
    run = run < iter->max_length ? run : iter->max_length;
    iter->segment_done += run;
    return run;
}
