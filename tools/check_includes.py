# SPDX-License-Identifier: MIT
"""Checks who includes whom; docs/architecture.md shows the same table.

A file may include with <…> only what its folder's row allows, Linux's own headers only in kernel/,
and with "…" only what lies in its own folder.
"""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent

# The public include prefixes of the project, by the folder that owns them.
OWNER = {
    "zircon": "kernel", "lx": "kernel", "lib/sync": "kernel",
    "bind": "bind",
    "protocols": "protocols", "fuchsia/hardware": "protocols",
    "lib/ddk": "driver_host", "hw": "driver_host",
}

# folder -> owners whose public headers it may include
ALLOWED = {
    "kernel": {"kernel"},
    "bind": {"kernel", "bind"},
    "protocols": {"kernel", "protocols"},
    "driver_host": {"kernel", "bind", "protocols", "driver_host"},
    "devmgr": {"kernel", "bind", "protocols"},
    "drivers": {"kernel", "protocols", "driver_host"},
    "tests": {"kernel", "bind", "protocols", "driver_host"},
}

LINUX_HEADERS = re.compile(r"^(linux/|sys/epoll|sys/eventfd|sys/timerfd|sys/signalfd|seccomp|sys/prctl|"
                           r"sys/mount|sys/ioctl|sys/socket|sys/un\.h|sched\.h)")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def owner_of(header):
    for prefix in sorted(OWNER, key=len, reverse=True):
        if header.startswith(prefix + "/"):
            return OWNER[prefix]
    return None


def is_driver_rule(path):
    """Drivers see zircon/ but not lx/: Linux stays behind the kernel library."""
    return path.parts[0] == "drivers"


def leaves_folder(path, header):
    target = (TOP / path.parent / header).resolve()
    return header.startswith("../") and TOP / path.parts[0] not in target.parents


def check_file(path):
    folder = path.parts[0]
    problems = []
    for number, line in enumerate((TOP / path).read_text(errors="replace").splitlines(), 1):
        found = INCLUDE.match(line)
        if found is None or folder not in ALLOWED:
            continue
        kind, header = found.groups()
        where = f"{path}:{number}"
        owner = owner_of(header)
        if kind == "<" and owner is not None and owner not in ALLOWED[folder]:
            problems.append(f"{where}: {folder}/ may not include <{header}> of {owner}/")
        if is_driver_rule(path) and header.startswith("lx/"):
            problems.append(f"{where}: a driver may not include <{header}>: Linux stays in kernel/")
        if kind == "<" and folder not in ("kernel", "tests") and LINUX_HEADERS.match(header):
            problems.append(f"{where}: <{header}> belongs in kernel/, the only place with Linux headers")
        if kind == '"' and folder != "tests" and leaves_folder(path, header):
            problems.append(f"{where}: \"{header}\" is not of {folder}/; give the other one a public header")
    return problems


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"], cwd=TOP,
                            capture_output=True, text=True, check=True)
    files = [pathlib.Path(name) for name in listed.stdout.split()]
    problems = [problem for path in files if (TOP / path).exists() for problem in check_file(path)]
    print("\n".join(problems) if problems else f"includes: {len(files)} files in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
