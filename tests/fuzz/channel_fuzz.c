// SPDX-License-Identifier: MIT
// Attack surface: everything another process can put on a channel: datagrams of any bytes, with any
// fds, bodies in memfds, handles of any description, and what it writes into shared pages before.
// Whatever is accepted is used, then closed; no handle and no fd may stay.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lx/fd.h>
#include <lx/handle.h>
#include <lx/kmsg.h>
#include <lx/pipe.h>
#include <lx/socket.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#define MAX_FDS      12u
#define MAX_HANDLES  8u
#define POKE_SIZE    64u
#define MAX_DATAGRAM 8192u
#define MAX_PEERS    64u

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

// ---- the input, read piece by piece; at its end come zeros

typedef struct input {
    const uint8_t* data;
    size_t size;
} input_t;

static void take(input_t* in, void* out, size_t size) {
    size_t count = size < in->size ? size : in->size;
    memset(out, 0, size);
    if (count > 0) {
        memcpy(out, in->data, count);
    }
    in->data += count;
    in->size -= count;
}

static uint8_t take_byte(input_t* in) {
    uint8_t byte;
    take(in, &byte, 1);
    return byte;
}

// Mostly numbers that mean something to somebody.
static uint64_t take_number(input_t* in) {
    static const uint64_t known[] = {
        4096,      8192,       12288,      528384,     262144,     262145,      64,
        65536,     0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX, 1ull << 46,  1ull << 47,
        INT64_MAX, 256,        512,        768,        1ull << 32, 0xfffff000u, UINT64_MAX - 4095};
    uint8_t tag = take_byte(in);
    if (tag < 32) {
        return tag;
    }
    if (tag < 32 + countof(known)) {
        return known[tag - 32];
    }
    uint64_t number;
    take(in, &number, sizeof(number));
    return number;
}

// ---- fds that a stranger may send

static const size_t page_sizes[] = {4096, 12288, 528384, 8192};
static int pages[countof(page_sizes)];  // sealed memfds that all executions share

// Other ends of what was made for this execution.
static int peers[MAX_PEERS];
static uint32_t peer_count;

static void keep_peer(int fd) {
    CHECK(peer_count < MAX_PEERS);
    peers[peer_count++] = fd;
}

static int socket_end(int type, bool keeps_peer) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
    if (keeps_peer) {
        keep_peer(ends[1]);
    } else {
        close(ends[1]);
    }
    return ends[0];
}

static int pipe_end(int which) {
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    keep_peer(ends[1 - which]);
    return ends[which];
}

static int listener(void) {
    struct sockaddr address = {.sa_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, &address, sizeof(address.sa_family)) == 0 && listen(fd, 1) == 0);
    return fd;
}

