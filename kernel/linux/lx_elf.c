// SPDX-License-Identifier: MIT
// A check of a shared object's headers. Whatever it passes can be mapped as it says, without a page
// that the file does not have; what the dynamic section holds is the dynamic loader's to judge.
#include "lx_elf.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "unknown machine"
#endif

#define SEGMENT_END_MAX ((uint64_t)1 << 30)  // a driver larger than this is no driver

static const char* check_header(const Elf64_Ehdr* header, size_t size) {
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        return "not an ELF file";
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_machine != MACHINE) {
        return "built for another machine";
    }
    if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_type != ET_DYN) {
        return "not a shared object";
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
        header->e_phoff > size || header->e_phoff % _Alignof(Elf64_Phdr) != 0 ||
        (size - header->e_phoff) / sizeof(Elf64_Phdr) < header->e_phnum) {
        return "program headers outside of the file";
    }
    return NULL;
}

static bool is_inside(const Elf64_Phdr* segment, size_t size) {
    return segment->p_offset <= size && segment->p_filesz <= size - segment->p_offset &&
           segment->p_filesz <= segment->p_memsz && segment->p_vaddr <= SEGMENT_END_MAX &&
           segment->p_memsz <= SEGMENT_END_MAX - segment->p_vaddr;
}

static bool is_aligned(const Elf64_Phdr* segment) {
    uint64_t align = segment->p_align;
    return align >= 4096 && (align & (align - 1)) == 0 &&
           (segment->p_vaddr - segment->p_offset) % align == 0;
}

static const char* check_segments(const Elf64_Phdr* segments, size_t count, size_t size) {
    bool has_load = false, has_dynamic = false, has_stack = false;
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const Elf64_Phdr* segment = &segments[i];
        if (segment->p_type == PT_LOAD) {
            if (!is_inside(segment, size)) {
                return "cut off: a segment lies outside of the file";
            }
            if (!is_aligned(segment) || segment->p_vaddr < end) {
                return "segments overlap or are not aligned";
            }
            if ((segment->p_flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
                return "a segment is writable and executable";
            }
            end = segment->p_vaddr + segment->p_memsz;
            has_load = true;
        } else if (segment->p_type == PT_DYNAMIC) {
            has_dynamic = is_inside(segment, size) && segment->p_vaddr % _Alignof(Elf64_Dyn) == 0;
        } else if (segment->p_type == PT_GNU_STACK) {
            has_stack = (segment->p_flags & PF_X) == 0;
        } else if (segment->p_type == PT_INTERP) {
            return "a program, not a shared object";
        }
    }
    if (!has_load || !has_dynamic) {
        return "no segment or no dynamic section";
    }
    return has_stack ? NULL : "asks for an executable stack";
}

const char* lx_elf_check(const void* image, size_t size) {
    const Elf64_Ehdr* header = image;
    if (size < sizeof(*header)) {
        return "not an ELF file";
    }
    const char* fault = check_header(header, size);
    if (fault != NULL) {
        return fault;
    }
    const Elf64_Phdr* segments = (const Elf64_Phdr*)((const char*)image + header->e_phoff);
    return check_segments(segments, header->e_phnum, size);
}
