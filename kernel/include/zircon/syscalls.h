// SPDX-License-Identifier: MIT
// The zx_* calls: Zircon's kernel interface, served inside the process over Linux fds.
//
// Common to all of them:
// - Any thread may call any of them at any time, on the same handle too.
// - They return ZX_OK or a negative status; outputs are the last arguments and are written only on
//   success unless said otherwise.
// - Handles passed in are borrowed, unless a call says that it consumes them. Handles that come out
//   are owned by the caller and end with zx_handle_close().
// - A value that names no live handle gives ZX_ERR_BAD_HANDLE, one of another type
//   ZX_ERR_WRONG_TYPE, one without the needed right ZX_ERR_ACCESS_DENIED.
// - Deadlines are absolute monotonic nanoseconds; ZX_TIME_INFINITE waits for ever. Only calls with
//   a deadline and zx_interrupt_wait block.
// - Sizes and offsets are bytes.
#pragma once

#include <zircon/syscalls/iommu.h>
#include <zircon/syscalls/log.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/pci.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/profile.h>
#include <zircon/syscalls/smc.h>
#include <zircon/syscalls/system.h>
#include <zircon/types.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

// ---- handles and objects: docs/objects/handle.md

// Ends one handle; waits made through it end with ZX_ERR_CANCELED. ZX_HANDLE_INVALID is fine.
zx_status_t zx_handle_close(zx_handle_t handle);
// Ends all of them, also when one is bad (then ZX_ERR_BAD_HANDLE).
zx_status_t zx_handle_close_many(const zx_handle_t* handles, size_t num_handles);
// A second handle with at most the same rights; needs ZX_RIGHT_DUPLICATE.
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out);
// As duplicate, without needing the right; `handle` is consumed, also on failure.
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out);

// Blocks until one of `signals` is asserted. *observed (may be NULL) is the state at wake or
// timeout. ZX_ERR_TIMED_OUT; ZX_ERR_CANCELED when the handle is closed meanwhile.
zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals, zx_time_t deadline,
                               zx_signals_t* observed);
// Blocks until an item has one of its signals; every `pending` is written. At most
// ZX_WAIT_MANY_MAX_ITEMS; with none it sleeps until the deadline.
zx_status_t zx_object_wait_many(zx_wait_item_t* items, size_t num_items, zx_time_t deadline);
// Puts one packet (key, trigger, observed) into `port` when one of `signals` is asserted, at once
// if it is already; with ZX_WAIT_ASYNC_EDGE only when it becomes so. Ends when the handle is
// closed.
zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
                                 zx_signals_t signals, uint32_t options);
// Clears, then sets user signals (and SIGNALED on events and event pairs).
zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);
zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

// actual and avail may be NULL.
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void* buffer, size_t buffer_size,
                               size_t* actual_count, size_t* avail_count);
zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void* value,
                                   size_t value_size);
zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property, const void* value,
                                   size_t value_size);

// Ties a number to an event, an event pair's end, a resource or a VMO (others:
// ZX_ERR_NOT_SUPPORTED). Who sets it first makes `scope`, any object, the key to it: with another
// one, or before it is set, ZX_ERR_ACCESS_DENIED; likewise for an end whose peer is gone. It stays
// in this process: an object that comes back from another one has none.
zx_status_t zx_object_set_cookie(zx_handle_t handle, zx_handle_t scope, uint64_t cookie);
zx_status_t zx_object_get_cookie(zx_handle_t handle, zx_handle_t scope, uint64_t* cookie);
// A handle for the thread of that koid, with at most the rights of `handle`, which is
// zx_process_self(): ZX_ERR_ACCESS_DENIED for more. ZX_ERR_NOT_FOUND: no thread of which a handle
// was ever made; and always of other processes. ZX_ERR_WRONG_TYPE: no process.
zx_status_t zx_object_get_child(zx_handle_t handle, uint64_t koid, zx_rights_t rights,
                                zx_handle_t* out);

// ---- time: docs/objects/timer.md