static int memfd(size_t size, const void* bytes, size_t byte_count, int seals) {
    int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    CHECK(byte_count == 0 || write(fd, bytes, byte_count) == (ssize_t)byte_count);
    CHECK(seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

static int fd_make(uint8_t kind) {
    switch (kind % 18) {
        case 0:
        case 1:
        case 2:
        case 3:
            return fcntl(pages[kind % 18], F_DUPFD_CLOEXEC, 0);
        case 4:
        case 5:
            return eventfd(kind % 18 == 4 ? 0 : 1, EFD_CLOEXEC | EFD_NONBLOCK);
        case 6:
            return eventfd(0, EFD_CLOEXEC);
        case 7:
            return socket_end(SOCK_SEQPACKET, true);
        case 8:
            return socket_end(SOCK_SEQPACKET, false);
        case 9:
            return socket_end(SOCK_STREAM, true);
        case 10:
            return open("/dev/null", O_RDWR | O_CLOEXEC);
        case 11:
            return pipe_end(0);
        case 12:
            return pipe_end(1);
        case 13:
            return memfd(5000, NULL, 0, 0);
        case 14:
            return memfd(4096, NULL, 0, F_SEAL_SHRINK | F_SEAL_WRITE);
        case 15:
            return epoll_create1(EPOLL_CLOEXEC);
        case 16:
            return listener();
        default:
            return open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    }
}

// ---- the channel under attack, kept as long as it lives

static int stranger = -1;
static zx_handle_t channel;

static void channel_open(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    stranger = ends[0];
    CHECK(lx_channel_from_fd(ends[1], &channel) == ZX_OK);
}

static void channel_close(void) {
    CHECK(zx_handle_close(channel) == ZX_OK);
    channel = ZX_HANDLE_INVALID;
    ko_fd_close(&stranger);
}

static void datagram_send(const uint8_t* bytes, size_t size, const int* fds, uint32_t fd_count) {
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE((MAX_FDS + 1) * sizeof(int))];
    } control;
    memset(&control, 0, sizeof(control));
    struct iovec iov = {.iov_base = (void*)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd_count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    (void)!sendmsg(stranger, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// ---- a message that is true to the format except where the input says otherwise

static const uint8_t types[] = {
    ZX_OBJ_TYPE_CHANNEL, ZX_OBJ_TYPE_EVENT,      ZX_OBJ_TYPE_EVENTPAIR, ZX_OBJ_TYPE_FIFO,
    ZX_OBJ_TYPE_VMO,     ZX_OBJ_TYPE_RESOURCE,   ZX_OBJ_TYPE_INTERRUPT, ZX_OBJ_TYPE_BTI,
    ZX_OBJ_TYPE_SOCKET,  ZX_OBJ_TYPE_PCI_DEVICE, ZX_OBJ_TYPE_LOG,       KO_OBJ_TYPE_LISTENER,
    KO_OBJ_TYPE_PIPE,    ZX_OBJ_TYPE_PORT,       ZX_OBJ_TYPE_PROCESS,   200};

// The messages that a channel brings with it: a memfd of messages, a socket with fds of theirs.
static uint32_t kept_fds(input_t* in, int* out) {
    uint8_t records[1024];
    size_t size = 0;
    uint8_t how = take_byte(in);
    for (uint8_t left = how % 5; left > 0; left--) {
        uint8_t body = take_byte(in) % 200;
        const ko_msg_header_t header = {.magic = KO_MSG_MAGIC,
                                        .byte_count = how & 0x80 ? take_byte(in) : body,
                                        .handle_count = how & 0x40 ? take_byte(in) : 0,
                                        .fd_count = how & 0x40 ? take_byte(in) % 4 : 0};
        memcpy(records + size, &header, sizeof(header));
        take(in, records + size + sizeof(header), body);
        size += sizeof(header) + body;
    }
    out[0] = memfd(size, records, size, how & 0x20 ? F_SEAL_SHRINK : F_SEAL_SHRINK | F_SEAL_WRITE);
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    if (how & 0x10) {
        CHECK(ko_message_send_fds(ends[0], pages, how % 4 + 1) == 0);
    }
    close(ends[0]);
    if (how & 8) {
        close(ends[1]);
        return 1;
    }
    out[1] = ends[1];
    return 2;
}

// What each of them is sent with, so that the fds fit by themselves.
static uint32_t true_fds(input_t* in, uint8_t type, uint8_t variant, int* out) {
    uint8_t kinds[KO_WIRE_MAX_FDS] = {0};
    uint32_t count = 0;
    switch (type) {
        case ZX_OBJ_TYPE_CHANNEL:
            out[0] = fd_make(7);
            return variant & 1 ? 1 + kept_fds(in, &out[1]) : 1;
        case ZX_OBJ_TYPE_EVENT:
            kinds[count++] = 0;
            kinds[count++] = 4;
            break;
        case ZX_OBJ_TYPE_EVENTPAIR:
        case ZX_OBJ_TYPE_FIFO:
        case ZX_OBJ_TYPE_SOCKET:
            kinds[count++] = type == ZX_OBJ_TYPE_EVENTPAIR ? 0 : (type == ZX_OBJ_TYPE_FIFO ? 1 : 2);
            kinds[count++] = 4;
            kinds[count++] = 5;
            kinds[count++] = variant & 1 ? 8 : 7;
            break;
        case ZX_OBJ_TYPE_VMO:
            kinds[count++] = variant & 1 ? 13 : variant % 4;
            break;
        case ZX_OBJ_TYPE_INTERRUPT:
            kinds[count++] = 4;
            kinds[count++] = 4;
            kinds[count++] = variant & 1 ? 0 : 4;
            count -= variant & 2 ? 1 : 0;
            break;
        case ZX_OBJ_TYPE_RESOURCE:
            break;
        case KO_OBJ_TYPE_LISTENER:
            kinds[count++] = 16;
            break;
        case KO_OBJ_TYPE_PIPE:
            kinds[count++] = 11;
            break;
        default:
            kinds[count++] = 10;
            kinds[count++] = 17;
            count -= variant & 1;
            break;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i] = fd_make(kinds[i]);
    }
    return count;
}

typedef struct attack {
    uint8_t bytes[MAX_DATAGRAM];
    size_t size;
    int fds[MAX_FDS + 1];
    uint32_t fd_count;
} attack_t;

static void handle_add(input_t* in, attack_t* attack) {
    uint8_t how = take_byte(in);
    uint8_t variant = take_byte(in);
    ko_msg_handle_t handle = {.type = types[how % countof(types)], .rights = UINT32_MAX};
    int fds[KO_WIRE_MAX_FDS];
    if (how & 0x80) {
        handle.fd_count = variant % 6;
        handle.rights = (uint32_t)take_number(in);
        for (uint32_t i = 0; i < handle.fd_count && i < KO_WIRE_MAX_FDS; i++) {
            fds[i] = fd_make(take_byte(in));
        }
    } else {
        handle.fd_count = true_fds(in, (uint8_t)handle.type, variant, fds);
    }
    for (uint32_t i = 0; i < handle.fd_count && i < KO_WIRE_MAX_FDS; i++) {
        if (attack->fd_count < MAX_FDS) {
            attack->fds[attack->fd_count++] = fds[i];
        } else {
            ko_fd_close(&fds[i]);
        }
    }
    uint8_t word_count = take_byte(in) % (KO_WIRE_MAX_WORDS + 1);
    for (uint8_t i = 0; i < word_count; i++) {
        handle.words[i] = take_number(in);
    }
    handle.reserved = how == 0xff ? variant : 0;
    memcpy(attack->bytes + attack->size, &handle, sizeof(handle));
    attack->size += sizeof(handle);
}

static void attack_build(input_t* in, uint8_t mode, attack_t* attack) {
    uint32_t byte_count = take_byte(in) % 65;
    uint32_t handle_count = take_byte(in) % (MAX_HANDLES + 1);
    ko_msg_header_t header = {
        .magic = KO_MSG_MAGIC, .byte_count = byte_count, .handle_count = (uint16_t)handle_count};
    attack->size = sizeof(header);
    take(in, attack->bytes + attack->size, byte_count);
    attack->size += byte_count;
    for (uint32_t i = 0; i < handle_count; i++) {
        handle_add(in, attack);
    }
    header.fd_count = (uint16_t)attack->fd_count;
    if (mode & 4) {  // the body in a memfd
        static const int seals[] = {F_SEAL_WRITE | F_SEAL_SHRINK,
                                    F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
                                    F_SEAL_WRITE, F_SEAL_SHRINK, 0};
        uint8_t how = take_byte(in);
        size_t body_size = attack->size - sizeof(header);
        size_t file_size = body_size + (how & 0x80 ? how % 3 : 0);
        memmove(&attack->fds[1], &attack->fds[0], attack->fd_count * sizeof(int));
        attack->fds[0] = memfd(file_size, attack->bytes + sizeof(header), body_size,
                               seals[how % countof(seals)]);
        attack->fd_count++;
        attack->size = sizeof(header) + (how & 0x40 ? 1 : 0);
        header.flags = KO_MSG_BULK;
        header.fd_count++;
    }
    if (mode & 8) {  // lies in the header
        header.flags ^= take_byte(in);
        header.byte_count += (uint32_t)take_number(in);
        header.handle_count = (uint16_t)(header.handle_count + take_number(in));
        header.fd_count = (uint16_t)(header.fd_count + take_byte(in));
    }
    memcpy(attack->bytes, &header, sizeof(header));
}

static void attack_raw(input_t* in, attack_t* attack) {
    uint8_t fd_count = take_byte(in) % (MAX_FDS + 1);
    for (uint8_t i = 0; i < fd_count; i++) {
        attack->fds[attack->fd_count++] = fd_make(take_byte(in));
    }
    attack->size = in->size < sizeof(attack->bytes) ? in->size : sizeof(attack->bytes);
    take(in, attack->bytes, attack->size);
}

// ---- what the victim does with what it got

static void use_memory(zx_handle_t handle) {
    uint8_t bytes[32] = {0};
    uint64_t size = 0;
    zx_vaddr_t address = 0;
    zx_handle_t child;
    (void)zx_vmo_read(handle, bytes, 0, sizeof(bytes));
    (void)zx_vmo_get_size(handle, &size);
    (void)zx_vmo_read(handle, bytes, size - sizeof(bytes), sizeof(bytes));
    (void)zx_vmo_write(handle, bytes, 100, 1);
    (void)zx_vmo_op_range(handle, ZX_VMO_OP_ZERO, 0, 64, NULL, 0);
    if (zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, handle, 0, 4096, &address) == ZX_OK) {
        CHECK(zx_vmar_unmap(zx_vmar_root_self(), address, 4096) == ZX_OK);
    }
    if (zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &child) == ZX_OK) {
        CHECK(zx_handle_close(child) == ZX_OK);
    }
}

