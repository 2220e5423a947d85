# SPDX-License-Identifier: MIT
"""./x bench NAME: measures ours beside a peer in one run, interleaved, and prints medians.

A row's goal bounds its ratio: ours / peer, or peer / ours where higher is better.
"""
import io
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import boot as board_boot
import guest
import packages
from build import build
from console import Failure, say
from paths import TOP


class Row:
    """One line of a table: `ours` and `peer` are functions that measure once."""
    def __init__(self, name, unit, ours, peer, goal=None, higher_is_better=False, goal_is_absolute=False):
        self.name, self.unit, self.goal, self.higher_is_better = name, unit, goal, higher_is_better
        self.ours, self.peer, self.goal_is_absolute = ours, peer, goal_is_absolute
        self.samples = ([], [])

    def measure(self):
        self.samples[0].append(self.ours())
        self.samples[1].append(self.peer())

    def result(self):
        ours, peer = (statistics.median(s) for s in self.samples)
        return {"name": self.name, "ours": ours, "peer": peer, "unit": self.unit, "ratio": ours / peer,
                "goal": self.goal, "higher_is_better": self.higher_is_better,
                "goal_is_absolute": self.goal_is_absolute}


class MeasuredRow(Row):
    """A row whose samples a program has taken. Its goal may bound ours itself, not the ratio."""

    def __init__(self, name, unit, ours, peer, goal=None, higher_is_better=False, goal_is_absolute=False):
        super().__init__(name, unit, None, None, goal, higher_is_better, goal_is_absolute)
        self.samples = (ours, peer)


def _print_table(title, results):
    print(f"{title}\n{'':34} {'ours':>10} {'peer':>10} {'unit':<8} {'ratio':>7} {'goal':>7}")
    for r in results:
        goal = "-" if r["goal"] is None else f"{'>=' if r['higher_is_better'] else '<='}{r['goal']}"
        if r["goal_is_absolute"]:
            goal += f" {r['unit']}"
        print(f"{r['name']:<34} {r['ours']:>10.3f} {r['peer']:>10.3f} {r['unit']:<8} {r['ratio']:>7.2f} {goal:>7}")


def _timed(command, env=None):
    start = time.monotonic()
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))} failed: {done.stderr}")
    return (time.monotonic() - start) * 1e3, done.stdout


# --------------------------------------------------------------------------------------------- boot

def _boot_once(folder, board, is_empty):
    """Seconds from QEMU's start to the board being up, or to an init that does nothing."""
    cmdline = "jacinth.init=empty" if is_empty else "jacinth.console=off"
    with board_boot.start(folder, board, None, cmdline) as machine:
        machine.wait_agent()
        if not is_empty:
            errors = io.BytesIO()
            if machine.run("jacinth ready --timeout 60", stderr=errors) != 0:
                raise Failure(f"the board did not come up: {errors.getvalue().decode()}")
        return time.monotonic() - machine.started


SAMPLE = "sys/platform/sample"
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--fork", "true"]


class LocalBench:
    """Rows on the board `host`, in one devmgr."""

    def __init__(self, folder, local):
        self.folder, self.env = folder, local.environment
        self.jacinth = folder / "bin/jacinth"
        self.sample = folder / "lib/drivers/sample.so"
        self.board = board_boot.find_board("host")

    def command(self, *words):
        return _timed([self.jacinth, *words], self.env)

    def host_start(self):
        self.command("unload", "sample")
        return self.command("load", self.sample)[0]

    def unshare(self):
        return _timed(UNSHARE)[0]

    def reload_gap(self):
        return float(re.search(r"gap ([0-9.]+) ms", self.command("reload", "sample", self.sample)[1]).group(1))

    def unload_load(self):
        return self.command("unload", "sample")[0] + self.command("load", self.sample)[0]

    def crash_to_service(self):
        devices = json.loads(self.command("devices", "--json")[1])
        device = next(d for d in devices if d["path"].startswith(SAMPLE + "/"))
        self.command("read", device["path"])
        start = time.monotonic()
        os.kill(device["host_pid"], signal.SIGKILL)
        self.command("read", device["path"], "--wait", "10")
        return (time.monotonic() - start) * 1e3

    def whole_restart(self):
        start = time.monotonic()
        with board_boot.Local(self.folder, self.board) as other:
            if other.run("jacinth ready --timeout 60", stderr=subprocess.DEVNULL) != 0:
                raise Failure("a second devmgr did not come up")
            return (time.monotonic() - start) * 1e3