zx_time_t zx_clock_get_monotonic(void);
zx_status_t zx_clock_get(zx_clock_t clock_id, zx_time_t* out);
zx_status_t zx_clock_get_new(zx_clock_t clock_id, zx_time_t* out);  // the same
// ZX_ERR_NOT_SUPPORTED for ZX_CLOCK_UTC and the root resource: the clock belongs to the machine.
// ZX_ERR_ACCESS_DENIED: ZX_CLOCK_MONOTONIC. ZX_ERR_INVALID_ARGS: another clock.
zx_status_t zx_clock_adjust(zx_handle_t handle, zx_clock_t clock_id, int64_t offset);
// now + duration, without overflow.
zx_time_t zx_deadline_after(zx_duration_t nanoseconds);
// Sleeps until an instant, not for a duration.
zx_status_t zx_nanosleep(zx_time_t deadline);
zx_ticks_t zx_ticks_get(void);
zx_ticks_t zx_ticks_per_second(void);

zx_status_t zx_timer_create(uint32_t options, zx_clock_t clock_id, zx_handle_t* out);
zx_status_t zx_timer_set(zx_handle_t handle, zx_time_t deadline, zx_duration_t slack);
zx_status_t zx_timer_cancel(zx_handle_t handle);

// ---- channel: docs/objects/channel.md

zx_status_t zx_channel_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1);
// One whole message. ZX_ERR_BUFFER_TOO_SMALL keeps it and writes the sizes it has (unless
// ZX_CHANNEL_READ_MAY_DISCARD). ZX_ERR_SHOULD_WAIT: none now; ZX_ERR_PEER_CLOSED: none ever again;
// ZX_ERR_IO_DATA_INTEGRITY: the peer sent something that is no message; the channel is then dead.
zx_status_t zx_channel_read(zx_handle_t handle, uint32_t options, void* bytes, zx_handle_t* handles,
                            uint32_t num_bytes, uint32_t num_handles, uint32_t* actual_bytes,
                            uint32_t* actual_handles);
zx_status_t zx_channel_read_etc(zx_handle_t handle, uint32_t options, void* bytes,
                                zx_handle_info_t* handles, uint32_t num_bytes, uint32_t num_handles,
                                uint32_t* actual_bytes, uint32_t* actual_handles);
// Never blocks. `handles` are consumed, on every failure too. ZX_ERR_SHOULD_WAIT: the peer does not
// read fast enough, nothing was sent.
zx_status_t zx_channel_write(zx_handle_t handle, uint32_t options, const void* bytes,
                             uint32_t num_bytes, const zx_handle_t* handles, uint32_t num_handles);
// Writes args' message with a transaction id of ours in its first 4 bytes, and waits for the
// message that has the same 4 bytes. Other messages stay readable. wr_handles are consumed always.
zx_status_t zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                            const zx_channel_call_args_t* args, uint32_t* actual_bytes,
                            uint32_t* actual_handles);

// ---- socket: docs/objects/socket.md

// options: ZX_SOCKET_STREAM or ZX_SOCKET_DATAGRAM.
zx_status_t zx_socket_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1);
// A stream takes what fits; a datagram goes whole or not at all (ZX_ERR_SHOULD_WAIT;
// ZX_ERR_OUT_OF_RANGE: larger than any). ZX_ERR_BAD_STATE after a shutdown. actual may be NULL.
zx_status_t zx_socket_write(zx_handle_t handle, uint32_t options, const void* buffer,
                            size_t buffer_size, size_t* actual);
// What is there, or the next datagram, cut to the buffer. ZX_ERR_SHOULD_WAIT: nothing now;
// ZX_ERR_PEER_CLOSED, ZX_ERR_BAD_STATE (shut down): nothing ever again. options: ZX_SOCKET_PEEK.
// With no buffer and no size, *actual is how many bytes there are.
zx_status_t zx_socket_read(zx_handle_t handle, uint32_t options, void* buffer, size_t buffer_size,
                           size_t* actual);
// Ends a direction for good: ZX_SOCKET_SHUTDOWN_WRITE what this end writes, _READ what it reads.
// What is in the buffers can still be read.
zx_status_t zx_socket_shutdown(zx_handle_t handle, uint32_t options);

// ---- event, event pair: docs/objects/event.md, docs/objects/eventpair.md

zx_status_t zx_event_create(uint32_t options, zx_handle_t* out);
zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1);

// ---- FIFO: docs/objects/fifo.md

// elem_count is a power of two, elem_count * elem_size at most 4096.
zx_status_t zx_fifo_create(size_t elem_count, size_t elem_size, uint32_t options, zx_handle_t* out0,
                           zx_handle_t* out1);
// Whole elements, as many as there are (fit). actual_count may be NULL when count is 1.
zx_status_t zx_fifo_read(zx_handle_t handle, size_t elem_size, void* data, size_t count,
                         size_t* actual_count);