static void use_handle(zx_handle_t handle, zx_obj_type_t type) {
    uint8_t bytes[256];
    zx_handle_t other;
    uint32_t count32;
    size_t count;
    zx_info_vmo_t info;
    zx_signals_t observed;
    (void)zx_object_get_info(handle, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL);
    (void)zx_object_wait_one(handle, ZX_USER_SIGNAL_0, 0, &observed);
    (void)zx_object_signal(handle, ZX_USER_SIGNAL_2, ZX_USER_SIGNAL_1);
    (void)zx_object_signal_peer(handle, ZX_USER_SIGNAL_2, ZX_USER_SIGNAL_1);
    switch (type) {
        case ZX_OBJ_TYPE_VMO:
            use_memory(handle);
            break;
        case ZX_OBJ_TYPE_FIFO:
            for (size_t size = 1; size <= 64; size *= 4) {
                (void)zx_fifo_read(handle, size, bytes, 4, &count);
                (void)zx_fifo_write(handle, size, bytes, 4, &count);
            }
            break;
        case ZX_OBJ_TYPE_SOCKET: {
            zx_info_socket_t socket_info;
            (void)zx_object_get_info(handle, ZX_INFO_SOCKET, &socket_info, sizeof(socket_info),
                                     NULL, NULL);
            (void)zx_socket_read(handle, ZX_SOCKET_PEEK, bytes, sizeof(bytes), &count);
            (void)zx_socket_read(handle, 0, bytes, 1, &count);
            (void)zx_socket_write(handle, 0, bytes, sizeof(bytes), &count);
            break;
        }
        case ZX_OBJ_TYPE_CHANNEL:
            (void)zx_channel_write(handle, 0, bytes, 1, NULL, 0);
            (void)zx_channel_read(handle, 0, bytes, &other, sizeof(bytes), 1, &count32, &count32);
            break;
        case ZX_OBJ_TYPE_INTERRUPT:
            (void)zx_interrupt_trigger(handle, 0, 1);
            (void)zx_interrupt_ack(handle);
            (void)zx_interrupt_destroy(handle);
            break;
        case KO_OBJ_TYPE_PIPE:
            (void)lx_pipe_read(handle, bytes, sizeof(bytes), &count);
            break;
        case KO_OBJ_TYPE_LISTENER: {
            lx_peer_t peer;
            if (lx_accept(handle, &other, &peer) == ZX_OK) {
                (void)zx_handle_close(other);
            }
            break;
        }
        default:
            break;
    }
}

