# SPDX-License-Identifier: MIT
"""A guest under QEMU: its process, its console, and the command agent on its second serial port
(protocol: kernel/guest/README.md). Nothing of it outlives this program."""
import collections
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from console import Failure

QEMU = "qemu-system-x86_64"
INTERRUPTS = [signal.SIGINT, signal.SIGTERM]


class Machine:
    def __init__(self, qemu_args, kernel, initramfs, cmdline="", chatter=sys.stderr):
        self.chatter = chatter
        self.tail = collections.deque(maxlen=15)
        self.buffer = b""
        self.started = time.monotonic()
        if shutil.which(QEMU) is None:
            raise Failure(f"no {QEMU} on this machine; install Debian's package qemu-system-x86")
        ours, theirs = socket.socketpair()
        append = f"console=ttyS0 intel_iommu=on quiet cryptomgr.notests panic=-1 {cmdline}".strip()
        command = ["setpriv", "--pdeathsig", "KILL", QEMU, *qemu_args, "-kernel", str(kernel), "-initrd", str(initramfs), "-append", append,
                   "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
                   "-chardev", f"socket,id=agent,fd={theirs.fileno()}", "-serial", "chardev:agent"]
        # An interrupt waits until __enter__, so that it never meets a QEMU that nobody would stop.
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()],
                                        start_new_session=True)
        theirs.close()
        self.agent = ours
        self.reader = threading.Thread(target=self._copy_console, daemon=True)
        self.reader.start()

    def _copy_console(self):
        line = b""
        while True:
            data = os.read(self.process.stdout.fileno(), 4096)
            if not data:
                return
            line += data
            *full, line = line.split(b"\n")
            self.tail.extend(text.decode(errors="replace").rstrip() for text in full)
            out = self.chatter
            if out is not None:
                out.buffer.write(data.replace(b"\r", b""))
                out.flush()

    def _gone(self):
        self.process.wait()
        self.reader.join(2)
        last = "\n  ".join(text for text in self.tail if text)
        return Failure(f"QEMU ended with code {self.process.returncode} while in use; it last said:\n  {last}")

    def _fill(self, deadline, doing):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.agent], [], [], left)[0]:
            last = "\n  ".join(text for text in self.tail if text)
            raise Failure(f"the guest did not answer in time while {doing}; stopped it. Its console:\n  {last}", 124)
        try:
            data = self.agent.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise self._gone()
        self.buffer += data

    def _line(self, deadline, doing):
        while b"\n" not in self.buffer:
            self._fill(deadline, doing)
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").split()

    def _bytes(self, count, deadline, doing):
        while len(self.buffer) < count:
            self._fill(deadline, doing)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def wait_agent(self, timeout=60):
        """Waits until the guest's agent runs; returns the guest's uptime then, in seconds."""
        deadline = time.monotonic() + timeout
        while True:
            words = self._line(deadline, "booting")
            if words[:1] == ["HELLO"]:
                return int(words[1]) / 1e9

    def run(self, command, stdout=None, stderr=None, timeout=900):
        """Runs a shell command in the guest; returns its exit code."""
        doing = f"running: {command}"
        deadline = time.monotonic() + timeout
        data = command.encode()
        try:
            self.agent.sendall(b"RUN %d\n" % len(data) + data)
        except ConnectionError:
            raise self._gone() from None
        while True:
            words = self._line(deadline, doing)
            if words[:1] == ["EXIT"]:
                return int(words[1])
            if words[:1] in (["OUT"], ["ERR"]):
                out = stdout if words[0] == "OUT" else stderr
                data = self._bytes(int(words[1]), deadline, doing)
                if out is not None:
                    out.write(data)
                    out.flush()

    def type(self, data):
        """Sends bytes to the guest's console."""
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._gone() from None

    def stop(self):
        """Powers the guest off; kills QEMU if it does not end."""
        try:
            self.agent.sendall(b"POWEROFF\n")
            self.process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            pass
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.agent.close()

    def __enter__(self):
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        except KeyboardInterrupt:
            self.kill()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()