def bench_boot(runs):
    folder = build("dev", ["product"])
    board = board_boot.find_board("qemu-x64")
    rows = [Row("boot: guest start to board up", "s", lambda: _boot_once(folder, board, False),
                lambda: _boot_once(folder, board, True), goal=3.0)]
    for run in range(runs):
        say(f"boot, run {run + 1} of {runs}")
        rows[0].measure()
    with board_boot.Local(folder, board_boot.find_board("host")) as local:
        if local.run("jacinth ready --timeout 60", stderr=subprocess.DEVNULL) != 0:
            raise Failure("the board host did not come up:\n" + local.log_tail())
        bench = LocalBench(folder, local)
        local_rows = [
            Row("host start: load to bound", "ms", bench.host_start, bench.unshare),
            Row("reload gap", "ms", bench.reload_gap, bench.unload_load, goal=1.0),
            Row("crash to service", "ms", bench.crash_to_service, bench.whole_restart, goal=1.0),
        ]
        say(f"hosts, {runs * 2} runs")
        for _ in range(runs * 2):
            for row in local_rows:
                row.measure()
    return ("peers: the same guest with an empty init; unshare(1) with the same namespaces; unload then load; "
            "the whole devmgr and board started again"), rows + local_rows


def _run_program(target, runs):
    """The rows of a program of tests/bench, which interleaves its runs itself."""
    folder = build("dev", [target])
    say(f"{target}, {runs} runs")
    return [MeasuredRow(**row) for row in json.loads(_timed([folder / "tests" / target, str(runs)])[1])]


def bench_ipc(runs):
    return ("peers: send and recv on a SOCK_SEQPACKET pair (also for the call); epoll_wait and read of an eventfd; "
            "our channel, one message at a time; an array index with a bounds check"), _run_program("ipc_bench", runs)


# -------------------------------------------------------------------------------------------- match