static void call(void) {
    uint32_t request = 0;
    uint32_t reply[16];
    uint32_t size, count;
    zx_channel_call_args_t args = {.wr_bytes = &request,
                                   .wr_num_bytes = sizeof(request),
                                   .rd_bytes = reply,
                                   .rd_num_bytes = sizeof(reply)};
    (void)zx_channel_call(channel, 0, 1, &args, &size, &count);
    uint8_t sink[64];
    (void)!recv(stranger, sink, sizeof(sink), MSG_DONTWAIT);
}

static zx_status_t victim_read(uint8_t mode) {
    static uint8_t bytes[ZX_CHANNEL_MAX_MSG_BYTES];
    zx_handle_info_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
    uint32_t size, count = 0;
    if (mode & 16) {
        call();
    }
    if (mode & 32) {  // too small first: the message is kept
        (void)zx_channel_read_etc(channel, 0, bytes, handles, 0, 0, &size, &count);
    }
    zx_status_t status = zx_channel_read_etc(channel, 0, bytes, handles, sizeof(bytes),
                                             countof(handles), &size, &count);
    if (status != ZX_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        use_handle(handles[i].handle, handles[i].type);
    }
    if ((mode & 64) && count > 0) {  // on to somebody else, who never reads it
        zx_handle_t near, far;
        zx_handle_t sent[ZX_CHANNEL_MAX_MSG_HANDLES];
        for (uint32_t i = 0; i < count; i++) {
            sent[i] = handles[i].handle;
        }
        CHECK(zx_channel_create(0, &near, &far) == ZX_OK);
        (void)zx_channel_write(near, 0, NULL, 0, sent, count);
        (void)zx_handle_close(near);
        (void)zx_handle_close(far);
        return ZX_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        CHECK(zx_handle_close(handles[i].handle) == ZX_OK);
    }
    return ZX_OK;
}

