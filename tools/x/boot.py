# SPDX-License-Identifier: MIT
"""./x boot BOARD: the board in QEMU.  ./x run BOARD: the same programs directly on this machine."""
import io
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
import tty

import guest
import packages
from build import build
from console import Failure, Step, say
from machine import Machine
from paths import TOP, board_file

READY = "jacinth ready --timeout {}"


def find_board(name):
    path = pathlib.Path(name) if name.endswith(".yaml") else board_file(name)
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in (TOP / "boards").glob("*.yaml")))
        raise Failure(f"there is no board '{name}'; boards/ has: {known}")
    return path.resolve()


def _ask_devmgr(folder, board, option):
    done = subprocess.run([folder / "bin/devmgr", "--board", board, option], capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout.splitlines()
    if "no 'machine'" in done.stderr:
        raise Failure(f"{board.stem} has no machine to boot: use ./x run {board.stem}")
    raise Failure(done.stderr.strip())


def qemu_args(folder, board, images):
    """What the board file says to QEMU; makes the disk images that are not there yet."""
    args = _ask_devmgr(folder, board, "--qemu-args")
    images.mkdir(parents=True, exist_ok=True)
    for line in _ask_devmgr(folder, board, "--disk-images"):
        name, size = line.rsplit(" ", 1)
        if not (images / name).exists():
            with open(images / name, "wb") as file:
                file.truncate(int(size))
    return [arg.replace("@IMAGE_DIR@", str(images)) for arg in args]


def start(folder, board, chatter=sys.stderr, cmdline="", images=None):
    packages.ensure(packages.GUEST)
    kernel = guest.kernel()
    initramfs = guest.initramfs(folder, board, kernel)
    args = qemu_args(folder, board, images or folder / "guest" / board.stem)
    return Machine(args, kernel / "vmlinux", initramfs, cmdline, chatter)


def _bring_up(machine, timeout):
    """Returns the exit code of the board's expectations and the device tree."""
    machine.wait_agent(timeout)
    code = machine.run(READY.format(timeout), stdout=sys.stderr.buffer, stderr=sys.stderr.buffer, timeout=timeout + 10)
    say(f"guest start to board up: {time.monotonic() - machine.started:.2f} s" if code == 0 else
        "the board did not come up")
    tree = io.BytesIO()
    color = "--color always " if sys.stderr.isatty() else ""
    machine.run(f"jacinth {color}devices", stdout=tree, stderr=sys.stderr.buffer, timeout=30)
    return code, tree.getvalue()


def _prepare(args):
    """The board's file, the build folder, and whether a prompt is wanted."""
    board = find_board(args.board)
    is_interactive = not args.cmd and not args.exit
    if is_interactive and not sys.stdin.isatty():
        raise Failure("no terminal for the prompt: use --exit or --cmd 'COMMAND'")
    folder = pathlib.Path(args.build_dir).resolve() if args.build_dir else build("dev", ["product"])
    return board, folder, is_interactive


def boot(args):
    board, folder, is_interactive = _prepare(args)
    cmdline = "" if is_interactive else "jacinth.console=off"
    chatter = sys.stderr if args.verbose or is_interactive else None
    images = pathlib.Path(args.images).resolve() if args.images else None
    with start(folder, board, chatter, cmdline, images) as machine:
        say(f"booting {board.stem} in QEMU (Ctrl-C ends it)")
        code, tree = _bring_up(machine, args.timeout)
        (sys.stderr if args.cmd else sys.stdout).buffer.write(tree)
        sys.stdout.flush()
        for command in args.cmd:
            code = machine.run(command, stdout=sys.stdout.buffer, stderr=sys.stderr.buffer) or code
        if is_interactive:
            _console(machine)
            return 0
        return code


def _console(machine):
    """The terminal becomes the guest's console until it powers off."""
    say("the guest's console: type 'help'; 'exit' powers off, Ctrl-C kills")
    machine.chatter = sys.stdout
    fd = sys.stdin.fileno()
    saved = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        machine.type(b"\r")
        while machine.process.poll() is None:
            if select.select([fd], [], [], 0.2)[0]:
                machine.type(os.read(fd, 1024).replace(b"\n", b"\r"))
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, saved)
    say("the guest has powered off")


class Local:
    """devmgr and its hosts directly on this machine, without root."""

    def __init__(self, folder, board, socket=None, devmgr_args=()):
        self.work = tempfile.TemporaryDirectory(prefix="jacinth-")
        self.socket = socket or os.path.join(self.work.name, "control")
        self.log = os.path.join(self.work.name, "devmgr.log")
        self.environment = dict(os.environ, JACINTH_SOCKET=self.socket,
                                PATH=f"{folder / 'bin'}:{os.environ['PATH']}")
        ours, theirs = os.pipe()
        command = ["setpriv", "--pdeathsig", "TERM", folder / "bin/devmgr", "--board", board,
                   "--driver-dir", folder / "lib/drivers", "--driver-host", folder / "bin/driver_host",
                   "--socket", self.socket, "--listening-fd", str(theirs), *devmgr_args]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=[theirs], start_new_session=True)
        os.close(theirs)
        is_listening = os.read(ours, 1) != b""
        os.close(ours)
        if not is_listening:
            self.process.wait()
            text = self.log_tail()
            self.work.cleanup()
            raise Failure(f"devmgr did not start:\n{text}")

    def log_tail(self):
        with open(self.log, errors="replace") as file:
            return "".join(file.readlines()[-20:])

    def run(self, command, stdout=None, stderr=None):
        done = subprocess.run(["sh", "-c", command], env=self.environment, stdout=stdout, stderr=stderr)
        if self.process.poll() is not None:
            raise Failure(f"devmgr ended with code {self.process.returncode}; its log:\n{self.log_tail()}")
        return done.returncode if done.returncode >= 0 else 128 - done.returncode

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.work.cleanup()


def run(args):
    board, folder, is_interactive = _prepare(args)
    with Local(folder, board) as local:
        code = local.run(READY.format(args.timeout), stdout=sys.stderr, stderr=sys.stderr)
        if code != 0 or args.verbose:
            sys.stderr.write(local.log_tail())
        local.run("jacinth devices", stdout=sys.stderr if args.cmd else sys.stdout)
        for command in args.cmd:
            code = local.run(command) or code
        if is_interactive:
            say("devmgr runs until you type 'exit'")
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            subprocess.run([folder / "bin/jacinth"], env=local.environment)
            return 0
        return code