zx_status_t zx_fifo_write(zx_handle_t handle, size_t elem_size, const void* data, size_t count,
                          size_t* actual_count);

// ---- port: docs/objects/port.md

zx_status_t zx_port_create(uint32_t options, zx_handle_t* out);
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t* packet);
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline, zx_port_packet_t* packet);
// Drops the waits and the packets of (source, key). ZX_ERR_NOT_FOUND if there was none.
zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key);

// ---- futex

// Blocks while *value_ptr == current_value. ZX_ERR_BAD_STATE when it differs at the start. Private
// to the process. An owner is ZX_HANDLE_INVALID or a thread (ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE);
// nobody's priority is raised for it.
zx_status_t zx_futex_wait(const zx_futex_t* value_ptr, int32_t current_value,
                          zx_handle_t new_futex_owner, zx_time_t deadline);
zx_status_t zx_futex_wake(const zx_futex_t* value_ptr, uint32_t wake_count);
zx_status_t zx_futex_requeue(const zx_futex_t* value_ptr, uint32_t wake_count,
                             int32_t current_value, const zx_futex_t* requeue_ptr,
                             uint32_t requeue_count, zx_handle_t new_requeue_owner);

// ---- memory: docs/objects/vmo.md

// Zero-filled; size is rounded up to pages. Fixed, unless ZX_VMO_RESIZABLE.
zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t* out);
zx_status_t zx_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2,
                                     zx_handle_t* out);
// A VMO made of a part of another. SNAPSHOT: a copy of what is there now, zeros beyond its end.
// SLICE: the same memory; the part must lie in it. Needs ZX_RIGHT_DUPLICATE and ZX_RIGHT_READ.
zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset,
                                uint64_t size, zx_handle_t* out);
// zx_vmo_create_child with ZX_VMO_CHILD_SNAPSHOT, as it was called in 2018: the child can be
// resized unless ZX_VMO_CLONE_NON_RESIZEABLE comes with ZX_VMO_CLONE_COPY_ON_WRITE.
zx_status_t zx_vmo_clone(zx_handle_t handle, uint32_t options, uint64_t offset, uint64_t size,
                         zx_handle_t* out);
// A handle with ZX_RIGHT_EXECUTE in place of `handle`, which is consumed, always. `vmex` is a
// resource of kind VMEX (or root), else ZX_ERR_ACCESS_DENIED.
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex, zx_handle_t* out);
// Memory at a physical address: ZX_ERR_NOT_SUPPORTED after the checks, Linux keeps it to itself.
zx_status_t zx_vmo_create_physical(zx_handle_t resource, zx_paddr_t paddr, size_t size,
                                   zx_handle_t* out);
zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, uint64_t offset, size_t buffer_size);
zx_status_t zx_vmo_write(zx_handle_t handle, const void* buffer, uint64_t offset,
                         size_t buffer_size);
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t* size);
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size);
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset, uint64_t size,
                            void* buffer, size_t buffer_size);
// ZX_ERR_BAD_STATE: it is mapped, a child or a parent; or it has memory, and is not cached now.
zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy);
zx_status_t zx_cache_flush(const void* addr, size_t size, uint32_t options);

// ---- address regions: docs/objects/vmar.md

// A region of the address space inside `parent_vmar`, of whole pages: *child_addr is where it is.
// options: ZX_VM_CAN_MAP_READ, _WRITE, _EXECUTE (what may be mapped in it: the parent must allow
// it, and its handle have the right of that name, else ZX_ERR_ACCESS_DENIED) and
// ZX_VM_CAN_MAP_SPECIFIC; ZX_VM_SPECIFIC: at `offset` bytes from the start of the parent, which is
// else 0; ZX_VM_COMPACT says nothing here. ZX_ERR_BAD_STATE: the parent was destroyed.
// ZX_ERR_ALREADY_EXISTS: something is there. ZX_ERR_NO_RESOURCES: the parent has no room left.
// Closing the handle leaves the region: zx_vmar_destroy() ends it.
zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options, uint64_t offset,
                             uint64_t size, zx_handle_t* child_vmar, zx_vaddr_t* child_addr);
// Unmaps all that is in the region, and ends it and the regions in it: calls on their handles give
// ZX_ERR_BAD_STATE. ZX_ERR_NOT_SUPPORTED: the root.
zx_status_t zx_vmar_destroy(zx_handle_t handle);