// ---- one execution

static int lowest_free_fd(void) {
    int fd = fcntl(pages[0], F_DUPFD_CLOEXEC, 0);
    close(fd);
    return fd;
}

static void start(void) {
    for (size_t i = 0; i < countof(pages); i++) {
        pages[i] = memfd(page_sizes[i], NULL, 0, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    }
    zx_handle_t port;
    zx_signals_t observed;
    CHECK(zx_port_create(0, &port) == ZX_OK && zx_handle_close(port) == ZX_OK);
    channel_open();
    (void)zx_object_wait_one(channel, ZX_USER_SIGNAL_0, 1, &observed);  // the thread's own fds
    call();
    channel_close();
    (void)zx_vmar_root_self();
    channel_open();
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static attack_t attack;
    static size_t handles;
    if (stranger < 0) {
        start();
        handles = lx_handle_count();
    }
    int free_fd = lowest_free_fd();
    input_t in = {data, size};
    uint8_t mode = take_byte(&in);
    uint8_t poke[POKE_SIZE] = {0};
    if (mode & 2) {
        take(&in, poke, take_byte(&in) % (POKE_SIZE + 1));
    }
    for (size_t i = 0; i < countof(pages); i++) {
        (void)!pwrite(pages[i], poke, sizeof(poke), 0);
    }
    attack.fd_count = 0;
    if (mode & 1) {
        attack_raw(&in, &attack);
    } else {
        attack_build(&in, mode, &attack);
    }
    datagram_send(attack.bytes, attack.size, attack.fds, attack.fd_count);
    for (uint32_t i = 0; i < attack.fd_count; i++) {
        ko_fd_close(&attack.fds[i]);
    }
    zx_status_t status = victim_read(mode);
    while (peer_count > 0) {
        close(peers[--peer_count]);
    }
    if (status != ZX_OK && status != ZX_ERR_SHOULD_WAIT) {
        channel_close();
        channel_open();
    }
    CHECK(lx_handle_count() == handles);
    CHECK(lowest_free_fd() == free_fd);
    return 0;
}