def bench_match(runs):
    packages.ensure(packages.BUILD + packages.BENCH)
    tables = guest.module_tables()
    # A build folder that was configured before libkmod-dev was there does not know the target yet.
    folder = build("dev", [])
    if not (folder / "tests/match_bench").exists():
        subprocess.run(["cmake", str(folder)], check=True, stdout=subprocess.DEVNULL)
        build("dev", ["match_bench"])
    say(f"{runs} runs; before them every answer is compared with libkmod's")
    done = subprocess.run([folder / "tests/match_bench", tables, str(runs)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure("match_bench failed")
    return ("CPU time a lookup, means over all devices; peers: libkmod's kmod_module_new_from_lookup() with its tables loaded; "
            "an index of 100 or 1,000 programs, for the same devices or for each size those of its own patterns; a second and a "
            "millisecond (index build, index add one); every program tried"), \
        [MeasuredRow(**row) for row in json.loads(done.stdout)]


# -------------------------------------------------------------------------------------------- bindc

QUIET = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)


def _cpu_ms(command, code=0):
    """The CPU time of one process that has to end with this code."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[QUIET] if code else [])
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != code:
        raise Failure(f"{' '.join(command)} did not end with {code}")
    return (usage.ru_utime + usage.ru_stime) * 1e3


def _small_rules(number):
    """Rules as drivers have them, no two alike."""
    ids = "".join(f"    0x{(number * 37 + i) & 0xffff:04x},\n" for i in range(1 + number % 24))
    return (f"// Driver {number}.\nusing fuchsia.pci;\n\n"
            "fuchsia.BIND_PROTOCOL == fuchsia.pci.BIND_PROTOCOL.DEVICE;\n"
            "fuchsia.BIND_PCI_VID == fuchsia.pci.BIND_PCI_VID.QEMU;\n"
            f"accept fuchsia.BIND_PCI_DID {{\n{ids}}}\n"
            f"if fuchsia.BIND_PCI_REVISION == 0x{number & 0xff:02x} {{\n    fuchsia.BIND_PCI_INTERFACE != {number % 7};\n"
            "} else {\n    fuchsia.BIND_PCI_CLASS == fuchsia.pci.BIND_PCI_CLASS.NETWORK;\n}\n")


def _large_rules(size):
    """Half of it statements, half a list."""
    lines, used, number = [], 0, 0
    while used < size / 2:
        lines.append(f"fuchsia.BIND_PCI_SUBCLASS != 0x{number:08x};\n")
        used, number = used + len(lines[-1]), number + 1
    lines.append("accept fuchsia.BIND_PCI_DID {\n")
    while used < size:
        lines.append(f"    0x{number:08x},\n")
        used, number = used + len(lines[-1]), number + 1
    return "".join(lines) + "}\n"


class BindcBench:
    """CPU times of whole processes, called as cmake/bind_rules.cmake does: with all libraries, a header and a depfile."""

    def __init__(self, bindc, folder):
        self.folder = folder
        self.compile = [str(bindc), "compile", "--header",
                        *(f"--include={path}" for path in sorted((TOP / "bind/lib").glob("*.bind")))]
        for number in range(200):
            (folder / f"{number}.bind").write_text(_small_rules(number))
        large = _large_rules(1 << 20)
        (folder / "none.bind").write_text("true;\n")
        (folder / "100k.bind").write_text(_large_rules((1 << 20) // 10))
        (folder / "1m.bind").write_text(large)
        (folder / "wrong.bind").write_text(large + "fuchsia.BIND_PCI_CLASS = 1;\n")

    def rules(self, name, code=0):
        out = str(self.folder / f"{name}_bind.h")
        return _cpu_ms([*self.compile, f"--output={out}", f"--depfile={out}.d", str(self.folder / f"{name}.bind")], code)

    def small(self):
        return statistics.fmean(self.rules(number) for number in range(200))

    def flatc(self):
        schema = str(TOP / "protocols/block/block.fbs")
        command = ["/usr/bin/flatc", "--schema", "--binary", "-o", str(self.folder), schema]
        return statistics.fmean(_cpu_ms(command) for _ in range(200))

    def start(self):
        return statistics.fmean(_cpu_ms(["/bin/true"]) for _ in range(200))

    def large(self, name, times):
        return times * (self.rules(name) - self.rules("none"))


def bench_bindc(runs):
    folder = build("dev", ["bindc"])
    # In memory: what a file system on a disk does for new files and for replaced ones can take longer than a compilation.
    with tempfile.TemporaryDirectory(prefix="jacinth-bench.", dir="/dev/shm") as work:
        bench = BindcBench(folder / "bin/bindc", pathlib.Path(work))
        rows = [
            Row("compile a file", "ms", bench.small, bench.flatc, goal=1.0, goal_is_absolute=True),
            Row("compile a file: process start", "ms", bench.small, bench.start),
            Row("1 MB against ten times 100 KB", "ms", lambda: bench.large("1m", 1), lambda: bench.large("100k", 10), goal=1.5),
            Row("syntax error at the end of 1 MB", "ms", lambda: bench.rules("wrong", code=1),
                lambda: bench.rules("1m"), goal=1.1),
        ]
        say(f"bindc, {runs} runs")
        for _ in range(runs):
            for row in rows:
                row.measure()
    return ("CPU time (user and system) of a process with all libraries of bind/lib, means over 200 rules files, outputs in memory; peers: flatc "
            "--schema --binary with block.fbs; true; ten times the CPU time of a tenth of the file, process start taken off on "
            "both sides; the file without the error"), rows


SUITES = {"bindc": bench_bindc, "match": bench_match, "boot": bench_boot, "ipc": bench_ipc}


def bench(name, is_json, runs):
    if name not in SUITES:
        raise Failure(f"there is no benchmark '{name}'; there are: {', '.join(sorted(SUITES))}")
    note, rows = SUITES[name](runs)
    results = [row.result() for row in rows]
    if is_json:
        json.dump(results, sys.stdout, indent=2)
        print()
    else:
        _print_table(f"bench {name}: medians of interleaved runs", results)
        print(note)
    return 0