// `handle` is zx_vmar_root_self() or a region in it; both handles need the rights of the wanted
// accesses, the VMO's ZX_RIGHT_MAP too. `len` is rounded up to pages. A mapping outlives the
// handles to its VMO. ZX_ERR_BAD_STATE: the region was destroyed. ZX_ERR_ALREADY_EXISTS,
// ZX_ERR_NO_RESOURCES: as above.
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
                        zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
                        zx_vaddr_t* mapped_addr);
// Unmaps what lies in the range, and destroys regions that lie in it whole; a part of one is
// ZX_ERR_INVALID_ARGS. ZX_ERR_NOT_FOUND: there is nothing.
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len);
// ZX_ERR_NOT_FOUND: not all of the range is mapped. ZX_ERR_INVALID_ARGS: a region is in it.
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
                            uint64_t len);

// ---- DMA: docs/objects/bti.md

// `iommu` is the device object whose IOMMU domain this is.
zx_status_t zx_bti_create(zx_handle_t iommu, uint32_t options, uint64_t bti_id, zx_handle_t* out);
// Makes whole pages of `vmo`, whose handle needs ZX_RIGHT_MAP and the rights of the accesses,
// reachable for the device. options: ZX_BTI_PERM_READ, _WRITE, one at least. addrs: one a page,
// with ZX_BTI_COMPRESS one a minimum contiguity (a page too), with ZX_BTI_CONTIGUOUS, for which the
// VMO must be of zx_vmo_create_contiguous(), exactly one; another number is ZX_ERR_INVALID_ARGS.
// ZX_ERR_OUT_OF_RANGE: beyond the VMO. ZX_ERR_NOT_SUPPORTED: a device's registers;
// ZX_BTI_PERM_EXECUTE.
zx_status_t zx_bti_pin(zx_handle_t handle, uint32_t options, zx_handle_t vmo, uint64_t offset,
                       uint64_t size, zx_paddr_t* addrs, size_t num_addrs, zx_handle_t* pmt);
// Ends the pins whose tokens were closed without zx_pmt_unpin(), and, in the process that opened
// the device, those of processes that are gone. Needs ZX_RIGHT_WRITE.
zx_status_t zx_bti_release_quarantine(zx_handle_t handle);
// Ends the pin and consumes the handle.
zx_status_t zx_pmt_unpin(zx_handle_t handle);

// Linux has the IOMMUs: ZX_ERR_NOT_SUPPORTED, after a look at the root resource and, of type
// ZX_IOMMU_TYPE_DUMMY, at the description (ZX_ERR_INVALID_ARGS). zx_bti_create() takes a device.
zx_status_t zx_iommu_create(zx_handle_t resource, uint32_t type, const void* desc, size_t desc_size,
                            zx_handle_t* out);

// ---- interrupts: docs/objects/interrupt.md

// options ZX_INTERRUPT_VIRTUAL: one that zx_interrupt_trigger() fires; src_obj and src_num are not
// looked at. Others name a line of the interrupt controller: ZX_ERR_NOT_SUPPORTED, after a look at
// the resource. Those of devices: zx_pci_map_interrupt(), lx_interrupt_from_uio().
zx_status_t zx_interrupt_create(zx_handle_t src_obj, uint32_t src_num, uint32_t options,
                                zx_handle_t* out_handle);
// Blocks until triggered; *out_timestamp (may be NULL) is when. ZX_ERR_CANCELED after destroy, and
// when the handle is closed. ZX_ERR_BAD_STATE: bound to a port.
zx_status_t zx_interrupt_wait(zx_handle_t handle, zx_time_t* out_timestamp);
// Lets the next packet come. ZX_ERR_BAD_STATE: not bound. ZX_ERR_CANCELED after destroy.
zx_status_t zx_interrupt_ack(zx_handle_t handle);
// Delivers to a port made with ZX_PORT_BIND_TO_INTERRUPT (else ZX_ERR_WRONG_TYPE), or ends that
// (ZX_INTERRUPT_UNBIND; ZX_ERR_NOT_FOUND: not bound to it). ZX_ERR_ALREADY_BOUND. ZX_ERR_BAD_STATE:
// a thread waits for it. ZX_ERR_CANCELED after destroy.
zx_status_t zx_interrupt_bind(zx_handle_t handle, zx_handle_t port, uint64_t key, uint32_t options);
// ZX_ERR_BAD_STATE: no virtual one. ZX_ERR_CANCELED after destroy.
zx_status_t zx_interrupt_trigger(zx_handle_t handle, uint32_t options, zx_time_t timestamp);
// Wakes the waiters; the handle is still to be closed. Needs ZX_RIGHT_WRITE. ZX_ERR_NOT_FOUND: it
// was bound, and a packet was read and not acknowledged; it is destroyed nevertheless.
zx_status_t zx_interrupt_destroy(zx_handle_t handle);

// ---- PCI functions: zircon/syscalls/pci.h, docs/objects/pci_device.md

// ---- resources: docs/objects/resource.md

zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options, uint64_t base,
                               size_t size, const char* name, size_t name_size,
                               zx_handle_t* resource_out);

// ---- tasks: docs/objects/process.md

zx_status_t zx_task_kill(zx_handle_t handle);

// ---- hardware that Linux keeps to itself
//
// After a look at the resource, which must be of the kind named and cover the range, and at the
// arguments (ZX_ERR_INVALID_ARGS): ZX_ERR_NOT_SUPPORTED. They are here for drivers to link with.

// IOPORT. On Linux ports belong to single threads of privileged processes.
zx_status_t zx_ioports_request(zx_handle_t resource, uint16_t io_addr, uint32_t len);
// SMC, of the service number in func_id.
zx_status_t zx_smc_call(zx_handle_t handle, const zx_smc_parameters_t* parameters,
                        zx_smc_result_t* out_smc_result);
// Root, as all that follow. The machine is not the driver's to turn off.
zx_status_t zx_system_powerctl(zx_handle_t resource, uint32_t cmd,
                               const zx_system_powerctl_arg_t* arg);
zx_status_t zx_debug_read(zx_handle_t handle, char* buffer, size_t* buffer_size);
zx_status_t zx_mtrace_control(zx_handle_t handle, uint32_t kind, uint32_t action, uint32_t options,
                              void* ptr, size_t ptr_size);
zx_status_t zx_ktrace_control(zx_handle_t handle, uint32_t action, uint32_t options, void* ptr);
zx_status_t zx_ktrace_read(zx_handle_t handle, void* data, uint32_t offset, size_t data_size,
                           size_t* actual);

// Profiles are made with a job, and there are none: ZX_ERR_BAD_HANDLE or ZX_ERR_WRONG_TYPE for what
// is given as a job or a profile.
zx_status_t zx_profile_create(zx_handle_t root_job, const zx_profile_info_t* profile,
                              zx_handle_t* out);
zx_status_t zx_object_set_profile(zx_handle_t handle, zx_handle_t profile, uint32_t options);

// ---- logs

// A handle to write lines with, where the program's fd 2 goes (of a driver host: devmgr's log);
// `resource` may be ZX_HANDLE_INVALID. With ZX_LOG_FLAG_READABLE and the root resource: a handle to
// read the kernel's log with (the errors of lx_kmsg_open()).
zx_status_t zx_debuglog_create(zx_handle_t resource, uint32_t options, zx_handle_t* out);
// One line of at most 224 bytes; what is longer is cut. options: ZX_LOG_* flags, not looked at. May
// block while who reads fd 2 is behind.
zx_status_t zx_debuglog_write(zx_handle_t handle, uint32_t options, const void* buffer,
                              size_t buffer_size);
// The next record, a zx_log_record_t with its text, cut to the buffer. Returns its size on success.
// The time is that of the call. ZX_ERR_SHOULD_WAIT: none now. ZX_ERR_BUFFER_TOO_SMALL: not even
// room for the structure.
zx_status_t zx_debuglog_read(zx_handle_t handle, uint32_t options, void* buffer,
                             size_t buffer_size);
// Bytes to fd 2, as they are.
zx_status_t zx_debug_write(const char* buffer, size_t buffer_size);

// ---- system

// "lnx-" and the release of the Linux under this; never more than 64 bytes with the NUL.
// ZX_ERR_BUFFER_TOO_SMALL.
zx_status_t zx_system_get_version(char* version, size_t version_size);
// ZX_FEATURE_KIND_CPU (zircon/features.h), else ZX_ERR_NOT_SUPPORTED.
zx_status_t zx_system_get_features(uint32_t kind, uint32_t* features);
uint32_t zx_system_get_num_cpus(void);
uint64_t zx_system_get_physmem(void);
uint32_t zx_system_get_page_size(void);
uint32_t zx_system_get_dcache_line_size(void);
void zx_cprng_draw(void* buffer, size_t buffer_size);

__END_EXPORTS
__END_CDECLS
